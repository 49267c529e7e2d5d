//! What is wrong with a file or an object, in the exact words.

use super::*;

fn fault_of(file: &str, text: &str) -> String {
    read_all(&[(file, text)]).unwrap_err()
}

#[test]
fn a_file_that_is_cut_short_is_named_with_its_line() {
    let text = list(&[SUBNETWORK, &node("a", "10.0.0.2", &[])]);
    let (cut, _) = text.split_at(text.len() - 20);
    let faults = fault_of("all.json", cut);
    assert_eq!(faults, "all.json:6: cut short at column 40: EOF while parsing a string");
}

#[test]
fn files_of_unknown_content_are_named() {
    for (text, fault) in [
        ("", "f.json: empty; expected a list, [] for no objects"),
        (" \n", "f.json:2: cut short at column 0: EOF while parsing a value"),
        ("[] []", "f.json:1: not JSON at column 4: trailing characters"),
        ("ERROR: (gcloud) no", "f.json:1: not JSON at column 1: expected value"),
        (
            "5",
            "f.json:1: at column 1: invalid type: integer `5`, expected a list of objects, a page of the Compute API or \
             a bundle",
        ),
        (
            "{}",
            "f.json: holds nothing that is known here; expected a list of objects, a page of the Compute API with items, \
             or a bundle with subnetworks, instances, addresses or forwardingRules",
        ),
        ("[5]", "f.json: [0]: \"5\": expected an object"),
        ("{\"instances\": [null]}", "f.json: instances[0]: \"null\": expected an object"),
        (
            "{\"instances\": null}",
            "f.json:1: at column 18: invalid type: null, expected a list of objects in instances, [] for none",
        ),
        (
            "[{\"kind\": \"compute#disk\"}]",
            "f.json: [0].kind: \"compute#disk\": expected compute#subnetwork, compute#instance, compute#address or \
             compute#forwardingRule",
        ),
        (
            "{\"instances\": [{\"kind\": \"compute#address\"}]}",
            "f.json: instances[0].kind: \"compute#address\": expected compute#instance",
        ),
        (
            "{\"kind\": \"compute#diskList\"}",
            "f.json: kind: \"compute#diskList\": expected a list of subnetworks, instances, addresses or forwarding rules",
        ),
        (
            "{\"kind\": \"compute#instance\"}",
            "f.json: kind: \"compute#instance\": one object alone; expected a list of them in brackets",
        ),
        (
            "{\"items\": {\"zones/a\": {\"disks\": []}}}",
            "f.json: items.zones/a.disks: expected subnetworks, instances, addresses, forwardingRules or warning",
        ),
        ("[{\"name\": \"x\", \"name\": \"y\"}]", "f.json:1: at column 21: duplicate field `name`"),
    ] {
        assert_eq!(fault_of("f.json", text), fault, "{text}");
    }
    let unknown = fault_of("f.json", "[{\"name\": \"x\"}]");
    assert!(unknown.starts_with("f.json: [0]: not an object that is known here; "), "{unknown}");
}

#[test]
fn yaml_that_is_none_is_named_with_its_line() {
    assert_eq!(
        fault_of("f.yaml", "subnetworks:\n  - a: b: c\n...\n"),
        "f.yaml:2: not YAML as expected: mapping values are not allowed in this context"
    );
    assert_eq!(fault_of("f.yml", ""), "f.yml: empty; expected a list, [] for no objects");
    let two = fault_of("f.yaml", "---\n[]\n---\n[]\n");
    assert!(
        two.starts_with("f.yaml: not YAML as expected: deserializing from YAML containing more than one document"),
        "{two}"
    );
}

#[test]
fn every_wrong_field_of_every_file_is_named_at_once() {
    let subnetwork = r#"[{"kind": "compute#subnetwork", "selfLink": "projects/p/regions/r/subnetworks/s",
        "network": 5, "ipCidrRange": "10.0.0.1/20", "secondaryIpRanges": [{"ipCidrRange": "10.4.0.0"},
        {"rangeName": "pods", "ipCidrRange": "10.4.0.0/33"}, "x", {"rangeName": "pods", "ipCidrRange": "10.9.0.0/24"},
        {"rangeName": "pods", "ipCidrRange": "10.10.0.0/24"}], "internalIpv6Prefix": "10.0.0.0/8"}]"#;
    let instance = r#"[{"kind": "compute#instance", "selfLink": "projects/p/zones/z/instances/a", "networkInterfaces": [
        {"networkIP": "10.0.0.300", "subnetwork": "s", "network": "projects/p/regions/r/subnetworks/s",
         "aliasIpRanges": [{}, {"ipCidrRange": "10.4.0.1/24", "subnetworkRangeName": true}, {"ipCidrRange": "/33"},
         {"ipCidrRange": "fd00::/64"}], "ipv6Address": "fd00::", "internalIpv6PrefixLength": 129,
         "ipv6AccessConfigs": {}}, {}]}, {"kind": "compute#instance", "selfLink": "projects/p/zones/z/disks/a"},
         {"kind": "compute#instance", "name": "b"}]"#;
    let address = r#"[{"kind": "compute#address", "name": "a", "project": "p", "addressType": "INNER"},
        {"kind": "compute#address", "name": "b", "project": "p", "addressType": "INTERNAL", "address": "10.0.0"},
        {"kind": "compute#address", "name": "c", "project": "p", "addressType": "INTERNAL"},
        {"kind": "compute#address", "name": "d", "project": "p", "addressType": "INTERNAL", "address": "10.0.0.0",
         "prefixLength": "33"}]"#;
    let rule = r#"[{"kind": "compute#forwardingRule", "name": "f", "project": "p", "loadBalancingScheme": "INTERNAL"},
        {"kind": "compute#forwardingRule", "name": "g", "project": "p", "loadBalancingScheme": "INTERNAL",
         "IPAddress": "vip"}, {"kind": "compute#forwardingRule", "name": "h", "project": "p", "loadBalancingScheme": "X"}]"#;
    let faults = read_all(&[("a.json", address), ("f.json", rule), ("i.json", instance), ("s.json", subnetwork)]);
    insta::assert_snapshot!(faults.unwrap_err());
}

#[test]
fn an_object_that_stands_twice_is_named_with_both_places() {
    let node = node("a", "10.0.0.2", &[]);
    let twice = "instance projects/p/zones/z/instances/a: stands twice, first in";
    let files = [("a.json", &*list(&[SUBNETWORK, &node])), ("b.json", &*list(&[&node]))];
    assert_eq!(read_all(&files).unwrap_err(), format!("b.json: {twice} a.json; expected each object once"));
    let faults = read_objects(&[SUBNETWORK, &node, &node]).unwrap_err();
    assert_eq!(faults, format!("all.json: {twice} this file; expected each object once"));
}

#[test]
fn a_million_faults_are_reported_in_part() {
    let objects = vec!["5"; 1_000_000];
    let faults = read_objects(&objects).unwrap_err();
    assert_eq!(faults.lines().count(), 101);
    assert_eq!(faults.lines().last(), Some("… and 999900 more"));
}

#[test]
fn what_could_not_be_read_is_not_called_missing() {
    // The subnetwork that the instance names stands in a file that is cut short.
    let files = [("i.json", &*list(&[&node("a", "10.0.0.2", &["10.4.0.0/24"])])), ("s.json", "[{")];
    assert_eq!(read_all(&files).unwrap_err(), "s.json:1: cut short at column 2: EOF while parsing an object");
    // The range that the instance names has a fault of its own.
    let broken = SUBNETWORK.replace("10.4.0.0/14", "10.4.0.0/40");
    assert_eq!(
        read_objects(&[&broken, &node("a", "10.0.0.2", &["10.4.0.0/24"])]).unwrap_err(),
        "all.json: subnetwork projects/p/regions/r/subnetworks/s: secondaryIpRanges[0].ipCidrRange: \"10.4.0.0/40\": \
         expected an IPv4 range as in 10.0.0.0/20"
    );
}
