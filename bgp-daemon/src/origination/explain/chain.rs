//! The answer to [`explain`](super::explain) as plain data: what is sent as it is and rendered elsewhere.

use serde::{Deserialize, Serialize};

use crate::origination::Owners;
use crate::origination::report::is_zero;

/// The chain behind an address or a prefix, from what owns it to what is originated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Chain {
    /// What was asked for, as a prefix; a single address has length 32 or 128.
    pub target: String,
    /// The revision of the snapshot that answers; `None` before the first.
    pub snapshot_revision: Option<u64>,
    /// How much of the target is originated.
    pub originated: Extent,
    /// All of it in one sentence.
    pub summary: String,
    /// Where the chain breaks before it reaches a range.
    pub broken: Option<Break>,
    /// A chain for each range that shares an address with the target, ascending; the first [`Chain::SHOWN`].
    pub ranges: Vec<RangeChain>,
    /// How many ranges more there are.
    pub more_ranges: usize,
}

impl Chain {
    /// Most items that any list of an answer holds.
    pub const SHOWN: usize = 20;
}

/// How much of something is originated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Extent {
    /// Every address.
    Whole,
    /// Some addresses.
    Part,
    /// No address.
    Nothing,
}

/// The chain through one range, for the addresses that the target shares with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RangeChain {
    /// The path of its subnetwork.
    pub subnetwork: String,
    /// The path of its network.
    pub network: String,
    /// The short name of its region.
    pub region: String,
    /// Its name: `primary`, `ipv6` or a secondary range's.
    pub range_name: String,
    /// The range itself.
    pub ip_cidr_range: String,
    /// What it is for.
    pub role: String,
    /// What the addresses are allocated to, the widest first; the first [`Chain::SHOWN`].
    pub owners: Vec<OwnerLink>,
    /// How many owners more there are.
    pub more_owners: usize,
    /// The rule that announces the range.
    pub rule: Option<RuleLink>,
    /// How much of what the target shares with the range is originated.
    pub originated: Extent,
    /// The originations that hold the addresses, ascending; the first [`Chain::SHOWN`].
    pub originations: Vec<OriginationLink>,
    /// Whether there are more of them.
    pub more_originations: bool,
    /// Where the chain breaks; `None` when something is originated.
    pub broken: Option<Break>,
    /// What is worth knowing although nothing breaks, one sentence each.
    pub notes: Vec<String>,
}

/// What addresses are allocated to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OwnerLink {
    /// What they are to it.
    pub kind: OwnerKind,
    /// The path of the instance, address or forwarding rule.
    pub resource: String,
    /// The network interface of the instance, as `nic0`.
    pub interface: Option<String>,
    /// All that this allocation holds.
    pub ip_cidr_range: String,
}

/// Kinds of allocations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OwnerKind {
    /// The interface's own address.
    Interface,
    /// An alias IP range of the interface.
    AliasIpRange,
    /// A reserved address.
    Address,
    /// A forwarding rule.
    ForwardingRule,
}

/// One `[[advertise]]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleLink {
    /// Its place, from 0.
    pub index: usize,
    /// What it selects, as written: `role = "pod"`.
    pub selector: String,
    /// Its aggregation mode: `in-use` or `subnet-ranges`.
    pub aggregation: String,
    /// Most prefixes that it may make; absent without a bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_prefixes: Option<u32>,
}

/// One prefix that is originated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OriginationLink {
    /// The prefix.
    pub prefix: String,
    /// ORIGIN.
    pub origin: String,
    /// MULTI_EXIT_DISC; `None` leaves it to each peer's `advertised_route_priority`.
    pub med: Option<u32>,
    /// What the region adds to that; absent for nothing.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cost: u32,
    /// COMMUNITIES.
    pub communities: Vec<String>,
    /// LARGE_COMMUNITY.
    pub large_communities: Vec<String>,
    /// The ranges that it was made of, each as its `ipCidrRange`; the first [`Chain::SHOWN`].
    pub made_of: Vec<String>,
    /// What is allocated in it.
    pub contributors: Owners,
}

/// Where and why a chain breaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Break {
    /// The link that is missing.
    pub step: Step,
    /// Why, with the values that decided.
    pub reason: String,
}

/// The links of a chain, in the order in which they are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Step {
    /// There is no inventory yet.
    Snapshot,
    /// No range holds the address.
    Range,
    /// The range may never be announced.
    Prohibited,
    /// The range belongs to another region.
    Region,
    /// No `[[advertise]]` selects the range.
    Rule,
    /// Nobody has the address.
    Allocation,
}
