//! Sets of the addresses that all of this is about: those of two subnetwork ranges, and their neighbours'.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use bgp_core::types::Prefix;

const BASES: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 0, 0, 0), Ipv4Addr::new(10, 4, 0, 0)];

/// Addresses from each base on.
const PER_BASE: usize = 512;

/// Some of them; a bit each.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Addresses([u64; 2 * PER_BASE / 64]);

impl Addresses {
    pub fn of(prefix: &Prefix) -> Self {
        let IpAddr::V4(network) = prefix.network() else { return Self::default() };
        let (first, mut set) = (u64::from(network.to_bits()), Self::default());
        let end = first + (1 << (32 - u32::from(prefix.len())));
        for (place, base) in BASES.into_iter().enumerate() {
            let base = u64::from(base.to_bits());
            let within = |address: u64| usize::try_from(address.clamp(base, base + 512) - base).unwrap();
            for word in 0..PER_BASE / 64 {
                let low = within(first).clamp(word * 64, word * 64 + 64) - word * 64;
                let high = within(end).clamp(word * 64, word * 64 + 64) - word * 64;
                let below = |bit: usize| if bit == 64 { u64::MAX } else { (1 << bit) - 1 };
                set.0[place * PER_BASE / 64 + word] = below(high) & !below(low);
            }
        }
        set
    }

    pub fn all<'a>(prefixes: impl IntoIterator<Item = &'a Prefix>) -> Self {
        prefixes.into_iter().fold(Self::default(), |all, prefix| all.or(Self::of(prefix)))
    }

    fn with(self, other: Self, of_words: impl Fn(u64, u64) -> u64) -> Self {
        let mut both = self;
        both.0.iter_mut().zip(other.0).for_each(|(word, other)| *word = of_words(*word, other));
        both
    }

    pub fn or(self, other: Self) -> Self {
        self.with(other, |one, other| one | other)
    }

    pub fn and(self, other: Self) -> Self {
        self.with(other, |one, other| one & other)
    }

    pub fn less(self, other: Self) -> Self {
        self.with(other, |one, other| one & !other)
    }

    pub fn is_empty(self) -> bool {
        self == Self::default()
    }

    pub fn count(self) -> usize {
        self.0.iter().map(|word| usize::try_from(word.count_ones()).unwrap()).sum()
    }
}

impl fmt::Debug for Addresses {
    /// The first of each run, and how long it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let has = |bit: usize| self.0[bit / 64] >> (bit % 64) & 1 == 1;
        let mut runs: Vec<(usize, usize)> = Vec::new();
        for bit in (0..2 * PER_BASE).filter(|bit| has(*bit)) {
            match runs.last_mut() {
                Some((first, length)) if *first + *length == bit && bit != PER_BASE => *length += 1,
                _ => runs.push((bit, 1)),
            }
        }
        let shown = |(first, length): (usize, usize)| {
            let offset = u32::try_from(first % PER_BASE).unwrap();
            format!("{}+{length}", Ipv4Addr::from_bits(BASES[first / PER_BASE].to_bits() + offset))
        };
        f.debug_list().entries(runs.into_iter().map(shown)).finish()
    }
}
