//! Roles, rules and attributes, and what is never announced.

use bgp_core::attribute::{Origin, PathAttributes};
use std::sync::Arc;

use super::super::{Originated, Treatment, originate, own_ranges};
use super::{config, config_of_region, originated, range, snapshot, subnetwork};
use crate::inventory::Range;

/// The role that each `[[range_role]]` text gives to a secondary range of `us-central1/gke`.
fn role(rules: &str, name: &str) -> String {
    originate(snapshot(vec![range(name, "10.0.0.0/24", &[])]), &config(rules)).ranges[0].role.to_string()
}

fn role_rule(subnetwork: &str, range: &str) -> String {
    format!("[[range_role]]\nsubnetwork = {subnetwork:?}\nrange = {range:?}\nrole = \"mine\"\n")
}

fn rule(selector: &str, mode: &str) -> String {
    format!("[[advertise]]\n{selector}\naggregation = {{ mode = {mode:?} }}\n")
}

#[test]
fn a_range_says_by_its_name_what_it_is_for() {
    for (name, expected) in [
        ("primary", "vm"),
        ("ipv6", "vm"),
        ("gke-pods-1", "pod"),
        ("gke-services", "service"),
        ("my-svc", "service"),
        ("lb", "lb"),
    ] {
        assert_eq!(role("", name), expected, "{name}");
    }
}

#[test]
fn the_first_matching_range_role_decides() {
    for (subnetwork, pattern, name, expected) in [
        ("*", "lb", "lb", "mine"),
        ("*", "l?", "lb", "mine"),
        ("*", "lb-*", "lb", "lb"),
        ("gke", "lb", "lb", "mine"),
        ("ke", "lb", "lb", "lb"),
        ("other", "lb", "lb", "lb"),
        ("regions/us-central1/subnetworks/gke", "lb", "lb", "mine"),
        ("projects/host/regions/us-central1/subnetworks/gke", "lb", "lb", "mine"),
        ("https://www.googleapis.com/compute/v1/projects/host/regions/us-central1/subnetworks/gke", "lb", "lb", "mine"),
        ("projects/guest/regions/us-central1/subnetworks/gke", "lb", "lb", "lb"),
        ("*", "primary", "primary", "mine"),
        ("*", "ipv6", "ipv6", "mine"),
        ("*", "*", "primary", "vm"),
        ("*", "*", "lb", "mine"),
    ] {
        assert_eq!(role(&role_rule(subnetwork, pattern), name), expected, "{subnetwork} {pattern} {name}");
    }
    let two = format!("{}{}", role_rule("*", "lb"), role_rule("*", "*").replace("mine", "later"));
    assert_eq!(role(&two, "lb"), "mine");
    assert_eq!(role(&two, "dns"), "later");
}

#[test]
fn the_first_matching_rule_decides_and_the_rest_is_not_originated() {
    let rules = [rule("range = \"pods-b\"", "subnet-ranges"), rule("role = \"pod\"", "in-use")].concat();
    let ranges = vec![
        range("primary", "10.0.0.0/24", &["10.0.0.1/32"]),
        range("pods-a", "10.0.1.0/24", &["10.0.1.1/32"]),
        range("pods-b", "10.0.2.0/24", &["10.0.2.1/32"]),
    ];
    let set = originate(snapshot(ranges), &config(&rules));
    let treatments: Vec<_> = set.ranges.iter().map(|outcome| outcome.treatment).collect();
    let advertised = |rule| Treatment::Advertised { rule };
    assert_eq!(treatments, [Treatment::NoRule, advertised(1), advertised(0)]);
    assert_eq!(originated(&set), ["10.0.1.1/32", "10.0.2.0/24"]);
    assert_eq!(own_ranges(&set.snapshot).len(), 3, "ranges that are not advertised are ours too");
}

#[test]
fn originations_carry_the_attributes_of_their_rule_and_share_them() {
    let rules = format!(
        "{}med = 50\ncommunities = [\"64512:200\", \"64512:100\"]\n\
         large_communities = [\"64512:2:1\", \"64512:1:2\"]\n",
        rule("role = \"pod\"", "in-use")
    );
    let ranges = vec![range("pods", "10.0.0.0/24", &["10.0.0.1/32", "10.0.0.4/32"])];
    let set = originate(snapshot(ranges), &config(&rules));
    let attributes: Vec<_> = set.originations.values().map(|origination| &origination.attributes).collect();
    assert!(Arc::ptr_eq(attributes[0], attributes[1]));
    let same: Vec<&Originated> = set.originations.values().map(|one| &**one).collect();
    assert!(std::ptr::eq(same[0], same[1]), "a million of them take no more than one");
    let communities = vec!["64512:100".parse().unwrap(), "64512:200".parse().unwrap()];
    let large_communities = vec!["64512:1:2".parse().unwrap(), "64512:2:1".parse().unwrap()];
    let (origin, multi_exit_disc) = (Origin::Igp, Some(50));
    let expected =
        PathAttributes { origin, multi_exit_disc, communities, large_communities, ..PathAttributes::default() };
    assert_eq!(**attributes[0], expected);
}

#[test]
fn speaks_for_its_own_region_alone() {
    let abroad = Range { subnetwork: subnetwork("europe-west1/gke"), ..range("pods", "10.1.0.0/24", &["10.1.0.1/32"]) };
    let ranges = vec![range("pods", "10.0.0.0/24", &["10.0.0.1/32"]), abroad];
    let rules = rule("role = \"pod\"", "in-use");
    let all = originate(snapshot(ranges.clone()), &config(&rules));
    assert_eq!(originated(&all), ["10.0.0.1/32", "10.1.0.1/32"]);
    let one = originate(snapshot(ranges), &config_of_region("region = \"us-central1\"", &rules));
    assert_eq!(originated(&one), ["10.0.0.1/32"]);
    assert_eq!(one.ranges[1].treatment, Treatment::OtherRegion);
    assert_eq!(own_ranges(&one.snapshot).len(), 2);
}

#[test]
fn a_service_range_is_announced_only_when_it_is_named() {
    for (selector, expected) in [
        ("range = \"*\"", Treatment::NoRule),
        ("range = \"gke-*\"", Treatment::NoRule),
        ("role = \"pod\"", Treatment::NoRule),
        ("role = \"service\"", Treatment::Advertised { rule: 0 }),
        ("range = \"gke-services\"", Treatment::Advertised { rule: 0 }),
    ] {
        let ranges = vec![range("gke-services", "10.0.0.0/24", &[])];
        let set = originate(snapshot(ranges), &config(&rule(selector, "subnet-ranges")));
        assert_eq!(set.ranges[0].treatment, expected, "{selector}");
        assert_eq!(set.originations.is_empty(), expected == Treatment::NoRule, "{selector}");
    }
}

#[test]
fn what_leads_nowhere_is_never_announced_whatever_the_rules_say() {
    for cidr in [
        "0.0.0.0/0",
        "169.254.0.0/16",
        "169.254.7.0/24",
        "168.0.0.0/6",
        "127.0.0.0/8",
        "224.0.0.0/4",
        "::/0",
        "fe80::/64",
        "ff00::/8",
    ] {
        for mode in ["in-use", "subnet-ranges"] {
            let set = originate(snapshot(vec![range("pods", cidr, &[cidr])]), &config(&rule("role = \"pod\"", mode)));
            assert_eq!((set.originations.len(), set.ranges[0].treatment), (0, Treatment::Prohibited), "{cidr} {mode}");
        }
    }
}

#[test]
fn halves_of_everything_never_become_a_default_route() {
    let ranges = vec![
        range("pods-a", "0.0.0.0/1", &["0.0.0.0/1"]),
        range("pods-b", "128.0.0.0/1", &["128.0.0.0/1"]),
        range("pods-c", "::/1", &["::/1"]),
        range("pods-d", "8000::/1", &["8000::/1"]),
    ];
    assert!(originate(snapshot(ranges), &config(&rule("role = \"pod\"", "in-use"))).originations.is_empty());
}
