//! What peers are told of what others said (RFC 4271 sections 5.1 and 9.2, RFC 1997).

use std::collections::BTreeMap;

use super::*;
use crate::policy::{Action, Match, Term, Verdict};
use crate::types::Community;

const ROUTE: &str = "172.16.0.0/16";

fn internal(number: u32) -> PeerFacts {
    PeerFacts { asn: Asn(64512), kind: PeerKind::Internal, next_hop_self_v4: None, ..facts(number) }
}

fn all() -> Arc<Policy> {
    Arc::new(Policy::accept_all("all"))
}

fn up(rib: &mut Rib, facts: PeerFacts) {
    rib.peer_up(facts, all(), all());
}

/// A route of peer 1 with everything that may not leave an AS, or only changed.
fn laden() -> PathAttributes {
    PathAttributes {
        as_path: AsPath::sequence([Asn(65001)]),
        next_hop: Some(NextHop::V4(Ipv4Addr::new(192, 0, 2, 1))),
        multi_exit_disc: Some(7),
        local_pref: Some(300),
        originator_id: Some(BgpIdentifier::from_bits(9).unwrap()),
        cluster_list: vec![8],
        ..PathAttributes::default()
    }
}

fn announce(rib: &mut Rib, peer: u32, attributes: PathAttributes) {
    let reachable = Reachable { attributes: Arc::new(attributes), nlri: vec![prefix(ROUTE).into()] };
    rib.apply(PeerId(peer), &[reachable], &[]);
    settle(rib);
}

/// What the peer is told of the only route.
fn told(rib: &mut Rib, peer: u32) -> Option<Arc<PathAttributes>> {
    let batch = rib.pull(PeerId(peer), 100)?;
    batch.announced().next().map(|(attributes, _)| Arc::new(attributes))
}

#[test]
fn check_62_a_family_without_a_route_ends_too() {
    let mut rib = with_peers(1);
    settle(&mut rib);
    assert_eq!(drain(&mut rib, 1), ["end of ipv4-unicast", "end of ipv6-unicast"]);
}

#[test]
fn check_67_what_leaves_the_as_has_it_in_front_and_nothing_of_its_inside() {
    let mut rib = rib();
    up(&mut rib, internal(1));
    up(&mut rib, facts(2));
    announce(&mut rib, 1, laden());
    let sent = told(&mut rib, 2).unwrap();
    let expected = PathAttributes {
        as_path: AsPath::sequence([Asn(64512), Asn(65001)]),
        next_hop: Some(NextHop::V4(Ipv4Addr::new(192, 0, 2, 254))),
        ..PathAttributes::default()
    };
    assert_eq!(*sent, expected);
}

#[test]
fn check_67_a_full_segment_gets_another_one_in_front() {
    let mut rib = with_peers(2);
    let full = AsPath::sequence([65001; 255].map(Asn));
    announce(&mut rib, 1, PathAttributes { as_path: full, ..laden() });
    let segments = &told(&mut rib, 2).unwrap().as_path.segments;
    assert_eq!(segments.iter().map(|segment| segment.asns.len()).collect::<Vec<_>>(), [1, 255]);
    assert_eq!(segments[0].asns, [Asn(64512)]);
}

#[test]
fn check_67_a_med_of_policy_leaves_the_as() {
    let mut rib = rib();
    up(&mut rib, facts(1));
    let term = Term { actions: vec![Action::SetMed(50)], ..Term::accept("metric", Match::default()) };
    rib.peer_up(facts(2), all(), Arc::new(Policy { name: "out".to_owned(), terms: vec![term] }));
    announce(&mut rib, 1, laden());
    assert_eq!(told(&mut rib, 2).unwrap().multi_exit_disc, Some(50));
}

#[test]
fn check_68_an_internal_peer_gets_the_route_as_it_came_and_a_local_pref() {
    let mut rib = rib();
    up(&mut rib, facts(1));
    up(&mut rib, internal(2));
    announce(&mut rib, 1, PathAttributes { local_pref: None, originator_id: None, cluster_list: vec![], ..laden() });
    let sent = told(&mut rib, 2).unwrap();
    let expected = PathAttributes { local_pref: Some(100), originator_id: None, cluster_list: vec![], ..laden() };
    assert_eq!(*sent, expected);
}

#[test]
fn check_68_next_hop_self_toward_an_internal_peer_changes_the_next_hop_alone() {
    let mut rib = rib();
    up(&mut rib, facts(1));
    let own = Ipv4Addr::new(192, 0, 2, 254);
    up(&mut rib, PeerFacts { next_hop_self_v4: Some(own), ..internal(2) });
    announce(&mut rib, 1, laden());
    let sent = told(&mut rib, 2).unwrap();
    assert_eq!(*sent, PathAttributes { next_hop: Some(NextHop::V4(own)), ..laden() });
}

#[test]
fn check_68_our_own_route_reaches_an_internal_peer_with_an_empty_path() {
    let mut rib = rib();
    let own = Ipv4Addr::new(192, 0, 2, 254);
    up(&mut rib, PeerFacts { next_hop_self_v4: Some(own), ..internal(1) });
    originate(&mut rib, ROUTE);
    settle(&mut rib);
    let sent = told(&mut rib, 1).unwrap();
    assert_eq!((sent.as_path.segments.len(), sent.local_pref, sent.next_hop), (0, Some(100), Some(NextHop::V4(own))));
}

#[test]
fn check_68_what_an_internal_peer_said_goes_to_no_other_internal_peer() {
    let mut rib = rib();
    up(&mut rib, internal(1));
    up(&mut rib, internal(2));
    up(&mut rib, facts(3));
    announce(&mut rib, 1, laden());
    assert_eq!(drain(&mut rib, 2), ["end of ipv4-unicast", "end of ipv6-unicast"]);
    assert_eq!(rib.export_verdict(PeerId(2), &prefix(ROUTE)), ExportVerdict::InternalToInternal);
    assert!(told(&mut rib, 3).is_some());
}

#[test]
fn check_46_a_peer_is_not_told_its_own_address_as_next_hop() {
    let mut rib = rib();
    up(&mut rib, facts(1));
    up(&mut rib, internal(2));
    let own = NextHop::V4(Ipv4Addr::from_bits(0xC000_0202));
    announce(&mut rib, 1, PathAttributes { next_hop: Some(own), ..laden() });
    assert_eq!(rib.export_verdict(PeerId(2), &prefix(ROUTE)), ExportVerdict::NoNextHop);
}

#[test]
fn check_71_well_known_communities_keep_a_route_where_they_say() {
    let cases = [
        (Community::NO_EXPORT, true, false),
        (Community::NO_EXPORT_SUBCONFED, true, false),
        (Community::NO_ADVERTISE, false, false),
        (Community(0xFC00_0001), true, true),
    ];
    for (community, to_internal, to_external) in cases {
        let mut rib = rib();
        up(&mut rib, facts(1));
        up(&mut rib, internal(2));
        up(&mut rib, facts(3));
        announce(&mut rib, 1, PathAttributes { communities: vec![community], ..laden() });
        assert_eq!(told(&mut rib, 2).is_some(), to_internal, "{community}");
        assert_eq!(told(&mut rib, 3).is_some(), to_external, "{community}");
    }
}

#[test]
fn check_71_a_community_that_policy_adds_takes_no_other_away() {
    let mut rib = rib();
    let own = Community(0xFC00_0001);
    let term = Term { actions: vec![Action::AddCommunity(own)], ..Term::accept("mark", Match::default()) };
    let marking = Arc::new(Policy { name: "in".to_owned(), terms: vec![term] });
    rib.peer_up(facts(1), marking, all());
    up(&mut rib, internal(2));
    up(&mut rib, facts(3));
    announce(&mut rib, 1, PathAttributes { communities: vec![Community::NO_EXPORT], ..laden() });
    assert_eq!(told(&mut rib, 2).unwrap().communities, [own, Community::NO_EXPORT]);
    assert_eq!(rib.export_verdict(PeerId(3), &prefix(ROUTE)), ExportVerdict::NoExport);
}

#[test]
fn check_71_a_route_of_our_own_carries_them_to_the_peer() {
    let mut rib = with_peers(1);
    let communities = vec![Community::NO_EXPORT];
    let attributes = PathAttributes { communities: communities.clone(), ..PathAttributes::default() };
    rib.originate(prefix(ROUTE), Arc::new(attributes), Arc::from("pod"));
    settle(&mut rib);
    assert_eq!(told(&mut rib, 1).unwrap().communities, communities);
}

/// Keeps in what carries 64512:666.
fn filtering() -> Arc<Policy> {
    let marked = Match { communities: Some(vec![Community(0xFC00_029A)]), ..Match::default() };
    let terms = vec![Term::reject("marked", marked), Term::accept("rest", Match::default())];
    Arc::new(Policy { name: "filtering".to_owned(), terms })
}

fn marked() -> PathAttributes {
    PathAttributes { communities: vec![Community(0xFC00_029A)], ..laden() }
}

#[test]
fn check_72_a_replacement_is_announced_and_not_withdrawn_first() {
    let mut rib = with_peers(2);
    announce(&mut rib, 1, laden());
    drain(&mut rib, 2);
    announce(&mut rib, 1, marked());
    assert_eq!(drain(&mut rib, 2), [format!("+{ROUTE}")]);
}

#[test]
fn check_72_a_replacement_that_is_filtered_is_withdrawn_on_either_side() {
    for (import, export) in [(filtering(), all()), (all(), filtering())] {
        let mut rib = rib();
        rib.peer_up(facts(1), import, all());
        rib.peer_up(facts(2), all(), export);
        announce(&mut rib, 1, laden());
        assert!(drain(&mut rib, 2).contains(&format!("+{ROUTE}")));
        announce(&mut rib, 1, marked());
        assert_eq!(drain(&mut rib, 2), [format!("-{ROUTE}")]);
        announce(&mut rib, 1, laden());
        assert_eq!(drain(&mut rib, 2), [format!("+{ROUTE}")]);
    }
}

type View = BTreeMap<String, Arc<PathAttributes>>;

/// What the peer has after it was told everything that is left.
fn replay(rib: &mut Rib, peer: u32, view: &mut View) {
    settle(rib);
    while let Some(batch) = rib.pull(PeerId(peer), 1) {
        for (attributes, nlri) in batch.announced() {
            let attributes = Arc::new(attributes);
            view.extend(nlri.iter().map(|nlri| (nlri.prefix.to_string(), Arc::clone(&attributes))));
        }
        for nlri in &batch.withdraw {
            view.remove(&nlri.prefix.to_string());
        }
    }
}

/// One that rejects, changes and passes.
fn elaborate() -> Arc<Policy> {
    let pods = |text: &str| Some(vec![text.parse().unwrap()]);
    let change = Term {
        name: "metric".to_owned(),
        matches: Match { prefixes: pods("10.5.0.0/16 le 24"), ..Match::default() },
        actions: vec![Action::SetMed(5), Action::AddCommunity(Community(0xFC00_0002))],
        verdict: Verdict::Accept,
    };
    let keep = Term::reject("kept", Match { prefixes: pods("10.6.0.0/16 le 24"), ..Match::default() });
    let terms = vec![keep, change, Term::accept("rest", Match::default())];
    Arc::new(Policy { name: "elaborate".to_owned(), terms })
}

#[test]
fn check_73_a_new_session_a_new_policy_and_a_refresh_leave_the_peer_with_the_same_routes() {
    let fill = |rib: &mut Rib| {
        for net in ["10.4.0.0/24", "10.5.0.0/24", "10.5.1.0/24", "10.6.0.0/24", "fd00:4::/48"] {
            originate(rib, net);
        }
        announce(rib, 1, laden());
    };
    let mut fresh = with_peers(1);
    fill(&mut fresh);
    fresh.peer_up(facts(2), all(), elaborate());
    let mut expected = View::new();
    replay(&mut fresh, 2, &mut expected);
    assert_eq!(expected.len(), 4, "{expected:?}");

    let mut refreshed = View::new();
    fresh.refresh(PeerId(2), AddressFamily::Ipv4Unicast);
    fresh.refresh(PeerId(2), AddressFamily::Ipv6Unicast);
    replay(&mut fresh, 2, &mut refreshed);
    assert_eq!(refreshed, expected, "a refresh sends all of it again");

    let mut changed = with_peers(1);
    fill(&mut changed);
    changed.peer_up(facts(2), all(), all());
    let mut view = View::new();
    replay(&mut changed, 2, &mut view);
    assert_ne!(view, expected);
    changed.change_peer(facts(2), all(), elaborate());
    replay(&mut changed, 2, &mut view);
    assert_eq!(view, expected, "a new policy sends the difference");
}

#[test]
fn check_74_a_route_that_came_and_went_and_came_is_told_once() {
    let mut rib = with_peers(2);
    settle(&mut rib);
    drain(&mut rib, 2);
    let withdraw = |rib: &mut Rib| rib.apply(PeerId(1), &[], &[prefix(ROUTE).into()]);
    let reachable = Reachable { attributes: Arc::new(laden()), nlri: vec![prefix(ROUTE).into()] };
    for _ in 0..3 {
        rib.apply(PeerId(1), std::slice::from_ref(&reachable), &[]);
        withdraw(&mut rib);
    }
    settle(&mut rib);
    assert_eq!(drain(&mut rib, 2), Vec::<String>::new());
    for _ in 0..3 {
        rib.apply(PeerId(1), std::slice::from_ref(&reachable), &[]);
        settle(&mut rib);
        withdraw(&mut rib);
        settle(&mut rib);
    }
    rib.apply(PeerId(1), &[reachable], &[]);
    settle(&mut rib);
    assert_eq!(drain(&mut rib, 2), [format!("+{ROUTE}")]);
}
