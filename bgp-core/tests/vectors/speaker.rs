//! A speaker that is given octets in any pieces, and what it does.

use std::time::{Duration, Instant};

use bgp_core::attribute::DecodeContext;
use bgp_core::message::{Message, Notification, Update};
use bgp_core::session::{
    AddPathMode, ConnectMode, ConnectionId, Direction, Event, Extensions, Input, Negotiated, RestartConfig, Session,
    SessionConfig, State,
};
use bgp_core::types::{AddressFamily, Asn, BgpIdentifier, HoldTime, PeerKind};
use bgp_core::wire::Framer;

use super::octets::message;
use super::vector::{Context, Stands};

/// What a speaker does with octets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Doings {
    /// UPDATEs that it took.
    pub updates: Vec<Update>,
    /// Families that it was asked for again, and whose announcement began or ended again.
    pub refreshes: Vec<String>,
    /// NOTIFICATIONs that it sent, in octets.
    pub notifications: Vec<Vec<u8>>,
    /// What it agreed to, if it is Established.
    pub negotiated: Option<Negotiated>,
    /// Whether it has closed the connection.
    pub closed: bool,
}

pub const KEEPALIVE: u8 = 4;

const CONNECTION: ConnectionId = ConnectionId(1);

#[allow(clippy::disallowed_methods, reason = "only the start of a virtual clock")]
fn some_instant() -> Instant {
    Instant::now()
}

/// What becomes of the octets when they come in these pieces.
pub fn receive<'a>(context: &Context, pieces: impl IntoIterator<Item = &'a [u8]>) -> Doings {
    let now = some_instant();
    let mut session = Session::new(config(context), 1);
    session.handle(Input::Start, now);
    session.handle(Input::TcpConnected { connection: CONNECTION, direction: Direction::Outgoing }, now);
    let keepalive = message(KEEPALIVE, &[]);
    let before: &[Vec<u8>] = match context.stands() {
        Stands::OpenSent => &[],
        Stands::OpenConfirm => &[open(context)],
        Stands::Established => &[open(context), keepalive],
    };
    let mut doings = Doings::default();
    for octets in before {
        session.handle(Input::Received { connection: CONNECTION, octets }, now);
    }
    drain(&mut session, &mut Doings::default());
    let stands = match context.stands() {
        Stands::OpenSent => State::OpenSent,
        Stands::OpenConfirm => State::OpenConfirm,
        Stands::Established => State::Established,
    };
    assert_eq!(session.state(), stands, "{context:?} cannot be agreed on");
    if let Some(negotiated) = session.negotiated() {
        assert_eq!(negotiated.decode, decode_context(context), "{context:?} was not agreed on");
    }
    for octets in pieces {
        session.handle(Input::Received { connection: CONNECTION, octets }, now);
        drain(&mut session, &mut doings);
    }
    doings.negotiated = session.negotiated().map(|negotiated| Negotiated::clone(negotiated));
    doings
}

fn drain(session: &mut Session, doings: &mut Doings) {
    while let Some(sent) = session.poll_transmit() {
        if sent.octets[18] == 3 {
            doings.notifications.push(sent.octets.to_vec());
        }
    }
    while let Some(event) = session.poll_event() {
        match event {
            Event::Update(update) => doings.updates.push(*update),
            Event::RouteRefresh(family) => doings.refreshes.push(family.to_string()),
            Event::RefreshBegan(family) => doings.refreshes.push(format!("begin of {family}")),
            Event::RefreshEnded(family) => doings.refreshes.push(format!("end of {family}")),
            Event::CloseTcp { .. } => doings.closed = true,
            _ => {}
        }
    }
}

fn config(context: &Context) -> SessionConfig {
    SessionConfig {
        local_asn: Asn(if context.internal() { context.peer_asn() } else { 64512 }),
        local_identifier: BgpIdentifier::from_bits(context.identifier()).unwrap(),
        peer_asn: Asn(context.peer_asn()),
        connect: ConnectMode::Both,
        hold_time: HoldTime::from_secs(context.hold_time()).unwrap(),
        minimum_hold_time_secs: context.minimum_hold_time(),
        connect_retry: Duration::from_secs(120),
        initial_hold: SessionConfig::INITIAL_HOLD,
        families: context.families().into_iter().collect(),
        graceful_restart: RestartConfig::HELPER,
        extensions: Extensions {
            extended_messages: context.extended_messages(),
            extended_next_hop: context.extended_next_hop(),
            add_path: if context.add_path().is_empty() { AddPathMode::Off } else { AddPathMode::Receive },
            local_role: context.local_role(),
            strict_role: context.strict_role(),
            accept_as_set: context.accept_as_set(),
        },
    }
}

fn decode_context(context: &Context) -> DecodeContext {
    let external = !context.internal();
    DecodeContext {
        peer_kind: if external { PeerKind::External } else { PeerKind::Internal },
        four_octet_asn: context.as4(),
        add_path: context.add_path().into_iter().collect(),
        families: context.families().into_iter().collect(),
        first_asn: external.then_some(Asn(context.peer_asn())),
        accept_as_set: context.accept_as_set(),
        extended_next_hop: context.extended_next_hop(),
    }
}

/// An OPEN of the peer that leads to the context, written by hand (RFC 4271 section 4.2, RFC 5492 section 4).
fn open(context: &Context) -> Vec<u8> {
    let mut capabilities = Vec::new();
    let afi = |family: AddressFamily| if family == AddressFamily::Ipv4Unicast { 1 } else { 2 };
    for family in context.families() {
        capabilities.extend([1, 4, 0, afi(family), 0, 1]);
    }
    for family in context.add_path() {
        // The peer can send path identifiers.
        capabilities.extend([69, 4, 0, afi(family), 1, 2]);
    }
    if context.marked_refresh() {
        capabilities.extend([70, 0]);
    }
    if context.extended_messages() {
        capabilities.extend([6, 0]);
    }
    if context.as4() {
        capabilities.extend([65, 4]);
        capabilities.extend(context.peer_asn().to_be_bytes());
    }
    // Route refresh.
    capabilities.extend([2, 0]);
    let length = u8::try_from(capabilities.len()).unwrap();
    let asn = u16::try_from(context.peer_asn()).unwrap();
    let hold_time = context.hold_time().to_be_bytes();
    let body = [&[4][..], &asn.to_be_bytes(), &hold_time, &[10, 0, 0, 2], &[length + 2, 2, length], &capabilities];
    message(1, &body.concat())
}

/// Code, subcode and data of a NOTIFICATION in octets.
pub fn notification(octets: &[u8]) -> Notification {
    let mut framer = Framer::new();
    framer.push(octets);
    let frame = framer.next_frame(4096).unwrap().expect("a whole NOTIFICATION");
    match Message::decode(&frame) {
        Ok(Message::Notification(notification)) => notification,
        other => panic!("{other:?} is no NOTIFICATION"),
    }
}
