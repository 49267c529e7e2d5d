//! What the log is told of UPDATEs with faults.

use bgp_core::capability::Capability;
use bgp_core::message::Open;
use bgp_core::session::{ConnectMode, ConnectionId, Direction, Input, Session, State};

use super::*;
use crate::peer::faults::Herald;

/// An UPDATE that lacks all that 10.0.0.0/8 needs.
const WITHDRAWN: [u8; 25] =
    [255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0, 25, 2, 0, 0, 0, 0, 8, 10];
/// One whose lengths overrun.
const RESET: [u8; 23] =
    [255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0, 23, 2, 0, 9, 0, 0];

const CONNECTION: ConnectionId = ConnectionId(1);

fn receive(session: &mut Session, octets: &[u8]) {
    let now = tokio::time::Instant::now().into_std();
    session.handle(Input::Received { connection: CONNECTION, octets }, now);
}

fn established() -> Session {
    let mut config = settings(1, (std::net::Ipv4Addr::LOCALHOST, 179).into()).session;
    config.connect = ConnectMode::Passive;
    let identifier = BgpIdentifier::from_bits(0x0A00_0002).unwrap();
    let open = Open::new(REMOTE_ASN, config.hold_time, identifier, vec![Capability::FourOctetAsn(REMOTE_ASN)]);
    let mut session = Session::new(config, 1);
    let now = tokio::time::Instant::now().into_std();
    session.handle(Input::Start, now);
    session.handle(Input::TcpConnected { connection: CONNECTION, direction: Direction::Incoming }, now);
    receive(&mut session, &open.encode().unwrap());
    receive(&mut session, &bgp_core::message::keepalive());
    assert_eq!(session.state(), State::Established);
    session
}

#[test]
fn check_66_the_log_hears_of_the_first_second_fourth_eighth_faulty_update() {
    let mut session = established();
    let mut herald = Herald::default();
    let mut told = Vec::new();
    for _ in 0..100 {
        receive(&mut session, &WITHDRAWN);
        receive(&mut session, &bgp_core::message::keepalive());
        let faulty = &session.statistics().faulty_updates;
        told.extend(herald.due(faulty).map(|update| update.number));
        assert!(herald.due(faulty).is_none(), "nothing is told twice");
    }
    assert_eq!(told, [1, 2, 4, 8, 16, 32, 64]);
}

#[test]
fn check_66_the_log_hears_of_many_at_once_by_one_line_and_always_of_what_ended_the_session() {
    let mut session = established();
    let mut herald = Herald::default();
    receive(&mut session, &WITHDRAWN.repeat(100));
    assert_eq!(herald.due(&session.statistics().faulty_updates).map(|update| update.number), Some(100));
    receive(&mut session, &WITHDRAWN);
    assert_eq!(herald.due(&session.statistics().faulty_updates), None);
    receive(&mut session, &RESET);
    let newest = herald.due(&session.statistics().faulty_updates).unwrap();
    assert_eq!((newest.number, &newest.octets[..]), (102, &RESET[..]));
}
