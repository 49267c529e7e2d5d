//! The composition root: starts every part, hands each what it needs, and changes only what a reload must touch.
//!
//! | module | what it is |
//! |---|---|
//! | `supervisor` | the loop: signals, inventory, reloads, the end |
//! | `reload` | a new configuration into what runs |
//! | `peers` | the configured peers and their tasks |
//! | `listeners` | the sockets that await peers |
//! | `audit` | every change of a route of ours into a file |
//! | `door` | the read-only socket, the admin socket and the port of the metrics |
//! | `origination` | snapshots and rules into the table |
//! | `service` | tasks that run until they are told to stop |

mod audit;
mod door;
mod listeners;
mod origination;
mod peers;
mod reload;
mod service;
mod supervisor;

use std::io;
use std::net::SocketAddr;

use crate::journal;

pub use supervisor::run;

/// What keeps the daemon from starting, or ends it.
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
    /// The read-only socket; the text names it.
    #[error("cannot open the control socket: control.socket {0}")]
    Control(io::Error),
    /// The admin socket; the text names it.
    #[error("cannot open the admin socket: admin.socket {0}")]
    Admin(io::Error),
    /// The port of the metrics.
    #[error("cannot serve metrics on {address} (metrics.listen): {error}")]
    Metrics {
        /// Where.
        address: SocketAddr,
        /// What the kernel says.
        error: io::Error,
    },
    /// Another daemon keeps the journal; the text names it.
    #[error("cannot keep the journal (journal.path): {0}")]
    Journal(journal::LockError),
    /// The thread of the table, or signals.
    #[error("the operating system refused a thread or a signal handler: {0}")]
    System(#[from] io::Error),
    /// The thread of the table has ended, which it never does by itself.
    #[error("the routing table stopped by itself; this is a defect of aliasd")]
    TableGone,
}
