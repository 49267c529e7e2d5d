use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::capability::Capability;
use crate::types::{AddressFamily, Afi, AfiSafi, Asn, Safi};
use crate::wire::{Framer, HeaderFault};

fn decode_octets(octets: &[u8]) -> Result<Message, MessageError> {
    let mut framer = Framer::new();
    framer.push(octets);
    let frame = framer.next_frame(65535)?.expect("a whole message");
    Message::decode(&frame)
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(19 + body.len()).unwrap();
    [&[0xFF; 16][..], &length.to_be_bytes(), &[kind], body].concat()
}

fn notification_for(octets: &[u8]) -> (u8, u8, Vec<u8>) {
    let notification = decode_octets(octets).unwrap_err().to_notification();
    (notification.code.code(), notification.code.subcode(), notification.data.to_vec())
}

/// Version 4, AS 65001, hold time 90, identifier 192.0.2.1, then these optional parameters with their length.
fn open_body(parameters: &[u8]) -> Vec<u8> {
    [&[4, 0xFD, 0xE9, 0, 90, 192, 0, 2, 1][..], parameters].concat()
}

fn open_of(parameters: &[u8]) -> Open {
    match decode_octets(&message(1, &open_body(parameters))) {
        Ok(Message::Open(open)) => open,
        other => panic!("{other:?}"),
    }
}

#[test]
fn check_03_names_the_type_that_is_not_known() {
    for kind in [0, 6, 255] {
        assert_eq!(notification_for(&message(kind, &[])), (1, 3, vec![kind]));
    }
}

#[test]
fn check_04_names_the_length_that_no_message_of_its_type_has() {
    for (kind, body) in [(4, 1), (1, 9), (2, 3), (3, 1), (5, 3)] {
        let octets = message(kind, &vec![0; body]);
        assert_eq!(notification_for(&octets), (1, 2, octets[16..18].to_vec()), "type {kind}");
    }
    let begin_of_refresh = message(5, &[0, 1, 1, 1, 9]);
    assert_eq!(notification_for(&begin_of_refresh), (7, 1, begin_of_refresh));
}

#[test]
fn check_06_open_and_keepalive_stay_within_4096_octets_whatever_was_negotiated() {
    let long = message(1, &open_body(&vec![0; 4096]));
    assert_eq!(notification_for(&long), (1, 2, long[16..18].to_vec()));
    let long = message(4, &vec![0; 4096]);
    assert_eq!(notification_for(&long), (1, 2, long[16..18].to_vec()));
}

#[test]
fn check_07_answers_another_version_with_ours() {
    assert_eq!(notification_for(&message(1, &[3, 0xFD, 0xE9, 0, 90, 192, 0, 2, 1, 0])), (2, 1, vec![0, 4]));
}

#[test]
fn check_08_takes_the_as_of_the_capability_over_that_of_the_field() {
    let open = open_of(&[8, 2, 6, 65, 4, 0, 1, 0, 0]);
    assert_eq!(open.asn, Asn(65536));
    assert_eq!(open_of(&[0]).asn, Asn(65001));
}

#[test]
fn check_12_tells_an_unknown_parameter_from_a_malformed_one() {
    assert_eq!(notification_for(&message(1, &open_body(&[3, 1, 1, 0]))), (2, 4, vec![]));
    for malformed in [&[4, 2, 9, 2, 0][..], &[1, 2], &[0, 0], &[4, 2, 2, 65, 4], &[5, 2, 3, 1, 1, 0]] {
        assert_eq!(notification_for(&message(1, &open_body(malformed))), (2, 0, vec![]), "{malformed:?}");
    }
}

#[test]
fn check_13_keeps_a_capability_it_does_not_know() {
    let unknown = Capability::Unknown { code: 200, value: Bytes::from_static(&[7]) };
    assert_eq!(open_of(&[5, 2, 3, 200, 1, 7]).capabilities, vec![unknown]);
}

#[test]
fn check_14_reads_capabilities_the_same_in_one_parameter_or_in_many() {
    let expected = vec![
        Capability::MultiProtocol(AddressFamily::Ipv4Unicast.afi_safi()),
        Capability::RouteRefresh,
        Capability::RouteRefresh,
    ];
    assert_eq!(open_of(&[12, 2, 10, 1, 4, 0, 1, 0, 1, 2, 0, 2, 0]).capabilities, expected);
    assert_eq!(open_of(&[16, 2, 6, 1, 4, 0, 1, 0, 1, 2, 2, 2, 0, 2, 2, 2, 0]).capabilities, expected);
}

#[test]
fn check_16_reads_extended_parameters_also_when_they_are_short() {
    let parameters = [255, 255, 0, 5, 2, 0, 2, 2, 0];
    assert_eq!(open_of(&parameters).capabilities, vec![Capability::RouteRefresh]);
}

#[test]
fn check_16_writes_extended_parameters_when_they_are_long() {
    let capability = Capability::Unknown { code: 200, value: vec![1; 200].into() };
    let open =
        Open { asn: Asn(65001), hold_time_secs: 90, identifier: 1, capabilities: vec![capability.clone(), capability] };
    let octets = open.encode().unwrap();
    assert_eq!(octets[28..30], [255, 255]);
    assert_eq!(decode_octets(&octets), Ok(Message::Open(open)));
}

#[test]
fn an_as_that_needs_four_octets_stands_as_as_trans_in_the_field() {
    let capabilities = vec![Capability::FourOctetAsn(Asn(4_200_000_000))];
    let open = Open { asn: Asn(4_200_000_000), hold_time_secs: 0, identifier: 1, capabilities };
    let octets = open.encode().unwrap();
    assert_eq!(octets[20..22], 23456u16.to_be_bytes());
    assert_eq!(decode_octets(&octets), Ok(Message::Open(open)));
}

#[test]
fn a_keepalive_is_a_header() {
    assert_eq!(keepalive(), Bytes::from(message(4, &[])));
    assert_eq!(decode_octets(&keepalive()), Ok(Message::Keepalive));
}

#[test]
fn a_header_fault_is_answered_with_its_code() {
    let error = MessageError::from(HeaderFault::Length { length: 18, max: 4096 });
    assert_eq!(error.to_notification().data, Bytes::from_static(&[0, 18]));
}

fn capability() -> impl Strategy<Value = Capability> {
    prop_oneof![
        (any::<u16>(), any::<u8>())
            .prop_map(|(afi, safi)| Capability::MultiProtocol(AfiSafi { afi: Afi(afi), safi: Safi(safi) })),
        Just(Capability::RouteRefresh),
        (100u8.., prop::collection::vec(any::<u8>(), 0..100))
            .prop_map(|(code, value)| Capability::Unknown { code, value: value.into() }),
    ]
}

proptest! {
    #[test]
    fn an_open_survives_the_wire(
        asn in 1u16..,
        hold_time_secs in any::<u16>(),
        identifier in any::<u32>(),
        capabilities in prop::collection::vec(capability(), 0..20),
    ) {
        let open = Open { asn: Asn(u32::from(asn)), hold_time_secs, identifier, capabilities };
        prop_assert_eq!(decode_octets(&open.encode().unwrap()), Ok(Message::Open(open)));
    }

    #[test]
    fn a_route_refresh_survives_the_wire(afi in any::<u16>(), subtype in any::<u8>(), safi in any::<u8>()) {
        let refresh = RouteRefresh { afi_safi: AfiSafi { afi: Afi(afi), safi: Safi(safi) }, subtype };
        prop_assert_eq!(decode_octets(&refresh.encode()), Ok(Message::RouteRefresh(refresh)));
    }

    #[test]
    fn no_body_of_any_type_panics(kind in any::<u8>(), body in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Err(error) = decode_octets(&message(kind, &body)) {
            prop_assert!(!error.to_notification().encode().is_empty());
        }
    }

    #[test]
    fn no_open_parameters_panic(parameters in prop::collection::vec(any::<u8>(), 1..200)) {
        if let Err(error) = decode_octets(&message(1, &open_body(&parameters))) {
            prop_assert_eq!(error.to_notification().code.code(), 2);
        }
    }
}
