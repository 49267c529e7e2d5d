//! The addresses that come and go: 10.4.16.0/20 in units of /25, counted one by one.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

/// Units of 128 addresses, by number.
pub type Units = BTreeSet<u32>;

const FIRST: u32 = u32::from_be_bytes([10, 4, 16, 0]);
const COUNT: u32 = 32;
const UNIT_BITS: u32 = 7;

/// A sequence of numbers that a seed gives (SplitMix64).
pub struct Chance(u64);

impl Chance {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// From 0 to `end` - 1.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let end = u64::try_from(end).unwrap_or(1).max(1);
        usize::try_from((mixed ^ (mixed >> 31)) % end).unwrap_or(0)
    }

    fn number(&mut self, end: u32) -> u32 {
        u32::try_from(self.below(usize::try_from(end).unwrap_or(1))).unwrap_or(0)
    }
}

/// The aligned block of 2^`order` units that begins with `unit`, as a prefix.
fn block_name(unit: u32, order: u32) -> String {
    format!("{}/{}", Ipv4Addr::from_bits(FIRST + (unit << UNIT_BITS)), 32 - UNIT_BITS - order)
}

pub fn unit_name(unit: u32) -> String {
    block_name(unit, 0)
}

/// Whether the unit lies in a prefix; not in one that is none.
pub fn covers_unit(prefix: &str, unit: u32) -> bool {
    let parsed = prefix.split_once('/').and_then(|(network, length)| {
        Some((network.parse::<Ipv4Addr>().ok()?.to_bits(), length.parse::<u32>().ok().filter(|length| *length <= 25)?))
    });
    let mask = |length: u32| u32::MAX.checked_shl(32 - length).unwrap_or(0);
    parsed.is_some_and(|(network, length)| (FIRST + (unit << UNIT_BITS)) & mask(length) == network)
}

/// What is in use next: some aligned block comes, goes, or nothing does.
pub fn some_of(in_use: &Units, chance: &mut Chance) -> Units {
    let mut next = in_use.clone();
    for _ in 0..=chance.below(3) {
        let order = chance.number(4);
        let unit = chance.number(COUNT >> order) << order;
        let block = unit..unit + (1 << order);
        match chance.below(5) {
            0..2 => next.extend(block),
            2..4 => next.retain(|unit| !block.contains(unit)),
            _ => {}
        }
    }
    next
}

/// The fewest prefixes that are exactly these units.
pub fn minimal_cover(in_use: &Units) -> Vec<String> {
    let mut cover = Vec::new();
    each_block(in_use, &mut |_, _| true, &mut |unit, order| cover.push(block_name(unit, order)));
    cover
}

/// These units as alias ranges, now larger and now smaller ones.
pub fn shared_out(in_use: &Units, chance: &mut Chance) -> Vec<String> {
    let mut ranges = Vec::new();
    each_block(in_use, &mut |_, order| order == 0 || chance.below(2) == 0, &mut |unit, order| {
        ranges.push(block_name(unit, order));
    });
    ranges
}

/// Every aligned block that is in use as a whole and `may_stand`, from the largest on.
fn each_block(in_use: &Units, may_stand: &mut dyn FnMut(u32, u32) -> bool, each: &mut dyn FnMut(u32, u32)) {
    let mut blocks = vec![(0, COUNT.trailing_zeros())];
    while let Some((unit, order)) = blocks.pop() {
        let size = 1 << order;
        let used = in_use.range(unit..unit + size).count();
        if used == usize::try_from(size).unwrap_or(usize::MAX) && may_stand(unit, order) {
            each(unit, order);
        } else if used > 0 && order > 0 {
            blocks.extend([(unit + size / 2, order - 1), (unit, order - 1)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn covers_and_shares_out_exactly_what_is_in_use() {
        let mut chance = Chance::new(1);
        let mut in_use = Units::new();
        for _ in 0..200 {
            in_use = some_of(&in_use, &mut chance);
            for prefixes in [minimal_cover(&in_use), shared_out(&in_use, &mut chance)] {
                let times = |unit: &u32| prefixes.iter().filter(|prefix| covers_unit(prefix, *unit)).count();
                assert!((0..COUNT).all(|unit| times(&unit) == usize::from(in_use.contains(&unit))), "{prefixes:?}");
            }
        }
        assert_eq!(
            minimal_cover(&(0..6).chain(8..32).collect()),
            [
                "10.4.16.0/23".to_owned(),
                "10.4.18.0/24".to_owned(),
                "10.4.20.0/22".to_owned(),
                "10.4.24.0/21".to_owned()
            ]
        );
        assert!(!covers_unit("nothing", 0) && covers_unit("0.0.0.0/0", 0));
    }
}
