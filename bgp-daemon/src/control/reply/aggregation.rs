//! `GET /v1/aggregation`: what the rules come to, and what they cover besides.

use serde::{Deserialize, Serialize};

use super::ApiVersion;
use crate::origination::Addresses;
use crate::origination::report::is_zero;

/// What is covered besides what is allocated: in all, by rule, and a page by prefix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AggregationReply {
    /// The version of the reply.
    pub api_version: ApiVersion,
    /// The revision of the snapshot; absent before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// Addresses that the rules announce.
    pub covered: Addresses,
    /// Addresses among them that are allocated to nobody.
    pub unallocated: Addresses,
    /// Every `[[advertise]]`, in order.
    pub rules: Vec<RuleEntry>,
    /// Prefixes that are originated, ascending.
    pub aggregates: Vec<AggregateEntry>,
    /// Pass it as `after` for what follows; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}

/// One `[[advertise]]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleEntry {
    /// Its place, from 0.
    pub index: usize,
    /// What it selects, as written: `role = "pod"`.
    pub selector: String,
    /// Its mode: `in-use` or `subnet-ranges`.
    pub aggregation: String,
    /// Prefixes that it makes, without what the guard holds.
    pub prefixes: usize,
    /// Most prefixes that it may make; absent without a bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_prefixes: Option<u32>,
    /// The peer for whose sake it may not make more (`max_prefixes_out`); absent where the bound is its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_prefixes_for: Option<String>,
    /// The fewest that it could make; absent when nothing bounds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fewest_prefixes: Option<u32>,
    /// Those that would cover nothing besides but what its lengths ask for; absent when nothing bounds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exact_prefixes: Option<u32>,
    /// Addresses in them.
    pub covered: Addresses,
    /// Addresses among them that are allocated to nobody.
    pub unallocated: Addresses,
    /// What it could not keep to, one sentence each.
    pub faults: Vec<String>,
}

/// One prefix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AggregateEntry {
    /// The prefix.
    pub prefix: String,
    /// The role of what it was made from.
    pub role: String,
    /// What its region adds to each peer's own MULTI_EXIT_DISC; absent for nothing.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cost: u32,
    /// The index of its `[[advertise]]`.
    pub rule: usize,
    /// Allocations in it.
    pub contributors: usize,
    /// Addresses in it that are allocated.
    pub allocated: Addresses,
    /// Addresses in it that are allocated to nobody.
    pub unallocated: Addresses,
    /// Whether it is there only because the guard holds its withdrawal.
    pub held: bool,
}
