//! Covers under a bound, from one snapshot to the next: what is kept, what is held down, and what the guard makes of it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bgp_core::types::Prefix;
use proptest::prelude::*;

use super::super::audience::Exports;
use super::super::explain::Extent;
use super::super::guard::Guard;
use super::super::report::current_of;
use super::super::{
    Addresses, Current, Memory, Origination, OriginationSet, Owners, Resumption, Wanted, explain, originate,
    originate_after, prepare, resume,
};
use super::{config, originated, prefix, range, snapshot, snapshots};
use crate::config::Config;
use crate::inventory::{Range, Snapshot};

/// A rule over all ranges with this in its aggregation.
fn rule(aggregation: &str) -> Config {
    config(&format!("[[advertise]]\nrange = \"*\"\naggregation = {{ mode = \"in-use\"{aggregation} }}\n{PEER}"))
}

const PEER: &str = "[[peer]]\nname = \"dc1\"\naddress = \"10.255.0.2\"\nasn = 65001\nexport = { roles = [\"*\"] }\n";

fn pods(allocated: &[&str]) -> Arc<Snapshot> {
    snapshot(vec![range("pods", "10.0.0.0/16", allocated)])
}

/// What is originated on a clock of its own.
struct World {
    config: Arc<Config>,
    memory: Memory,
    current: Option<Current>,
    guard: Guard,
    now: SystemTime,
}

impl World {
    fn new(config: Config) -> Self {
        let (config, memory, guard) = (Arc::new(config), Memory::default(), Guard::default());
        Self { config, memory, current: None, guard, now: UNIX_EPOCH + Duration::from_secs(1_000_000) }
    }

    /// The next inventory: what is announced, and what withdrawn.
    fn becomes(&mut self, snapshot: Arc<Snapshot>) -> (Vec<String>, Vec<String>) {
        self.becomes_with(snapshot, None)
    }

    fn becomes_with(&mut self, snapshot: Arc<Snapshot>, released: Option<&str>) -> (Vec<String>, Vec<String>) {
        let current = self.current.as_ref();
        let owners = |prefix: &Prefix| current.map_or_else(Owners::default, |current| current.owners(prefix));
        let wanted = Wanted { snapshot, rules: &self.config, config: Arc::clone(&self.config), released };
        let step = prepare(owners, current, &mut self.memory, wanted, &self.guard, self.now);
        self.guard = Guard::new(step.next.set.guard.clone());
        self.current = Some(step.next);
        let announced = step.change.announce.iter().map(|(prefix, _)| prefix.to_string()).collect();
        (announced, step.change.withdraw.iter().map(ToString::to_string).collect())
    }

    /// Starts anew from what the journal keeps: of what is not held, it does not say what is in use.
    fn restarts(&mut self) {
        let (set, held) = (self.set(), self.held());
        let written = |(prefix, one): (&Prefix, &Origination)| {
            let in_use = one.in_use.clone().filter(|_| held.contains(&prefix.to_string()));
            (*prefix, one.with(|one| one.in_use = in_use))
        };
        let before = Resumption {
            snapshot: Arc::clone(&set.snapshot),
            originations: set.originations.iter().map(written).collect(),
            guard: set.guard.clone(),
            told_by: Some(Arc::clone(&set.told_by)),
        };
        self.memory = Memory::default();
        self.current = Some(resume(before, &mut self.memory, Arc::clone(&self.config), self.now));
    }

    fn set(&self) -> &OriginationSet {
        &self.current.as_ref().unwrap().set
    }

    fn held(&self) -> Vec<String> {
        let hold = self.guard.state().hold.as_ref();
        hold.into_iter().flat_map(|hold| hold.routes.keys().map(ToString::to_string)).collect()
    }
}

#[test]
fn a_bound_is_over_all_ranges_roles_and_families_of_a_rule_and_joins_no_two_roles() {
    let ranges = vec![
        range("pods", "10.0.0.0/25", &["10.0.0.0/32", "10.0.0.3/32"]),
        range("nodes", "10.0.0.128/25", &["10.0.0.128/32", "10.0.0.255/32"]),
        range("pods-6", "fd00::/120", &["fd00::/128", "fd00::ff/128"]),
    ];
    let of = |most: &str| {
        let set = originate(snapshot(ranges.clone()), &rule(most));
        let roles: Vec<_> = set.originations.values().map(|one| one.role.to_string()).collect();
        (originated(&set), roles, set.rules[0].clone())
    };
    let (four, roles, outcome) = of(", max_prefixes = 4");
    assert_eq!(four, ["10.0.0.0/30", "10.0.0.128/25", "fd00::/128", "fd00::ff/128"]);
    assert_eq!(roles, ["pod", "nodes", "pod", "pod"]);
    assert_eq!(outcome.covered, Addresses { ipv4: 4 + 128, ipv6: 2 });
    assert_eq!(outcome.allocated, Addresses { ipv4: 4, ipv6: 2 });
    let bound = outcome.bound.unwrap();
    assert_eq!((bound.max_prefixes, bound.fewest, bound.exact), (Some(4), 3, 6));
    let (two, _, outcome) = of(", max_prefixes = 2");
    assert_eq!(two, ["10.0.0.0/30", "10.0.0.128/25", "fd00::/120"], "no range is left, and nobody loses a route");
    let fault =
        "max_prefixes = 2 cannot be kept: 3 prefixes are the fewest that cover what is in use and leave no range";
    assert_eq!(outcome.faults, [fault]);
}

#[test]
fn lengths_give_way_to_what_is_owned_and_to_the_bound_and_say_so() {
    let ranges =
        || vec![range("pods", "10.0.0.0/24", &["10.0.0.0/32"]), range("more-pods", "10.0.9.64/26", &["10.0.9.65/32"])];
    let of = |aggregation: &str| {
        let set = originate(snapshot(ranges()), &rule(aggregation));
        (originated(&set), set.rules[0].faults.clone())
    };
    let (prefixes, faults) = of(", max_length = 25");
    assert_eq!(prefixes, ["10.0.0.0/25", "10.0.9.64/26"]);
    assert_eq!(faults, ["longer than max_length, since their ranges are smaller: 10.0.9.64/26"]);
    let wide = |aggregation: &str| {
        let set = originate(pods(&["10.0.0.0/24", "10.0.2.0/24", "10.0.4.0/24"]), &rule(aggregation));
        (originated(&set), set.rules[0].faults.clone())
    };
    assert_eq!(wide(", max_prefixes = 2, min_length = 22").0, ["10.0.0.0/22", "10.0.4.0/24"]);
    let (prefixes, faults) = wide(", max_prefixes = 2, min_length = 23");
    assert_eq!(prefixes, ["10.0.0.0/22", "10.0.4.0/24"]);
    assert_eq!(faults, ["min_length gives way to max_prefixes: with it 3 prefixes would be the fewest"]);
}

#[test]
fn a_range_is_announced_as_a_whole_only_while_something_in_it_is_allocated() {
    let config =
        config("[[advertise]]\nrange = \"*\"\naggregation = { mode = \"subnet-ranges\", while_allocated = true }");
    let set =
        originate(snapshot(vec![range("a", "10.0.0.0/24", &["10.0.0.9/32"]), range("b", "10.0.1.0/24", &[])]), &config);
    assert_eq!(originated(&set), ["10.0.0.0/24"]);
    let chain = explain(prefix("10.0.1.7/32"), Some(&set), &config);
    let why = "allocated to nobody, and advertise[0] announces a range while something in it is in use";
    assert!(chain.summary.contains(why), "{}", chain.summary);
}

#[test]
fn new_use_is_announced_at_once_and_what_is_good_enough_stays() {
    let mut world = World::new(rule(", max_prefixes = 3, keep_percent = 20"));
    world.becomes(pods(&["10.0.0.0/24", "10.0.1.0/25", "10.0.4.0/26", "10.0.4.192/26"]));
    assert_eq!(originated(world.set()), ["10.0.0.0/23", "10.0.4.0/26", "10.0.4.192/26"]);
    let five = ["10.0.0.0/24", "10.0.1.0/25", "10.0.4.0/26", "10.0.4.192/26", "10.0.8.0/26"];
    let moved = world.becomes(pods(&five));
    let (new, gone) = (["10.0.4.0/24", "10.0.8.0/26"], ["10.0.4.0/26", "10.0.4.192/26"]);
    assert_eq!(moved, (new.map(str::to_owned).into(), gone.map(str::to_owned).into()));
    let nothing = (Vec::new(), Vec::new());
    let moved = world.becomes(pods(&["10.0.0.0/24", "10.0.1.0/26", "10.0.4.0/25", "10.0.8.0/26"]));
    assert_eq!(moved, nothing, "other parts of the same prefixes are in use");
    assert_eq!(world.set().rules[0].covered, Addresses { ipv4: 512 + 256 + 64, ipv6: 0 });
    assert_eq!(world.set().rules[0].allocated, Addresses { ipv4: 256 + 64 + 128 + 64, ipv6: 0 });
}

#[test]
fn what_is_no_longer_allocated_is_held_down_and_then_goes() {
    let mut world = World::new(rule(", hold_down_secs = 60"));
    world.becomes(pods(&["10.0.0.0/24", "10.0.1.0/24"]));
    let at_first = world.now;
    assert_eq!(world.becomes(pods(&["10.0.0.0/24", "10.0.9.0/24"])), (vec!["10.0.9.0/24".to_owned()], vec![]));
    assert_eq!(world.memory.next_end(), Some(at_first + Duration::from_secs(60)));
    assert_eq!(originated(world.set()), ["10.0.0.0/23", "10.0.9.0/24"]);
    assert_eq!(world.set().rules[0].allocated, Addresses { ipv4: 512, ipv6: 0 });
    world.now += Duration::from_secs(59);
    assert_eq!(world.becomes(pods(&["10.0.0.0/24", "10.0.9.0/24"])), (vec![], vec![]));
    world.now += Duration::from_secs(1);
    let gone = world.becomes(pods(&["10.0.0.0/24", "10.0.9.0/24"]));
    assert_eq!(gone, (vec!["10.0.0.0/24".to_owned()], vec!["10.0.0.0/23".to_owned()]));
    assert_eq!(world.memory.next_end(), None);
}

#[test]
fn what_comes_back_is_held_down_anew_and_a_range_that_is_gone_is_not() {
    let mut world = World::new(rule(", max_prefixes = 9, hold_down_secs = 60"));
    let both = ["10.0.0.0/24", "10.0.9.0/24"];
    world.becomes(pods(&both));
    world.becomes(pods(&both[..1]));
    world.now += Duration::from_secs(40);
    world.becomes(pods(&both));
    world.becomes(pods(&both[..1]));
    world.now += Duration::from_secs(40);
    assert_eq!(world.becomes(pods(&both[..1])), (vec![], vec![]));
    world.becomes(snapshot(vec![range("pods", "10.0.0.0/21", &both[..1])]));
    assert_eq!(originated(world.set()), ["10.0.0.0/24"], "what lies outside of all ranges is not ours");
}

#[test]
fn the_guard_does_not_count_what_nobody_had() {
    let text = |most| {
        format!(
            "[[advertise]]\nrange = \"*\"\naggregation = {{ mode = \"in-use\", max_prefixes = {most} }}\n{PEER}\
             [guard]\nmax_withdraw_prefixes = 0\nmax_withdraw_addresses_percent = 0\nalways_allowed_prefixes = 0"
        )
    };
    let mut world = World::new(config(&text(1)));
    world.becomes(pods(&["10.0.0.0/26", "10.0.0.192/26"]));
    world.config = Arc::new(config(&text(2)));
    let moved = world.becomes(pods(&["10.0.0.0/26", "10.0.0.192/26"]));
    let parts = vec!["10.0.0.0/26".to_owned(), "10.0.0.192/26".to_owned()];
    assert_eq!(moved, (parts, vec!["10.0.0.0/24".to_owned()]));
    world.becomes(pods(&["10.0.0.0/26"]));
    assert_eq!(world.held(), ["10.0.0.192/26"], "somebody had that");
}

#[test]
fn the_guard_counts_what_was_in_use_lately_although_it_stayed_covered() {
    let text = format!(
        "[[advertise]]\nrange = \"*\"\naggregation = {{ mode = \"in-use\", max_prefixes = 9, keep_percent = 100 }}\n{PEER}\
         [guard]\nmax_withdraw_prefixes = 0\nmax_withdraw_addresses_percent = 0\nalways_allowed_prefixes = 0\nwindow_secs = 100"
    );
    let lives = |wait: u64| {
        let mut world = World::new(config(&text));
        world.becomes(pods(&["10.0.0.0/26", "10.0.0.64/26", "10.0.0.128/26", "10.0.0.192/26"]));
        let half = ["10.0.0.0/26", "10.0.0.64/26"];
        world.becomes(pods(&half));
        assert_eq!(originated(world.set()), ["10.0.0.0/24"], "it is good enough");
        world.now += Duration::from_secs(wait);
        world.becomes(pods(&half));
        world.config = Arc::new(config(&text.replace("keep_percent = 100", "keep_percent = 0")));
        world.becomes(pods(&half));
        world.held()
    };
    assert_eq!(lives(99), ["10.0.0.0/24"], "half of it was in use within the window");
    assert_eq!(lives(100), [""; 0], "nobody lost what nobody had by then");
}

#[test]
fn the_guard_measures_by_what_was_in_use_and_not_by_what_was_covered() {
    let text = format!(
        "[[advertise]]\nrange = \"*\"\naggregation = {{ mode = \"in-use\", max_prefixes = 2 }}\n{PEER}\
         [guard]\nmax_withdraw_percent = 100\nmax_withdraw_addresses_percent = 40\nalways_allowed_prefixes = 0"
    );
    let mut world = World::new(config(&text));
    // Nearly all that is covered lies between the two that are far from each other.
    world.becomes(pods(&["10.0.0.0/26", "10.0.127.0/26", "10.0.240.0/26"]));
    assert_eq!(originated(world.set()), ["10.0.0.0/17", "10.0.240.0/26"]);
    world.becomes(pods(&["10.0.0.0/26", "10.0.127.0/26"]));
    assert_eq!(world.held(), Vec::<String>::new(), "a third of what is in use, and few of the addresses covered");
    let mut world = World::new(config(&text.replace("addresses_percent = 40", "addresses_percent = 20")));
    world.becomes(pods(&["10.0.0.0/26", "10.0.127.0/26", "10.0.240.0/26"]));
    world.becomes(pods(&["10.0.0.0/26", "10.0.127.0/26"]));
    assert_eq!(world.held(), ["10.0.240.0/26"], "a third is more than a fifth, however much is covered");
}

#[test]
fn what_the_guard_holds_is_covered_within_the_bound_until_it_is_released() {
    let text = format!(
        "[[advertise]]\nrange = \"*\"\naggregation = {{ mode = \"in-use\", max_prefixes = 4, keep_percent = 10 }}\n{PEER}\
         [guard]\nmax_withdraw_prefixes = 2"
    );
    let mut world = World::new(config(&text));
    let (old, new) = (
        ["10.0.0.0/26", "10.0.16.0/26", "10.0.32.0/26", "10.0.48.0/26"],
        ["10.0.64.0/26", "10.0.80.0/26", "10.0.96.0/26", "10.0.112.0/26"],
    );
    world.becomes(pods(&old));
    assert_eq!(originated(world.set()), old);
    let before: BTreeSet<Prefix> = world.set().originations.keys().copied().collect();
    let (announced, withdrawn) = world.becomes(pods(&new));
    let set = world.set();
    assert!(set.originations.len() <= 4, "{:?}", originated(set));
    for one in old.iter().chain(&new) {
        assert_eq!(set.overlapping(&prefix(one)).count(), 1, "{one} of {:?}", originated(set));
    }
    let wire: BTreeSet<Prefix> = before.into_iter().chain(announced.iter().map(|text| prefix(text))).collect();
    let left: BTreeSet<Prefix> = wire.into_iter().filter(|one| !withdrawn.contains(&one.to_string())).collect();
    assert_eq!(left, set.originations.keys().copied().collect(), "the plan is the difference");
    let hash = world.guard.state().hold.as_ref().unwrap().hash.clone();
    assert!(world.held().iter().all(|held| originated(world.set()).contains(held)), "what is held is originated");

    world.now += Duration::from_secs(3600);
    assert_eq!(world.becomes(pods(&new)), (vec![], vec![]), "it waits for a person, however long");
    assert_eq!(world.guard.state().hold.as_ref().unwrap().hash, hash);
    world.becomes_with(pods(&new), Some(&hash));
    assert_eq!((originated(world.set()), world.held()), (new.map(str::to_owned).to_vec(), vec![]));
}

#[test]
fn what_is_held_under_a_bound_stays_held_after_a_restart() {
    let text = format!(
        "[[advertise]]\nrange = \"*\"\naggregation = {{ mode = \"in-use\", max_prefixes = 4 }}\n{PEER}\
         [guard]\nmax_withdraw_prefixes = 0"
    );
    let mut world = World::new(config(&text));
    world.becomes(pods(&["10.0.0.0/26", "10.0.16.0/26"]));
    world.becomes(pods(&["10.0.0.0/26"]));
    assert_eq!(world.held(), ["10.0.16.0/26"]);
    world.restarts();
    assert_eq!(world.becomes(pods(&["10.0.0.0/26"])), (vec![], vec![]), "nobody has let it go");
    assert_eq!(world.held(), ["10.0.16.0/26"]);
}

#[test]
fn of_a_cover_that_is_held_a_restart_does_not_forget_what_was_in_use() {
    let text = format!(
        "[[advertise]]\nrange = \"*\"\naggregation = {{ mode = \"in-use\", max_prefixes = 2 }}\n{PEER}\
         [guard]\nmax_withdraw_prefixes = 0"
    );
    let mut world = World::new(config(&text));
    world.becomes(pods(&["10.0.0.0/26", "10.0.127.0/26", "10.0.240.0/26"]));
    world.becomes(pods(&["10.0.240.0/26"]));
    assert_eq!(world.held(), ["10.0.0.0/17"]);
    let in_use = |world: &World| -> Vec<String> {
        let held = world.set().originations.get(&prefix("10.0.0.0/17")).unwrap();
        held.in_use.as_ref().unwrap().iter().map(ToString::to_string).collect()
    };
    assert_eq!(in_use(&world), ["10.0.0.0/26", "10.0.127.0/26"]);
    let before = world.set().clone();
    world.restarts();
    assert_eq!(in_use(&world), ["10.0.0.0/26", "10.0.127.0/26"]);
    world.becomes(pods(&["10.0.240.0/26"]));
    assert_eq!(world.held(), ["10.0.0.0/17"]);
    assert_eq!(world.set().originations, before.originations);
}

#[test]
fn what_is_held_is_not_covered_within_the_bound_where_that_takes_a_route_from_somebody() {
    let old = ["10.0.0.0/26", "10.0.16.0/26", "10.0.32.0/26", "10.0.48.0/26"];
    // Each between two of the old ones, so that four prefixes over all of them are each over some of both.
    let new = ["10.0.8.0/26", "10.0.24.0/26", "10.0.40.0/26", "10.0.56.0/26"];
    let text = |peers: &str| {
        config(&format!(
            "[[advertise]]\nrange = \"*\"\naggregation = {{ mode = \"in-use\", max_prefixes = 4, keep_percent = 10 }}\n\
             {PEER}{peers}[guard]\nmax_withdraw_prefixes = 2"
        ))
    };
    let second = "[[peer]]\nname = \"dc2\"\naddress = \"10.255.0.3\"\nasn = 65002\nexport = ";
    let of_nodes = format!("{second}{{ roles = [\"*\"], allow = [\"10.0.0.0/16 ge 26 le 32\"] }}\n");
    let anybody = format!("{second}{{ roles = [\"*\"] }}\n");
    // dc2 takes no aggregate; or it was not there when what is held was told.
    for (before, after) in [(&*of_nodes, &*of_nodes), ("", &*anybody)] {
        let mut world = World::new(text(before));
        world.becomes(pods(&old));
        world.config = Arc::new(text(after));
        world.becomes(pods(&new));
        assert_eq!(world.held(), old, "as it was");
        let current = world.current.as_ref().unwrap();
        let dc2 = Exports::of(world.config.peer("dc2").unwrap(), current.held_exports.get("dc2"));
        let told: Vec<String> = world
            .set()
            .originations
            .iter()
            .filter(|(prefix, one)| dc2.admit(prefix, one))
            .map(|(prefix, _)| prefix.to_string())
            .collect();
        assert!(new.iter().all(|one| told.contains(&(*one).to_owned())), "{told:?}");
    }
}

#[test]
fn what_is_protected_is_so_in_an_aggregate_too() {
    for protected in ["10.0.0.0/24", "10.0.0.0/23 ge 24 le 26"] {
        what_is_protected_waits(protected);
    }
}

fn what_is_protected_waits(protected: &str) {
    let bound = "mode = \"in-use\", max_prefixes = 1, keep_percent = 0";
    let text = format!("[[advertise]]\nrange = \"*\"\naggregation = {{ {bound} }}\n{PEER}");
    let budgets =
        format!("max_withdraw_percent = 100\nmax_withdraw_addresses_percent = 100\nprotected = [\"{protected}\"]");
    let mut world = World::new(config(&format!("{text}[guard]\n{budgets}\n")));
    let all = ["10.0.0.0/26", "10.0.7.0/24", "10.0.15.0/24"];
    world.becomes(pods(&all));
    assert_eq!(originated(world.set()), ["10.0.0.0/20"]);
    world.becomes(pods(&all[..2]));
    assert_eq!((originated(world.set()), world.held()), (vec!["10.0.0.0/21".to_owned()], vec![]), "others may go");
    world.becomes(pods(&all[1..2]));
    assert_eq!(world.held(), ["10.0.0.0/21"], "and what is protected waits");
    let hold = world.guard.state().hold.clone().unwrap();
    assert!(hold.routes.values().all(|route| route.protected), "{hold:?}");
}

#[test]
fn an_aggregate_is_a_route_of_ours_like_any_other() {
    let set = originate(pods(&["10.0.0.0/26", "10.0.0.192/26"]), &rule(", max_prefixes = 1"));
    let (_, origination) = set.originations.iter().next().unwrap();
    let attributes = &origination.attributes;
    assert_eq!((attributes.atomic_aggregate, attributes.aggregator), (false, None), "no AS was left out of a path");
    assert_eq!(attributes.as_path, bgp_core::attribute::AsPath::default(), "no AS_SET either");
}

#[test]
fn an_address_that_is_covered_besides_says_why_and_names_who_has_the_rest() {
    let config = rule(", max_prefixes = 1");
    let set = originate(pods(&["10.0.0.0/26", "10.0.0.192/26"]), &config);
    let chain = explain(prefix("10.0.0.100/32"), Some(&set), &config);
    assert_eq!(chain.originated, Extent::Whole);
    let why = "10.0.0.100 is allocated to nobody; it is announced because advertise[0] makes at most 1 prefixes";
    assert_eq!(chain.ranges[0].notes, [why]);
    assert_eq!(chain.ranges[0].rule.as_ref().unwrap().max_prefixes, Some(1));
    let contributors = &chain.ranges[0].originations[0].contributors;
    assert_eq!(contributors.total, 2);
    assert!(contributors.shown[1].starts_with("10.0.0.192/26 alias range of instance"), "{contributors:?}");
}

/// Rules under which everything can happen: two bounds, lengths, and a role of its own.
const BOUNDED: &str = r#"
[[advertise]]
range = "pods*"
aggregation = { mode = "in-use", max_prefixes = 3, keep_percent = 20 }
[[advertise]]
range = "*"
aggregation = { mode = "in-use", max_prefixes = 2, min_length = 27, max_length = 30, keep_percent = 0 }
"#;

fn lives() -> impl Strategy<Value = Vec<Arc<Snapshot>>> {
    prop::collection::vec(snapshots().prop_map(|(_, snapshot)| snapshot), 1..6)
}

fn allocated(ranges: &[Range]) -> impl Iterator<Item = Prefix> {
    ranges.iter().flat_map(|range| range.allocations.keys()).map(|allocation| allocation.prefix)
}

proptest! {
    #[test]
    fn what_is_remembered_changes_nothing_but_the_work(lives in lives()) {
        let config = config(BOUNDED);
        let (mut memory, mut before): (_, Option<OriginationSet>) = (Memory::default(), None);
        for snapshot in lives {
            let known = originate_after(before.as_ref(), &mut memory, Arc::clone(&snapshot), &config, UNIX_EPOCH);
            let anew = originate_after(before.as_ref(), &mut Memory::default(), snapshot, &config, UNIX_EPOCH);
            prop_assert_eq!(originated(&known), originated(&anew));
            prop_assert_eq!(&known.rules, &anew.rules);
            before = Some(known);
        }
    }

    #[test]
    fn covers_all_that_is_allocated_with_prefixes_of_one_rule_and_role_and_no_more_than_there_may_be(lives in lives()) {
        let config = config(BOUNDED);
        let (mut memory, mut before): (_, Option<OriginationSet>) = (Memory::default(), None);
        for snapshot in lives {
            let set = originate_after(before.as_ref(), &mut memory, Arc::clone(&snapshot), &config, UNIX_EPOCH);
            for one in allocated(&snapshot.ranges) {
                let service = snapshot.range_of(&one).is_some_and(|range| range.name.to_string() == "svc");
                let uncovered = super::super::coverage::uncovered(&one, set.overlapping(&one).map(|(prefix, _)| prefix));
                prop_assert!(service || uncovered.is_none(), "{} of {:?}", one, originated(&set));
            }
            for (rule, outcome) in set.rules.iter().enumerate() {
                let bound = outcome.bound.unwrap();
                let count = set.originations.values().filter(|one| one.rule == Some(rule)).count();
                prop_assert_eq!(count, outcome.prefixes);
                let most = bound.max_prefixes.unwrap() as usize;
                prop_assert!(count <= most || !outcome.faults.is_empty(), "{} prefixes: {:?}", count, outcome);
            }
            for (prefix, origination) in &set.originations {
                let overlapping = snapshot.ranges.iter().enumerate().filter(|(_, range)| range.prefix.overlaps(prefix));
                prop_assert_eq!(&origination.ranges, &overlapping.map(|(index, _)| index).collect());
                let roles = origination.ranges.iter().map(|index| &set.ranges[*index].role);
                prop_assert!(roles.into_iter().all(|role| *role == origination.role));
                let ours = origination.ranges.iter().map(|index| snapshot.ranges[*index].prefix);
                let left = super::super::coverage::uncovered(prefix, &ours.collect::<Vec<_>>());
                prop_assert!(left.is_none(), "{} leaves its ranges", prefix);
            }
            before = Some(set);
        }
    }

    #[test]
    fn a_journal_leads_to_what_was_originated_and_from_there_to_the_same(lives in lives()) {
        let config = Arc::new(config(BOUNDED));
        let mut before: Option<OriginationSet> = None;
        for snapshot in &lives {
            let now = SystemTime::UNIX_EPOCH;
            before = Some(originate_after(before.as_ref(), &mut Memory::default(), Arc::clone(snapshot), &config, now));
        }
        let before = before.unwrap();
        let plain = |(prefix, one): (&Prefix, &Origination)| (*prefix, one.with(|one| one.in_use = None));
        let written = before.originations.iter().map(plain).collect();
        let (guard, snapshot) = (before.guard.clone(), Arc::clone(&before.snapshot));
        let set = super::super::originate::restore(written, guard, &mut Memory::default(), snapshot, (&config, &config), UNIX_EPOCH);
        prop_assert_eq!(&set.originations, &before.originations);
        let current = current_of(set, Arc::clone(&config));
        let again = originate_after(Some(&current.set), &mut Memory::default(), Arc::clone(&before.snapshot), &config, UNIX_EPOCH);
        prop_assert_eq!(again.originations, before.originations);
    }
}
