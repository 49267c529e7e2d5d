//! The read-only socket: HTTP and JSON over a Unix socket, for `aliasctl` and `curl`. Knows no rendering.

mod view;

pub use view::{DaemonView, PeerEntry, ReloadOutcome};
