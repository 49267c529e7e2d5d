//! What peers of one group share, and what is remembered for it.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::policy::{Match, PrefixRange, SourceMatch, Term};

/// Prefixes of a table that is told in many slices.
const MANY: u32 = 3000;

fn up(rib: &mut Rib, number: u32) {
    rib.peer_up(facts(number), Arc::new(Policy::accept_all("in")), Arc::new(Policy::accept_all("out")));
}

/// A table of [`MANY`] prefixes, and peer 1, who was told of them.
fn full() -> Rib {
    let mut rib = with_peers(1);
    for number in 0..MANY {
        originate(&mut rib, &format!("{}/32", Ipv4Addr::from_bits(0x0A00_0000 + number)));
    }
    settle(&mut rib);
    while rib.pull(PeerId(1), 1000).is_some() {}
    rib
}

#[test]
fn who_comes_while_others_are_told_is_told_with_them_and_then_with_the_next_what_it_missed() {
    let mut rib = full();
    let mut heard: BTreeMap<u32, Vec<Prefix>> = BTreeMap::new();
    let (mut made, mut kept, mut ended) = (BTreeSet::new(), Vec::new(), BTreeSet::new());
    let mut pull = |rib: &mut Rib, peers: std::ops::RangeInclusive<u32>| {
        for peer in peers {
            while let Some(batch) = rib.pull(PeerId(peer), 500) {
                assert!(!ended.contains(&peer) || batch.end_of_rib.is_empty(), "an end twice");
                if batch.end_of_rib.contains(&AddressFamily::Ipv4Unicast) {
                    ended.insert(peer);
                }
                heard
                    .entry(peer)
                    .or_default()
                    .extend(batch.announced().flat_map(|(_, nlri)| nlri).map(|nlri| nlri.prefix));
                made.extend(batch.announce.iter().map(|shared| (Arc::as_ptr(shared), shared.route_count())));
                kept.extend(batch.announce);
            }
        }
    };
    // One after the other they come, far from the end of what the first is told.
    for number in 2..=8 {
        up(&mut rib, number);
        rib.decide(600);
        pull(&mut rib, 2..=number);
    }
    while rib.decide(600) > 0 {
        pull(&mut rib, 2..=8);
    }
    pull(&mut rib, 2..=8);
    let own: BTreeSet<Prefix> =
        (0..MANY).map(|number| Prefix::host(Ipv4Addr::from_bits(0x0A00_0000 + number).into())).collect();
    for (peer, prefixes) in &heard {
        assert_eq!(prefixes.len(), own.len(), "peer {peer} was told twice, or not of all");
        assert_eq!(prefixes.iter().copied().collect::<BTreeSet<_>>(), own, "peer {peer}");
    }
    assert_eq!((heard.len(), ended.len()), (7, 7));
    let routes: usize = made.iter().map(|(_, routes)| routes).sum();
    assert!(routes <= 2 * own.len(), "{routes} routes were encoded for seven peers");
}

#[test]
fn what_an_export_policy_said_of_a_peer_is_not_held_against_the_next_one_of_its_number() {
    let from = |peer| Match { sources: Some(vec![SourceMatch::Peer(PeerId(peer))]), ..Match::default() };
    let export = Policy { name: "out".to_owned(), terms: vec![Term::accept("ours", from(4))] };
    let all = || Arc::new(Policy::accept_all("all"));
    let mut rib = rib();
    rib.peer_up(facts(1), all(), Arc::new(export));
    rib.peer_up(facts(2), all(), all());
    rib.peer_up(facts(3), all(), all());
    let same = |prefix: &str| learned(9, &[65009], &[prefix]);
    // The set outlives the peer, whose number goes to the next one.
    rib.apply(PeerId(2), &[same("172.16.0.0/16")], &[]);
    rib.apply(PeerId(3), &[same("172.17.0.0/16")], &[]);
    settle(&mut rib);
    rib.peer_down(PeerId(3));
    settle(&mut rib);
    rib.peer_up(facts(4), all(), all());
    settle(&mut rib);
    drain(&mut rib, 1);
    rib.apply(PeerId(4), &[same("172.18.0.0/16")], &[]);
    settle(&mut rib);
    assert_eq!(drain(&mut rib, 1), ["+172.18.0.0/16"]);
}

#[test]
fn what_an_export_policy_said_of_attributes_is_not_held_against_others_of_their_number() {
    let with = |communities: &[u32], prefix: &str| {
        let communities = communities.iter().copied().map(crate::types::Community).collect();
        let Reachable { attributes, nlri } = learned(2, &[65002], &[prefix]);
        Reachable { attributes: Arc::new(PathAttributes { communities, ..PathAttributes::clone(&attributes) }), nlri }
    };
    let matches = Match { communities: Some(vec![crate::types::Community(7)]), ..Match::default() };
    let export = Policy { name: "out".to_owned(), terms: vec![Term::accept("marked", matches)] };
    let all = || Arc::new(Policy::accept_all("all"));
    let mut rib = rib();
    rib.peer_up(facts(1), all(), Arc::new(export));
    rib.peer_up(facts(2), all(), all());
    rib.apply(PeerId(2), &[with(&[8], "172.16.0.0/16")], &[]);
    settle(&mut rib);
    drain(&mut rib, 1);
    // The only set goes, and the next one gets its number.
    rib.apply(PeerId(2), &[], &[prefix("172.16.0.0/16").into()]);
    settle(&mut rib);
    rib.apply(PeerId(2), &[with(&[7], "172.17.0.0/16")], &[]);
    settle(&mut rib);
    assert_eq!(drain(&mut rib, 1), ["+172.17.0.0/16"]);
}

#[test]
fn who_comes_to_others_in_the_middle_of_a_batch_goes_on_with_what_they_were_made() {
    let mut rib = full();
    let (mut made, mut kept) = (BTreeSet::new(), Vec::new());
    let mut pull = |rib: &mut Rib, peer: u32| {
        let batch = rib.pull(PeerId(peer), 70);
        let announce = batch.map_or(Vec::new(), |batch| batch.announce);
        made.extend(announce.iter().map(|shared| (Arc::as_ptr(shared), shared.route_count())));
        let routes = announce.iter().map(|shared| shared.route_count()).sum::<usize>();
        kept.extend(announce);
        routes
    };
    up(&mut rib, 2);
    rib.decide(600);
    let mut heard = [(0..4).map(|_| pull(&mut rib, 2)).sum::<usize>(), 0];
    up(&mut rib, 3);
    rib.decide(600);
    // What the first gets now was begun for him alone, and goes on for both.
    heard[0] += (0..4).map(|_| pull(&mut rib, 2)).sum::<usize>();
    settle(&mut rib);
    while heard.iter().any(|heard| *heard < 3000) {
        let more = [pull(&mut rib, 2), pull(&mut rib, 3)];
        assert_ne!(more, [0, 0], "{heard:?}");
        heard = [heard[0] + more[0], heard[1] + more[1]];
    }
    assert_eq!(heard, [3000, 3000]);
    let routes: usize = made.iter().map(|(_, routes)| routes).sum();
    assert!(routes <= 3000 + 280 + 70, "{routes} routes were encoded for two peers");
}

#[test]
fn who_moves_to_others_is_not_given_what_they_were_made_before_it_was_known_what_it_has() {
    let nets: Vec<String> = (0..8).map(|number| format!("10.{number}.0.0/16")).collect();
    let all = || Arc::new(Policy::accept_all("all"));
    let first = Match { prefixes: Some(vec![nets[0].parse::<PrefixRange>().unwrap()]), ..Match::default() };
    let but_the_first = vec![Term::reject("first", first), Term::accept("all", Match::default())];
    let mut rib = with_peers(1);
    rib.peer_up(facts(3), all(), Arc::new(Policy { name: "out".to_owned(), terms: but_the_first }));
    nets.iter().for_each(|net| originate(&mut rib, net));
    settle(&mut rib);
    drain(&mut rib, 1);
    drain(&mut rib, 3);
    // Both are told of all there is, and one takes it before it is known that the other has most of it.
    up(&mut rib, 2);
    rib.change_peer(facts(3), all(), all());
    let pending = |rib: &Rib, peer| rib.peer_counters(PeerId(peer))[0].pending;
    while pending(&rib, 2) < nets.len() {
        rib.decide(1);
    }
    assert_eq!(pending(&rib, 3), nets.len());
    assert_eq!(rib.pull(PeerId(2), 100).unwrap().route_count(), nets.len());
    settle(&mut rib);
    originate(&mut rib, "10.8.0.0/16");
    settle(&mut rib);
    assert_eq!(pending(&rib, 3), 2);
    let batch = rib.pull(PeerId(3), 100).unwrap();
    assert_eq!((batch.route_count(), pending(&rib, 3)), (2, 0));
    assert_eq!(rib.peer_counters(PeerId(3))[0].told, nets.len() + 1);
}

#[test]
fn what_nobody_waits_for_is_kept_for_nobody() {
    let remembered = |rib: &Rib| rib.v4.groups.iter().flatten().map(|group| group.remembered()).sum::<usize>();
    let mut rib = with_peers(3);
    settle(&mut rib);
    (1..=3).for_each(|peer| assert_eq!(drain(&mut rib, peer).len(), 2));
    // Who has sent it all waits for nothing of it.
    rib.apply(PeerId(1), &[learned(1, &[65001], &["172.16.0.0/16", "172.17.0.0/16"])], &[]);
    settle(&mut rib);
    assert_eq!(drain(&mut rib, 2), ["+172.16.0.0/16", "+172.17.0.0/16"]);
    assert_eq!(remembered(&rib), 2);
    assert_eq!(drain(&mut rib, 3), ["+172.16.0.0/16", "+172.17.0.0/16"]);
    assert_eq!(remembered(&rib), 0);
    // Nor does who has gone.
    rib.apply(PeerId(1), &[learned(1, &[65001], &["172.18.0.0/16"])], &[]);
    settle(&mut rib);
    assert_eq!(drain(&mut rib, 2), ["+172.18.0.0/16"]);
    assert_eq!(remembered(&rib), 1);
    rib.peer_down(PeerId(3));
    assert_eq!(remembered(&rib), 0);
}

#[test]
fn who_makes_up_long_attributes_does_not_fill_a_batch_with_them() {
    let long = |number: u8, prefixes: &[&str]| {
        let unknown = vec![crate::attribute::UnknownAttribute { code: 99, value: vec![number; 9 << 20].into() }];
        let Reachable { attributes, nlri } = learned(1, &[65001], prefixes);
        Reachable { attributes: Arc::new(PathAttributes { unknown, ..PathAttributes::clone(&attributes) }), nlri }
    };
    let prefixes = ["172.16.0.0/16", "172.17.0.0/16", "172.18.0.0/16"];
    let each: Vec<Reachable> = (0..).zip(&prefixes).map(|(number, prefix)| long(number, &[prefix])).collect();
    // They leave with every message, also where it is the same ones.
    for routes in [each, vec![long(0, &prefixes)]] {
        let mut rib = with_peers(2);
        rib.apply(PeerId(1), &routes, &[]);
        settle(&mut rib);
        let batches: Vec<usize> =
            std::iter::from_fn(|| rib.pull(PeerId(2), 100)).map(|batch| batch.route_count()).collect();
        assert_eq!(batches, [2, 1]);
    }
}

#[test]
fn who_stands_still_makes_us_hold_no_more_than_sixteen_mib_of_what_others_are_made() {
    let attributes = |number: u8| {
        let unknown = vec![crate::attribute::UnknownAttribute { code: 99, value: vec![number; 6 << 20].into() }];
        let Reachable { attributes, .. } = learned(1, &[65001], &[]);
        Arc::new(PathAttributes { unknown, ..PathAttributes::clone(&attributes) })
    };
    let mut rib = rib();
    for number in 1..=3 {
        let facts = PeerFacts { max_prefixes: None, ..facts(number) };
        rib.peer_up(facts, Arc::new(Policy::accept_all("in")), Arc::new(Policy::accept_all("out")));
    }
    settle(&mut rib);
    for number in 0..8 {
        let nlri = vec![prefix(&format!("172.{}.0.0/16", 16 + number)).into()];
        rib.apply(PeerId(1), &[Reachable { attributes: attributes(number), nlri }], &[]);
        settle(&mut rib);
        assert_eq!(rib.pull(PeerId(2), 100).unwrap().route_count(), 1);
    }
    let remembered: usize = rib.v4.groups.iter().flatten().map(|group| group.remembered()).sum();
    assert_eq!(remembered, 2, "the third, who has taken nothing, comes to what he can have of them");
}
