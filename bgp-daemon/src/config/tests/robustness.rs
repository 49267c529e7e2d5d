//! Whatever stands in a file or the environment: a configuration or faults, never a panic.

use proptest::prelude::*;

use super::{ROUTER, load_files};

/// Pieces of configurations, so that random texts are not all refused at their first word.
fn fragment() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec![
        "router",
        "asn",
        "router_id",
        "listen",
        "inventory",
        "path",
        "peer",
        "name",
        "address",
        "import",
        "allow",
        "export",
        "roles",
        "families",
        "hold_time_secs",
        "advertise",
        "aggregation",
        "mode",
        "communities",
        "\"a[9].b\"",
        "log",
        "level",
    ]);
    let value = prop_oneof![
        any::<i64>().prop_map(|number| number.to_string()),
        "[0-9a-f:./ ]{0,12}".prop_map(|text| format!("{text:?}")),
        Just("true".to_owned()),
        Just("1.5e3".to_owned()),
        Just("1979-05-27".to_owned()),
        Just("[\"10.0.0.0/8 le 24\", 5, [], {}]".to_owned()),
        Just("{ mode = \"in-use\", allow = [\"::/0\"], x = nan }".to_owned()),
    ];
    prop_oneof![
        (key.clone(), value).prop_map(|(key, value)| format!("{key} = {value}\n")),
        key.clone().prop_map(|key| format!("[{key}]\n")),
        key.prop_map(|key| format!("[[{key}]]\n")),
        "\\PC{0,20}\n",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn arbitrary_text_never_panics(pieces in prop::collection::vec(fragment(), 0..12), after_router in any::<bool>()) {
        let text = format!("{}{}", if after_router { ROUTER } else { "" }, pieces.concat());
        if let Err(faults) = load_files(&[("aliasd.toml", &text)], &[]) {
            prop_assert!(!faults.is_empty());
            // A name in a message may itself hold anything; what we write starts every line with the place.
            prop_assert!(faults.lines().all(|line| line.starts_with("aliasd.toml")), "{faults}");
        }
    }

    #[test]
    fn arbitrary_environment_never_panics(name in "[A-Z_\\[\\].0-9]{0,20}", value in "\\PC{0,20}") {
        for prefix in ["ALIASD__", "ALIASD__ROUTER__", "ALIASD__PEER__", "ALIASD"] {
            let name = format!("{prefix}{name}");
            let _ = load_files(&[("aliasd.toml", ROUTER)], &[(&name, &value)]);
        }
    }
}

#[test]
fn octets_that_are_no_text_are_a_fault() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("aliasd.toml");
    std::fs::write(&path, b"[router]\nasn = \xff").unwrap();
    let faults = super::Config::load_with(&path, []).unwrap_err().to_string();
    assert_eq!(faults, format!("{}: not UTF-8 from octet 15 on; expected TOML text", path.display()));
}

#[test]
fn a_file_without_end_is_a_fault() {
    let faults = super::Config::load_with(std::path::Path::new("/dev/zero"), []).unwrap_err().to_string();
    assert_eq!(faults, "/dev/zero: too long; expected at most 4194304 octets");
}

#[test]
fn a_thousand_faults_are_reported_in_part_and_soon() {
    let text: String = (0..1000).map(|index| format!("wrong{index} = {index}\n")).collect();
    let faults = load_files(&[("aliasd.toml", &format!("{ROUTER}{text}"))], &[]).unwrap_err();
    assert_eq!(faults.lines().count(), 101);
    assert!(faults.starts_with("aliasd.toml: more than 100 faults of key and type; the rest is not shown"), "{faults}");
}

#[test]
fn deep_nesting_is_a_fault() {
    let arrays = format!("x = {}{}", "[".repeat(100_000), "]".repeat(100_000));
    let tables = format!("x = {}1{}", "{a=".repeat(100_000), "}".repeat(100_000));
    let dotted = format!("{}a = 1", "a.".repeat(100_000));
    let header = format!("[{}a]", "a.".repeat(100_000));
    for text in [arrays, tables, dotted, header] {
        assert!(load_files(&[("aliasd.toml", &format!("{ROUTER}{text}"))], &[]).is_err());
    }
}
