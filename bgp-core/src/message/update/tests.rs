use proptest::prelude::*;

use super::*;
use crate::types::{Asn, FamilySet, NextHop, PeerKind};

const ORIGIN: &[u8] = &[0x40, 1, 1, 0];
const AS_PATH: &[u8] = &[0x40, 2, 6, 2, 1, 0, 0, 0xFD, 0xE9];
const NEXT_HOP: &[u8] = &[0x40, 3, 4, 192, 0, 2, 1];
const TEN_SLASH_8: &[u8] = &[8, 10];
const MP_REACH: &[u8] =
    &[0x80, 14, 23, 0, 2, 1, 16, 0x20, 1, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 8, 0xFD];
const MP_UNREACH: &[u8] = &[0x80, 15, 5, 0, 2, 1, 8, 0xFC];

fn body(withdrawn: &[u8], attributes: &[&[u8]], announced: &[u8]) -> Vec<u8> {
    let attributes = attributes.concat();
    let length = |octets: &[u8]| u16::try_from(octets.len()).unwrap().to_be_bytes();
    [&length(withdrawn)[..], withdrawn, &length(&attributes), &attributes, announced].concat()
}

fn decode(withdrawn: &[u8], attributes: &[&[u8]], announced: &[u8]) -> Result<Update, MessageError> {
    Update::decode(&body(withdrawn, attributes, announced), &DecodeContext::default())
}

/// What is wrong when 10.0.0.0/8 comes with these attributes beside the three it needs.
fn beside(extra: &[u8]) -> Result<Update, MessageError> {
    decode(&[], &[ORIGIN, AS_PATH, NEXT_HOP, extra], TEN_SLASH_8)
}

fn withdraws_only(update: &Update) -> bool {
    update.reachable.is_empty()
        && update.withdrawn == [Nlri::from("10.0.0.0/8".parse::<crate::types::Prefix>().unwrap())]
}

fn subcode(result: Result<Update, MessageError>) -> u8 {
    let code = result.unwrap_err().to_notification().code;
    assert_eq!(code.code(), 3);
    code.subcode()
}

fn names(routes: &[Nlri]) -> Vec<String> {
    routes.iter().map(|nlri| nlri.prefix.to_string()).collect()
}

#[test]
fn reads_a_route_with_what_it_needs() {
    let update = beside(&[0x80, 4, 4, 0, 0, 0, 100]).unwrap();
    let [route] = update.reachable.as_slice() else { panic!("{update:?}") };
    assert_eq!(names(&route.nlri), ["10.0.0.0/8"]);
    assert_eq!(route.attributes.as_path.first_asn(), Some(Asn(65001)));
    assert_eq!(route.attributes.multi_exit_disc, Some(100));
    assert_eq!((update.faults, update.withdrawn, update.end_of_rib), (vec![], vec![], None));
}

#[test]
fn check_36_lengths_that_overrun_the_message_cost_the_session() {
    assert_eq!(subcode(Update::decode(&[0, 9, 0, 0], &DecodeContext::default())), 1);
    assert_eq!(subcode(Update::decode(&[0, 0, 0, 9, 0], &DecodeContext::default())), 1);
}

#[test]
fn check_37_an_attribute_that_overruns_costs_its_routes() {
    assert!(withdraws_only(&beside(&[0x40, 5, 9, 0]).unwrap()));
}

#[test]
fn check_38_a_fault_whose_routes_cannot_be_told_costs_the_session() {
    assert_eq!(subcode(decode(&[], &[&[0x40, 1, 1, 7]], &[])), 6);
    assert_eq!(subcode(decode(&[], &[&[0x40, 1, 9, 7]], &[])), 1);
    assert_eq!(subcode(decode(&[], &[MP_UNREACH, &[0x80, 14, 99]], &[])), 1);
}

#[test]
fn check_38_the_notification_shows_the_attribute_where_its_subcode_asks_for_it() {
    let answer = |attribute: &[u8]| {
        let notification = decode(&[], &[attribute], &[]).unwrap_err().to_notification();
        (notification.code.subcode(), notification.data.to_vec())
    };
    let shown = [
        (2, &[0x40, 99, 1, 7][..]),
        (4, &[0xC0, 1, 1, 0]),
        (4, &[0x50, 4, 0, 4, 0, 0, 0, 1]),
        (5, &[0x80, 4, 2, 0, 1]),
        (6, &[0x40, 1, 1, 7]),
        (9, &[0xC0, 8, 3, 0, 0, 0]),
        (9, &[0x80, 14, 10, 0, 2, 1, 5, 1, 2, 3, 4, 5, 0]),
        (9, &[0x80, 15, 5, 0, 2, 1, 129, 0]),
    ];
    for (subcode, attribute) in shown {
        assert_eq!(answer(attribute), (subcode, attribute.to_vec()));
    }
    for (subcode, attribute) in [(1, &[0x40, 1, 9, 0][..]), (11, &[0x40, 2, 2, 9, 9])] {
        assert_eq!(answer(attribute), (subcode, vec![]));
    }
}

#[test]
fn check_39_wrong_flags_of_the_two_of_rfc_4760_withdraw_what_they_carry() {
    let flagged = [&[0xC0][..], &MP_REACH[1..]].concat();
    let update = decode(&[], &[&flagged, ORIGIN, AS_PATH], &[]).unwrap();
    assert_eq!((names(&update.withdrawn), update.reachable.len()), (vec!["fd00::/8".to_owned()], 0));
    let flagged = [&[0xC0][..], &MP_UNREACH[1..]].concat();
    assert_eq!(names(&decode(&[], &[&flagged], &[]).unwrap().withdrawn), ["fc00::/8"]);
}

#[test]
fn check_39_wrong_flags_cost_the_routes_and_an_extended_length_does_not() {
    assert!(withdraws_only(&decode(&[], &[&[0xC0, 1, 1, 0], AS_PATH, NEXT_HOP], TEN_SLASH_8).unwrap()));
    let extended = decode(&[], &[&[0x5F, 1, 0, 1, 0], AS_PATH, NEXT_HOP], TEN_SLASH_8).unwrap();
    assert_eq!((extended.reachable.len(), extended.faults), (1, vec![]));
}

#[test]
fn check_40_keeps_the_first_of_two_but_for_the_two_of_rfc_4760() {
    let update = beside(&[0x40, 1, 1, 2]).unwrap();
    assert_eq!(update.reachable[0].attributes.origin, crate::attribute::Origin::Igp);
    assert_eq!(update.faults.len(), 1);
    assert_eq!(subcode(decode(&[], &[MP_UNREACH, MP_UNREACH], &[])), 1);
}

#[test]
fn check_41_an_unknown_well_known_attribute_costs_the_routes() {
    assert!(withdraws_only(&beside(&[0x40, 99, 0]).unwrap()));
}

#[test]
fn check_42_keeps_an_unknown_transitive_attribute_and_drops_one_that_is_not() {
    let update = beside(&[0xC0, 99, 1, 7, 0x80, 98, 1, 7, 0xC0, 90, 0]).unwrap();
    let unknown: Vec<u8> = update.reachable[0].attributes.unknown.iter().map(|unknown| unknown.code).collect();
    assert_eq!((unknown, update.faults), (vec![90, 99], vec![]));
}

#[test]
fn check_45_a_path_that_does_not_begin_with_the_peer_costs_the_routes() {
    let context = DecodeContext { first_asn: Some(Asn(65002)), ..DecodeContext::default() };
    let octets = body(&[], &[ORIGIN, AS_PATH, NEXT_HOP], TEN_SLASH_8);
    assert!(withdraws_only(&Update::decode(&octets, &context).unwrap()));
}

#[test]
fn check_48_local_pref_of_an_external_peer_is_dropped_even_when_malformed() {
    let update = beside(&[0x40, 5, 3, 0, 0, 0]).unwrap();
    assert_eq!(update.reachable[0].attributes.local_pref, None);
    let context = DecodeContext { peer_kind: PeerKind::Internal, ..DecodeContext::default() };
    let octets = body(&[], &[ORIGIN, AS_PATH, NEXT_HOP, &[0x40, 5, 3, 0, 0, 0]], TEN_SLASH_8);
    assert!(withdraws_only(&Update::decode(&octets, &context).unwrap()));
}

#[test]
fn check_49_a_malformed_aggregator_costs_itself_alone() {
    let update = beside(&[0xC0, 7, 2, 0, 0, 0x40, 6, 1, 0]).unwrap();
    let attributes = &update.reachable[0].attributes;
    assert_eq!((attributes.aggregator, attributes.atomic_aggregate), (None, false));
    assert_eq!(update.faults.len(), 2);
}

#[test]
fn check_45_and_49_an_as_0_costs_the_routes_or_the_aggregator() {
    let path = &[0x40, 2, 10, 2, 2, 0, 0, 0xFD, 0xE9, 0, 0, 0, 0];
    assert!(withdraws_only(&decode(&[], &[ORIGIN, path, NEXT_HOP], TEN_SLASH_8).unwrap()));
    let update = beside(&[0xC0, 7, 8, 0, 0, 0, 0, 192, 0, 2, 1]).unwrap();
    assert_eq!((update.reachable[0].attributes.aggregator, update.faults.len()), (None, 1));
}

#[test]
fn check_50_malformed_communities_cost_the_routes() {
    for extra in [&[0xC0, 8, 0][..], &[0xC0, 8, 3, 0, 0, 0], &[0xC0, 16, 4, 0, 0, 0, 0], &[0xC0, 32, 4, 0, 0, 0, 0]] {
        assert!(withdraws_only(&beside(extra).unwrap()), "{extra:?}");
    }
}

#[test]
fn check_50_a_malformed_only_to_customer_costs_the_routes() {
    let update = beside(&[0xC0, 35, 4, 0, 0, 0xFD, 0xE9]).unwrap();
    assert_eq!(update.reachable[0].attributes.only_to_customer, Some(Asn(65001)));
    for extra in
        [&[0xC0, 35, 0][..], &[0xC0, 35, 3, 0, 0, 0], &[0xC0, 35, 5, 0, 0, 0, 0, 0], &[0x80, 35, 4, 0, 0, 0, 1]]
    {
        assert!(withdraws_only(&beside(extra).unwrap()), "{extra:?}");
    }
}

#[test]
fn check_50_keeps_communities_ascending_and_once() {
    let update = beside(&[0xC0, 8, 12, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2]).unwrap();
    assert_eq!(update.reachable[0].attributes.communities, [1, 2].map(crate::types::Community));
    let large = [&[0xC0, 32, 24][..], &[0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3].repeat(2)].concat();
    assert_eq!(beside(&large).unwrap().reachable[0].attributes.large_communities.len(), 1);
}

#[test]
fn an_update_that_costs_the_session_still_names_every_fault() {
    let error = decode(&[], &[&[0x40, 1, 1, 9], AS_PATH, MP_REACH, MP_REACH], &[]).unwrap_err();
    let MessageError::MalformedUpdate { faults, .. } = error else { panic!("{error:?}") };
    let found: Vec<_> = faults.iter().map(|fault| (fault.code, fault.disposition)).collect();
    assert_eq!(found, [(1, Disposition::TreatAsWithdraw), (14, Disposition::SessionReset)]);
}

#[test]
fn check_52_a_missing_attribute_costs_the_routes_and_next_hop_only_those_that_need_it() {
    for attributes in [[AS_PATH, NEXT_HOP], [ORIGIN, NEXT_HOP], [ORIGIN, AS_PATH]] {
        assert!(withdraws_only(&decode(&[], &attributes, TEN_SLASH_8).unwrap()));
    }
    assert_eq!(decode(&[], &[MP_REACH, ORIGIN, AS_PATH], &[]).unwrap().reachable.len(), 1);
}

#[test]
fn check_53_and_54_what_makes_routes_unreadable_costs_the_session() {
    assert_eq!(subcode(decode(&[], &[ORIGIN, AS_PATH, NEXT_HOP], &[33, 1, 2, 3, 4, 5])), 10);
    assert_eq!(subcode(decode(&[], &[&[0x80, 14, 10, 0, 2, 1, 5, 1, 2, 3, 4, 5, 0]], &[])), 9);
    assert_eq!(subcode(decode(&[], &[&[0x80, 15, 5, 0, 2, 1, 129, 0]], &[])), 9);
}

#[test]
fn check_53_ipv4_routes_have_an_ipv6_next_hop_only_where_that_was_agreed() {
    let (global, link_local): (std::net::Ipv6Addr, std::net::Ipv6Addr) =
        ("2001:db8::1".parse().unwrap(), "fe80::1".parse().unwrap());
    let read = |hop: &[u8], extended_next_hop| {
        let length = u8::try_from(hop.len()).unwrap();
        let value = [&[0, 1, 1, length][..], hop, &[0, 8, 10]].concat();
        let attribute = [&[0x80, 14, u8::try_from(value.len()).unwrap()][..], &value].concat();
        let context = DecodeContext { extended_next_hop, ..DecodeContext::default() };
        let update = Update::decode(&body(&[], &[&attribute, ORIGIN, AS_PATH], &[]), &context)?;
        assert_eq!(names(&update.reachable[0].nlri), ["10.0.0.0/8"]);
        Ok(update.reachable[0].attributes.next_hop.unwrap())
    };
    let both = [global.octets(), link_local.octets()].concat();
    assert_eq!(read(&global.octets(), true), Ok(NextHop::V6 { global, link_local: None }));
    assert_eq!(read(&both, true), Ok(NextHop::V6 { global, link_local: Some(link_local) }));
    assert_eq!(read(&[192, 0, 2, 1], true), Ok(NextHop::V4([192, 0, 2, 1].into())));
    assert_eq!(read(&[192, 0, 2, 1], false), Ok(NextHop::V4([192, 0, 2, 1].into())));
    for (hop, extended) in [(&both[..], false), (&both[..16], false), (&both[..24], true), (&both[..0], true)] {
        let refused: MessageError = read(hop, extended).unwrap_err();
        assert_eq!(refused.to_notification().code.subcode(), 9, "{hop:?}");
    }
}

#[test]
fn check_60_what_is_treated_as_withdrawn_takes_only_its_own_path_ids() {
    let context = DecodeContext { add_path: AddressFamily::ALL.into_iter().collect(), ..DecodeContext::default() };
    let routes = &[0, 0, 0, 7, 8, 10, 0, 0, 0, 9, 8, 10];
    let update = Update::decode(&body(&[], &[&[0x40, 1, 1, 9], AS_PATH, NEXT_HOP], routes), &context).unwrap();
    let ids: Vec<_> = update.withdrawn.iter().map(|nlri| (nlri.prefix.to_string(), nlri.path_id)).collect();
    assert_eq!(ids, [("10.0.0.0/8".to_owned(), 7), ("10.0.0.0/8".to_owned(), 9)]);
    assert_eq!(update.reachable, []);
}

#[test]
fn check_59_applies_all_four_places_of_routes() {
    let update = decode(&[8, 11], &[MP_REACH, ORIGIN, AS_PATH, NEXT_HOP, MP_UNREACH], TEN_SLASH_8).unwrap();
    let announced: Vec<_> = update.reachable.iter().flat_map(|group| names(&group.nlri)).collect();
    assert_eq!(announced, ["10.0.0.0/8", "fd00::/8"]);
    assert_eq!(names(&update.withdrawn), ["11.0.0.0/8", "fc00::/8"]);
    let hops: Vec<_> = update.reachable.iter().map(|group| group.attributes.next_hop.unwrap().to_string()).collect();
    assert_eq!(hops, ["192.0.2.1", "2001:db8::1"]);
}

#[test]
fn check_61_ignores_a_family_that_was_not_negotiated() {
    let families: FamilySet = [AddressFamily::Ipv4Unicast].into_iter().collect();
    let context = DecodeContext { families, ..DecodeContext::default() };
    let octets = body(&[], &[MP_REACH, ORIGIN, AS_PATH, NEXT_HOP], TEN_SLASH_8);
    let update = Update::decode(&octets, &context).unwrap();
    assert_eq!(update.reachable.iter().flat_map(|group| names(&group.nlri)).collect::<Vec<_>>(), ["10.0.0.0/8"]);
}

#[test]
fn check_62_tells_the_end_of_rib_from_an_empty_withdrawal() {
    let end = |attributes: &[&[u8]]| decode(&[], attributes, &[]).unwrap().end_of_rib;
    assert_eq!(end(&[]), Some(AddressFamily::Ipv4Unicast));
    assert_eq!(end(&[&[0x80, 15, 3, 0, 2, 1]]), Some(AddressFamily::Ipv6Unicast));
    assert_eq!(end(&[&[0x90, 15, 0, 3, 0, 2, 1]]), Some(AddressFamily::Ipv6Unicast));
    assert_eq!(end(&[MP_UNREACH]), None);
    assert_eq!(decode(&[8, 10], &[], &[]).unwrap().end_of_rib, None);
}

#[test]
fn check_63_merges_what_an_old_speaker_could_not_say() {
    let context = DecodeContext { four_octet_asn: false, ..DecodeContext::default() };
    let merged = |as_path: &[u8], as4_path: &[u8]| {
        let octets = body(&[], &[ORIGIN, as_path, NEXT_HOP, as4_path], TEN_SLASH_8);
        Update::decode(&octets, &context).unwrap().reachable[0].attributes.as_path.to_string()
    };
    let two_octets = &[0x40, 2, 6, 2, 2, 0xFD, 0xE9, 0x5B, 0xA0];
    assert_eq!(merged(two_octets, &[0xC0, 17, 6, 2, 1, 0, 1, 0, 0]), "65001 65536");
    let longer = &[0xC0, 17, 14, 2, 3, 0, 1, 0, 0, 0, 1, 0, 1, 0, 1, 0, 2];
    assert_eq!(merged(two_octets, longer), "65001 23456");
    assert_eq!(merged(two_octets, &[0xC0, 17, 2, 2, 9]), "65001 23456");
}

#[test]
fn check_63_drops_confederations_and_as_0_of_as4_path_and_withdraws_for_an_as_set() {
    let context = DecodeContext { four_octet_asn: false, ..DecodeContext::default() };
    let two_octets = &[0x40, 2, 6, 2, 2, 0xFD, 0xE9, 0x5B, 0xA0];
    let read = |as4_path: &[u8], context: &DecodeContext| {
        Update::decode(&body(&[], &[ORIGIN, two_octets, NEXT_HOP, as4_path], TEN_SLASH_8), context).unwrap()
    };
    let path = |update: &Update| update.reachable[0].attributes.as_path.to_string();
    let confederation = &[0xC0, 17, 12, 3, 1, 0, 0, 0, 9, 2, 1, 0, 1, 0, 0];
    assert_eq!(path(&read(confederation, &context)), "65001 65536");
    assert_eq!(path(&read(&[0xC0, 17, 6, 2, 1, 0, 0, 0, 0], &context)), "65001 23456");
    let set = &[0xC0, 17, 6, 1, 1, 0, 1, 0, 0];
    assert!(withdraws_only(&read(set, &context)));
    let accepting = DecodeContext { accept_as_set: true, ..context };
    assert_eq!(path(&read(set, &accepting)), "65001 {65536}");
}

#[test]
fn check_63_an_aggregator_that_is_not_as_trans_sets_both_as4_attributes_aside() {
    let context = DecodeContext { four_octet_asn: false, ..DecodeContext::default() };
    let two_octets = &[0x40, 2, 6, 2, 2, 0xFD, 0xE9, 0x5B, 0xA0];
    let as4_path = &[0xC0, 17, 6, 2, 1, 0, 1, 0, 0];
    let as4_aggregator = &[0xC0, 18, 8, 0, 1, 0, 0, 192, 0, 2, 1];
    let read = |aggregator: &[u8]| {
        let attributes = [ORIGIN, two_octets, NEXT_HOP, aggregator, as4_path, as4_aggregator];
        let update = Update::decode(&body(&[], &attributes, TEN_SLASH_8), &context).unwrap();
        let attributes = &update.reachable[0].attributes;
        (attributes.as_path.to_string(), attributes.aggregator.map(|aggregator| aggregator.asn.0))
    };
    assert_eq!(read(&[0xC0, 7, 6, 0x5B, 0xA0, 192, 0, 2, 1]), ("65001 65536".to_owned(), Some(65536)));
    assert_eq!(read(&[0xC0, 7, 6, 0xFD, 0xE9, 192, 0, 2, 1]), ("65001 23456".to_owned(), Some(65001)));
}

#[test]
fn check_63_between_new_speakers_the_as4_attributes_are_dropped_unread() {
    let update = beside(&[0xC0, 17, 1, 9, 0xC0, 18, 1, 9]).unwrap();
    assert_eq!((update.reachable.len(), update.faults), (1, vec![]));
    assert_eq!(update.reachable[0].attributes.unknown, []);
}

#[test]
fn check_45_an_as_set_costs_the_routes_unless_the_operator_accepts_it() {
    let set = &[0x40, 2, 12, 2, 1, 0, 0, 0xFD, 0xE9, 1, 1, 0, 0, 0, 7];
    assert!(withdraws_only(&decode(&[], &[ORIGIN, set, NEXT_HOP], TEN_SLASH_8).unwrap()));
    let context = DecodeContext { accept_as_set: true, ..DecodeContext::default() };
    let update = Update::decode(&body(&[], &[ORIGIN, set, NEXT_HOP], TEN_SLASH_8), &context).unwrap();
    assert_eq!(update.reachable[0].attributes.as_path.to_string(), "65001 {7}");
}

#[test]
fn the_strongest_of_several_faults_wins() {
    assert_eq!(subcode(decode(&[], &[&[0x40, 1, 1, 9], AS_PATH, NEXT_HOP, MP_REACH, MP_REACH], TEN_SLASH_8)), 1);
}

proptest! {
    #[test]
    fn no_octets_panic(octets in prop::collection::vec(any::<u8>(), 0..300), four_octet_asn in any::<bool>()) {
        let context = DecodeContext { four_octet_asn, ..DecodeContext::default() };
        let _either_is_fine = Update::decode(&octets, &context);
    }

    #[test]
    fn no_attributes_panic_or_lose_a_route(attributes in prop::collection::vec(any::<u8>(), 0..100)) {
        if let Ok(update) = decode(&[], &[&attributes], TEN_SLASH_8) {
            let announced = update.reachable.iter().flat_map(|group| &group.nlri);
            let ten: Nlri = Nlri::from("10.0.0.0/8".parse::<crate::types::Prefix>().unwrap());
            prop_assert!(announced.chain(&update.withdrawn).any(|nlri| *nlri == ten));
        }
    }
}
