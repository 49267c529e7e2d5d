//! What a configuration takes from everybody by the sessions that it ends.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use super::super::guard::Guard;
use super::super::{EndedSessions, advance, ended_sessions, originate};
use super::guard::{PEERS, World, nodes, pods};
use super::{config, range, snapshot};

/// dc1 is told of pods, dc2 of everything.
fn ended(world: &World, after: &str) -> Option<EndedSessions> {
    let current = world.current.as_ref().unwrap();
    ended_sessions(current, &config(after), &Guard::new(current.set.guard.clone()), world.now()).held
}

fn without(peer: &str) -> String {
    let (head, rest) = PEERS.split_at(PEERS.find("[[peer]]").unwrap());
    let kept = rest.split("[[peer]]").filter(|text| !text.trim().is_empty() && !text.contains(peer));
    format!("{head}{}", kept.map(|text| format!("[[peer]]{text}")).collect::<String>())
}

fn disabled(peer: &str) -> String {
    PEERS.replace(&format!("name = \"{peer}\""), &format!("name = \"{peer}\"\nenabled = false"))
}

#[test]
fn a_peer_whose_routes_another_one_has_may_go_and_the_last_one_waits() {
    let world = World::new("", snapshot(pods(&nodes(30))));
    for one in [without("dc1"), without("dc2"), disabled("dc1")] {
        assert_eq!(ended(&world, &one), None);
    }
    let nobody = without("dc1").split("[[peer]]").next().unwrap().to_owned();
    let held = ended(&world, &nobody).unwrap();
    assert_eq!((held.peers.len(), held.prefixes.len(), held.lost.ipv4), (2, 30, 120));
    assert!(held.why[0].contains("30 of 30 prefixes"), "{:?}", held.why);
    let both = disabled("dc1").replace("name = \"dc2\"", "name = \"dc2\"\nenabled = false");
    assert_eq!(ended(&world, &both).unwrap().hash, held.hash, "it takes the same away");
    assert_eq!(ended(&world, &format!("{nobody}\n[guard]\nenabled = false\n")), None);
}

#[test]
fn what_only_the_peer_that_goes_was_told_of_is_weighed_by_the_budgets() {
    let ranges = |vm: &[&str]| [pods(&nodes(30)), vec![range("nodes", "10.5.0.0/16", vm)]].concat();
    // dc2 alone is told of what is no pod.
    let world = World::new("", snapshot(ranges(&["10.5.0.0/30", "10.5.0.8/30"])));
    assert_eq!(ended(&world, &without("dc2")), None, "2 of 32");
    let many: Vec<String> = (0..10).map(|number| format!("10.5.0.{}/30", number * 8)).collect();
    let world = World::new("", snapshot(ranges(&many.iter().map(String::as_str).collect::<Vec<_>>())));
    let held = ended(&world, &without("dc2")).unwrap();
    assert_eq!((held.peers, held.prefixes.len()), (vec!["dc2".to_owned()], 10));
    // The other one is told of it by the same change.
    assert_eq!(ended(&world, &without("dc2").replace("[\"pod\"]", "[\"*\"]")), None);
    let protected = "[guard]\nprotected = [\"10.5.0.0/30\"]\n";
    let world = World::new("", snapshot(ranges(&["10.5.0.0/30"])));
    assert!(ended(&world, &format!("{}{protected}", without("dc2"))).unwrap().why[0].contains("guard.protected"));
}

#[test]
fn sessions_that_end_little_by_little_meet_the_budget_of_the_window() {
    let nodes = |first: u8| [format!("10.5.{first}.0/30"), format!("10.5.{first}.8/30")];
    let all: Vec<String> = (0..3).flat_map(nodes).collect();
    let ranges = vec![range("nodes", "10.5.0.0/16", &all.iter().map(String::as_str).collect::<Vec<_>>())];
    // Each of three is told of two that nobody else is told of, and three may go.
    let budget = "max_withdraw_prefixes = 3\nmax_withdraw_percent = 100\nmax_withdraw_addresses_percent = 100";
    let peer = |number: u8| {
        format!(
            "[[peer]]\nname = \"n{number}\"\naddress = \"10.255.0.{}\"\nasn = 65001\n\
             export = {{ roles = [\"*\"], allow = [\"10.5.{number}.0/24 le 32\"] }}\n",
            number + 10
        )
    };
    let rules = |peers: &[u8]| {
        let head = "[[advertise]]\nrange = \"*\"\naggregation = { mode = \"in-use\" }\n";
        let peers: String = peers.iter().map(|number| peer(*number)).collect();
        Arc::new(config(&format!("{head}{peers}[guard]\n{budget}\n")))
    };
    let (now, guard) = (UNIX_EPOCH, Guard::default());
    let of = |peers: &[u8]| {
        let config = rules(peers);
        let target = originate(snapshot(ranges.clone()), &config);
        advance(None, target, config, &guard, None, now).next
    };
    let (mut guard, first) = (Guard::default(), of(&[0, 1, 2]));
    let ended = ended_sessions(&first, &rules(&[0, 1]), &guard, now);
    assert_eq!((ended.held, ended.passing[""].prefixes), (None, 2));
    guard.count(&ended.passing, &rules(&[0, 1]).guard, now);
    let second = of(&[0, 1]);
    let later = |seconds: u64| ended_sessions(&second, &rules(&[0]), &guard, now + Duration::from_secs(seconds)).held;
    assert!(later(60).unwrap().why[0].contains("4 of"), "{:?}", later(60));
    assert_eq!(later(3600), None, "the window is over");
}

#[test]
fn what_goes_with_sessions_is_measured_by_what_was_in_use_and_forgotten_once_it_is_let_go() {
    let head = "[[advertise]]\nrange = \"*\"\naggregation = { mode = \"in-use\", max_prefixes = 1 }\n";
    let peer = "[[peer]]\nname = \"dc1\"\naddress = \"10.255.0.2\"\nasn = 65001\nexport = { roles = [\"*\"] }\n";
    let rules = Arc::new(config(&format!("{head}{peer}")));
    let snapshot = snapshot(vec![range("nodes", "10.5.0.0/16", &["10.5.0.0/30", "10.5.240.0/30"])]);
    let target = originate(snapshot, &rules);
    let guard = Guard::default();
    let current = advance(None, target, rules, &guard, None, UNIX_EPOCH).next;
    let ended = ended_sessions(&current, &config(head), &guard, UNIX_EPOCH);
    let held = ended.held.unwrap();
    assert_eq!((held.prefixes, held.lost.ipv4), (vec!["10.5.0.0/16".to_owned()], 8));
    assert_eq!((ended.let_go[""].of_addresses.ipv4, ended.passing.len()), (8, 0));
}

#[test]
fn a_family_that_is_no_longer_offered_ends_as_a_session_does() {
    let world = World::new("", snapshot(vec![range("pods", "fd00::/64", &["fd00::/96"])]));
    let ipv4 = PEERS.replace("families = [\"ipv4-unicast\", \"ipv6-unicast\"]\nnext_hop_self_v6 = \"fd00::1\"\n", "");
    assert_ne!(ipv4, PEERS);
    assert_eq!(ended(&world, &ipv4).unwrap().peers, ["dc1", "dc2"]);
    let one = PEERS.replacen("families = [\"ipv4-unicast\", \"ipv6-unicast\"]\n", "", 1);
    assert_eq!(ended(&world, &one), None, "the other one still has it");
}

#[test]
fn a_peer_that_is_renamed_or_reset_comes_up_again() {
    let world = World::new("", snapshot(pods(&nodes(30))));
    assert_eq!(ended(&world, &PEERS.replace("\"dc1\"", "\"paris\"").replace("\"dc2\"", "\"rome\"")), None);
    assert_eq!(ended(&world, &PEERS.replace("asn = 6500", "asn = 6510")), None);
}

#[test]
fn a_peer_of_another_name_or_address_has_what_it_is_told_by_its_own_rules_alone() {
    let world = World::new("", snapshot(pods(&nodes(30))));
    let renamed = PEERS.replace("\"dc1\"", "\"paris\"").replace("\"dc2\"", "\"rome\"");
    let silent = renamed.replace("[\"pod\"]", "[\"vm\"]").replace("[\"*\"]", "[\"vm\"]");
    assert_eq!(ended(&world, &silent).unwrap().peers, ["dc1", "dc2"]);
    let elsewhere = PEERS.replace("\"10.255.0.", "\"10.255.1.");
    assert_eq!(ended(&world, &elsewhere).unwrap().peers, ["dc1", "dc2"], "those who had the routes have them no more");
    assert_eq!(ended(&world, &PEERS.replace("\"10.255.0.2\"", "\"10.255.1.2\"")), None, "the other one has them");
}
