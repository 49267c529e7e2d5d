//! The scenarios, each a story that is told to one daemon at a time.

mod transit;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;

pub use transit::asn as feeder_asn;

use crate::daemon::Program;
use crate::feed::Feed;
use crate::limit::{self, Limit};
use crate::measure::Figures;

/// What is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Scenario {
    /// One feed to one receiver.
    S1,
    /// Ten feeds of the same tenth to one receiver.
    S2,
    /// Four feeds of a quarter each to ten receivers.
    S3,
}

impl Scenario {
    /// Its number and what it is.
    pub const fn title(self) -> &'static str {
        match self {
            Self::S1 => "S1: 1 feed to 1 receiver",
            Self::S2 => "S2: 10 feeds of the same tenth to 1 receiver",
            Self::S3 => "S3: 4 feeds of a quarter each to 10 receivers",
        }
    }

    /// Plays it once.
    pub fn play(self, stage: &Stage, program: &Program) -> Result<Figures> {
        match self {
            Self::S1 => transit::one_to_one(stage, program),
            Self::S2 => transit::the_same_from_ten(stage, program),
            Self::S3 => transit::four_to_ten(stage, program),
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
    /// How long one run may take.
    pub limit: Duration,
    /// Whether what was received is decoded and compared.
    pub verify: bool,
}

impl Stage {
    /// What it costs to move and frame the octets of the whole feed, and nothing else.
    pub fn limit_of_feed(&self) -> Result<Limit> {
        limit::measure(&self.feed.announcement(&transit::announcer(1)?), self.feed.len())
    }
}
