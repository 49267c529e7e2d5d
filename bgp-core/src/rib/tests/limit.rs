//! A peer that takes so many prefixes and no more: it is never over that, and never without a route meanwhile.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::make_before_break::{reshape, within};
use super::*;

fn limited(most: usize) -> Rib {
    let mut rib = rib();
    let facts = PeerFacts { max_prefixes_out: Some(most), ..facts(1) };
    rib.peer_up(facts, Arc::new(Policy::accept_all("in")), Arc::new(Policy::accept_all("out")));
    settle(&mut rib);
    rib
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn the_limit_is_kept_and_coverage_never_drops_while_aggregates_change_shape(
        most in 2..8_usize,
        shapes in prop::collection::vec(prop::collection::btree_set(0..31_u32, 0..12), 1..8),
        changed in prop::collection::vec(any::<bool>(), 8),
        pull in 1..4_usize,
        pulls_between in 0..6_usize,
    ) {
        let shape = |(shape, changed): (&BTreeSet<u32>, bool)| {
            (shape.iter().take(most - 1).copied().map(within).collect(), changed.then_some(7))
        };
        let shapes: Vec<_> = shapes.iter().zip(changed).map(shape).collect();
        reshape(&mut limited(most), most, &shapes, (pull, pulls_between))?;
    }
}

#[test]
fn what_finds_no_room_waits_and_is_counted_and_the_end_of_rib_does_not_wait_for_it() {
    let mut rib = limited(3);
    for text in ["10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16", "10.4.0.0/16"] {
        originate(&mut rib, text);
    }
    settle(&mut rib);
    assert_eq!(drain(&mut rib, 1), ["+10.1.0.0/16", "end of ipv6-unicast", "+10.2.0.0/16", "end of ipv4-unicast"]);
    assert!(!rib.has_pending(PeerId(1)), "nothing can go out");
    let counters = |rib: &Rib| rib.peer_counters(PeerId(1))[0];
    assert_eq!((counters(&rib).advertised, counters(&rib).held_back), (4, 2));

    rib.withdraw_origination(&prefix("10.1.0.0/16"));
    settle(&mut rib);
    assert_eq!(drain(&mut rib, 1), ["-10.1.0.0/16", "+10.3.0.0/16"]);
    assert_eq!(counters(&rib).held_back, 1);
    rib.withdraw_origination(&prefix("10.4.0.0/16"));
    settle(&mut rib);
    assert_eq!((drain(&mut rib, 1), counters(&rib).held_back), (vec![], 0));
}

#[test]
fn what_waits_far_beyond_the_limit_hides_no_change_of_what_the_peer_has() {
    let mut rib = limited(3);
    let many: Vec<String> = (0..60).map(|number| format!("10.{number}.0.0/16")).collect();
    many.iter().for_each(|text| originate(&mut rib, text));
    settle(&mut rib);
    let told = drain(&mut rib, 1);
    assert_eq!(told.iter().filter(|told| told.starts_with('+')).count(), 2, "{told:?}");
    assert_eq!(rib.peer_counters(PeerId(1))[0].held_back, 58);

    originate(&mut rib, "10.99.0.0/16");
    settle(&mut rib);
    assert!(!rib.has_pending(PeerId(1)), "there is no room for it, and nobody looks");
    let other = PathAttributes { multi_exit_disc: Some(7), ..PathAttributes::default() };
    rib.originate(prefix("10.0.0.0/16"), Arc::new(other), Arc::from("pod"));
    settle(&mut rib);
    assert_eq!(drain(&mut rib, 1), ["+10.0.0.0/16"]);
    rib.withdraw_origination(&prefix("10.0.0.0/16"));
    settle(&mut rib);
    assert_eq!(drain(&mut rib, 1), ["-10.0.0.0/16", "+10.2.0.0/16"]);
    many.iter().skip(1).for_each(|text| assert!(rib.withdraw_origination(&prefix(text))));
    settle(&mut rib);
    assert_eq!(drain(&mut rib, 1), ["-10.1.0.0/16", "-10.2.0.0/16", "+10.99.0.0/16"]);
    assert_eq!(rib.peer_counters(PeerId(1))[0].held_back, 0);
}

#[test]
fn at_the_limit_parts_become_a_whole_and_a_whole_becomes_parts() {
    let mut rib = limited(4);
    let parts = ["10.0.0.0/24", "10.0.1.0/24"];
    parts.into_iter().chain(["10.9.0.0/16"]).for_each(|text| originate(&mut rib, text));
    settle(&mut rib);
    assert_eq!(drain(&mut rib, 1).len(), 3 + 2);
    parts.into_iter().for_each(|text| assert!(rib.withdraw_origination(&prefix(text))));
    originate(&mut rib, "10.0.0.0/23");
    originate(&mut rib, "10.10.0.0/16");
    settle(&mut rib);
    assert_eq!(drain(&mut rib, 1), ["+10.0.0.0/23", "-10.0.0.0/24", "-10.0.1.0/24", "+10.10.0.0/16"]);
    rib.withdraw_origination(&prefix("10.0.0.0/23"));
    rib.withdraw_origination(&prefix("10.10.0.0/16"));
    parts.into_iter().for_each(|text| originate(&mut rib, text));
    settle(&mut rib);
    assert_eq!(drain(&mut rib, 1), ["-10.10.0.0/16", "+10.0.0.0/24", "+10.0.1.0/24", "-10.0.0.0/23"]);
}

#[test]
fn a_limit_that_is_lowered_below_what_the_peer_has_takes_nothing_from_it_and_lets_nothing_in() {
    let mut rib = limited(5);
    for text in ["10.1.0.0/24", "10.1.1.0/24", "10.2.0.0/16", "10.3.0.0/16"] {
        originate(&mut rib, text);
    }
    settle(&mut rib);
    drain(&mut rib, 1);
    let all = || Arc::new(Policy::accept_all("all"));
    rib.change_peer(PeerFacts { max_prefixes_out: Some(4), ..facts(1) }, all(), all());
    settle(&mut rib);
    assert_eq!(drain(&mut rib, 1), Vec::<String>::new());
    originate(&mut rib, "10.4.0.0/16");
    rib.withdraw_origination(&prefix("10.1.0.0/24"));
    rib.withdraw_origination(&prefix("10.1.1.0/24"));
    originate(&mut rib, "10.1.0.0/23");
    settle(&mut rib);
    let told = drain(&mut rib, 1);
    assert_eq!(told, ["-10.1.0.0/24", "-10.1.1.0/24", "+10.1.0.0/23"], "it has as many as it takes: no other way");
    assert_eq!(rib.peer_counters(PeerId(1))[0].held_back, 1);
}

#[test]
fn a_peer_that_has_more_than_it_takes_is_brought_below_it_join_by_join() {
    let mut rib = limited(20);
    let parts = |net: u8| [format!("10.{net}.0.0/24"), format!("10.{net}.1.0/24"), format!("10.{net}.2.0/24")];
    (1..5).flat_map(parts).for_each(|text| originate(&mut rib, &text));
    settle(&mut rib);
    drain(&mut rib, 1);
    let all = || Arc::new(Policy::accept_all("all"));
    rib.change_peer(PeerFacts { max_prefixes_out: Some(7), ..facts(1) }, all(), all());
    (1..5).flat_map(parts).for_each(|text| assert!(rib.withdraw_origination(&prefix(&text))));
    (1..5).for_each(|net| originate(&mut rib, &format!("10.{net}.0.0/16")));
    settle(&mut rib);
    let joined = |net: u8| parts(net).map(|part| format!("-{part}")).into_iter().chain([format!("+10.{net}.0.0/16")]);
    // The last one finds room to be announced first.
    let last = ["+10.4.0.0/16".to_owned()].into_iter().chain(parts(4).map(|part| format!("-{part}")));
    assert_eq!(drain(&mut rib, 1), (1..4).flat_map(joined).chain(last).collect::<Vec<_>>());
    assert_eq!(rib.peer_counters(PeerId(1))[0].held_back, 0);
}
