//! The task of one peer, as the daemon holds it. What the task does is in [`runner`](super::runner); [`keeper`](super::keeper)
//! starts that again if it fails.

use bgp_core::session::StopReason;
use bgp_core::types::AddressFamily;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tracing::{Instrument, debug, info_span, warn};

use super::keeper::{Doors, keep};
use super::settings::{PeerSettings, PeerStatus};
use crate::rib_owner::RibHandle;

/// Connections that may wait for the task to look at them.
const DOOR: usize = 4;

/// A running peer.
#[derive(Debug)]
pub struct PeerTask {
    commands: mpsc::UnboundedSender<Command>,
    door: mpsc::Sender<TcpStream>,
    task: JoinHandle<()>,
}

/// What the daemon wants of the task.
#[derive(Debug)]
pub(super) enum Command {
    Stop(StopReason),
    Change(Box<PeerSettings>, oneshot::Sender<()>),
    Refresh(AddressFamily),
    Status(oneshot::Sender<PeerStatus>),
    /// Panic.
    #[cfg(test)]
    Fail,
}

impl PeerTask {
    /// Starts the session. The seed decides its jitter.
    #[must_use]
    pub fn start(settings: PeerSettings, rib: RibHandle, seed: u64) -> Self {
        Self::start_admitted(settings, rib, seed, |_| {})
    }

    /// The same, but `admit` gets the door before the peer can hear of us: who is dialled may dial back at once.
    #[must_use]
    pub fn start_admitted(
        settings: PeerSettings,
        rib: RibHandle,
        seed: u64,
        admit: impl FnOnce(mpsc::Sender<TcpStream>),
    ) -> Self {
        let (commands, queue) = mpsc::unbounded_channel();
        let (door, arrivals) = mpsc::channel(DOOR);
        let doors = Doors { commands: queue, arrivals };
        admit(door.clone());
        let span = info_span!("peer", name = %settings.name);
        let task = tokio::spawn(keep(settings, rib, seed, doors).instrument(span));
        Self { commands, door, task }
    }

    /// Where accepted connections of the peer go in.
    #[must_use]
    pub fn door(&self) -> mpsc::Sender<TcpStream> {
        self.door.clone()
    }

    /// New policies, next hops, MED or prefix limit; a session that is up goes on. What the session itself was made with
    /// stays as it was: for that, stop the task and start another. The receiver hears when the table was told of it, or
    /// that the task has ended.
    pub fn change(&self, settings: PeerSettings) -> oneshot::Receiver<()> {
        let (done, told) = oneshot::channel();
        self.tell(Command::Change(Box::new(settings), done));
        told
    }

    /// Asks the peer for its routes of a family again.
    pub fn request_refresh(&self, family: AddressFamily) {
        self.tell(Command::Refresh(family));
    }

    /// Where the session stands; `None` when the task has ended.
    pub async fn status(&self) -> Option<PeerStatus> {
        StatusDoor(self.commands.clone()).status().await
    }

    /// A door for asking [`PeerTask::status`] that can be kept elsewhere.
    #[must_use]
    pub fn status_door(&self) -> StatusDoor {
        StatusDoor(self.commands.clone())
    }

    /// Ends the session and the task; returns when the peer has been told, or after a few seconds.
    pub async fn stop(self, reason: StopReason) {
        self.tell(Command::Stop(reason));
        if let Err(error) = self.task.await {
            warn!(%error, "the task of a peer did not end well");
        }
    }

    /// Has a defect come to light in what the task does.
    #[cfg(test)]
    pub fn fails(&self) {
        self.tell(Command::Fail);
    }

    fn tell(&self, command: Command) {
        if self.commands.send(command).is_err() {
            debug!("the task of the peer has ended already");
        }
    }
}

/// Asks a peer's task where it stands. Cheap to clone.
#[derive(Clone, Debug)]
pub struct StatusDoor(mpsc::UnboundedSender<Command>);

impl StatusDoor {
    /// Where the session stands; `None` when the task has ended.
    pub async fn status(&self) -> Option<PeerStatus> {
        let (reply, answer) = oneshot::channel();
        self.0.send(Command::Status(reply)).ok()?;
        answer.await.ok()
    }
}
