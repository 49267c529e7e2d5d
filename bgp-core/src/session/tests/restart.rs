//! Restarts of the peer, checks 25 and 76 to 85: what is kept, for how long, and what the peer is told of ours.

use std::time::Duration;

use super::*;
use crate::capability::{GracefulRestart, LongLivedFamily, RestartFamily};
use crate::message::packing::end_of_rib_marker;
use crate::message::{FsmSubcode, Message};
use crate::wire::Framer;
use crate::wire::framer::MAX_MESSAGE_LEN;

const V4: AddressFamily = AddressFamily::Ipv4Unicast;
const V6: AddressFamily = AddressFamily::Ipv6Unicast;
const RESTART_TIME: Duration = Duration::from_secs(100);
const STALE_TIME: Duration = RestartConfig::STALE_TIME;
const MOMENT: Duration = Duration::from_millis(1);

fn set(families: &[AddressFamily]) -> FamilySet {
    families.iter().copied().collect()
}

/// What the peer says in its OPEN: of which families it keeps what, with the F bit or without.
#[derive(Clone)]
struct Says {
    restart: Option<GracefulRestart>,
    long_lived: Vec<LongLivedFamily>,
    offered: Vec<AddressFamily>,
    identifier: u32,
}

impl Says {
    fn restart(families: &[(AddressFamily, bool)]) -> Self {
        let family = |(family, forwarding_state): &(AddressFamily, bool)| RestartFamily {
            afi_safi: family.afi_safi(),
            forwarding_state: *forwarding_state,
        };
        let restart = GracefulRestart {
            restart_state: false,
            notification: true,
            restart_time_secs: 100,
            families: families.iter().map(family).collect(),
        };
        Self { restart: Some(restart), long_lived: Vec::new(), offered: vec![V4, V6], identifier: 20 }
    }

    fn both() -> Self {
        Self::restart(&[(V4, true), (V6, true)])
    }

    fn nothing() -> Self {
        Self { restart: None, ..Self::both() }
    }

    fn long_lived(mut self, secs: u32) -> Self {
        let one = |family: AddressFamily| LongLivedFamily {
            afi_safi: family.afi_safi(),
            forwarding_state: true,
            stale_time_secs: secs,
        };
        self.long_lived = vec![one(V4), one(V6)];
        self
    }

    fn open(&self) -> Bytes {
        open_with(|open| {
            open.identifier = self.identifier;
            open.capabilities.extend(self.offered.iter().map(|family| Capability::MultiProtocol(family.afi_safi())));
            open.capabilities.extend([Capability::RouteRefresh, Capability::EnhancedRouteRefresh]);
            open.capabilities.extend(self.restart.clone().map(Capability::GracefulRestart));
            if !self.long_lived.is_empty() {
                open.capabilities.push(Capability::LongLivedGracefulRestart(self.long_lived.clone()));
            }
        })
    }
}

/// An Established session with both families, and the number of its last connection.
struct Restarting {
    bench: Bench,
    last: u64,
}

impl Restarting {
    fn new(says: &Says, of: impl FnOnce(&mut RestartConfig)) -> Self {
        let bench = Bench::new(|config| {
            config.connect = ConnectMode::Both;
            config.hold_time = HoldTime::from_secs(0).unwrap();
            config.families = set(&[V4, V6]);
            of(&mut config.graceful_restart);
        });
        let mut restarting = Self { bench, last: 0 };
        restarting.come_back(says);
        restarting
    }

    fn connection(&self) -> ConnectionId {
        ConnectionId(self.last)
    }

    /// The peer dials and the session is Established; the families that stay.
    fn come_back(&mut self, says: &Says) -> FamilySet {
        while self.bench.state() == State::Idle {
            let next = self.bench.session.poll_timeout().expect("it starts again");
            self.bench.pass(next - self.bench.now);
        }
        self.last += 1;
        let connection = self.connection();
        self.bench.connect(connection, Direction::Incoming).receive(connection, &says.open());
        self.bench.receive(connection, &message::keepalive());
        let events = self.bench.events();
        let kept = events.iter().find_map(|event| match event {
            Event::Established { kept, .. } => Some(*kept),
            _ => None,
        });
        self.bench.sent();
        kept.unwrap_or_else(|| panic!("not Established: {events:?}"))
    }

    fn break_connection(&mut self) -> &mut Self {
        let connection = self.connection();
        self.bench.handle(Input::TcpClosed { connection, reason: "gone".to_owned() });
        self
    }

    fn receive(&mut self, octets: &[u8]) -> &mut Self {
        let connection = self.connection();
        self.bench.receive(connection, octets);
        self
    }

    /// What the last Down kept.
    fn down(&mut self) -> (FamilySet, FamilySet) {
        let down = self.bench.events().into_iter().find_map(|event| match event {
            Event::Down { keep, keep_stale, .. } => Some((keep, keep_stale)),
            _ => None,
        });
        down.expect("the session ended")
    }

    /// What expires within the time, in order.
    fn expires_within(&mut self, time: Duration) -> Vec<Event> {
        self.bench.pass(time);
        let expiry = |event: &Event| matches!(event, Event::StaleExpired(_) | Event::LongLivedStale(_));
        self.bench.events().into_iter().filter(expiry).collect()
    }
}

fn helper(_: &mut RestartConfig) {}

fn with_notification(config: &mut RestartConfig) {
    config.notification = true;
}

#[test]
fn check_77_a_lost_connection_keeps_the_routes_and_a_notification_flushes_them() {
    let mut session = Restarting::new(&Says::both(), helper);
    assert_eq!(session.break_connection().down(), (set(&[V4, V6]), set(&[])));
    let mut session = Restarting::new(&Says::both(), helper);
    session.receive(&Notification::administrative_reset("").encode());
    assert_eq!(session.down(), (set(&[]), set(&[])));
    assert_eq!(session.expires_within(Duration::from_hours(1)), []);
}

#[test]
fn check_77_with_the_n_bit_on_both_sides_only_a_hard_reset_flushes() {
    let reset = Notification::administrative_reset("");
    let mut session = Restarting::new(&Says::both(), with_notification);
    session.receive(&reset.encode());
    assert_eq!(session.down().0, set(&[V4, V6]));
    let mut session = Restarting::new(&Says::both(), with_notification);
    session.receive(&Notification::hard_reset(&reset).encode());
    assert_eq!(session.down().0, set(&[]));
}

#[test]
fn check_77_an_expired_hold_timer_keeps_the_routes_where_both_sides_agree() {
    for (of, kept) in [(helper as fn(&mut RestartConfig), set(&[])), (with_notification, set(&[V4]))] {
        let mut bench = Bench::new(|config| {
            config.hold_time = HoldTime::from_secs(9).unwrap();
            of(&mut config.graceful_restart);
        });
        bench.connect(FIRST, Direction::Outgoing).receive(FIRST, &Says::both().open());
        bench.receive(FIRST, &message::keepalive()).events();
        bench.pass(Duration::from_secs(9));
        let keep = bench.events().into_iter().find_map(|event| match event {
            Event::Down { keep, cause: Cause::Sent { .. }, .. } => Some(keep),
            _ => None,
        });
        assert_eq!((keep, bench.notified()), (Some(kept), Some((4, 0))));
    }
}

#[test]
fn check_77_what_ends_our_routes_for_good_is_a_hard_reset_where_the_peer_would_keep_them() {
    let full = |config: &mut RestartConfig| {
        config.mode = RestartMode::Full;
        config.notification = true;
    };
    let cases = [
        (StopReason::AdministrativeShutdown(String::new()), (6, 9), (6, 2)),
        (StopReason::PeerDeconfigured, (6, 9), (6, 3)),
        (StopReason::ConfigurationChange, (6, 6), (6, 6)),
    ];
    for (reason, hard, plain) in cases {
        let mut session = Restarting::new(&Says::both(), full);
        session.bench.handle(Input::Stop(reason.clone()));
        assert_eq!(session.bench.notified(), Some(hard), "{reason}");
        assert_eq!(session.down().0, set(&[]), "{reason}");
        let mut session = Restarting::new(&Says::both(), helper);
        session.bench.handle(Input::Stop(reason.clone()));
        assert_eq!(session.bench.notified(), Some(plain), "{reason}");
    }
}

#[test]
fn check_78_only_families_of_the_last_capability_are_kept() {
    let mut session = Restarting::new(&Says::restart(&[(V6, false)]), helper);
    assert_eq!(session.break_connection().down().0, set(&[V6]), "the F bit is a matter of the next OPEN");
    let mut session = Restarting::new(&Says::restart(&[]), helper);
    assert_eq!(session.break_connection().down().0, set(&[]));
    let mut session = Restarting::new(&Says::both(), |config| config.mode = RestartMode::Off);
    assert_eq!(session.break_connection().down().0, set(&[]));
}

#[test]
fn check_79_what_the_peer_comes_back_without_goes_at_once() {
    let another = Says { identifier: 21, ..Says::both() };
    let v4_alone = Says { offered: vec![V4], ..Says::both() };
    let cases = [
        (Says::both(), set(&[V4, V6])),
        (Says::restart(&[(V4, true), (V6, false)]), set(&[V4])),
        (Says::restart(&[(V6, true)]), set(&[V6])),
        (Says::nothing(), set(&[])),
        (v4_alone, set(&[V4])),
        (another, set(&[])),
    ];
    for (number, (says, kept)) in cases.into_iter().enumerate() {
        let mut session = Restarting::new(&Says::both(), helper);
        session.break_connection();
        assert_eq!(session.come_back(&says), kept, "case {number}");
        let expired = session.expires_within(STALE_TIME);
        let expected = if kept.is_empty() { vec![] } else { vec![Event::StaleExpired(kept)] };
        assert_eq!(expired, expected, "case {number}");
    }
}

#[test]
fn check_80_a_second_failure_deletes_what_was_stale_before() {
    let mut session = Restarting::new(&Says::both(), helper);
    session.break_connection();
    session.come_back(&Says::both());
    session.receive(&end_of_rib_marker(V4));
    assert_eq!(session.break_connection().down(), (set(&[V4, V6]), set(&[])));
}

#[test]
fn check_80_with_the_n_bit_what_was_stale_stays_up_to_a_bound() {
    let mut session = Restarting::new(&Says::both(), with_notification);
    session.break_connection();
    let mut kept = 0;
    loop {
        session.bench.pass(Duration::from_secs(50));
        session.come_back(&Says::both());
        session.bench.pass(Duration::from_secs(50));
        let (keep, keep_stale) = session.break_connection().down();
        assert_eq!(keep, set(&[V4, V6]));
        if keep_stale.is_empty() {
            break;
        }
        kept += 1;
    }
    // Restart time and stale time, 400 seconds, less one restart time.
    assert_eq!(kept, 3);
}

#[test]
fn check_81_the_restart_time_ends_the_wait_and_after_it_the_stale_time() {
    let mut session = Restarting::new(&Says::both(), helper);
    session.break_connection();
    assert_eq!(session.expires_within(RESTART_TIME - MOMENT), []);
    assert_eq!(session.expires_within(MOMENT), [Event::StaleExpired(set(&[V4, V6]))]);
    assert_eq!(session.come_back(&Says::both()), set(&[]), "there is nothing left to keep");

    let mut session = Restarting::new(&Says::both(), helper);
    session.break_connection();
    session.bench.pass(RESTART_TIME / 2);
    assert_eq!(session.come_back(&Says::both()), set(&[V4, V6]));
    assert_eq!(session.expires_within(STALE_TIME - MOMENT), []);
    assert_eq!(session.expires_within(MOMENT), [Event::StaleExpired(set(&[V4, V6]))]);
}

#[test]
fn check_81_a_restart_time_of_zero_keeps_nothing() {
    let mut says = Says::both();
    says.restart.as_mut().unwrap().restart_time_secs = 0;
    let mut session = Restarting::new(&says, helper);
    assert_eq!(session.break_connection().down().0, set(&[]));
    assert_eq!(session.expires_within(STALE_TIME), []);
}

#[test]
fn check_82_an_end_of_rib_ends_the_stale_time_of_its_family_alone() {
    let mut session = Restarting::new(&Says::both(), helper);
    session.break_connection();
    session.come_back(&Says::both());
    session.receive(&end_of_rib_marker(V6));
    assert_eq!(session.expires_within(STALE_TIME), [Event::StaleExpired(set(&[V4]))]);
}

#[test]
fn check_84_when_the_way_to_the_peer_is_down_stale_routes_go_at_once() {
    let mut session = Restarting::new(&Says::both(), helper);
    session.break_connection();
    session.bench.events();
    session.bench.handle(Input::ForwardingLost);
    assert_eq!(session.expires_within(Duration::ZERO), [Event::StaleExpired(set(&[V4, V6]))]);
    assert_eq!(session.expires_within(RESTART_TIME), []);
}

#[test]
fn a_session_that_is_stopped_while_its_peer_is_away_keeps_nothing() {
    let mut session = Restarting::new(&Says::both(), helper);
    session.break_connection();
    session.bench.events();
    session.bench.handle(Input::Stop(StopReason::PeerDeconfigured));
    assert_eq!(session.expires_within(RESTART_TIME), [Event::StaleExpired(set(&[V4, V6]))]);
}

#[test]
fn a_peer_that_may_be_back_any_moment_is_dialled_often() {
    let mut session = Restarting::new(&Says::both(), helper);
    session.break_connection();
    let until = session.bench.now + RESTART_TIME;
    let mut dials = 0;
    while session.bench.now < until {
        let next = session.bench.session.poll_timeout().unwrap();
        session.bench.pass(next - session.bench.now);
        for event in session.bench.events() {
            if event == Event::Dial {
                dials += 1;
                session.bench.handle(Input::TcpFailed { reason: "refused".to_owned() });
            }
        }
    }
    assert!(dials >= 18, "{dials} in {RESTART_TIME:?}");
}

fn long_lived(config: &mut RestartConfig) {
    config.long_lived_stale_time_secs = 3600;
}

#[test]
fn check_85_after_the_restart_time_routes_stay_least_preferred_until_the_long_lived_time() {
    let mut session = Restarting::new(&Says::both().long_lived(1000), long_lived);
    session.break_connection();
    assert_eq!(session.expires_within(RESTART_TIME - MOMENT), []);
    assert_eq!(session.expires_within(MOMENT), [Event::LongLivedStale(set(&[V4, V6]))]);
    assert_eq!(session.expires_within(Duration::from_secs(1000) - MOMENT), []);
    assert_eq!(session.expires_within(MOMENT), [Event::StaleExpired(set(&[V4, V6]))]);
}

#[test]
fn check_85_with_a_restart_time_of_zero_the_long_lived_time_begins_at_once() {
    let mut says = Says::both().long_lived(1000);
    says.restart.as_mut().unwrap().restart_time_secs = 0;
    let mut session = Restarting::new(&says, long_lived);
    assert_eq!(session.break_connection().down().0, set(&[V4, V6]));
    assert_eq!(session.expires_within(Duration::ZERO), [Event::LongLivedStale(set(&[V4, V6]))]);
}

#[test]
fn check_85_a_peer_that_is_back_keeps_what_its_long_lived_capability_says() {
    let mut session = Restarting::new(&Says::both().long_lived(1000), long_lived);
    session.break_connection();
    session.bench.pass(RESTART_TIME);
    assert_eq!(session.come_back(&Says::both()), set(&[]), "no long-lived capability any more");

    let mut session = Restarting::new(&Says::both().long_lived(1000), long_lived);
    session.break_connection();
    session.bench.pass(RESTART_TIME);
    assert_eq!(session.come_back(&Says::both().long_lived(1000)), set(&[V4, V6]));
}

#[test]
fn check_85_restarts_one_after_the_other_do_not_prolong_the_long_lived_time() {
    let says = Says::both().long_lived(1000);
    let mut session = Restarting::new(&says, long_lived);
    session.break_connection();
    session.bench.pass(RESTART_TIME + Duration::from_secs(400));
    session.come_back(&says);
    let (keep, keep_stale) = session.break_connection().down();
    assert_eq!((keep, keep_stale), (set(&[V4, V6]), set(&[V4, V6])));
    assert_eq!(session.expires_within(RESTART_TIME), [Event::LongLivedStale(set(&[V4, V6]))]);
    assert_eq!(session.expires_within(Duration::from_secs(500) - MOMENT), []);
    assert_eq!(session.expires_within(MOMENT), [Event::StaleExpired(set(&[V4, V6]))]);
}

#[test]
fn check_25_a_new_open_of_a_peer_that_can_restart_takes_the_place_of_the_established_session() {
    let mut session = Restarting::new(&Says::both(), helper);
    let (old, new) = (session.connection(), ConnectionId(2));
    session.bench.connect(new, Direction::Incoming);
    assert_eq!(session.bench.state(), State::Established, "a connection alone ends nothing");
    session.bench.events();
    session.bench.sent();
    session.bench.receive(new, &Says::both().open());
    let events = session.bench.events();
    assert!(
        events.contains(&Event::Down { cause: Cause::Superseded, keep: set(&[V4, V6]), keep_stale: set(&[]) }),
        "{events:?}"
    );
    assert!(events.contains(&Event::CloseTcp { connection: old }));
    assert_eq!(session.bench.sent(), [(new, KEEPALIVE)], "no NOTIFICATION on either");
    assert_eq!(session.bench.state(), State::OpenConfirm);
    session.bench.receive(new, &message::keepalive());
    let kept = session.bench.events().into_iter().find_map(|event| match event {
        Event::Established { connection, kept, .. } => Some((connection, kept)),
        _ => None,
    });
    assert_eq!(kept, Some((new, set(&[V4, V6]))));
    assert_eq!(session.bench.session.statistics().failures, 0);
}

#[test]
fn check_25_a_bad_new_open_does_not_end_the_established_session() {
    let mut session = Restarting::new(&Says::both(), helper);
    session.bench.connect(ConnectionId(2), Direction::Incoming);
    session.bench.receive(ConnectionId(2), &open(0));
    assert_eq!(session.bench.state(), State::Established);
    let mut aware = Restarting::new(&Says::restart(&[]), helper);
    aware.bench.connect(ConnectionId(2), Direction::Incoming).receive(ConnectionId(2), &Says::restart(&[]).open());
    assert_eq!((aware.bench.state(), aware.bench.notified()), (State::Established, Some((6, 7))));
}

/// The restart capability of the OPEN that is sent on a connection.
fn announced(bench: &mut Bench, connection: ConnectionId) -> GracefulRestart {
    bench.sent();
    bench.connect(connection, Direction::Incoming);
    let octets = bench.session.poll_transmit().expect("an OPEN").octets;
    let mut framer = Framer::new();
    framer.push(&octets);
    let frame = framer.next_frame(MAX_MESSAGE_LEN).unwrap().unwrap();
    let Message::Open(open) = Message::decode(&frame).unwrap() else { panic!("an OPEN") };
    let found = open.capabilities.into_iter().find_map(|capability| match capability {
        Capability::GracefulRestart(restart) => Some(restart),
        _ => None,
    });
    found.expect("the capability")
}

#[test]
fn check_83_says_that_it_restarted_until_it_is_established_once() {
    let restarted = |forwarding_state| {
        let mut bench = Bench::new(|config| {
            config.connect = ConnectMode::Passive;
            config.graceful_restart = RestartConfig {
                mode: RestartMode::Full,
                forwarding_state,
                restarted_for: Some(Duration::from_secs(120)),
                ..RestartConfig::HELPER
            };
        });
        bench.events();
        bench
    };
    let mut bench = restarted(set(&[]));
    let first = announced(&mut bench, FIRST);
    assert!(first.restart_state && !first.families[0].forwarding_state, "forwarding was not preserved");
    bench.receive(FIRST, &Says::both().open()).receive(FIRST, &message::keepalive());
    assert_eq!(bench.state(), State::Established);
    bench.handle(Input::TcpClosed { connection: FIRST, reason: "gone".to_owned() });
    bench.pass(Duration::from_secs(5));
    let second = announced(&mut bench, SECOND);
    assert!(!second.restart_state, "the second time nothing restarted");
    assert!(second.families[0].forwarding_state, "and forwarding went on");

    let mut bench = restarted(set(&[V4]));
    let first = announced(&mut bench, FIRST);
    assert!(first.restart_state && first.families[0].forwarding_state);
    let mut late = restarted(set(&[]));
    late.pass(Duration::from_secs(120));
    assert!(!announced(&mut late, FIRST).restart_state, "the peers have given up by now");
    let mut started = Bench::new(|config| config.connect = ConnectMode::Passive);
    assert!(!announced(&mut started, FIRST).restart_state);
}

fn refresh(family: AddressFamily, subtype: u8) -> Bytes {
    RouteRefresh { afi_safi: family.afi_safi(), subtype }.encode()
}

#[test]
fn check_76_hands_over_begin_and_end_of_a_refresh_and_ends_it_in_time() {
    let mut session = Restarting::new(&Says::nothing(), helper);
    session.receive(&refresh(V4, RouteRefresh::END));
    assert_eq!(session.bench.events(), [], "an end without a beginning");
    session.receive(&refresh(V4, RouteRefresh::BEGIN)).receive(&refresh(V4, RouteRefresh::END));
    assert_eq!(session.bench.events(), [Event::RefreshBegan(V4), Event::RefreshEnded(V4)]);
    assert_eq!(session.expires_within(STALE_TIME), []);
    session.receive(&refresh(V6, RouteRefresh::BEGIN));
    assert_eq!(session.expires_within(STALE_TIME), [Event::StaleExpired(set(&[V6]))]);
}

#[test]
fn check_76_a_refresh_does_not_begin_before_the_end_of_rib_of_a_peer_that_sends_one() {
    let mut session = Restarting::new(&Says::both(), helper);
    session.receive(&refresh(V4, RouteRefresh::BEGIN));
    assert_eq!(session.bench.events(), []);
    session.receive(&end_of_rib_marker(V4)).bench.events();
    session.receive(&refresh(V6, RouteRefresh::BEGIN)).receive(&refresh(V4, RouteRefresh::BEGIN));
    assert_eq!(session.bench.events(), [Event::RefreshBegan(V4)]);
}

#[test]
fn check_76_marks_mean_nothing_unless_both_sides_know_them() {
    let longer = |subtype| {
        let mut octets = refresh(V4, subtype).to_vec();
        octets.push(0);
        octets[17] = 24;
        octets
    };
    let mut plain = Bench::established(|_| {});
    for subtype in [RouteRefresh::BEGIN, RouteRefresh::END] {
        plain.receive(FIRST, &refresh(V4, subtype)).receive(FIRST, &longer(subtype));
        assert_eq!((plain.events(), plain.state()), (vec![], State::Established));
    }
    let mut session = Restarting::new(&Says::both(), helper);
    session.receive(&refresh(V4, 3)).receive(&refresh(V4, 255));
    assert_eq!(session.bench.events(), []);
    session.receive(&longer(RouteRefresh::BEGIN));
    assert_eq!(session.bench.notified(), Some((7, 1)));
}

#[test]
fn check_76_routes_of_a_refresh_under_way_survive_a_restart() {
    let mut session = Restarting::new(&Says::both(), helper);
    session.receive(&end_of_rib_marker(V4)).receive(&refresh(V4, RouteRefresh::BEGIN)).bench.events();
    assert_eq!(session.break_connection().down(), (set(&[V4, V6]), set(&[V4])));
}

#[test]
fn check_62_the_end_of_rib_of_both_families_is_known_from_an_empty_withdrawal() {
    let mut session = Restarting::new(&Says::both(), helper);
    let ends = |bench: &mut Bench| -> Vec<Option<AddressFamily>> {
        let update = |event| match event {
            Event::Update(update) => Some(update.end_of_rib),
            _ => None,
        };
        bench.events().into_iter().filter_map(update).collect()
    };
    assert_eq!(end_of_rib_marker(V4).len(), 23);
    assert_eq!(&end_of_rib_marker(V6)[23..], [0x80, 15, 3, 0, 2, 1]);
    let message = |body: &[u8]| {
        let length = u16::try_from(19 + body.len()).unwrap().to_be_bytes();
        [&[0xFF; 16][..], &length, &[2], body].concat()
    };
    session.receive(&end_of_rib_marker(V4)).receive(&end_of_rib_marker(V6));
    session.receive(&message(&[0, 0, 0, 7, 0x90, 15, 0, 3, 0, 2, 1]));
    session.receive(&message(&[0, 2, 8, 10, 0, 0]));
    assert_eq!(ends(&mut session.bench), [Some(V4), Some(V6), Some(V6), None]);
}

#[test]
fn a_fault_of_ours_in_the_new_session_is_no_restart() {
    let fsm = Notification::new(NotificationCode::FiniteStateMachine(FsmSubcode::Established));
    let mut session = Restarting::new(&Says::both(), helper);
    session.receive(&fsm.encode());
    assert_eq!(session.down().0, set(&[]));
}
