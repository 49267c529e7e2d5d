//! TCP as far as BGP can tell: octets in order, in pieces, late; a window that fills; ends that one side hears of, or none.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::{Buf, Bytes};

/// A connection between two routers. Side 0 dialled.
#[derive(Debug)]
pub struct Connection {
    /// The routers at its sides.
    pub routers: [usize; 2],
    pub ends: [End; 2],
    /// Octets that a reader has not taken, at most.
    pub window: usize,
    /// Nothing gets through any more.
    pub cut: bool,
    /// Octets were changed on the way: what was said on it cannot be relied on.
    pub tainted: bool,
}

/// One side of a connection, and what is on its way to it.
#[derive(Debug)]
pub struct End {
    /// The router at this side has it.
    pub open: bool,
    /// Pieces on their way, each with its arrival.
    pub incoming: VecDeque<(Instant, Vec<u8>)>,
    /// When the last of them arrives; what is sent later arrives no earlier.
    pub last_arrival: Instant,
    /// Nothing is read before.
    pub stalled_until: Instant,
}

impl End {
    pub fn new(first_arrival: Instant) -> Self {
        Self { open: false, incoming: VecDeque::new(), last_arrival: first_arrival, stalled_until: first_arrival }
    }

    pub fn unread(&self) -> usize {
        self.incoming.iter().map(|(_, piece)| piece.len()).sum()
    }

    /// The pieces that have arrived, up to about `most` octets.
    pub fn read(&mut self, now: Instant, most: usize) -> Vec<u8> {
        let mut octets = Vec::new();
        while octets.len() < most
            && let Some((_, piece)) = self.incoming.pop_front_if(|(arrival, _)| *arrival <= now)
        {
            octets.extend(piece);
        }
        octets
    }
}

impl Connection {
    /// Whether both routers have it and hear each other.
    pub fn is_whole(&self) -> bool {
        !self.cut && self.ends.iter().all(|end| end.open)
    }

    pub fn side_of(&self, router: usize) -> usize {
        usize::from(self.routers[0] != router)
    }
}

/// What waits to be written on one connection, as the daemon has it: control messages go before UPDATEs, a message that
/// has begun before both.
#[derive(Debug, Default)]
pub struct Outbox {
    begun: Bytes,
    begun_is_update: bool,
    control: VecDeque<Bytes>,
    updates: VecDeque<Bytes>,
}

impl Outbox {
    pub fn queue_control(&mut self, message: Bytes) {
        self.control.push_back(message);
    }

    pub fn queue_updates(&mut self, messages: Vec<Bytes>) {
        self.updates.extend(messages);
    }

    pub fn queued_updates(&self) -> usize {
        self.updates.len() + usize::from(self.begun_is_update && !self.begun.is_empty())
    }

    /// The next octets, at most `room`, and how many UPDATEs end in them.
    pub fn write(&mut self, room: usize) -> (Vec<u8>, u64) {
        let (mut octets, mut updates) = (Vec::new(), 0);
        while octets.len() < room {
            if self.begun.is_empty() && !self.begin() {
                break;
            }
            let part = self.begun.split_to((room - octets.len()).min(self.begun.remaining()));
            octets.extend_from_slice(&part);
            updates += u64::from(self.begun_is_update && self.begun.is_empty());
        }
        (octets, updates)
    }

    fn begin(&mut self) -> bool {
        let control = self.control.pop_front().map(|message| (message, false));
        let Some((message, is_update)) = control.or_else(|| self.updates.pop_front().map(|message| (message, true)))
        else {
            return false;
        };
        (self.begun, self.begun_is_update) = (message, is_update);
        true
    }

    /// What is still said when the connection is closed: the rest of a message, and control messages.
    pub fn farewell(mut self) -> Vec<u8> {
        self.updates.clear();
        self.write(usize::MAX).0
    }
}
