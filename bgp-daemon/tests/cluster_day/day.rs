//! A day of a cluster: 5,000 nodes, each with a /26 for up to 64 pods out of one range, handed out in a circle as
//! kube-controller-manager does.
//!
//! Nodes come and go with the hours, are replaced all day long, a zone is lost at one and comes back, and at night a third of
//! them is scaled to zero.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;

use bgp_core::types::Prefix;
use bgp_daemon::origination::bounded::{Aggregator, Lengths, Limits, Territory};

/// The range of all pods.
pub const RANGE: &str = "10.0.0.0/13";

/// Blocks of 64 addresses in it.
const BLOCKS: u32 = 8192;

/// Nodes of a busy hour; 50 pods each are a quarter of a million.
const NODES: usize = 5000;

/// What a day comes to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Nodes that came or went.
    pub events: usize,
    /// Prefixes that were announced or withdrawn.
    pub moved: usize,
    /// The most by one event.
    pub moved_at_once: usize,
    /// The most prefixes at a time.
    pub prefixes: usize,
    /// Addresses that nobody had, in thousandths of those announced, on average.
    pub besides_permille: u128,
}

/// How a cluster is announced.
pub trait Announcer {
    /// A node has this block from now on, or no longer.
    fn change(&mut self, block: &Prefix, comes: bool);
    /// What is announced, ascending.
    fn announced(&mut self) -> Vec<Prefix>;
}

/// What aliasd does.
pub struct Bounded(Aggregator);

impl Bounded {
    pub fn new(max_prefixes: Option<u32>, keep_permille: u32) -> Self {
        let lengths = |longest| Lengths { shortest: 0, longest };
        let limits = Limits { max_prefixes, ipv4: lengths(32), ipv6: lengths(128), keep_permille };
        Self(Aggregator::new(Territory::new(&[RANGE.parse().unwrap()], &[]), limits))
    }
}

impl Announcer for Bounded {
    fn change(&mut self, block: &Prefix, comes: bool) {
        if comes { self.0.add(block) } else { self.0.remove(block) }
    }

    fn announced(&mut self) -> Vec<Prefix> {
        self.0.settle();
        self.0.cover().map(|covered| covered.prefix).collect()
    }
}

/// A sequence of numbers that looks random and is always the same (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((u128::from(number ^ (number >> 31)) * u128::try_from(limit).unwrap()) >> 64).unwrap()
    }
}

/// The cluster.
struct Cluster {
    /// The block and the zone of each node.
    nodes: Vec<(u32, usize)>,
    taken: BTreeSet<u32>,
    next: u32,
    numbers: Numbers,
}

/// The block of this number.
pub fn block(number: u32) -> Prefix {
    Prefix::new(IpAddr::V4(Ipv4Addr::from_bits(0x0A00_0000 + number * 64)), 26).unwrap()
}

impl Cluster {
    fn comes(&mut self) -> u32 {
        while !self.taken.insert(self.next) {
            self.next = (self.next + 1) % BLOCKS;
        }
        let zone = self.numbers.below(3);
        self.nodes.push((self.next, zone));
        self.next
    }

    fn goes(&mut self, index: usize) -> u32 {
        let (block, _) = self.nodes.swap_remove(index);
        self.taken.remove(&block);
        block
    }
}

/// How many nodes there are to be at a minute of the day.
fn wanted(minute: usize) -> usize {
    match minute {
        // At night batch nodes are scaled to zero, and the rest breathes.
        0..360 => NODES / 3,
        360..600 => NODES / 3 + (minute - 360) * (NODES - NODES / 3) / 240,
        600..1200 => NODES - (minute % 120) * 2,
        _ => NODES - (minute - 1200) * (NODES - NODES / 3) / 240,
    }
}

/// Lives through some minutes of a day, after a night. `check` sees what is announced after each event, with the blocks that nodes
/// have, and whether to look at all of them.
pub fn live(
    announcer: &mut dyn Announcer,
    minutes: Range<usize>,
    mut check: impl FnMut(&[Prefix], &BTreeSet<u32>, u32),
) -> Tally {
    let mut cluster = Cluster { nodes: Vec::new(), taken: BTreeSet::new(), next: 0, numbers: Numbers(11) };
    for _ in 0..NODES / 3 {
        announcer.change(&block(cluster.comes()), true);
    }
    let (mut tally, mut before, mut besides) = (Tally::default(), announcer.announced(), 0);
    for minute in minutes {
        let mut events = Vec::new();
        // A zone is lost at one, and its nodes come back during the hour that follows.
        if minute == 780 {
            while let Some(index) = cluster.nodes.iter().position(|(_, zone)| *zone == 1) {
                events.push((cluster.goes(index), false));
            }
        }
        let lost = (780..840).contains(&minute);
        let most = if lost { NODES * 2 / 3 + (minute - 780) * NODES / 180 } else { NODES };
        // Two nodes a minute are replaced all day long.
        for _ in 0..2 {
            let index = cluster.numbers.below(cluster.nodes.len());
            events.push((cluster.goes(index), false));
            events.push((cluster.comes(), true));
        }
        while cluster.nodes.len() < wanted(minute).min(most) {
            events.push((cluster.comes(), true));
        }
        while cluster.nodes.len() > wanted(minute) {
            let index = cluster.numbers.below(cluster.nodes.len());
            events.push((cluster.goes(index), false));
        }
        // Replayed one by one, as an inventory that is looked at often would tell of them.
        let mut taken = cluster.taken.clone();
        for (number, comes) in events.iter().rev() {
            if *comes {
                taken.remove(number)
            } else {
                taken.insert(*number)
            };
        }
        for (number, comes) in events {
            if comes {
                taken.insert(number)
            } else {
                taken.remove(&number)
            };
            announcer.change(&block(number), comes);
            let after = announcer.announced();
            check(&after, &taken, number);
            let gone = before.iter().filter(|prefix| after.binary_search(prefix).is_err()).count();
            let new = after.iter().filter(|prefix| before.binary_search(prefix).is_err()).count();
            tally.events += 1;
            tally.moved += gone + new;
            tally.moved_at_once = tally.moved_at_once.max(gone + new);
            tally.prefixes = tally.prefixes.max(after.len());
            let announced: u128 = after.iter().map(|prefix| 1_u128 << (32 - prefix.len())).sum();
            let used = u128::try_from(taken.len()).unwrap() * 64;
            besides += (announced - used) * 1000 / announced;
            before = after;
        }
    }
    tally.besides_permille = besides / u128::try_from(tally.events.max(1)).unwrap();
    tally
}
