//! The audit log: every change of a route of ours, one JSON object a line. Written by a thread of its own, so that a full or
//! hanging disk stops no route: what cannot be written is counted and alarmed.

mod file;
mod line;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::SystemTime;

use tokio::sync::watch;
use tracing::{error, info};

use crate::config;
use crate::control::AuditStatus;
use crate::origination::report::{RouteChange, report};
use crate::origination::{Advance, Current, Owners, Plan};
use file::LogFile;
pub(super) use line::Cause;

/// Changes that may wait to be written; more than a whole large inventory.
const MAX_WAITING_ROUTES: usize = 4_000_000;

/// Steps that may wait to be written.
const MAX_WAITING_STEPS: usize = 1024;

/// Up to so many changes of one step are written with owners, reasons and peers; what is more is written without.
const TOLD_IN_FULL: usize = 10_000;

/// What one step changes.
#[derive(Debug)]
enum Changes {
    /// With everything that is to be said.
    Full(Vec<RouteChange>),
    /// Very many: prefixes and attributes only.
    Bulk(Arc<Plan>),
}

impl Changes {
    fn len(&self) -> usize {
        match self {
            Self::Full(routes) => routes.len(),
            Self::Bulk(plan) => plan.announce.len() + plan.withdraw.len(),
        }
    }
}

/// One step, to be written.
#[derive(Debug)]
pub(super) struct Entry {
    at: SystemTime,
    cause: Cause,
    changes: Changes,
}

impl Entry {
    /// What `step` changes, and why; `None` when that is nothing.
    pub fn of(current: Option<&Current>, step: &Advance, released_by: Option<String>, at: SystemTime) -> Option<Self> {
        let held = step.verdict.hold.as_ref().map_or(0, |hold| hold.routes.len());
        let changes = match step.change.announce.len() + step.change.withdraw.len() + held {
            0..=TOLD_IN_FULL => {
                let owners = |prefix: &_| {
                    current.map_or_else(Owners::default, |current| Owners::of(prefix, &current.set.snapshot))
                };
                let mut routes = report(current, step, owners).routes;
                // What is held is told once, when it begins to be.
                let before = current.and_then(|current| current.set.guard.hold.clone());
                let was_held = |route: &RouteChange| {
                    let prefix = route.prefix.parse().ok();
                    prefix.is_some_and(|prefix| before.as_ref().is_some_and(|hold| hold.routes.contains_key(&prefix)))
                };
                routes
                    .retain(|route| !(route.change == crate::origination::report::ChangeKind::Held && was_held(route)));
                Changes::Full(routes)
            }
            _ => Changes::Bulk(Arc::clone(&step.change)),
        };
        (changes.len() > 0).then(|| Self { at, cause: Cause::of(step, released_by), changes })
    }
}

enum Order {
    Write(Entry),
    Configure(Option<config::Audit>),
}

/// The way to the thread that writes.
#[derive(Debug)]
pub(super) struct Audit {
    orders: SyncSender<Order>,
    waiting: Arc<AtomicUsize>,
    enabled: bool,
    status: watch::Sender<Arc<AuditStatus>>,
}

impl Audit {
    /// Starts the thread; it ends when this is dropped, and what waits is written before.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn start(config: Option<config::Audit>) -> std::io::Result<Self> {
        let (orders, queue) = sync_channel(MAX_WAITING_STEPS);
        let (waiting, status) = (Arc::new(AtomicUsize::new(0)), watch::Sender::new(Arc::new(AuditStatus::default())));
        let enabled = config.is_some();
        let writer = Writer {
            file: config.map(LogFile::new),
            waiting: Arc::clone(&waiting),
            status: status.clone(),
            octets: String::new(),
        };
        std::thread::Builder::new().name("audit-log".to_owned()).spawn(move || writer.run(&queue))?;
        Ok(Self { orders, waiting, enabled, status })
    }

    /// Whether anything is written at all.
    pub const fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// How it goes, for those who ask.
    pub fn status(&self) -> watch::Receiver<Arc<AuditStatus>> {
        self.status.subscribe()
    }

    /// Goes on with another file, or none. Must not wait for a disk: with too much before it, the order is lost and said to
    /// be.
    pub fn configure(&mut self, config: Option<config::Audit>) -> Result<(), String> {
        let enabled = config.is_some();
        self.orders.try_send(Order::Configure(config)).map_err(|_| "audit: the log hangs; reload again".to_owned())?;
        self.enabled = enabled;
        Ok(())
    }

    /// Writes what a step changes, some time soon.
    pub fn note(&self, entry: Entry) {
        let count = entry.changes.len();
        let waiting = self.waiting.fetch_add(count, Ordering::Relaxed);
        let sent = match waiting > MAX_WAITING_ROUTES {
            true => Err(TrySendError::Full(Order::Write(entry))),
            false => self.orders.try_send(Order::Write(entry)),
        };
        if sent.is_err() {
            self.waiting.fetch_sub(count, Ordering::Relaxed);
            lost(&self.status, count, "too many changes wait to be written");
        }
    }
}

/// Alarms once for each reason, and counts.
fn lost(status: &watch::Sender<Arc<AuditStatus>>, count: usize, reason: &str) {
    let last = Arc::clone(&status.borrow());
    if last.fault.as_deref() != Some(reason) {
        error!(reason, "the audit log cannot be written; routing goes on");
    }
    let lost = last.lost.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
    status.send_replace(Arc::new(AuditStatus { fault: Some(reason.to_owned()), lost }));
}

struct Writer {
    /// `None` when nothing is to be written.
    file: Option<LogFile>,
    waiting: Arc<AtomicUsize>,
    status: watch::Sender<Arc<AuditStatus>>,
    /// Lines on their way.
    octets: String,
}

/// Octets after which lines are handed to the system.
const CHUNK_LEN: usize = 256 * 1024;

impl Writer {
    fn run(mut self, queue: &Receiver<Order>) {
        while let Ok(order) = queue.recv() {
            match order {
                Order::Configure(config) => {
                    self.file = config.map(LogFile::new);
                    self.status.send_replace(Arc::new(AuditStatus::default()));
                }
                Order::Write(entry) => {
                    let count = entry.changes.len();
                    self.write(&entry, count);
                    self.waiting.fetch_sub(count, Ordering::Relaxed);
                }
            }
        }
    }

    fn write(&mut self, entry: &Entry, count: usize) {
        let Some(file) = &mut self.file else { return };
        match write_to(file, entry, &mut self.octets) {
            Ok(()) if self.status.borrow().fault.is_some() => {
                info!("the audit log is written again");
                let lost = self.status.borrow().lost;
                self.status.send_replace(Arc::new(AuditStatus { fault: None, lost }));
            }
            Ok(()) => {}
            Err(error) => lost(&self.status, count, &format!("{}: {error}", file.path().display())),
        }
    }
}

fn write_to(file: &mut LogFile, entry: &Entry, octets: &mut String) -> std::io::Result<()> {
    octets.clear();
    let mut lines = line::Lines { entry, file, octets };
    match &entry.changes {
        Changes::Full(routes) => routes.iter().try_for_each(|route| lines.full(route))?,
        Changes::Bulk(plan) => {
            plan.announce.iter().try_for_each(|(prefix, one)| lines.bulk(prefix, Some(one)))?;
            plan.withdraw.iter().try_for_each(|prefix| lines.bulk(prefix, None))?;
        }
    }
    lines.end()
}

#[cfg(test)]
mod tests;
