//! `[[range_role]]` and `[[advertise]]` as the daemon uses them.

use std::time::Duration;

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
    /// MULTI_EXIT_DISC attached; no cost of a region is added to it.
    pub med: Option<u32>,
}

/// The one group of ranges that there is, as it is written.
pub const ALL_SUBNETS: &str = "ALL_SUBNETS";

/// What an `[[advertise]]` matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RangeSelector {
    /// Ranges of that role.
    Role(String),
    /// Ranges of that name.
    Range(String),
    /// Every range that Cloud Router announces by itself: `ALL_SUBNETS`.
    AllSubnets,
}

/// How addresses become prefixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregation {
    /// A cover of what is allocated.
    InUse(InUse),
    /// The whole ranges.
    SubnetRanges {
        /// Only those in which something is allocated.
        while_allocated: bool,
    },
}

/// What a cover of what is allocated must keep to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InUse {
    /// Most prefixes of all that the rule covers, 1 and up; `None` for as many as it takes to cover nothing besides.
    pub max_prefixes: Option<u32>,
    /// Lengths of IPv4 prefixes, 0 to 32.
    pub ipv4: PrefixLengths,
    /// Lengths of IPv6 prefixes, 0 to 128.
    pub ipv6: PrefixLengths,
    /// A cover is kept while it has at most so many percent more addresses than the best one, 0 to 1000.
    pub keep_percent: u16,
    /// How long addresses stay covered that are no longer allocated, 0 to 86400 seconds.
    pub hold_down: Duration,
}

impl InUse {
    /// `keep_percent` of a rule with `max_prefixes` that says none.
    pub const KEEP_PERCENT: u16 = 10;

    /// The exact minimal cover.
    pub const EXACT: Self = Self {
        max_prefixes: None,
        ipv4: PrefixLengths { min: 0, max: 32 },
        ipv6: PrefixLengths { min: 0, max: 128 },
        keep_percent: 0,
        hold_down: Duration::ZERO,
    };

    /// Whether what is allocated, and what is held down beside it, is covered exactly and by the fewest prefixes.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        Self { hold_down: Duration::ZERO, ..*self } == Self::EXACT
    }
}

/// Lengths that prefixes may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrefixLengths {
    /// The shortest.
    pub min: u8,
    /// The longest, not less than the shortest.
    pub max: u8,
}
