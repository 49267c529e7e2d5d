//! Figures: what is measured, and what several runs of it amount to.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::daemon::Software;
use crate::limit::Limit;
use crate::scenario::Scenario;

/// What a figure says; the smaller, the better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    /// User and system time of the daemon from the first octet until it is idle again, in seconds.
    CpuSecs,
    /// From the first octet until all is there, in seconds.
    WallSecs,
    /// From the first octet of a feed to the first UPDATE that a receiver got, in milliseconds.
    FirstUpdateMillis,
    /// The most memory that the daemon had, in MiB.
    PeakMib,
    /// What that is more than before the feed, by route, in octets.
    OctetsARoute,
    /// From writing one change until a receiver has it, in milliseconds; half of them are not slower.
    ChangeP50Millis,
    /// The same for 99 of 100.
    ChangeP99Millis,
    /// CPU seconds a minute.
    CpuSecsAMinute,
    /// Memory by peer, in KiB.
    KibAPeer,
    /// From the first dial until all sessions are up, in seconds.
    UpSecs,
    /// CPU seconds until then.
    UpCpuSecs,
    /// CPU seconds from the start until all routes of its own are there.
    LoadCpuSecs,
    /// CPU seconds for ten new sessions at once.
    TenCpuSecs,
    /// From their first dial until all have all routes, in seconds.
    TenWallSecs,
    /// CPU seconds for the withdrawal of everything.
    WithdrawCpuSecs,
    /// Until the receiver knows, in seconds.
    WithdrawWallSecs,
    /// CPU seconds when the peer goes that announced everything.
    DownCpuSecs,
    /// Until the receiver knows, in seconds.
    DownWallSecs,
    /// CPU seconds when it comes back.
    AgainCpuSecs,
    /// Until the receiver has everything again, in seconds.
    AgainWallSecs,
    /// The slowest time until the receiver that reads had the whole table anew, in seconds.
    RoundWallSecs,
    /// Memory at its peak that the receiver which does not read costs, in MiB.
    MoreMib,
    /// From when it reads again until it has everything, in seconds.
    CatchUpSecs,
    /// How often each route was announced to it.
    TimesAnnounced,
    /// How often the table was announced anew meanwhile.
    Rounds,
    /// How much later than agreed a keepalive came to an idle neighbour, at worst, in milliseconds.
    KeepaliveLateMillis,
    /// Of 100 answers to `status`, the slowest but one, in milliseconds.
    StatusP99Millis,
    /// Routes that a receiver has in the end.
    RoutesThrough,
    /// UPDATEs that a receiver got.
    Updates,
    /// What this program itself used meanwhile, in seconds of CPU time.
    OurCpuSecs,
}

impl Metric {
    /// As a heading, with the unit.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CpuSecs => "CPU s",
            Self::WallSecs => "wall s",
            Self::FirstUpdateMillis => "first UPDATE ms",
            Self::PeakMib => "peak MiB",
            Self::OctetsARoute => "octets a route",
            Self::KeepaliveLateMillis => "keepalive late ms",
            Self::StatusP99Millis => "status p99 ms",
            Self::ChangeP50Millis => "one change, p50 ms",
            Self::ChangeP99Millis => "one change, p99 ms",
            Self::CpuSecsAMinute => "CPU s a minute",
            Self::KibAPeer => "KiB a peer",
            Self::UpSecs => "s to all up",
            Self::UpCpuSecs => "CPU s to all up",
            Self::LoadCpuSecs => "CPU s to load",
            Self::TenCpuSecs => "10 at once: CPU s",
            Self::TenWallSecs => "10 at once: wall s",
            Self::WithdrawCpuSecs => "withdraw all: CPU s",
            Self::WithdrawWallSecs => "withdraw all: wall s",
            Self::DownCpuSecs => "peer down: CPU s",
            Self::DownWallSecs => "peer down: wall s",
            Self::AgainCpuSecs => "peer up again: CPU s",
            Self::AgainWallSecs => "peer up again: wall s",
            Self::RoundWallSecs => "slowest round for the others: wall s",
            Self::MoreMib => "more peak MiB",
            Self::CatchUpSecs => "catch up: wall s",
            Self::TimesAnnounced => "times announced to the slow one",
            Self::Rounds => "rounds",
            Self::RoutesThrough => "routes out",
            Self::Updates => "UPDATEs out",
            Self::OurCpuSecs => "(load tool's CPU s)",
        }
    }
}

/// The figures of one run.
pub type Figures = Vec<(Metric, f64)>;

/// The figures of all runs.
#[derive(Clone, Debug, Default)]
pub struct Results {
    by_row: BTreeMap<(Scenario, Metric), BTreeMap<Software, Vec<f64>>>,
    /// What moving the octets of a whole feed costs, each time it was tried.
    pub limits: Vec<Limit>,
    /// Runs that came to nothing, and why.
    pub failures: Vec<String>,
}

impl Results {
    pub fn add(&mut self, scenario: Scenario, software: Software, figures: Figures) {
        for (metric, value) in figures {
            self.by_row.entry((scenario, metric)).or_default().entry(software).or_default().push(value);
        }
    }

    /// Rows in the order of the scenarios: what of whom came to what.
    pub fn rows(&self) -> impl Iterator<Item = ((Scenario, Metric), BTreeMap<Software, Spread>)> + '_ {
        self.by_row.iter().map(|(row, of)| {
            (*row, of.iter().filter_map(|(software, values)| Some((*software, Spread::of(values)?))).collect())
        })
    }
}

/// Several figures of the same kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    pub median: f64,
    pub min: f64,
    pub max: f64,
}

impl Spread {
    /// `None` of nothing.
    pub fn of(values: &[f64]) -> Option<Self> {
        Some(Self { median: quantile(values, 50)?, min: quantile(values, 0)?, max: quantile(values, 100)? })
    }
}

/// The value that so many percent of the others do not exceed; `None` of nothing.
pub fn quantile(values: &[f64], percent: usize) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    sorted.get((last * percent).div_ceil(100)).copied()
}

/// Milliseconds with their fractions.
pub fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// A count as a figure; up to 2^32 exact.
pub fn figure(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

/// Octets in MiB.
pub fn mib(octets: u64) -> f64 {
    figure(octets / 1024) / 1024.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let values = [5.0, 1.0, 4.0, 2.0, 3.0];
        assert_eq!(Spread::of(&values), Some(Spread { median: 3.0, min: 1.0, max: 5.0 }));
        assert_eq!(quantile(&values, 99), Some(5.0));
        assert_eq!(Spread::of(&[]), None);
    }
}
