//! Looks at the inventory again and again. What the snapshot in use holds stays, with no expiry, until a state that is
//! trusted lacks it (fail static).
//!
//! A look follows every change of the directory, once it has been quiet for `settle`, and every `poll_interval`, for
//! file systems that tell nothing. [`Looker`] is the blocking half and runs on a thread of its own; the loop here only
//! decides when.

mod arm;
mod looker;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use super::read::{MAX_ATTEMPTS, unsteady};
use super::{Doubt, InventoryFault, InventoryFaults, InventoryStatus, Snapshot, Trust};
use crate::config::Inventory;
pub use looker::{Changed, Judgement, Looker};

/// How many times `settle` changes that never end can put off a look.
const MAX_SETTLES: u32 = 10;

/// The shortest pause before a state that somebody was writing to is read again.
const MIN_PAUSE: Duration = Duration::from_millis(10);

/// Most faults of one state that are logged.
const LOGGED_FAULTS: usize = 20;

/// A watched inventory.
#[derive(Debug)]
pub struct InventoryWatch {
    /// Where it stands, published after every look.
    pub status: watch::Receiver<Arc<InventoryStatus>>,
    /// Makes it look now, or elsewhere.
    pub control: InventoryControl,
    /// Ends when told to stop.
    pub task: JoinHandle<()>,
}

/// Steers a watched inventory. Cheap to clone.
#[derive(Clone, Debug)]
pub struct InventoryControl {
    orders: mpsc::Sender<Order>,
}

#[derive(Debug)]
enum Order {
    Look(oneshot::Sender<Arc<InventoryStatus>>),
    Configure(Box<Inventory>, oneshot::Sender<Arc<InventoryStatus>>),
}

/// Orders that wait while a look is in progress; whoever gives one more waits for room.
const MAX_ORDERS: usize = 16;

impl InventoryControl {
    /// Looks now, and returns where the inventory stands after a look that began after this call; `None` when the watch
    /// has ended.
    pub async fn look_now(&self) -> Option<Arc<InventoryStatus>> {
        self.order(Order::Look).await
    }

    /// Goes on with another configuration: looks at once and returns where the inventory stands then. The last good
    /// snapshot stays until a state passes under the new configuration. `None` when the watch has ended.
    pub async fn configure(&self, config: Inventory) -> Option<Arc<InventoryStatus>> {
        self.order(|reply| Order::Configure(Box::new(config), reply)).await
    }

    async fn order(
        &self,
        order: impl FnOnce(oneshot::Sender<Arc<InventoryStatus>>) -> Order,
    ) -> Option<Arc<InventoryStatus>> {
        let (reply, answer) = oneshot::channel();
        self.orders.send(order(reply)).await.ok()?;
        answer.await.ok()
    }
}

/// Watches the inventory of `config` until `stop`. The first look begins at once. What `before` holds, the snapshot of an
/// earlier process, stays until a trusted state lacks it. Must be called in a tokio runtime.
#[must_use]
pub fn watch(config: Inventory, before: Option<Arc<Snapshot>>, stop: CancellationToken) -> InventoryWatch {
    let status = InventoryStatus {
        path: config.path.clone(),
        snapshot: before.clone(),
        checked_at: None,
        trust: before.as_ref().map(|snapshot| snapshot.trust.clone()).unwrap_or_default(),
        faults: InventoryFaults::default(),
        quarantined: 0,
        untrusted_since: None,
    };
    let (publisher, receiver) = watch::channel(Arc::new(status));
    let (orders, queue) = mpsc::channel(MAX_ORDERS);
    let changes = Arc::new(Notify::new());
    let looker = Arc::new(Mutex::new(Looker::new(&config, before).heard_by(Arc::clone(&changes))));
    let watcher = Watcher { config, looker, changes, orders: queue, status: publisher };
    let task = tokio::spawn(async move {
        // Whatever is in progress only reads, so that it may be dropped at any point.
        stop.run_until_cancelled(watcher.run()).await;
    });
    InventoryWatch { status: receiver, control: InventoryControl { orders }, task }
}

struct Watcher {
    config: Inventory,
    looker: Arc<Mutex<Looker>>,
    /// Something happened to the files.
    changes: Arc<Notify>,
    orders: mpsc::Receiver<Order>,
    status: watch::Sender<Arc<InventoryStatus>>,
}

/// Why a look is due.
enum Due {
    Changed,
    Polled,
    Ordered(Order),
}

impl Watcher {
    async fn run(mut self) {
        self.look().await;
        loop {
            let replies = match self.due().await {
                Due::Changed => {
                    settled(&self.changes, self.config.settle).await;
                    None
                }
                Due::Polled => None,
                Due::Ordered(Order::Look(reply)) => Some(reply),
                Due::Ordered(Order::Configure(config, reply)) => {
                    self.config = *config;
                    locked(&self.looker).configure(&self.config);
                    Some(reply)
                }
            };
            self.look().await;
            if let Some(reply) = replies {
                // Whoever asked may be gone; then nobody misses the answer.
                let _unheard = reply.send(Arc::clone(&self.status.borrow()));
            }
        }
    }

    async fn due(&mut self) -> Due {
        let poll = sleep(self.config.poll_interval);
        tokio::select! {
            biased;
            Some(order) = self.orders.recv() => Due::Ordered(order),
            () = self.changes.notified() => Due::Changed,
            () = poll => Due::Polled,
        }
    }

    async fn look(&self) {
        let Judgement { snapshot, trust, faults, quarantined } = self.judgement().await;
        let last = Arc::clone(&self.status.borrow());
        let now = SystemTime::now();
        let untrusted_since = (!trust.is_trusted()).then(|| last.untrusted_since.unwrap_or(now));
        let path = self.config.path.clone();
        let checked_at = Some(now);
        let status = InventoryStatus { path, snapshot, checked_at, trust, faults, quarantined, untrusted_since };
        log(&last, &status);
        self.status.send_replace(Arc::new(status));
    }

    /// Looks until a state stood still while it was read.
    async fn judgement(&self) -> Judgement {
        let mut file = None;
        for _ in 0..MAX_ATTEMPTS {
            if file.is_some() {
                sleep(self.config.settle.max(MIN_PAUSE)).await;
            }
            let looker = Arc::clone(&self.looker);
            match tokio::task::spawn_blocking(move || locked(&looker).look()).await {
                Ok(Ok(judgement)) => return judgement,
                Ok(Err(changed)) => {
                    debug!(file = %changed.0, "inventory changed while it was read; reading it again");
                    file = Some(changed.0);
                }
                Err(error) => return self.nothing_new(broken_off(&self.config.path, &error.to_string())),
            }
        }
        self.nothing_new(unsteady(file.unwrap_or_else(|| self.config.path.display().to_string())))
    }

    /// The snapshot in use stays as it is.
    fn nothing_new(&self, fault: InventoryFault) -> Judgement {
        Judgement {
            snapshot: locked(&self.looker).snapshot(),
            trust: Trust::Untrusted(vec![Doubt::Unsteady]),
            faults: InventoryFaults::new(vec![fault]),
            quarantined: 0,
        }
    }
}

/// A panic in the blocking half costs one look, not the watch.
fn locked(looker: &Mutex<Looker>) -> std::sync::MutexGuard<'_, Looker> {
    looker.lock().unwrap_or_else(PoisonError::into_inner)
}

fn broken_off(path: &Path, reason: &str) -> InventoryFault {
    error!(%reason, "reading the inventory broke off; this is a defect of aliasd");
    let expected = format!("reading broke off ({reason}); this is a defect of aliasd");
    InventoryFault::of_file(Doubt::Unsteady, path.display().to_string(), expected)
}

/// Waits until there was no change for `settle`, but no longer than [`MAX_SETTLES`] times that.
async fn settled(changes: &Notify, settle: Duration) {
    let latest = Instant::now() + settle * MAX_SETTLES;
    loop {
        let quiet = Instant::now() + settle;
        tokio::select! {
            biased;
            () = sleep_until(quiet.min(latest)) => return,
            () = changes.notified() => {}
        }
    }
}

/// Says once what has changed since the last look.
fn log(last: &InventoryStatus, now: &InventoryStatus) {
    let path = now.path.display();
    let revision = now.snapshot.as_ref().map(|snapshot| snapshot.revision);
    if now.faults != last.faults || now.trust != last.trust {
        log_faults(last, now);
    }
    let is_new = last.snapshot.as_ref().map(|snapshot| snapshot.revision) != revision;
    let Some(snapshot) = now.snapshot.as_ref().filter(|_| is_new) else { return };
    let counts = &snapshot.counts;
    info!(
        %path,
        snapshot = snapshot.revision,
        trusted = snapshot.trust.is_trusted(),
        digest = %snapshot.digest,
        files = counts.files,
        subnetworks = counts.subnetworks,
        instances = counts.instances,
        alias_ranges = counts.alias_ranges,
        addresses = counts.addresses,
        forwarding_rules = counts.forwarding_rules,
        "inventory has a new snapshot"
    );
    snapshot.notes.iter().for_each(|note| debug!("inventory: {note}"));
}

fn log_faults(last: &InventoryStatus, now: &InventoryStatus) {
    let path = now.path.display();
    let doubts: Vec<&str> = now.trust.doubts().iter().map(|doubt| doubt.name()).collect();
    match now.trust.is_trusted() {
        false => {
            let doubts = doubts.join(", ");
            warn!(%path, %doubts, faults = now.faults.total, "inventory is not trusted; nothing is withdrawn");
        }
        true if !last.trust.is_trusted() => info!(%path, "inventory is trusted again"),
        true => {}
    }
    if now.quarantined > 0 {
        warn!(%path, objects = now.quarantined, "objects of the inventory are in quarantine; each keeps what it had");
    } else if last.quarantined > 0 {
        info!(%path, "no object of the inventory is in quarantine any more");
    }
    for fault in now.faults.shown.iter().take(LOGGED_FAULTS) {
        warn!("inventory: {fault}");
    }
    let more = now.faults.total.saturating_sub(LOGGED_FAULTS);
    if more > 0 {
        warn!("inventory: {more} more faults are not logged");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_look_waits_for_quiet() {
        let changes = Notify::new();
        let started = Instant::now();
        let noise = async {
            for _ in 0..4 {
                sleep(Duration::from_millis(60)).await;
                changes.notify_one();
            }
        };
        tokio::join!(settled(&changes, Duration::from_millis(100)), noise);
        assert_eq!(started.elapsed(), Duration::from_millis(340));
    }

    #[tokio::test(start_paused = true)]
    async fn changes_without_end_do_not_put_off_a_look_for_ever() {
        let changes = Arc::new(Notify::new());
        let noise = Arc::clone(&changes);
        let noise = tokio::spawn(async move {
            loop {
                sleep(Duration::from_millis(1)).await;
                noise.notify_one();
            }
        });
        let started = Instant::now();
        settled(&changes, Duration::from_millis(100)).await;
        assert_eq!(started.elapsed(), Duration::from_millis(1000));
        noise.abort();
    }
}
