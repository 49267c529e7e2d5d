//! Snapshots and rules into the table, past the guard: prepared, judged, and only then done.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tracing::{error, info, warn};

use super::audit::{Audit, Entry};
use crate::config::Config;
use crate::control::Clock;
use crate::inventory::Snapshot;
use crate::journal::Record;
use crate::origination::audience::HeldExports;
use crate::origination::guard::{Guard, GuardState, Hold, Tallies, Verdict};
use crate::origination::{self, Advance, Current, Ended, Memory, OriginationSet, Owners, Plan, Resumption, Wanted};
use crate::rib_owner::{Gone, OriginationChange, RibHandle, Routes};

/// Reasons of a hold that are logged.
const LOGGED_REASONS: usize = 10;

/// What is to be originated next, and how the table comes to it.
#[derive(Debug)]
pub(super) struct Prepared {
    rules: Arc<Config>,
    step: Advance,
    released: Option<Release>,
    /// What is written of it once it is done.
    entry: Option<Entry>,
}

/// What a person lets go.
#[derive(Clone, Debug)]
pub(super) struct Release {
    /// The hash of exactly what.
    pub hash: String,
    /// Who says so.
    pub by: String,
}

impl Prepared {
    /// What peers are to be told beyond what their rules say.
    pub const fn held_exports(&self) -> &HeldExports {
        &self.step.next.held_exports
    }

    /// How many withdrawals a release lets go.
    pub const fn released(&self) -> usize {
        self.step.verdict.released.len()
    }
}

/// What is originated now.
#[derive(Debug)]
pub(super) struct Originator {
    rib: RibHandle,
    clock: Clock,
    current: Option<Current>,
    /// The configuration whose rules made it.
    rules: Option<Arc<Config>>,
    guard: Guard,
    memory: Arc<Mutex<Memory>>,
    pub(super) audit: Audit,
    published: watch::Sender<Option<Arc<OriginationSet>>>,
    published_guard: watch::Sender<Arc<GuardState>>,
}

impl Originator {
    /// Originates nothing yet.
    pub fn new(rib: RibHandle, clock: Clock, audit: Audit) -> Self {
        let published_guard = watch::Sender::new(Arc::new(GuardState::default()));
        let (guard, published) = (Guard::default(), watch::Sender::new(None));
        let memory = Arc::default();
        Self { rib, clock, current: None, rules: None, guard, memory, audit, published, published_guard }
    }

    /// What is originated, for those who ask.
    pub fn published(&self) -> watch::Receiver<Option<Arc<OriginationSet>>> {
        self.published.subscribe()
    }

    /// What the guard remembers, for those who ask.
    pub fn published_guard(&self) -> watch::Receiver<Arc<GuardState>> {
        self.published_guard.subscribe()
    }

    /// The snapshot that what is originated was made from.
    pub fn snapshot(&self) -> Option<Arc<Snapshot>> {
        self.current.as_ref().map(|current| Arc::clone(&current.set.snapshot))
    }

    /// What is held.
    pub fn hold(&self) -> Option<Arc<Hold>> {
        self.guard.state().hold.clone()
    }

    /// What peers are told beyond what their rules say.
    pub fn held_exports(&self) -> HeldExports {
        self.current.as_ref().map_or_else(HeldExports::new, |current| current.held_exports.clone())
    }

    /// Originates what was originated before a restart, as it was, with what was held: what differs by the configuration of
    /// now is a change like any other, once the source was read.
    ///
    /// # Errors
    /// [`Gone`] when the daemon is going down.
    pub async fn restore(&mut self, record: Record, config: Arc<Config>) -> Result<(), Gone> {
        let (now, rules) = (self.clock.now(), Arc::clone(&config));
        let memory = Arc::clone(&self.memory);
        let compute = move || {
            let Record { snapshot, originations, guard, told_by } = record;
            let guard = guard.restored(now);
            if let Some(Err(faults)) = told_by.as_ref().map(|written| written.read()) {
                warn!(%faults, "the configuration of before the restart cannot be read any more: `export` is taken as it is now");
            }
            let before = Resumption { snapshot, originations, guard, told_by };
            let next = origination::resume(before, &mut remembered(&memory), config, now);
            let change = Arc::new(Plan::from_nothing(&next.set.originations));
            let verdict = Verdict { hold: next.set.guard.hold.clone(), ..Verdict::default() };
            Advance { next, change, verdict }
        };
        let step = tokio::task::spawn_blocking(compute).await.map_err(|_| Gone)?;
        self.commit(Prepared { rules, step, released: None, entry: None })
    }

    /// What this snapshot and these rules come to, for the peers of the same configuration. Nothing is told to the table
    /// yet.
    ///
    /// # Errors
    /// [`Gone`] when the daemon is going down.
    pub async fn prepare(&self, snapshot: Arc<Snapshot>, config: Arc<Config>) -> Result<Prepared, Gone> {
        self.compute(snapshot, Arc::clone(&config), config, None).await
    }

    /// What the peers of another configuration come to, with snapshot and rules as they are; `None` while there are none.
    ///
    /// # Errors
    /// [`Gone`] when the daemon is going down.
    pub async fn prepare_peers(&self, config: Arc<Config>) -> Result<Option<Prepared>, Gone> {
        let (Some(current), Some(rules)) = (&self.current, &self.rules) else { return Ok(None) };
        let snapshot = Arc::clone(&current.set.snapshot);
        self.compute(snapshot, Arc::clone(rules), config, None).await.map(Some)
    }

    /// What comes of a release of what is held; `None` while there is nothing.
    ///
    /// # Errors
    /// [`Gone`] when the daemon is going down.
    pub async fn prepare_release(&self, release: Release) -> Result<Option<Prepared>, Gone> {
        let (Some(current), Some(rules)) = (&self.current, &self.rules) else { return Ok(None) };
        let (snapshot, config) = (Arc::clone(&current.set.snapshot), Arc::clone(&current.config));
        self.compute(snapshot, Arc::clone(rules), config, Some(release)).await.map(Some)
    }

    /// What a configuration takes from everybody by the sessions that it ends.
    ///
    /// # Errors
    /// [`Gone`] when the daemon is going down.
    pub async fn ended_sessions(&self, config: Arc<Config>) -> Result<Ended, Gone> {
        let Some(current) = self.current.clone() else { return Ok(Ended::default()) };
        let (guard, now) = (self.guard.clone(), self.clock.now());
        let compute = move || origination::ended_sessions(&current, &config, &guard, now);
        tokio::task::spawn_blocking(compute).await.map_err(|_| Gone)
    }

    /// Counts as withdrawn what goes with the sessions that this configuration ends.
    pub fn count_ended(&mut self, passing: &Tallies, config: &Config) {
        self.guard.count(passing, &config.guard, self.clock.now());
    }

    /// Measures by what a person let go with such sessions no more.
    pub fn forget_ended(&mut self, let_go: &Tallies) {
        self.guard.forget(let_go);
    }

    async fn compute(
        &self,
        snapshot: Arc<Snapshot>,
        rules: Arc<Config>,
        config: Arc<Config>,
        released: Option<Release>,
    ) -> Result<Prepared, Gone> {
        let (current, guard, now) = (self.current.clone(), self.guard.clone(), self.clock.now());
        let audited = self.audit.is_enabled();
        let memory = Arc::clone(&self.memory);
        let compute = move || {
            let current = current.as_ref();
            let owners = |prefix: &_| current.map_or_else(Owners::default, |current| current.owners(prefix));
            let hash = released.as_ref().map(|release| release.hash.as_str());
            let wanted = Wanted { snapshot, rules: &rules, config, released: hash };
            let step = origination::prepare(owners, current, &mut remembered(&memory), wanted, &guard, now);
            let by = released.as_ref().filter(|_| !step.verdict.released.is_empty()).map(|release| release.by.clone());
            let entry = audited.then(|| Entry::of(current, &step, by, now)).flatten();
            Prepared { rules, step, released, entry }
        };
        // A large inventory takes long enough to be in the way of others on a worker of the runtime.
        tokio::task::spawn_blocking(compute).await.map_err(|_| Gone)
    }

    /// Returns when something that is held down no longer is, and originations are to be prepared anew; never while
    /// nothing is.
    pub async fn hold_down_ends(&self) {
        let end = remembered(&self.memory).next_end();
        let Some(end) = end else { return std::future::pending().await };
        tokio::time::sleep(end.duration_since(self.clock.now()).unwrap_or_default()).await;
    }

    /// Originates what was prepared last: the table is told of the difference only.
    ///
    /// # Errors
    /// [`Gone`] when the table has stopped.
    pub fn commit(&mut self, Prepared { rules, step, released, entry }: Prepared) -> Result<(), Gone> {
        let Advance { next, change, verdict } = step;
        if !change.is_empty() {
            info!(
                revision = next.set.snapshot.revision,
                originated = next.set.originations.len(),
                announced = change.announce.len(),
                withdrawn = change.withdraw.len(),
                held = verdict.hold.as_ref().map_or(0, |hold| hold.routes.len()),
                "originations change"
            );
        }
        log(self.guard.state().hold.as_deref(), verdict.hold.as_deref(), released.is_some());
        let own_ranges = |current: &Current| origination::own_ranges(&current.set.snapshot);
        let ranges = own_ranges(&next);
        let ranges = Some(ranges).filter(|ranges| self.current.as_ref().map(own_ranges).as_ref() != Some(ranges));
        if !change.is_empty() || ranges.is_some() {
            self.rib.change_originations(OriginationChange {
                originate: Routes::made_by(change.routes()),
                withdraw: change.withdraw.clone(),
                own_ranges: ranges,
            })?;
        }
        if let Some(entry) = entry {
            self.audit.note(entry);
        }
        self.guard = Guard::new(next.set.guard.clone());
        self.published_guard.send_replace(Arc::new(self.guard.state().clone()));
        self.published.send_replace(Some(Arc::clone(&next.set)));
        self.rules = Some(rules);
        self.current = Some(next);
        Ok(())
    }
}

/// What is remembered. Nothing panics while it is changed; if something did, a cover would be made anew.
fn remembered(memory: &Mutex<Memory>) -> MutexGuard<'_, Memory> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Says once what is held, and what has become of it.
fn log(before: Option<&Hold>, after: Option<&Hold>, released: bool) {
    let before_hash = before.map(|hold| hold.hash.as_str());
    if before_hash == after.map(|hold| hold.hash.as_str()) {
        return;
    }
    if let (Some(hash), None, false) = (before_hash, after, released) {
        info!(hash, "nothing is held any more: what the held routes stand for is back");
    }
    let Some(hold) = after else { return };
    error!(hash = %hold.hash, withdrawals = hold.routes.len(), "the guard holds withdrawals; their routes stay");
    for reason in hold.reasons.iter().take(LOGGED_REASONS) {
        error!("guard: {reason}");
    }
}
