//! A day of a cluster under a bound: never more prefixes than there may be, never an address without a route, and little on the
//! wire. `cargo bench -p bgp-daemon --bench aggregation` shows it beside other ways to announce the same.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

mod day;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::ops::Range;

use bgp_core::types::Prefix;
use day::{Bounded, Tally, block, live};

const MAX_PREFIXES: u32 = 100;

/// Whether a prefix of `announced`, which ascends and is disjoint, holds a node's block.
fn is_covered(announced: &[Prefix], number: u32) -> bool {
    let address: IpAddr = block(number).network();
    let after = announced.partition_point(|prefix| prefix.network() <= address);
    announced[..after].last().is_some_and(|prefix| prefix.covers(&block(number)))
}

/// Minutes of a day under a bound. Every event is looked at, and at every hundredth the whole.
fn checked(keep_permille: u32, minutes: Range<usize>) -> Tally {
    let range: Prefix = day::RANGE.parse().unwrap();
    let mut events = 0_usize;
    let check = |announced: &[Prefix], taken: &BTreeSet<u32>, changed: u32| {
        assert!(announced.len() <= MAX_PREFIXES as usize, "{} prefixes", announced.len());
        assert!(!taken.contains(&changed) || is_covered(announced, changed), "{} is lost", block(changed));
        if events.is_multiple_of(100) {
            let lost = taken.iter().filter(|number| !is_covered(announced, **number)).count();
            assert_eq!(lost, 0, "of {} blocks", taken.len());
            assert!(announced.iter().all(|prefix| range.covers(prefix)), "{announced:?} leaves {range}");
        }
        events += 1;
    };
    live(&mut Bounded::new(Some(MAX_PREFIXES), keep_permille), minutes, check)
}

#[test]
fn a_day_of_churn_is_never_over_the_bound_and_never_loses_an_address() {
    let kept = checked(1100, 0..1440);
    assert!(kept.events > 17_000, "{kept:?}");
    // A prefix a node would move with each event.
    assert!(kept.moved * 10 < kept.events, "{kept:?}");
    assert!(kept.besides_permille < 450, "{kept:?}");
}

#[test]
fn what_is_kept_moves_far_less_than_what_is_aggregated_anew() {
    let (kept, anew) = (checked(1100, 360..400), checked(1000, 360..400));
    assert_eq!(kept.events, anew.events);
    assert!(kept.events > 600 && kept.moved * 10 < anew.moved, "{kept:?} beside {anew:?}");
}
