//! What we originate, and what became of every range.

use std::ops::Deref;
use std::sync::Arc;

use bgp_core::attribute::PathAttributes;
use bgp_core::policy::RouteSource;
use bgp_core::types::Prefix;

use super::Blocks;
use super::coverage::{Addresses, overlapping};
use super::guard::GuardState;
use crate::config::Written;
use crate::inventory::Snapshot;
use crate::shared_map::SharedMap;

/// What is originated, by prefix.
pub type Originations = SharedMap<Prefix, Origination>;

/// All that is originated from one snapshot by one configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginationSet {
    /// The snapshot it was computed from.
    pub snapshot: Arc<Snapshot>,
    /// What is originated, by prefix. No address lies in two of them, but for those that are held and custom ranges: one
    /// may lie in or around others.
    pub originations: Originations,
    /// What the guard remembers: what of this it holds, and what was withdrawn lately.
    pub guard: GuardState,
    /// The configuration by whose `[[peer]]` it is told.
    pub told_by: Arc<Written>,
    /// What became of each range of `snapshot.ranges`, in the same order.
    pub ranges: Arc<[RangeOutcome]>,
    /// What each `[[advertise]]` comes to, in the same order, without what is held.
    pub rules: Vec<RuleOutcome>,
}

impl OriginationSet {
    /// The originations that share an address with `target`, ascending.
    pub fn overlapping<'a>(&'a self, target: &Prefix) -> impl Iterator<Item = (&'a Prefix, &'a Origination)> {
        overlapping(&self.originations, target)
    }
}

/// One prefix of ours. Prefixes that are originated alike share what they are originated as: there may be a million of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origination(Arc<Originated>);

/// What a prefix is originated as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Originated {
    /// The attributes it is originated with: communities and MED of its rule, ORIGIN IGP, empty AS_PATH.
    pub attributes: Arc<PathAttributes>,
    /// The role of the ranges it was made from.
    pub role: Arc<str>,
    /// What is added to the `advertised_route_priority` of each peer for their region, 0 and up; 0 where the rule says the MED.
    pub cost: u32,
    /// The index of its `[[advertise]]` in the configuration that it was made by; `None` for a custom range.
    pub rule: Option<usize>,
    /// Indices into `snapshot.ranges` of the ranges that it was made from, ascending; more than one where an aggregate
    /// spans neighbouring ranges. Empty for one that is held after it has gone.
    pub ranges: Arc<[usize]>,
    /// What of it is in use, or was within the window of the guard. `None` for all of it, and for all of a range that is
    /// announced as a whole. What was not in use can be taken from nobody.
    pub in_use: Option<Blocks>,
}

impl From<Originated> for Origination {
    fn from(originated: Originated) -> Self {
        Self(Arc::new(originated))
    }
}

impl Deref for Origination {
    type Target = Originated;

    fn deref(&self) -> &Originated {
        &self.0
    }
}

impl Origination {
    /// The same with something changed.
    #[must_use]
    pub fn with(&self, change: impl FnOnce(&mut Originated)) -> Self {
        let mut originated = Originated::clone(self);
        change(&mut originated);
        originated.into()
    }

    /// `made`, which shares with `known` what it is where that is the same.
    #[must_use]
    pub(crate) fn shared_with(known: Option<&Self>, made: Originated) -> Self {
        known.filter(|known| ***known == made).map_or_else(|| made.into(), Self::clone)
    }

    /// What policies are asked about it.
    #[must_use]
    pub fn source(&self) -> RouteSource {
        RouteSource::Originated { tag: Arc::clone(&self.role), cost: self.cost }
    }

    /// Whether peers are told the same of both.
    #[must_use]
    pub fn is_same_route(&self, other: &Self) -> bool {
        if Arc::ptr_eq(&self.0, &other.0) {
            return true;
        }
        let same_attributes = Arc::ptr_eq(&self.attributes, &other.attributes) || self.attributes == other.attributes;
        same_attributes && self.role == other.role && self.cost == other.cost
    }
}

/// What one `[[advertise]]` comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleOutcome {
    /// Prefixes.
    pub prefixes: usize,
    /// Addresses in them.
    pub covered: Addresses,
    /// Addresses that are allocated in the ranges of the rule; what is covered besides is held down, or covered for the sake
    /// of fewer prefixes.
    pub allocated: Addresses,
    /// What its bound comes to; `None` for a rule without a bound, lengths or anything to keep.
    pub bound: Option<BoundOutcome>,
    /// The peer whose `max_prefixes_out` the bound is a share of; `None` where it is the rule's own.
    pub for_peer: Option<Arc<str>>,
    /// What it could not keep to, one sentence each.
    pub faults: Vec<String>,
}

/// What the bound of a rule comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoundOutcome {
    /// Most prefixes; `None` when only lengths are bounded.
    pub max_prefixes: Option<u32>,
    /// The fewest prefixes that there could be.
    pub fewest: u32,
    /// Prefixes that would cover nothing besides but what lengths ask for.
    pub exact: u32,
}

/// What became of one range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangeOutcome {
    /// What it is for.
    pub role: Arc<str>,
    /// Whether and by which rule it is advertised.
    pub treatment: Treatment,
    /// What is added to the MED for its region, 0 and up.
    pub cost: u32,
}

/// Whether a range is advertised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
