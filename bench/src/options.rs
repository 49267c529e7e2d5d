//! What is run: from the environment, as `make bench` is called.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::daemon::Software;
use crate::scenario::Scenario;

/// How much of what.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// Routes of a whole feed.
    #[arg(long, env = "BENCH_ROUTES", default_value_t = 1_000_000)]
    pub routes: usize,
    /// How often each scenario is run with each daemon.
    #[arg(long, env = "BENCH_RUNS", default_value_t = 3)]
    pub runs: usize,
    /// What the feeds are made from.
    #[arg(long, env = "BENCH_SEED", default_value_t = 1)]
    pub seed: u64,
    /// Scenarios to run; all if none is named.
    #[arg(long, env = "BENCH_SCENARIOS", value_delimiter = ' ')]
    pub scenarios: Vec<Scenario>,
    /// Daemons to run; all that are here if none is named.
    #[arg(long, env = "BENCH_DAEMONS", value_delimiter = ' ')]
    pub daemons: Vec<Software>,
    /// Where `aliasd` is; beside this program if not said.
    #[arg(long, env = "BENCH_BINARIES")]
    pub binaries: Option<PathBuf>,
    /// Decode what receivers got and compare it, route by route; costs time after each run.
    #[arg(long, env = "BENCH_VERIFY")]
    pub verify: bool,
    /// Idle sessions of S7.
    #[arg(long, env = "BENCH_PEERS", default_value_t = 1000)]
    pub peers: usize,
    /// How long they are watched, in seconds.
    #[arg(long, env = "BENCH_IDLE_SECS", default_value_t = 60)]
    pub idle_secs: u64,
    /// How long a receiver of S9 does not read, in seconds.
    #[arg(long, env = "BENCH_STALL_SECS", default_value_t = 60)]
    pub stall_secs: u64,
    /// An MRT file, plain or .gz, whose session is replayed.
    #[arg(long, env = "BENCH_MRT")]
    pub mrt: Option<PathBuf>,
    /// Only write the UPDATEs of the feed into this file.
    #[arg(long)]
    pub write_feed: Option<PathBuf>,
    /// How long one wait may take, in seconds.
    #[arg(long, env = "BENCH_LIMIT_SECS", default_value_t = 300)]
    pub limit_secs: u64,
}

impl Options {
    /// The scenarios that are wanted; without a recording none is replayed.
    pub fn scenarios(&self) -> Vec<Scenario> {
        let playable = |scenario: &&Scenario| self.mrt.is_some() || **scenario != Scenario::Mrt;
        let wanted = if self.scenarios.is_empty() { Scenario::value_variants() } else { &self.scenarios };
        wanted.iter().filter(playable).copied().collect()
    }

    /// The daemons that are wanted, in the order of the table.
    pub fn daemons(&self) -> Vec<Software> {
        Software::ALL.into_iter().filter(|one| self.daemons.is_empty() || self.daemons.contains(one)).collect()
    }
}
