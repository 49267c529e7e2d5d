//! The configured peers and their tasks.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bgp_core::session::StopReason;
use bgp_core::types::PeerId;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tracing::{info, warn};

use crate::config::{Config, ConfigChange, Peer};
use crate::control::PeerEntry;
use crate::origination::audience::HeldExports;
use crate::peer::roster::Roster;
use crate::peer::{PeerSettings, PeerTask};
use crate::rib_owner::RibHandle;

/// What peers are told when the daemon ends (RFC 9003: at most 255 octets of UTF-8).
const SHUTDOWN_TEXT: &str = "aliasd is stopped by its operator";

/// How long all tasks together may take to tell the table of their new settings; nobody is told of anything meanwhile.
const CHANGE_PATIENCE: Duration = Duration::from_secs(1);

/// Running tasks, and the numbers of all configured peers.
#[derive(Debug)]
pub(super) struct Peers {
    rib: RibHandle,
    roster: Roster,
    /// By name. A task gets a new number each time it is started, so that the end of the last one cannot be taken for its.
    numbers: BTreeMap<String, PeerId>,
    next_number: u32,
    running: BTreeMap<String, Running>,
    /// What the guard keeps peers told of.
    held: HeldExports,
    /// Tasks that say farewell to their peers.
    leaving: JoinSet<()>,
}

#[derive(Debug)]
struct Running {
    peer: Peer,
    task: PeerTask,
}

impl Peers {
    pub fn new(rib: RibHandle, roster: Roster) -> Self {
        Self {
            rib,
            roster,
            numbers: BTreeMap::new(),
            next_number: 0,
            running: BTreeMap::new(),
            held: HeldExports::new(),
            leaving: JoinSet::new(),
        }
    }

    /// Starts every enabled peer of a first configuration.
    pub fn start(&mut self, config: &Config) {
        let peers_added = config.peers.iter().filter(|peer| peer.enabled).map(|peer| peer.name.clone()).collect();
        let _nothing_runs_yet = self.begin_change(config, &ConfigChange { peers_added, ..ConfigChange::default() });
    }

    /// From the next change on peers are told of this too, whatever their `export` says.
    pub fn keep_told(&mut self, held: HeldExports) {
        self.held = held;
    }

    /// Stops, starts and changes what differs; sessions that need not be reset go on. Returns when the table was told.
    pub async fn change(&mut self, config: &Config, change: &ConfigChange) {
        let changing = self.begin_change(config, change);
        let told = async {
            for told in changing {
                // A task that has ended has nothing to tell any more.
                let _ended = told.await;
            }
        };
        if tokio::time::timeout(CHANGE_PATIENCE, told).await.is_err() {
            warn!("a peer's task takes long to take over its new settings");
        }
    }

    fn begin_change(&mut self, config: &Config, change: &ConfigChange) -> Vec<oneshot::Receiver<()>> {
        for name in &change.peers_removed {
            let still_configured = config.peer(name).is_some();
            let reason = match still_configured {
                true => StopReason::AdministrativeShutdown(String::new()),
                false => StopReason::PeerDeconfigured,
            };
            self.stop(name, reason);
        }
        let reset = change.peers_changed.iter().filter(|peer| peer.needs_reset());
        let reset: Vec<&str> = reset.map(|peer| peer.name.as_str()).collect();
        for name in &reset {
            self.stop(name, StopReason::ConfigurationChange);
        }
        self.number(config, &reset);
        let mut changing = Vec::new();
        for peer in config.peers.iter().filter(|peer| peer.enabled) {
            let Some(settings) = self.settings(peer, config) else { continue };
            match self.running.get_mut(&peer.name) {
                // The table finds out what differs, if anything does.
                Some(running) => {
                    changing.push(running.task.change(settings));
                    running.peer = peer.clone();
                }
                None => self.launch(peer, settings),
            }
        }
        while self.leaving.try_join_next().is_some() {}
        changing
    }

    /// Ends all sessions; returns when every peer has been told, or after a few seconds.
    pub async fn shut_down(mut self) {
        for name in self.running.keys().cloned().collect::<Vec<_>>() {
            self.stop(&name, StopReason::AdministrativeShutdown(SHUTDOWN_TEXT.to_owned()));
        }
        while self.leaving.join_next().await.is_some() {}
    }

    /// The configured peers in order, for those who ask.
    pub fn entries(&self, config: &Config) -> Vec<PeerEntry> {
        let entry = |peer: &Peer| {
            let status = self.running.get(&peer.name).map(|running| running.task.status_door());
            Some(PeerEntry { id: *self.numbers.get(&peer.name)?, peer: peer.clone(), status })
        };
        config.peers.iter().filter_map(entry).collect()
    }

    /// Gives numbers to peers without one and to those that start anew, and forgets those that are gone.
    fn number(&mut self, config: &Config, anew: &[&str]) {
        self.numbers.retain(|name, _| config.peer(name).is_some());
        for peer in &config.peers {
            let starts = !self.running.contains_key(&peer.name);
            if starts || anew.contains(&peer.name.as_str()) {
                self.next_number += 1;
                self.numbers.insert(peer.name.clone(), PeerId(self.next_number));
            }
        }
    }

    fn settings(&self, peer: &Peer, config: &Config) -> Option<PeerSettings> {
        let number_of_enabled =
            |name: &str| config.peer(name).filter(|peer| peer.enabled).and(self.numbers.get(name)).copied();
        Some(PeerSettings {
            id: *self.numbers.get(&peer.name)?,
            name: Arc::from(peer.name.as_str()),
            session: peer.session_config(&config.router),
            remote: SocketAddr::new(peer.address, peer.port),
            local: peer.local_address,
            next_hop_self_v4: peer.next_hop_self_v4,
            next_hop_self_v6: peer.next_hop_self_v6,
            med: peer.advertised_route_priority,
            max_prefixes: peer.max_prefixes(),
            max_prefixes_out: peer.max_prefixes_out,
            graceful_shutdown: peer.graceful_shutdown,
            import: Arc::new(peer.import_policy()),
            export: Arc::new(peer.export_policy_with(number_of_enabled, self.held.get(&peer.name))),
        })
    }

    fn launch(&mut self, peer: &Peer, settings: PeerSettings) {
        info!(peer = %peer.name, address = %peer.address, asn = %peer.asn, connect = ?peer.connect, "peer started");
        // Only jitter depends on it: any number will do, as long as two daemons do not get the same.
        let seed = RandomState::new().build_hasher().finish();
        let task =
            PeerTask::start_admitted(settings, self.rib.clone(), seed, |door| self.roster.admit(peer.address, door));
        self.running.insert(peer.name.clone(), Running { peer: peer.clone(), task });
    }

    fn stop(&mut self, name: &str, reason: StopReason) {
        if let Some(Running { peer, task }) = self.running.remove(name) {
            info!(peer = %name, %reason, "peer stopped");
            self.roster.dismiss(peer.address);
            self.leaving.spawn(task.stop(reason));
        }
    }
}
