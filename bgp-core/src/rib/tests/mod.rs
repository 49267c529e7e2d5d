//! The table by examples; against a naive model in `model`.

mod decision;
mod eligibility;
mod incoming;
mod lagging;
mod limit;
mod make_before_break;
mod model;
mod paths;
mod propagation;
mod refresh;
mod restart;
mod roles;
mod sharing;

use std::net::Ipv4Addr;

use super::*;
use crate::attribute::{AsPath, AsPathSegment, EncodeContext, SegmentKind};
use crate::policy::RouteSource;
use crate::types::{Asn, BgpIdentifier, FamilySet, NextHop, PeerKind};

fn prefix(text: &str) -> Prefix {
    text.parse().unwrap()
}

fn rib() -> Rib {
    let local_identifier = BgpIdentifier::from_bits(1).unwrap();
    Rib::new(RibConfig { local_asn: Asn(64512), local_identifier, always_compare_med: false })
}

fn facts(number: u32) -> PeerFacts {
    PeerFacts {
        id: PeerId(number),
        name: Arc::from("peer"),
        asn: Asn(65000 + number),
        kind: PeerKind::External,
        identifier: BgpIdentifier::from_bits(100 + number).unwrap(),
        address: Ipv4Addr::from_bits(0xC000_0200 + number).into(),
        families: FamilySet::from_iter(AddressFamily::ALL),
        next_hop_self_v4: Some(Ipv4Addr::new(192, 0, 2, 254)),
        next_hop_self_v6: None,
        encode_context: EncodeContext::default(),
        med: Some(100),
        max_prefixes: Some(3),
        max_prefixes_out: None,
        local_role: None,
        graceful_shutdown: true,
        enhanced_route_refresh: false,
        long_lived_graceful_restart: false,
    }
}

fn with_peers(count: u32) -> Rib {
    let mut rib = rib();
    for number in 1..=count {
        rib.peer_up(facts(number), Arc::new(Policy::accept_all("in")), Arc::new(Policy::accept_all("out")));
    }
    rib
}

fn settle(rib: &mut Rib) {
    while rib.decide(1000) > 0 {}
}

/// Everything the peer is told until nothing is left: announced and withdrawn prefixes in order, and ends of RIB.
fn drain(rib: &mut Rib, peer: u32) -> Vec<String> {
    let mut told = Vec::new();
    // Nobody pulls who is not said to have something to pull.
    while rib.has_pending(PeerId(peer)) {
        let Some(batch) = rib.pull(PeerId(peer), 1) else { continue };
        told.extend(batch.announced().flat_map(|(_, nlri)| nlri).map(|nlri| format!("+{}", nlri.prefix)));
        told.extend(batch.withdraw.iter().map(|nlri| format!("-{}", nlri.prefix)));
        told.extend(batch.end_of_rib.iter().map(|family| format!("end of {family}")));
    }
    told
}

fn originate(rib: &mut Rib, text: &str) {
    rib.originate(prefix(text), Arc::new(PathAttributes::default()), Arc::from("pod"));
}

fn learned(peer: u32, asns: &[u32], routes: &[&str]) -> Reachable {
    let asns = asns.iter().copied().map(Asn).collect();
    let attributes = PathAttributes {
        as_path: AsPath { segments: vec![AsPathSegment { kind: SegmentKind::Sequence, asns }] },
        next_hop: Some(NextHop::V4(Ipv4Addr::from_bits(0xC000_0200 + peer))),
        multi_exit_disc: Some(7),
        ..PathAttributes::default()
    };
    Reachable { attributes: Arc::new(attributes), nlri: routes.iter().map(|text| prefix(text).into()).collect() }
}

#[test]
fn a_new_peer_gets_all_routes_and_then_an_end_of_rib_of_each_family() {
    let mut rib = with_peers(1);
    originate(&mut rib, "10.4.0.0/24");
    settle(&mut rib);
    assert_eq!(drain(&mut rib, 1), ["+10.4.0.0/24", "end of ipv4-unicast", "end of ipv6-unicast"]);
    assert!(!rib.has_pending(PeerId(1)));
}

#[test]
fn our_routes_leave_with_our_as_our_next_hop_and_the_priority_of_the_peer() {
    let mut rib = with_peers(1);
    originate(&mut rib, "10.4.0.0/24");
    settle(&mut rib);
    let batch = rib.pull(PeerId(1), 100).unwrap();
    let (attributes, _) = batch.announced().next().unwrap();
    assert_eq!(attributes.as_path.first_asn(), Some(Asn(64512)));
    assert_eq!(attributes.next_hop, Some(NextHop::V4(Ipv4Addr::new(192, 0, 2, 254))));
    assert_eq!((attributes.multi_exit_disc, attributes.local_pref), (Some(100), None));
}

#[test]
fn check_67_a_received_med_is_not_passed_on() {
    let mut rib = with_peers(2);
    rib.apply(PeerId(1), &[learned(1, &[65001], &["172.16.0.0/16"])], &[]);
    settle(&mut rib);
    let batch = rib.pull(PeerId(2), 100).unwrap();
    let (attributes, _) = batch.announced().next().unwrap();
    assert_eq!(attributes.as_path.to_string(), "64512 65001");
    assert_eq!(attributes.multi_exit_disc, None);
    assert_eq!(rib.export_verdict(PeerId(1), &prefix("172.16.0.0/16")), ExportVerdict::SplitHorizon);
}

#[test]
fn what_covers_goes_out_before_what_it_replaces_is_withdrawn() {
    let mut rib = with_peers(1);
    originate(&mut rib, "10.4.0.0/24");
    settle(&mut rib);
    drain(&mut rib, 1);
    rib.withdraw_origination(&prefix("10.4.0.0/24"));
    originate(&mut rib, "10.4.0.0/23");
    settle(&mut rib);
    assert_eq!(drain(&mut rib, 1), ["+10.4.0.0/23", "-10.4.0.0/24"]);
}

#[test]
fn what_one_update_withdraws_waits_for_what_it_announces_also_where_that_is_undecided() {
    let mut rib = with_peers(3);
    // What is not eligible is a path all the same, and leaves something to be decided.
    rib.apply(PeerId(3), &[learned(3, &[65003, 64512], &["172.16.0.0/15"])], &[]);
    rib.apply(PeerId(1), &[learned(1, &[65001], &["172.16.0.0/16"])], &[]);
    settle(&mut rib);
    assert_eq!(drain(&mut rib, 2), ["+172.16.0.0/16", "end of ipv4-unicast", "end of ipv6-unicast"]);
    let whole = learned(1, &[65001], &["172.16.0.0/15"]);
    rib.apply(PeerId(1), &[whole], &[prefix("172.16.0.0/16").into()]);
    assert_eq!(drain(&mut rib, 2), Vec::<String>::new());
    settle(&mut rib);
    assert_eq!(drain(&mut rib, 2), ["+172.16.0.0/15", "-172.16.0.0/16"]);
}

#[test]
fn check_74_flaps_merge_and_what_was_never_sent_is_not_withdrawn() {
    let mut rib = with_peers(1);
    settle(&mut rib);
    drain(&mut rib, 1);
    originate(&mut rib, "10.4.0.0/24");
    settle(&mut rib);
    rib.withdraw_origination(&prefix("10.4.0.0/24"));
    settle(&mut rib);
    assert_eq!(drain(&mut rib, 1), Vec::<String>::new());
    originate(&mut rib, "10.4.0.0/24");
    settle(&mut rib);
    rib.withdraw_origination(&prefix("10.4.0.0/24"));
    originate(&mut rib, "10.4.0.0/24");
    settle(&mut rib);
    assert_eq!(drain(&mut rib, 1), ["+10.4.0.0/24"]);
}

#[test]
fn a_route_inside_our_ranges_is_kept_visible_and_not_used() {
    let mut rib = with_peers(1);
    rib.replace_own_ranges(vec![prefix("10.4.0.0/14")]);
    settle(&mut rib);
    rib.apply(PeerId(1), &[learned(1, &[65001], &["10.5.0.0/16", "10.0.0.0/8"])], &[]);
    settle(&mut rib);
    let page = rib.learned(PeerId(1), None, 10);
    let verdicts: Vec<_> =
        page.items.iter().map(|route| (route.prefix.to_string(), route.verdict.is_accepted())).collect();
    assert_eq!(verdicts, [("10.0.0.0/8".to_owned(), true), ("10.5.0.0/16".to_owned(), false)]);
    assert_eq!(page.items[1].verdict, ImportVerdict::OwnRange);
    assert_eq!(rib.lookup(Ipv4Addr::new(10, 5, 0, 1).into()).map(|best| best.prefix), Some(prefix("10.0.0.0/8")));
}

#[test]
fn check_69_a_loop_is_kept_visible_and_not_used() {
    let mut rib = with_peers(1);
    rib.apply(PeerId(1), &[learned(1, &[65001, 64512], &["172.16.0.0/16"])], &[]);
    settle(&mut rib);
    assert_eq!(rib.learned(PeerId(1), None, 10).items[0].verdict, ImportVerdict::AsLoop);
    assert_eq!(rib.counters().best, 0);
}

#[test]
fn check_70_the_shorter_path_wins_and_says_so() {
    let mut rib = with_peers(2);
    rib.apply(PeerId(1), &[learned(1, &[65001, 65009], &["172.16.0.0/16"])], &[]);
    rib.apply(PeerId(2), &[learned(2, &[65002], &["172.16.0.0/16"])], &[]);
    settle(&mut rib);
    let standings: Vec<_> =
        rib.paths(&prefix("172.16.0.0/16")).into_iter().map(|path| (path.source, path.standing)).collect();
    assert!(standings.contains(&(RouteSource::Peer(PeerId(2)), Standing::Best(Reason::AsPathLength))), "{standings:?}");
    assert!(standings.contains(&(RouteSource::Peer(PeerId(1)), Standing::Lost(Reason::AsPathLength))), "{standings:?}");
}

#[test]
fn the_routes_of_a_peer_that_went_down_are_withdrawn_from_the_others() {
    let mut rib = with_peers(2);
    rib.apply(PeerId(1), &[learned(1, &[65001], &["172.16.0.0/16"])], &[]);
    settle(&mut rib);
    drain(&mut rib, 2);
    rib.peer_down(PeerId(1));
    settle(&mut rib);
    assert_eq!(drain(&mut rib, 2), ["-172.16.0.0/16"]);
    assert_eq!(rib.counters().paths, 0);
}

#[test]
fn check_90_the_prefix_limit_is_reported_once_and_holds() {
    let mut rib = with_peers(1);
    let routes = ["172.16.0.0/16", "172.17.0.0/16", "172.18.0.0/16", "172.19.0.0/16", "172.20.0.0/16"];
    let outcome = rib.apply(PeerId(1), &[learned(1, &[65001], &routes)], &[]);
    assert_eq!(outcome.prefix_limit.map(|exceeded| exceeded.limit), Some(3));
    assert_eq!(rib.peer_counters(PeerId(1))[0].import.over_limit, 2);
    assert_eq!(rib.apply(PeerId(1), &[learned(1, &[65001], &["172.21.0.0/16"])], &[]).prefix_limit, None);
}

#[test]
fn a_policy_that_rejects_withdraws_what_the_old_one_advertised() {
    let mut rib = with_peers(1);
    originate(&mut rib, "10.4.0.0/24");
    settle(&mut rib);
    drain(&mut rib, 1);
    rib.change_peer(facts(1), Arc::new(Policy::accept_all("in")), Arc::new(Policy::reject_all("out")));
    settle(&mut rib);
    assert_eq!(drain(&mut rib, 1), ["-10.4.0.0/24"]);
    assert_eq!(rib.export_verdict(PeerId(1), &prefix("10.4.0.0/24")), ExportVerdict::NoTermMatched);
}

#[test]
fn a_new_priority_is_told_without_a_new_session() {
    let mut rib = with_peers(2);
    originate(&mut rib, "10.4.0.0/24");
    settle(&mut rib);
    drain(&mut rib, 1);
    drain(&mut rib, 2);
    let all = || Arc::new(Policy::accept_all("all"));
    rib.change_peer(PeerFacts { med: Some(200), ..facts(1) }, all(), all());
    settle(&mut rib);
    let batch = rib.pull(PeerId(1), 10).unwrap();
    assert_eq!(batch.announced().next().unwrap().0.multi_exit_disc, Some(200));
    assert!(batch.withdraw.is_empty());
    assert_eq!(drain(&mut rib, 2), Vec::<String>::new());
}

#[test]
fn a_refresh_sends_all_again_to_that_peer_alone() {
    let mut rib = with_peers(2);
    originate(&mut rib, "10.4.0.0/24");
    settle(&mut rib);
    drain(&mut rib, 1);
    drain(&mut rib, 2);
    rib.refresh(PeerId(1), AddressFamily::Ipv4Unicast);
    settle(&mut rib);
    assert_eq!(drain(&mut rib, 1), ["+10.4.0.0/24"]);
    assert_eq!(drain(&mut rib, 2), Vec::<String>::new());
}

#[test]
fn wishes_for_all_routes_that_have_not_begun_to_be_fulfilled_are_one() {
    let mut rib = with_peers(2);
    originate(&mut rib, "10.4.0.0/24");
    settle(&mut rib);
    drain(&mut rib, 1);
    (0..1000).for_each(|_| rib.refresh(PeerId(1), AddressFamily::Ipv4Unicast));
    rib.refresh(PeerId(2), AddressFamily::Ipv4Unicast);
    assert_eq!(rib.decide(0), 4, "for each peer a walk and the note that it is over");
    settle(&mut rib);
    assert_eq!(drain(&mut rib, 1), ["+10.4.0.0/24"]);
}

#[test]
fn a_peer_that_is_told_again_holds_up_no_withdrawal() {
    let mut rib = with_peers(2);
    for host in 0..=255 {
        originate(&mut rib, &format!("10.4.0.{host}/32"));
    }
    settle(&mut rib);
    drain(&mut rib, 1);
    drain(&mut rib, 2);
    rib.refresh(PeerId(1), AddressFamily::Ipv4Unicast);
    rib.withdraw_origination(&prefix("10.4.0.9/32"));
    assert!(rib.decide(8) > 0, "the walk is under way");
    assert_eq!(drain(&mut rib, 2), ["-10.4.0.9/32"]);
    assert!(rib.is_settled());
    let told = drain(&mut rib, 1);
    assert_eq!(told.last().map(String::as_str), Some("-10.4.0.9/32"), "{told:?}");
    settle(&mut rib);
    assert!(drain(&mut rib, 1).iter().all(|told| told.starts_with("+10.4.0.")));
}

#[test]
fn check_90_a_lower_limit_is_held_against_what_the_peer_has_sent_already() {
    let mut rib = with_peers(1);
    rib.apply(PeerId(1), &[learned(1, &[65001], &["172.16.0.0/16", "172.17.0.0/16"])], &[]);
    let all = || Arc::new(Policy::accept_all("all"));
    let mut change = |limit| rib.change_peer(PeerFacts { max_prefixes: Some(limit), ..facts(1) }, all(), all());
    assert_eq!(change(2), None);
    assert_eq!(change(1).map(|exceeded| (exceeded.family, exceeded.limit)), Some((AddressFamily::Ipv4Unicast, 1)));
    assert_eq!(change(1), None, "once is enough");
}

#[test]
fn a_family_without_a_next_hop_is_not_advertised_and_says_what_would_give_one() {
    let mut rib = with_peers(1);
    rib.originate(prefix("fd00::/64"), Arc::new(PathAttributes::default()), Arc::from("pod"));
    settle(&mut rib);
    let verdict = rib.export_verdict(PeerId(1), &prefix("fd00::/64"));
    assert_eq!(verdict, ExportVerdict::NoNextHop);
    assert!(verdict.to_string().contains("next_hop_self_v4 or _v6"), "{verdict}");
}
