//! What other regions cost, with the worked examples of Cloud Router's documentation on advertised prefixes and priorities.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use bgp_core::policy::Verdict;

use super::super::{Memory, OriginationSet, Plan, Treatment, originate, originate_after};
use super::{config_of_region, originated, prefix, range, snapshot, subnetwork};
use crate::config::{Config, Peer};
use crate::inventory::{Range, Snapshot};

const SUBNETS: &str = "[[advertise]]\ngroup = \"ALL_SUBNETS\"\naggregation = { mode = \"subnet-ranges\" }\n";

/// A router that speaks for `region` in mode GLOBAL, with these costs.
fn global(region: &str, costs: &[(&str, u32)], text: &str) -> Config {
    let costs: Vec<String> = costs.iter().map(|(region, cost)| format!("{region} = {cost}")).collect();
    let router = format!(
        "region = \"{region}\"\nrouting_mode = \"GLOBAL\"\nadvertise_mode = \"DEFAULT\"\ninter_region_cost = {{ {} }}\n",
        costs.join(", ")
    );
    config_of_region(&router, text)
}

fn peers(priorities: &[(&str, u32)]) -> String {
    let peer = |(number, (name, priority)): (usize, &(&str, u32))| {
        format!(
            "[[peer]]\nname = \"{name}\"\naddress = \"169.254.9.{number}\"\nasn = 65001\n\
             advertised_route_priority = {priority}\n"
        )
    };
    priorities.iter().enumerate().map(|(index, peer_of)| peer((index + 2, peer_of))).collect()
}

fn in_region(region: &str, name: &str, cidr: &str, allocated: &[&str]) -> Range {
    Range { subnetwork: subnetwork(&format!("{region}/{name}")), ..range("primary", cidr, allocated) }
}

/// A subnet in each of three regions.
fn three_regions() -> Arc<Snapshot> {
    snapshot(vec![
        in_region("us-central1", "a", "10.128.0.0/20", &[]),
        in_region("europe-west1", "b", "10.132.0.0/20", &[]),
        in_region("asia-east1", "c", "10.140.0.0/20", &[]),
    ])
}

/// MULTI_EXIT_DISC of what the peer is told, by prefix.
fn meds(set: &OriginationSet, peer: &Peer) -> BTreeMap<String, u32> {
    let policy = peer.export_policy(|_| None);
    let told = set.originations.iter().filter_map(|(prefix, one)| {
        let sent = policy.evaluate(prefix, &one.source(), &one.attributes);
        let med = sent.attributes.multi_exit_disc.unwrap_or(peer.advertised_route_priority);
        (sent.verdict == Verdict::Accept).then(|| (prefix.to_string(), med))
    });
    told.collect()
}

const CENTRAL: (&str, &[(&str, u32)]) = ("us-central1", &[("europe-west1", 250), ("asia-east1", 300)]);
const WEST: (&str, &[(&str, u32)]) = ("europe-west1", &[("us-central1", 250), ("asia-east1", 300)]);

/// One of the tables: a peer of a router with its priority, and the MED of the subnets in us-central1, europe-west1 and
/// asia-east1.
type Row = ((&'static str, &'static [(&'static str, u32)]), &'static str, u32, [u32; 3]);

fn assert_table(rows: &[Row]) {
    for ((region, costs), name, priority, expected) in rows {
        let config = global(region, costs, &format!("{SUBNETS}{}", peers(&[(name, *priority)])));
        let set = originate(three_regions(), &config);
        let found = meds(&set, &config.peers[0]);
        let subnets = ["10.128.0.0/20", "10.132.0.0/20", "10.140.0.0/20"];
        assert_eq!(subnets.map(|subnet| found[subnet]), *expected, "{name}");
        assert_eq!(found.len(), 3, "{name}");
    }
}

#[test]
fn a2_1_to_a2_3_two_tunnels_active_active() {
    assert_table(&[(CENTRAL, "tunnel-0", 100, [100, 350, 400]), (CENTRAL, "tunnel-1", 100, [100, 350, 400])]);
}

#[test]
fn a2_1_to_a2_3_two_tunnels_active_passive() {
    assert_table(&[(CENTRAL, "tunnel-0", 100, [100, 350, 400]), (CENTRAL, "tunnel-1", 351, [351, 601, 651])]);
}

#[test]
fn a2_1_to_a2_3_four_attachments_in_two_regions() {
    assert_table(&[
        (CENTRAL, "attachment-0", 100, [100, 350, 400]),
        (CENTRAL, "attachment-1", 100, [100, 350, 400]),
        (WEST, "attachment-2", 351, [601, 351, 651]),
        (WEST, "attachment-3", 351, [601, 351, 651]),
    ]);
}

#[test]
fn a1_11_regional_announces_its_own_region_alone_and_global_all() {
    let regional = config_of_region("region = \"us-central1\"\nrouting_mode = \"REGIONAL\"", SUBNETS);
    let set = originate(three_regions(), &regional);
    assert_eq!(originated(&set), ["10.128.0.0/20"]);
    assert_eq!(set.ranges[1].treatment, Treatment::OtherRegion);
    let set = originate(three_regions(), &global(CENTRAL.0, CENTRAL.1, SUBNETS));
    assert_eq!(originated(&set), ["10.128.0.0/20", "10.132.0.0/20", "10.140.0.0/20"]);
}

#[test]
fn a1_10_subnets_come_and_go_with_the_inventory() {
    let config = global(CENTRAL.0, CENTRAL.1, SUBNETS);
    let mut ranges = three_regions().ranges.clone();
    ranges.push(in_region("us-central1", "d", "10.150.0.0/20", &[]));
    ranges.push(range("lb", "10.151.0.0/20", &[]));
    assert_eq!(originate(snapshot(ranges), &config).originations.len(), 5);
    let expanded = vec![in_region("us-central1", "a", "10.128.0.0/16", &[])];
    assert_eq!(originated(&originate(snapshot(expanded), &config)), ["10.128.0.0/16"]);
}

#[test]
fn a1_5_the_group_has_every_range_but_external_ipv6() {
    let ranges = vec![
        range("primary", "10.0.0.0/24", &[]),
        range("gke-services", "10.0.1.0/24", &[]),
        range("gke-pods", "10.0.2.0/24", &[]),
        range("ipv6", "fd20::/64", &[]),
        Range { subnetwork: subnetwork("us-central1/other"), ..range("ipv6", "2600:1900::/64", &[]) },
    ];
    let set = originate(snapshot(ranges), &config_of_region("", SUBNETS));
    assert_eq!(originated(&set), ["10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24", "fd20::/64"]);
}

#[test]
fn a_region_without_a_cost_is_announced_at_the_largest_and_named() {
    let config = global("us-central1", &[("asia-east1", 300)], &format!("{SUBNETS}{}", peers(&[("dc1", 100)])));
    let set = originate(three_regions(), &config);
    assert_eq!(meds(&set, &config.peers[0])["10.132.0.0/20"], 10_099);
    assert_eq!(set.rules[0].faults, ["router.inter_region_cost has no cost for europe-west1: announced at 9999"]);
}

#[test]
fn the_med_of_a_rule_is_the_last_word() {
    let text = format!("{}med = 7\n{}", SUBNETS, peers(&[("dc1", 100)]));
    let config = global("us-central1", &[], &text);
    let set = originate(three_regions(), &config);
    assert_eq!(meds(&set, &config.peers[0]).into_values().collect::<Vec<_>>(), [7, 7, 7]);
    assert_eq!(set.rules[0].faults, [""; 0], "nothing is added, so that nothing is missing");
}

#[test]
fn what_costs_otherwise_is_not_aggregated_together() {
    let halves = || {
        snapshot(vec![
            in_region("us-central1", "a", "10.0.0.0/25", &["10.0.0.0/25"]),
            in_region("europe-west1", "b", "10.0.0.128/25", &["10.0.0.128/25"]),
        ])
    };
    for bound in ["", ", max_prefixes = 1"] {
        let rule = format!("[[advertise]]\nrole = \"vm\"\naggregation = {{ mode = \"in-use\"{bound} }}\n");
        let apart = originate(halves(), &global("us-central1", &[("europe-west1", 250)], &rule));
        assert_eq!(originated(&apart), ["10.0.0.0/25", "10.0.0.128/25"], "{bound}");
        assert_eq!(apart.originations.values().map(|one| one.cost).collect::<Vec<_>>(), [0, 250], "{bound}");
        let together = originate(halves(), &global("us-central1", &[("europe-west1", 0)], &rule));
        assert_eq!(originated(&together), ["10.0.0.0/24"], "{bound}");
    }
}

#[test]
fn another_cost_is_another_route_and_no_withdrawal() {
    let of = |cost| {
        originate(three_regions(), &global("us-central1", &[("europe-west1", cost), ("asia-east1", 300)], SUBNETS))
    };
    let (old, new) = (of(250), of(260));
    let plan = Plan::between(&old.originations, &new.originations);
    let announced: Vec<_> = plan.announce.iter().map(|(prefix, one)| (prefix.to_string(), one.cost)).collect();
    assert_eq!((announced, plan.withdraw.len()), (vec![("10.132.0.0/20".to_owned(), 260)], 0));
}

#[test]
fn a_bounded_rule_still_names_regions_when_it_is_followed_by_what_changes() {
    let rule = "[[advertise]]\nrole = \"vm\"\naggregation = { mode = \"in-use\", max_prefixes = 4 }\n";
    let config = global("us-central1", &[], rule);
    let of = |allocated: &[&str]| snapshot(vec![in_region("europe-west1", "b", "10.0.0.0/24", allocated)]);
    let mut memory = Memory::default();
    let first = originate_after(None, &mut memory, of(&["10.0.0.1/32"]), &config, UNIX_EPOCH);
    let next = originate_after(Some(&first), &mut memory, of(&["10.0.0.1/32", "10.0.0.9/32"]), &config, UNIX_EPOCH);
    assert_eq!((first.rules[0].faults.len(), &first.rules[0].faults), (1, &next.rules[0].faults));
    assert!(next.originations.get(&prefix("10.0.0.9/32")).is_some_and(|one| one.cost == 9999));
}
