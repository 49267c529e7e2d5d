//! One daemon on the stage with our speakers around it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::Stage;
use crate::daemon::{Program, Running, Scene};
use crate::idle::wait_until_idle;
use crate::measure::{Figures, Metric, figure, mib, millis, quantile};
use crate::speakers::{Keep, Peer, Speakers};
use crate::status::StatusPoller;
use crate::usage::{Group, our_cpu};

/// How long sessions may take to come up.
const UP: Duration = Duration::from_secs(120);

/// A daemon and our speakers, in the order of its neighbours.
#[derive(Debug)]
pub struct Play {
    pub running: Running,
    pub speakers: Speakers,
    pub group: Group,
    limit: Duration,
}

impl Play {
    /// Starts the daemon; nobody dials yet.
    pub fn begin(stage: &Stage, program: &Program, scene: &Scene) -> Result<Self> {
        let running = Running::start(program, scene, &stage.folder)?;
        let identities = scene.neighbors.iter().map(|neighbor| neighbor.identity.clone());
        let speakers = Speakers::new(running.address(), identities)?;
        Ok(Self { group: running.group(), running, speakers, limit: stage.limit })
    }

    /// Brings these sessions up; returns how long that took.
    pub fn establish(&mut self, places: std::ops::Range<usize>) -> Result<Duration> {
        let start = Instant::now();
        let up = self.speakers.establish(places, UP);
        Ok(self.or_last_words(up)?.duration_since(start))
    }

    /// Lets the sessions go on until `done` says so.
    pub fn until(&mut self, what: &str, done: impl FnMut(&mut [Peer]) -> bool) -> Result<Instant> {
        let driven = self.speakers.drive(what, self.limit, done);
        self.or_last_words(driven)
    }

    /// Lets the sessions go on until the daemon has nothing more to do.
    pub fn settle(&mut self) -> Result<()> {
        let waited = wait_until_idle(&mut self.speakers, self.group);
        self.or_last_words(waited)
    }

    /// Starts counting: what these speakers hear from here on, and what the daemon costs.
    pub fn meter(&mut self, places: std::ops::Range<usize>, keep: Keep) -> Result<Meter> {
        for place in places {
            self.speakers.peer_mut(place)?.heard.reset(keep);
        }
        Meter::start(self.group)
    }

    /// Lets the first speaker announce this many routes, and the second take them; all is quiet when this returns. The octets
    /// are written beforehand: who waits for them would hear keepalives late.
    pub fn load(&mut self, announcement: &Arc<[u8]>, routes: usize) -> Result<()> {
        self.speakers.peer_mut(0)?.say(Arc::clone(announcement));
        let all = u64::try_from(routes)?;
        self.until("the table is loaded", |peers| peers.get(1).is_some_and(|peer| peer.heard.balance() >= all))?;
        self.settle()
    }

    /// A daemon that ended says more than a session that broke.
    fn or_last_words<T>(&mut self, result: Result<T>) -> Result<T> {
        result.or_else(|error| self.running.still_runs().and(Err(error)))
    }
}

/// What something costs, from its start on.
#[derive(Clone, Copy, Debug)]
pub struct Meter {
    group: Group,
    pub start: Instant,
    cpu: Duration,
    ours: Duration,
    memory: u64,
}

impl Meter {
    /// From now on.
    pub fn start(group: Group) -> Result<Self> {
        Ok(Self { group, cpu: group.cpu()?, ours: our_cpu()?, memory: group.memory_now()?, start: Instant::now() })
    }

    /// CPU seconds until now.
    pub fn cpu_secs(&self) -> Result<f64> {
        Ok(self.group.cpu()?.saturating_sub(self.cpu).as_secs_f64())
    }

    /// How much more memory there is than at the start, in octets.
    pub fn grown(&self) -> Result<u64> {
        Ok(self.group.memory_now()?.saturating_sub(self.memory))
    }

    /// CPU seconds of this program until now.
    pub fn our_cpu_secs(&self) -> Result<f64> {
        Ok(our_cpu()?.saturating_sub(self.ours).as_secs_f64())
    }

    /// The most memory there was, and what that is more than at the start, by route.
    pub fn memory(&self, routes: usize) -> Result<Figures> {
        let peak = self.group.peak_memory()?;
        let more = figure(peak.saturating_sub(self.memory));
        Ok(vec![(Metric::PeakMib, mib(peak)), (Metric::OctetsARoute, more / figure(u64::try_from(routes)?))])
    }
}

/// The idle neighbour at a place, and the questions of an operator, while something goes on.
#[derive(Debug)]
pub struct Watch {
    place: usize,
    poller: StatusPoller,
}

impl Watch {
    /// Starts watching.
    pub fn start(play: &mut Play, place: usize) -> Result<Self> {
        play.speakers.peer_mut(place)?.heard.reset(Keep::Count);
        Ok(Self { place, poller: StatusPoller::start(&play.running) })
    }

    /// How late keepalives were, and answers.
    pub fn stop(self, play: &Play) -> Result<Figures> {
        let peer = play.speakers.peer(self.place)?;
        let late = peer.heard.silence(Instant::now()).saturating_sub(peer.hold_time / 3);
        anyhow::ensure!(peer.heard.announced == 0, "the idle neighbour was sent routes");
        let mut figures = vec![(Metric::KeepaliveLateMillis, millis(late))];
        figures.extend(quantile(&self.poller.stop()?, 99).map(|p99| (Metric::StatusP99Millis, p99)));
        Ok(figures)
    }
}
