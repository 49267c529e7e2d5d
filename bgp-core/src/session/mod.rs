//! One peer: from connections, octets and time to events and octets (RFC 4271 section 8).
//!
//! Knows no table and no policy. Up to two connections live at a time, until a collision is settled; each is an instance
//! of the pure table in [`transition`].
//!
//! | module | what it is |
//! |---|---|
//! | [`transition`] | state x event -> next state and actions |
//! | `negotiation` | two OPENs -> what was agreed, or a NOTIFICATION |
//! | `extensions` | what may be agreed beyond RFC 4271: offers, and what comes of two |
//! | `collision` | which of two connections stays |
//! | `receive` | octets -> messages -> events of the table |
//! | `faulty_update` | what is kept of UPDATEs with faults |
//! | `graceful_restart`, `stale` | what of a peer's routes outlives its session, and until when |
//! | [`deferral`] | when a speaker that has restarted may say that it has said all |
//! | `drive` | the table's actions, done |

mod cause;
mod collision;
pub mod deferral;
mod drive;
mod extensions;
mod faulty_update;
mod graceful_restart;
mod negotiation;
mod receive;
mod restart;
mod settings;
mod stale;
mod state;
mod statistics;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod timers;
mod track;
pub mod transition;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

pub use cause::{Cause, StopReason};
pub use extensions::{AddPathMode, Extensions};
pub use faulty_update::{FAULTY_UPDATE_DETAILS, FAULTY_UPDATES_KEPT, FaultyUpdate, FaultyUpdates};
pub use graceful_restart::{LongLived, PeerRestart};
pub use negotiation::{Negotiated, legal};
pub use settings::{ConnectMode, RestartConfig, RestartMode, SessionConfig};
pub use state::State;
pub use statistics::{MessageCounts, Statistics};

use drive::Trigger;
use restart::OwnRestart;
use stale::StaleFamilies;
use timers::Jitter;
use track::Track;
use transition::FsmEvent;

use crate::message::{CeaseSubcode, Notification, NotificationCode, RouteRefresh, Update};
use crate::types::{AddressFamily, FamilySet};

/// The first wait before a failed session is started again; doubled by each further failure.
pub const IDLE_HOLD_FIRST: Duration = Duration::from_secs(1);

/// The longest such wait.
pub const IDLE_HOLD_MAX: Duration = Duration::from_mins(2);

/// The first wait before a dial that failed is made again; doubled by each further one, up to the retry time.
pub const DIAL_AGAIN_FIRST: Duration = Duration::from_secs(2);

/// A session that was Established this long has proven itself: failures before it are forgotten.
pub const STABLE: Duration = Duration::from_mins(1);

/// The longest wait before a peer is dialled again that may come back within its restart time.
pub const RETRY_WHILE_AWAY: Duration = Duration::from_secs(5);

/// The least a peer may take to read what we send (RFC 9687 section 6).
pub const SEND_HOLD_MIN: Duration = Duration::from_mins(8);

/// A connection's number, given by the caller, never used twice in one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// Who opened a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// We did.
    Outgoing,
    /// The peer did.
    Incoming,
}

/// What happens to a session.
#[derive(Clone, Debug)]
pub enum Input<'a> {
    /// The operator wants the session.
    Start,
    /// The operator or the daemon ends it.
    Stop(StopReason),
    /// A dial succeeded, or the peer dialled.
    TcpConnected {
        /// Its new number.
        connection: ConnectionId,
        /// Who dialled.
        direction: Direction,
    },
    /// The dial that [`Event::Dial`] asked for failed.
    TcpFailed {
        /// What the system says.
        reason: String,
    },
    /// The peer closed a connection or it broke.
    TcpClosed {
        /// Which.
        connection: ConnectionId,
        /// What the system says.
        reason: String,
    },
    /// Octets arrived.
    Received {
        /// On which connection.
        connection: ConnectionId,
        /// The octets, in order.
        octets: &'a [u8],
    },
    /// The peer's TCP took octets (RFC 9687 measures by this), among them the ends of this many UPDATEs.
    Written {
        /// On which connection.
        connection: ConnectionId,
        /// UPDATE messages that are wholly written now.
        updates: u64,
    },
    /// The peer is to be asked for its routes again (RFC 2918); nothing happens where it cannot be.
    RequestRefresh(AddressFamily),
    /// The way to the peer is down, whatever BGP says (BFD): stale routes go at once. The session itself is not touched.
    ForwardingLost,
}

/// What a session wants done or known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Dial the peer; answer with `TcpConnected` or `TcpFailed`. A dial in progress is given up first.
    Dial,
    /// Give up the dial in progress; no answer is wanted.
    AbandonDial,
    /// Close the connection, after what was transmitted on it. No input of it counts any more.
    CloseTcp {
        /// Which.
        connection: ConnectionId,
    },
    /// The session is in another state.
    StateChanged {
        /// The old one.
        from: State,
        /// The new one.
        to: State,
    },
    /// Routes may be exchanged on this connection.
    Established {
        /// Which.
        connection: ConnectionId,
        /// What was agreed.
        negotiated: Arc<Negotiated>,
        /// Families whose stale routes stay until the peer announces them again; all others go now.
        kept: FamilySet,
    },
    /// Routes of the peer. Only between `Established` and `Down`.
    Update(Box<Update>),
    /// The peer wants the routes of a family again. Only between `Established` and `Down`.
    RouteRefresh(AddressFamily),
    /// The peer begins to announce all routes of a family again: those it has are stale from here on (RFC 7313). Only
    /// between `Established` and `Down`.
    RefreshBegan(AddressFamily),
    /// It has: what is still stale is gone. Only between `Established` and `Down`.
    RefreshEnded(AddressFamily),
    /// The Established session ended.
    Down {
        /// Why.
        cause: Cause,
        /// Families whose routes stay in use, stale, until the peer is back (RFC 4724); those of all others are to go.
        keep: FamilySet,
        /// Those of them in which even routes stay that were stale before.
        keep_stale: FamilySet,
    },
    /// Nobody came back, or not with all routes, in time: what is still stale in these families is to go.
    StaleExpired(FamilySet),
    /// The restart time is over: what is stale in these families stays, least preferred and marked (RFC 9494).
    LongLivedStale(FamilySet),
    /// An attempt ended before it was Established.
    AttemptFailed {
        /// Why.
        cause: Cause,
    },
}

/// Octets to be sent, before any UPDATE that is still queued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// On which connection.
    pub connection: ConnectionId,
    /// One message.
    pub octets: Bytes,
}

/// One peer's session.
///
/// Contract: after every [`handle`](Self::handle) and [`handle_timeout`](Self::handle_timeout), drain
/// [`poll_transmit`](Self::poll_transmit) and then [`poll_event`](Self::poll_event), and call `handle_timeout` when
/// [`poll_timeout`](Self::poll_timeout) has come. Time never goes backward.
#[derive(Debug)]
pub struct Session {
    config: SessionConfig,
    jitter: Jitter,
    main: Track,
    /// An incoming connection beside `main`, until the collision is settled.
    second: Option<Track>,
    /// The operator wants the session.
    running: bool,
    /// When an Idle session starts again.
    idle_hold: Option<Instant>,
    established_at: Option<Instant>,
    /// Connections to the peer that failed in a row before it said anything.
    fruitless: u32,
    stale: StaleFamilies,
    own_restart: OwnRestart,
    reported: State,
    events: VecDeque<Event>,
    transmits: VecDeque<Transmit>,
    statistics: Statistics,
}

/// Which of the two tracks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    Main,
    Second,
}

impl Session {
    /// A session in Idle. The seed decides the jitter, and nothing else is random.
    #[must_use]
    pub fn new(config: SessionConfig, seed: u64) -> Self {
        Self {
            own_restart: OwnRestart::new(&config.graceful_restart),
            config,
            jitter: Jitter::new(seed),
            main: Track::default(),
            second: None,
            running: false,
            idle_hold: None,
            established_at: None,
            fruitless: 0,
            stale: StaleFamilies::default(),
            reported: State::Idle,
            events: VecDeque::new(),
            transmits: VecDeque::new(),
            statistics: Statistics::default(),
        }
    }

    /// Takes what happened.
    pub fn handle(&mut self, input: Input<'_>, now: Instant) {
        match input {
            Input::Start => self.start(now),
            Input::Stop(reason) => self.stop(reason, now),
            Input::TcpConnected { connection, direction: Direction::Outgoing } => self.dialled(connection, now),
            Input::TcpConnected { connection, direction: Direction::Incoming } => self.called(connection, now),
            Input::TcpFailed { reason } if self.main.state == State::Connect => {
                self.step(Which::Main, Trigger::tcp_fails(reason), now);
            }
            Input::TcpFailed { .. } => {}
            Input::TcpClosed { connection, reason } => {
                if let Some(which) = self.which(connection) {
                    self.step(which, Trigger::tcp_fails(reason), now);
                }
            }
            Input::Received { connection, octets } => self.receive(connection, octets, now),
            Input::Written { connection, updates } => self.written(connection, updates, now),
            Input::RequestRefresh(family) => self.request_refresh(family),
            Input::ForwardingLost => self.drop_stale(),
        }
        self.settle(now);
    }

    /// Lets the timers that have expired act.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.idle_hold.is_some_and(|at| at <= now) {
            self.idle_hold = None;
            self.step(Which::Main, Trigger::of(FsmEvent::AutomaticStart), now);
        }
        for which in [Which::Main, Which::Second] {
            while let Some(timer) = self.track_mut(which).and_then(|track| track.timers.take_expired(now)) {
                self.expire(which, timer, now);
            }
        }
        self.expire_stale(now);
        self.settle(now);
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// The next octets to send.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout); `None` when only an input can change anything.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let tracks = std::iter::once(&self.main).chain(&self.second);
        tracks.filter_map(|track| track.timers.next()).chain(self.idle_hold).chain(self.stale.next()).min()
    }

    /// Where the session stands: the further of its two connections.
    #[must_use]
    pub fn state(&self) -> State {
        self.second.as_ref().map_or(self.main.state, |second| second.state.max(self.main.state))
    }

    /// What was agreed, while the session is Established.
    #[must_use]
    pub fn negotiated(&self) -> Option<&Arc<Negotiated>> {
        self.main.negotiated.as_ref().filter(|_| self.main.state == State::Established)
    }

    /// The counters.
    #[must_use]
    pub const fn statistics(&self) -> &Statistics {
        &self.statistics
    }

    /// The configuration it was made with.
    #[must_use]
    pub const fn config(&self) -> &SessionConfig {
        &self.config
    }

    fn start(&mut self, now: Instant) {
        self.running = true;
        self.own_restart.start(now);
        if self.main.state == State::Idle {
            self.idle_hold = None;
            self.step(Which::Main, Trigger::of(FsmEvent::ManualStart), now);
        }
    }

    fn stop(&mut self, reason: StopReason, now: Instant) {
        let starts_again = matches!(reason, StopReason::MaximumPrefixes { .. });
        let event = if starts_again { FsmEvent::AutomaticStop } else { FsmEvent::ManualStop };
        self.running &= starts_again;
        if !self.running {
            self.idle_hold = None;
        }
        let trigger = Trigger {
            event,
            notification: reason.notification(self.peer_keeps_after_notification()),
            cause: Some(Cause::Stopped(reason)),
            reason: String::new(),
            payload: None,
        };
        if self.second.is_some() {
            self.step(Which::Second, trigger.clone(), now);
            self.second = None;
        }
        self.step(Which::Main, trigger, now);
        self.drop_stale();
        if starts_again && self.running {
            let wait = self.jitter.apply(IDLE_HOLD_MAX);
            self.idle_hold = Some(now + wait);
        }
    }

    fn dialled(&mut self, connection: ConnectionId, now: Instant) {
        if self.main.state == State::Connect {
            self.main.connect(connection, Direction::Outgoing);
            self.step(Which::Main, Trigger::of(FsmEvent::TcpCrAcked), now);
        } else {
            self.events.push_back(Event::CloseTcp { connection });
        }
    }

    fn called(&mut self, connection: ConnectionId, now: Instant) {
        let refused = !self.config.connect.awaits() || self.main.state == State::Idle;
        if refused {
            self.events.push_back(Event::CloseTcp { connection });
            return;
        }
        if self.main.state == State::Active {
            self.main.connect(connection, Direction::Incoming);
            self.step(Which::Main, Trigger::of(FsmEvent::TcpConnectionConfirmed), now);
            return;
        }
        match self.second.as_ref().map(|second| second.state) {
            None => {}
            Some(State::OpenSent) => {
                // The peer dials again before it has said anything on the last one: it has lost that.
                let code = NotificationCode::Cease(CeaseSubcode::ConnectionRejected);
                let trigger =
                    Trigger::with(FsmEvent::OpenCollisionDump, Notification::new(code), "replaced by a newer one");
                self.step(Which::Second, trigger, now);
            }
            Some(_) => {
                self.events.push_back(Event::CloseTcp { connection });
                return;
            }
        }
        let mut second = Track::awaiting();
        second.connect(connection, Direction::Incoming);
        self.second = Some(second);
        self.step(Which::Second, Trigger::of(FsmEvent::TcpConnectionConfirmed), now);
    }

    fn written(&mut self, connection: ConnectionId, updates: u64, now: Instant) {
        self.statistics.sent.update += updates;
        if let Some(which) = self.which(connection) {
            self.restart_send_hold(which, now);
        }
    }

    fn request_refresh(&mut self, family: AddressFamily) {
        let able = self.negotiated().is_some_and(|agreed| agreed.route_refresh && agreed.families.contains(family));
        if let Some((connection, _)) = self.main.connection.filter(|_| able) {
            let octets = RouteRefresh { afi_safi: family.afi_safi(), subtype: 0 }.encode();
            self.statistics.sent.route_refresh += 1;
            self.transmits.push_back(Transmit { connection, octets });
        }
    }

    fn which(&self, connection: ConnectionId) -> Option<Which> {
        if self.main.is(connection) {
            return Some(Which::Main);
        }
        self.second.as_ref().is_some_and(|second| second.is(connection)).then_some(Which::Second)
    }

    fn track(&self, which: Which) -> Option<&Track> {
        match which {
            Which::Main => Some(&self.main),
            Which::Second => self.second.as_ref(),
        }
    }

    fn track_mut(&mut self, which: Which) -> Option<&mut Track> {
        match which {
            Which::Main => Some(&mut self.main),
            Which::Second => self.second.as_mut(),
        }
    }
}
