//! Path identifiers (RFC 7911), next hops of the other family (RFC 8950) and what the decision makes of a missing MED.

use super::*;

fn numbered(peer: u32, ids: &[(&str, u32)]) -> Reachable {
    let nlri = ids.iter().map(|(text, path_id)| Nlri { prefix: prefix(text), path_id: *path_id }).collect();
    Reachable { nlri, ..learned(peer, &[65000 + peer], &[]) }
}

fn longer(peer: u32, ids: &[(&str, u32)]) -> Reachable {
    Reachable { nlri: numbered(peer, ids).nlri, ..learned(peer, &[65000 + peer, 65100], &[]) }
}

const NET: &str = "172.16.0.0/16";

fn held(rib: &Rib) -> Vec<(u32, bool)> {
    rib.learned(PeerId(1), None, 10).items.iter().map(|route| (route.path_id, route.best)).collect()
}

#[test]
fn check_60_two_paths_of_one_peer_are_kept_and_withdrawn_each_by_itself() {
    let mut rib = with_peers(2);
    rib.apply(PeerId(1), &[longer(1, &[(NET, 7)]), numbered(1, &[(NET, 9)])], &[]);
    settle(&mut rib);
    assert_eq!(held(&rib), [(7, false), (9, true)]);
    assert_eq!(rib.best(None, 10).items[0].path_id, 9);
    // A new version of one path leaves the other alone.
    rib.apply(PeerId(1), &[longer(1, &[(NET, 9)])], &[]);
    settle(&mut rib);
    assert_eq!(rib.paths(&prefix(NET)).len(), 2);
    assert_eq!(rib.best(None, 10).items[0].path_id, 7);
    rib.apply(PeerId(1), &[], &[Nlri { prefix: prefix(NET), path_id: 7 }]);
    settle(&mut rib);
    assert_eq!(held(&rib), [(9, true)]);
    rib.apply(PeerId(1), &[], &[Nlri { prefix: prefix(NET), path_id: 8 }]);
    settle(&mut rib);
    assert_eq!(held(&rib), [(9, true)], "a path that was never there");
    rib.peer_down(PeerId(1));
    settle(&mut rib);
    assert_eq!(rib.counters().paths, 0);
}

#[test]
fn check_90_each_path_counts_toward_the_prefix_limit() {
    let mut rib = with_peers(1);
    let paths: Vec<(&str, u32)> = (1..=4).map(|id| (NET, id)).collect();
    let outcome = rib.apply(PeerId(1), &[numbered(1, &paths)], &[]);
    assert_eq!((outcome.reachable, outcome.prefix_limit.is_some()), (3, true));
}

#[test]
fn a_peer_that_takes_path_identifiers_gets_the_best_path_under_one_that_stays() {
    let mut rib = rib();
    let add_path = FamilySet::from_iter([AddressFamily::Ipv4Unicast]);
    let encode_context = EncodeContext { add_path, ..EncodeContext::default() };
    let all = || Arc::new(Policy::accept_all("all"));
    rib.peer_up(PeerFacts { encode_context, ..facts(1) }, all(), all());
    rib.peer_up(facts(2), all(), all());
    originate(&mut rib, "10.4.0.0/24");
    settle(&mut rib);
    let id = |rib: &mut Rib, peer| rib.pull(PeerId(peer), 10).unwrap().announced().next().unwrap().1[0].path_id;
    assert_eq!((id(&mut rib, 1), id(&mut rib, 2)), (1, 0));
    rib.withdraw_origination(&prefix("10.4.0.0/24"));
    settle(&mut rib);
    let id = |rib: &mut Rib, peer| rib.pull(PeerId(peer), 10).unwrap().withdraw[0].path_id;
    assert_eq!((id(&mut rib, 1), id(&mut rib, 2)), (1, 0));
}

fn far() -> NextHop {
    NextHop::V6 { global: "fd00::1".parse().unwrap(), link_local: None }
}

#[test]
fn without_an_ipv4_next_hop_ipv4_routes_leave_with_an_ipv6_one_where_the_peer_takes_that() {
    let sent = |extended_next_hop| {
        let encode_context = EncodeContext { extended_next_hop, ..EncodeContext::default() };
        let next_hops = PeerFacts { next_hop_self_v4: None, next_hop_self_v6: Some(far()), ..facts(1) };
        let mut rib = rib();
        let all = || Arc::new(Policy::accept_all("all"));
        rib.peer_up(PeerFacts { encode_context, ..next_hops }, all(), all());
        originate(&mut rib, "10.4.0.0/24");
        settle(&mut rib);
        rib.pull(PeerId(1), 10).unwrap().announced().next().and_then(|(attributes, _)| attributes.next_hop)
    };
    assert_eq!((sent(true), sent(false)), (Some(far()), None));
}

#[test]
fn a_learned_next_hop_that_an_internal_peer_does_not_take_keeps_the_route_in() {
    let verdict = |extended_next_hop| {
        let encode_context = EncodeContext { extended_next_hop, ..EncodeContext::default() };
        let internal = PeerFacts { kind: PeerKind::Internal, next_hop_self_v4: None, ..facts(2) };
        let all = || Arc::new(Policy::accept_all("all"));
        let mut rib = with_peers(1);
        rib.peer_up(PeerFacts { encode_context, ..internal }, all(), all());
        let route = learned(1, &[65001], &[NET]);
        let attributes = PathAttributes { next_hop: Some(far()), ..PathAttributes::clone(&route.attributes) };
        rib.apply(PeerId(1), &[Reachable { attributes: Arc::new(attributes), ..route }], &[]);
        settle(&mut rib);
        rib.export_verdict(PeerId(2), &prefix(NET))
    };
    assert_eq!(verdict(false), ExportVerdict::NoNextHop);
    assert!(matches!(verdict(true), ExportVerdict::Advertised { .. }));
}

#[test]
fn check_70_a_missing_med_counts_as_zero_and_beats_any_other() {
    let mut rib = with_peers(2);
    let with_med = |peer, multi_exit_disc| {
        let route = learned(peer, &[65001], &[NET]);
        let attributes = PathAttributes { multi_exit_disc, ..PathAttributes::clone(&route.attributes) };
        Reachable { attributes: Arc::new(attributes), ..route }
    };
    rib.apply(PeerId(1), &[with_med(1, Some(1))], &[]);
    rib.apply(PeerId(2), &[with_med(2, None)], &[]);
    settle(&mut rib);
    assert_eq!(rib.best(None, 10).items[0].source, RouteSource::Peer(PeerId(2)));
    rib.apply(PeerId(1), &[with_med(1, Some(0))], &[]);
    settle(&mut rib);
    assert_eq!(rib.best(None, 10).items[0].source, RouteSource::Peer(PeerId(1)), "equal: the identifier decides");
}
