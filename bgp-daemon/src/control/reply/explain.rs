//! `GET /v1/explain`.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ApiVersion;

/// Why an address or a prefix is advertised, or where the chain breaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplainReply {
    /// The version of the reply.
    pub api_version: ApiVersion,
    /// The prefix asked for; an address is its own /32 or /128.
    pub target: String,
    /// What comes of it in all.
    pub outcome: Outcome,
    /// The links, from the inventory to each peer.
    pub chain: Vec<ChainStep>,
    /// The first link that breaks the whole chain; absent when it holds for at least one peer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken_at: Option<String>,
}

/// What comes of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Outcome {
    /// It is ours, and at least one of the peers asked about is told.
    Advertised,
    /// It is ours, and none of them is.
    NotAdvertised,
    /// It is not ours; a route to it was learned and is used.
    Learned,
    /// It is not ours; routes to it were learned and none is used.
    Rejected,
    /// It is not ours, and no peer sent a route to it.
    Unknown,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Advertised => "advertised",
            Self::NotAdvertised => "not advertised",
            Self::Learned => "learned",
            Self::Rejected => "learned, not used",
            Self::Unknown => "unknown",
        })
    }
}

/// One link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChainStep {
    /// Which.
    pub step: Step,
    /// Whether it holds.
    pub ok: bool,
    /// What is found there, in one line.
    pub text: String,
    /// More, one line each.
    pub details: Vec<String>,
}

impl ChainStep {
    /// A link that holds.
    pub fn holds(step: Step, text: impl Into<String>) -> Self {
        Self { step, ok: true, text: text.into(), details: Vec::new() }
    }

    /// A link that does not.
    pub fn broken(step: Step, text: impl Into<String>) -> Self {
        Self { step, ok: false, text: text.into(), details: Vec::new() }
    }

    /// The same with details.
    #[must_use]
    pub fn with(mut self, details: impl IntoIterator<Item = String>) -> Self {
        self.details.extend(details);
        self
    }
}

/// The links there are, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Step {
    /// The snapshot in use.
    Inventory,
    /// The range of a subnetwork that holds the target.
    Range,
    /// What the addresses are given to.
    Owner,
    /// The `[[advertise]]` that matches the range.
    Rule,
    /// The prefix that is originated.
    Origination,
    /// What import says of learned routes.
    Import,
    /// The path in the Loc-RIB.
    BestPath,
    /// Whether a peer is told.
    Export,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Inventory => "inventory",
            Self::Range => "range",
            Self::Owner => "owner",
            Self::Rule => "rule",
            Self::Origination => "origination",
            Self::Import => "import",
            Self::BestPath => "best path",
            Self::Export => "export",
        })
    }
}
