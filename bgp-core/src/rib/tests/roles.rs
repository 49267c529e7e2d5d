//! Roles and ONLY_TO_CUSTOMER (RFC 9234), GRACEFUL_SHUTDOWN (RFC 8326) and AS_SET (RFC 9774) on the way through the table.

use super::*;
use crate::capability::Role;
use crate::policy::{Action, Match, Term, Verdict};
use crate::types::Community;

const ROLES: [Role; 5] = [Role::Provider, Role::RouteServer, Role::RouteServerClient, Role::Customer, Role::Peer];

fn all() -> Arc<Policy> {
    Arc::new(Policy::accept_all("all"))
}

/// Peers 1 and 2, to which we are this.
fn toward(first: Option<Role>, second: Option<Role>) -> Rib {
    let mut rib = rib();
    for (number, local_role) in [(1, first), (2, second)] {
        rib.peer_up(PeerFacts { local_role, ..facts(number) }, all(), all());
    }
    rib
}

fn marked(only_to_customer: Option<u32>) -> Reachable {
    let route = learned(1, &[65001], &["172.16.0.0/16"]);
    let attributes =
        PathAttributes { only_to_customer: only_to_customer.map(Asn), ..PathAttributes::clone(&route.attributes) };
    Reachable { attributes: Arc::new(attributes), ..route }
}

fn with_communities(communities: Vec<Community>) -> Reachable {
    let route = learned(1, &[65001], &["172.16.0.0/16"]);
    let attributes = PathAttributes { communities, ..PathAttributes::clone(&route.attributes) };
    Reachable { attributes: Arc::new(attributes), ..route }
}

/// What peer 1's route is marked with in the Loc-RIB; `Err` for a leak.
fn taken_in(role: Option<Role>, mark: Option<u32>) -> Result<Option<u32>, ImportVerdict> {
    let mut rib = toward(role, None);
    rib.apply(PeerId(1), &[marked(mark)], &[]);
    settle(&mut rib);
    match rib.best(None, 10).items.first() {
        Some(best) => Ok(best.attributes.only_to_customer.map(|asn| asn.0)),
        None => Err(rib.learned(PeerId(1), None, 10).items[0].verdict.clone()),
    }
}

#[test]
fn check_18_ingress_bars_leaks_and_marks_what_is_for_customers_only() {
    let leak = || Err(ImportVerdict::RouteLeak);
    for role in [Role::Provider, Role::RouteServer] {
        assert_eq!(taken_in(Some(role), None), Ok(None), "{role}");
        assert_eq!(taken_in(Some(role), Some(65001)), leak(), "{role}");
    }
    assert_eq!(taken_in(Some(Role::Peer), None), Ok(Some(65001)));
    assert_eq!(taken_in(Some(Role::Peer), Some(65001)), Ok(Some(65001)));
    assert_eq!(taken_in(Some(Role::Peer), Some(65009)), leak());
    for role in [Role::Customer, Role::RouteServerClient] {
        assert_eq!(taken_in(Some(role), None), Ok(Some(65001)), "{role}");
        assert_eq!(taken_in(Some(role), Some(65009)), Ok(Some(65009)), "{role}");
    }
    assert_eq!(taken_in(None, Some(65009)), Ok(Some(65009)));
    assert_eq!(taken_in(None, None), Ok(None));
}

#[test]
fn check_18_a_leak_is_kept_visible_and_counted() {
    let mut rib = toward(Some(Role::Provider), None);
    rib.apply(PeerId(1), &[marked(Some(65009))], &[]);
    settle(&mut rib);
    let counters = rib.peer_counters(PeerId(1))[0].import;
    assert_eq!((counters.received, counters.leaked, counters.accepted), (1, 1, 0));
}

/// What peer 2 is told of a route that peer 1, whose role is not known, sent with this mark.
fn sent_out(role: Option<Role>, mark: Option<u32>) -> Result<Option<u32>, ExportVerdict> {
    let mut rib = toward(None, role);
    rib.apply(PeerId(1), &[marked(mark)], &[]);
    settle(&mut rib);
    let batch = rib.pull(PeerId(2), 10).unwrap();
    match batch.announced().next() {
        Some((attributes, _)) => Ok(attributes.only_to_customer.map(|asn| asn.0)),
        None => Err(rib.export_verdict(PeerId(2), &prefix("172.16.0.0/16"))),
    }
}

#[test]
fn check_18_egress_marks_toward_customers_and_keeps_marked_routes_from_all_others() {
    for role in [Role::Provider, Role::RouteServer] {
        assert_eq!(sent_out(Some(role), None), Ok(Some(64512)), "{role}");
        assert_eq!(sent_out(Some(role), Some(65009)), Ok(Some(65009)), "{role}");
    }
    assert_eq!(sent_out(Some(Role::Peer), None), Ok(Some(64512)));
    for role in [Role::Customer, Role::RouteServerClient] {
        assert_eq!(sent_out(Some(role), None), Ok(None), "{role}");
    }
    for role in [Role::Customer, Role::RouteServerClient, Role::Peer] {
        assert_eq!(sent_out(Some(role), Some(65009)), Err(ExportVerdict::OnlyToCustomer), "{role}");
    }
    assert_eq!(sent_out(None, Some(65009)), Ok(Some(65009)));
}

#[test]
fn check_18_what_one_provider_sends_never_reaches_another() {
    for (from, to) in ROLES.iter().flat_map(|from| ROLES.iter().map(move |to| (*from, *to))) {
        let mut rib = toward(Some(from), Some(to));
        rib.apply(PeerId(1), &[marked(None)], &[]);
        settle(&mut rib);
        let told = drain(&mut rib, 2).contains(&"+172.16.0.0/16".to_owned());
        let valley_free = !from.looks_up_or_across() || !to.looks_up_or_across();
        assert_eq!(told, valley_free, "{from} then {to}");
    }
}

#[test]
fn check_18_our_own_routes_are_marked_toward_customers_only() {
    let mut rib = toward(Some(Role::Provider), Some(Role::Customer));
    originate(&mut rib, "10.4.0.0/24");
    settle(&mut rib);
    let mark = |rib: &mut Rib, peer| rib.pull(PeerId(peer), 10).unwrap().announced().next().unwrap().0.only_to_customer;
    assert_eq!((mark(&mut rib, 1), mark(&mut rib, 2)), (Some(Asn(64512)), None));
}

fn local_pref(rib: &Rib) -> Option<u32> {
    rib.best(None, 10).items[0].attributes.local_pref
}

#[test]
fn graceful_shutdown_takes_the_lowest_preference_and_gives_it_back_when_not_heeded() {
    let mut rib = with_peers(2);
    rib.apply(PeerId(1), &[with_communities(vec![Community::GRACEFUL_SHUTDOWN])], &[]);
    settle(&mut rib);
    assert_eq!(local_pref(&rib), Some(0));
    // A longer path is preferred while the other one is being shut down.
    rib.apply(PeerId(2), &[learned(2, &[65002, 65003, 65004], &["172.16.0.0/16"])], &[]);
    settle(&mut rib);
    assert_eq!(rib.best(None, 10).items[0].source, RouteSource::Peer(PeerId(2)));
    rib.change_peer(PeerFacts { graceful_shutdown: false, ..facts(1) }, all(), all());
    settle(&mut rib);
    assert_eq!(rib.best(None, 10).items[0].source, RouteSource::Peer(PeerId(1)));
    assert_eq!(local_pref(&rib), None);
}

#[test]
fn graceful_shutdown_outweighs_the_policy_unless_that_removes_the_community() {
    let taken = |actions: Vec<Action>, kind| {
        let term = Term { name: "all".to_owned(), matches: Match::default(), actions, verdict: Verdict::Accept };
        let import = Arc::new(Policy { name: "in".to_owned(), terms: vec![term] });
        let mut rib = rib();
        rib.peer_up(PeerFacts { kind, ..facts(1) }, import, all());
        rib.apply(PeerId(1), &[with_communities(vec![Community::GRACEFUL_SHUTDOWN])], &[]);
        settle(&mut rib);
        local_pref(&rib)
    };
    assert_eq!(taken(vec![Action::SetLocalPref(200)], PeerKind::External), Some(0));
    let remove = Action::RemoveCommunity(Community::GRACEFUL_SHUTDOWN);
    assert_eq!(taken(vec![Action::SetLocalPref(200), remove], PeerKind::External), Some(200));
    assert_eq!(taken(vec![], PeerKind::Internal), None);
}

#[test]
fn a_policy_can_mark_what_is_sent_for_a_graceful_shutdown() {
    let actions = vec![Action::AddCommunity(Community::GRACEFUL_SHUTDOWN)];
    let term = Term { name: "drain".to_owned(), matches: Match::default(), actions, verdict: Verdict::Accept };
    let mut rib = with_peers(1);
    originate(&mut rib, "10.4.0.0/24");
    settle(&mut rib);
    drain(&mut rib, 1);
    rib.change_peer(facts(1), all(), Arc::new(Policy { name: "out".to_owned(), terms: vec![term] }));
    settle(&mut rib);
    let batch = rib.pull(PeerId(1), 10).unwrap();
    assert_eq!(batch.announced().next().unwrap().0.communities, [Community::GRACEFUL_SHUTDOWN]);
}

#[test]
fn check_86_a_path_with_an_as_set_is_used_and_sent_to_nobody() {
    let mut rib = with_peers(2);
    let segments = vec![
        AsPathSegment { kind: SegmentKind::Sequence, asns: vec![Asn(65001)] },
        AsPathSegment { kind: SegmentKind::Set, asns: vec![Asn(65008), Asn(65009)] },
    ];
    let route = learned(1, &[65001], &["172.16.0.0/16"]);
    let attributes = PathAttributes { as_path: AsPath { segments }, ..PathAttributes::clone(&route.attributes) };
    rib.apply(PeerId(1), &[Reachable { attributes: Arc::new(attributes), ..route }], &[]);
    settle(&mut rib);
    assert_eq!(rib.counters().best, 1);
    assert_eq!(rib.export_verdict(PeerId(2), &prefix("172.16.0.0/16")), ExportVerdict::AsSet);
    assert!(!drain(&mut rib, 2).iter().any(|told| told.starts_with('+')));
}
