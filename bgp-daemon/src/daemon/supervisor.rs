//! The loop: signals, inventory, reloads, the end.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use bgp_core::rib::RibConfig;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::StartError;
use super::audit::Audit;
use super::door::{Behind, Door};
use super::listeners::Listeners;
use super::origination::{self, Originator};
use super::peers::Peers;
use super::service::Service;
use crate::config::Config;
use crate::control::{AdminView, Clock, DaemonView, MAX_RELEASES, PeerEntry, Release, Released, ReloadOutcome};
use crate::inventory::{self, InventoryControl, InventoryStatus, InventoryWatch, Snapshot};
use crate::origination::guard::GuardState;
use crate::peer::roster::Roster;
use crate::rib_owner::{self, Gone};
use crate::telemetry::LogControl;

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
    /// The look that the last reload has asked for, until it has ended.
    pub(super) looking: Option<JoinHandle<()>>,
    /// There are new rules that wait for that look.
    pub(super) rules_wait: bool,
    pub(super) control: Door,
    pub(super) admin: Door,
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
        let InventoryWatch { status: source, control: inventory_control, task } =
            inventory::watch(config.inventory.clone(), stop_watching.clone());
        let inventory = Service::new(stop_watching, task);
        let clock = Clock::start();
        let audit = Audit::start(config.audit.clone())?;
        let audit_status = audit.status();
        let originator = Originator::new(rib.clone(), clock, GuardState::default(), audit);
        let mut peers = Peers::new(rib.clone(), roster);
        let peer_entries = watch::Sender::new(Arc::new(Vec::new()));
        let inventory_status = watch::Sender::new(Arc::clone(&source.borrow()));
        let config = watch::Sender::new(Arc::new(config));
        let reload = watch::Sender::new(None);
        let view = DaemonView {
            started_at: SystemTime::now(),
            rib,
            config: config.subscribe(),
            reload: reload.subscribe(),
            peers: peer_entries.subscribe(),
            inventory: inventory_status.subscribe(),
            clock,
            guard: originator.published_guard(),
            audit: audit_status,
            originations: originator.published(),
        };
        let in_force = Arc::clone(&config.borrow());
        let control = Door::open(&in_force.control, Behind::Control(view.clone()))?;
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
            looking: None,
            rules_wait: false,
            control,
            admin,
            releases,
            view,
        })
    }

    /// Follows signals and the inventory until it is time to stop.
    async fn serve(&mut self, signals: &mut Signals) -> Result<(), Gone> {
        self.follow_inventory().await?;
        loop {
            tokio::select! {
                () = async { signals.terminate.recv().await; } => return Ok(()),
                () = async { signals.interrupt.recv().await; } => return Ok(()),
                _ = signals.hangup.recv() => self.reload().await?,
                gone = self.view.rib.gone() => return Err(gone),
                Some(release) = self.releases.recv() => self.release(release).await?,
                () = ended(&mut self.looking) => self.follow_inventory().await?,
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
        self.inventory.stop().await;
    }

    /// Lets go what the guard holds, when it is what somebody has seen.
    async fn release(&mut self, Release { hash, by, reply }: Release) -> Result<(), Gone> {
        let released = match self.originator.hold() {
            None => Released::NothingHeld,
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

    async fn follow_inventory(&mut self) -> Result<(), Gone> {
        let status = Arc::clone(&self.source.borrow_and_update());
        if !self.rules_wait || self.looking.is_none() {
            let new_rules = std::mem::take(&mut self.rules_wait);
            let is_news = |new: &Arc<Snapshot>| {
                self.originator.snapshot().is_none_or(|old| (old.revision, &old.digest) != (new.revision, &new.digest))
            };
            if let Some(snapshot) = status.snapshot.clone().filter(|new| new_rules || is_news(new)) {
                let config = Arc::clone(&self.config.borrow());
                let prepared = self.originator.prepare(snapshot, config).await?;
                self.originate(prepared).await?;
            }
        }
        self.inventory_status.send_replace(status);
        Ok(())
    }
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
