//! The loop: signals, inventory, reloads, the end.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use bgp_core::rib::RibConfig;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::StartError;
use super::listeners::Listeners;
use super::origination::Originator;
use super::peers::Peers;
use crate::config::{Config, ConfigChange, Control};
use crate::control::{self, DaemonView, PeerEntry, ReloadOutcome};
use crate::inventory::{self, InventoryControl, InventoryStatus, InventoryWatch};
use crate::peer::roster::Roster;
use crate::rib_owner::{self, Gone};
use crate::telemetry::LogControl;

/// Runs the daemon until it is told to stop.
///
/// SIGTERM and SIGINT end every session with Cease / Administrative Shutdown; a second one ends the process without
/// waiting for peers. SIGHUP reads the configuration again and applies the difference.
///
/// # Errors
/// What keeps it from starting: see [`StartError`].
pub async fn run(path: PathBuf, config: Config, log: LogControl) -> Result<(), StartError> {
    let mut signals = Signals::new()?;
    let mut daemon = Daemon::start(path, config, log).await?;
    info!(version = env!("CARGO_PKG_VERSION"), "aliasd is running");
    let ended = daemon.serve(&mut signals).await;
    if ended.is_err() {
        error!("the routing table has stopped by itself; ending");
    }
    tokio::select! {
        () = daemon.stop() => info!("stopped"),
        () = signals.end() => warn!("told to stop again; ending without waiting for peers"),
    }
    Ok(())
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

/// A task that runs until it is told to stop.
struct Service {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Service {
    async fn stop(self) {
        self.stop.cancel();
        if let Err(error) = self.task.await {
            error!(%error, "a part of the daemon did not end well");
        }
    }
}

struct Daemon {
    path: PathBuf,
    log: LogControl,
    config: watch::Sender<Arc<Config>>,
    reload: watch::Sender<Option<Arc<ReloadOutcome>>>,
    peer_entries: watch::Sender<Arc<Vec<PeerEntry>>>,
    inventory_status: watch::Sender<Arc<InventoryStatus>>,
    peers: Peers,
    listeners: Listeners,
    originator: Originator,
    source: watch::Receiver<Arc<InventoryStatus>>,
    inventory_control: InventoryControl,
    inventory: Service,
    control: Service,
    view: DaemonView,
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
        let inventory = Service { stop: stop_watching, task };
        let originator = Originator::new(rib.clone());
        let mut peers = Peers::new(rib.clone(), roster);
        peers.start(&config);
        listeners.let_in();
        let peer_entries = watch::Sender::new(Arc::new(peers.entries(&config)));
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
            originations: originator.published(),
        };
        let control = open_control(&config.borrow().control, &view)?;
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
            control,
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
        self.inventory.stop().await;
    }

    async fn follow_inventory(&mut self) -> Result<(), Gone> {
        let status = Arc::clone(&self.source.borrow_and_update());
        let news = status.snapshot.clone().filter(|new| {
            self.originator.snapshot().is_none_or(|old| (old.revision, &old.digest) != (new.revision, &new.digest))
        });
        if let Some(snapshot) = news {
            let config = Arc::clone(&self.config.borrow());
            self.originator.apply(snapshot, config).await?;
        }
        self.inventory_status.send_replace(status);
        Ok(())
    }

    async fn reload(&mut self) -> Result<(), Gone> {
        info!(path = %self.path.display(), "reading the configuration again");
        let path = self.path.clone();
        let read = tokio::task::spawn_blocking(move || Config::load(&path)).await;
        let faults = match read {
            Ok(Ok(new)) => return self.change_to(new).await,
            Ok(Err(faults)) => faults.0.iter().map(ToString::to_string).collect(),
            Err(error) => vec![format!("the configuration could not be read: {error}")],
        };
        self.report(faults, Vec::new());
        Ok(())
    }

    async fn change_to(&mut self, mut new: Config) -> Result<(), Gone> {
        let old = Arc::clone(&self.config.borrow());
        let change = ConfigChange::between(&old, &new);
        new.keep_until_restart(&old);
        for warning in &new.warnings {
            warn!(key = %warning.key, "{}", warning.text);
        }
        let new = Arc::new(new);
        let mut faults = Vec::new();
        if change.log
            && let Err(error) = self.log.change(&new.log.level)
        {
            faults.push(format!("log.level: {error}"));
        }
        // Asked whether or not the key differs: what could not be opened the last time is tried again.
        if let Err(failed) = self.listeners.change(&new.router.listen).await {
            faults.extend(failed.iter().map(ToString::to_string));
        }
        self.config.send_replace(Arc::clone(&new));
        self.peers.change(&new, &change);
        self.peer_entries.send_replace(Arc::new(self.peers.entries(&new)));
        if change.control {
            match open_control(&new.control, &self.view) {
                Ok(opened) => std::mem::replace(&mut self.control, opened).stop().await,
                Err(error) => faults.push(error.to_string()),
            }
        }
        self.look_again(&new);
        if change.originations
            && let Some(snapshot) = self.originator.snapshot()
        {
            self.originator.apply(snapshot, new).await?;
        }
        self.report(faults, change.restart);
        Ok(())
    }

    /// Reads the inventory again, in the place that the configuration names. Nobody waits for it: a file system may hang,
    /// and the last good snapshot stays until the look is done.
    fn look_again(&self, config: &Config) {
        let (control, inventory) = (self.inventory_control.clone(), config.inventory.clone());
        tokio::spawn(async move {
            if control.configure(inventory).await.is_none() {
                error!("the inventory is no longer watched");
            }
        });
    }

    fn report(&self, faults: Vec<String>, restart_needed: Vec<&'static str>) {
        match faults.as_slice() {
            [] => info!("the configuration was applied"),
            faults => faults.iter().for_each(|fault| error!("configuration: {fault}")),
        }
        for key in &restart_needed {
            warn!(key, "the change takes effect after a restart");
        }
        self.reload.send_replace(Some(Arc::new(ReloadOutcome { at: SystemTime::now(), faults, restart_needed })));
    }
}

fn first(failed: Vec<StartError>) -> StartError {
    let nothing = || StartError::System(std::io::Error::other("no listener could be opened"));
    failed.into_iter().next().unwrap_or_else(nothing)
}

fn open_control(config: &Control, view: &DaemonView) -> Result<Service, StartError> {
    let failed = |error| StartError::Control { path: config.socket.clone(), error };
    let socket = control::bind(config).map_err(failed)?;
    let stop = CancellationToken::new();
    let task = tokio::spawn(control::serve(socket, view.clone(), stop.clone()));
    Ok(Service { stop, task })
}
