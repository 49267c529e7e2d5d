//! What the guard lets pass, what it holds, and what lets it go.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bgp_core::types::Prefix;
use proptest::prelude::*;

use super::super::guard::{Budget, Guard, GuardState, Tallies};
use super::super::{Advance, Current, Origination, advance, originate};
use super::{config, originated, range, snapshot, snapshots};
use crate::config::Config;
use crate::inventory::Snapshot;

/// Everything in use, told to dc1 by its role and to dc2 whatever it is.
pub(super) const PEERS: &str = r#"
[[advertise]]
range = "*"
aggregation = { mode = "in-use" }
[[peer]]
name = "dc1"
address = "10.255.0.2"
asn = 65001
families = ["ipv4-unicast", "ipv6-unicast"]
next_hop_self_v6 = "fd00::1"
export = { roles = ["pod"] }
[[peer]]
name = "dc2"
address = "10.255.0.3"
asn = 65002
families = ["ipv4-unicast", "ipv6-unicast"]
next_hop_self_v6 = "fd00::1"
export = { roles = ["*"] }
"#;

/// A daemon's originations on a clock of its own.
pub(super) struct World {
    pub(super) config: Arc<Config>,
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) current: Option<Current>,
    guard: Guard,
    now: SystemTime,
}

impl World {
    pub(super) fn new(text: &str, snapshot: Arc<Snapshot>) -> Self {
        Self::new_with(&format!("{PEERS}{text}"), snapshot)
    }

    pub(super) fn new_with(text: &str, snapshot: Arc<Snapshot>) -> Self {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let config = Arc::new(config(text));
        let mut world = Self { config, snapshot, current: None, guard: Guard::default(), now };
        world.step(None);
        world
    }

    pub(super) fn step(&mut self, released: Option<&str>) -> Advance {
        let target = originate(Arc::clone(&self.snapshot), &self.config);
        let config = Arc::clone(&self.config);
        let step = advance(self.current.as_ref(), target, config, &self.guard, released, self.now);
        self.guard = Guard::new(step.next.set.guard.clone());
        self.current = Some(step.next.clone());
        step
    }

    /// The next inventory; what is held after it.
    pub(super) fn becomes(&mut self, ranges: Vec<crate::inventory::Range>) -> Vec<String> {
        self.snapshot = snapshot(ranges);
        self.step(None);
        self.held()
    }

    pub(super) fn reloads(&mut self, text: &str) -> Advance {
        self.config = Arc::new(config(text));
        self.step(None)
    }

    fn later(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    pub(super) fn now(&self) -> SystemTime {
        self.now
    }

    fn held(&self) -> Vec<String> {
        let hold = self.guard.state().hold.as_ref();
        hold.into_iter().flat_map(|hold| hold.routes.keys().map(ToString::to_string)).collect()
    }

    fn hash(&self) -> String {
        self.guard.state().hold.as_ref().unwrap().hash.clone()
    }

    fn budgets(&self) -> Vec<(Budget, Option<&str>)> {
        let hold = self.guard.state().hold.as_ref().unwrap();
        hold.reasons.iter().map(|reason| (reason.budget, reason.peer.as_deref())).collect()
    }

    fn originated(&self) -> Vec<String> {
        originated(&self.current.as_ref().unwrap().set)
    }
}

/// `count` nodes that touch nobody, each with four addresses.
pub(super) fn nodes(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("10.4.{}.{}/30", number / 32, number % 32 * 8)).collect()
}

pub(super) fn pods(nodes: &[String]) -> Vec<crate::inventory::Range> {
    vec![range("pods", "10.4.0.0/16", &nodes.iter().map(String::as_str).collect::<Vec<_>>())]
}

#[test]
fn what_is_within_the_budgets_passes_and_one_more_is_held() {
    let all = nodes(100);
    let mut world = World::new("", snapshot(pods(&all)));
    assert_eq!(world.becomes(pods(&all[20..])), Vec::<String>::new(), "20 of 100");
    assert_eq!(world.originated().len(), 80);
    let mut world = World::new("", snapshot(pods(&all)));
    assert_eq!(world.becomes(pods(&all[21..])).len(), 21, "21 of 100");
    assert_eq!(world.originated().len(), 100, "their routes stay");
    let both = [(Budget::PrefixesPercent, None), (Budget::PrefixesPercent, Some("dc1"))];
    assert!(both.iter().all(|one| world.budgets().contains(one)), "{:?}", world.budgets());
    let many = nodes(1000);
    let mut world = World::new("", snapshot(pods(&many)));
    assert_eq!(world.becomes(pods(&many[51..])).len(), 51, "51 of 1000 are few percent and too many prefixes");
    assert!(world.budgets().contains(&(Budget::Prefixes, None)));
}

#[test]
fn announcements_of_a_plan_that_is_held_go_out() {
    let all = nodes(100);
    let mut world = World::new("", snapshot(pods(&all)));
    let mut next = all[50..].to_vec();
    next.push("10.4.200.0/30".to_owned());
    assert_eq!(world.becomes(pods(&next)).len(), 50);
    assert_eq!(world.originated().len(), 101);
}

#[test]
fn one_of_three_may_go_and_a_second_only_when_the_first_is_old() {
    let all = nodes(3);
    let mut world = World::new("", snapshot(pods(&all)));
    assert_eq!(world.becomes(pods(&all[1..])), Vec::<String>::new());
    world.later(599);
    assert_eq!(world.becomes(pods(&all[2..])).len(), 1);
    let mut world = World::new("", snapshot(pods(&all)));
    assert_eq!(world.becomes(pods(&all[1..])), Vec::<String>::new());
    world.later(600);
    assert_eq!(world.becomes(pods(&all[2..])), Vec::<String>::new());
    world.later(6000);
    assert_eq!(world.becomes(pods(&[])), [all[2].clone()], "the last one never goes by itself");
}

#[test]
fn one_prefix_with_most_of_the_addresses_is_held() {
    let small: Vec<String> = nodes(20);
    let mut with_big = small.clone();
    with_big.push("10.4.128.0/20".to_owned());
    let mut world = World::new("", snapshot(pods(&with_big)));
    assert_eq!(world.becomes(pods(&small)), ["10.4.128.0/20"]);
    assert!(world.budgets().contains(&(Budget::Ipv4AddressesPercent, None)));
}

#[test]
fn the_families_are_weighed_apart() {
    let ranges = |v6: &[&str]| vec![range("pods", "10.4.0.0/16", &["10.4.0.0/17"]), range("pods-6", "fd00::/64", v6)];
    let mut world = World::new("", snapshot(ranges(&["fd00::/96"])));
    assert_eq!(world.becomes(ranges(&[])), ["fd00::/96"]);
    let budgets = world.budgets();
    assert!(budgets.contains(&(Budget::Ipv6AddressesPercent, None)), "{budgets:?}");
    assert!(!budgets.iter().any(|(budget, _)| *budget == Budget::Ipv4AddressesPercent), "{budgets:?}");
}

#[test]
fn a_slow_leak_meets_the_window() {
    let all = nodes(100);
    let mut world = World::new("", snapshot(pods(&all)));
    let mut went = 0;
    for gone in 1..=50 {
        world.becomes(pods(&all[gone..]));
        world.later(20);
        went = 100 - world.originated().len();
    }
    // 1000 seconds are less than two windows.
    assert!((20..=40).contains(&went), "{went}");
    assert_eq!(world.held().len(), 50 - went);
}

#[test]
fn what_comes_back_is_no_longer_held() {
    let all = nodes(100);
    let mut world = World::new("", snapshot(pods(&all)));
    world.becomes(pods(&all[50..]));
    let (hash, before) = (world.hash(), world.originated());
    assert_eq!(world.becomes(pods(&all[10..])).len(), 10);
    assert_ne!(world.hash(), hash, "fewer withdrawals are another plan");
    assert_eq!(world.becomes(pods(&all)), Vec::<String>::new());
    assert_eq!(world.originated(), before);
    assert!(world.current.as_ref().unwrap().set.guard.hold.is_none());
}

#[test]
fn what_is_held_goes_by_its_own_hash_alone_and_does_not_count() {
    let all = nodes(100);
    let mut world = World::new("", snapshot(pods(&all)));
    world.becomes(pods(&all[50..]));
    let hash = world.hash();
    let step = world.step(Some("0123456789abcdef"));
    assert!(step.verdict.released.is_empty() && step.change.is_empty());
    assert_eq!(world.hash(), hash, "nothing has changed");
    world.becomes(pods(&all[40..]));
    assert_ne!(world.hash(), hash);
    let step = world.step(Some(&hash));
    assert!(step.verdict.released.is_empty(), "that is no longer what is held");
    let hash = world.hash();
    let step = world.step(Some(&hash));
    assert_eq!((step.verdict.released.len(), step.change.withdraw.len()), (40, 40));
    assert_eq!(world.originated().len(), 60);
    assert_eq!(world.becomes(pods(&all[41..])), Vec::<String>::new(), "the next small change has its own budget");
}

#[test]
fn after_a_release_withdrawals_are_measured_by_what_is_left() {
    let all = nodes(100);
    let mut world = World::new("", snapshot(pods(&all)));
    assert_eq!(world.becomes(pods(&all[1..])), Vec::<String>::new(), "one of 100");
    assert_eq!(world.becomes(pods(&all[91..])).len(), 90);
    let hash = world.hash();
    world.step(Some(&hash));
    assert_eq!(world.originated().len(), 9);
    assert_eq!(world.becomes(pods(&all[92..])), Vec::<String>::new(), "two of 10");
    assert_eq!(world.becomes(pods(&all[93..])).len(), 1, "three of 10, not of 100");
}

#[test]
fn what_is_small_passes_beside_what_is_held() {
    let all = nodes(100);
    let mut world = World::new("", snapshot(pods(&all)));
    world.becomes(pods(&all[50..]));
    let hash = world.hash();
    world.becomes(pods(&all[51..]));
    assert_eq!(world.originated().len(), 99);
    assert_eq!(world.hash(), hash, "what is held is the same");
}

#[test]
fn what_is_protected_waits_alone() {
    let all = nodes(100);
    let mut world = World::new("[guard]\nprotected = [\"10.4.0.0/28 le 32\"]\n", snapshot(pods(&all)));
    assert_eq!(world.becomes(pods(&all[3..])), ["10.4.0.0/30", "10.4.0.8/30"]);
    assert_eq!(world.budgets(), [(Budget::Protected, None)]);
    assert_eq!(world.originated().len(), 99);
    let hash = world.hash();
    world.step(Some(&hash));
    assert_eq!(world.originated().len(), 97);
}

#[test]
fn a_change_of_shape_is_no_loss() {
    let single: Vec<String> = (0..128).map(|number| format!("10.4.0.{}/32", number * 2)).collect();
    let mut world = World::new("", snapshot(pods(&single)));
    assert_eq!(world.originated().len(), 128);
    let step = {
        world.snapshot = snapshot(pods(&["10.4.0.0/24".to_owned()]));
        world.step(None)
    };
    assert_eq!((step.change.announce.len(), step.change.withdraw.len()), (1, 128));
    assert!(step.verdict.passing.is_empty(), "and counts for nothing");
    // Back again: one prefix goes, and with it half of the addresses.
    assert_eq!(world.becomes(pods(&single)), Vec::<String>::new());
    assert_eq!(world.originated().len(), 128);
}

#[test]
fn a_reload_is_held_like_anything_else_and_for_the_peers_that_lose_by_it() {
    let all = nodes(30);
    let mut world = World::new("", snapshot(pods(&all)));
    let step = world.reloads(&PEERS.replace("roles = [\"pod\"]", "roles = [\"vm\"]"));
    assert!(step.change.is_empty(), "what is originated stays");
    assert_eq!(world.held().len(), 30);
    let held = &world.current.as_ref().unwrap().held_exports;
    assert_eq!(
        held.iter().map(|(peer, prefixes)| (peer.as_str(), prefixes.kept.len())).collect::<Vec<_>>(),
        [("dc1", 30)]
    );
    let hold = world.guard.state().hold.clone().unwrap();
    assert!(hold.routes.values().all(|route| !route.everywhere && *route.peers == [Arc::from("dc1")]));
    // What goes from the inventory meanwhile would be lost by more.
    assert_eq!(world.becomes(pods(&all[1..])).len(), 30);
    assert_ne!(world.hash(), hold.hash);
    // The old rules again.
    world.snapshot = snapshot(pods(&all));
    world.reloads(PEERS);
    assert_eq!(world.held(), Vec::<String>::new());
    assert!(world.current.as_ref().unwrap().held_exports.is_empty());
}

#[test]
fn another_role_is_a_loss_for_those_who_are_not_told_of_it() {
    let all = nodes(30);
    let mut world = World::new("", snapshot(pods(&all)));
    let renamed = format!("[[range_role]]\nrange = \"pods\"\nrole = \"edge\"\n{PEERS}");
    let step = world.reloads(&renamed);
    assert_eq!((step.change.announce.len(), step.change.withdraw.len()), (30, 0), "others are told of the new role");
    let held = &world.current.as_ref().unwrap().held_exports;
    assert_eq!(held.keys().collect::<Vec<_>>(), ["dc1"]);
    let hash = world.hash();
    world.step(Some(&hash));
    assert!(world.held().is_empty() && world.current.as_ref().unwrap().held_exports.is_empty());
}

#[test]
fn what_is_held_is_told_to_nobody_who_did_not_have_it() {
    let ranges = vec![range("pods", "10.4.0.0/16", &["10.4.0.0/24"]), range("other", "10.5.0.0/16", &["10.5.0.0/24"])];
    let mut world = World::new("", snapshot(ranges));
    assert_eq!(told(&world, 0).len(), 1, "dc1 is told of pods alone");
    // The last one of its role goes, and dc1 would be told of that role.
    let rules =
        PEERS.replace("range = \"*\"", "role = \"pod\"").replace("roles = [\"pod\"]", "roles = [\"pod\", \"other\"]");
    world.reloads(&format!("{rules}[guard]\nalways_allowed_prefixes = 0\n"));
    assert_eq!(world.held(), ["10.5.0.0/24"]);
    assert_eq!((told(&world, 0).len(), told(&world, 1).len()), (1, 2));
    let hash = world.hash();
    let step = world.step(Some(&hash));
    assert_eq!(step.verdict.released.len(), 1);
    assert!(world.held().is_empty() && world.current.as_ref().unwrap().held_exports.is_empty());
}

#[test]
fn attributes_change_freely() {
    let all = nodes(100);
    let mut world = World::new("", snapshot(pods(&all)));
    let med = PEERS.replace("{ mode = \"in-use\" }\n", "{ mode = \"in-use\" }\nmed = 7\n");
    let step = world.reloads(&med);
    assert_eq!((step.change.announce.len(), step.change.withdraw.len()), (100, 0));
    assert!(step.verdict.hold.is_none());
}

#[test]
fn a_guard_that_is_off_holds_nothing() {
    let all = nodes(100);
    let mut world = World::new("[guard]\nenabled = false\n", snapshot(pods(&all)));
    assert_eq!(world.becomes(pods(&[])), Vec::<String>::new());
    assert_eq!(world.originated(), Vec::<String>::new());
}

#[test]
fn what_is_remembered_survives_a_restart_at_any_clock() {
    let all = nodes(100);
    let mut world = World::new("", snapshot(pods(&all)));
    world.becomes(pods(&all[20..]));
    world.becomes(pods(&all[50..]));
    let hash = world.hash();
    let text = serde_json::to_string(world.guard.state()).unwrap();
    let state: GuardState = serde_json::from_str(&text).unwrap();
    assert_eq!(&state, world.guard.state());
    // The clock was set back by a day; a window later the past is past.
    world.now -= Duration::from_secs(86_400);
    world.guard = Guard::new(state.restored(world.now));
    world.step(None);
    assert_eq!(world.hash(), hash);
    let mut next = all[51..].to_vec();
    next.extend(all[20..50].iter().cloned());
    assert_eq!(world.becomes(pods(&next)), [all[50].clone()], "20 have gone already");
    world.later(601);
    world.becomes(pods(&all[20..]));
    assert_eq!(world.becomes(pods(&all[21..])), Vec::<String>::new());
}

/// What dc1 or dc2 is told of in that world.
pub(super) fn told(world: &World, peer: usize) -> BTreeSet<Prefix> {
    let current = world.current.as_ref().unwrap();
    let peer = &current.config.peers[peer];
    let exports = super::super::audience::Exports::of(peer, current.held_exports.get(&peer.name));
    let admitted = current.set.originations.iter().filter(|(prefix, one)| exports.admit(prefix, one));
    admitted.map(|(prefix, _)| *prefix).collect()
}

fn uncovered(before: &BTreeSet<Prefix>, after: &BTreeSet<Prefix>, space: &str) -> usize {
    let covered = |set: &BTreeSet<Prefix>, host: &Prefix| set.iter().any(|prefix| prefix.covers(host));
    super::hosts(space).iter().filter(|host| covered(before, host) && !covered(after, host)).count()
}

/// Three prefixes, whatever their share.
const THREE: &str = "[guard]\nmax_withdraw_prefixes = 3\nmax_withdraw_percent = 100\n\
max_withdraw_addresses_percent = 100\nwindow_secs = 60\n";

proptest! {
    #[test]
    fn in_no_window_more_is_lost_than_the_budget_unless_released(
        (space, first) in snapshots(),
        steps in prop::collection::vec((snapshots(), 0_u64..90, 0_u8..4), 1..12),
    ) {
        let mut world = World::new(THREE, first);
        let mut passed: Vec<(SystemTime, Tallies)> = Vec::new();
        for ((other_space, next), seconds, kind) in steps {
            if other_space != space {
                continue;
            }
            world.later(seconds);
            world.snapshot = next;
            let hash = world.guard.state().hold.as_ref().map(|hold| hold.hash.clone());
            let before = [told(&world, 0), told(&world, 1)];
            let step = world.step(hash.filter(|_| kind == 0).as_deref());
            let after = [told(&world, 0), told(&world, 1)];
            prop_assert!(step.change.withdraw.iter().all(|prefix| !step.verdict.holds(prefix)));
            // Whoever lost an address has lost it within a budget, or by a release.
            if step.verdict.released.is_empty() {
                for (peer, (before, after)) in ["dc1", "dc2"].iter().zip(before.iter().zip(&after)) {
                    let tally = step.verdict.passing.get(*peer).copied().unwrap_or_default();
                    let lost = tally.lost.ipv4 as u128 + tally.lost.ipv6;
                    prop_assert!(uncovered(before, after, space) as u128 <= lost, "{peer}: {:?}", step.verdict);
                }
            }
            passed.push((world.now, step.verdict.passing.clone()));
            let recent = |at: &SystemTime| world.now.duration_since(*at).unwrap() < Duration::from_secs(60);
            for scope in ["", "dc1", "dc2"] {
                let tallies = passed.iter().filter(|(at, _)| recent(at)).filter_map(|(_, passed)| passed.get(scope));
                prop_assert!(tallies.map(|tally| tally.prefixes).sum::<u64>() <= 3, "{scope:?}");
            }
            // All that is new goes out.
            let target = originate(Arc::clone(&world.snapshot), &world.config);
            let now = &world.current.as_ref().unwrap().set.originations;
            let there = |(prefix, one): (&Prefix, &Origination)| now.get(prefix).is_some_and(|now| now.is_same_route(one));
            prop_assert!(target.originations.iter().all(there));
            let text = serde_json::to_string(world.guard.state()).unwrap();
            prop_assert_eq!(&serde_json::from_str::<GuardState>(&text).unwrap(), world.guard.state());
        }
    }
}

#[test]
fn the_hash_is_that_of_every_version() {
    let all = nodes(2);
    let mut world = World::new("", snapshot(pods(&all)));
    world.becomes(pods(&[]));
    assert_eq!(world.held(), all);
    assert_eq!(world.hash(), "02de62528e2cdd51");
}
