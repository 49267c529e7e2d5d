//! `GET /v1/lookup/{address}`.

use serde::{Deserialize, Serialize};

use super::{ApiVersion, Route};

/// Where packets to an address go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LookupReply {
    /// The version of the reply.
    pub api_version: ApiVersion,
    /// The address asked for.
    pub address: String,
    /// The longest prefix of the Loc-RIB that holds it.
    pub prefix: String,
    /// Every path to that prefix: the best first, then those that lost, then those that took no part.
    pub paths: Vec<Route>,
}
