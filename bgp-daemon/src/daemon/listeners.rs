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
    /// Cancelled once the peers are known: until then those who connect wait, and are not taken for strangers.
    gate: CancellationToken,
    open: BTreeMap<SocketAddr, Open>,
}

#[derive(Debug)]
struct Open {
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Listeners {
    pub fn new(roster: Roster) -> Self {
        Self { roster, gate: CancellationToken::new(), open: BTreeMap::new() }
    }

    /// Lets in those who wait and those who come, now that the roster knows the peers.
    pub fn let_in(&self) {
        self.gate.cancel();
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
        let (roster, gate, stopped) = (self.roster.clone(), self.gate.clone(), stop.clone());
        let task = tokio::spawn(async move {
            tokio::select! {
                () = stopped.cancelled() => {}
                () = gate.cancelled() => listener::accept(socket, roster, stopped.clone()).await,
            }
        });
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::net::TcpStream;
    use tokio::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn those_who_come_before_the_peers_are_known_are_not_taken_for_strangers() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let roster = Roster::new();
        let mut listeners = Listeners::new(roster.clone());
        listeners.change(&[free]).await.unwrap();
        let early = TcpStream::connect(free).await.unwrap();
        let closed = tokio::time::timeout(Duration::from_millis(50), early.readable()).await;
        assert!(closed.is_err(), "a listener that does not wait closes it");
        let (door, mut arrivals) = mpsc::channel(1);
        roster.admit(free.ip(), door);
        listeners.let_in();
        let arrived = arrivals.recv().await.unwrap();
        assert_eq!(arrived.peer_addr().unwrap(), early.local_addr().unwrap());
        listeners.close().await;
    }

    #[tokio::test]
    async fn a_listener_that_never_let_anybody_in_can_be_closed() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut listeners = Listeners::new(Roster::new());
        listeners.change(&[free]).await.unwrap();
        listeners.close().await;
        TcpStream::connect(free).await.unwrap_err();
    }
}
