use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::*;
use crate::attribute::any::{ascending, attributes};
use crate::attribute::spec::code;
use crate::attribute::{Aggregator, AsPath, DecodeContext, PartialBits, UnknownAttribute};
use crate::message::{Message, Update};
use crate::types::{Asn, Community, FamilySet, PeerKind, Prefix};
use crate::wire::Framer;

fn nlri(text: &str) -> Nlri {
    text.parse::<Prefix>().unwrap().into()
}

fn v4_attributes() -> PathAttributes {
    PathAttributes { next_hop: Some(NextHop::V4(Ipv4Addr::new(192, 0, 2, 1))), ..PathAttributes::default() }
}

/// Every /24 of 10.0.0.0/8 up to `count`.
fn many(count: u32) -> Vec<Nlri> {
    let prefix = |n: u32| Prefix::new(IpAddr::V4(Ipv4Addr::from_bits((10 << 24) + (n << 8))), 24).unwrap();
    (0..count).map(|n| prefix(n).into()).collect()
}

fn read(messages: &[Bytes], context: &DecodeContext, max: u16) -> Vec<Update> {
    let mut framer = Framer::new();
    messages.iter().for_each(|message| framer.push(message));
    let mut updates = Vec::new();
    while let Some(frame) = framer.next_frame(max).unwrap() {
        let Message::Update(body) = Message::decode(&frame).unwrap() else { panic!("{frame:?}") };
        updates.push(Update::decode(&body, context).unwrap());
    }
    updates
}

#[test]
fn check_62_marks_the_end_of_rib_as_rfc_4724_writes() {
    assert_eq!(end_of_rib_marker(AddressFamily::Ipv4Unicast).len(), 23);
    let context = DecodeContext::default();
    for family in AddressFamily::ALL {
        let packed = pack(&[], &[], &[family], &EncodeContext::default());
        let [update] = &read(&packed.messages, &context, 4096)[..] else { panic!("one message") };
        assert_eq!(update.end_of_rib, Some(family));
    }
}

#[test]
fn check_75_fills_messages_and_never_overfills_one() {
    let announce = [(Arc::new(v4_attributes()), many(5000))];
    let packed = pack(&announce, &[], &[], &EncodeContext::default());
    let room = 4096 - FIXED - (4 + 3 + 7);
    assert_eq!(packed.messages.len(), 5000usize.div_ceil(room / 4));
    assert!(packed.messages.iter().all(|message| message.len() <= 4096));
    let withdrawn = pack(&[], &many(5000), &[], &EncodeContext::default());
    assert_eq!(withdrawn.messages.len(), 5000usize.div_ceil((4096 - FIXED) / 4));
}

#[test]
fn check_75_withdraws_a_route_whose_attributes_fit_no_message() {
    let mut attributes = v4_attributes();
    attributes.communities = (0..1100).map(Community).collect();
    let packed = pack(&[(Arc::new(attributes), vec![nlri("10.0.0.0/8")])], &[], &[], &EncodeContext::default());
    assert_eq!(packed.unsendable.len(), 1, "{packed:?}");
    let [update] = &read(&packed.messages, &DecodeContext::default(), 4096)[..] else { panic!("one message") };
    assert_eq!((update.reachable.len(), &update.withdrawn[..]), (0, &[nlri("10.0.0.0/8")][..]));
}

#[test]
fn check_06_a_peer_gets_as_much_of_an_announcement_as_its_messages_hold() {
    let mut attributes = v4_attributes();
    attributes.communities = (0..1100).map(Community).collect();
    let announce =
        [(Arc::new(attributes), vec![nlri("10.0.0.0/8")]), (Arc::new(v4_attributes()), vec![nlri("11.0.0.0/8")])];
    let sent = |max_message_len| {
        let context = EncodeContext { max_message_len, ..EncodeContext::default() };
        let packed = pack(&announce, &[], &[], &context);
        let updates = read(&packed.messages, &DecodeContext::default(), max_message_len);
        let reachable = updates.iter().flat_map(|update| &update.reachable).flat_map(|group| &group.nlri);
        let withdrawn = updates.iter().flat_map(|update| &update.withdrawn);
        (reachable.copied().collect::<Vec<_>>(), withdrawn.copied().collect::<Vec<_>>(), packed.unsendable.len())
    };
    assert_eq!(sent(65535), (vec![nlri("10.0.0.0/8"), nlri("11.0.0.0/8")], vec![], 0));
    assert_eq!(sent(4096), (vec![nlri("11.0.0.0/8")], vec![nlri("10.0.0.0/8")], 1));
}

#[test]
fn check_06_fills_long_messages_where_both_take_them() {
    let context = EncodeContext { max_message_len: 65535, ..EncodeContext::default() };
    let packed = pack(&[(Arc::new(v4_attributes()), many(20_000))], &[], &[], &context);
    let room = 65535 - FIXED - (4 + 3 + 7);
    assert_eq!(packed.messages.len(), 20_000usize.div_ceil(room / 4));
}

#[test]
fn an_ipv4_route_goes_out_with_an_ipv6_next_hop_only_where_the_peer_takes_one() {
    let next_hop = Some(NextHop::V6 { global: "fd00::1".parse().unwrap(), link_local: None });
    let announce = [(Arc::new(PathAttributes { next_hop, ..PathAttributes::default() }), vec![nlri("10.0.0.0/8")])];
    let context = EncodeContext { extended_next_hop: true, ..EncodeContext::default() };
    let packed = pack(&announce, &[], &[], &context);
    let decode = DecodeContext { extended_next_hop: true, peer_kind: PeerKind::Internal, ..DecodeContext::default() };
    let [update] = &read(&packed.messages, &decode, 4096)[..] else { panic!("one message") };
    assert_eq!(update.reachable[0].attributes.next_hop, next_hop);
    let packed = pack(&announce, &[], &[], &EncodeContext::default());
    assert_eq!(packed.unsendable[0].reason, "next hop fd00::1 cannot be sent for ipv4-unicast");
}

#[test]
fn a_route_whose_next_hop_has_no_place_is_withdrawn() {
    let attributes = Arc::new(PathAttributes::default());
    let packed = pack(&[(attributes, vec![nlri("10.0.0.0/8")])], &[], &[], &EncodeContext::default());
    assert_eq!(packed.unsendable[0].reason, "route has no next hop");
    let packed = pack(&[(Arc::new(v4_attributes()), vec![nlri("fd00::/8")])], &[], &[], &EncodeContext::default());
    assert_eq!(packed.unsendable[0].reason, "next hop 192.0.2.1 cannot be sent for ipv6-unicast");
}

#[test]
fn check_65_mp_reach_comes_first() {
    let next_hop = Some(NextHop::V6 { global: "fd00::1".parse().unwrap(), link_local: None });
    let attributes = PathAttributes { next_hop, ..PathAttributes::default() };
    let packed = pack(&[(Arc::new(attributes), vec![nlri("fd00:1::/32")])], &[], &[], &EncodeContext::default());
    assert_eq!(packed.messages[0][FIXED..FIXED + 2], [0x80, 14]);
}

#[test]
fn check_42_an_unknown_attribute_goes_out_in_its_place_with_the_partial_bit() {
    let unknown = |code| UnknownAttribute { code, value: Bytes::from_static(&[7]) };
    let attributes = PathAttributes { unknown: vec![unknown(20), unknown(99)], ..v4_attributes() };
    let packed = pack(&[(Arc::new(attributes), vec![nlri("10.0.0.0/8")])], &[], &[], &EncodeContext::default());
    let tail = packed.messages[0].slice(FIXED + 4 + 3 + 7..);
    assert_eq!(tail.as_ref(), [0xE0, 20, 1, 7, 0xE0, 99, 1, 7, 8, 10]);
}

#[test]
fn check_42_a_known_attribute_keeps_the_partial_bit_that_it_came_with() {
    let communities = vec![Community(7)];
    let partial = PartialBits::of(&[code::COMMUNITIES]);
    let aggregator = Some(Aggregator { asn: Asn(65001), address: Ipv4Addr::new(1, 2, 3, 4) });
    let attributes = PathAttributes { communities, partial, aggregator, ..v4_attributes() };
    let packed = pack(&[(Arc::new(attributes), vec![nlri("10.0.0.0/8")])], &[], &[], &EncodeContext::default());
    let tail = packed.messages[0].slice(FIXED + 4 + 3 + 7..);
    assert_eq!(tail.as_ref(), [0xC0, 7, 8, 0, 0, 0xFD, 0xE9, 1, 2, 3, 4, 0xE0, 8, 4, 0, 0, 0, 7, 8, 10]);
}

#[test]
fn check_64_an_old_speaker_gets_as_trans_and_as4_attributes_only_where_needed() {
    let context = EncodeContext { four_octet_asn: false, ..EncodeContext::default() };
    let with = |asn: u32| {
        let aggregator = Some(Aggregator { asn: Asn(asn), address: Ipv4Addr::new(1, 2, 3, 4) });
        let attributes = PathAttributes { as_path: AsPath::sequence([Asn(asn)]), aggregator, ..v4_attributes() };
        let packed = pack(&[(Arc::new(attributes), vec![nlri("10.0.0.0/8")])], &[], &[], &context);
        packed.messages[0].to_vec()
    };
    let has = |message: &[u8], attribute: &[u8]| message.windows(attribute.len()).any(|window| window == attribute);
    let big = with(70000);
    assert!(has(&big, &[0xC0, 7, 6, 0x5B, 0xA0, 1, 2, 3, 4]));
    assert!(has(&big, &[0xC0, 17, 6, 2, 1, 0, 1, 0x11, 0x70]));
    assert!(has(&big, &[0xC0, 18, 8, 0, 1, 0x11, 0x70, 1, 2, 3, 4]));
    let small = with(65001);
    assert!(!has(&small, &[0xC0, 17]) && !has(&small, &[0xC0, 18]));
}

#[test]
fn check_19_an_old_speaker_that_passes_a_route_on_loses_nothing_of_its_path() {
    let old = EncodeContext { four_octet_asn: false, ..EncodeContext::default() };
    let as_path = AsPath::sequence([70000, 65001, 80000].map(Asn));
    let aggregator = Some(Aggregator { asn: Asn(90000), address: Ipv4Addr::new(1, 2, 3, 4) });
    let attributes = PathAttributes { as_path: as_path.clone(), aggregator, ..v4_attributes() };
    let packed = pack(&[(Arc::new(attributes), vec![nlri("10.0.0.0/8")])], &[], &[], &old);
    let as_the_old_one_sees_it = DecodeContext { four_octet_asn: false, ..DecodeContext::default() };
    let [update] = &read(&packed.messages, &as_the_old_one_sees_it, 4096)[..] else { panic!("one message") };
    assert_eq!((&update.reachable[0].attributes.as_path, update.faults.len()), (&as_path, 0));
    assert_eq!(update.reachable[0].attributes.aggregator, aggregator);
}

fn prefixes(v6: bool) -> impl Strategy<Value = Nlri> {
    let longest = if v6 { 128u8 } else { 32 };
    (any::<u128>(), 0..=longest).prop_map(move |(bits, length)| {
        let address = match v6 {
            true => IpAddr::V6(Ipv6Addr::from_bits(bits)),
            false => IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(bits >> 96).unwrap())),
        };
        Prefix::new(address, length).unwrap().into()
    })
}

proptest! {
    #[test]
    fn packing_keeps_every_route_and_attribute(
        attributes in attributes(),
        v4 in ascending(prefixes(false), 600),
        v6 in ascending(prefixes(true), 600),
        gone in ascending(prefixes(true), 600),
        four_octet_asn in any::<bool>(),
        max_message_len in prop::sample::select(vec![4096u16, 65535]),
        extended_next_hop in any::<bool>(),
    ) {
        let far = NextHop::V6 { global: "2001:db8::1".parse().unwrap(), link_local: Some("fe80::1".parse().unwrap()) };
        let hops = [if extended_next_hop { far } else { NextHop::V4(Ipv4Addr::new(192, 0, 2, 1)) }, far];
        let groups: Vec<_> = hops.into_iter().zip([v4.clone(), v6.clone()]).map(|(hop, routes)| {
            (Arc::new(PathAttributes { next_hop: Some(hop), ..attributes.clone() }), routes)
        }).collect();
        let context = EncodeContext { four_octet_asn, max_message_len, extended_next_hop, ..EncodeContext::default() };
        let packed = pack(&groups, &gone, &[], &context);
        prop_assert!(packed.unsendable.is_empty());
        prop_assert!(packed.messages.iter().all(|message| message.len() <= usize::from(max_message_len)));
        let peer_kind = PeerKind::Internal;
        let decode = DecodeContext { peer_kind, four_octet_asn, extended_next_hop, ..DecodeContext::default() };
        let mut announced: BTreeMap<Nlri, PathAttributes> = BTreeMap::new();
        let mut withdrawn: BTreeSet<Nlri> = BTreeSet::new();
        for update in read(&packed.messages, &decode, max_message_len) {
            prop_assert!(update.faults.is_empty(), "{:?}", update.faults);
            for group in update.reachable {
                announced.extend(group.nlri.iter().map(|nlri| (*nlri, PathAttributes::clone(&group.attributes))));
            }
            withdrawn.extend(update.withdrawn);
        }
        prop_assert_eq!(withdrawn, gone.into_iter().collect::<BTreeSet<_>>());
        let expected: BTreeMap<_, _> = groups.iter()
            .flat_map(|(attributes, routes)| routes.iter().map(|nlri| (*nlri, PathAttributes::clone(attributes))))
            .collect();
        prop_assert_eq!(announced, expected);
    }

    #[test]
    fn path_identifiers_survive_where_they_were_negotiated(ids in prop::collection::vec(any::<u32>(), 1..50)) {
        let families: FamilySet = AddressFamily::ALL.into_iter().collect();
        let routes: Vec<Nlri> = ids.iter().map(|id| Nlri { path_id: *id, ..nlri("10.0.0.0/8") }).collect();
        let context = EncodeContext { add_path: families, ..EncodeContext::default() };
        let packed = pack(&[(Arc::new(v4_attributes()), routes.clone())], &[], &[], &context);
        let decode = DecodeContext { add_path: families, ..DecodeContext::default() };
        let found: Vec<Nlri> = read(&packed.messages, &decode, 4096).into_iter()
            .flat_map(|update| update.reachable).flat_map(|group| group.nlri).collect();
        prop_assert_eq!(found, routes);
    }
}
