//! What we originate, and what became of every range.

use std::collections::BTreeMap;
use std::sync::Arc;

use bgp_core::attribute::PathAttributes;
use bgp_core::types::Prefix;

use super::coverage::overlapping;
use super::guard::GuardState;
use crate::config::Written;
use crate::inventory::Snapshot;

/// All that is originated from one snapshot by one configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginationSet {
    /// The snapshot it was computed from.
    pub snapshot: Arc<Snapshot>,
    /// What is originated, by prefix. No address lies in two of them, but for those that are held: one may lie in or around
    /// others.
    pub originations: BTreeMap<Prefix, Origination>,
    /// What the guard remembers: what of this it holds, and what was withdrawn lately.
    pub guard: GuardState,
    /// The configuration by whose `[[peer]]` it is told.
    pub told_by: Arc<Written>,
    /// What became of each range of `snapshot.ranges`, in the same order.
    pub ranges: Vec<RangeOutcome>,
}

impl OriginationSet {
    /// The originations that share an address with `target`, ascending.
    pub fn overlapping<'a>(&'a self, target: &Prefix) -> impl Iterator<Item = (&'a Prefix, &'a Origination)> {
        overlapping(&self.originations, target)
    }
}

/// One prefix of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origination {
    /// The attributes it is originated with: communities and MED of its rule, ORIGIN IGP, empty AS_PATH.
    pub attributes: Arc<PathAttributes>,
    /// The role of the ranges it was made from.
    pub role: Arc<str>,
    /// The index of its `[[advertise]]` in the configuration that it was made by.
    pub rule: usize,
    /// Indices into `snapshot.ranges` of the ranges that it was made from, ascending; more than one where an aggregate
    /// spans neighbouring ranges. Empty for one that is held after it has gone.
    pub ranges: Vec<usize>,
}

impl Origination {
    /// Whether peers are told the same of both.
    #[must_use]
    pub fn is_same_route(&self, other: &Self) -> bool {
        let same_attributes = Arc::ptr_eq(&self.attributes, &other.attributes) || self.attributes == other.attributes;
        same_attributes && self.role == other.role
    }
}

/// What became of one range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangeOutcome {
    /// What it is for.
    pub role: Arc<str>,
    /// Whether and by which rule it is advertised.
    pub treatment: Treatment,
}

/// Whether a range is advertised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Treatment {
    /// By the `[[advertise]]` of this index.
    Advertised {
        /// The index.
        rule: usize,
    },
    /// No `[[advertise]]` matches it.
    NoRule,
    /// It lies in another region than `router.region`.
    OtherRegion,
    /// It shares addresses with what is never announced, as link-local or multicast.
    Prohibited,
}
