//! The loop: signals, inventory, reloads, the end.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bgp_core::rib::RibConfig;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::StartError;
use super::audit::Audit;
use super::door::{Behind, Door, MetricsPort};
use super::listeners::Listeners;
use super::origination::{self, Originator};
use super::peers::Peers;
use super::service::Service;
use crate::config::{self, Config};
use crate::control::{AdminView, Clock, DaemonView, MAX_RELEASES, PeerEntry, Release, Released, ReloadOutcome};
use crate::inventory::{self, InventoryControl, InventoryStatus, InventoryWatch, Snapshot};
use crate::journal::{self, Journal, JournalKeeper, JournalLock, JournalStatus, LockError, Record, Restored};
use crate::origination::OriginationSet;
use crate::peer::roster::Roster;
use crate::rib_owner::{self, Gone, Hold};
use crate::telemetry::LogControl;

/// How long peers are kept waiting for a first trusted snapshot: less than the restart time that any of them is likely to keep
/// routes for.
const FIRST_LOOK_PATIENCE: Duration = Duration::from_secs(10);

/// Runs the daemon until it is told to stop.
///
/// SIGTERM and SIGINT end every session with Cease / Administrative Shutdown; a second one ends the process without
/// waiting for peers. SIGHUP reads the configuration again and applies the difference.
///
/// # Errors
/// What keeps it from starting, or has ended it: see [`StartError`].
pub async fn run(path: PathBuf, config: Config, log: LogControl) -> Result<(), StartError> {
    let mut signals = Signals::new()?;
    let mut daemon = Daemon::start(path, config, log).await?;
    info!(version = env!("CARGO_PKG_VERSION"), "aliasd is running");
    let served = daemon.serve(&mut signals).await;
    tokio::select! {
        () = daemon.stop() => info!("stopped"),
        () = signals.end() => warn!("told to stop again; ending without waiting for peers"),
    }
    served.map_err(|Gone| StartError::TableGone)
}

struct Signals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn end(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// The running daemon.
pub(super) struct Daemon {
    pub(super) path: PathBuf,
    pub(super) log: LogControl,
    pub(super) config: watch::Sender<Arc<Config>>,
    pub(super) reload: watch::Sender<Option<Arc<ReloadOutcome>>>,
    pub(super) peer_entries: watch::Sender<Arc<Vec<PeerEntry>>>,
    inventory_status: watch::Sender<Arc<InventoryStatus>>,
    pub(super) peers: Peers,
    pub(super) listeners: Listeners,
    pub(super) originator: Originator,
    pub(super) source: watch::Receiver<Arc<InventoryStatus>>,
    pub(super) inventory_control: InventoryControl,
    inventory: Service,
    journal: Option<Service>,
    /// The journal's directory, for us alone as long as we run.
    _lock: Option<JournalLock>,
    /// Until the first trusted snapshot nobody is told of anything, so that no peer takes it for all there is.
    silence: Option<Hold>,
    /// What was originated once was proven, or came from the journal.
    ready: watch::Sender<bool>,
    /// What is originated comes from the journal, and was not held against the configuration of now.
    restored: bool,
    /// A configuration that waits for a person's word.
    pub(super) held_config: Option<Arc<Config>>,
    /// The look that the last reload has asked for, until it has ended.
    pub(super) looking: Option<JoinHandle<()>>,
    /// There are new rules that wait for that look.
    pub(super) rules_wait: bool,
    pub(super) control: Door,
    pub(super) admin: Door,
    pub(super) metrics: MetricsPort,
    /// What the admin socket asks for.
    releases: mpsc::Receiver<Release>,
    pub(super) view: DaemonView,
}

impl Daemon {
    async fn start(path: PathBuf, config: Config, log: LogControl) -> Result<Self, StartError> {
        for warning in &config.warnings {
            warn!(key = %warning.key, "{}", warning.text);
        }
        // The thread ends with its last handle; it holds nothing that must be saved.
        let (rib, _thread) = rib_owner::start(RibConfig {
            local_asn: config.router.asn,
            local_identifier: config.router.router_id,
            always_compare_med: config.router.always_compare_med,
        })?;
        let roster = Roster::new();
        let mut listeners = Listeners::new(roster.clone());
        listeners.change(&config.router.listen).await.map_err(first)?;
        let stop_watching = CancellationToken::new();
        let clock = Clock::start();
        let audit = Audit::start(config.audit.clone())?;
        let audit_status = audit.status();
        let mut originator = Originator::new(rib.clone(), clock, audit);
        let Restart { record, journal, journal_status, lock } = Restart::from(config.journal.clone()).await?;
        let before = record.as_ref().map(|record| Arc::clone(&record.snapshot));
        let InventoryWatch { status: source, control: inventory_control, task } =
            inventory::watch(config.inventory.clone(), before, stop_watching.clone());
        let inventory = Service::new(stop_watching, task);
        let mut peers = Peers::new(rib.clone(), roster);
        let peer_entries = watch::Sender::new(Arc::new(Vec::new()));
        let inventory_status = watch::Sender::new(Arc::clone(&source.borrow()));
        let config = watch::Sender::new(Arc::new(config));
        let in_force = Arc::clone(&config.borrow());
        let restored = record.is_some();
        if let Some(record) = record {
            originator.restore(record, Arc::clone(&in_force)).await.map_err(|Gone| StartError::TableGone)?;
            peers.keep_told(originator.held_exports());
        }
        let silence = if restored { None } else { Some(rib.hold().map_err(|Gone| StartError::TableGone)?) };
        let (journal, journal_status) = keep(journal, journal_status, originator.published());
        let reload = watch::Sender::new(None);
        let ready = watch::Sender::new(restored);
        let view = DaemonView {
            started_at: SystemTime::now(),
            rib,
            config: config.subscribe(),
            reload: reload.subscribe(),
            peers: peer_entries.subscribe(),
            inventory: inventory_status.subscribe(),
            journal: journal_status,
            clock,
            guard: originator.published_guard(),
            audit: audit_status,
            ready: ready.subscribe(),
            originations: originator.published(),
        };
        let mut metrics = MetricsPort::new(view.clone());
        metrics.change(in_force.metrics).await?;
        let control = Door::open(&in_force.control, Behind::Control(Box::new(view.clone())))?;
        let (release, releases) = mpsc::channel(MAX_RELEASES);
        let admin = Door::open(&in_force.admin, Behind::Admin(AdminView { releases: release }))?;
        // Last, when nothing can fail any more: a daemon that does not come up must not disturb the sessions of another.
        peers.start(&in_force);
        listeners.let_in();
        peer_entries.send_replace(Arc::new(peers.entries(&in_force)));
        Ok(Self {
            path,
            log,
            config,
            reload,
            peer_entries,
            inventory_status,
            peers,
            listeners,
            originator,
            source,
            inventory_control,
            inventory,
            journal,
            _lock: lock,
            silence,
            ready,
            restored,
            held_config: None,
            looking: None,
            rules_wait: false,
            control,
            admin,
            metrics,
            releases,
            view,
        })
    }

    /// Follows signals and the inventory until it is time to stop.
    async fn serve(&mut self, signals: &mut Signals) -> Result<(), Gone> {
        self.follow_inventory().await?;
        let patience = tokio::time::sleep(FIRST_LOOK_PATIENCE);
        tokio::pin!(patience);
        loop {
            tokio::select! {
                () = &mut patience, if self.silence.is_some() => {
                    warn!("there is no trusted inventory yet; peers are told of what there is");
                    self.silence = None;
                }
                () = async { signals.terminate.recv().await; } => return Ok(()),
                () = async { signals.interrupt.recv().await; } => return Ok(()),
                _ = signals.hangup.recv() => self.reload().await?,
                gone = self.view.rib.gone() => return Err(gone),
                Some(release) = self.releases.recv() => self.release(release).await?,
                () = ended(&mut self.looking) => self.follow_inventory().await?,
                () = self.originator.hold_down_ends() => self.end_hold_down().await?,
                changed = self.source.changed() => match changed {
                    Ok(()) => self.follow_inventory().await?,
                    // Its end would be a defect; what is originated stays as it is.
                    Err(_) => {
                        error!("the inventory is no longer watched");
                        signals.end().await;
                        return Ok(());
                    }
                },
            }
        }
    }

    async fn stop(self) {
        info!("stopping");
        self.listeners.close().await;
        self.peers.shut_down().await;
        self.control.stop().await;
        self.admin.stop().await;
        self.metrics.stop().await;
        self.inventory.stop().await;
        if let Some(journal) = self.journal {
            journal.stop().await;
        }
    }

    /// Lets go what the guard holds, when it is what somebody has seen.
    async fn release(&mut self, Release { hash, by, reply }: Release) -> Result<(), Gone> {
        let released = match self.originator.hold() {
            _ if self.held_hash().as_ref() == Some(&hash) => self.release_config(&hash, &by).await?,
            None => self.held_hash().map_or(Released::NothingHeld, Released::HeldIsAnother),
            Some(hold) if hold.hash != hash => {
                warn!(%hash, held = %hold.hash, %by, "a release was refused: something else is held");
                Released::HeldIsAnother(hold.hash.clone())
            }
            Some(_) => match self
                .originator
                .prepare_release(origination::Release { hash: hash.clone(), by: by.clone() })
                .await?
            {
                None => Released::NothingHeld,
                Some(prepared) => {
                    warn!(%hash, %by, withdrawals = prepared.released(), "what is held is released");
                    let withdrawals = prepared.released();
                    self.originate(prepared).await?;
                    Released::Done { withdrawals }
                }
            },
        };
        // Whoever asked may be gone; what was released is done all the same.
        let _unheard = reply.send(released);
        Ok(())
    }

    /// Originates anew what was held down until now.
    async fn end_hold_down(&mut self) -> Result<(), Gone> {
        let config = Arc::clone(&self.config.borrow());
        match self.originator.prepare_peers(config).await? {
            Some(prepared) => self.originate(prepared).await,
            None => Ok(()),
        }
    }

    async fn follow_inventory(&mut self) -> Result<(), Gone> {
        let status = Arc::clone(&self.source.borrow_and_update());
        if !self.rules_wait || self.looking.is_none() {
            let was_read = status.checked_at.is_some();
            // What the journal holds is held against the configuration of now once the inventory can be trusted.
            let is_confirmed = was_read && status.trust.is_trusted() && std::mem::take(&mut self.restored);
            let new_rules = std::mem::take(&mut self.rules_wait) || is_confirmed;
            let is_news = |new: &Arc<Snapshot>| {
                self.originator.snapshot().is_none_or(|old| (old.revision, &old.digest) != (new.revision, &new.digest))
            };
            // What the journal holds is originated already, as it was.
            let snapshot = status.snapshot.clone().filter(|_| was_read);
            if let Some(snapshot) = snapshot.filter(|new| new_rules || is_news(new)) {
                let config = Arc::clone(&self.config.borrow());
                let prepared = self.originator.prepare(snapshot, config).await?;
                self.originate(prepared).await?;
                if status.trust.is_trusted() {
                    self.silence = None;
                }
            }
            if was_read && status.trust.is_trusted() && self.originator.snapshot().is_some() {
                self.ready.send_replace(true);
            }
        }
        self.inventory_status.send_replace(status);
        Ok(())
    }
}

/// What a restart starts from.
struct Restart {
    record: Option<Record>,
    journal: Option<Journal>,
    journal_status: JournalStatus,
    lock: Option<JournalLock>,
}

impl Restart {
    /// What the journal holds, if one is kept.
    ///
    /// # Errors
    /// [`StartError::Journal`] when another daemon keeps it.
    async fn from(wanted: Option<config::Journal>) -> Result<Self, StartError> {
        let Some(wanted) = wanted else {
            let journal_status = JournalStatus::default();
            return Ok(Self { record: None, journal: None, journal_status, lock: None });
        };
        let lock = match JournalLock::take(&wanted.path) {
            Ok(lock) => Some(lock),
            Err(held @ LockError::Held { .. }) => return Err(StartError::Journal(held)),
            Err(error) => {
                warn!(%error, "the journal cannot be locked; another aliasd with the same one would not be noticed");
                None
            }
        };
        let mut journal = Journal::new(&wanted.path);
        let path = wanted.path.clone();
        let read = tokio::task::spawn_blocking(move || {
            let restored = journal.restore();
            (journal, restored)
        });
        let (journal, Restored { record, faults }) = read.await.unwrap_or_else(|error| {
            let fault = format!("reading broke off ({error}); this is a defect of aliasd");
            (Journal::new(&path), Restored { record: None, faults: vec![fault] })
        });
        faults.iter().for_each(|fault| error!("the journal is damaged: {fault}"));
        if let Some(record) = &record {
            let (revision, originated) = (record.snapshot.revision, record.originations.len());
            info!(revision, originated, "starting from the journal");
        }
        let restored_revision = record.as_ref().map(|record| record.snapshot.revision);
        let journal_status =
            JournalStatus { path: Some(wanted.path), restored_revision, damaged: faults, ..JournalStatus::default() };
        Ok(Self { record, journal: Some(journal), journal_status, lock })
    }
}

fn keep(
    journal: Option<Journal>,
    status: JournalStatus,
    published: watch::Receiver<Option<Arc<OriginationSet>>>,
) -> (Option<Service>, watch::Receiver<Arc<JournalStatus>>) {
    let Some(journal) = journal else { return (None, watch::channel(Arc::new(status)).1) };
    let stop = CancellationToken::new();
    let JournalKeeper { status, task } = journal::keep(journal, published, status, stop.clone());
    (Some(Service::new(stop, task)), status)
}

fn first(failed: Vec<StartError>) -> StartError {
    let nothing = || StartError::System(std::io::Error::other("no listener could be opened"));
    failed.into_iter().next().unwrap_or_else(nothing)
}

/// Returns when the look has ended, and forgets it; never when there is none.
pub(super) async fn ended(looking: &mut Option<JoinHandle<()>>) {
    let Some(look) = looking else { return std::future::pending().await };
    // One that was broken off has ended as well.
    let _broken_off = look.await;
    *looking = None;
}
