//! Messages where they do not belong, and what is said to them (RFC 4271 section 6.4, RFC 6608).

use super::*;
use crate::message::MessageError;
use crate::wire::HeaderFault;

const REFRESH: [u8; 23] =
    [255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0, 23, 5, 0, 1, 0, 1];

fn end_of_rib() -> Bytes {
    message::packing::end_of_rib_marker(AddressFamily::Ipv4Unicast)
}

/// A session whose only connection stands in this state.
fn at(state: State) -> Bench {
    let mut bench = Bench::new(|_| {});
    bench.connect(FIRST, Direction::Outgoing);
    if state > State::OpenSent {
        bench.receive(FIRST, &open(20));
    }
    if state > State::OpenConfirm {
        bench.receive(FIRST, &message::keepalive());
    }
    assert_eq!(bench.state(), state);
    bench.sent();
    bench.events();
    bench
}

/// The NOTIFICATIONs that answer the octets.
fn answers(state: State, octets: &[u8]) -> Vec<Notification> {
    let mut bench = at(state);
    bench.receive(FIRST, octets);
    let sent = std::iter::from_fn(|| bench.session.poll_transmit());
    sent.filter(|sent| sent.octets[18] == NOTIFICATION).map(|sent| notification(&sent.octets)).collect()
}

fn notification(octets: &[u8]) -> Notification {
    let mut framer = crate::wire::Framer::new();
    framer.push(octets);
    match message::Message::decode(&framer.next_frame(4096).unwrap().unwrap()) {
        Ok(message::Message::Notification(notification)) => notification,
        other => panic!("{other:?}"),
    }
}

#[test]
fn check_20_the_notification_names_the_state_and_the_type_of_the_message() {
    let open = open(20).to_vec();
    let keepalive = message::keepalive().to_vec();
    let update = end_of_rib().to_vec();
    let cases = [
        (State::OpenSent, &keepalive[..], 1, 4),
        (State::OpenSent, &update, 1, 2),
        (State::OpenSent, &REFRESH, 1, 5),
        (State::OpenConfirm, &open, 2, 1),
        (State::OpenConfirm, &update, 2, 2),
        (State::OpenConfirm, &REFRESH, 2, 5),
        (State::Established, &open, 3, 1),
    ];
    for (state, octets, subcode, kind) in cases {
        let found: Vec<_> = answers(state, octets)
            .into_iter()
            .map(|sent| (sent.code.code(), sent.code.subcode(), sent.data.to_vec()))
            .collect();
        assert_eq!(found, [(5, subcode, vec![kind])], "type {kind} in {state}");
    }
}

/// An OPEN that is not expected is first of all that, whatever is wrong with it.
#[test]
fn check_20_an_unexpected_open_is_not_judged() {
    let mut version = open(20).to_vec();
    version[19] = 3;
    for state in [State::OpenConfirm, State::Established] {
        let codes: Vec<_> = answers(state, &version).iter().map(|sent| sent.code.code()).collect();
        assert_eq!(codes, [5], "{state}");
    }
}

#[test]
fn check_20_what_is_expected_is_not_answered() {
    assert_eq!(answers(State::OpenConfirm, &message::keepalive()), []);
    for octets in [&message::keepalive()[..], &end_of_rib(), &REFRESH] {
        assert_eq!(answers(State::Established, octets), []);
    }
}

#[test]
fn check_21_no_notification_is_answered_in_any_state_however_malformed() {
    let cease = |data: &[u8]| {
        let length = u16::try_from(21 + data.len()).unwrap().to_be_bytes();
        [&[0xFF; 16][..], &length, &[3, 6, 2], data].concat()
    };
    let unknown = [&[0xFF; 16][..], &[0, 21, 3, 99, 99]].concat();
    let version = Notification::new(NotificationCode::Open(message::OpenSubcode::UnsupportedVersionNumber)).encode();
    for state in [State::OpenSent, State::OpenConfirm, State::Established] {
        for octets in [&cease(&[])[..], &cease(&[200, 1]), &cease(&[2, 0xC3, 0x28]), &unknown, &version] {
            let mut bench = at(state);
            bench.receive(FIRST, octets);
            assert_eq!((bench.state(), bench.sent()), (State::Idle, vec![]), "{state}");
            assert!(bench.events().contains(&Event::CloseTcp { connection: FIRST }));
        }
    }
}

#[test]
fn check_21_what_follows_a_notification_is_not_read() {
    let mut bench = at(State::Established);
    let octets = [&Notification::administrative_shutdown("bye").encode()[..], &end_of_rib(), &[0; 30]].concat();
    bench.receive(FIRST, &octets);
    assert_eq!(bench.sent(), []);
    assert!(!bench.events().iter().any(|event| matches!(event, Event::Update(_))));
}

#[test]
fn check_35_text_of_a_shutdown_that_is_no_utf_8_still_ends_the_session_and_is_shown_in_hexadecimal() {
    let mut bench = at(State::Established);
    let octets = [&[0xFF; 16][..], &[0, 24, 3, 6, 2, 2, 0xC3, 0x28]].concat();
    bench.receive(FIRST, &octets);
    let down = bench.events().into_iter().find_map(|event| match event {
        Event::Down { cause, .. } => Some(cause.to_string()),
        _ => None,
    });
    assert_eq!(down.as_deref(), Some("received 6/2 Cease: Administrative Shutdown (\"c328\")"));
}

#[test]
fn check_35_the_limit_that_was_passed_stands_in_the_data() {
    let mut bench = at(State::Established);
    bench.handle(Input::Stop(StopReason::MaximumPrefixes { family: AddressFamily::Ipv6Unicast, limit: 1000 }));
    let sent = std::iter::from_fn(|| bench.session.poll_transmit()).last().unwrap();
    assert_eq!(notification(&sent.octets).data.as_ref(), [0, 2, 1, 0, 0, 0x03, 0xE8]);
}

#[test]
fn check_02_a_length_out_of_range_is_answered_before_the_message_has_come() {
    for length in [18u16, 4097, 65535] {
        let header = [&[0xFF; 16][..], &length.to_be_bytes(), &[2]].concat();
        let expected = MessageError::Header(HeaderFault::Length { length, max: 4096 }).to_notification();
        assert_eq!(answers(State::Established, &header), [expected]);
    }
}
