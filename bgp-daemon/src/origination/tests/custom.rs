//! Custom ranges: who gets them, what they give way to, and how the guard counts them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use bgp_core::policy::Verdict;

use super::super::guard::Guard;
use super::super::sizes::Sizes;
use super::super::{Advance, Current, Memory, OriginationSet, advance, originate, originate_after};
use super::{config, originated, prefix, range, snapshot};
use crate::config::{CUSTOM_RANGE, Config, Peer};
use crate::inventory::{Range, Snapshot};

const PODS: &str = "[[advertise]]\nrole = \"pod\"\ncommunities = [\"64512:1\"]\naggregation = { mode = \"in-use\" }\n";

fn peer(name: &str, last: u8, rest: &str) -> String {
    format!("[[peer]]\nname = \"{name}\"\naddress = \"10.255.0.{last}\"\nasn = 65001\n{rest}\n")
}

/// A peer with these custom ranges, with the subnets or without.
fn custom(name: &str, last: u8, has_subnets: bool, ranges: &[&str]) -> String {
    let groups = if has_subnets { "advertised_groups = [\"ALL_SUBNETS\"]\n" } else { "" };
    let ranges: Vec<String> = ranges.iter().map(|text| format!("{{ range = \"{text}\" }}")).collect();
    let ranges = ranges.join(", ");
    peer(name, last, &format!("advertise_mode = \"CUSTOM\"\n{groups}advertised_ip_ranges = [{ranges}]"))
}

fn pods(allocated: &[&str]) -> Arc<Snapshot> {
    snapshot(vec![range("gke-pods", "10.0.0.0/16", allocated)])
}

/// What the peer is told: MULTI_EXIT_DISC and how many communities, by prefix.
fn told(set: &OriginationSet, peer: &Peer) -> BTreeMap<String, (u32, usize)> {
    let policy = peer.export_policy(|_| None);
    let told = set.originations.iter().filter_map(|(prefix, one)| {
        let sent = policy.evaluate(prefix, &one.source(), &one.attributes);
        let med = sent.attributes.multi_exit_disc.unwrap_or(peer.advertised_route_priority);
        let is_told = sent.verdict == Verdict::Accept && peer.families.contains(prefix.family());
        is_told.then(|| (prefix.to_string(), (med, sent.attributes.communities.len())))
    });
    told.collect()
}

fn names(told: &BTreeMap<String, (u32, usize)>) -> Vec<&str> {
    told.keys().map(String::as_str).collect()
}

#[test]
fn a1_2_to_a1_4_each_peer_is_told_what_its_mode_has() {
    let peers = [
        peer("default", 2, "export = { roles = [\"*\"] }"),
        custom("both", 3, true, &["172.16.0.0/12"]),
        custom("ranges", 4, false, &["192.168.0.0/16"]),
        peer("subnets", 5, "advertise_mode = \"CUSTOM\"\nadvertised_groups = [\"ALL_SUBNETS\"]"),
    ];
    let config = config(&format!("{PODS}{}", peers.concat()));
    let set = originate(pods(&["10.0.1.0/24"]), &config);
    assert_eq!(originated(&set), ["10.0.1.0/24", "172.16.0.0/12", "192.168.0.0/16"]);
    let expected: [&[&str]; 4] =
        [&["10.0.1.0/24"], &["10.0.1.0/24", "172.16.0.0/12"], &["192.168.0.0/16"], &["10.0.1.0/24"]];
    for (peer, expected) in config.peers.iter().zip(expected) {
        assert_eq!(names(&told(&set, peer)), expected, "{}", peer.name);
    }
}

#[test]
fn a1_7_a_subnet_of_the_same_prefix_wins_where_it_is_told() {
    let peers = [custom("both", 2, true, &["10.0.1.0/24"]), custom("ranges", 3, false, &["10.0.1.0/24"])].concat();
    let config = config(&format!("{}med = 7\n{peers}", PODS));
    let set = originate(pods(&["10.0.1.0/24"]), &config);
    assert!(set.originations.values().all(|one| !one.is_custom()));
    let of = |set: &OriginationSet| [0, 1].map(|peer| told(set, &config.peers[peer]).get("10.0.1.0/24").copied());
    assert_eq!(of(&set), [Some((7, 1)), Some((100, 0))]);
    let without = originate(pods(&[]), &config);
    assert_eq!(of(&without), [Some((100, 0)), Some((100, 0))]);
}

#[test]
fn a1_8_and_a1_9_custom_ranges_may_be_wide_and_follow_no_inventory() {
    let ranges = ["0.0.0.0/0", "10.0.0.0/8", "10.0.1.0/24"];
    let config = config(&format!("{PODS}{}", custom("dc1", 2, true, &ranges)));
    let mut memory = Memory::default();
    let mut step =
        |allocated: &[&str]| originated(&originate_after(None, &mut memory, pods(allocated), &config, UNIX_EPOCH));
    let with = |more: &[&str]| {
        let mut all: Vec<String> = ranges.iter().chain(more).map(|text| (*text).to_owned()).collect();
        all.sort_by_key(|text| prefix(text));
        all
    };
    assert_eq!(step(&["10.0.1.0/24"]), with(&[]));
    assert_eq!(step(&["10.0.1.0/25"]), with(&["10.0.1.0/25"]), "the cover of the same prefix went");
    assert_eq!(step(&["10.0.1.0/25", "10.0.1.128/25"]), with(&[]), "and came back");
    assert_eq!(step(&[]), with(&[]));
    assert_eq!(originated(&originate(snapshot(Vec::<Range>::new()), &config)), ranges);
}

#[test]
fn a1_17_who_is_not_enabled_has_no_custom_range() {
    let off = custom("dc1", 2, false, &["10.0.0.0/8"]) + "enabled = false\n";
    assert_eq!(originated(&originate(pods(&[]), &config(&format!("{PODS}{off}")))), [""; 0]);
}

struct World {
    config: Arc<Config>,
    current: Current,
    guard: Guard,
}

impl World {
    fn new(text: &str, snapshot: Arc<Snapshot>) -> Self {
        let config = Arc::new(config(text));
        let target = originate(snapshot, &config);
        let guard = Guard::default();
        let current = advance(None, target, Arc::clone(&config), &guard, None, UNIX_EPOCH).next;
        Self { config, current, guard }
    }

    fn step(&self, text: Option<&str>, snapshot: Arc<Snapshot>) -> Advance {
        let config = text.map_or_else(|| Arc::clone(&self.config), |text| Arc::new(config(text)));
        let target = originate_after(Some(&self.current.set), &mut Memory::default(), snapshot, &config, UNIX_EPOCH);
        advance(Some(&self.current), target, config, &self.guard, None, UNIX_EPOCH)
    }
}

fn held(step: &Advance) -> Vec<String> {
    step.verdict.hold.iter().flat_map(|hold| hold.routes.keys().map(ToString::to_string)).collect()
}

#[test]
fn a_wide_custom_range_hides_no_loss_of_pods() {
    let text = format!("{PODS}{}", custom("dc1", 2, true, &["10.0.0.0/8", "0.0.0.0/0"]));
    let allocated = ["10.0.1.0/24", "10.0.3.0/24", "10.0.5.0/24"];
    let world = World::new(&text, pods(&allocated));
    let mut sizes = Sizes::default();
    assert_eq!(sizes.everybody(&world.current.set.originations).addresses.ipv4, 3 * 256);
    assert_eq!(held(&world.step(None, pods(&[]))), allocated);
}

#[test]
fn custom_ranges_that_are_removed_are_withdrawals() {
    let ranges = ["172.16.0.0/16", "172.17.0.0/16", "172.18.0.0/16"];
    let text = |ranges: &[&str]| format!("{PODS}{}", custom("dc1", 2, true, ranges));
    let world = World::new(&text(&ranges), pods(&["10.0.1.0/24"]));
    let one = world.step(Some(&text(&ranges[1..])), pods(&["10.0.1.0/24"]));
    assert_eq!((held(&one), one.change.withdraw.len()), (vec![], 1), "one may go");
    assert_eq!(one.verdict.passing["dc1"].prefixes, 1, "and counts");
    assert!(one.verdict.passing["dc1"].lost.is_none(), "of addresses no part");
    let most = world.step(Some(&text(&ranges[2..])), pods(&["10.0.1.0/24"]));
    assert_eq!(held(&most), ["172.16.0.0/16", "172.17.0.0/16"]);
    let still: Vec<_> = most.next.set.originations.values().filter(|one| one.is_custom()).collect();
    assert_eq!(still.len(), 3);
    assert!(still.iter().all(|one| *one.role == *CUSTOM_RANGE));
    assert_eq!(most.next.held_exports["dc1"].kept.len(), 2, "whoever had them keeps them");
    let joined = world.step(Some(&text(&["172.16.0.0/14"])), pods(&["10.0.1.0/24"]));
    assert_eq!((held(&joined), joined.change.withdraw.len()), (vec![], 3), "no address loses its route");
}

#[test]
fn bounded_covers_take_no_custom_range_for_their_own() {
    let rule =
        "[[advertise]]\nrole = \"pod\"\naggregation = { mode = \"in-use\", max_prefixes = 3, keep_percent = 1000 }\n";
    let config = config(&format!("{rule}{}", custom("dc1", 2, true, &["10.0.1.0/24"])));
    let mut memory = Memory::default();
    let first = originate_after(None, &mut memory, pods(&[]), &config, UNIX_EPOCH);
    let next = originate_after(Some(&first), &mut memory, pods(&["10.0.1.0/25"]), &config, UNIX_EPOCH);
    assert_eq!(originated(&next), ["10.0.1.0/24", "10.0.1.0/25"]);
}
