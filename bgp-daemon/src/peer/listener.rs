//! Accepts TCP connections and hands each to the task of the peer it comes from.

use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::roster::{HandOver, Roster};

/// How long to leave `accept` alone after it failed (out of file descriptors, most often), so as not to spin.
const ACCEPT_RETRY: Duration = Duration::from_millis(250);

/// Accepts until `stop` is cancelled. Connections from strangers are closed at once, before an octet is read.
pub async fn accept(listener: TcpListener, roster: Roster, stop: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let (stream, remote) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                warn!(%error, "cannot accept a connection");
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(ACCEPT_RETRY) => continue,
                }
            }
        };
        match roster.hand_over(remote.ip(), stream) {
            HandOver::Taken => {}
            HandOver::Unknown => debug!(%remote, "refused a connection: no peer is configured at this address"),
            HandOver::Busy => debug!(%remote, "refused a connection: the peer's earlier ones are still looked at"),
        }
    }
}
