//! What happens when time passes (RFC 4271 sections 8 and 10, RFC 9687).

use super::*;

fn hold(secs: u16) -> impl FnOnce(&mut SessionConfig) {
    move |config| config.hold_time = HoldTime::from_secs(secs).unwrap()
}

/// Established with this hold time agreed on.
fn holding(secs: u16) -> Bench {
    let mut bench = Bench::new(hold(secs));
    let open = open_with(|open| open.hold_time_secs = secs);
    bench.connect(FIRST, Direction::Outgoing).receive(FIRST, &open).receive(FIRST, &message::keepalive());
    assert_eq!(bench.session.negotiated().unwrap().hold_time.as_secs(), secs);
    bench.sent();
    bench.events();
    bench
}

/// The peer says nothing but KEEPALIVE and takes what we send, for so long.
fn live(bench: &mut Bench, time: Duration) {
    let end = bench.now + time;
    while bench.now < end && bench.state() == State::Established {
        bench.receive(FIRST, &message::keepalive()).handle(Input::Written { connection: FIRST, updates: 0 });
        let step = Duration::from_secs(1).min(end - bench.now);
        bench.pass(step);
    }
}

fn end_of_rib() -> Bytes {
    message::packing::end_of_rib_marker(AddressFamily::Ipv4Unicast)
}

/// Asserts that the times lie between three quarters of the whole and the whole, and all over that.
fn assert_jittered(mut times: Vec<Duration>, whole: Duration) {
    times.sort();
    let [first, .., last] = times.as_slice() else { panic!("{times:?}") };
    assert!(*first >= whole * 3 / 4 && *first < whole * 77 / 100, "{first:?} of {whole:?}");
    assert!(*last <= whole && *last > whole * 98 / 100, "{last:?} of {whole:?}");
    let middle = times[times.len() / 2];
    assert!(middle > whole * 85 / 100 && middle < whole * 90 / 100, "{middle:?} of {whole:?}");
}

#[test]
fn check_11_a_session_without_a_hold_time_outlives_any_silence() {
    let mut bench = holding(0);
    bench.pass(Duration::from_hours(24)).receive(FIRST, &message::keepalive()).receive(FIRST, &end_of_rib());
    bench.pass(Duration::from_hours(24));
    assert_eq!((bench.state(), bench.sent()), (State::Established, vec![]));
    assert_eq!(bench.session.poll_timeout(), None);
}

#[test]
fn check_22_the_first_hold_time_is_four_minutes_whatever_is_configured() {
    for secs in [0, 3, 65535] {
        let mut bench = Bench::new(hold(secs));
        bench.connect(FIRST, Direction::Outgoing).sent();
        bench.pass(Duration::from_millis(239_999));
        assert_eq!((bench.state(), bench.sent()), (State::OpenSent, vec![]), "{secs}");
        bench.pass(Duration::from_millis(1));
        assert_eq!((bench.state(), bench.notified()), (State::Idle, Some((4, 0))), "{secs}");
    }
}

#[test]
fn check_23_a_connection_that_breaks_in_open_sent_is_dialled_again_soon() {
    let mut bench = Bench::new(|_| {});
    bench.connect(FIRST, Direction::Outgoing);
    bench.handle(Input::TcpClosed { connection: FIRST, reason: "reset".to_owned() }).events();
    assert_eq!(bench.state(), State::Active);
    bench.pass(Duration::from_millis(1499));
    assert!(!bench.events().contains(&Event::Dial));
    bench.pass(Duration::from_millis(501));
    assert_eq!((bench.state(), bench.events().contains(&Event::Dial)), (State::Connect, true));
}

#[test]
fn check_23_a_peer_is_let_in_at_once_after_a_dial_that_failed() {
    let mut bench = Bench::new(|_| {});
    bench.handle(Input::TcpFailed { reason: "refused".to_owned() }).connect(FIRST, Direction::Incoming);
    bench.receive(FIRST, &open(20)).receive(FIRST, &message::keepalive());
    assert_eq!(bench.state(), State::Established);
}

#[test]
fn check_27_dials_are_spread_over_the_last_quarter_of_the_retry_time() {
    let retry = |seed| {
        let now = some_instant();
        let mut session = Session::new(config(64512, 10, 65001), seed);
        session.handle(Input::Start, now);
        session.poll_timeout().unwrap() - now
    };
    assert_jittered((0..1000).map(retry).collect(), Duration::from_mins(2));
}

#[test]
fn check_27_a_dial_that_failed_is_made_again_soon_and_each_further_one_later() {
    let mut bench = Bench::new(|_| {});
    let refused = || Input::TcpFailed { reason: "refused".to_owned() };
    let dial_again = |bench: &mut Bench, whole: u64| {
        let wait = bench.session.poll_timeout().unwrap() - bench.now;
        let whole = Duration::from_secs(whole);
        assert!(wait >= whole * 3 / 4 && wait <= whole, "{wait:?} of {whole:?}");
        bench.events();
        bench.pass(wait);
        assert!(bench.events().contains(&Event::Dial));
    };
    for whole in [2, 4, 8, 16, 32, 64, 120, 120] {
        bench.handle(refused());
        dial_again(&mut bench, whole);
    }
    // A peer that lets us in and hangs up is no better than one that refuses.
    let closed = |connection| Input::TcpClosed { connection, reason: "closed by the peer".to_owned() };
    bench.connect(FIRST, Direction::Outgoing).handle(closed(FIRST));
    dial_again(&mut bench, 120);
    // One that speaks is.
    bench.connect(SECOND, Direction::Outgoing).receive(SECOND, &open(20)).handle(closed(SECOND));
    assert_eq!(bench.state(), State::Idle);
    let idle = bench.session.poll_timeout().unwrap() - bench.now;
    bench.pass(idle).handle(refused());
    dial_again(&mut bench, 2);
}

#[test]
fn check_27_keepalives_are_spread_over_the_last_quarter_of_a_third_of_the_hold_time() {
    let mut bench = holding(90);
    let mut times = Vec::new();
    for _ in 0..1000 {
        bench.receive(FIRST, &message::keepalive()).handle(Input::Written { connection: FIRST, updates: 0 });
        let next = bench.session.poll_timeout().unwrap() - bench.now;
        bench.pass(next);
        assert_eq!(bench.sent(), [(FIRST, KEEPALIVE)]);
        times.push(next);
    }
    assert_jittered(times, Duration::from_secs(30));
}

/// We are the ones who wait here; an OPEN of our own is never delayed.
#[test]
fn check_29_a_peer_that_delays_its_open_is_waited_for_and_answered_at_once() {
    let mut bench = Bench::new(|_| {});
    bench.connect(FIRST, Direction::Outgoing);
    assert_eq!(bench.sent(), [(FIRST, OPEN)]);
    bench.pass(Duration::from_secs(200)).receive(FIRST, &open(20));
    assert_eq!((bench.state(), bench.sent()), (State::OpenConfirm, vec![(FIRST, KEEPALIVE)]));
}

#[test]
fn check_29_an_open_that_came_before_ours_could_leave_is_answered_by_open_and_keepalive() {
    let mut bench = Bench::new(|config| config.connect = ConnectMode::Passive);
    bench.connect(FIRST, Direction::Incoming).receive(FIRST, &open(20));
    assert_eq!((bench.state(), bench.sent()), (State::OpenConfirm, vec![(FIRST, OPEN), (FIRST, KEEPALIVE)]));
}

#[test]
fn check_30_a_keepalive_and_an_update_restart_the_hold_time_and_a_route_refresh_does_not() {
    let refresh = RouteRefresh { afi_safi: AddressFamily::Ipv4Unicast.afi_safi(), subtype: 0 }.encode();
    let faulty = [&[0xFF; 16][..], &[0, 29, 2, 0, 0, 0, 4, 0x40, 1, 1, 9, 8, 10]].concat();
    for (octets, restarts) in
        [(message::keepalive(), true), (end_of_rib(), true), (faulty.into(), true), (refresh, false)]
    {
        let mut bench = holding(30);
        bench.pass(Duration::from_secs(29)).receive(FIRST, &octets).pass(Duration::from_secs(2));
        assert_eq!(bench.state() == State::Established, restarts, "type {}", octets[18]);
    }
}

#[test]
fn check_31_after_the_hold_time_nothing_more_is_sent_or_read() {
    let mut bench = holding(9);
    bench.pass(Duration::from_millis(8_999)).sent();
    bench.pass(Duration::from_millis(1));
    assert_eq!((bench.state(), bench.notified()), (State::Idle, Some((4, 0))));
    bench.events();
    bench.receive(FIRST, &end_of_rib()).receive(FIRST, &message::keepalive());
    bench.handle(Input::RequestRefresh(AddressFamily::Ipv4Unicast));
    assert_eq!((bench.sent(), bench.events()), (vec![], vec![]));
}

#[test]
fn check_32_the_send_hold_time_is_eight_minutes_or_twice_the_hold_time() {
    for (secs, send_hold) in [(3, 480), (90, 480), (240, 480), (241, 482), (300, 600), (65535, 131_070)] {
        let mut bench = holding(secs);
        let started = bench.now;
        while bench.state() == State::Established {
            bench.receive(FIRST, &message::keepalive()).sent();
            let step = bench.session.poll_timeout().unwrap() - bench.now;
            bench.pass(step);
        }
        assert_eq!(bench.now - started, Duration::from_secs(send_hold), "hold time {secs}");
        assert_eq!(bench.notified(), Some((8, 0)));
        let last_error = bench.session.statistics().last_error.as_ref().unwrap().1.to_string();
        assert_eq!(last_error, "sent 8/0 Send Hold Timer Expired");
    }
}

#[test]
fn check_32_without_a_hold_time_a_peer_may_take_for_ever() {
    let mut bench = holding(0);
    bench.handle(Input::Written { connection: FIRST, updates: 1 }).pass(Duration::from_hours(100));
    assert_eq!(bench.state(), State::Established);
}

#[test]
fn check_32_only_what_the_peer_takes_counts_and_not_what_it_sends() {
    let mut bench = holding(90);
    for _ in 0..8 {
        bench.pass(Duration::from_secs(59)).receive(FIRST, &end_of_rib());
    }
    assert_eq!(bench.state(), State::Established);
    bench.handle(Input::Written { connection: FIRST, updates: 0 });
    for _ in 0..8 {
        bench.pass(Duration::from_secs(59)).receive(FIRST, &end_of_rib());
    }
    assert_eq!(bench.state(), State::Established);
    bench.sent();
    bench.pass(Duration::from_secs(9));
    assert_eq!(bench.notified(), Some((8, 0)));
}

#[test]
fn check_34_no_two_keepalives_leave_within_a_second_even_at_the_shortest_hold_time() {
    let mut bench = holding(3);
    let mut last = bench.now;
    for _ in 0..200 {
        bench.receive(FIRST, &message::keepalive()).handle(Input::Written { connection: FIRST, updates: 0 });
        let next = bench.session.poll_timeout().unwrap() - bench.now;
        bench.pass(next);
        assert_eq!(bench.sent(), [(FIRST, KEEPALIVE)]);
        assert!(bench.now - last >= Duration::from_secs(1));
        last = bench.now;
    }
}

#[test]
fn a_session_that_lives_is_left_alone() {
    let mut bench = holding(90);
    live(&mut bench, Duration::from_hours(2));
    assert_eq!(bench.state(), State::Established);
}

#[test]
fn only_a_dial_that_failed_is_told_of_and_not_that_the_next_one_begins() {
    let mut bench = Bench::new(|_| {});
    bench.handle(Input::TcpFailed { reason: "refused".to_owned() });
    let refused = Event::AttemptFailed { cause: Cause::Tcp("refused".to_owned()) };
    assert!(bench.events().contains(&refused));
    bench.pass(crate::session::DIAL_AGAIN_FIRST);
    let events = bench.events();
    assert!(events.contains(&Event::Dial), "{events:?}");
    assert!(!events.iter().any(|event| matches!(event, Event::AttemptFailed { .. })), "{events:?}");
}
