//! Import and export rules as policies: what they let through, and by which term.

use std::sync::Arc;

use bgp_core::attribute::PathAttributes;
use bgp_core::policy::{Policy, RouteSource, Verdict};
use bgp_core::types::PeerId;

use super::{Config, load_after_router, load_peer};

/// The verdict on a route and the name of the term that gave it.
fn judge(policy: &Policy, prefix: &str, source: &RouteSource) -> (Verdict, Option<String>) {
    let evaluation = policy.evaluate(&prefix.parse().unwrap(), source, &Arc::new(PathAttributes::default()));
    let term = evaluation.term.and_then(|index| policy.term_name(index));
    (evaluation.verdict, term.map(ToOwned::to_owned))
}

fn accepted(term: &str) -> (Verdict, Option<String>) {
    (Verdict::Accept, Some(term.to_owned()))
}

fn rejected(term: &str) -> (Verdict, Option<String>) {
    (Verdict::Reject, Some(term.to_owned()))
}

const NOTHING: (Verdict, Option<String>) = (Verdict::Reject, None);

fn originated(role: &str) -> RouteSource {
    RouteSource::Originated { tag: Arc::from(role), cost: 0 }
}

fn learned(id: u32) -> RouteSource {
    RouteSource::Peer(PeerId(id))
}

/// Numbers peers as they stand.
fn export_policy(config: &Config, name: &str) -> Policy {
    let position = |name: &str| config.peers.iter().position(|peer| peer.name == name);
    config.peer(name).unwrap().export_policy(|name| Some(PeerId(u32::try_from(position(name)?).unwrap())))
}

#[test]
fn without_rules_nothing_passes() {
    let config = load_peer("").unwrap();
    assert_eq!(judge(&config.peers[0].import_policy(), "10.0.0.0/8", &learned(0)), NOTHING);
    assert_eq!(judge(&export_policy(&config, "dc1"), "10.0.0.0/8", &originated("pod")), NOTHING);
}

#[test]
fn imports_what_is_allowed_and_not_denied_and_names_the_entry() {
    let rules = "allow = [\"192.168.0.0/16\", \"10.0.0.0/8 le 24\"], deny = [\"10.99.0.0/16 le 32\"]";
    let config = load_peer(&format!("import = {{ {rules} }}")).unwrap();
    let policy = config.peers[0].import_policy();
    for (prefix, expected) in [
        ("10.1.0.0/16", accepted("import.allow[1] 10.0.0.0/8 le 24")),
        ("192.168.0.0/16", accepted("import.allow[0] 192.168.0.0/16")),
        ("192.168.1.0/24", NOTHING),
        ("10.1.1.0/25", NOTHING),
        ("10.99.1.0/24", rejected("import.deny[0] 10.99.0.0/16 le 32")),
        ("fd00::/8", NOTHING),
    ] {
        assert_eq!(judge(&policy, prefix, &learned(0)), expected, "{prefix}");
    }
}

#[test]
fn a_default_route_is_decided_by_the_entry_that_names_it() {
    let config = load_peer("import = { allow = [\"0.0.0.0/0 le 24\", \"0.0.0.0/0\"] }").unwrap();
    let policy = config.peers[0].import_policy();
    assert_eq!(judge(&policy, "0.0.0.0/0", &learned(0)), accepted("import.allow[1] 0.0.0.0/0"));
    assert_eq!(judge(&policy, "10.0.0.0/8", &learned(0)), accepted("import.allow[0] 0.0.0.0/0 le 24"));
}

#[test]
fn exports_by_role_within_what_is_allowed() {
    let rules =
        "roles = [\"vm\", \"pod\"], allow = [\"172.16.0.0/12\", \"10.0.0.0/8 le 24\"], deny = [\"10.9.0.0/16\"]";
    let config = load_peer(&format!("export = {{ {rules} }}")).unwrap();
    let policy = export_policy(&config, "dc1");
    for (prefix, source, expected) in [
        ("10.1.0.0/16", originated("pod"), accepted("export.roles[1] pod, allow[1] 10.0.0.0/8 le 24")),
        ("172.16.0.0/12", originated("vm"), accepted("export.roles[0] vm, allow[0] 172.16.0.0/12")),
        ("10.1.0.0/16", originated("service"), NOTHING),
        ("10.1.1.1/32", originated("pod"), NOTHING),
        ("10.9.0.0/16", originated("pod"), rejected("export.deny[0] 10.9.0.0/16")),
        ("10.1.0.0/16", learned(1), NOTHING),
    ] {
        assert_eq!(judge(&policy, prefix, &source), expected, "{prefix} {source:?}");
    }
}

#[test]
fn a_star_exports_every_role_but_nothing_learned() {
    let config = load_peer("export = { roles = [\"*\"] }").unwrap();
    let policy = export_policy(&config, "dc1");
    assert_eq!(judge(&policy, "10.1.0.0/16", &originated("anything")), accepted("export.roles[0] *"));
    assert_eq!(judge(&policy, "10.1.0.0/16", &learned(1)), NOTHING);
}

#[test]
fn passes_on_what_the_named_peers_sent_and_no_other() {
    let peer = |name: &str, last: u8, rest: &str| {
        format!("[[peer]]\nname = \"{name}\"\naddress = \"10.0.0.{last}\"\nasn = 65001\n{rest}\n")
    };
    let export = "export = { learned_from = [\"b\", \"c\"] }";
    let text = [peer("a", 2, export), peer("b", 3, ""), peer("c", 4, "enabled = false"), peer("d", 5, "")].concat();
    let config = load_after_router(&text).unwrap();
    let policy = export_policy(&config, "a");
    assert_eq!(judge(&policy, "10.1.0.0/16", &learned(1)), accepted("export.learned_from[0] b"));
    assert_eq!(judge(&policy, "10.1.0.0/16", &learned(3)), NOTHING);
    assert_eq!(judge(&policy, "10.1.0.0/16", &originated("pod")), NOTHING);
    let only_b = config.peer("a").unwrap().export_policy(|name| (name == "b").then_some(PeerId(1)));
    assert_eq!(only_b.terms.len(), 1, "a peer without a number selects nothing");
}

#[test]
fn a_star_passes_on_what_any_peer_sent_and_makes_equal_policies() {
    let export = "export = { learned_from = [\"*\"] }";
    let peer = |name: &str, last: u8| {
        format!("[[peer]]\nname = \"{name}\"\naddress = \"10.0.0.{last}\"\nasn = 65001\n{export}\n")
    };
    let config = load_after_router(&[peer("a", 2), peer("b", 3)].concat()).unwrap();
    let policy = export_policy(&config, "a");
    assert_eq!(judge(&policy, "10.1.0.0/16", &learned(1)), accepted("export.learned_from[0] *"));
    assert_eq!(judge(&policy, "10.1.0.0/16", &originated("pod")), NOTHING);
    assert_eq!(policy, export_policy(&config, "b"));
}

#[test]
fn peers_with_equal_rules_have_equal_policies() {
    let rules = "import = { allow = [\"10.0.0.0/8\"] }\nexport = { roles = [\"pod\"] }\n";
    let peer = |name: &str, last: u8| {
        format!("[[peer]]\nname = \"{name}\"\naddress = \"10.0.0.{last}\"\nasn = 65001\n{rules}")
    };
    let config = load_after_router(&[peer("a", 2), peer("b", 3)].concat()).unwrap();
    assert_eq!(export_policy(&config, "a"), export_policy(&config, "b"));
    assert_eq!(config.peers[0].import_policy(), config.peers[1].import_policy());
}
