//! Refreshes with their begin and end marked (RFC 7313): what we send, and what a peer's own do.

use super::*;

const V4: AddressFamily = AddressFamily::Ipv4Unicast;

fn with_marking_peer() -> Rib {
    let mut rib = rib();
    let facts = PeerFacts { enhanced_route_refresh: true, ..facts(1) };
    rib.peer_up(facts, Arc::new(Policy::accept_all("in")), Arc::new(Policy::accept_all("out")));
    originate(&mut rib, "10.4.0.0/24");
    settle(&mut rib);
    rib
}

fn told(rib: &mut Rib) -> Vec<String> {
    let mut told = Vec::new();
    while let Some(batch) = rib.pull(PeerId(1), 1) {
        told.extend(batch.refresh_begins.iter().map(|family| format!("begin of {family}")));
        told.extend(batch.announced().flat_map(|(_, nlri)| nlri).map(|nlri| format!("+{}", nlri.prefix)));
        told.extend(batch.withdraw.iter().map(|nlri| format!("-{}", nlri.prefix)));
        told.extend(batch.end_of_rib.iter().map(|family| format!("end of rib of {family}")));
        told.extend(batch.refresh_ends.iter().map(|family| format!("end of {family}")));
    }
    told
}

#[test]
fn check_76_a_refresh_is_told_between_its_begin_and_its_end() {
    let mut rib = with_marking_peer();
    told(&mut rib);
    rib.refresh(PeerId(1), V4);
    assert!(rib.has_pending(PeerId(1)));
    settle(&mut rib);
    assert_eq!(told(&mut rib), ["begin of ipv4-unicast", "+10.4.0.0/24", "end of ipv4-unicast"]);
    assert!(!rib.has_pending(PeerId(1)));
}

#[test]
fn check_76_no_refresh_begins_before_the_end_of_rib() {
    let mut rib = with_marking_peer();
    rib.refresh(PeerId(1), V4);
    settle(&mut rib);
    assert_eq!(
        told(&mut rib),
        ["+10.4.0.0/24", "end of rib of ipv4-unicast", "end of rib of ipv6-unicast", "begin of ipv4-unicast"]
    );
    settle(&mut rib);
    assert_eq!(told(&mut rib), ["+10.4.0.0/24", "end of ipv4-unicast"]);
}

#[test]
fn check_76_a_refresh_without_routes_begins_and_ends_all_the_same() {
    let mut rib = with_marking_peer();
    told(&mut rib);
    rib.refresh(PeerId(1), AddressFamily::Ipv6Unicast);
    settle(&mut rib);
    assert_eq!(told(&mut rib), ["begin of ipv6-unicast", "end of ipv6-unicast"]);
}

#[test]
fn a_peer_that_asks_again_and_again_gets_one_refresh_more() {
    let mut rib = with_marking_peer();
    told(&mut rib);
    (0..100).for_each(|_| rib.refresh(PeerId(1), V4));
    settle(&mut rib);
    let mut all: Vec<String> = Vec::new();
    (0..100).for_each(|_| rib.refresh(PeerId(1), V4));
    for _ in 0..4 {
        settle(&mut rib);
        all.extend(told(&mut rib));
    }
    let one = ["begin of ipv4-unicast", "+10.4.0.0/24", "end of ipv4-unicast"];
    assert_eq!(all, [one, one].concat());
}

#[test]
fn a_refresh_goes_on_when_the_policy_changes_in_its_middle() {
    let mut rib = with_marking_peer();
    told(&mut rib);
    rib.refresh(PeerId(1), V4);
    settle(&mut rib);
    let facts = PeerFacts { enhanced_route_refresh: true, med: Some(7), ..facts(1) };
    rib.change_peer(facts, Arc::new(Policy::accept_all("in")), Arc::new(Policy::accept_all("out")));
    settle(&mut rib);
    assert_eq!(told(&mut rib), ["begin of ipv4-unicast", "+10.4.0.0/24", "end of ipv4-unicast"]);
}

#[test]
fn check_76_the_end_of_a_peers_refresh_removes_only_what_it_did_not_announce_again() {
    let mut rib = with_peers(2);
    let routes = ["172.16.0.0/16", "172.17.0.0/16"];
    rib.apply(PeerId(1), &[learned(1, &[65001], &routes)], &[]);
    settle(&mut rib);
    drain(&mut rib, 2);
    rib.refresh_began(PeerId(1), V4);
    rib.apply(PeerId(1), &[learned(1, &[65001], &routes[..1])], &[]);
    settle(&mut rib);
    let stale: Vec<bool> = rib.learned(PeerId(1), None, 10).items.iter().map(|route| route.stale).collect();
    assert_eq!(stale, [false, true]);
    assert_eq!(drain(&mut rib, 2), Vec::<String>::new(), "what is announced again is no news");
    rib.refresh_ended(PeerId(1), V4);
    settle(&mut rib);
    assert_eq!(drain(&mut rib, 2), ["-172.17.0.0/16"]);
}

#[test]
fn a_peer_that_begins_a_refresh_over_and_over_loses_nothing() {
    let mut rib = with_peers(1);
    for number in 0..20 {
        let route = format!("172.16.{}.0/24", number % 3);
        rib.apply(PeerId(1), &[learned(1, &[65001], &[&route])], &[]);
        rib.refresh_began(PeerId(1), V4);
        rib.decide(1);
    }
    settle(&mut rib);
    assert_eq!(rib.learned(PeerId(1), None, 10).items.len(), 3);
}
