//! `GET /v1/guard`, and the answer to a release.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ApiVersion;
use crate::origination::EndedSessions;
use crate::origination::guard::{HeldRoute, Reason, Tally, Window};

/// What the guard holds and why, with a page of what is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GuardReply {
    /// The version of the reply.
    pub api_version: ApiVersion,
    /// The guard as a whole.
    pub state: GuardStanding,
    /// The time by the guard's clock.
    pub time: String,
    /// The same in milliseconds since 1970.
    pub time_millis: u64,
    /// What may be withdrawn.
    pub budgets: Budgets,
    /// What was withdrawn in the last window, of all together first, then of each peer of which something was.
    pub withdrawn: Vec<Withdrawn>,
    /// The same as it is remembered, for those who compute with it.
    pub window: Window,
    /// What is held; absent when nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<HoldSummary>,
    /// A configuration that is held as a whole for the sessions that it ends; absent when none is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_configuration: Option<EndedSessions>,
    /// What is held, ascending by prefix.
    pub routes: Vec<HeldEntry>,
    /// Pass it as `after` for what follows; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}

/// Whether something is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum GuardStanding {
    /// Nothing is.
    Passing,
    /// Withdrawals wait for a release.
    Holding,
    /// The guard is switched off.
    Off,
}

impl fmt::Display for GuardStanding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Passing => "PASSING",
            Self::Holding => "HOLDING",
            Self::Off => "OFF",
        })
    }
}

/// `[guard]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Budgets {
    /// Most prefixes in a window.
    pub max_withdraw_prefixes: u64,
    /// Most percent of the prefixes.
    pub max_withdraw_percent: u8,
    /// Most percent of the addresses of a family.
    pub max_withdraw_addresses_percent: u8,
    /// Prefixes that may go whatever the percentages.
    pub always_allowed_prefixes: u64,
    /// The window.
    pub window_secs: u64,
    /// What is never withdrawn unless released.
    pub protected: Vec<String>,
}

/// What was withdrawn from somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Withdrawn {
    /// The peer; absent for all together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// How much.
    #[serde(flatten)]
    pub tally: Tally,
}

/// What is held as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HoldSummary {
    /// What it is released by.
    pub hash: String,
    /// Since when.
    pub since: String,
    /// The same in milliseconds since 1970.
    pub since_millis: u64,
    /// How long that is.
    pub held_seconds: u64,
    /// How many withdrawals.
    pub withdrawals: usize,
    /// Why, as text; the limits that they go beyond, and by how much.
    pub why: Vec<String>,
    /// The same as numbers.
    pub reasons: Vec<Reason>,
}

/// One withdrawal that is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeldEntry {
    /// The prefix.
    pub prefix: String,
    /// Who would lose it, and what for.
    #[serde(flatten)]
    pub route: HeldRoute,
}

/// What a release came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseReply {
    /// The version of the reply.
    pub api_version: ApiVersion,
    /// What was released.
    pub hash: String,
    /// How many withdrawals it let go.
    pub withdrawals: usize,
}
