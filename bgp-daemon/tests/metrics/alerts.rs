//! configs/alerts.yml names nothing but what is exported.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::exposition::Scrape;

/// What stands in expressions beside names of metrics and labels.
const WORDS: [&str; 2] = ["increase", "or"];

/// Every name in an expression but for those of labels.
fn names(expression: &str) -> BTreeSet<&str> {
    let without_labels = expression.split('{').map(|part| part.rsplit('}').next().unwrap());
    // In a range as [30m] or [1h] the unit is no name.
    let without_ranges = without_labels.flat_map(|part| part.split('[').map(|part| part.rsplit(']').next().unwrap()));
    let words = without_ranges.flat_map(|part| part.split(|char: char| !(char.is_ascii_alphanumeric() || char == '_')));
    words.filter(|word| word.starts_with(|char: char| char.is_ascii_lowercase())).collect()
}

#[test]
fn finds_the_names_in_an_expression() {
    let found = names("increase(a_total{peer=\"x\"}[30m]) > 3 or b_x == 0.9 * c{x=\"y\"}");
    assert_eq!(found, BTreeSet::from(["increase", "a_total", "or", "b_x", "c"]));
}

/// Holds every alert against what a scrape has.
pub fn assert_are_about(scrape: &Scrape) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs/alerts.yml");
    let rules: Value = serde_yaml_ng::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let known = scrape.names();
    let (mut alerts, mut used) = (BTreeSet::new(), BTreeSet::new());
    for rule in rules["groups"].as_array().unwrap().iter().flat_map(|group| group["rules"].as_array().unwrap()) {
        let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("not whole: {rule}")).to_owned();
        let expression = text(&rule["expr"]);
        for name in names(&expression).into_iter().filter(|name| !WORDS.contains(name)) {
            // Prometheus makes this one itself.
            assert!(known.contains(name) || name == "up", "{name} is not exported: {expression}");
            used.insert(name.to_owned());
        }
        assert!(["critical", "warning"].contains(&text(&rule["labels"]["severity"]).as_str()), "{rule}");
        assert!(text(&rule["annotations"]["summary"]).contains("$labels.instance"), "{rule}");
        text(&rule["annotations"]["action"]);
        assert!(alerts.insert(text(&rule["alert"])), "it stands twice: {rule}");
    }
    for name in [
        "aliasd_inventory_trusted",
        "aliasd_guard_held_withdrawals",
        "aliasd_bgp_peer_up",
        "aliasd_journal_fault",
        "aliasd_rule_max_prefixes",
        "aliasd_inventory_quarantined_objects",
    ] {
        assert!(used.contains(name), "no alert is about {name}");
    }
}
