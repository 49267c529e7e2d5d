//! The owner's loop: take messages, decide in slices, hand routes to peers that can take them.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

use bgp_core::rib::{PrefixLimitExceeded, Rib, RibConfig};
use bgp_core::types::PeerId;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TryRecvError;
use tracing::{debug, warn};

use super::handle::{Command, FromPeer, OriginationChange, RibEvent, RibHandle, Urgent};

/// Prefixes decided between two looks at the queue: a fraction of a millisecond, so that no message waits long.
const DECIDE_SLICE: usize = 1024;

/// Messages taken before the next slice of deciding, …
const COMMAND_SLICE: usize = 256;

/// … unless they bring this many routes before: a message may carry thousands.
const INTAKE_SLICE: usize = 2048;

/// Urgent questions answered between two slices.
const URGENT_SLICE: usize = 16;

/// Starts the owner. It ends when every [`RibHandle`] is dropped.
///
/// # Errors
/// When the operating system gives no thread.
pub fn start(config: RibConfig) -> io::Result<(RibHandle, JoinHandle<()>)> {
    let (commands, queue) = mpsc::unbounded_channel();
    let (urgent, questions) = mpsc::unbounded_channel();
    let owner = Owner {
        rib: Rib::new(config),
        peers: HashMap::new(),
        undecided: 0,
        change_in_progress: false,
        holds: 0,
        obeyed: 0,
        questions,
        waiting: None,
    };
    let thread = std::thread::Builder::new().name("rib-owner".to_owned()).spawn(move || owner.run(queue))?;
    Ok((RibHandle { commands, urgent, orders: Arc::default() }, thread))
}

struct Outlet {
    events: mpsc::UnboundedSender<RibEvent>,
    /// Batches the peer has asked for and not got.
    credit: usize,
}

struct Owner {
    rib: Rib,
    peers: HashMap<PeerId, Outlet>,
    undecided: usize,
    /// A change is being decided: nothing is handed out until it is whole, so that no peer sees its
    /// withdrawals without its announcements.
    change_in_progress: bool,
    /// Changes that are to be told as one and are not complete.
    holds: usize,
    /// Orders obeyed so far.
    obeyed: u64,
    questions: mpsc::UnboundedReceiver<Urgent>,
    /// The next urgent question, which waits for an order.
    waiting: Option<Urgent>,
}

impl Owner {
    fn run(mut self, mut queue: mpsc::UnboundedReceiver<Command>) {
        while let Some(taken) = self.take(&mut queue) {
            self.answer();
            // Whatever a peer floods us with, what is undecided shrinks, and walks gain on a table that grows under them:
            // each family has half of the budget, and each route that came in is to be decided and walked over.
            self.undecided = self.rib.decide(DECIDE_SLICE + 4 * taken);
            self.change_in_progress &= !self.rib.is_settled();
            if !self.change_in_progress && self.holds == 0 {
                self.hand_out();
                self.undecided = self.rib.undecided();
            }
        }
    }

    /// Obeys the next messages; how many routes they brought, `None` when nobody can send any more.
    fn take(&mut self, queue: &mut mpsc::UnboundedReceiver<Command>) -> Option<usize> {
        let mut routes = 0;
        if self.undecided == 0 && self.waiting.is_none() && self.questions.is_empty() {
            // Everything is decided, handed out and answered: sleep until there is news.
            routes += self.obey(queue.blocking_recv()?);
        }
        for _ in 0..COMMAND_SLICE {
            if routes >= INTAKE_SLICE {
                break;
            }
            match queue.try_recv() {
                Ok(command) => routes += self.obey(command),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return None,
            }
        }
        Some(routes)
    }

    /// Answers urgent questions, a few at a time.
    fn answer(&mut self) {
        for _ in 0..URGENT_SLICE {
            let Some(next) = self.waiting.take().or_else(|| self.questions.try_recv().ok()) else { break };
            if next.after > self.obeyed {
                self.waiting = Some(next);
                break;
            }
            (next.question)(&self.rib);
        }
    }

    /// Does what a message says; how many routes of peers it brought.
    fn obey(&mut self, command: Command) -> usize {
        self.obeyed += u64::from(command.is_order());
        match command {
            Command::PeerUp { facts, import, export, kept, events } => {
                self.peers.insert(facts.id, Outlet { events, credit: 0 });
                self.rib.peer_returned(*facts, import, export, kept);
            }
            Command::PeerAway { peer, keep, keep_stale } => {
                self.peers.remove(&peer);
                self.rib.peer_away(peer, keep, keep_stale);
            }
            Command::FromPeer { peer, news, permit } => {
                news.iter().for_each(|news| self.heed(peer, news));
                drop(permit);
                return news.iter().map(FromPeer::route_count).sum();
            }
            Command::Grant(peer) => {
                if let Some(outlet) = self.peers.get_mut(&peer) {
                    outlet.credit += 1;
                }
            }
            Command::Refresh(peer, family) => self.rib.refresh(peer, family),
            Command::ChangePeer { facts, import, export } => {
                let peer = facts.id;
                let exceeded = self.rib.change_peer(*facts, import, export);
                self.report(peer, exceeded);
            }
            Command::Originations(change) => self.change_originations(change),
            Command::Hold => self.holds += 1,
            Command::Release => {
                self.holds = self.holds.saturating_sub(1);
                self.change_in_progress = true;
            }
            Command::Ask(question) => question(&self.rib),
            // The question is in a queue of its own.
            Command::Wake => {}
        }
        0
    }

    fn heed(&mut self, peer: PeerId, news: &FromPeer) {
        match news {
            FromPeer::Routes(incoming) => {
                let outcome = self.rib.take_in(peer, incoming);
                self.report(peer, outcome.prefix_limit);
            }
            FromPeer::RefreshBegan(family) => self.rib.refresh_began(peer, *family),
            FromPeer::RefreshEnded(family) => self.rib.refresh_ended(peer, *family),
            FromPeer::StaleExpired(families) => self.rib.stale_expired(peer, *families),
            FromPeer::LongLivedStale(families) => self.rib.long_lived_stale(peer, *families),
        }
    }

    fn report(&self, peer: PeerId, exceeded: Option<PrefixLimitExceeded>) {
        let (Some(exceeded), Some(outlet)) = (exceeded, self.peers.get(&peer)) else { return };
        warn!(%peer, family = %exceeded.family, limit = exceeded.limit, "peer went over its prefix limit");
        if outlet.events.send(RibEvent::PrefixLimit(exceeded)).is_err() {
            debug!(%peer, "peer was gone before it could be told of its prefix limit");
        }
    }

    fn change_originations(&mut self, change: OriginationChange) {
        if let Some(own_ranges) = change.own_ranges {
            self.rib.replace_own_ranges(own_ranges);
        }
        for (prefix, attributes, tag, cost) in change.originate {
            self.rib.originate_at_cost(prefix, attributes, tag, cost);
        }
        for prefix in change.withdraw {
            self.rib.withdraw_origination(&prefix);
        }
        self.change_in_progress = true;
    }

    fn hand_out(&mut self) {
        for (peer, outlet) in &mut self.peers {
            while outlet.credit > 0 {
                let Some(batch) = self.rib.pull(*peer, super::PULL_ROUTES) else { break };
                outlet.credit -= 1;
                if outlet.events.send(RibEvent::Batch(batch)).is_err() {
                    // The task is gone; its PeerAway is on the way.
                    outlet.credit = 0;
                }
            }
        }
    }
}
