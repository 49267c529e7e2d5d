//! What the admin socket asks of the daemon.

use tokio::sync::{mpsc, oneshot};

/// Releases that wait for the daemon; whoever asks for one more waits for room.
pub const MAX_RELEASES: usize = 16;

/// The running daemon as the admin socket sees it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct AdminView {
    /// The way to the daemon's loop.
    pub releases: mpsc::Sender<Release>,
}

/// What is held is to be let go.
#[derive(Debug)]
pub struct Release {
    /// The hash of exactly what.
    pub hash: String,
    /// Who says so, as the kernel names the process.
    pub by: String,
    /// Where the answer goes.
    pub reply: oneshot::Sender<Released>,
}

/// What came of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Released {
    /// So many withdrawals were made.
    Done {
        /// How many.
        withdrawals: usize,
    },
    /// There was nothing to let go.
    NothingHeld,
    /// What is held is something else, of this hash.
    HeldIsAnother(String),
}
