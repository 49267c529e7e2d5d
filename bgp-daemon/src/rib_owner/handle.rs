//! The door to the table: messages in, nothing shared.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bgp_core::attribute::PathAttributes;
use bgp_core::policy::Policy;
use bgp_core::rib::{Incoming, PeerFacts, PrefixLimitExceeded, Rib, UpdateBatch};
use bgp_core::types::{AddressFamily, FamilySet, PeerId, Prefix};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

/// The owner has stopped: the daemon is going down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the routing table has stopped")]
pub struct Gone;

/// What the owner tells a peer's task.
#[derive(Debug)]
pub enum RibEvent {
    /// Send these routes, then ask for more with [`RibHandle::grant`].
    Batch(UpdateBatch),
    /// The peer went over its prefix limit; the session is to be closed.
    PrefixLimit(PrefixLimitExceeded),
}

/// What a peer's session brings to the table, in the order it came.
#[derive(Debug)]
pub enum FromPeer {
    /// Routes.
    Routes(Incoming),
    /// The peer begins to announce a family again (RFC 7313).
    RefreshBegan(AddressFamily),
    /// It has.
    RefreshEnded(AddressFamily),
    /// What is still stale in these families goes (RFC 4724).
    StaleExpired(FamilySet),
    /// What is stale in these families stays, least preferred (RFC 9494).
    LongLivedStale(FamilySet),
}

impl FromPeer {
    /// How many routes it brings.
    #[must_use]
    pub fn route_count(&self) -> usize {
        match self {
            Self::Routes(incoming) => incoming.route_count(),
            _ => 0,
        }
    }
}

type Question = Box<dyn FnOnce(&Rib) + Send>;

/// A question that does not wait for what peers send.
pub(super) struct Urgent {
    /// How many orders must have been obeyed before it is answered: those that were given before it.
    pub after: u64,
    pub question: Question,
}

/// A prefix to originate, with its attributes, role and cost.
pub type Route = (Prefix, Arc<PathAttributes>, Arc<str>, u32);

/// Routes that are made one by one as the table takes them: of a million no list is kept.
#[derive(Default)]
pub struct Routes(Option<Box<dyn Iterator<Item = Route> + Send>>);

impl Routes {
    /// Those of an iterator, which is asked on the owner's thread.
    #[must_use]
    pub fn made_by(routes: impl Iterator<Item = Route> + Send + 'static) -> Self {
        Self(Some(Box::new(routes)))
    }
}

impl FromIterator<Route> for Routes {
    fn from_iter<I: IntoIterator<Item = Route>>(routes: I) -> Self {
        Self::made_by(routes.into_iter().collect::<Vec<_>>().into_iter())
    }
}

impl Iterator for Routes {
    type Item = Route;

    fn next(&mut self) -> Option<Route> {
        self.0.as_mut()?.next()
    }
}

impl fmt::Debug for Routes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Routes").finish_non_exhaustive()
    }
}

/// A change of what we originate, applied as one: its announcements reach every peer before its withdrawals.
#[derive(Debug, Default)]
pub struct OriginationChange {
    /// Prefixes to originate or to replace, each with its attributes, role and cost.
    pub originate: Routes,
    /// Prefixes to stop originating.
    pub withdraw: Vec<Prefix>,
    /// All ranges that are ours, where they are others than before; nothing inside them is learned.
    pub own_ranges: Option<Vec<Prefix>>,
}

/// A message to the owner.
pub(super) enum Command {
    PeerUp {
        facts: Box<PeerFacts>,
        import: Arc<Policy>,
        export: Arc<Policy>,
        kept: FamilySet,
        events: mpsc::UnboundedSender<RibEvent>,
    },
    PeerAway {
        peer: PeerId,
        keep: FamilySet,
        keep_stale: FamilySet,
    },
    FromPeer {
        peer: PeerId,
        news: Vec<FromPeer>,
        permit: Option<OwnedSemaphorePermit>,
    },
    Grant(PeerId),
    Refresh(PeerId, AddressFamily),
    ChangePeer {
        facts: Box<PeerFacts>,
        import: Arc<Policy>,
        export: Arc<Policy>,
    },
    Originations(OriginationChange),
    Hold,
    Release,
    Ask(Question),
    /// There is an urgent question.
    Wake,
}

impl Command {
    /// Whether it is an order, which urgent questions must not overtake: anything but what peers send and take.
    pub(super) const fn is_order(&self) -> bool {
        !matches!(self, Self::FromPeer { .. } | Self::Grant(_) | Self::Ask(_) | Self::Wake)
    }
}

/// Sends messages to the owner. Cheap to clone. The queue is bounded by construction: UPDATEs by each peer's
/// [`PeerIntake`], everything else by being one answer to one event.
#[derive(Clone, Debug)]
pub struct RibHandle {
    pub(super) commands: mpsc::UnboundedSender<Command>,
    pub(super) urgent: mpsc::UnboundedSender<Urgent>,
    /// Orders given so far, by all.
    pub(super) orders: Arc<AtomicU64>,
}

impl RibHandle {
    /// A peer's session is Established; stale routes of it stay in the families `kept`. The receiver gets at most one batch
    /// for each [`RibHandle::grant`].
    ///
    /// # Errors
    /// [`Gone`] when the owner has stopped.
    pub fn peer_up(
        &self,
        facts: PeerFacts,
        import: Arc<Policy>,
        export: Arc<Policy>,
        kept: FamilySet,
    ) -> Result<(PeerIntake, mpsc::UnboundedReceiver<RibEvent>), Gone> {
        let (events, receiver) = mpsc::unbounded_channel();
        let peer = facts.id;
        self.send(Command::PeerUp { facts: Box::new(facts), import, export, kept, events })?;
        let permits = Arc::new(Semaphore::new(super::INTAKE_BATCHES));
        Ok((PeerIntake { peer, rib: self.clone(), permits }, receiver))
    }

    /// The session of the peer has ended. Its routes go, but for those of the families in `keep`, which become stale; in
    /// those of `keep_stale` even what was stale before stays (RFC 4724).
    ///
    /// # Errors
    /// [`Gone`] when the owner has stopped.
    pub fn peer_away(&self, peer: PeerId, keep: FamilySet, keep_stale: FamilySet) -> Result<(), Gone> {
        self.send(Command::PeerAway { peer, keep, keep_stale })
    }

    /// What happens to the routes of a peer that is away.
    ///
    /// # Errors
    /// [`Gone`] when the owner has stopped.
    pub fn of_absent_peer(&self, peer: PeerId, news: FromPeer) -> Result<(), Gone> {
        self.send(Command::FromPeer { peer, news: vec![news], permit: None })
    }

    /// The peer can send another batch of routes.
    ///
    /// # Errors
    /// [`Gone`] when the owner has stopped.
    pub fn grant(&self, peer: PeerId) -> Result<(), Gone> {
        self.send(Command::Grant(peer))
    }

    /// The peer asked for a family again (RFC 2918).
    ///
    /// # Errors
    /// [`Gone`] when the owner has stopped.
    pub fn refresh(&self, peer: PeerId, family: AddressFamily) -> Result<(), Gone> {
        self.send(Command::Refresh(peer, family))
    }

    /// Replaces the policies, next hops, MED and prefix limit of a peer that is up; only what differs is sent.
    ///
    /// # Errors
    /// [`Gone`] when the owner has stopped.
    pub fn change_peer(&self, facts: PeerFacts, import: Arc<Policy>, export: Arc<Policy>) -> Result<(), Gone> {
        self.send(Command::ChangePeer { facts: Box::new(facts), import, export })
    }

    /// Changes what we originate.
    ///
    /// # Errors
    /// [`Gone`] when the owner has stopped.
    pub fn change_originations(&self, change: OriginationChange) -> Result<(), Gone> {
        self.send(Command::Originations(change))
    }

    /// From here until the hold is dropped no peer is told of any change, so that several become one: what one of them
    /// takes away and another gives back is never withdrawn.
    ///
    /// # Errors
    /// [`Gone`] when the owner has stopped.
    pub fn hold(&self) -> Result<Hold, Gone> {
        self.send(Command::Hold)?;
        Ok(Hold(self.clone()))
    }

    /// Returns when the owner has stopped, which it does by itself only by a defect.
    pub async fn gone(&self) -> Gone {
        self.commands.closed().await;
        Gone
    }

    /// Asks the table a question; it is answered between two slices of other work. Ask in pages: while the question is
    /// answered, nothing else is.
    ///
    /// # Errors
    /// [`Gone`] when the owner has stopped.
    pub async fn ask<T, F>(&self, question: F) -> Result<T, Gone>
    where
        T: Send + 'static,
        F: FnOnce(&Rib) -> T + Send + 'static,
    {
        let (question, answer) = to_be_answered(question);
        self.send(Command::Ask(question))?;
        answer.await.map_err(|_| Gone)
    }

    /// As [`ask`](Self::ask), but answered between the next two slices of work, however much peers have sent that is not
    /// applied yet. What was ordered before, as a change of what we originate, is in the answer.
    ///
    /// # Errors
    /// [`Gone`] when the owner has stopped.
    pub async fn ask_now<T, F>(&self, question: F) -> Result<T, Gone>
    where
        T: Send + 'static,
        F: FnOnce(&Rib) -> T + Send + 'static,
    {
        let (question, answer) = to_be_answered(question);
        let after = self.orders.load(Ordering::SeqCst);
        self.urgent.send(Urgent { after, question }).map_err(|_| Gone)?;
        self.send(Command::Wake)?;
        answer.await.map_err(|_| Gone)
    }

    pub(super) fn send(&self, command: Command) -> Result<(), Gone> {
        if command.is_order() {
            self.orders.fetch_add(1, Ordering::SeqCst);
        }
        self.commands.send(command).map_err(|_| Gone)
    }
}

fn to_be_answered<T, F>(question: F) -> (Question, oneshot::Receiver<T>)
where
    T: Send + 'static,
    F: FnOnce(&Rib) -> T + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    let question = move |rib: &Rib| {
        // Whoever asked may be gone; then nobody misses the answer.
        let _unheard = reply.send(question(rib));
    };
    (Box::new(question), answer)
}

/// Keeps what changes from being told; see [`RibHandle::hold`].
#[derive(Debug)]
#[must_use = "dropped at once it holds nothing"]
pub struct Hold(RibHandle);

impl Drop for Hold {
    fn drop(&mut self) {
        // Without an owner nobody is told anything any more.
        let _gone = self.0.send(Command::Release);
    }
}

/// The way of one peer's UPDATEs into the table, bounded by permits that come back as they are applied.
#[derive(Clone, Debug)]
pub struct PeerIntake {
    peer: PeerId,
    rib: RibHandle,
    permits: Arc<Semaphore>,
}

impl PeerIntake {
    /// Waits until the owner has room for another batch of this peer. Safe to cancel.
    ///
    /// # Errors
    /// [`Gone`] when the owner has stopped.
    pub async fn permit(&self) -> Result<OwnedSemaphorePermit, Gone> {
        Arc::clone(&self.permits).acquire_owned().await.map_err(|_| Gone)
    }

    /// The same where there is room now.
    #[must_use]
    pub fn permit_now(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.permits).try_acquire_owned().ok()
    }

    /// Hands over what the peer sent, in the order it came.
    ///
    /// # Errors
    /// [`Gone`] when the owner has stopped.
    pub fn news(&self, news: Vec<FromPeer>, permit: OwnedSemaphorePermit) -> Result<(), Gone> {
        self.rib.send(Command::FromPeer { peer: self.peer, news, permit: Some(permit) })
    }

    /// Hands over what the peer sent last before its session ended: it cannot send more while this waits.
    ///
    /// # Errors
    /// [`Gone`] when the owner has stopped.
    pub fn last_news(self, news: Vec<FromPeer>) -> Result<(), Gone> {
        self.rib.send(Command::FromPeer { peer: self.peer, news, permit: None })
    }
}
