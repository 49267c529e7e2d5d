//! Stand-ins for types of other modules until those are in the tree.

use std::str::FromStr;

use bgp_core::types::{Community, LargeCommunity, Prefix};

/// Who opens the TCP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectMode {
    /// We dial and await.
    Both,
    /// We dial only.
    Active,
    /// We await only.
    Passive,
}

/// A prefix and the lengths that match within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrefixRange {
    /// The covering prefix.
    pub prefix: Prefix,
    /// The shortest length that matches.
    pub min_len: u8,
    /// The longest length that matches.
    pub max_len: u8,
}

impl PrefixRange {
    /// The covering prefix.
    #[must_use]
    pub const fn prefix(&self) -> Prefix {
        self.prefix
    }
}

impl FromStr for PrefixRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut words = text.split_whitespace();
        let prefix = Prefix::parse_exact(words.next().unwrap_or_default()).map_err(|error| error.expected)?;
        let longest = prefix.family().max_prefix_len();
        let mut range = Self { prefix, min_len: prefix.len(), max_len: prefix.len() };
        let expected = || format!("expected PREFIX [ge N] [le N] with N from {} to {longest}", prefix.len());
        while let Some(word) = words.next() {
            let length: u8 = words.next().and_then(|length| length.parse().ok()).ok_or_else(expected)?;
            match word {
                "ge" => (range.min_len, range.max_len) = (length, longest),
                "le" => range.max_len = length,
                _ => return Err(expected()),
            }
        }
        let in_order = prefix.len() <= range.min_len && range.min_len <= range.max_len && range.max_len <= longest;
        if in_order { Ok(range) } else { Err(expected()) }
    }
}

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
