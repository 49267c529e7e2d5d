//! What is made from what has changed is what is made from everything.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use bgp_core::types::Prefix;
use proptest::prelude::*;
use proptest::sample::Index;

use super::super::aggregation::Moment;
use super::super::audience::Exports;
use super::super::guard::Guard;
use super::super::sizes::Sizes;
use super::super::{Memory, Originated, OriginationSet, advance, originate, originate_after};
use super::{
    OTHER_RULES, RULES, SPACES, block, config, config_of_region, range, resource, snapshot, snapshots, subnetwork,
};
use crate::config::Config;
use crate::inventory::{Allocation, Owner, RangeName, Snapshot};

/// Ranges as a whole while something is allocated in them, of two rules.
const WHILE_ALLOCATED: &str = r#"
[[advertise]]
range = "pods-*"
aggregation = { mode = "subnet-ranges", while_allocated = true }
[[advertise]]
range = "*"
aggregation = { mode = "in-use" }
"#;

/// Other regions at costs, of which one is not known, and custom ranges that are equal to what is allocated now and then, and
/// around it.
const WITH_REGIONS: &str = r#"
[[advertise]]
range = "*"
aggregation = { mode = "in-use" }
[[advertise]]
group = "ALL_SUBNETS"
aggregation = { mode = "subnet-ranges", while_allocated = true }
[[peer]]
name = "dc1"
address = "10.255.0.2"
asn = 65001
advertise_mode = "CUSTOM"
advertised_groups = ["ALL_SUBNETS"]
advertised_ip_ranges = [{ range = "10.0.0.0/27" }, { range = "10.0.0.32/28" }, { range = "10.0.0.1/32" }, { range = "::/0" }]
"#;

/// The configuration of these rules, which may say what other regions cost.
fn rules_of(text: &str) -> Config {
    match text == WITH_REGIONS {
        true => config_of_region(
            "region = \"us-central1\"\nrouting_mode = \"GLOBAL\"\ninter_region_cost = { europe-west1 = 250 }",
            text,
        ),
        false => config(text),
    }
}

/// The same ranges with some of them in other regions.
fn spread(snapshot: &Snapshot) -> Arc<Snapshot> {
    let mut snapshot = snapshot.clone();
    for range in &mut snapshot.ranges {
        let place = match &range.name {
            RangeName::Secondary(name) if **name == *"pods-b" => "europe-west1/gke",
            RangeName::Secondary(name) if **name == *"other" => "asia-east1/gke",
            _ => continue,
        };
        range.subnetwork = subnetwork(place);
    }
    Arc::new(snapshot)
}

/// What comes next.
#[derive(Clone, Debug)]
enum Step {
    /// In the range of this place, what is allocated to this owner is not any more, or the other way round.
    Toggle(Vec<(Index, u8, u8, u8)>),
    /// Other ranges.
    Ranges(Arc<Snapshot>),
    /// Other rules.
    Rules(&'static str),
}

fn step() -> impl Strategy<Value = Step> {
    let toggles = prop::collection::vec((any::<Index>(), 0_u8..64, 0_u8..=6, 0_u8..3), 1..6);
    let rules = prop::sample::select(vec![RULES, OTHER_RULES, WHILE_ALLOCATED, WITH_REGIONS]);
    prop_oneof![
        8 => toggles.prop_map(Step::Toggle),
        1 => snapshots().prop_map(|(_, snapshot)| Step::Ranges(spread(&snapshot))),
        1 => rules.prop_map(Step::Rules),
    ]
}

fn toggled(snapshot: &Snapshot, toggles: &[(Index, u8, u8, u8)]) -> Arc<Snapshot> {
    let mut snapshot = snapshot.clone();
    for (place, offset, bits, owner) in toggles {
        if snapshot.ranges.is_empty() {
            break;
        }
        let place = place.index(snapshot.ranges.len());
        let range = &mut snapshot.ranges[place];
        let instance = resource(&format!("projects/p/zones/z/instances/vm-{owner}"));
        let owner = match owner {
            0 => Owner::Address(instance),
            _ => Owner::AliasRange { instance, interface: Arc::from("nic0") },
        };
        // Blocks of the space that this range lies in.
        let inside = SPACES.iter().map(|space| block(space, *offset, *bits)).find(|one| range.prefix.covers(one));
        let prefix: Prefix = inside.unwrap_or(range.prefix);
        let allocation = Allocation { prefix, owner: owner.into() };
        if range.allocations.remove(&allocation).is_none() {
            range.allocations.insert(allocation, ());
        }
    }
    Arc::new(snapshot)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn from_what_has_changed_comes_what_comes_from_everything(
        (_, first) in snapshots(), steps in prop::collection::vec(step(), 1..24)
    ) {
        let (mut memory, mut rules, mut snapshot) = (Memory::default(), rules_of(WITH_REGIONS), spread(&first));
        let set = originate_after(None, &mut memory, Arc::clone(&snapshot), &rules, UNIX_EPOCH);
        prop_assert_eq!(&set, &originate(Arc::clone(&snapshot), &rules));
        for step in steps {
            let is_short = matches!(step, Step::Toggle(_));
            match step {
                Step::Toggle(toggles) => snapshot = toggled(&snapshot, &toggles),
                Step::Ranges(other) => snapshot = other,
                Step::Rules(text) => rules = rules_of(text),
            }
            let change = memory.last.as_ref().filter(|last| last.is_by(&rules));
            // No rule of these remembers anything.
            let moment = Moment { before: None, now: UNIX_EPOCH, window: Duration::ZERO };
            let change = change.and_then(|last| last.change(&snapshot, &mut Memory::default(), moment));
            prop_assert!(change.is_some() || !is_short, "it takes the short way");
            let set = originate_after(None, &mut memory, Arc::clone(&snapshot), &rules, UNIX_EPOCH);
            prop_assert_eq!(&set, &originate(Arc::clone(&snapshot), &rules));
        }
    }
}

/// Bounds with everything that may be kept, held down or counted for a while, beside a rule that needs nothing of it.
const BOUNDED: &str = r#"
[[advertise]]
range = "pods-a"
aggregation = { mode = "in-use", max_prefixes = 3, keep_percent = 30, hold_down_secs = 60 }
[[advertise]]
range = "pods-b"
aggregation = { mode = "in-use" }
[[advertise]]
range = "*"
aggregation = { mode = "in-use", max_prefixes = 4, max_length = 30, max_length_v6 = 126 }
[guard]
window_secs = 100
"#;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn covers_under_a_bound_come_out_of_what_has_changed_as_of_everything(
        (_, first) in snapshots(),
        steps in prop::collection::vec((step(), prop::sample::select(vec![0_u64, 1, 30, 59, 60, 99, 100, 200])), 1..24)
    ) {
        let (mut memory, mut in_full, mut rules, mut snapshot) =
            (Memory::default(), Memory::default(), bounded_with_regions(), spread(&first));
        let (mut now, mut before): (_, Option<OriginationSet>) = (UNIX_EPOCH, None);
        for (step, seconds) in std::iter::once((Step::Toggle(Vec::new()), 0)).chain(steps) {
            now += Duration::from_secs(seconds);
            match step {
                Step::Toggle(toggles) => snapshot = toggled(&snapshot, &toggles),
                Step::Ranges(other) => snapshot = other,
                Step::Rules(text) if text == RULES => rules = config(RULES),
                Step::Rules(text) if text == WITH_REGIONS => rules = bounded_with_regions(),
                Step::Rules(_) => rules = config(BOUNDED),
            }
            let set = originate_after(before.as_ref(), &mut memory, Arc::clone(&snapshot), &rules, now);
            in_full.last = None;
            let expected = originate_after(before.as_ref(), &mut in_full, Arc::clone(&snapshot), &rules, now);
            prop_assert_eq!(&set, &expected);
            prop_assert_eq!(memory.next_end(), in_full.next_end());
            before = Some(set);
        }
    }
}

/// The same with regions and custom ranges.
fn bounded_with_regions() -> Config {
    let peers = WITH_REGIONS.split_once("[[peer]]").unwrap().1;
    let global = "region = \"us-central1\"\nrouting_mode = \"GLOBAL\"\ninter_region_cost = { europe-west1 = 250 }";
    config_of_region(global, &format!("{BOUNDED}[[peer]]{peers}"))
}

/// Two that are told different things, with a guard that holds now and then.
const PEERS: &str = r#"
[[peer]]
name = "dc1"
address = "10.255.0.2"
asn = 65001
export = { roles = ["*"] }
advertise_mode = "CUSTOM"
advertised_groups = ["ALL_SUBNETS"]
advertised_ip_ranges = [{ range = "10.0.0.0/8" }, { range = "10.0.0.4/30" }]
[[peer]]
name = "dc2"
address = "10.255.0.3"
asn = 65002
export = { roles = ["pod"], allow = ["10.0.0.0/27 le 32", "fd00::/8 le 126"] }
[guard]
max_withdraw_prefixes = 3
max_withdraw_percent = 100
max_withdraw_addresses_percent = 100
"#;

proptest! {
    #[test]
    fn sizes_that_are_kept_up_are_those_that_are_counted(
        (_, first) in snapshots(), steps in prop::collection::vec(step(), 1..24)
    ) {
        let of = |rules: &str| {
            let rules = rules.split_once("[[peer]]").map_or(rules, |(rules, _)| rules);
            Arc::new(config(&format!("{rules}{PEERS}")))
        };
        let (mut memory, mut rules, mut snapshot, mut guard) = (Memory::default(), of(RULES), first, Guard::default());
        let mut current = None;
        for step in std::iter::once(Step::Toggle(Vec::new())).chain(steps) {
            match step {
                Step::Toggle(toggles) => snapshot = toggled(&snapshot, &toggles),
                Step::Ranges(other) => snapshot = other,
                Step::Rules(text) => rules = of(text),
            }
            let target = originate_after(None, &mut memory, Arc::clone(&snapshot), &rules, UNIX_EPOCH);
            let step = advance(current.as_ref(), target, Arc::clone(&rules), &guard, None, UNIX_EPOCH);
            let next = step.next;
            guard = Guard::new(next.set.guard.clone());
            let (originations, mut kept) = (&next.set.originations, next.sizes.clone());
            prop_assert_eq!(kept.everybody(originations), Sizes::default().everybody(originations));
            for peer in &rules.peers {
                let exports = Exports::of(peer, next.held_exports.get(&peer.name));
                let counted = Sizes::default().told(originations, &exports);
                prop_assert_eq!(kept.told(originations, &exports), counted, "{}", peer.name);
            }
            current = Some(next);
        }
    }
}

#[test]
fn what_does_not_change_is_shared() {
    let rules = config(RULES);
    let every_second: Vec<String> = (0..=255).step_by(2).map(|host| format!("10.0.0.{host}/32")).collect();
    let texts: Vec<&str> = every_second.iter().map(String::as_str).collect();
    let before = super::snapshot(vec![super::range("pods", "10.0.0.0/24", &texts)]);
    let mut memory = Memory::default();
    let first = originate_after(None, &mut memory, Arc::clone(&before), &rules, UNIX_EPOCH);
    let mut after = Snapshot::clone(&before);
    let gone = before.ranges[0].allocations.keys().last().unwrap().clone();
    after.ranges[0].allocations.remove(&gone);
    let second = originate_after(None, &mut memory, Arc::new(after), &rules, UNIX_EPOCH);
    let differing: Vec<_> = first.originations.changes(&second.originations).map(|change| *change.key).collect();
    assert!(differing.len() < first.originations.len() / 4, "{} were looked at", differing.len());
    assert!(differing.contains(&gone.prefix));
}

#[test]
fn what_is_new_shares_what_it_is_with_what_lies_beside_it() {
    let (config, mut memory) = (config(RULES), Memory::default());
    let mut take = |aliases: &[&str]| {
        let snapshot = snapshot(vec![range("gke-pods", "10.0.0.0/24", aliases)]);
        originate_after(None, &mut memory, snapshot, &config, UNIX_EPOCH)
    };
    take(&["10.0.0.1/32", "10.0.0.9/32"]);
    let set = take(&["10.0.0.1/32", "10.0.0.5/32", "10.0.0.9/32", "10.0.0.12/32"]);
    let all: Vec<&Originated> = set.originations.values().map(|one| &**one).collect();
    assert_eq!(all.len(), 4);
    assert!(all.iter().all(|one| std::ptr::eq(*one, all[0])));
}
