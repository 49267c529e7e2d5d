//! Finds overlaps in one pass over sorted prefixes.

use bgp_core::types::Prefix;

/// Reports every item that shares addresses with one before it, with the narrowest of those.
///
/// `sorted` ascends by prefix. Two prefixes are disjoint or one covers the other, so that the ones that cover the next
/// item are always the innermost of a stack. An item that `may_share` the addresses of the narrowest one before it is
/// passed over.
pub(super) fn overlaps<'a, T>(
    sorted: &'a [T],
    prefix: impl Fn(&T) -> Prefix,
    may_share: impl Fn(&T, &T) -> bool,
    mut report: impl FnMut(&'a T, &'a T),
) {
    let mut enclosing: Vec<&'a T> = Vec::new();
    for item in sorted {
        while enclosing.last().is_some_and(|outer| !prefix(outer).covers(&prefix(item))) {
            enclosing.pop();
        }
        if let Some(outer) = enclosing.last() {
            if may_share(outer, item) {
                continue;
            }
            report(outer, item);
        }
        enclosing.push(item);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn prefix() -> impl Strategy<Value = Prefix> {
        // Few addresses, so that overlaps are common.
        let v4 = (0_u8..16, 24_u8..=32).prop_map(|(host, len)| format!("10.0.0.{host}/{len}"));
        let v6 = (0_u8..16, 120_u8..=128).prop_map(|(host, len)| format!("fd00::{host:x}/{len}"));
        prop_oneof![v4, v6].prop_map(|text| text.parse().unwrap())
    }

    proptest! {
        #[test]
        fn finds_what_comparing_each_with_each_finds(mut prefixes in prop::collection::vec(prefix(), 0..24)) {
            prefixes.sort();
            let items: Vec<(usize, Prefix)> = prefixes.into_iter().enumerate().collect();
            let mut found = Vec::new();
            overlaps(&items, |item| item.1, |_, _| false, |outer, inner| found.push((outer.0, inner.0)));
            let mut expected = Vec::new();
            for (index, inner) in &items {
                // The narrowest one before it: the last, for wider ones come first.
                let outer = items[..*index].iter().rev().find(|(_, outer)| outer.overlaps(inner));
                expected.extend(outer.map(|(outer, _)| (*outer, *index)));
            }
            prop_assert_eq!(found, expected);
        }
    }
}
