//! How objects must fit together, in the exact words.

use super::*;

const S: &str = "subnetwork projects/p/regions/r/subnetworks/s";

/// The one fault of these objects, without the name of the file.
fn fault_of(objects: &[&str]) -> String {
    let faults = read_objects(&[&[SUBNETWORK], objects].concat()).unwrap_err();
    assert_eq!(faults.lines().count(), 1, "{faults}");
    faults.strip_prefix("all.json: ").unwrap_or(&faults).to_owned()
}

fn shown_of(objects: &[&str]) -> String {
    shown(&read_objects(&[&[SUBNETWORK], objects].concat()).unwrap())
}

fn subnetwork(name: &str, network: &str, primary: &str) -> String {
    format!(
        r#"{{"kind": "compute#subnetwork", "selfLink": "projects/p/regions/r/subnetworks/{name}",
            "network": "projects/p/global/networks/{network}", "ipCidrRange": "{primary}"}}"#
    )
}

fn address(name: &str, fields: &str) -> String {
    format!(
        r#"{{"kind": "compute#address", "selfLink": "projects/p/regions/r/addresses/{name}",
            "addressType": "INTERNAL", {fields}}}"#
    )
}

fn rule(name: &str, fields: &str) -> String {
    format!(
        r#"{{"kind": "compute#forwardingRule", "selfLink": "projects/p/regions/r/forwardingRules/{name}", {fields}}}"#
    )
}

const IN_S: &str = r#""subnetwork": "projects/p/regions/r/subnetworks/s""#;

#[test]
fn ranges_share_no_address() {
    let other = subnetwork("t", "n", "10.0.8.0/24");
    assert_eq!(
        fault_of(&[&other]),
        format!(
            "subnetwork projects/p/regions/r/subnetworks/t: ipCidrRange: \"10.0.8.0/24\": overlaps 10.0.0.0/20, range \
             primary of {S}; expected ranges that share no address"
        )
    );
    let foreign = subnetwork("t", "m", "10.4.0.0/14");
    assert!(fault_of(&[&foreign]).ends_with(
        "overlaps 10.4.0.0/14, range pods of subnetwork projects/p/regions/r/subnetworks/s; expected ranges that share \
         no address, or one network selected by inventory.network"
    ));
    let both = list(&[SUBNETWORK, &foreign]);
    assert_eq!(read_files(&[("s.json", &both)], &network("n")).unwrap().ranges.len(), 2);
}

#[test]
fn no_range_touches_what_is_never_announced() {
    for (range, reserved) in [
        ("0.0.0.0/0", "0.0.0.0/8"),
        ("169.254.10.0/24", "169.254.0.0/16"),
        ("168.0.0.0/6", "169.254.0.0/16"),
        ("127.0.0.0/24", "127.0.0.0/8"),
        ("239.0.0.0/24", "224.0.0.0/4"),
    ] {
        let faults = read_objects(&[&subnetwork("t", "n", range)]).unwrap_err();
        let expected = format!("{range:?}: overlaps {reserved}, which is never announced; expected a range without it");
        assert!(faults.contains(&expected), "{faults}");
    }
    for range in ["::/0", "fe80::/64", "ff05::/64"] {
        let text = SUBNETWORK.replace(
            "\"ipCidrRange\": \"10.0.0.0/20\"",
            &format!("\"internalIpv6Prefix\": {range:?}, \"stackType\": \"IPV6_ONLY\""),
        );
        assert!(read_objects(&[&text]).unwrap_err().contains("which is never announced"), "{range}");
    }
    assert!(read_objects(&[&subnetwork("t", "n", "240.0.0.0/24")]).is_ok(), "class E is a subnetwork's like any other");
}

#[test]
fn an_alias_range_lies_in_the_range_it_names() {
    let at = "instance projects/p/zones/z/instances/a: networkInterfaces[0]";
    assert_eq!(
        fault_of(&[&node("a", "10.0.0.2", &["10.4.0.0/24", "10.8.0.0/24"])]),
        format!(
            "{at}.aliasIpRanges[1].ipCidrRange: \"10.8.0.0/24\": expected addresses in 10.4.0.0/14, range pods of {S}"
        )
    );
    let unnamed = r#""networkIP": "10.0.0.2", "aliasIpRanges": [{"ipCidrRange": "10.4.0.0/24"}]"#;
    assert_eq!(
        fault_of(&[&instance("a", unnamed)]),
        format!(
            "{at}.aliasIpRanges[0].ipCidrRange: \"10.4.0.0/24\": expected addresses in 10.0.0.0/20, range primary of {S}"
        )
    );
    let unknown = r#""networkIP": "10.0.0.2",
        "aliasIpRanges": [{"ipCidrRange": "10.4.0.0/24", "subnetworkRangeName": "pod"}]"#;
    assert_eq!(
        fault_of(&[&instance("a", unknown)]),
        format!("{at}.aliasIpRanges[0].subnetworkRangeName: \"pod\": expected a secondary range of {S}: pods")
    );
    let ipv6 = r#""networkIP": "10.0.0.2", "ipv6Address": "fd20::"}"#.trim_end_matches('}');
    assert_eq!(fault_of(&[&instance("a", ipv6)]), format!("{at}.ipv6Address: \"fd20::\": {S} has no ipv6 range"));
}

#[test]
fn the_range_that_an_alias_was_really_taken_from_goes_before_the_one_asked_for() {
    let interface = r#""networkIP": "10.0.0.2", "aliasIpRanges": [{"ipCidrRange": "10.4.0.0/24",
        "subnetworkRangeName": "other", "effectiveSubnetworkRangeName": "pods"}]"#;
    assert!(shown_of(&[&instance("a", interface)]).contains("  10.4.0.0/24 alias range"));
}

#[test]
fn a_primary_address_lies_in_the_primary_range() {
    assert_eq!(
        fault_of(&[&node("a", "10.4.0.2", &[])]),
        format!(
            "instance projects/p/zones/z/instances/a: networkInterfaces[0].networkIP: \"10.4.0.2\": expected addresses \
             in 10.0.0.0/20, range primary of {S}"
        )
    );
}

#[test]
fn no_two_instances_have_the_same_addresses() {
    let (a, b) = (node("a", "10.0.0.2", &["10.4.0.0/24"]), node("b", "10.0.0.3", &["10.4.0.0/24"]));
    assert_eq!(
        fault_of(&[&a, &b]),
        "instance projects/p/zones/z/instances/b: networkInterfaces[0].aliasIpRanges[0].ipCidrRange: \"10.4.0.0/24\": \
         overlaps 10.4.0.0/24, alias range of instance projects/p/zones/z/instances/a nic0 in all.json; expected \
         addresses that nothing else has"
    );
    let narrower = node("b", "10.0.0.3", &["10.4.0.128/25"]);
    assert!(fault_of(&[&a, &narrower]).contains("\"10.4.0.128/25\": overlaps 10.4.0.0/24, alias range of instance"));
    assert!(
        fault_of(&[&a, &node("b", "10.0.0.2", &[])])
            .contains("networkIP: \"10.0.0.2\": overlaps 10.0.0.2/32, instance")
    );
    // The alias range of one covers the primary address of the other.
    let alias = r#""networkIP": "10.0.0.9", "aliasIpRanges": [{"ipCidrRange": "10.0.0.0/30"}]"#;
    assert!(fault_of(&[&a, &instance("b", alias)]).contains("overlaps 10.0.0.0/30, alias range of instance"));
    // The same range twice on one interface.
    assert!(fault_of(&[&node("a", "10.0.0.2", &["10.4.0.0/24", "10.4.0.0/24"])]).contains("overlaps 10.4.0.0/24"));
}

#[test]
fn a_bare_address_is_an_alias_of_one_and_a_netmask_is_none_yet() {
    let snapshot = read_objects(&[SUBNETWORK, &node("a", "10.0.0.2", &["10.4.0.5", "/24"])]).unwrap();
    assert!(shown(&snapshot).contains("  10.4.0.5/32 alias range"));
    assert_eq!((snapshot.counts.alias_ranges, snapshot.notes.len()), (1, 1));
}

#[test]
fn an_interface_names_a_subnetwork_of_the_inventory() {
    let a = node("a", "10.0.0.2", &[]);
    let unknown = a.replace("subnetworks/s", "subnetworks/t");
    assert_eq!(
        fault_of(&[&unknown]),
        "instance projects/p/zones/z/instances/a: networkInterfaces[0].subnetwork: \
         \"projects/p/regions/r/subnetworks/t\": expected a subnetwork that is in the inventory"
    );
    let legacy = a.replace("\"subnetwork\": \"projects/p/regions/r/subnetworks/s\",", "");
    assert_eq!(
        fault_of(&[&legacy]),
        "instance projects/p/zones/z/instances/a: networkInterfaces[0].subnetwork: missing; expected a subnetwork (a \
         legacy network has none and no alias IP ranges: select another network by inventory.network)"
    );
    assert_eq!(
        fault_of(&[&a.replace("networks/n\"", "networks/m\"")]),
        "instance projects/p/zones/z/instances/a: networkInterfaces[0].network: \"projects/p/global/networks/m\": \
         expected projects/p/global/networks/n, the network of subnetwork projects/p/regions/r/subnetworks/s"
    );
}

#[test]
fn interfaces_of_other_networks_are_passed_over() {
    let other =
        node("b", "192.168.0.2", &[]).replace("networks/n", "networks/m").replace("subnetworks/s", "subnetworks/t");
    let by_subnetwork = node("c", "192.168.0.3", &[])
        .replace("\"network\": \"projects/p/global/networks/n\",", "")
        .replace("subnetworks/s", "subnetworks/u");
    let all = list(&[
        SUBNETWORK,
        &subnetwork("u", "m", "192.168.0.0/24"),
        &other,
        &by_subnetwork,
        &node("a", "10.0.0.2", &[]),
    ]);
    let snapshot = read_files(&[("all.json", &all)], &network("n")).unwrap();
    assert_eq!((snapshot.counts.subnetworks, snapshot.counts.instances), (1, 1));
}

#[test]
fn a_name_that_stands_for_two_networks_is_none() {
    let foreign = subnetwork("t", "n", "10.9.0.0/24").replace("projects/p/", "projects/q/");
    assert_eq!(
        read_files(&[("s.json", &list(&[SUBNETWORK, &foreign]))], &network("n")).unwrap_err(),
        "network n: stands for projects/p/global/networks/n and for projects/q/global/networks/n; expected a path in \
         inventory.network"
    );
}

#[test]
fn an_inventory_without_subnetworks_is_believed_only_when_told() {
    let allowed = Selection { allow_empty: true, ..Selection::default() };
    for files in [&[][..], &[("all.json", "[]")]] {
        assert_eq!(
            read_all(files).unwrap_err(),
            "inventory: no subnetwork; expected at least one, or inventory.allow_empty"
        );
        assert!(read_files(files, &allowed).unwrap().ranges.is_empty());
    }
}

#[test]
fn internal_addresses_count_and_others_do_not() {
    let objects = [
        address("in", &format!(r#""address": "10.0.0.9", {IN_S}"#)),
        address("peering", r#""address": "10.100.0.0", "prefixLength": 16, "network": "projects/p/global/networks/n""#),
        address("foreign", r#""address": "10.0.0.8", "network": "projects/p/global/networks/m""#),
        address("block", r#""address": "10.4.4.0", "prefixLength": 24, "network": "projects/p/global/networks/n""#),
        address("waiting", &format!(r#""status": "RESERVING", {IN_S}"#)),
        address("public", r#""address": "34.1.2.3""#).replace("INTERNAL", "EXTERNAL"),
    ];
    let objects: Vec<&str> = objects.iter().map(String::as_str).collect();
    let snapshot = read_objects(&[&[SUBNETWORK], objects.as_slice()].concat()).unwrap();
    let text = "10.0.0.0/20 primary of s\n  10.0.0.9/32 address projects/p/regions/r/addresses/in\n\
                10.4.0.0/14 pods of s\n  10.4.4.0/24 address projects/p/regions/r/addresses/block\n";
    assert_eq!(shown(&snapshot), text);
    assert_eq!(snapshot.notes, ["address projects/p/regions/r/addresses/waiting: has no address yet"]);
    assert_eq!(
        fault_of(&[&address("out", &format!(r#""address": "10.9.0.9", {IN_S}"#))]),
        format!(
            "address projects/p/regions/r/addresses/out: address: \"10.9.0.9\": expected addresses in a range of {S}"
        )
    );
}

#[test]
fn an_address_may_stand_for_what_an_instance_or_a_rule_has() {
    let vip = address("vip", &format!(r#""address": "10.0.0.9", {IN_S}"#));
    let own = address("own", &format!(r#""address": "10.0.0.2", {IN_S}"#));
    let internal = format!(r#""IPAddress": "10.0.0.9", "loadBalancingScheme": "INTERNAL", {IN_S}"#);
    let endpoint = format!(r#""IPAddress": "10.0.0.10", {IN_S}"#);
    let mesh = r#""IPAddress": "0.0.0.0", "loadBalancingScheme": "INTERNAL_SELF_MANAGED""#;
    let external = r#""IPAddress": "34.1.2.3", "loadBalancingScheme": "EXTERNAL""#;
    let node = node("a", "10.0.0.2", &[]);
    let rules = [
        rule("tcp", &internal),
        rule("udp", &internal),
        rule("psc", &endpoint),
        rule("mesh", mesh),
        rule("pub", external),
    ];
    let [tcp, udp, psc, mesh, public] = &rules;
    let text = shown_of(&[&vip, &own, &node, tcp, udp, psc, mesh, public]);
    assert_eq!(text.matches("10.0.0.9/32").count(), 3, "{text}");
    assert_eq!(text.matches("10.0.0.2/32").count(), 2, "{text}");
    assert_eq!(text.matches("forwarding rule").count(), 3, "{text}");
    assert!(
        fault_of(&[&vip, &address("again", &format!(r#""address": "10.0.0.9", {IN_S}"#))])
            .contains("overlaps 10.0.0.9/32, address")
    );
    let taken = rule("x", &format!(r#""IPAddress": "10.0.0.2", "loadBalancingScheme": "INTERNAL", {IN_S}"#));
    assert!(fault_of(&[&node, &taken]).contains("overlaps 10.0.0.2/32, instance projects/p/zones/z/instances/a nic0"));
}

#[test]
fn an_address_of_an_unknown_subnetwork_is_anothers_where_one_network_is_selected() {
    let address = address("x", r#""address": "10.7.0.1", "subnetwork": "projects/p/regions/r/subnetworks/t""#);
    let all = list(&[SUBNETWORK, &address]);
    assert!(fault_of(&[&address]).ends_with("expected a subnetwork that is in the inventory"));
    let snapshot = read_files(&[("all.json", &all)], &network("n")).unwrap();
    assert_eq!((snapshot.counts.addresses, snapshot.notes.len()), (0, 1));
}
