//! `GET /v1/status`.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{ApiVersion, BgpPeerStatus, HoldSummary, InventorySummary};

/// The daemon as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusReply {
    /// The version of the reply.
    pub api_version: ApiVersion,
    /// The version of the daemon.
    pub version: String,
    /// Our BGP Identifier.
    pub router_id: String,
    /// Our AS number.
    pub asn: u32,
    /// The region that is spoken for; absent for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// When the daemon started.
    pub start_time: String,
    /// How long ago that is.
    pub uptime_seconds: String,
    /// Whether everything is as configured.
    pub health: Health,
    /// Why it is not, one line each; empty when it is.
    pub health_reasons: Vec<String>,
    /// Peers whose session is Established.
    pub peers_up: usize,
    /// Peers that are to have a session.
    pub peers_enabled: usize,
    /// Peers of the configuration, enabled or not.
    pub peers_configured: usize,
    /// The table.
    pub routes: RouteCounts,
    /// The inventory.
    pub inventory: InventorySummary,
    /// What the guard holds; absent when nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<HoldSummary>,
    /// Where a restart would start from; absent when no journal is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub journal: Option<JournalSummary>,
    /// What is legal in the configuration and probably not meant.
    pub config_warnings: Vec<ConfigWarning>,
    /// How the last reload went; absent before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_reload: Option<Reload>,
    /// Every configured peer, in the order of the configuration.
    pub bgp_peer_status: Vec<BgpPeerStatus>,
}

/// Where a restart would start from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JournalSummary {
    /// Its directory.
    pub path: String,
    /// The revision of the snapshot that this process started from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restored_revision: Option<u64>,
    /// Records that could not be read at the start, one line each.
    pub damaged: Vec<String>,
    /// The revision of the snapshot that was written last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written_revision: Option<u64>,
    /// When that was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written_at: Option<String>,
    /// Why what is originated could not be written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// Whether everything is as configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Health {
    /// It is.
    Ok,
    /// It is not: see the reasons.
    Degraded,
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "OK",
            Self::Degraded => "DEGRADED",
        })
    }
}

/// How many routes there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RouteCounts {
    /// Prefixes of ours.
    pub originated: usize,
    /// Routes received from all peers, used or not.
    pub learned: usize,
    /// Those among them that import accepted.
    pub accepted: usize,
    /// Prefixes in the Loc-RIB.
    pub best: usize,
    /// Routes that peers are sent, over all peers.
    pub advertised: usize,
}

/// A warning of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigWarning {
    /// The key it is about.
    pub key: String,
    /// What follows from it.
    pub text: String,
}

/// How a reload went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reload {
    /// When.
    pub time: String,
    /// How.
    pub result: ReloadResult,
    /// Why it was refused, or what of it could not be done, one line each.
    pub faults: Vec<String>,
    /// Keys whose change takes effect only after a restart.
    pub restart_needed: Vec<String>,
}

/// What came of a reload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ReloadResult {
    /// The new configuration is in force.
    Applied,
    /// It is in force but for what the faults name, which is tried again with the next reload.
    Partial,
    /// The old one stays.
    Refused,
}
