//! The composition root: starts every part, hands each what it needs, and changes only what a reload must touch.
//!
//! | module | what it is |
//! |---|---|
//! | `supervisor` | the loop: signals, inventory, reloads, the end |
//! | `peers` | the configured peers and their tasks |
//! | `listeners` | the sockets that await peers |
//! | `origination` | snapshots and rules into the table |

mod listeners;
mod origination;
mod peers;
mod supervisor;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

pub use supervisor::run;

/// What keeps the daemon from starting.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A listener.
    #[error("cannot await BGP connections on {address} (router.listen): {error}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the kernel says.
        error: io::Error,
    },
    /// The read-only socket.
    #[error("cannot open the control socket {} (control.socket): {error}", path.display())]
    Control {
        /// Where.
        path: PathBuf,
        /// What the kernel says.
        error: io::Error,
    },
    /// The thread of the table, or signals.
    #[error("the operating system refused a thread or a signal handler: {0}")]
    System(#[from] io::Error),
}
