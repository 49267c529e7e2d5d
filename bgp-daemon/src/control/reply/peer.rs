//! `GET /v1/peers` and `GET /v1/peers/{name}`: the Compute API's `bgpPeerStatus[]`, and more.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Agreement, ApiVersion};
use crate::origination::report::is_zero;

/// The peers asked for, in the order of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PeersReply {
    /// The version of the reply.
    pub api_version: ApiVersion,
    /// The peers.
    pub bgp_peer_status: Vec<BgpPeerStatus>,
}

/// One peer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BgpPeerStatus {
    /// Its name.
    pub name: String,
    /// Free text of the configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether it is to have a session.
    pub enabled: bool,
    /// Our address of the session; absent until one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_address: Option<String>,
    /// Its address.
    pub peer_ip_address: String,
    /// Its AS number.
    pub peer_asn: u32,
    /// Whether that is ours.
    pub peer_kind: PeerKindName,
    /// Its BGP Identifier, while Established.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer_router_id: Option<String>,
    /// UP while Established.
    pub status: UpDown,
    /// The state of RFC 4271: Idle, Connect, Active, OpenSent, OpenConfirm or Established.
    pub state: String,
    /// Why it is not UP; absent when it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_reason: Option<String>,
    /// Since when it is in this state; absent when it is not enabled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_since: Option<String>,
    /// How long it has been in this state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_seconds: Option<u64>,
    /// How long it has been Established; absent unless it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uptime_seconds: Option<String>,
    /// Routes received from it, used or not.
    pub num_learned_routes: usize,
    /// Those among them that import accepted.
    pub num_accepted_routes: usize,
    /// Routes it is sent.
    pub num_advertised_routes: usize,
    /// The first [`BgpPeerStatus::ADVERTISED_SHOWN`] of those; only when one peer is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advertised_routes: Option<Vec<AdvertisedRoute>>,
    /// Whether IPv4 routes are offered.
    pub enable_ipv4: bool,
    /// Whether IPv6 routes are offered.
    pub enable_ipv6: bool,
    /// The configured next hop of IPv4 routes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipv4_nexthop_address: Option<String>,
    /// The configured next hop of IPv6 routes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipv6_nexthop_address: Option<String>,
    /// MULTI_EXIT_DISC of our routes that carry none.
    pub advertised_route_priority: u32,
    /// How many routes of one family it may send.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_prefixes: Option<usize>,
    /// How many prefixes of one family it takes; it is sent at most one fewer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_prefixes_out: Option<usize>,
    /// What RFC 8212 makes of missing rules: nothing is accepted, nothing is advertised.
    pub policy_notices: Vec<String>,
    /// The agreed hold time, while Established; 0 for no keepalives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold_time_secs: Option<u16>,
    /// What else was agreed, while Established.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agreed: Option<Agreement>,
    /// The negotiated families, while Established.
    pub families: Vec<FamilyStatus>,
    /// Messages received since the daemon or the peer was started.
    pub messages_received: Messages,
    /// Messages sent since then.
    pub messages_sent: Messages,
    /// How often Established was reached.
    pub established_count: u64,
    /// Failed attempts in a row.
    pub failed_attempts: u32,
    /// UPDATEs with faults (RFC 7606); `/v1/peers/{name}/faults` shows the last of them.
    pub faulty_updates: u64,
    /// UPDATEs that wait for the peer's TCP.
    pub queued_updates: u64,
    /// How often its task has failed, by a defect of aliasd, and was started again; absent for never.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub task_failures: u32,
    /// When and why a session or an attempt ended last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<LastError>,
}

impl BgpPeerStatus {
    /// Advertised routes shown with one peer; `routes?view=advertised` has all.
    pub const ADVERTISED_SHOWN: usize = 100;
}

/// Whether a session is Established.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum UpDown {
    /// It is.
    Up,
    /// It is not.
    #[default]
    Down,
    /// Its task did not answer in time.
    Unknown,
}

impl fmt::Display for UpDown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Up => "UP",
            Self::Down => "DOWN",
            Self::Unknown => "UNKNOWN",
        })
    }
}

/// Whether a peer is in our AS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum PeerKindName {
    /// In another AS.
    #[default]
    External,
    /// In ours.
    Internal,
}

impl fmt::Display for PeerKindName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::External => "external",
            Self::Internal => "internal",
        })
    }
}

/// A route that the peer is sent, as the Compute API's `Route`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AdvertisedRoute {
    /// The destination.
    pub dest_range: String,
    /// Its MULTI_EXIT_DISC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<u32>,
    /// Its next hop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_hop_ip: Option<String>,
}

/// What a negotiated family of a peer holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FamilyStatus {
    /// `ipv4-unicast` or `ipv6-unicast`.
    pub family: String,
    /// Routes received, by what became of them.
    pub received: ImportCounts,
    /// Routes sent.
    pub advertised: usize,
    /// Announcements and withdrawals that wait to be handed out.
    pub pending: usize,
    /// Announcements among them for which the peer has no room (`max_prefixes_out`).
    pub held_back: usize,
    /// How many prefixes more it can be told of; only with `max_prefixes_out`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headroom: Option<usize>,
    /// The peer has sent its End-of-RIB.
    pub end_of_rib_received: bool,
    /// Ours was handed out.
    pub end_of_rib_sent: bool,
}

/// Received routes by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportCounts {
    /// All.
    pub total: usize,
    /// Accepted.
    pub accepted: usize,
    /// Rejected by an import rule or because none matched.
    pub rejected_by_policy: usize,
    /// Rejected for our AS in AS_PATH, or a reflection loop.
    pub looped: usize,
    /// Rejected as a route leak (RFC 9234).
    #[serde(default)]
    pub leaked: usize,
    /// Rejected as equal to or inside our own ranges.
    pub own_range: usize,
    /// Rejected as martian, or as a default route that no rule names.
    pub martian: usize,
    /// Rejected for the next hop.
    pub next_hop_ineligible: usize,
    /// Those of all that the peer is still to announce again, after a restart or in a refresh.
    pub stale: usize,
    /// Not kept, over the prefix limit.
    pub over_limit: u64,
}

/// Messages by type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Messages {
    /// OPEN.
    pub open: u64,
    /// UPDATE.
    pub update: u64,
    /// NOTIFICATION.
    pub notification: u64,
    /// KEEPALIVE.
    pub keepalive: u64,
    /// ROUTE-REFRESH.
    pub route_refresh: u64,
}

/// How a session or an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LastError {
    /// When.
    pub time: String,
    /// Why.
    pub text: String,
}
