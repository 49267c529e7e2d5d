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
    /// How long one run may take, in seconds.
    #[arg(long, env = "BENCH_LIMIT_SECS", default_value_t = 300)]
    pub limit_secs: u64,
}

impl Options {
    /// The scenarios that are wanted.
    pub fn scenarios(&self) -> Vec<Scenario> {
        if self.scenarios.is_empty() { Scenario::value_variants().to_vec() } else { self.scenarios.clone() }
    }

    /// The daemons that are wanted, in the order of the table.
    pub fn daemons(&self) -> Vec<Software> {
        Software::ALL.into_iter().filter(|one| self.daemons.is_empty() || self.daemons.contains(one)).collect()
    }
}
