//! Prefixes: how many of each length, and where.

use std::collections::HashSet;
use std::fmt;
use std::net::Ipv4Addr;

use fastrand::Rng;

/// An IPv4 prefix of 0 to 32 bits, without host bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ipv4Prefix {
    bits: u32,
    len: u8,
}

impl Ipv4Prefix {
    /// The prefix of that length around an address; lengths over 32 are 32.
    pub const fn of(address: Ipv4Addr, len: u8) -> Self {
        let len = if len > 32 { 32 } else { len };
        Self { bits: address.to_bits() & mask(len), len }
    }

    /// Its network address.
    pub const fn network(self) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.bits)
    }

    /// Its length in bits, 0 to 32.
    #[allow(clippy::len_without_is_empty, reason = "the length of a prefix is no number of things")]
    pub const fn len(self) -> u8 {
        self.len
    }

    /// Whether the other one lies in this one or is it.
    pub const fn covers(self, other: Self) -> bool {
        self.len <= other.len && other.bits & mask(self.len) == self.bits
    }

    /// The one of the same length behind it; `None` after the last one.
    fn next(self) -> Option<Self> {
        let bits = self.bits.checked_add(1_u32.checked_shl(32 - u32::from(self.len))?)?;
        Some(Self { bits, len: self.len })
    }
}

impl fmt::Display for Ipv4Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network(), self.len)
    }
}

const fn mask(len: u8) -> u32 {
    match u32::MAX.checked_shl(32 - len as u32) {
        Some(mask) => mask,
        None => 0,
    }
}

/// What no feed has a route into: private, shared and documentation networks, which speakers may refuse, and where next hops
/// and sentinels are.
pub const RESERVED: [Ipv4Prefix; 9] = [
    Ipv4Prefix::of(Ipv4Addr::new(10, 0, 0, 0), 8),
    Ipv4Prefix::of(Ipv4Addr::new(100, 64, 0, 0), 10),
    Ipv4Prefix::of(Ipv4Addr::new(127, 0, 0, 0), 8),
    Ipv4Prefix::of(Ipv4Addr::new(169, 254, 0, 0), 16),
    Ipv4Prefix::of(Ipv4Addr::new(172, 16, 0, 0), 12),
    Ipv4Prefix::of(Ipv4Addr::new(192, 0, 0, 0), 16),
    Ipv4Prefix::of(Ipv4Addr::new(192, 168, 0, 0), 16),
    Ipv4Prefix::of(Ipv4Addr::new(198, 18, 0, 0), 15),
    Ipv4Prefix::of(Ipv4Addr::new(203, 0, 113, 0), 24),
];

/// The first and the last address of global unicast space.
const UNICAST: std::ops::RangeInclusive<u32> = 0x0100_0000..=0xDFFF_FFFF;

/// Of a million entries, how many are of which length; the rest are a /24.
const LENGTHS: [(u8, usize); 16] = [
    (8, 16),
    (9, 13),
    (10, 40),
    (11, 100),
    (12, 300),
    (13, 580),
    (14, 1_200),
    (15, 2_000),
    (16, 13_500),
    (17, 8_200),
    (18, 14_000),
    (19, 25_000),
    (20, 44_000),
    (21, 52_000),
    (22, 115_000),
    (23, 104_000),
];

/// `count` different prefixes, neighbours mostly beside each other.
pub fn generate(count: usize, dice: &mut Rng) -> Vec<Ipv4Prefix> {
    let mut found = Vec::with_capacity(count);
    for (len, per_million) in LENGTHS {
        // Rounded, so that small feeds are of all common lengths too.
        of_length(len, (count * per_million + 500_000) / 1_000_000, dice, &mut found);
    }
    found.truncate(count);
    let rest = count - found.len();
    of_length(24, rest, dice, &mut found);
    // One origin announces networks of several lengths.
    in_runs(found, dice)
}

/// Adds `count` prefixes of that length: each second one is the neighbour of the one before.
fn of_length(len: u8, count: usize, dice: &mut Rng, found: &mut Vec<Ipv4Prefix>) {
    let mut known = HashSet::with_capacity(count);
    let mut last: Option<Ipv4Prefix> = None;
    while known.len() < count {
        let neighbour = last.filter(|_| dice.bool()).and_then(Ipv4Prefix::next);
        let prefix = neighbour.unwrap_or_else(|| Ipv4Prefix::of(Ipv4Addr::from_bits(dice.u32(UNICAST)), len));
        last = None;
        let global = UNICAST.contains(&prefix.bits);
        let reserved = RESERVED.iter().any(|reserved| reserved.covers(prefix) || prefix.covers(*reserved));
        if global && !reserved && known.insert(prefix) {
            found.push(prefix);
            last = Some(prefix);
        }
    }
}

/// Shuffled, but for runs of up to eight that stay together.
fn in_runs(prefixes: Vec<Ipv4Prefix>, dice: &mut Rng) -> Vec<Ipv4Prefix> {
    let mut runs: Vec<&[Ipv4Prefix]> = Vec::new();
    let mut rest = prefixes.as_slice();
    while !rest.is_empty() {
        let (run, after) = rest.split_at(dice.usize(1..=8).min(rest.len()));
        runs.push(run);
        rest = after;
    }
    dice.shuffle(&mut runs);
    runs.concat()
}
