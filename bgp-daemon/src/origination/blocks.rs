//! What of a cover is in use: thousands of prefixes, of which mostly one differs from one version to the next.

use bgp_core::types::Prefix;

use super::coverage::addresses;
use crate::shared_map::SharedMap;

/// Some prefixes inside of another one, in versions that share what does not change.
#[derive(Clone, Debug)]
pub struct Blocks {
    of: Prefix,
    /// They, and what stands beside them in the pieces of a map that they come from.
    pieces: SharedMap<Prefix, ()>,
}

impl Blocks {
    /// Those of `all` that lie in `of`; `None` when they are all of it.
    #[must_use]
    pub fn within(of: &Prefix, all: &SharedMap<Prefix, ()>) -> Option<Self> {
        let mut around = (0..=of.len()).filter_map(|length| Prefix::new(of.network(), length).ok());
        if around.any(|around| all.contains_key(&around)) {
            return None;
        }
        let blocks = Self { of: *of, pieces: all.around(|one| one < of, |one| one < of || of.covers(one)) };
        (addresses(blocks.iter()) != addresses([of])).then_some(blocks)
    }

    /// These, of which those that do not lie in `of` do not count.
    #[must_use]
    pub fn of_list(of: &Prefix, blocks: impl IntoIterator<Item = Prefix>) -> Self {
        Self { of: *of, pieces: SharedMap::of_keys(blocks) }
    }

    /// All of them, ascending. No two share an address.
    pub fn iter(&self) -> impl Iterator<Item = &Prefix> + Clone {
        let inside = self.pieces.from(|one| *one < self.of).map(|(one, ())| one);
        let mut last: Option<&Prefix> = None;
        // What lies in another one stands right behind it.
        inside.take_while(|one| self.of.covers(one)).filter(move |one| {
            let is_new = last.is_none_or(|last| !last.covers(one));
            if is_new {
                last = Some(one);
            }
            is_new
        })
    }
}

/// Whether they are the same prefixes, which takes no look at what two versions share.
impl PartialEq for Blocks {
    fn eq(&self, other: &Self) -> bool {
        let mut changes =
            self.pieces.changes(&other.pieces).filter(|change| change.before.is_some() != change.after.is_some());
        self.of == other.of && !changes.any(|change| self.of.covers(change.key))
    }
}

impl Eq for Blocks {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn prefix(text: &str) -> Prefix {
        text.parse().unwrap()
    }

    fn set(texts: &[&str]) -> SharedMap<Prefix, ()> {
        SharedMap::of_keys(texts.iter().map(|text| prefix(text)))
    }

    #[test]
    fn what_lies_beside_or_in_others_is_not_among_them_and_the_whole_is_none() {
        let of = prefix("10.0.1.0/24");
        let all = set(&["10.0.0.0/24", "10.0.1.0/28", "10.0.1.0/32", "10.0.1.4/32", "10.0.1.64/26", "10.0.2.0/28"]);
        let blocks = Blocks::within(&of, &all).unwrap();
        assert_eq!(blocks.iter().copied().collect::<Vec<_>>(), [prefix("10.0.1.0/28"), prefix("10.0.1.64/26")]);
        for whole in [&["10.0.0.0/16"][..], &["10.0.1.0/24"], &["10.0.1.0/25", "10.0.1.128/25"]] {
            assert_eq!(Blocks::within(&of, &set(whole)), None, "{whole:?}");
        }
        assert_eq!(Blocks::within(&of, &set(&[])).unwrap().iter().count(), 0);
    }

    proptest! {
        #[test]
        fn two_are_equal_when_they_are_the_same_prefixes(
            one in prop::collection::btree_set(0..64_u32, 0..40),
            changes in prop::collection::vec((0..64_u32, any::<bool>()), 0..4),
        ) {
            let block = |number: u32| prefix(&format!("10.0.{}.{}/30", number / 16, number % 16 * 16));
            let mut all: SharedMap<Prefix, ()> = SharedMap::of_keys(one.into_iter().map(block));
            let of = prefix("10.0.1.0/24");
            let before = Blocks::within(&of, &all).unwrap();
            for (number, is_there) in changes {
                match is_there {
                    true => drop(all.insert(block(number), ())),
                    false => drop(all.remove(&block(number))),
                }
            }
            let after = Blocks::within(&of, &all).unwrap();
            let alone = Blocks::of_list(&of, all.keys().copied().filter(|one| of.covers(one)));
            prop_assert_eq!(before == after, before.iter().eq(after.iter()));
            prop_assert_eq!(&after, &alone);
        }
    }
}
