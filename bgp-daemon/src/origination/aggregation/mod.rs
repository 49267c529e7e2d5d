//! From ranges and what is allocated in them to prefixes. One mode a file. Knows no rule and no role.

mod in_use;
mod subnet_ranges;

use bgp_core::types::Prefix;

use crate::config::Aggregation;
use crate::inventory::Range;

/// A prefix, and the ranges that it is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Aggregate {
    pub(super) prefix: Prefix,
    /// Their indices, ascending; never empty.
    pub(super) ranges: Vec<usize>,
}

/// A range with its index in the snapshot.
pub(super) type Member<'a> = (usize, &'a Range);

/// The prefixes of `members`, which are ascending and disjoint. No address outside them is ever covered. The prefixes
/// are disjoint too, and ascending.
pub(super) fn aggregate(mode: Aggregation, members: &[Member<'_>]) -> Vec<Aggregate> {
    match mode {
        Aggregation::InUse => in_use::aggregate(members),
        Aggregation::SubnetRanges => subnet_ranges::aggregate(members),
    }
}
