//! `subnet-ranges`: every range as a whole.

use super::{Aggregate, Member, allocated};

/// All of them, or those in which something is allocated.
pub(super) fn aggregate(members: &[Member<'_>], while_allocated: bool) -> impl Iterator<Item = Aggregate> {
    let wanted = members.iter().filter(move |(_, range)| !while_allocated || allocated(range).next().is_some());
    wanted.map(|(index, range)| Aggregate { prefix: range.prefix, ranges: [*index].into(), in_use: None })
}
