//! How long a large inventory takes. Run with `--release -- --ignored`.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::{Plan, explain, originate};
use super::{Range, config, prefix, range, snapshot};
use crate::inventory::{Allocation, Owner};

/// Sixteen ranges of 65,536 single addresses each: every one in a run, or every second one and so no two joined.
fn a_million(step: u32) -> Vec<Range> {
    let owner = Owner::AliasRange {
        instance: super::resource("projects/p/zones/us-central1-a/instances/vm-1"),
        interface: Arc::from("nic0"),
    };
    let ranges = (0..16_u32).map(|index| {
        let first = (10 << 24) + (index << 17);
        let allocations = (0..65_536).map(|number| {
            let address = std::net::Ipv4Addr::from(first + number * step);
            Allocation { prefix: address.into(), owner: owner.clone() }
        });
        let cidr = format!("{}/15", std::net::Ipv4Addr::from(first));
        Range { allocations: allocations.collect(), ..range("pods", &cidr, &[]) }
    });
    ranges.collect()
}

#[test]
#[ignore = "a measurement, of use in a release build"]
fn a_million_allocations_are_aggregated_in_well_under_a_second() {
    let rules = config("[[advertise]]\nrole = \"pod\"\naggregation = { mode = \"in-use\" }\n");
    let mut report = String::new();
    for (step, expected) in [(1, 16), (2, 1_048_576)] {
        let snapshot = snapshot(a_million(step));
        let start = Instant::now();
        let set = originate(snapshot, &rules);
        let originated = start.elapsed();
        assert_eq!(set.originations.len(), expected);
        let start = Instant::now();
        assert!(Plan::between(&set.originations, &set.originations).is_empty());
        let planned = start.elapsed();
        let start = Instant::now();
        let chain = explain(prefix("10.0.0.0/8"), Some(&set), &rules);
        let explained = start.elapsed();
        assert_eq!(chain.ranges.len(), 16);
        report += &format!("{expected} prefixes: originate {originated:?}, plan {planned:?}, explain {explained:?}\n");
        assert!(originated < Duration::from_secs(1), "{report}");
    }
    std::io::stderr().write_all(report.as_bytes()).unwrap();
}
