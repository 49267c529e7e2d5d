//! `[[range_role]]` and `[[advertise]]` as the daemon uses them.

use bgp_core::types::{Community, LargeCommunity};

/// One `[[range_role]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangeRoleRule {
    /// `*`, a name or a resource path.
    pub subnetwork: String,
    /// Glob of a secondary range name, or `primary`.
    pub range: String,
    /// The role given.
    pub role: String,
}

/// One `[[advertise]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdvertiseRule {
    /// What it matches.
    pub selector: RangeSelector,
    /// How addresses become prefixes.
    pub aggregation: Aggregation,
    /// Communities attached.
    pub communities: Vec<Community>,
    /// Large communities attached.
    pub large_communities: Vec<LargeCommunity>,
    /// MULTI_EXIT_DISC attached.
    pub med: Option<u32>,
}

/// What an `[[advertise]]` matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RangeSelector {
    /// Ranges of that role.
    Role(String),
    /// Ranges of that name.
    Range(String),
}

/// How addresses become prefixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregation {
    /// The exact minimal cover of what is allocated.
    InUse,
    /// The whole ranges.
    SubnetRanges,
}
