//! One connection of a session, or the attempt at one: an instance of the finite state machine.

use std::sync::Arc;

use super::negotiation::Negotiated;
use super::timers::Timers;
use super::{ConnectionId, Direction, State};
use crate::wire::Framer;

#[derive(Debug, Default)]
pub(super) struct Track {
    pub state: State,
    pub connection: Option<(ConnectionId, Direction)>,
    pub framer: Framer,
    pub timers: Timers,
    pub negotiated: Option<Arc<Negotiated>>,
}

impl Track {
    /// One that waits for a connection that is about to be taken over.
    pub fn awaiting() -> Self {
        Self { state: State::Active, ..Self::default() }
    }

    pub fn is(&self, connection: ConnectionId) -> bool {
        self.connection.is_some_and(|(id, _)| id == connection)
    }

    /// Takes over a connection, from its first octet.
    pub fn connect(&mut self, connection: ConnectionId, direction: Direction) {
        self.connection = Some((connection, direction));
        self.framer = Framer::new();
        self.negotiated = None;
    }
}
