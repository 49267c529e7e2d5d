//! What one changed alias range costs among a million that do not join, under a bound.
//!
//! `cargo bench -p bgp-daemon --bench aggregation -- RANGES`; without a number 1,000,000. For each bound it prints how long it
//! takes to fill the aggregator, to find the first cover, and to bring it in order after one change: with a cover that is kept
//! while it is within a factor, and with one that is always the best. Then it lives through a day of a cluster, as
//! `tests/cluster_day` does, and prints what moves on the wire.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "a bench may fail")]
#![allow(missing_docs, reason = "a bench has no users")]

#[path = "../tests/cluster_day/day.rs"]
mod day;

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use bgp_core::types::Prefix;
use bgp_daemon::origination::bounded::{Aggregator, Lengths, Limits, Territory};

/// Changes that are timed one by one.
const CHANGES: usize = 2000;

/// A prefix a node, as most do without aggregation.
#[derive(Default)]
pub struct PerNode(BTreeSet<Prefix>);

impl day::Announcer for PerNode {
    fn change(&mut self, block: &Prefix, comes: bool) {
        if comes {
            self.0.insert(*block)
        } else {
            self.0.remove(block)
        };
    }

    fn announced(&mut self) -> Vec<Prefix> {
        self.0.iter().copied().collect()
    }
}

/// A sequence of numbers that looks random and is always the same (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        u32::try_from((number ^ (number >> 31)) % u64::from(limit)).unwrap()
    }
}

/// The /28 of this number in 32.0.0.0/4; of two neighbours just one is ever in use.
fn range(number: u32) -> Prefix {
    Prefix::new(IpAddr::V4(Ipv4Addr::from_bits(0x2000_0000 + number * 16)), 28).unwrap()
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let result = work();
    (start.elapsed(), result)
}

fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

fn main() {
    let ranges = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(1_000_000_u32);
    println!("{ranges} /28 ranges in use, no two of which join; times of one change are of {CHANGES}");
    println!("  bound  keep  fill s  first cover s  change µs: median     99%     most  prefixes moved  MiB");
    for max_prefixes in [10, 100, 1000] {
        for keep_permille in [1050, 1000] {
            run(ranges, max_prefixes, keep_permille);
        }
    }
    println!("a day of 5,000 nodes");
    println!("  how                        events  prefixes moved  a change  most at once  prefixes  unallocated %");
    let row = |how: &str, announcer: &mut dyn day::Announcer| {
        let tally = day::live(announcer, 0..1440, |_, _, _| ());
        let a_change = tally.moved * 1000 / tally.events;
        println!(
            "  {how:<25}  {:>6}  {:>14}  {:>4}.{:03}  {:>12}  {:>8}  {:>11}.{}",
            tally.events,
            tally.moved,
            a_change / 1000,
            a_change % 1000,
            tally.moved_at_once,
            tally.prefixes,
            tally.besides_permille / 10,
            tally.besides_permille % 10,
        );
    };
    for keep_permille in [1050, 1100, 1250, 1000] {
        let how = format!("max_prefixes 100, keep {}", keep_permille / 10 - 100);
        row(&how, &mut day::Bounded::new(Some(100), keep_permille));
    }
    row("exact", &mut day::Bounded::new(None, 1000));
    row("a prefix a node", &mut PerNode::default());
}

fn run(ranges: u32, max_prefixes: u32, keep_permille: u32) {
    let lengths = |longest| Lengths { shortest: 0, longest };
    let limits = Limits { max_prefixes: Some(max_prefixes), ipv4: lengths(32), ipv6: lengths(128), keep_permille };
    let territory = Territory::new(&["32.0.0.0/4".parse().unwrap()], &[]);
    let mut numbers = Numbers(7);
    let mut places: Vec<u32> = (0..ranges).map(|number| number * 2 + numbers.below(2)).collect();
    let mut aggregator = Aggregator::new(territory, limits);
    let (fill, ()) = timed(|| places.iter().for_each(|place| aggregator.add(&range(*place))));
    let (first, ()) = timed(|| aggregator.settle());
    let cover = |aggregator: &Aggregator| aggregator.cover().map(|one| one.prefix).collect::<Vec<_>>();
    let (mut times, mut moved, mut before) = (Vec::new(), 0, cover(&aggregator));
    for _ in 0..CHANGES {
        // One range goes, or takes the place of its neighbour.
        let index = usize::try_from(numbers.below(ranges)).unwrap();
        let (old, new) = (places[index], places[index] ^ 1);
        let (time, ()) = timed(|| {
            aggregator.remove(&range(old));
            aggregator.add(&range(new));
            aggregator.settle();
        });
        places[index] = new;
        times.push(time);
        let after = cover(&aggregator);
        moved += after.iter().filter(|prefix| before.binary_search(prefix).is_err()).count();
        before = after;
    }
    times.sort();
    let micros = |part: usize| times[(CHANGES - 1) * part / 100].as_secs_f64() * 1e6;
    println!(
        "  {max_prefixes:>5}  {:.2}  {:>6.2}  {:>13.2}  {:>17.1} {:>7.1} {:>8.1}  {moved:>14}  {:>3}",
        f64::from(keep_permille) / 1000.0,
        fill.as_secs_f64(),
        first.as_secs_f64(),
        micros(50),
        micros(99),
        micros(100),
        resident_mib(),
    );
}
