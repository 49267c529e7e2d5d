//! How long a session that failed waits before it is tried again (RFC 4271 section 8.1.1, DampPeerOscillations).

use super::*;

/// What ends a connection in the tests: octets of the peer, or nothing but its end.
#[derive(PartialEq)]
enum End {
    Octets(Vec<u8>),
    Closed,
}

fn notification(code: NotificationCode) -> End {
    End::Octets(Notification::new(code).encode().to_vec())
}

fn cease(subcode: CeaseSubcode) -> End {
    notification(NotificationCode::Cease(subcode))
}

/// The next attempt, up to Established or OpenSent, then its end; how long the session waits after it.
fn attempt(bench: &mut Bench, number: u64, established: bool, end: &End) -> Duration {
    let connection = ConnectionId(100 + number);
    bench.connect(connection, Direction::Outgoing);
    if established {
        bench.receive(connection, &open(20)).receive(connection, &message::keepalive());
        assert_eq!(bench.state(), State::Established);
    }
    match end {
        End::Octets(octets) => bench.receive(connection, octets),
        End::Closed => bench.handle(Input::TcpClosed { connection, reason: "reset".to_owned() }),
    };
    // Who was told that another connection has won lets that one in.
    let lost = cease(CeaseSubcode::ConnectionCollisionResolution);
    let next = if *end == lost && !established { State::Active } else { State::Idle };
    assert_eq!(bench.state(), next);
    let until = bench.session.poll_timeout().expect("it tries again");
    let wait = until - bench.now;
    bench.pass(wait);
    assert_eq!(bench.state(), State::Connect);
    wait
}

fn waits(established: bool, end: &End) -> Vec<Duration> {
    let mut bench = Bench::new(|_| {});
    (0..12).map(|number| attempt(&mut bench, number, established, end)).collect()
}

/// Doubled from the first wait to the longest, each with its jitter.
fn assert_doubling(waits: &[Duration]) {
    for (number, wait) in waits.iter().enumerate() {
        let whole = (IDLE_HOLD_FIRST * 2u32.pow(u32::try_from(number).unwrap().min(20))).min(IDLE_HOLD_MAX);
        assert!(*wait >= whole * 3 / 4 && *wait <= whole, "{number}: {wait:?} of {whole:?}");
    }
}

fn assert_first(waits: &[Duration]) {
    assert!(waits.iter().all(|wait| *wait >= IDLE_HOLD_FIRST * 3 / 4 && *wait <= IDLE_HOLD_FIRST), "{waits:?}");
}

#[test]
fn check_28_every_failure_doubles_the_wait_up_to_two_minutes() {
    assert_doubling(&waits(true, &End::Closed));
    assert_doubling(&waits(true, &End::Octets(vec![0; 19])));
    assert_doubling(&waits(false, &End::Octets(vec![0; 19])));
    assert_doubling(&waits(true, &cease(CeaseSubcode::AdministrativeShutdown)));
    assert_doubling(&waits(true, &cease(CeaseSubcode::MaximumPrefixesReached)));
    assert_doubling(&waits(true, &notification(NotificationCode::HoldTimerExpired)));
}

#[test]
fn check_28_a_peer_that_was_reset_is_tried_again_at_once() {
    assert_first(&waits(true, &cease(CeaseSubcode::AdministrativeReset)));
    let reset = Notification::new(NotificationCode::Cease(CeaseSubcode::AdministrativeReset));
    let hard = Notification::hard_reset(&reset).encode().to_vec();
    assert_first(&waits(true, &End::Octets(hard)));
    let mut bench = Bench::new(|_| {});
    for number in 0..5 {
        attempt(&mut bench, number, true, &End::Closed);
    }
    let reset = attempt(&mut bench, 5, true, &cease(CeaseSubcode::AdministrativeReset));
    assert_first(&[reset]);
}

#[test]
fn check_28_a_version_error_and_a_collision_are_no_failures() {
    let version = NotificationCode::Open(crate::message::OpenSubcode::UnsupportedVersionNumber);
    assert_first(&waits(false, &notification(version)));
    assert_first(&waits(false, &cease(CeaseSubcode::ConnectionCollisionResolution)));
}

#[test]
fn check_28_a_session_that_was_stable_has_no_past() {
    let mut bench = Bench::new(|_| {});
    for number in 0..8 {
        attempt(&mut bench, number, true, &End::Closed);
    }
    let connection = ConnectionId(200);
    bench.connect(connection, Direction::Outgoing).receive(connection, &open(20));
    bench.receive(connection, &message::keepalive()).pass(STABLE);
    bench.handle(Input::TcpClosed { connection, reason: "reset".to_owned() });
    let wait = bench.session.poll_timeout().unwrap() - bench.now;
    assert_first(&[wait]);
}

#[test]
fn check_28_a_reset_of_ours_forgets_the_failures() {
    let mut bench = Bench::new(|_| {});
    for number in 0..8 {
        attempt(&mut bench, number, true, &End::Closed);
    }
    bench.handle(Input::Stop(StopReason::AdministrativeReset)).handle(Input::Start);
    assert_eq!((bench.state(), bench.session.statistics().failures), (State::Connect, 0));
}

/// One that comes up and goes down at once, for an hour.
#[test]
fn check_28_a_session_that_flaps_does_so_ever_more_seldom() {
    let mut bench = Bench::new(|_| {});
    let started = bench.now;
    let mut times = 0;
    while bench.now - started < Duration::from_hours(1) {
        attempt(&mut bench, times, true, &End::Closed);
        times += 1;
    }
    assert!(times < 50, "{times} times in an hour");
}
