//! `in-use`: the exact minimal cover of what is allocated, not one address more and not one less.

use std::sync::Arc;

use bgp_core::types::Prefix;

use super::{Aggregate, Member, allocated};
use crate::origination::coverage::joined;

/// `held_down` is covered as if it were allocated; it lies in the members.
pub(super) fn aggregate<'a>(
    members: &'a [Member<'a>],
    held_down: &[Prefix],
) -> impl Iterator<Item = Aggregate> + use<'a> {
    with_ranges(joined(members.iter().flat_map(|(_, range)| allocated(range)).chain(held_down)), members)
}

/// Every address of a prefix lies in one of the members, and they are disjoint: a member that overlaps a prefix is one that
/// it was made of. Both are ascending, so one walk along both finds them.
pub(super) fn with_ranges(
    prefixes: impl Iterator<Item = Prefix>,
    members: &[Member<'_>],
) -> impl Iterator<Item = Aggregate> {
    let (mut rest, mut last): (_, Arc<[usize]>) = (members, Arc::default());
    let aggregate = move |prefix: Prefix| {
        while let [(_, range), later @ ..] = rest {
            if range.prefix.overlaps(&prefix) || range.prefix > prefix {
                break;
            }
            rest = later;
        }
        let made_of = rest.iter().take_while(|(_, range)| range.prefix.overlaps(&prefix)).map(|(index, _)| *index);
        // Most are of the same ranges as the one before.
        if !made_of.clone().eq(last.iter().copied()) {
            last = made_of.collect();
        }
        Aggregate { prefix, ranges: Arc::clone(&last), in_use: None }
    };
    prefixes.map(aggregate)
}
