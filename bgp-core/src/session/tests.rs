//! One session against hand-made octets; two of them against each other are in `simulation`.

mod collision;
mod faulty_updates;
mod idle_hold;
mod messages;
mod restart;
mod simulation;
mod timers;

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::testing::{config, some_instant};
use super::*;
use crate::capability::Capability;
use crate::message::{self, Open};
use crate::types::{Asn, HoldTime};

const FIRST: ConnectionId = ConnectionId(1);
const SECOND: ConnectionId = ConnectionId(2);

/// A session of AS 64512 with identifier 10 toward AS 65001, and its clock.
struct Bench {
    session: Session,
    now: Instant,
}

impl Bench {
    fn new(of: impl FnOnce(&mut SessionConfig)) -> Self {
        let mut config = config(64512, 10, 65001);
        of(&mut config);
        let mut bench = Self { session: Session::new(config, 1), now: some_instant() };
        bench.handle(Input::Start);
        bench
    }

    fn handle(&mut self, input: Input<'_>) -> &mut Self {
        self.session.handle(input, self.now);
        self
    }

    fn connect(&mut self, connection: ConnectionId, direction: Direction) -> &mut Self {
        self.handle(Input::TcpConnected { connection, direction })
    }

    fn receive(&mut self, connection: ConnectionId, octets: &[u8]) -> &mut Self {
        self.handle(Input::Received { connection, octets })
    }

    fn pass(&mut self, time: Duration) -> &mut Self {
        let end = self.now + time;
        while let Some(at) = self.session.poll_timeout().filter(|at| *at <= end) {
            self.now = at;
            self.session.handle_timeout(at);
        }
        self.now = end;
        self
    }

    fn state(&self) -> State {
        self.session.state()
    }

    /// The kinds of the messages sent since last asked, by connection.
    fn sent(&mut self) -> Vec<(ConnectionId, u8)> {
        std::iter::from_fn(|| self.session.poll_transmit()).map(|sent| (sent.connection, sent.octets[18])).collect()
    }

    /// Code and subcode of the NOTIFICATION sent since last asked.
    fn notified(&mut self) -> Option<(u8, u8)> {
        let mut sent = std::iter::from_fn(|| self.session.poll_transmit());
        sent.find(|sent| sent.octets[18] == 3).map(|sent| (sent.octets[19], sent.octets[20]))
    }

    fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.session.poll_event()).collect()
    }

    fn established(of: impl FnOnce(&mut SessionConfig)) -> Self {
        let mut bench = Self::new(of);
        bench.connect(FIRST, Direction::Outgoing).receive(FIRST, &open(20)).receive(FIRST, &message::keepalive());
        assert_eq!(bench.state(), State::Established);
        bench.sent();
        bench.events();
        bench
    }
}

fn open_with(of: impl FnOnce(&mut Open)) -> Bytes {
    let identifier = crate::types::BgpIdentifier::from_bits(20).unwrap();
    let mut open = Open::new(Asn(65001), HoldTime::DEFAULT, identifier, vec![Capability::FourOctetAsn(Asn(65001))]);
    of(&mut open);
    open.encode().unwrap()
}

fn open(identifier: u32) -> Bytes {
    open_with(|open| open.identifier = identifier)
}

const OPEN: u8 = 1;
const NOTIFICATION: u8 = 3;
const KEEPALIVE: u8 = 4;

#[test]
fn a_session_comes_up_and_says_so() {
    let mut bench = Bench::new(|_| {});
    assert_eq!(bench.events(), [Event::Dial, Event::StateChanged { from: State::Idle, to: State::Connect }]);
    bench.connect(FIRST, Direction::Outgoing);
    assert_eq!((bench.state(), bench.sent()), (State::OpenSent, vec![(FIRST, OPEN)]));
    bench.receive(FIRST, &open(20));
    assert_eq!((bench.state(), bench.sent()), (State::OpenConfirm, vec![(FIRST, KEEPALIVE)]));
    bench.events();
    bench.receive(FIRST, &message::keepalive());
    let [Event::StateChanged { to: State::Established, .. }, Event::Established { connection, negotiated, .. }] =
        &bench.events()[..]
    else {
        panic!("no Established")
    };
    assert_eq!((*connection, negotiated.peer_asn), (FIRST, Asn(65001)));
    bench.receive(FIRST, &message::packing::end_of_rib_marker(AddressFamily::Ipv4Unicast));
    assert!(matches!(&bench.events()[..], [Event::Update(update)] if update.end_of_rib.is_some()));
}

#[test]
fn check_07_to_10_a_bad_open_is_refused_with_its_notification() {
    let refused = |octets: &[u8]| {
        let mut bench = Bench::new(|_| {});
        bench.connect(FIRST, Direction::Outgoing).receive(FIRST, octets);
        assert_eq!(bench.state(), State::Idle);
        bench.notified().unwrap()
    };
    let mut version = open(20).to_vec();
    version[19] = 3;
    assert_eq!(refused(&version), (2, 1));
    assert_eq!(refused(&open_with(|open| open.capabilities = vec![Capability::FourOctetAsn(Asn(65002))])), (2, 2));
    assert_eq!(refused(&open(0)), (2, 3));
    assert_eq!(refused(&open_with(|open| open.hold_time_secs = 1)), (2, 6));
    assert_eq!(refused(&open_with(|open| open.hold_time_secs = 2)), (2, 6));
}

#[test]
fn check_01_to_04_garbage_is_refused_in_any_state_with_a_connection() {
    let mut bench = Bench::new(|_| {});
    bench.connect(FIRST, Direction::Outgoing).receive(FIRST, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!((bench.state(), bench.notified()), (State::Idle, Some((1, 1))));
    let mut bench = Bench::established(|_| {});
    bench.receive(FIRST, &[&[0xFF; 16][..], &[0, 20, 4, 0]].concat());
    assert_eq!((bench.state(), bench.notified()), (State::Idle, Some((1, 2))));
}

/// A withdrawal of as many default routes as fill this many octets; a peer may say so, and it costs nothing.
fn update_of(length: u16) -> Vec<u8> {
    let withdrawn = length - 23;
    let head = [&length.to_be_bytes()[..], &[2], &withdrawn.to_be_bytes()].concat();
    [&[0xFF; 16][..], &head, &vec![0; usize::from(withdrawn)], &[0, 0]].concat()
}

#[test]
fn check_06_long_messages_pass_only_after_both_offered_them() {
    let after = |ours: bool, theirs: bool, octets: &[u8]| {
        let mut bench = Bench::new(|config| config.extensions.extended_messages = ours);
        let offer = |open: &mut Open| open.capabilities.extend(theirs.then_some(Capability::ExtendedMessage));
        bench
            .connect(FIRST, Direction::Outgoing)
            .receive(FIRST, &open_with(offer))
            .receive(FIRST, &message::keepalive());
        bench.sent();
        bench.receive(FIRST, octets);
        bench.notified()
    };
    assert_eq!(after(true, true, &update_of(65535)), None);
    for (ours, theirs) in [(true, false), (false, true), (false, false)] {
        assert_eq!(after(ours, theirs, &update_of(4096)), None);
        assert_eq!(after(ours, theirs, &update_of(4097)), Some((1, 2)));
    }
    // OPEN and KEEPALIVE stay as short as ever.
    assert_eq!(after(true, true, &[&[0xFF; 16][..], &[0x20, 0, 4], &[0; 8173]].concat()), Some((1, 2)));
    let mut bench = Bench::new(|config| config.extensions.extended_messages = true);
    bench.connect(FIRST, Direction::Outgoing).receive(FIRST, &[&[0xFF; 16][..], &[0x20, 0, 1]].concat());
    assert_eq!(bench.notified(), Some((1, 2)), "an OPEN that long is refused by its header alone");
}

#[test]
fn check_11_a_hold_time_of_zero_needs_no_keepalive() {
    let mut bench = Bench::new(|config| config.hold_time = HoldTime::from_secs(0).unwrap());
    bench.connect(FIRST, Direction::Outgoing).receive(FIRST, &open(20)).receive(FIRST, &message::keepalive());
    bench.sent();
    bench.pass(Duration::from_secs(3600));
    assert_eq!((bench.state(), bench.sent()), (State::Established, vec![]));
}

#[test]
fn check_11_a_peer_that_agrees_to_zero_and_never_confirms_is_given_up() {
    let mut bench = Bench::new(|config| config.hold_time = HoldTime::from_secs(0).unwrap());
    bench.connect(FIRST, Direction::Outgoing).receive(FIRST, &open(20)).pass(Duration::from_secs(241));
    assert_eq!(bench.notified(), Some((4, 0)));
}

#[test]
fn check_20_an_unexpected_message_names_the_state() {
    let end_of_rib = message::packing::end_of_rib_marker(AddressFamily::Ipv4Unicast);
    let mut bench = Bench::new(|_| {});
    bench.connect(FIRST, Direction::Outgoing).receive(FIRST, &message::keepalive());
    assert_eq!(bench.notified(), Some((5, 1)));
    let mut bench = Bench::new(|_| {});
    bench.connect(FIRST, Direction::Outgoing).receive(FIRST, &open(20)).receive(FIRST, &end_of_rib);
    assert_eq!(bench.notified(), Some((5, 2)));
    let mut bench = Bench::established(|_| {});
    bench.receive(FIRST, &open(20));
    assert_eq!(bench.notified(), Some((5, 3)));
}

#[test]
fn check_21_a_notification_gets_no_answer() {
    for state in 0..3 {
        let mut bench = Bench::new(|_| {});
        bench.connect(FIRST, Direction::Outgoing);
        if state > 0 {
            bench.receive(FIRST, &open(20));
        }
        if state > 1 {
            bench.receive(FIRST, &message::keepalive());
        }
        bench.sent();
        bench.receive(FIRST, &Notification::administrative_shutdown("bye").encode());
        assert_eq!((bench.state(), bench.sent()), (State::Idle, vec![]));
        assert!(bench.events().contains(&Event::CloseTcp { connection: FIRST }));
    }
}

#[test]
fn check_22_a_peer_that_connects_and_says_nothing_is_given_up_after_four_minutes() {
    let mut bench = Bench::new(|_| {});
    bench.connect(FIRST, Direction::Outgoing).pass(Duration::from_secs(239));
    assert_eq!(bench.state(), State::OpenSent);
    bench.sent();
    bench.pass(Duration::from_millis(1001));
    assert_eq!(bench.notified(), Some((4, 0)));
}

#[test]
fn check_23_where_a_broken_connection_leads() {
    let broken = |connection| Input::TcpClosed { connection, reason: "reset".to_owned() };
    let mut bench = Bench::new(|_| {});
    bench.handle(Input::TcpFailed { reason: "refused".to_owned() });
    assert_eq!(bench.state(), State::Active);
    bench.connect(FIRST, Direction::Incoming).handle(broken(FIRST));
    assert_eq!(bench.state(), State::Active);
    bench.connect(SECOND, Direction::Incoming).receive(SECOND, &open(20)).handle(broken(SECOND));
    assert_eq!(bench.state(), State::Idle);
    let mut bench = Bench::established(|_| {});
    bench.handle(broken(FIRST));
    assert_eq!(bench.state(), State::Idle);
    let down = bench.events().into_iter().find(|event| matches!(event, Event::Down { .. }));
    let (keep, keep_stale) = (FamilySet::EMPTY, FamilySet::EMPTY);
    assert_eq!(down, Some(Event::Down { cause: Cause::Tcp("reset".to_owned()), keep, keep_stale }));
}

/// Both connections in OpenConfirm: ours from the identifier 10, the peer's from its own.
fn collide(peer_identifier: u32) -> Bench {
    let mut bench = Bench::new(|_| {});
    bench.connect(FIRST, Direction::Outgoing).connect(SECOND, Direction::Incoming);
    bench.receive(FIRST, &open(peer_identifier));
    bench.sent();
    bench.receive(SECOND, &open(peer_identifier));
    bench
}

#[test]
fn check_24_the_connection_of_the_higher_identifier_stays() {
    let mut lower = collide(9);
    assert_eq!(lower.sent(), [(SECOND, NOTIFICATION)]);
    lower.receive(FIRST, &message::keepalive());
    assert_eq!(lower.state(), State::Established);
    let mut higher = collide(11);
    assert_eq!(higher.sent(), [(FIRST, NOTIFICATION), (SECOND, KEEPALIVE)]);
    higher.receive(SECOND, &message::keepalive());
    assert_eq!(higher.state(), State::Established);
    let mut equal = collide(10);
    assert_eq!(equal.sent(), [(FIRST, NOTIFICATION), (SECOND, KEEPALIVE)], "the peer has the higher AS");
    equal.receive(FIRST, &Notification::administrative_reset("").encode()).receive(SECOND, &message::keepalive());
    assert_eq!(equal.state(), State::Established);
}

#[test]
fn check_24_the_peers_connection_is_let_in_when_word_of_its_victory_comes_first() {
    let lost = message::Notification::new(message::NotificationCode::Cease(
        message::CeaseSubcode::ConnectionCollisionResolution,
    ))
    .encode();
    for confirmed in [false, true] {
        let mut bench = Bench::new(|_| {});
        bench.connect(FIRST, Direction::Outgoing);
        if confirmed {
            bench.receive(FIRST, &open(20));
        }
        bench.receive(FIRST, &lost);
        assert_eq!(bench.state(), State::Active);
        bench.sent();
        bench.connect(SECOND, Direction::Incoming).receive(SECOND, &open(20)).receive(SECOND, &message::keepalive());
        assert_eq!(bench.sent(), [(SECOND, OPEN), (SECOND, KEEPALIVE)]);
        assert_eq!(bench.state(), State::Established);
    }
    let mut bench = Bench::new(|_| {});
    bench.connect(FIRST, Direction::Outgoing).receive(FIRST, &lost).events();
    bench.pass(Duration::from_secs(1));
    assert!(bench.events().contains(&Event::Dial), "a connection that never comes is not awaited for long");
    let mut bench = Bench::established(|_| {});
    bench.receive(FIRST, &lost);
    assert_eq!(bench.state(), State::Idle, "nothing collides with an Established session");
}

#[test]
fn check_25_an_established_session_is_kept() {
    let mut bench = Bench::established(|_| {});
    bench.connect(SECOND, Direction::Incoming).receive(SECOND, &open(99));
    assert_eq!(bench.state(), State::Established);
    assert_eq!(bench.notified(), Some((6, 7)));
    assert!(bench.events().contains(&Event::CloseTcp { connection: SECOND }));
}

#[test]
fn a_silent_connection_does_not_keep_out_the_next() {
    let mut bench = Bench::new(|config| config.connect = ConnectMode::Passive);
    bench.connect(FIRST, Direction::Incoming).connect(SECOND, Direction::Incoming);
    let third = ConnectionId(3);
    bench.connect(third, Direction::Incoming).receive(third, &open(20)).receive(third, &message::keepalive());
    assert_eq!(bench.state(), State::Established);
    let closed: Vec<_> = bench.events().into_iter().filter(|event| matches!(event, Event::CloseTcp { .. })).collect();
    assert_eq!(closed, [Event::CloseTcp { connection: SECOND }, Event::CloseTcp { connection: FIRST }]);
}

#[test]
fn who_may_dial_is_configured() {
    let mut passive = Bench::new(|config| config.connect = ConnectMode::Passive);
    assert_eq!(passive.state(), State::Active);
    assert!(!passive.events().contains(&Event::Dial));
    passive.pass(Duration::from_secs(3600));
    assert!(!passive.events().contains(&Event::Dial));
    let mut active = Bench::new(|config| config.connect = ConnectMode::Active);
    active.events();
    active.connect(FIRST, Direction::Incoming);
    assert_eq!(active.events(), [Event::CloseTcp { connection: FIRST }]);
}

#[test]
fn check_28_waits_longer_after_each_failure_and_forgets_them_when_stable() {
    let mut bench = Bench::new(|_| {});
    let mut waits = Vec::new();
    for number in 0..10 {
        let connection = ConnectionId(100 + number);
        bench.connect(connection, Direction::Outgoing).receive(connection, &open(0));
        let idle_until = bench.session.poll_timeout().unwrap();
        waits.push(idle_until - bench.now);
        bench.pass(idle_until - bench.now);
        assert_eq!(bench.state(), State::Connect);
    }
    for (number, wait) in waits.iter().enumerate() {
        let whole = Duration::from_secs(1 << number).min(IDLE_HOLD_MAX);
        assert!(*wait >= whole * 3 / 4 && *wait <= whole, "{number}: {wait:?}");
    }
    let connection = ConnectionId(200);
    bench.connect(connection, Direction::Outgoing).receive(connection, &open(20));
    bench.receive(connection, &message::keepalive()).pass(STABLE);
    bench.handle(Input::TcpClosed { connection, reason: "gone".to_owned() });
    assert_eq!(bench.session.statistics().failures, 1);
}

#[test]
fn check_30_and_31_a_silent_peer_is_given_up_after_the_hold_time() {
    let mut bench = Bench::established(|config| config.hold_time = HoldTime::from_secs(9).unwrap());
    bench.pass(Duration::from_secs(8)).receive(FIRST, &message::keepalive());
    bench.pass(Duration::from_secs(8)).receive(FIRST, &message::packing::end_of_rib_marker(AddressFamily::Ipv4Unicast));
    bench.pass(Duration::from_secs(8));
    assert_eq!(bench.state(), State::Established);
    bench.sent();
    bench.pass(Duration::from_millis(1001));
    assert_eq!(bench.notified(), Some((4, 0)));
}

#[test]
fn check_34_keepalives_leave_in_time_and_at_most_one_a_second() {
    let mut bench = Bench::established(|config| config.hold_time = HoldTime::from_secs(3).unwrap());
    let mut at = Vec::new();
    for _ in 0..30 {
        bench.receive(FIRST, &message::keepalive());
        bench.pass(Duration::from_millis(100));
        at.extend(bench.sent().iter().map(|_| bench.now));
    }
    assert!(at.len() == 2 || at.len() == 3, "{}", at.len());
}

#[test]
fn check_32_a_peer_that_takes_nothing_is_given_up() {
    let mut bench = Bench::established(|_| {});
    let alive = |bench: &mut Bench, minutes: u64| {
        for _ in 0..minutes {
            bench.pass(Duration::from_secs(60)).receive(FIRST, &message::keepalive());
        }
    };
    alive(&mut bench, 7);
    bench.handle(Input::Written { connection: FIRST, updates: 3 });
    alive(&mut bench, 7);
    assert_eq!((bench.state(), bench.session.statistics().sent.update), (State::Established, 3));
    bench.sent();
    alive(&mut bench, 2);
    assert_eq!(bench.notified(), Some((8, 0)));
}

#[test]
fn check_35_each_stop_has_its_cease() {
    let limit = StopReason::MaximumPrefixes { family: AddressFamily::Ipv4Unicast, limit: 1000 };
    let cases = [
        (StopReason::AdministrativeShutdown("upgrade".to_owned()), Some((6, 2))),
        (StopReason::AdministrativeReset, Some((6, 4))),
        (StopReason::PeerDeconfigured, Some((6, 3))),
        (StopReason::ConfigurationChange, Some((6, 6))),
        (limit, Some((6, 1))),
        (StopReason::Silent, None),
    ];
    for (reason, expected) in cases {
        let starts_again = matches!(reason, StopReason::MaximumPrefixes { .. });
        let mut bench = Bench::established(|_| {});
        bench.handle(Input::Stop(reason));
        assert_eq!((bench.state(), bench.notified()), (State::Idle, expected));
        assert!(bench.events().iter().any(|event| matches!(event, Event::Down { cause: Cause::Stopped(_), .. })));
        bench.pass(IDLE_HOLD_MAX * 3 / 4 - Duration::from_secs(1));
        assert_eq!(bench.state(), State::Idle);
        bench.pass(Duration::from_secs(3600));
        assert_eq!(bench.state() != State::Idle, starts_again);
    }
}

#[test]
fn check_76_hands_over_a_refresh_of_a_negotiated_family_only() {
    let mut bench = Bench::established(|_| {});
    for (family, subtype) in [(AddressFamily::Ipv6Unicast, 0), (AddressFamily::Ipv4Unicast, 9)] {
        bench.receive(FIRST, &RouteRefresh { afi_safi: family.afi_safi(), subtype }.encode());
        assert_eq!(bench.events(), []);
    }
    bench.receive(FIRST, &RouteRefresh { afi_safi: AddressFamily::Ipv4Unicast.afi_safi(), subtype: 0 }.encode());
    assert_eq!(bench.events(), [Event::RouteRefresh(AddressFamily::Ipv4Unicast)]);
}

#[test]
fn asks_for_routes_again_only_where_the_peer_can() {
    let mut unable = Bench::established(|_| {});
    unable.handle(Input::RequestRefresh(AddressFamily::Ipv4Unicast));
    assert_eq!(unable.sent(), []);
    let mut able = Bench::new(|_| {});
    able.connect(FIRST, Direction::Outgoing);
    able.receive(FIRST, &open_with(|open| open.capabilities.push(Capability::RouteRefresh)));
    able.receive(FIRST, &message::keepalive()).sent();
    able.handle(Input::RequestRefresh(AddressFamily::Ipv6Unicast))
        .handle(Input::RequestRefresh(AddressFamily::Ipv4Unicast));
    assert_eq!(able.sent(), [(FIRST, 5)]);
}

#[test]
fn a_bad_update_costs_the_session_only_where_its_routes_cannot_be_told() {
    let mut bench = Bench::established(|_| {});
    let update = |body: &[u8]| {
        let length = u16::try_from(19 + body.len()).unwrap().to_be_bytes();
        [&[0xFF; 16][..], &length, &[2], body].concat()
    };
    bench.receive(FIRST, &update(&[0, 0, 0, 4, 0x40, 1, 1, 9, 8, 10]));
    assert_eq!((bench.state(), bench.session.statistics().faulty_updates.count()), (State::Established, 1));
    bench.sent();
    bench.receive(FIRST, &update(&[0, 9, 0, 0]));
    assert_eq!((bench.state(), bench.notified()), (State::Idle, Some((3, 1))));
}
