//! Whatever stands in a file: a snapshot or faults, never a panic.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// Values that are right somewhere, so that random objects are not all refused at their first field.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        prop::sample::select(vec![
            "10.0.0.0/20",
            "10.0.0.2",
            "/24",
            "fd20::/64",
            "0.0.0.0/0",
            "INTERNAL",
            "pods",
            "compute#instance",
            "compute#subnetwork",
            "projects/p/regions/r/subnetworks/s",
            "projects/p/zones/z/instances/a",
            "projects/p/global/networks/n",
            "UNREACHABLE",
        ])
        .prop_map(Value::from),
    ];
    let key = prop::sample::select(vec![
        "kind",
        "selfLink",
        "name",
        "zone",
        "region",
        "project",
        "network",
        "subnetwork",
        "ipCidrRange",
        "secondaryIpRanges",
        "rangeName",
        "networkInterfaces",
        "networkIP",
        "aliasIpRanges",
        "subnetworkRangeName",
        "ipv6Address",
        "internalIpv6PrefixLength",
        "ipv6AccessConfigs",
        "externalIpv6",
        "address",
        "prefixLength",
        "addressType",
        "IPAddress",
        "loadBalancingScheme",
        "items",
        "instances",
        "subnetworks",
        "addresses",
        "forwardingRules",
        "warning",
        "code",
        "nextPageToken",
        "unreachables",
        "zones/a",
    ]);
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key.clone().prop_map(str::to_owned), inner, 0..6).prop_map(|map| json!(map)),
        ]
    })
}

/// Faults, if any, each beginning with the file.
fn judged(name: &str, octets: &[u8]) {
    let folder = directory(&[]);
    std::fs::write(folder.path().join(name), octets).unwrap();
    if let Err(faults) = read(folder.path(), &Selection::default()) {
        assert!(!faults.is_empty() && faults.total >= faults.shown.len());
        assert!(faults.shown.iter().all(|fault| fault.file.is_some() || fault.object.is_some()), "{faults}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn arbitrary_octets_never_panic(octets in prop::collection::vec(any::<u8>(), 0..64)) {
        judged("a.json", &octets);
        judged("a.yaml", &octets);
    }

    #[test]
    fn arbitrary_json_never_panics(value in value()) {
        let text = value.to_string();
        judged("a.json", text.as_bytes());
        judged("a.yaml", text.as_bytes());
    }

    #[test]
    fn a_file_cut_anywhere_is_never_believed(cut in 0_usize..4096, yaml in any::<bool>()) {
        let (file, name) = if yaml { ("bundle/lab.yaml", "a.yaml") } else { ("bundle/lab.json", "a.json") };
        let whole = std::fs::read(sample(file)).unwrap();
        let trimmed = whole.trim_ascii_end();
        let cut = cut % trimmed.len();
        let text = String::from_utf8_lossy(&trimmed[..cut]).into_owned();
        prop_assert!(read_all(&[(name, &text)]).is_err(), "cut at {}", cut);
    }
}

#[test]
fn deep_nesting_is_a_fault() {
    for depth in [200, 100_000] {
        let lists = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let ignored = format!("[{{\"x\": {lists}}}]");
        for text in [&lists, &ignored] {
            assert!(read_all(&[("a.json", text)]).is_err());
        }
        assert!(read_all(&[("a.yaml", &lists)]).is_err());
    }
}

#[test]
fn yaml_that_repeats_itself_without_end_is_a_fault() {
    let mut text = "a: &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (name, before) in ["b", "c", "d", "e", "f", "g", "h", "i"].iter().zip(["a", "b", "c", "d", "e", "f", "g", "h"])
    {
        let entries = vec![format!("*{before}"); 10].join(", ");
        text.push_str(&format!("{name}: &{name} [{entries}]\n"));
    }
    assert!(read_all(&[("a.yaml", &format!("{text}instances: *i\n...\n"))]).is_err());
}
