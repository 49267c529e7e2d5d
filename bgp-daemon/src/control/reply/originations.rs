//! `GET /v1/originations` and `GET /v1/config`: what it takes to compute with the daemon's state elsewhere.

use serde::{Deserialize, Serialize};

use super::ApiVersion;
use crate::config::Written;
use crate::origination::Owners;
use crate::origination::report::RouteFacts;

/// A page of what is originated, ascending by prefix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OriginationsReply {
    /// The version of the reply.
    pub api_version: ApiVersion,
    /// Pages with the same stand are of the same state.
    pub stand: Stand,
    /// What is originated.
    pub originations: Vec<OriginationEntry>,
    /// Pass it as `after` for what follows; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}

/// What originations were made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stand {
    /// The revision of the snapshot; absent while nothing is originated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// The digest of the snapshot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The digest of the configuration in force.
    pub config_digest: String,
    /// The hash of what is held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<String>,
}

/// One origination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OriginationEntry {
    /// The prefix.
    pub prefix: String,
    /// What it carries.
    #[serde(flatten)]
    pub facts: RouteFacts,
    /// Whose addresses they are.
    pub owners: Owners,
    /// What of it is in use, or was within the window of the guard; absent when that is all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_use: Option<Vec<String>>,
}

/// The configuration in force, as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigReply {
    /// The version of the reply.
    pub api_version: ApiVersion,
    /// A SHA-256 over its texts.
    pub digest: String,
    /// Its texts.
    pub config: Written,
}
