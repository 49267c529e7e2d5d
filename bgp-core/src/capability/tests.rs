use proptest::prelude::*;

use super::*;

fn decode(octets: &[u8]) -> Result<Vec<Capability>, CapabilityFault> {
    let mut found = Vec::new();
    Capability::decode_all(octets, &mut found).map(|()| found)
}

fn only(octets: &[u8]) -> Capability {
    let mut found = decode(octets).unwrap();
    assert_eq!(found.len(), 1);
    found.remove(0)
}

const IPV4_UNICAST: AfiSafi = AfiSafi { afi: Afi(1), safi: Safi(1) };

#[test]
fn check_15_refuses_a_length_that_the_capability_never_has() {
    for (code, lengths) in [
        (1, &[0, 3, 5][..]),
        (2, &[1]),
        (5, &[1, 7]),
        (6, &[1]),
        (9, &[0, 2]),
        (64, &[0, 1, 4]),
        (65, &[0, 2, 5]),
        (69, &[1, 6]),
        (70, &[1]),
        (71, &[1, 8]),
    ] {
        for length in lengths {
            let octets = [&[code, *length][..], &vec![0; usize::from(*length)]].concat();
            assert!(matches!(decode(&octets), Err(CapabilityFault::Length { .. })), "{octets:?}");
        }
    }
}

#[test]
fn reads_graceful_restart_with_its_bits_and_a_time_of_twelve_bits() {
    let expected = GracefulRestart {
        restart_state: true,
        notification: true,
        restart_time_secs: 4095,
        families: vec![RestartFamily { afi_safi: IPV4_UNICAST, forwarding_state: true }],
    };
    assert_eq!(only(&[64, 6, 0xCF, 0xFF, 0, 1, 1, 0x80]), Capability::GracefulRestart(expected));
}

#[test]
fn reads_long_lived_graceful_restart_with_a_time_of_three_octets() {
    let expected = LongLivedFamily { afi_safi: IPV4_UNICAST, forwarding_state: false, stale_time_secs: 0x01_0203 };
    assert_eq!(only(&[71, 7, 0, 1, 1, 0, 1, 2, 3]), Capability::LongLivedGracefulRestart(vec![expected]));
}

#[test]
fn reads_who_sends_path_identifiers_and_who_takes_them() {
    let Capability::AddPath(families) = only(&[69, 12, 0, 1, 1, 1, 0, 1, 1, 2, 0, 1, 1, 3]) else { panic!() };
    let found: Vec<_> = families.iter().map(|family| (family.receives(), family.sends())).collect();
    assert_eq!(found, [(true, false), (false, true), (true, true)]);
}

#[test]
fn reads_an_extended_next_hop_whose_safi_has_two_octets() {
    let expected = ExtendedNextHop { afi_safi: IPV4_UNICAST, next_hop_afi: Afi(2) };
    assert_eq!(only(&[5, 6, 0, 1, 0, 1, 0, 2]), Capability::ExtendedNextHop(vec![expected]));
    assert_eq!(only(&[5, 6, 0, 1, 1, 1, 0, 2]), Capability::ExtendedNextHop(vec![]));
}

#[test]
fn names_every_role() {
    let names: Vec<String> = (0..6)
        .map(|octet| match only(&[9, 1, octet]) {
            Capability::Role(role) => role.to_string(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(names, ["provider", "rs", "rs-client", "customer", "peer", "unknown (5)"]);
}

#[test]
fn check_18_every_role_has_one_counterpart_and_an_unknown_one_none() {
    let roles: Vec<Role> = (0..6).map(|octet| Role::decode(&[octet]).unwrap()).collect();
    let counterparts =
        |role: &Role| roles.iter().filter(|other| role.agrees_with(**other)).copied().collect::<Vec<_>>();
    let found: Vec<Vec<Role>> = roles.iter().map(counterparts).collect();
    let one = |role| vec![role];
    let expected = [
        one(Role::Customer),
        one(Role::RouteServerClient),
        one(Role::RouteServer),
        one(Role::Provider),
        one(Role::Peer),
        vec![],
    ];
    assert_eq!(found, expected);
}

proptest! {
    #[test]
    fn what_is_read_and_written_reads_the_same(octets in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(found) = decode(&octets) {
            let mut out = BytesMut::new();
            for capability in &found {
                capability.encode(&mut out).unwrap();
            }
            prop_assert_eq!(decode(&out), Ok(found));
        }
    }

    #[test]
    fn a_value_of_any_code_is_read_or_refused(
        code in prop::sample::select(vec![1u8, 2, 5, 6, 9, 64, 65, 69, 70, 71, 73]),
        value in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let octets = [&[code, u8::try_from(value.len()).unwrap()][..], &value].concat();
        if let Ok(found) = decode(&octets) {
            let mut out = BytesMut::new();
            found[0].encode(&mut out).unwrap();
            prop_assert_eq!(decode(&out), Ok(found));
        }
    }
}
