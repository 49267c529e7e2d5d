//! Why there is no answer.

use serde::{Deserialize, Serialize};

use super::ApiVersion;

/// The body of every reply that is not 200.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorReply {
    /// The version of the reply.
    pub api_version: ApiVersion,
    /// What is wrong.
    pub error: ErrorBody,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorBody {
    /// The HTTP status.
    pub code: u16,
    /// Its name, as `INVALID_ARGUMENT` or `NOT_FOUND`.
    pub status: String,
    /// For people: all of it in one line.
    pub message: String,
    /// The parameters that are wrong, all of them.
    pub errors: Vec<ParameterFault>,
    /// The names that there are, where one was asked for that is not.
    pub known: Vec<String>,
}

/// A parameter that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ParameterFault {
    /// Its name.
    pub parameter: String,
    /// The value as given; absent when the parameter is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// What was expected.
    pub expected: String,
}
