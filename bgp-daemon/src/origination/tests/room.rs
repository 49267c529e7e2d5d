//! Peers that take so many prefixes: what rules make for their sake.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bgp_core::types::Prefix;
use proptest::prelude::*;

use super::super::audience::Exports;
use super::super::{Memory, OriginationSet, originate_after};
use super::{config, originated, prefix, range, snapshot};
use crate::config::Config;
use crate::inventory::Snapshot;

const PODS: &str = "[[advertise]]\nrange = \"pods\"\naggregation = { mode = \"in-use\" }\n";
const NODES: &str = "[[advertise]]\nrange = \"nodes\"\naggregation = { mode = \"in-use\" }\n";
const WHOLE: &str = "[[advertise]]\nrange = \"other*\"\naggregation = { mode = \"subnet-ranges\" }\n";

fn peer(name: &str, host: u8, most: &str, roles: &str) -> String {
    format!(
        "[[peer]]\nname = \"{name}\"\naddress = \"10.255.0.{host}\"\nasn = 65001\n{most}\nexport = {{ roles = [\"{roles}\"] }}\n"
    )
}

/// What is originated from one snapshot after the other.
struct World {
    config: Config,
    memory: Memory,
    set: Option<OriginationSet>,
    now: SystemTime,
}

impl World {
    fn new(text: &str) -> Self {
        Self { config: config(text), memory: Memory::default(), set: None, now: UNIX_EPOCH + Duration::from_secs(1000) }
    }

    fn becomes(&mut self, snapshot: Arc<Snapshot>) -> &OriginationSet {
        self.now += Duration::from_secs(1);
        let set = originate_after(self.set.as_ref(), &mut self.memory, snapshot, &self.config, self.now);
        self.set.insert(set)
    }

    /// How many prefixes the peer is told of.
    fn told(&self, name: &str) -> usize {
        let exports = Exports::of(self.config.peer(name).unwrap(), None);
        self.set
            .iter()
            .flat_map(|set| set.originations.iter())
            .filter(|(prefix, one)| exports.admit(prefix, one))
            .count()
    }
}

/// As many /28 of 10.0.0.0/16, of which no two join.
fn scattered(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("10.0.{number}.0/28")).collect()
}

fn pods(blocks: &[String]) -> Arc<Snapshot> {
    let blocks: Vec<&str> = blocks.iter().map(String::as_str).collect();
    snapshot(vec![range("pods", "10.0.0.0/16", &blocks)])
}

#[test]
fn what_fits_is_exact_and_what_does_not_is_coarsened_until_it_fits_again() {
    let mut world = World::new(&format!("{PODS}{}", peer("dc1", 2, "max_prefixes_out = 11", "*")));
    assert_eq!(originated(world.becomes(pods(&scattered(10)))), scattered(10));
    assert_eq!(world.set.as_ref().unwrap().rules[0].for_peer, None);

    let set = world.becomes(pods(&scattered(25))).clone();
    assert_eq!((world.told("dc1"), set.rules[0].for_peer.as_deref()), (10, Some("dc1")));
    assert_eq!(set.rules[0].bound.unwrap().max_prefixes, Some(10));
    for block in scattered(25) {
        assert_eq!(set.overlapping(&prefix(&block)).count(), 1, "{block}");
    }

    world.becomes(pods(&scattered(10)));
    assert_eq!(world.set.as_ref().unwrap().rules[0].for_peer.as_deref(), Some("dc1"), "a tenth must be free first");
    assert_eq!(originated(world.becomes(pods(&scattered(9)))), scattered(9));
    assert_eq!(world.set.as_ref().unwrap().rules[0].for_peer, None);
}

#[test]
fn a_peer_without_a_limit_and_rules_that_the_peer_is_not_told_by_change_nothing() {
    let free = format!("{PODS}{NODES}{}", peer("dc1", 2, "", "*"));
    let limited =
        format!("{PODS}{NODES}{}{}", peer("dc1", 2, "", "*"), peer("dc2", 3, "max_prefixes_out = 4", "nodes"));
    let everything = || {
        let blocks = scattered(25);
        let blocks: Vec<&str> = blocks.iter().map(String::as_str).collect();
        snapshot(vec![
            range("pods", "10.0.0.0/16", &blocks),
            range("nodes", "10.1.0.0/16", &["10.1.0.0/32", "10.1.4.0/32", "10.1.8.0/32"]),
        ])
    };
    let (mut free, mut limited) = (World::new(&free), World::new(&limited));
    assert_eq!(free.becomes(everything()).originations, limited.becomes(everything()).originations);
    assert_eq!((limited.told("dc1"), limited.told("dc2")), (28, 3));
}

#[test]
fn rules_share_the_room_that_whole_ranges_leave_in_proportion_to_what_they_want() {
    let text = format!("{PODS}{NODES}{WHOLE}{}", peer("dc1", 2, "max_prefixes_out = 21", "*"));
    let mut world = World::new(&text);
    let (many, few) = (scattered(30), ["10.1.0.0/32", "10.1.4.0/32", "10.1.8.0/32", "10.1.12.0/32", "10.1.16.0/32"]);
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let set = world.becomes(snapshot(vec![
        range("pods", "10.0.0.0/16", &many),
        range("nodes", "10.1.0.0/16", &[few.as_slice(), &["10.1.20.0/32"]].concat()),
        range("other-1", "10.2.0.0/16", &[]),
        range("other-2", "10.3.0.0/16", &[]),
    ]));
    let most: Vec<_> = set.rules.iter().map(|rule| rule.bound.and_then(|bound| bound.max_prefixes)).collect();
    assert_eq!(most, [Some(15), Some(3), None], "18 are left for 30 and 6");
    assert_eq!(world.told("dc1"), 20);
}

#[test]
fn custom_ranges_take_of_the_room() {
    let custom = "max_prefixes_out = 11\nadvertise_mode = \"CUSTOM\"\nadvertised_groups = [\"ALL_SUBNETS\"]\n\
                  advertised_ip_ranges = [{ range = \"172.16.0.0/12\" }, { range = \"192.168.0.0/16\" }]";
    let mut world = World::new(&format!("{PODS}{}", peer("dc1", 2, custom, "*")));
    for (count, expected) in [(8, 8), (9, 8), (25, 8), (6, 6)] {
        let set = world.becomes(pods(&scattered(count)));
        assert_eq!(set.originations.values().filter(|one| !one.is_custom()).count(), expected, "{count}");
        assert_eq!(world.told("dc1"), expected + 2, "{count}");
    }
}

#[test]
fn a_share_goes_when_what_a_rule_may_make_by_its_own_bound_fits() {
    let bounded = PODS.replace("\"in-use\"", "\"in-use\", max_prefixes = 5");
    let mut world = World::new(&format!("{bounded}{NODES}{}", peer("dc1", 2, "max_prefixes_out = 21", "*")));
    let mut becomes = |nodes: usize| {
        let pods: Vec<String> = scattered(200);
        let pods: Vec<&str> = pods.iter().map(String::as_str).collect();
        let nodes: Vec<String> = (0..nodes).map(|number| format!("10.1.{number}.0/32")).collect();
        let nodes: Vec<&str> = nodes.iter().map(String::as_str).collect();
        let set =
            world.becomes(snapshot(vec![range("pods", "10.0.0.0/16", &pods), range("nodes", "10.1.0.0/16", &nodes)]));
        let bound = |rule: usize| set.rules[rule].bound.and_then(|bound| bound.max_prefixes);
        (bound(0), bound(1))
    };
    assert_eq!(becomes(10), (Some(5), None));
    assert_eq!(becomes(35), (Some(2), Some(17)), "20 for 5 and 35");
    // 18 of 20 at most: one change after the other, none of which is looked at as a whole.
    for nodes in (14..35).rev() {
        assert!(becomes(nodes).1.is_some(), "{nodes}");
    }
    assert_eq!(becomes(13), (Some(5), None));
}

#[test]
fn room_for_too_few_is_a_fault_and_loses_no_address() {
    let mut world = World::new(&format!("{PODS}{}", peer("dc1", 2, "max_prefixes_out = 2", "*")));
    let ranges = ["10.0.0.0/24", "10.2.0.0/24", "10.4.0.0/24"];
    let ranges = ranges.into_iter().map(|one| range("pods", one, &[&one.replace("0/24", "16/28")])).collect();
    let set = world.becomes(snapshot(ranges));
    assert_eq!(set.originations.len(), 3);
    let fault =
        "max_prefixes = 1 cannot be kept: 3 prefixes are the fewest that cover what is in use and leave no range";
    assert_eq!(set.rules[0].faults, [fault]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn no_peer_is_told_more_than_it_has_room_for_whatever_changes(
        most in 4..30_usize,
        steps in prop::collection::vec(prop::collection::vec((0..2_usize, 0..64_u32, any::<bool>()), 1..30), 1..12),
    ) {
        let limit = format!("max_prefixes_out = {most}");
        let mut world = World::new(&format!("{PODS}{NODES}{}{}", peer("dc1", 2, &limit, "*"), peer("dc2", 3, "", "pods")));
        let mut allocated = [BTreeSet::new(), BTreeSet::new()];
        for step in steps {
            for (which, block, is_there) in step {
                match is_there {
                    true => allocated[which].insert(block),
                    false => allocated[which].remove(&block),
                };
            }
            let of = |which: usize| allocated[which].iter().map(move |block| format!("10.{which}.{}.{}/29", block / 4, block % 4 * 64));
            let blocks: [Vec<String>; 2] = [of(0).collect(), of(1).collect()];
            let texts = |which: usize| blocks[which].iter().map(String::as_str).collect::<Vec<_>>();
            world.becomes(snapshot(vec![range("pods", "10.0.0.0/16", &texts(0)), range("nodes", "10.1.0.0/16", &texts(1))]));
            prop_assert!(world.told("dc1") < most, "{:?}", originated(world.set.as_ref().unwrap()));
            let set = world.set.as_ref().unwrap();
            for block in blocks.iter().flatten() {
                let block: Prefix = prefix(block);
                prop_assert!(set.originations.keys().any(|one| one.covers(&block)), "{} of {:?}", block, originated(set));
            }
        }
    }
}
