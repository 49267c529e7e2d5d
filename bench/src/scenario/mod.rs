//! The scenarios, each a story that is told to one daemon at a time.

mod cast;
mod change;
mod crowd;
mod down;
mod originated;
mod play;
mod policy;
mod stalled;
mod transit;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};

pub use cast::{announcer, asn as feeder_asn};

use crate::daemon::{Program, Software};
use crate::limit::{self, Limit};
use crate::measure::Figures;
use feed::Feed;

/// What is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Scenario {
    /// One feed to one receiver.
    S1,
    /// Ten feeds of the same tenth to one receiver.
    S2,
    /// Four feeds of a quarter each to ten receivers.
    S3,
    /// All routes originated, and new sessions to the loaded daemon.
    S4,
    /// One change after the other in a full table.
    S5,
    /// One change of a tenth of the routes, originated, by a reload.
    S6,
    /// Many idle sessions.
    S7,
    /// Everything withdrawn, the peer lost, the peer back.
    S8,
    /// A receiver that does not read for a while.
    S9,
    /// Another policy for a full table.
    S10,
    /// A recorded session to one receiver.
    Mrt,
}

impl Scenario {
    /// Its number and what it is.
    pub const fn title(self) -> &'static str {
        match self {
            Self::S1 => "S1: 1 feed to 1 receiver",
            Self::S2 => "S2: 10 feeds of the same tenth to 1 receiver",
            Self::S3 => "S3: 4 feeds of a quarter each to 10 receivers",
            Self::S4 => "S4: all originated, 1 new session",
            Self::S5 => "S5: one change in a full table",
            Self::S6 => "S6: 1 change of a tenth, by reload",
            Self::S7 => "S7: idle sessions, hold time 15 s",
            Self::S8 => "S8: everything goes and comes back",
            Self::S9 => "S9: one receiver does not read",
            Self::S10 => "S10: another policy, all anew",
            Self::Mrt => "a recorded session to 1 receiver",
        }
    }

    /// Why a daemon cannot play it; `None` if it can.
    pub const fn lacks(self, software: Software) -> Option<&'static str> {
        match (self, software) {
            (Self::S4 | Self::S6, Software::Gobgp) => Some("its configuration has no routes"),
            (Self::S10, Software::Gobgp) => Some("its configuration sets no mark that can be changed by a reload"),
            _ => None,
        }
    }

    /// Plays it once.
    pub fn play(self, stage: &Stage, program: &Program) -> Result<Figures> {
        match self {
            Self::S1 => transit::one_to_one(stage, program),
            Self::S2 => transit::the_same_from_ten(stage, program),
            Self::S3 => transit::four_to_ten(stage, program),
            Self::S4 => originated::new_sessions(stage, program),
            Self::S5 => change::one_by_one(stage, program),
            Self::S6 => originated::one_change(stage, program),
            Self::S7 => crowd::idle(stage, program),
            Self::S8 => down::withdraw_and_lose(stage, program),
            Self::S9 => stalled::one_does_not_read(stage, program),
            Self::S10 => policy::another(stage, program),
            Self::Mrt => transit::recorded(stage, program, stage.mrt.as_ref().context("no recording is named")?),
        }
    }
}

/// What all scenarios share.
#[derive(Debug)]
pub struct Stage {
    /// All the routes.
    pub feed: Feed,
    /// Where runs leave their files.
    pub folder: PathBuf,
    /// How long one wait may take.
    pub limit: Duration,
    /// Whether what was received is decoded and compared.
    pub verify: bool,
    /// Idle sessions of S7.
    pub peers: usize,
    /// How long they are watched.
    pub idle_secs: u64,
    /// How long a receiver of S9 does not read.
    pub stall_secs: u64,
    /// A recording to be replayed.
    pub mrt: Option<PathBuf>,
}

impl Stage {
    /// What it costs to move and frame the octets of the whole feed, and nothing else.
    pub fn limit_of_feed(&self) -> Result<Limit> {
        limit::measure(&self.feed.announcement(&announcer(1)?), self.feed.len())
    }
}
