//! What a session agreed on beyond RFC 4271, as part of a peer's answer.

use serde::{Deserialize, Serialize};

/// What was agreed, while Established.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Agreement {
    /// AS numbers have four octets (RFC 6793).
    pub four_octet_asn: bool,
    /// The peer can be asked for its routes again (RFC 2918).
    pub route_refresh: bool,
    /// Begin and end of a refresh are marked (RFC 7313).
    pub enhanced_route_refresh: bool,
    /// What becomes of the peer's routes when it restarts (RFC 4724); absent unless both sides know of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub graceful_restart: Option<RestartAgreement>,
    /// The longest message in octets, either way: 4096 or 65535 (RFC 8654).
    pub max_message_length: u16,
    /// Whether IPv4 routes may have an IPv6 next hop (RFC 8950).
    pub extended_next_hop: Directions,
    /// Path identifiers (RFC 7911), a family at a time; families without them are absent.
    pub add_path: Vec<AddPathFamily>,
    /// What we are to the peer (RFC 9234): provider, customer, peer, rs or rs-client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local_role: Option<String>,
    /// What the peer says it is to us.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer_role: Option<String>,
}

/// In which directions something goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Directions {
    /// From the peer.
    pub receive: bool,
    /// To the peer.
    pub send: bool,
}

/// A family with path identifiers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AddPathFamily {
    /// `ipv4-unicast` or `ipv6-unicast`.
    pub family: String,
    /// In which directions.
    #[serde(flatten)]
    pub directions: Directions,
}

/// What becomes of the peer's routes when it restarts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RestartAgreement {
    /// The families whose routes are kept; empty for a peer that asks for none to be.
    pub families: Vec<String>,
    /// How long it may take to come back, in seconds.
    pub restart_seconds: u64,
    /// Routes are kept after a NOTIFICATION and an expired hold timer too (RFC 8538).
    pub notification: bool,
    /// How long routes are kept after that, least preferred, by family, in seconds (RFC 9494).
    pub long_lived: Vec<LongLivedFamily>,
}

/// A family whose routes are kept after the restart time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LongLivedFamily {
    /// `ipv4-unicast` or `ipv6-unicast`.
    pub family: String,
    /// How long, in seconds.
    pub stale_seconds: u64,
}
