//! `GET /v1/peers/{name}/faults`: the last UPDATEs of a peer that had faults, whole (RFC 7606 section 6).

use serde::{Deserialize, Serialize};

use super::ApiVersion;

/// What is kept of a peer's faulty UPDATEs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PeerFaultsReply {
    /// The version of the reply.
    pub api_version: ApiVersion,
    /// The peer.
    pub peer: String,
    /// How many there were since the daemon or the peer was started.
    pub faulty_updates: u64,
    /// The last of them, newest first.
    pub result: Vec<FaultyUpdateEntry>,
}

/// One UPDATE with faults.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FaultyUpdateEntry {
    /// Its number among them, from 1.
    pub number: u64,
    /// When it came.
    pub time: String,
    /// What it cost: `attribute-discard`, `treat-as-withdraw` or `session-reset`.
    pub disposition: String,
    /// Why it cost the session; absent when it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The first of its faults, in the order of the message.
    pub faults: Vec<FaultEntry>,
    /// How many it had.
    pub fault_count: usize,
    /// The first of its routes; a path identifier follows the prefix after `#`.
    pub routes: Vec<String>,
    /// How many it had.
    pub route_count: usize,
    /// Octets of the message.
    pub length: usize,
    /// The message with its header, in hexadecimal.
    pub hex: String,
}

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FaultEntry {
    /// The attribute's type code; 0 when the fault lies in the framing of the attributes.
    pub code: u8,
    /// The attribute's name, where it is one that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What is wrong, with the value found and the one expected.
    pub text: String,
    /// What it cost.
    pub disposition: String,
}
