//! One session against whatever comes: connections, octets in any order and pieces, time, and a caller that keeps the
//! contract and nothing more.
//!
//! What holds: at most two connections, none forgotten; Established only after the peer's OPEN and KEEPALIVE on that
//! connection; every timer lies ahead once it has been served; the last message on a connection is a NOTIFICATION that
//! answers none; no message brings more than a handful of events; and octets one by one do the same as all at once.

use std::time::{Duration, Instant};

use bgp_core::capability::{AddPath, Capability, Role};
use bgp_core::message::{self, Message, Open};
use bgp_core::session::{
    AddPathMode, ConnectMode, ConnectionId, Direction, Event, Extensions, Input, RestartConfig, RestartMode, Session,
    SessionConfig, State, StopReason, Transmit,
};
use bgp_core::types::{AddressFamily, Asn, BgpIdentifier, FamilySet, HoldTime};
use bgp_core::wire::Framer;

use super::attribute;
use super::script::Script;

const OPEN: u8 = 1;
const NOTIFICATION: u8 = 3;
const KEEPALIVE: u8 = 4;

/// How far a script got, so that a test can tell whether its scripts get anywhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    pub established: u32,
    pub updates: u32,
    pub collisions: u32,
}

/// The script is run twice: with the octets of each step whole, and one by one.
pub fn holds(octets: &[u8]) {
    runs(octets);
}

/// The same, and how far it got.
pub fn runs(octets: &[u8]) -> Reached {
    let whole = Bench::run(octets, usize::MAX);
    let split = Bench::run(octets, 1);
    assert_eq!(split.transmitted, whole.transmitted, "octets one by one are answered otherwise");
    assert_eq!(split.events, whole.events, "octets one by one do something else");
    whole.reached
}

/// What the caller knows of a connection.
#[derive(Debug)]
struct Connection {
    /// What the peer has sent on it, as far as it can be read.
    stream: Framer,
    /// The kinds of its messages.
    received: Vec<u8>,
    /// The kinds of ours.
    sent: Vec<u8>,
}

struct Bench {
    session: Session,
    now: Instant,
    /// Every connection there ever was, by its number.
    connections: Vec<Connection>,
    /// The numbers of those that neither side has closed.
    open: Vec<u64>,
    dialling: bool,
    established: Option<u64>,
    /// Families whose routes were kept when the last session ended, and whose time is not up.
    stale: FamilySet,
    state: State,
    /// All that was sent and wanted; each in its own order, since within one step messages are drained before events.
    transmitted: Vec<Transmit>,
    events: Vec<Event>,
    reached: Reached,
    /// Octets of one step are given in pieces of this many.
    piece: usize,
}

#[allow(clippy::disallowed_methods, reason = "only the start of a virtual clock")]
fn some_instant() -> Instant {
    Instant::now()
}

fn config(script: &mut Script<'_>) -> SessionConfig {
    let bits = script.octet();
    let connect = [ConnectMode::Both, ConnectMode::Active, ConnectMode::Passive][usize::from(bits % 3)];
    let internal = bits & 4 != 0;
    SessionConfig {
        local_asn: Asn(64512),
        local_identifier: BgpIdentifier::from_bits(100).unwrap(),
        peer_asn: Asn(if internal { 64512 } else { 65001 }),
        connect,
        hold_time: HoldTime::from_secs(if bits & 8 == 0 { 90 } else { 0 }).unwrap(),
        minimum_hold_time_secs: 3,
        connect_retry: Duration::from_secs(120),
        initial_hold: SessionConfig::INITIAL_HOLD,
        families: match bits & 16 {
            0 => FamilySet::from_iter(AddressFamily::ALL),
            _ => FamilySet::from_iter([AddressFamily::Ipv4Unicast]),
        },
        graceful_restart: RestartConfig {
            notification: true,
            long_lived_stale_time_secs: 60,
            mode: if bits & 128 == 0 { RestartMode::Full } else { RestartMode::Off },
            ..RestartConfig::HELPER
        },
        extensions: match bits & 32 {
            0 => Extensions::default(),
            _ => Extensions {
                extended_messages: true,
                extended_next_hop: true,
                add_path: AddPathMode::Both,
                local_role: Some(Role::Provider),
                strict_role: bits & 64 != 0,
                accept_as_set: true,
            },
        },
    }
}

impl Bench {
    fn run(octets: &[u8], piece: usize) -> Self {
        let mut script = Script::new(octets);
        let config = config(&mut script);
        let mut bench = Self {
            session: Session::new(config, u64::from(script.octet())),
            now: some_instant(),
            connections: Vec::new(),
            open: Vec::new(),
            dialling: false,
            established: None,
            stale: FamilySet::EMPTY,
            state: State::Idle,
            transmitted: Vec::new(),
            events: Vec::new(),
            reached: Reached::default(),
            piece,
        };
        bench.handle(Input::Start);
        while !script.is_over() {
            bench.step(&mut script);
        }
        bench.stop(StopReason::PeerDeconfigured);
        assert!(bench.open.is_empty(), "connections are left after the end: {:?}", bench.open);
        assert_eq!((bench.state, bench.session.poll_timeout()), (State::Idle, None));
        bench
    }

    fn step(&mut self, script: &mut Script<'_>) {
        match script.octet() % 14 {
            0 => self.handle(Input::Start),
            1 => self.stop_for(script.octet()),
            2 => self.connect(Direction::Outgoing),
            3 => self.connect(Direction::Incoming),
            4 if std::mem::take(&mut self.dialling) => self.handle(Input::TcpFailed { reason: "refused".to_owned() }),
            4 => {}
            5 => self.close(script.octet()),
            6 => {
                let (connection, octets) = (script.octet(), script.counted());
                self.receive(connection, octets);
            }
            7 => self.receive_open(script),
            8 => self.receive(script.octet(), &message::keepalive()),
            9 => {
                let connection = script.octet();
                let (kind, body) = (script.octet() % 7, script.counted());
                self.receive(connection, &super::frame(kind, body).octets);
            }
            10 => self.receive_routes(script),
            11 => self.wake(),
            12 => self.pass(Duration::from_millis(u64::from(script.two_octets()) * 10), script.octet() & 1 == 0),
            _ => self.tell(script.octet()),
        }
    }

    /// What a caller tells now and then: octets were written, routes are wanted again.
    fn tell(&mut self, bits: u8) {
        match bits & 1 {
            0 => {
                let families = AddressFamily::ALL;
                self.handle(Input::RequestRefresh(families[usize::from(bits / 2) % families.len()]));
            }
            _ => {
                if let Some(connection) = self.pick(bits / 2) {
                    self.handle(Input::Written { connection: ConnectionId(connection), updates: u64::from(bits) });
                }
            }
        }
    }

    fn stop_for(&mut self, number: u8) {
        self.stop(match number % 6 {
            0 => StopReason::AdministrativeShutdown("maintenance".to_owned()),
            1 => StopReason::AdministrativeReset,
            2 => StopReason::PeerDeconfigured,
            3 => StopReason::ConfigurationChange,
            4 => StopReason::MaximumPrefixes { family: AddressFamily::Ipv4Unicast, limit: usize::from(number) },
            _ => StopReason::Silent,
        });
    }

    fn stop(&mut self, reason: StopReason) {
        self.handle(Input::Stop(reason));
        assert_eq!(self.state, State::Idle, "stopped");
    }

    fn connection(&mut self, number: u64) -> &mut Connection {
        &mut self.connections[usize::try_from(number).unwrap()]
    }

    fn sent_notification(&self, number: u64) -> bool {
        self.connections[usize::try_from(number).unwrap()].sent.contains(&NOTIFICATION)
    }

    /// A connection, if there was any: of ten the last ones, so that few octets reach them all.
    fn pick(&self, number: u8) -> Option<u64> {
        let last = self.connections.len().checked_sub(1)?;
        u64::try_from(last - usize::from(number) % self.connections.len().min(10)).ok()
    }

    fn connect(&mut self, direction: Direction) {
        if direction == Direction::Outgoing && !std::mem::take(&mut self.dialling) {
            return;
        }
        let number = u64::try_from(self.connections.len()).unwrap();
        self.connections.push(Connection { stream: Framer::new(), received: Vec::new(), sent: Vec::new() });
        self.reached.collisions += u32::from(!self.open.is_empty());
        self.open.push(number);
        self.handle(Input::TcpConnected { connection: ConnectionId(number), direction });
    }

    fn close(&mut self, number: u8) {
        let Some(number) = self.pick(number) else { return };
        let closed = Input::TcpClosed { connection: ConnectionId(number), reason: "closed by the peer".to_owned() };
        match self.forget(number) {
            true => self.handle(closed),
            false => self.is_ignored(closed),
        }
    }

    /// Notes that a connection is closed; whether it was open.
    fn forget(&mut self, number: u64) -> bool {
        let place = self.open.iter().position(|open| *open == number);
        place.map(|place| self.open.remove(place)).is_some()
    }

    /// What is told of a connection that is closed already does not count.
    fn is_ignored(&mut self, input: Input<'_>) {
        let before = (self.transmitted.len(), self.events.len(), self.session.poll_timeout());
        self.handle(input);
        let after = (self.transmitted.len(), self.events.len(), self.session.poll_timeout());
        assert_eq!(after, before, "a connection that was closed does something");
    }

    fn receive_open(&mut self, script: &mut Script<'_>) {
        let connection = script.octet();
        let bits = script.octet();
        let ours = self.session.config().clone();
        let asn = if bits & 1 == 0 { ours.peer_asn } else { Asn(u32::from(script.octet())) };
        let hold_time_secs = if bits & 2 == 0 { 90 } else { u16::from(script.octet()) };
        let identifier = if bits & 4 == 0 { 50 } else { 150 + u32::from(bits >> 7) };
        let mut capabilities: Vec<Capability> =
            AddressFamily::ALL.into_iter().map(|family| Capability::MultiProtocol(family.afi_safi())).collect();
        capabilities.truncate(usize::from(bits >> 3 & 3).max(1));
        if bits & 32 == 0 {
            capabilities.extend([Capability::FourOctetAsn(asn), Capability::RouteRefresh]);
        }
        if bits & 64 != 0 {
            capabilities.push(Capability::Unknown { code: script.octet(), value: script.counted().to_vec().into() });
        }
        if ours.extensions.local_role.is_some() && bits & 128 == 0 {
            let afi_safi = AddressFamily::Ipv4Unicast.afi_safi();
            let add_path = Capability::AddPath(vec![AddPath { afi_safi, send_receive: 1 + script.octet() % 3 }]);
            capabilities.extend([Capability::ExtendedMessage, Capability::Role(Role::Customer), add_path]);
        }
        let open = Open { asn, hold_time_secs, identifier, capabilities };
        if let Ok(octets) = open.encode() {
            self.receive(connection, &octets);
        }
    }

    /// An UPDATE of one prefix, good but for its last attribute.
    fn receive_routes(&mut self, script: &mut Script<'_>) {
        let connection = script.octet();
        let four: &[u8] = &[2, 1, 0, 0, 0xFD, 0xE9];
        let required: [(u8, &[u8]); 3] = [(1, &[0]), (2, four), (3, &[192, 0, 2, 1])];
        let mut attributes: Vec<u8> =
            required.iter().flat_map(|(code, value)| attribute::one(0x40, *code, value)).collect();
        let (flags, code) = (script.octet(), script.octet());
        if code != 0 {
            attributes.extend(attribute::one(flags, code, script.counted()));
        }
        let body = attribute::update(&attributes, &[16, 10, script.octet()]);
        self.receive(connection, &super::frame(2, &body).octets);
    }

    fn receive(&mut self, number: u8, octets: &[u8]) {
        let Some(number) = self.pick(number) else { return };
        for piece in octets.chunks(self.piece.min(octets.len().max(1))) {
            let input = Input::Received { connection: ConnectionId(number), octets: piece };
            if !self.open.contains(&number) {
                self.is_ignored(input);
                continue;
            }
            let connection = self.connection(number);
            connection.stream.push(piece);
            let (before, sent) = (connection.received.len(), connection.sent.len());
            while let Ok(Some(frame)) = connection.stream.next_frame(u16::MAX) {
                connection.received.push(if Message::decode(&frame).is_ok() { frame.kind } else { 0 });
            }
            self.handle(input);
            let connection = self.connection(number);
            if connection.received[before..] == [NOTIFICATION] {
                assert!(!connection.sent[sent..].contains(&NOTIFICATION), "a NOTIFICATION answers one");
                assert!(!self.open.contains(&number), "a NOTIFICATION did not end the connection");
            }
        }
    }

    fn wake(&mut self) {
        if let Some(at) = self.session.poll_timeout() {
            self.now = self.now.max(at);
            self.serve_timers();
        }
    }

    /// Time goes by; the timers are served now, or at a later step: a busy caller may be late.
    fn pass(&mut self, time: Duration, serve: bool) {
        self.now += time;
        if serve {
            self.serve_timers();
        }
    }

    fn serve_timers(&mut self) {
        self.session.handle_timeout(self.now);
        let next = self.session.poll_timeout();
        assert!(next.is_none_or(|at| at > self.now), "a timer that was served is still due");
        self.drain();
    }

    fn handle(&mut self, input: Input<'_>) {
        let octets = if let Input::Received { octets, .. } = &input { octets.len() } else { 0 };
        self.session.handle(input, self.now);
        let (events, transmits) = self.drain();
        let most = 12 + 2 * octets / 19;
        assert!(events <= most && transmits <= most, "{events} events and {transmits} messages of {octets} octets");
    }

    /// Does what the contract asks of a caller; how many events and messages there were.
    fn drain(&mut self) -> (usize, usize) {
        let (mut events, mut transmits) = (0, 0);
        while let Some(transmit) = self.session.poll_transmit() {
            self.transmit(&transmit);
            self.transmitted.push(transmit);
            transmits += 1;
        }
        while let Some(event) = self.session.poll_event() {
            self.heed(&event);
            // States that are passed through within one step are not told of.
            if !matches!(event, Event::StateChanged { .. }) {
                self.events.push(event);
            }
            events += 1;
        }
        self.check();
        (events, transmits)
    }

    fn transmit(&mut self, transmit: &Transmit) {
        assert!(self.open.contains(&transmit.connection.0), "sent on a connection that was closed");
        let connection = self.connection(transmit.connection.0);
        let mut framer = Framer::new();
        framer.push(&transmit.octets);
        let frame = framer.next_frame(4096).unwrap().expect("one whole message");
        assert!(framer.buffered() == 0 && Message::decode(&frame).is_ok(), "{frame:?}");
        assert_eq!(connection.sent.is_empty(), frame.kind == OPEN, "OPEN comes first and once");
        assert!(!connection.sent.contains(&NOTIFICATION), "sent after a NOTIFICATION");
        if frame.kind == KEEPALIVE {
            assert!(connection.received.contains(&OPEN), "KEEPALIVE before the peer's OPEN");
        }
        connection.sent.push(frame.kind);
    }

    fn heed(&mut self, event: &Event) {
        match event {
            Event::Dial => self.dialling = true,
            Event::AbandonDial => self.dialling = false,
            Event::CloseTcp { connection } => {
                self.forget(connection.0);
            }
            Event::StateChanged { from, to } => {
                assert_eq!(*from, self.state);
                assert_ne!(from, to);
                self.state = *to;
            }
            Event::Established { connection, negotiated, kept } => {
                assert_eq!(self.established, None, "Established twice");
                let received = &self.connection(connection.0).received;
                assert!(received.starts_with(&[OPEN, KEEPALIVE]), "Established after {received:?}");
                assert!(!negotiated.families.is_empty());
                assert!(kept.difference(negotiated.families.intersection(self.stale)).is_empty(), "keeps {kept}");
                self.stale = *kept;
                self.established = Some(connection.0);
                self.reached.established += 1;
            }
            Event::Update(update) => {
                assert!(self.established.is_some(), "routes outside Established");
                self.reached.updates += u32::from(!update.reachable.is_empty());
            }
            Event::RouteRefresh(_) => assert!(self.established.is_some(), "refresh outside Established"),
            Event::RefreshBegan(_) | Event::RefreshEnded(_) => {
                assert!(self.established.is_some(), "refresh outside Established");
            }
            Event::Down { keep, keep_stale, .. } => {
                assert!(self.established.take().is_some(), "Down without Established");
                assert!(keep_stale.difference(*keep).is_empty(), "keeps {keep} and {keep_stale}");
                self.stale = *keep;
            }
            Event::LongLivedStale(families) => {
                assert!(families.difference(self.stale).is_empty() && self.established.is_none(), "{families}");
            }
            Event::StaleExpired(families) if self.established.is_none() => {
                assert!(families.difference(self.stale).is_empty(), "{families} are not stale");
                self.stale = self.stale.difference(*families);
            }
            _ => {}
        }
    }

    fn check(&self) {
        let open = &self.open;
        assert!(open.len() <= 2, "{open:?} are open");
        assert_eq!(self.session.state(), self.state);
        assert_eq!(self.state == State::Established, self.established.is_some());
        assert_eq!(self.session.negotiated().is_some(), self.established.is_some());
        if let Some(established) = self.established {
            assert!(open.contains(&established), "Established on a connection that is closed");
        }
        assert!(!self.dialling || self.state >= State::Connect, "a dial is forgotten in {}", self.state);
        assert!(open.is_empty() || self.state >= State::OpenSent, "{open:?} are forgotten in {}", self.state);
        let ended = open.iter().find(|number| self.sent_notification(**number));
        assert_eq!(ended, None, "open after a NOTIFICATION");
    }
}

/// A script that brings a session up over an incoming connection and then goes on as `rest` says.
pub fn up(rest: &[u8]) -> Vec<u8> {
    [&[0, 1, 4, 3, 7, 0, 0, 8, 0][..], rest].concat()
}
