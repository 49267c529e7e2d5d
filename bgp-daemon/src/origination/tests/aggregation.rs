//! Aggregation against a model that looks at every address.

use std::collections::BTreeSet;

use bgp_core::types::Prefix;
use proptest::prelude::*;

use super::super::originate;
use super::{RULES, config, hosts, originated, range, snapshot, snapshots};
use crate::config::Config;

const IN_USE: &str = "[[advertise]]\nrole = \"pod\"\naggregation = { mode = \"in-use\" }\n";

/// The only minimal cover there is: a prefix whose addresses are all in `wanted`, or else that of its halves.
fn cover(space: Prefix, hosts: &[Prefix], wanted: &BTreeSet<Prefix>, found: &mut Vec<Prefix>) {
    if hosts.iter().filter(|host| space.covers(host)).all(|host| wanted.contains(host)) {
        found.push(space);
    } else if let Ok(halves) = space.net().subnets(space.len() + 1) {
        halves.for_each(|half| cover(half.into(), hosts, wanted, found));
    }
}

#[test]
fn joins_what_is_allocated_and_nothing_else() {
    let rules = config(IN_USE);
    let aliases = ["10.0.0.0/25", "10.0.0.128/26", "10.0.0.192/26", "10.0.2.0/24", "10.0.3.1/32"];
    let set = originate(snapshot(vec![range("pods", "10.0.0.0/16", &aliases)]), &rules);
    assert_eq!(originated(&set), ["10.0.0.0/24", "10.0.2.0/24", "10.0.3.1/32"]);
}

#[test]
fn joins_across_ranges_of_one_role_and_remembers_them() {
    let ranges = vec![
        range("pods-a", "10.0.0.0/24", &["10.0.0.0/24"]),
        range("pods-b", "10.0.1.0/24", &["10.0.1.0/25", "10.0.1.128/25"]),
        range("pods-c", "10.0.2.0/24", &["10.0.2.0/25"]),
        range("pods-d", "10.0.3.0/24", &[]),
    ];
    let set = originate(snapshot(ranges), &config(IN_USE));
    assert_eq!(originated(&set), ["10.0.0.0/23", "10.0.2.0/25"]);
    let made_of: Vec<_> = set.originations.values().map(|origination| origination.ranges.clone()).collect();
    assert_eq!(made_of, [[0, 1].into(), [2].into()]);
}

#[test]
fn never_joins_ranges_of_two_roles_or_two_rules() {
    let ranges = || {
        let red = range("red", "10.0.0.0/25", &["10.0.0.0/25"]);
        vec![red, range("green", "10.0.0.128/25", &["10.0.0.128/25"])]
    };
    let by_range =
        |pattern: &str| format!("[[advertise]]\nrange = {pattern:?}\naggregation = {{ mode = \"in-use\" }}\n");
    let two_roles = originate(snapshot(ranges()), &config(&by_range("*")));
    assert_eq!(originated(&two_roles), ["10.0.0.0/25", "10.0.0.128/25"]);
    let one_role = "[[range_role]]\nrange = \"*\"\nrole = \"colour\"\n";
    let two_rules = config(&format!("{one_role}{}{}", by_range("red"), by_range("green")));
    assert_eq!(originated(&originate(snapshot(ranges()), &two_rules)), ["10.0.0.0/25", "10.0.0.128/25"]);
    let one_of_each = config(&format!("{one_role}{}", by_range("*")));
    assert_eq!(originated(&originate(snapshot(ranges()), &one_of_each)), ["10.0.0.0/24"]);
}

#[test]
fn covers_a_family_to_its_last_address() {
    let ranges = vec![
        range("pods", "240.0.0.0/4", &["255.255.255.254/32", "255.255.255.255/32", "240.0.0.0/32"]),
        range("pods-6", "fd00::/8", &["fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"]),
    ];
    let set = originate(snapshot(ranges), &config(IN_USE));
    assert_eq!(originated(&set), ["240.0.0.0/32", "255.255.255.254/31", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"]);
}

#[test]
fn ignores_an_allocation_outside_its_range() {
    let set = originate(
        snapshot(vec![range("pods", "10.0.0.0/24", &["10.0.0.1/32", "10.9.0.1/32", "10.0.0.0/8"])]),
        &config(IN_USE),
    );
    assert_eq!(originated(&set), ["10.0.0.1/32"]);
}

fn both_modes() -> Config {
    config(RULES)
}

proptest! {
    #[test]
    fn in_use_is_the_one_minimal_cover_of_what_is_allocated((space, snapshot) in snapshots()) {
        let set = originate(snapshot.clone(), &both_modes());
        let of_role = |role: &str| -> Vec<Prefix> {
            let of_role = set.originations.iter().filter(|(_, origination)| &*origination.role == role);
            of_role.map(|(prefix, _)| *prefix).collect()
        };
        let pods = snapshot.ranges.iter().filter(|range| range.name.to_string().contains("pod"));
        let allocations: Vec<_> = pods.flat_map(|range| range.allocations.keys()).collect();
        let allocated = |host: &Prefix| allocations.iter().any(|allocation| allocation.prefix.covers(host));
        let wanted = hosts(space).into_iter().filter(allocated).collect();
        let mut expected = Vec::new();
        cover(super::prefix(space), &hosts(space), &wanted, &mut expected);
        prop_assert_eq!(of_role("pod"), expected);

        let whole = snapshot.ranges.iter().filter(|range| range.name.to_string() == "other");
        prop_assert_eq!(of_role("other"), whole.map(|range| range.prefix).collect::<Vec<_>>());
        prop_assert!(of_role("service").is_empty());
    }

    #[test]
    fn every_prefix_names_just_the_ranges_that_it_is_made_of((_, snapshot) in snapshots()) {
        let set = originate(snapshot.clone(), &both_modes());
        for (prefix, origination) in &set.originations {
            let overlapping = snapshot.ranges.iter().enumerate().filter(|(_, range)| range.prefix.overlaps(prefix));
            prop_assert_eq!(&origination.ranges, &overlapping.map(|(index, _)| index).collect());
        }
    }

    #[test]
    fn no_prefix_leaves_the_ranges_and_no_two_share_an_address((space, snapshot) in snapshots(), other: bool) {
        let set = originate(snapshot.clone(), &if other { config(super::OTHER_RULES) } else { both_modes() });
        for host in hosts(space) {
            let over = set.originations.keys().filter(|prefix| prefix.covers(&host)).count();
            let ours = snapshot.ranges.iter().any(|range| range.prefix.covers(&host));
            prop_assert!(over <= usize::from(ours), "{} lies in {} prefixes", host, over);
        }
        prop_assert!(set.originations.keys().all(|prefix| super::prefix(space).covers(prefix)));
    }
}
