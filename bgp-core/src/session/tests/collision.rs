//! Two connections with one peer (RFC 4271 section 6.8, RFC 6286 section 2.3).

use super::*;

fn collision_cease() -> Bytes {
    Notification::new(NotificationCode::Cease(CeaseSubcode::ConnectionCollisionResolution)).encode()
}

/// Ours, FIRST, in OpenConfirm, and the peer's, SECOND, whose OPEN has not come.
fn one_confirmed() -> Bench {
    let mut bench = Bench::new(|_| {});
    bench.connect(FIRST, Direction::Outgoing).connect(SECOND, Direction::Incoming).receive(FIRST, &open(20));
    bench.sent();
    bench.events();
    bench
}

#[test]
fn check_24_each_order_of_the_two_opens_keeps_the_same_connection() {
    for (identifier, kept) in [(9, FIRST), (10, SECOND), (11, SECOND)] {
        for order in [[FIRST, SECOND], [SECOND, FIRST]] {
            let mut bench = Bench::new(|_| {});
            bench.connect(FIRST, Direction::Outgoing).connect(SECOND, Direction::Incoming);
            bench.sent();
            for connection in order {
                bench.receive(connection, &open(identifier));
            }
            let gone = if kept == FIRST { SECOND } else { FIRST };
            let notified: Vec<_> = bench.sent().into_iter().filter(|(_, kind)| *kind == NOTIFICATION).collect();
            assert_eq!(notified, [(gone, NOTIFICATION)], "identifier {identifier}, order {order:?}");
            bench.receive(kept, &message::keepalive());
            assert_eq!(bench.state(), State::Established);
            let events = bench.events();
            assert!(events.contains(&Event::CloseTcp { connection: gone }));
            assert!(
                events
                    .iter()
                    .any(|event| matches!(event, Event::Established { connection, .. } if *connection == kept))
            );
        }
    }
}

#[test]
fn check_24_equal_identifiers_are_settled_by_the_higher_as() {
    let collide = |local_asn| {
        let mut bench = Bench::new(|config| config.local_asn = Asn(local_asn));
        bench.connect(FIRST, Direction::Outgoing).connect(SECOND, Direction::Incoming);
        bench.receive(FIRST, &open(10)).receive(SECOND, &open(10));
        let sent: Vec<_> = bench.sent().into_iter().filter(|(_, kind)| *kind == NOTIFICATION).collect();
        sent
    };
    assert_eq!(collide(64512), [(FIRST, NOTIFICATION)], "the peer has the higher AS, its connection stays");
    assert_eq!(collide(65002), [(SECOND, NOTIFICATION)], "we have the higher AS, ours stays");
}

#[test]
fn check_24_the_peer_may_settle_it_first_on_either_connection() {
    let mut bench = one_confirmed();
    bench.receive(SECOND, &collision_cease()).receive(FIRST, &message::keepalive());
    assert_eq!((bench.state(), bench.sent()), (State::Established, vec![]));
    let mut bench = one_confirmed();
    bench.receive(FIRST, &collision_cease());
    assert_eq!(bench.state(), State::OpenSent);
    bench.receive(SECOND, &open(20)).receive(SECOND, &message::keepalive());
    assert_eq!(bench.state(), State::Established);
}

#[test]
fn check_24_both_connections_may_be_refused_and_the_next_attempt_comes_soon() {
    let mut bench = one_confirmed();
    bench.receive(FIRST, &collision_cease()).receive(SECOND, &collision_cease());
    assert_eq!((bench.state(), bench.sent()), (State::Active, vec![]), "the one that won may still be on its way");
    bench.pass(IDLE_HOLD_FIRST);
    assert_eq!(bench.state(), State::Connect);
}

#[test]
fn check_24_a_connection_that_breaks_leaves_the_other_one() {
    for (broken, left) in [(FIRST, SECOND), (SECOND, FIRST)] {
        let mut bench = one_confirmed();
        bench.handle(Input::TcpClosed { connection: broken, reason: "reset".to_owned() });
        if left == SECOND {
            bench.receive(SECOND, &open(20));
        }
        bench.receive(left, &message::keepalive());
        assert_eq!(bench.state(), State::Established);
    }
}

#[test]
fn check_25_an_established_session_outlives_any_number_of_new_ones() {
    let mut bench = Bench::established(|_| {});
    for number in 10..20 {
        let connection = ConnectionId(number);
        bench.connect(connection, Direction::Incoming).receive(connection, &open(20));
        assert_eq!(bench.notified(), Some((6, 7)));
        assert!(bench.events().contains(&Event::CloseTcp { connection }));
    }
    bench.receive(FIRST, &message::packing::end_of_rib_marker(AddressFamily::Ipv4Unicast));
    assert!(matches!(&bench.events()[..], [Event::Update(_)]));
}
