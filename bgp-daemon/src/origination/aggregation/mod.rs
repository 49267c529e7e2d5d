//! From the ranges of one rule and what is allocated in them to prefixes. Knows no attributes and no peer.
//!
//! | | module |
//! |---|---|
//! | whole ranges | `subnet_ranges` |
//! | what is allocated, exactly | `in_use` |
//! | the same with a bound or lengths, over all ranges of the rule together | `bound` |
//! | what was allocated a while ago, which may stay covered | `hold_down` |
//! | what of that is remembered from one snapshot to the next | [`Memory`] |

mod bound;
mod hold_down;
mod in_use;
mod memory;
mod subnet_ranges;

use std::collections::BTreeMap;
use std::sync::Arc;

use bgp_core::types::Prefix;

pub use memory::Memory;
pub(super) use memory::Moment;

use super::Blocks;
use super::set::BoundOutcome;
use crate::inventory::Range;
use crate::shared_map::SharedMap;

/// Prefixes, in versions that share what does not change.
pub(super) type Prefixes = SharedMap<Prefix, ()>;

/// A prefix, and what it is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Aggregate {
    pub(super) prefix: Prefix,
    /// The indices of its ranges, ascending; never empty.
    pub(super) ranges: Arc<[usize]>,
    /// What of it was in use lately, where that is not all.
    pub(super) in_use: Option<Blocks>,
}

/// What ranges of one kind come to: made one by one, since there may be a million.
pub(super) type OfKind<'a> = (Kind, Box<dyn Iterator<Item = Aggregate> + 'a>);

/// What a rule comes to.
#[derive(Default)]
pub(super) struct Aggregates<'a> {
    /// All prefixes, by what their ranges have in common. They are disjoint, and those of a kind ascend.
    pub(super) all: Vec<OfKind<'a>>,
    pub(super) bound: Option<BoundOutcome>,
    /// What it could not keep to, one sentence each.
    pub(super) faults: Vec<String>,
}

/// A range with its index in the snapshot.
pub(super) type Member<'a> = (usize, &'a Range);

/// What ranges have in common that are aggregated together: what leaves with a route follows from it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kind {
    pub(super) role: Arc<str>,
    /// What is added to the MED for their region.
    pub(super) cost: u32,
}

/// The ranges of a rule by their kind; those of one kind ascend and are disjoint.
pub(super) type Members<'a> = BTreeMap<Kind, Vec<Member<'a>>>;

/// What is allocated in a range. A snapshot has no allocation outside its range; were there one, it would not be ours.
pub(super) fn allocated(range: &Range) -> impl Iterator<Item = &Prefix> {
    range.allocations.keys().map(|allocation| &allocation.prefix).filter(|prefix| range.prefix.covers(prefix))
}
