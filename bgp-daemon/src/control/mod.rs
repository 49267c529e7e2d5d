//! The read-only socket: HTTP and JSON over a Unix socket, for `aliasctl` and `curl`. Knows no rendering.
//!
//! | path | answer |
//! |---|---|
//! | `/v1/status` | the daemon as a whole, its health and why |
//! | `/v1/peers`, `/v1/peers/{name}` | the sessions |
//! | `/v1/peers/{name}/faults` | the last UPDATEs of a peer that had faults |
//! | `/v1/routes?view=&peer=&family=&prefix=&after=&limit=` | routes, in pages |
//! | `/v1/lookup/{address}` | the longest match, with all its paths and why one is the best |
//! | `/v1/inventory?after=&limit=` | the snapshot in use and its ranges, in pages |
//! | `/v1/originations?after=&limit=` | what is originated, with what it was made from, in pages |
//! | `/v1/config` | the configuration in force, as it is written |
//! | `/v1/guard?after=&limit=` | what the guard holds and why, in pages |
//! | `/v1/explain?target=&peer=` | from the inventory to each peer, or where the chain breaks |
//! | `/v1/metrics` | all of that as numbers, in the text format of Prometheus |
//!
//! The same metrics are served over TCP at `metrics.listen` where that is configured: `/metrics`, and the probes `/healthz` and
//! `/readyz`; nothing else is.
//!
//! The admin socket, with a file mode of its own, knows one path more and nothing of these: `POST /v1/guard/release/{hash}`.
//!
//! Only GET is answered, one request a connection: `curl --unix-socket /run/aliasd/aliasd.sock http://aliasd/v1/status`.

mod admin;
mod endpoint;
mod fault;
mod metrics;
mod parameters;
pub mod reply;
mod server;
mod sessions;
mod socket;
mod span;
mod time;
mod view;

pub use admin::{AdminView, MAX_RELEASES, Release, Released};
pub use endpoint::hold_summary;
pub use metrics::listen as listen_for_metrics;
pub use server::{serve, serve_admin, serve_metrics};
pub use socket::{ControlSocket, bind, set_mode};
pub use time::{Clock, rfc3339};
pub use view::{AuditStatus, DaemonView, PeerEntry, ReloadOutcome};
