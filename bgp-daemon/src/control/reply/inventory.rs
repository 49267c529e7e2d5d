//! `GET /v1/inventory`.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ApiVersion;

/// Where the inventory stands, and a page of its ranges.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InventoryReply {
    /// The version of the reply.
    pub api_version: ApiVersion,
    /// The inventory as a whole.
    pub inventory: InventorySummary,
    /// Its ranges, ascending by prefix.
    pub ranges: Vec<RangeEntry>,
    /// Pass it as `after` for what follows; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}

/// The inventory as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InventorySummary {
    /// Where it is read from.
    pub path: String,
    /// How the snapshot in use and the newest state stand.
    pub state: InventoryState,
    /// Why the newest state is not trusted, as `MISSING_FILE`; empty when it is.
    pub doubts: Vec<String>,
    /// Objects in quarantine: at fault, so that each keeps what it had.
    pub quarantined: usize,
    /// The revision of the snapshot in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// A hash of its content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// When it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<String>,
    /// How long ago that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_seconds: Option<u64>,
    /// When the source was looked at last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checked_at: Option<String>,
    /// Since when the newest state has not been trusted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub untrusted_since: Option<String>,
    /// All that is wrong with the newest state; the first 100, with what speaks against its trust first.
    pub faults: Vec<Fault>,
    /// How many faults there are.
    pub faults_total: usize,
    /// How many objects were read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counts: Option<Counts>,
    /// What is legal and probably worth knowing; the first [`InventorySummary::NOTES_SHOWN`].
    pub notes: Vec<String>,
    /// How many notes there are.
    pub notes_total: usize,
}

impl InventorySummary {
    /// Notes that are shown.
    pub const NOTES_SHOWN: usize = 100;
}

/// How the snapshot in use and the newest state stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum InventoryState {
    /// The newest state is trusted, and in use.
    Current,
    /// The newest state is not trusted: it adds what it can, and what was there before stays.
    Untrusted,
    /// What was originated before a restart is in use; the source was not read yet.
    Restored,
    /// There is no snapshot yet.
    None,
}

impl fmt::Display for InventoryState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Current => "CURRENT",
            Self::Untrusted => "UNTRUSTED",
            Self::Restored => "RESTORED",
            Self::None => "NONE",
        })
    }
}

/// What a fault costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum FaultEffect {
    /// The trust in the whole state: nothing is withdrawn.
    Untrusted,
    /// Its object is in quarantine: it keeps what it had, and others go on.
    Quarantine,
}

/// Something that is wrong with a state of the inventory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
    /// What it costs.
    pub effect: FaultEffect,
    /// Why the state is not trusted, as `MISSING_FILE`; absent when it costs its object only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doubt: Option<String>,
    /// The file, relative to the inventory's directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line in it, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// The field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The value as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// What is wrong and what was expected.
    pub expected: String,
    /// All of it in one line.
    pub text: String,
}

/// How many objects were read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Files.
    pub files: usize,
    /// Subnetworks.
    pub subnetworks: usize,
    /// Instances.
    pub instances: usize,
    /// Alias IP ranges that are allocated.
    pub alias_ip_ranges: usize,
    /// Reserved addresses.
    pub addresses: usize,
    /// Forwarding rules.
    pub forwarding_rules: usize,
}

/// One range of a subnetwork.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RangeEntry {
    /// The range.
    pub ip_cidr_range: String,
    /// The name of a secondary range, `primary` or `ipv6`.
    pub range_name: String,
    /// The path of its subnetwork.
    pub subnetwork: String,
    /// The path of its network.
    pub network: String,
    /// Its region.
    pub region: String,
    /// What it is for; absent until originations were computed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Whether it is advertised.
    pub treatment: RangeTreatment,
    /// The `[[advertise]]` that says so, by index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<usize>,
    /// Allocations in it.
    pub allocations: usize,
    /// Addresses that they cover, each counted once.
    pub total_allocated_ip: String,
    /// Prefixes that are originated from it, alone or with its neighbours.
    pub originated_prefixes: usize,
}

/// Whether a range is advertised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RangeTreatment {
    /// It is.
    Advertised,
    /// No `[[advertise]]` matches it.
    NoRule,
    /// It lies in another region than ours.
    OtherRegion,
    /// It overlaps addresses that are never announced, as 169.254.0.0/16.
    Prohibited,
    /// Originations were not computed from this snapshot yet.
    Undecided,
}

impl fmt::Display for RangeTreatment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Advertised => "advertised",
            Self::NoRule => "no rule",
            Self::OtherRegion => "other region",
            Self::Prohibited => "prohibited",
            Self::Undecided => "undecided",
        })
    }
}
