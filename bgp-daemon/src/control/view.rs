//! What may be looked at through the socket. The daemon publishes it; nothing here changes anything.

use std::sync::Arc;
use std::time::SystemTime;

use bgp_core::types::PeerId;
use tokio::sync::watch;

use super::time::Clock;
use crate::config::{Config, Peer};
use crate::inventory::InventoryStatus;
use crate::journal::JournalStatus;
use crate::origination::EndedSessions;
use crate::origination::OriginationSet;
use crate::origination::guard::GuardState;
use crate::peer::StatusDoor;
use crate::rib_owner::RibHandle;

/// The running daemon as the socket sees it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct DaemonView {
    /// When the daemon started.
    pub started_at: SystemTime,
    /// The door to the table.
    pub rib: RibHandle,
    /// The configuration in force.
    pub config: watch::Receiver<Arc<Config>>,
    /// How the last reload went; `None` before the first.
    pub reload: watch::Receiver<Option<Arc<ReloadOutcome>>>,
    /// The configured peers in order, those that are not enabled too.
    pub peers: watch::Receiver<Arc<Vec<PeerEntry>>>,
    /// Where the inventory stands.
    pub inventory: watch::Receiver<Arc<InventoryStatus>>,
    /// The clock of the guard.
    pub clock: Clock,
    /// What the guard remembers.
    pub guard: watch::Receiver<Arc<GuardState>>,
    /// How writing the audit log goes.
    pub audit: watch::Receiver<Arc<AuditStatus>>,
    /// Where the journal stands.
    pub journal: watch::Receiver<Arc<JournalStatus>>,
    /// Whether what is originated was made from a trusted snapshot, or comes from the journal; for good once it is.
    pub ready: watch::Receiver<bool>,
    /// What is originated; `None` until the first snapshot.
    pub originations: watch::Receiver<Option<Arc<OriginationSet>>>,
}

/// One configured peer.
#[derive(Clone, Debug)]
pub struct PeerEntry {
    /// Its number in the table.
    pub id: PeerId,
    /// As configured.
    pub peer: Peer,
    /// Where its session can be asked; `None` when it is not enabled.
    pub status: Option<StatusDoor>,
}

/// How writing the audit log goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditStatus {
    /// Why it cannot be written now.
    pub fault: Option<String>,
    /// Changes that were lost so far.
    pub lost: u64,
}

/// How a reload went.
#[derive(Clone, Debug)]
pub struct ReloadOutcome {
    /// When.
    pub at: SystemTime,
    /// Whether the new configuration was refused as a whole; the old one stays.
    pub refused: bool,
    /// Why it was refused, or what of it could not be done, one line each; empty when all of it is in force.
    pub faults: Vec<String>,
    /// The sessions that the new configuration would end, when that is what it is refused for until somebody says so.
    pub held: Option<Arc<EndedSessions>>,
    /// Keys whose change takes effect only after a restart.
    pub restart_needed: Vec<&'static str>,
}
