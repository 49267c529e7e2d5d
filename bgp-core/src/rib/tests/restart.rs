//! What stays of a peer that is away, and what goes when.

use super::*;
use crate::types::Community;

const V4: AddressFamily = AddressFamily::Ipv4Unicast;
const V6: AddressFamily = AddressFamily::Ipv6Unicast;
const NONE: FamilySet = FamilySet::EMPTY;

fn set(families: &[AddressFamily]) -> FamilySet {
    families.iter().copied().collect()
}

fn all() -> Arc<Policy> {
    Arc::new(Policy::accept_all("all"))
}

/// Two peers; the first announced these, and the second was told.
fn with_routes(routes: &[&str]) -> Rib {
    let mut rib = with_peers(2);
    rib.apply(PeerId(1), &[learned(1, &[65001], routes)], &[]);
    settle(&mut rib);
    drain(&mut rib, 2);
    rib
}

fn settled(rib: &mut Rib) -> Vec<String> {
    settle(rib);
    drain(rib, 2)
}

fn stale(rib: &Rib) -> Vec<(String, bool)> {
    let routes = rib.learned(PeerId(1), None, 100).items;
    routes.into_iter().map(|route| (route.prefix.to_string(), route.stale)).collect()
}

const NO_NEWS: Vec<String> = Vec::new();

#[test]
fn routes_of_a_peer_that_is_away_stay_in_use_and_nobody_notices() {
    let mut rib = with_routes(&["172.16.0.0/16"]);
    rib.peer_away(PeerId(1), set(&[V4]), NONE);
    assert_eq!(settled(&mut rib), NO_NEWS);
    assert_eq!(stale(&rib), [("172.16.0.0/16".to_owned(), true)]);
    assert_eq!(rib.peer_counters(PeerId(1))[0].import.stale, 1);
    assert!(rib.paths(&prefix("172.16.0.0/16"))[0].stale);
    assert!(rib.lookup(Ipv4Addr::new(172, 16, 0, 1).into()).is_some());
    assert_eq!(rib.export_verdict(PeerId(1), &prefix("172.16.0.0/16")), ExportVerdict::PeerDown);
    rib.peer_returned(facts(1), all(), all(), set(&[V4]));
    assert_eq!(settled(&mut rib), NO_NEWS);
    rib.apply(PeerId(1), &[learned(1, &[65001], &["172.16.0.0/16"])], &[]);
    assert_eq!(settled(&mut rib), NO_NEWS);
    assert_eq!(stale(&rib), [("172.16.0.0/16".to_owned(), false)]);
}

#[test]
fn a_peer_that_is_back_is_sent_all_but_its_own_stale_routes() {
    let mut rib = with_routes(&["172.16.0.0/16"]);
    originate(&mut rib, "10.4.0.0/24");
    settle(&mut rib);
    rib.peer_away(PeerId(1), set(&[V4]), NONE);
    settle(&mut rib);
    rib.peer_returned(facts(1), all(), all(), set(&[V4]));
    settle(&mut rib);
    assert_eq!(drain(&mut rib, 1), ["+10.4.0.0/24", "end of ipv4-unicast", "end of ipv6-unicast"]);
}

#[test]
fn check_78_families_that_are_not_kept_go_at_once() {
    let mut rib = with_routes(&["172.16.0.0/16"]);
    rib.peer_away(PeerId(1), set(&[V6]), NONE);
    assert_eq!(settled(&mut rib), ["-172.16.0.0/16"]);
    assert_eq!(rib.counters().paths, 0);
}

#[test]
fn check_79_families_that_are_not_kept_on_return_go_at_once() {
    for kept in [NONE, set(&[V6])] {
        let mut rib = with_routes(&["172.16.0.0/16"]);
        rib.peer_away(PeerId(1), set(&[V4, V6]), NONE);
        settle(&mut rib);
        rib.peer_returned(facts(1), all(), all(), kept);
        // It is announced again before the old one is removed.
        rib.apply(PeerId(1), &[learned(1, &[65001], &["172.17.0.0/16"])], &[]);
        assert_eq!(settled(&mut rib), ["+172.17.0.0/16", "-172.16.0.0/16"]);
        assert_eq!(stale(&rib), [("172.17.0.0/16".to_owned(), false)]);
    }
}

#[test]
fn check_80_what_was_stale_before_a_second_failure_is_deleted_unless_it_is_to_stay() {
    for (keep_stale, left) in [(NONE, 1), (set(&[V4]), 2)] {
        let mut rib = with_routes(&["172.16.0.0/16", "172.17.0.0/16"]);
        rib.peer_away(PeerId(1), set(&[V4]), NONE);
        rib.peer_returned(facts(1), all(), all(), set(&[V4]));
        rib.apply(PeerId(1), &[learned(1, &[65001], &["172.16.0.0/16"])], &[]);
        rib.peer_away(PeerId(1), set(&[V4]), keep_stale);
        settle(&mut rib);
        assert_eq!(stale(&rib).len(), left);
        assert!(stale(&rib).iter().all(|(_, stale)| *stale));
    }
}

#[test]
fn check_81_what_is_still_stale_when_its_time_is_over_goes() {
    let mut rib = with_routes(&["172.16.0.0/16", "172.17.0.0/16"]);
    rib.peer_away(PeerId(1), set(&[V4]), NONE);
    rib.stale_expired(PeerId(1), set(&[V6]));
    assert_eq!(settled(&mut rib), NO_NEWS);
    rib.stale_expired(PeerId(1), set(&[V4]));
    assert_eq!(settled(&mut rib), ["-172.16.0.0/16", "-172.17.0.0/16"]);
    assert_eq!(rib.peer_counters(PeerId(1)), []);
    rib.peer_up(facts(1), all(), all());
    settle(&mut rib);
    assert_eq!(rib.counters().paths, 0);
}

#[test]
fn check_82_the_end_of_rib_removes_only_what_is_still_stale_of_its_family() {
    let mut rib = with_routes(&["172.16.0.0/16", "172.17.0.0/16"]);
    rib.peer_away(PeerId(1), set(&[V4]), NONE);
    rib.peer_returned(facts(1), all(), all(), set(&[V4]));
    rib.apply(PeerId(1), &[learned(1, &[65001], &["172.17.0.0/16"])], &[]);
    rib.end_of_rib_received(PeerId(1), V6);
    assert_eq!(settled(&mut rib), NO_NEWS);
    rib.end_of_rib_received(PeerId(1), V4);
    assert_eq!(settled(&mut rib), ["-172.16.0.0/16"]);
}

#[test]
fn check_90_stale_routes_do_not_count_toward_the_prefix_limit() {
    let mut rib = with_routes(&["172.16.0.0/16", "172.17.0.0/16", "172.18.0.0/16"]);
    rib.peer_away(PeerId(1), set(&[V4]), NONE);
    rib.peer_returned(facts(1), all(), all(), set(&[V4]));
    let routes = ["172.18.0.0/16", "172.19.0.0/16", "172.20.0.0/16"];
    assert_eq!(rib.apply(PeerId(1), &[learned(1, &[65001], &routes)], &[]).prefix_limit, None);
    let outcome = rib.apply(PeerId(1), &[learned(1, &[65001], &["172.16.0.0/16"])], &[]);
    assert_eq!(outcome.prefix_limit.map(|exceeded| exceeded.limit), Some(3));
}

#[test]
fn a_new_import_policy_applies_to_stale_routes_when_the_peer_is_back() {
    let mut rib = with_routes(&["172.16.0.0/16"]);
    rib.peer_away(PeerId(1), set(&[V4]), NONE);
    rib.peer_returned(facts(1), Arc::new(Policy::reject_all("none")), all(), set(&[V4]));
    assert_eq!(settled(&mut rib), ["-172.16.0.0/16"]);
}

#[test]
fn another_speaker_at_the_same_address_inherits_nothing() {
    let mut rib = with_routes(&["172.16.0.0/16"]);
    rib.peer_away(PeerId(1), set(&[V4]), NONE);
    let identifier = BgpIdentifier::from_bits(999).unwrap();
    rib.peer_returned(PeerFacts { identifier, ..facts(1) }, all(), all(), set(&[V4]));
    assert_eq!(settled(&mut rib), ["-172.16.0.0/16"]);
}

fn with_communities(route: &str, communities: &[Community]) -> Reachable {
    let Reachable { attributes, nlri } = learned(1, &[65001], &[route]);
    let attributes = PathAttributes { communities: communities.to_vec(), ..PathAttributes::clone(&attributes) };
    Reachable { attributes: Arc::new(attributes), nlri }
}

#[test]
fn check_85_long_lived_stale_routes_are_marked_and_sent_to_those_who_know_them_alone() {
    let mut rib = rib();
    let knows = PeerFacts { long_lived_graceful_restart: true, ..facts(3) };
    for facts in [facts(1), facts(2), knows] {
        rib.peer_up(facts, all(), all());
    }
    let forbidden = with_communities("172.17.0.0/16", &[Community::NO_LLGR]);
    rib.apply(PeerId(1), &[with_communities("172.16.0.0/16", &[]), forbidden], &[]);
    settle(&mut rib);
    drain(&mut rib, 2);
    drain(&mut rib, 3);
    rib.peer_away(PeerId(1), set(&[V4]), NONE);
    rib.long_lived_stale(PeerId(1), set(&[V4]));
    settle(&mut rib);
    assert_eq!(drain(&mut rib, 2), ["-172.16.0.0/16", "-172.17.0.0/16"]);
    assert_eq!(rib.export_verdict(PeerId(2), &prefix("172.16.0.0/16")), ExportVerdict::LongLivedStale);
    let batch = rib.pull(PeerId(3), 100).unwrap();
    let (attributes, nlri) = batch.announced().next().unwrap();
    assert_eq!((&attributes.communities[..], nlri.len()), (&[Community::LLGR_STALE][..], 1));
    assert_eq!(batch.withdraw, [prefix("172.17.0.0/16").into()]);
    rib.peer_returned(facts(1), all(), all(), set(&[V4]));
    rib.apply(PeerId(1), &[with_communities("172.16.0.0/16", &[])], &[]);
    settle(&mut rib);
    assert_eq!(drain(&mut rib, 2), ["+172.16.0.0/16"], "announced again, it is as good as new");
}

#[test]
fn check_85_and_70_a_long_lived_stale_route_is_less_preferred_than_any_other() {
    let mut rib = with_routes(&["172.16.0.0/16"]);
    rib.apply(PeerId(2), &[learned(2, &[65002, 65009, 65010], &["172.16.0.0/16"])], &[]);
    settle(&mut rib);
    let best = |rib: &Rib| rib.lookup(Ipv4Addr::new(172, 16, 0, 1).into()).map(|best| best.source);
    rib.peer_away(PeerId(1), set(&[V4]), NONE);
    settle(&mut rib);
    assert_eq!(best(&rib), Some(RouteSource::Peer(PeerId(1))), "stale is as good as fresh");
    rib.long_lived_stale(PeerId(1), set(&[V4]));
    settle(&mut rib);
    assert_eq!(best(&rib), Some(RouteSource::Peer(PeerId(2))));
    let standings: Vec<_> = rib.paths(&prefix("172.16.0.0/16")).into_iter().map(|path| path.standing).collect();
    assert!(standings.contains(&Standing::Lost(Reason::LongLivedStale)), "{standings:?}");
}

#[test]
fn check_82_and_85_the_end_of_rib_removes_long_lived_stale_routes_too() {
    let mut rib = with_routes(&["172.16.0.0/16"]);
    rib.peer_away(PeerId(1), set(&[V4]), NONE);
    rib.long_lived_stale(PeerId(1), set(&[V4]));
    settle(&mut rib);
    rib.peer_returned(facts(1), all(), all(), set(&[V4]));
    rib.end_of_rib_received(PeerId(1), V4);
    settle(&mut rib);
    assert_eq!(stale(&rib), []);
}
