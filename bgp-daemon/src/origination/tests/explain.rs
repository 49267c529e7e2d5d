//! Explanations: every chain to its end, or to the place where it breaks.

use std::sync::Arc;

use bgp_core::types::Prefix;
use proptest::prelude::*;

use super::super::explain::{Break, Extent, OwnerKind, Step};
use super::super::{Chain, OriginationSet, explain, originate};
use super::{RULES, config, config_of_region, prefix, prefixes, range, resource, snapshot, snapshots};
use crate::config::Config;
use crate::inventory::{Allocation, Owner};

const GKE: &str = "projects/host/regions/us-central1/subnetworks/gke";

const TWO_RULES: &str = r#"
[[advertise]]
role = "pod"
aggregation = { mode = "in-use" }
communities = ["64512:200"]
med = 50
[[advertise]]
range = "primary"
aggregation = { mode = "subnet-ranges" }
[[advertise]]
range = "gke-*"
aggregation = { mode = "in-use" }
"#;

fn example() -> (OriginationSet, Config) {
    let mut pods = range("gke-pods", "10.1.0.0/16", &["10.1.0.0/24", "10.1.1.0/25"]);
    let reserved = Owner::Address(resource("projects/p/regions/us-central1/addresses/block"));
    pods.allocations.insert(Allocation { prefix: prefix("10.1.0.0/28"), owner: reserved.into() }, ());
    let ranges = vec![
        range("primary", "10.0.0.0/24", &["10.0.0.2/32"]),
        pods,
        range("gke-services", "10.2.0.0/20", &[]),
        range("pods-local", "169.254.8.0/24", &["169.254.8.1/32"]),
    ];
    let config = config(TWO_RULES);
    (originate(snapshot(ranges), &config), config)
}

fn ask(target: &str) -> Chain {
    let (set, config) = example();
    explain(prefix(target), Some(&set), &config)
}

/// The one chain of a target that lies in one range, and its break.
fn broken(target: &str) -> (Step, String) {
    let chain = ask(target);
    let broken = chain.ranges.first().and_then(|range| range.broken.clone()).or(chain.broken.clone()).unwrap();
    assert_eq!(chain.originated, Extent::Nothing);
    assert_eq!(chain.summary, broken.reason);
    (broken.step, broken.reason)
}

#[test]
fn a_pod_address_leads_from_its_instance_to_the_origination() {
    let chain = ask("10.1.1.7/32");
    assert_eq!((chain.snapshot_revision, chain.originated, &chain.broken), (Some(7), Extent::Whole, &None));
    assert_eq!(chain.summary, "10.1.1.7 is originated as 10.1.1.0/25");
    let [link] = chain.ranges.as_slice() else { panic!("{chain:?}") };
    assert_eq!((link.subnetwork.as_str(), link.range_name.as_str(), link.role.as_str()), (GKE, "gke-pods", "pod"));
    assert_eq!((link.ip_cidr_range.as_str(), link.region.as_str()), ("10.1.0.0/16", "us-central1"));
    let [owner] = link.owners.as_slice() else { panic!("{link:?}") };
    assert_eq!((owner.kind, owner.interface.as_deref()), (OwnerKind::AliasIpRange, Some("nic0")));
    assert_eq!(owner.resource, "projects/p/zones/us-central1-a/instances/vm-1");
    assert_eq!(owner.ip_cidr_range, "10.1.1.0/25");
    let rule = link.rule.as_ref().unwrap();
    assert_eq!((rule.index, rule.selector.as_str(), rule.aggregation.as_str()), (0, "role = \"pod\"", "in-use"));
    let [origination] = link.originations.as_slice() else { panic!("{link:?}") };
    assert_eq!((origination.prefix.as_str(), origination.origin.as_str()), ("10.1.1.0/25", "IGP"));
    assert_eq!((origination.med, origination.communities.as_slice()), (Some(50), ["64512:200".to_owned()].as_slice()));
    assert_eq!(origination.made_of, ["10.1.0.0/16"]);
    assert!(link.broken.is_none() && link.notes.is_empty());
}

#[test]
fn names_every_owner_of_an_address_the_widest_first() {
    let kinds = |target: &str| ask(target).ranges[0].owners.iter().map(|owner| owner.kind).collect::<Vec<_>>();
    assert_eq!(kinds("10.1.0.3/32"), [OwnerKind::AliasIpRange, OwnerKind::Address]);
    assert_eq!(kinds("10.1.0.99/32"), [OwnerKind::AliasIpRange]);
}

#[test]
fn a_free_address_of_a_whole_range_is_originated_and_said_to_be_free() {
    let chain = ask("10.0.0.9/32");
    assert_eq!(chain.summary, "10.0.0.9 is originated as 10.0.0.0/24");
    assert!(chain.ranges[0].owners.is_empty());
    let note = "10.0.0.9 is allocated to nobody; it is announced because advertise[1] announces whole ranges";
    assert_eq!(chain.ranges[0].notes, [note]);
}

#[test]
fn says_that_there_is_no_snapshot_yet() {
    let chain = explain(prefix("10.1.1.7/32"), None, &config(""));
    let Some(Break { step: Step::Snapshot, reason }) = chain.broken else { panic!("{chain:?}") };
    assert!(reason.starts_with("no snapshot yet"), "{reason}");
    assert_eq!((chain.snapshot_revision, chain.originated), (None, Extent::Nothing));
}

#[test]
fn a_foreign_address_lies_in_no_range_and_the_nearest_is_named() {
    let pods = format!("range gke-pods 10.1.0.0/16 of {GKE}");
    let services = format!("range gke-services 10.2.0.0/20 of {GKE}");
    for (address, nearest) in [("10.2.16.0", &services), ("10.0.255.0", &pods)] {
        let expected = format!("{address} lies in no range of the inventory; the nearest is {nearest}");
        assert_eq!(broken(&format!("{address}/32")), (Step::Range, expected));
    }
    let expected = "fd00::1 lies in no range of the inventory, which has none of ipv6-unicast";
    assert_eq!(broken("fd00::1/128"), (Step::Range, expected.to_owned()));
    let nothing = originate(snapshot(Vec::new()), &config(""));
    let chain = explain(prefix("10.0.0.1/32"), Some(&nothing), &config(""));
    assert_eq!(chain.summary, "10.0.0.1 lies in no range: the inventory has none");
}

#[test]
fn a_free_address_of_a_range_in_use_is_allocated_to_nobody() {
    let expected = format!(
        "10.1.9.9 is in range gke-pods 10.1.0.0/16 of {GKE} but allocated to nobody, \
         and advertise[0] announces what is in use"
    );
    assert_eq!(broken("10.1.9.9/32"), (Step::Allocation, expected));
}

#[test]
fn a_service_address_has_no_rule_and_the_glob_that_does_not_count_is_named() {
    let expected = format!(
        "no [[advertise]] selects range gke-services 10.2.0.0/20 of {GKE}, whose role is \"service\": \
         there are role = \"pod\", range = \"primary\", range = \"gke-*\"; \
         advertise[2] fits its name, but a service range is announced only by its role or its whole name"
    );
    assert_eq!(broken("10.2.0.1/32"), (Step::Rule, expected));
}

#[test]
fn a_prohibited_range_names_what_it_collides_with() {
    let expected =
        format!("range pods-local 169.254.8.0/24 of {GKE} is never announced: it shares addresses with 169.254.0.0/16");
    assert_eq!(broken("169.254.8.1/32"), (Step::Prohibited, expected));
}

#[test]
fn another_region_is_named_beside_ours() {
    let (set, _) = example();
    let config = config_of_region("region = \"europe-west1\"", TWO_RULES);
    let set = originate(set.snapshot, &config);
    let chain = explain(prefix("10.1.0.1/32"), Some(&set), &config);
    let broken = chain.ranges[0].broken.clone().unwrap();
    let expected = format!(
        "range gke-pods 10.1.0.0/16 of {GKE} lies in region \"us-central1\", and router.region is \"europe-west1\""
    );
    assert_eq!((broken.step, broken.reason), (Step::Region, expected));
}

#[test]
fn a_prefix_that_is_allocated_in_part_names_the_first_free_address() {
    let chain = ask("10.1.0.0/23");
    assert_eq!(chain.originated, Extent::Part);
    let expected = "10.1.0.0/23 shares addresses with one range; part of it is originated; \
                    10.1.1.128 is the first address that is not";
    assert_eq!(chain.summary, expected);
    let prefixes: Vec<_> = chain.ranges[0].originations.iter().map(|link| link.prefix.as_str()).collect();
    assert_eq!(prefixes, ["10.1.0.0/24", "10.1.1.0/25"]);
    let note = "not all of 10.1.0.0/23 is allocated: 10.1.1.128 is the first address that is not, and so not announced";
    assert_eq!(chain.ranges[0].notes, [note]);
}

#[test]
fn a_prefix_over_several_ranges_lists_them_all() {
    let chain = ask("10.0.0.0/8");
    let names: Vec<_> = chain.ranges.iter().map(|link| link.range_name.as_str()).collect();
    assert_eq!(names, ["primary", "gke-pods", "gke-services"]);
    let extents: Vec<_> = chain.ranges.iter().map(|link| link.originated).collect();
    assert_eq!(extents, [Extent::Whole, Extent::Part, Extent::Nothing]);
    let expected = "10.0.0.0/8 shares addresses with 3 ranges; part of it is originated; \
                    10.0.1.0 is the first address that is not";
    assert_eq!(chain.summary, expected);
    assert_eq!(ask("0.0.0.0/0").ranges.len(), 4);
}

#[test]
fn lists_are_cut_and_say_how_much_is_missing() {
    let aliases: Vec<String> = (0..50).map(|number| format!("10.0.0.{}/32", 2 * number)).collect();
    let aliases: Vec<&str> = aliases.iter().map(String::as_str).collect();
    let mut ranges = vec![range("pods", "10.0.0.0/24", &aliases)];
    ranges.extend((1..30).map(|number| range("pods", &format!("10.0.{number}.0/24"), &[])));
    let config = config(RULES);
    let set = originate(snapshot(ranges), &config);
    let chain = explain(prefix("10.0.0.0/16"), Some(&set), &config);
    assert_eq!((chain.ranges.len(), chain.more_ranges), (20, 10));
    let first = &chain.ranges[0];
    assert_eq!((first.owners.len(), first.more_owners), (20, 30));
    assert_eq!((first.originations.len(), first.more_originations), (20, true));
}

#[test]
fn is_json_in_the_names_of_the_compute_api() {
    let json = serde_json::to_value(ask("10.1.1.7/32")).unwrap();
    assert_eq!(json["originated"], "whole");
    assert_eq!(json["ranges"][0]["ipCidrRange"], "10.1.0.0/16");
    assert_eq!(json["ranges"][0]["owners"][0]["kind"], "aliasIpRange");
    let back: Chain = serde_json::from_value(json).unwrap();
    assert_eq!(back, ask("10.1.1.7/32"));
}

proptest! {
    #[test]
    fn finds_by_bisection_what_a_scan_finds((space, snapshot) in snapshots()) {
        let config = config(RULES);
        let set = originate(Arc::clone(&snapshot), &config);
        let texts = |prefixes: Vec<Prefix>| prefixes.iter().map(ToString::to_string).collect::<Vec<_>>();
        for target in prefixes(space) {
            let chain = explain(target, Some(&set), &config);
            let overlapping: Vec<_> = snapshot.ranges.iter().filter(|range| range.prefix.overlaps(&target)).collect();
            let found: Vec<_> = chain.ranges.iter().map(|link| link.ip_cidr_range.clone()).collect();
            prop_assert_eq!(found, texts(overlapping.iter().map(|range| range.prefix).collect()));
            for (link, range) in chain.ranges.iter().zip(overlapping) {
                let part = if range.prefix.covers(&target) { target } else { range.prefix };
                let mut owners: Vec<Prefix> = range.allocations.keys().map(|allocation| allocation.prefix).collect();
                owners.retain(|prefix| prefix.overlaps(&part));
                owners.sort_by_key(|prefix| prefix.len() >= part.len());
                let found: Vec<_> = link.owners.iter().map(|owner| owner.ip_cidr_range.clone()).collect();
                prop_assert_eq!(found, texts(owners));
                let mut originations: Vec<Prefix> = set.originations.keys().copied().collect();
                originations.retain(|prefix| prefix.overlaps(&part));
                let found: Vec<_> = link.originations.iter().map(|link| link.prefix.clone()).collect();
                prop_assert_eq!(found, texts(originations));
            }
            let covered = super::hosts(space).into_iter().filter(|host| target.covers(host))
                .map(|host| set.originations.keys().any(|prefix| prefix.covers(&host)));
            let covered: Vec<bool> = covered.collect();
            let extent = match (covered.iter().all(|covered| *covered), covered.contains(&true)) {
                (true, _) => Extent::Whole,
                (false, true) => Extent::Part,
                (false, false) => Extent::Nothing,
            };
            prop_assert_eq!(chain.originated, extent);
        }
    }
}
