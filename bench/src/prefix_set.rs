//! A set of IPv4 prefixes in bits: one memory access a prefix, so that a receiver can keep what it was told at the speed of
//! counting.

/// Words of a page: 65,536 prefixes.
const PAGE_WORDS: usize = 1024;

/// Pages are there once a prefix of theirs was.
#[derive(Debug, Default)]
pub struct PrefixSet {
    pages: Vec<Option<Box<[u64; PAGE_WORDS]>>>,
    len: usize,
}

impl PrefixSet {
    /// An empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many prefixes are in it.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Adds the prefix of `len` bits, at most 32, at the network address `bits`; whether it is new.
    pub fn insert(&mut self, bits: u32, len: u8) -> bool {
        let (page, word, bit) = place(bits, len);
        if page >= self.pages.len() {
            self.pages.resize_with(page + 1, || None);
        }
        let page = self.pages.get_mut(page).map(|page| page.get_or_insert_with(|| Box::new([0; PAGE_WORDS])));
        let Some(word) = page.and_then(|page| page.get_mut(word)) else { return false };
        let is_new = *word & bit == 0;
        *word |= bit;
        self.len += usize::from(is_new);
        is_new
    }

    /// Whether a prefix is in it.
    pub fn contains(&self, bits: u32, len: u8) -> bool {
        let (page, word, bit) = place(bits, len);
        let page = self.pages.get(page).and_then(Option::as_ref);
        page.and_then(|page| page.get(word)).is_some_and(|word| word & bit != 0)
    }

    /// Takes a prefix out; whether it was there.
    pub fn remove(&mut self, bits: u32, len: u8) -> bool {
        let (page, word, bit) = place(bits, len);
        let page = self.pages.get_mut(page).and_then(Option::as_mut);
        let Some(word) = page.and_then(|page| page.get_mut(word)) else { return false };
        let was_there = *word & bit != 0;
        *word &= !bit;
        self.len -= usize::from(was_there);
        was_there
    }
}

/// Each prefix has a number: a one, then its bits. There is one number for each prefix of each length.
fn place(bits: u32, len: u8) -> (usize, usize, u64) {
    let len = len.min(32);
    let number = 1_u64 << len | u64::from(bits) >> (32 - len);
    let index = |part: u64| usize::try_from(part).unwrap_or(usize::MAX);
    (index(number >> 16), index(number >> 6 & 0x3FF), 1 << (number & 63))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn it_is_a_set() {
        let mut dice = fastrand::Rng::with_seed(1);
        let (mut set, mut model) = (PrefixSet::new(), HashSet::new());
        for _ in 0..20_000 {
            let len = dice.u8(0..=32);
            // Few networks, so that they come again.
            let bits = u32::MAX.checked_shl(32 - u32::from(len)).unwrap_or(0) & (dice.u32(0..8) << 29 | dice.u32(0..4));
            if dice.bool() {
                assert_eq!(set.contains(bits, len), model.contains(&(bits, len)));
                assert_eq!(set.insert(bits, len), model.insert((bits, len)));
            } else {
                assert_eq!(set.remove(bits, len), model.remove(&(bits, len)));
            }
            assert_eq!(set.len(), model.len());
        }
    }
}
