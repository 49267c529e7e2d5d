//! Who may connect: the configured peers by address, and the door to each one's task.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};

/// What [`Roster::hand_over`] did with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandOver {
    /// The peer's task has it.
    Taken,
    /// No peer is configured at that address; the connection is closed.
    Unknown,
    /// The peer's task still has connections to look at; this one is closed, so that a flood costs its sender only.
    Busy,
}

type Doors = HashMap<IpAddr, mpsc::Sender<TcpStream>>;

/// The peers that may connect. Cheap to clone; listeners read it, the daemon changes it.
#[derive(Clone, Debug)]
pub struct Roster {
    doors: Arc<watch::Sender<Doors>>,
}

impl Roster {
    /// A roster without peers.
    #[must_use]
    pub fn new() -> Self {
        Self { doors: Arc::new(watch::Sender::new(Doors::new())) }
    }

    /// Lets connections from `address` reach a peer's task.
    pub fn admit(&self, address: IpAddr, door: mpsc::Sender<TcpStream>) {
        self.doors.send_modify(|doors| {
            doors.insert(address.to_canonical(), door);
        });
    }

    /// Lets connections from `address` reach nobody.
    pub fn dismiss(&self, address: IpAddr) {
        self.doors.send_modify(|doors| {
            doors.remove(&address.to_canonical());
        });
    }

    /// Gives an accepted connection to the peer at `address`, or closes it.
    pub fn hand_over(&self, address: IpAddr, stream: TcpStream) -> HandOver {
        match self.doors.borrow().get(&address.to_canonical()) {
            None => HandOver::Unknown,
            Some(door) => match door.try_send(stream) {
                Ok(()) => HandOver::Taken,
                Err(_) => HandOver::Busy,
            },
        }
    }
}

impl Default for Roster {
    fn default() -> Self {
        Self::new()
    }
}
