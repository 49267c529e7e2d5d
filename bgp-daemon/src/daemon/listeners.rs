//! The sockets that await peers.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;

use tokio_util::sync::CancellationToken;
use tracing::info;

use super::StartError;
use crate::peer::listener;
use crate::peer::roster::Roster;
use crate::peer::socket;

/// The open listeners by the address they were asked for.
#[derive(Debug)]
pub(super) struct Listeners {
    roster: Roster,
    open: BTreeMap<SocketAddr, Open>,
}

#[derive(Debug)]
struct Open {
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Listeners {
    pub fn new(roster: Roster) -> Self {
        Self { roster, open: BTreeMap::new() }
    }

    /// Opens what is wanted and not open, and closes what is open and not wanted. What can be opened is, whatever else
    /// cannot.
    ///
    /// # Errors
    /// Every listener that could not be opened.
    pub async fn change(&mut self, wanted: &[SocketAddr]) -> Result<(), Vec<StartError>> {
        let gone: Vec<SocketAddr> = self.open.keys().filter(|address| !wanted.contains(address)).copied().collect();
        for address in gone {
            if let Some(open) = self.open.remove(&address) {
                info!(%address, "no longer awaiting connections");
                open.close().await;
            }
        }
        let mut failed = Vec::new();
        for address in wanted {
            if !self.open.contains_key(address)
                && let Err(error) = self.open(*address)
            {
                failed.push(StartError::Listen { address: *address, error });
            }
        }
        if failed.is_empty() { Ok(()) } else { Err(failed) }
    }

    /// Closes all.
    pub async fn close(self) {
        for open in self.open.into_values() {
            open.close().await;
        }
    }

    fn open(&mut self, address: SocketAddr) -> io::Result<()> {
        let socket = socket::listen(address)?;
        info!(address = %socket.local_addr()?, "awaiting connections");
        let stop = CancellationToken::new();
        let task = tokio::spawn(listener::accept(socket, self.roster.clone(), stop.clone()));
        self.open.insert(address, Open { stop, task });
        Ok(())
    }
}

impl Open {
    async fn close(self) {
        self.stop.cancel();
        if let Err(error) = self.task.await {
            tracing::error!(%error, "a listener did not end well");
        }
    }
}
