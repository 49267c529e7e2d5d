//! One changed key touches what it must and nothing else.

use super::super::{Config, ConfigChange, PeerChange};
use super::load;

const BASE: &str = "\
[router]
asn = 64512
router_id = \"10.0.0.1\"
[inventory]
path = \"inventory\"
[control]
[admin]
[guard]
[log]
[[advertise]]
role = \"pod\"
aggregation = { mode = \"in-use\" }
[[peer]]
name = \"dc1\"
address = \"10.0.0.2\"
asn = 65001
import = { allow = [\"10.0.0.0/8\"] }
export = { roles = [\"pod\"] }
[[peer]]
name = \"dc2\"
address = \"10.0.0.3\"
asn = 65002
";

fn base() -> Config {
    load(BASE).unwrap()
}

/// What changes when this line of [`BASE`] becomes those.
fn change(line: &str, lines: &str) -> ConfigChange {
    assert_eq!(BASE.matches(line).count(), 1, "{line}");
    ConfigChange::between(&base(), &load(&BASE.replace(line, lines)).unwrap())
}

#[test]
fn nothing_changes_between_equals() {
    let change = ConfigChange::between(&base(), &base());
    assert!(change.is_empty(), "{change:?}");
}

#[test]
fn each_key_of_a_section_touches_its_own() {
    let none = ConfigChange::default;
    let both = |keys: &[&'static str]| -> Vec<PeerChange> {
        let change = |name: &str| PeerChange { name: name.to_owned(), policy: keys.to_vec(), ..PeerChange::default() };
        ["dc1", "dc2"].map(change).to_vec()
    };
    let cases = [
        ("asn = 64512\n", "asn = 64513\n", ConfigChange { restart: vec!["router.asn"], ..none() }),
        (
            "router_id = \"10.0.0.1\"",
            "router_id = \"10.0.0.9\"",
            ConfigChange { restart: vec!["router.router_id"], ..none() },
        ),
        (
            "asn = 64512\n",
            "asn = 64512\nalways_compare_med = true\n",
            ConfigChange { restart: vec!["router.always_compare_med"], ..none() },
        ),
        ("asn = 64512\n", "asn = 64512\nlisten = [\"0.0.0.0:179\"]\n", ConfigChange { listen: true, ..none() }),
        ("asn = 64512\n", "asn = 64512\nregion = \"r1\"\n", ConfigChange { originations: true, ..none() }),
        (
            "asn = 64512\n",
            "asn = 64512\nregion = \"r1\"\nrouting_mode = \"GLOBAL\"\n",
            ConfigChange { originations: true, peers_changed: both(&["inter_region_cost"]), ..none() },
        ),
        (
            "asn = 64512\n",
            "asn = 64512\nadvertise_mode = \"CUSTOM\"\nadvertised_ip_ranges = [{ range = \"10.0.0.0/8\" }]\n",
            ConfigChange {
                originations: true,
                peers_changed: {
                    let mut both = both(&["advertised_groups", "advertised_ip_ranges"]);
                    // It had none, and now has all that its mode has.
                    both[1].policy.insert(0, "export");
                    both
                },
                ..none()
            },
        ),
        ("path = \"inventory\"", "path = \"other\"", ConfigChange { inventory: true, ..none() }),
        ("path = \"inventory\"", "path = \"inventory\"\nsettle_ms = 5", ConfigChange { inventory: true, ..none() }),
        ("[control]", "[control]\nmode = \"0600\"", ConfigChange { control: true, ..none() }),
        ("[admin]", "[admin]\nmode = \"0660\"", ConfigChange { admin: true, ..none() }),
        ("[guard]", "[guard]\nwindow_secs = 5", ConfigChange { guard: true, ..none() }),
        ("[guard]", "[audit]\npath = \"audit.jsonl\"\n[guard]", ConfigChange { audit: true, ..none() }),
        ("[log]", "[metrics]\nlisten = \"127.0.0.1:9179\"\n[log]", ConfigChange { metrics: true, ..none() }),
        ("[log]", "[log]\nlevel = \"debug\"", ConfigChange { log: true, ..none() }),
        ("mode = \"in-use\"", "mode = \"subnet-ranges\"", ConfigChange { originations: true, ..none() }),
        ("[log]", "[log]\n[[range_role]]\nrange = \"x\"\nrole = \"y\"", ConfigChange { originations: true, ..none() }),
    ];
    for (line, lines, expected) in cases {
        assert_eq!(change(line, lines), expected, "{lines}");
    }
}

#[test]
fn each_key_of_a_peer_touches_that_peer_alone() {
    let dc1 = || PeerChange { name: "dc1".to_owned(), ..PeerChange::default() };
    let session = |key| PeerChange { session: vec![key], ..dc1() };
    let routes = |key| PeerChange { routes: vec![key], ..dc1() };
    let policy = |key| PeerChange { policy: vec![key], ..dc1() };
    let cases = [
        ("address = \"10.0.0.2\"", "address = \"10.0.0.4\"", session("address")),
        ("asn = 65001", "asn = 65009", session("asn")),
        ("asn = 65001", "asn = 65001\nport = 1790", session("port")),
        ("asn = 65001", "asn = 65001\nlocal_address = \"10.0.0.1\"", session("local_address")),
        ("asn = 65001", "asn = 65001\nconnect = \"passive\"", session("connect")),
        ("asn = 65001", "asn = 65001\nhold_time_secs = 9", session("hold_time_secs")),
        ("asn = 65001", "asn = 65001\nmin_hold_time_secs = 9", session("min_hold_time_secs")),
        ("asn = 65001", "asn = 65001\nconnect_retry_secs = 9", session("connect_retry_secs")),
        ("asn = 65001", "asn = 65001\ninitial_hold_time_secs = 9", session("initial_hold_time_secs")),
        ("asn = 65001", "asn = 65001\nfamilies = [\"ipv6-unicast\"]", session("families")),
        ("asn = 65001", "asn = 65001\nextended_messages = false", session("extended_messages")),
        ("asn = 65001", "asn = 65001\nextended_next_hop = true", session("extended_next_hop")),
        ("asn = 65001", "asn = 65001\nadd_path = \"both\"", session("add_path")),
        ("asn = 65001", "asn = 65001\nlocal_role = \"customer\"", session("local_role")),
        ("asn = 65001", "asn = 65001\naccept_as_set = true", session("accept_as_set")),
        ("asn = 65001", "asn = 65001\ngraceful_shutdown = false", routes("graceful_shutdown")),
        ("asn = 65001", "asn = 65001\ngraceful_restart = { stale_time_secs = 9 }", session("graceful_restart")),
        ("asn = 65001", "asn = 65001\nadvertised_route_priority = 9", routes("advertised_route_priority")),
        ("asn = 65001", "asn = 65001\nnext_hop_self_v4 = \"10.0.0.1\"", routes("next_hop_self_v4")),
        ("asn = 65001", "asn = 65001\nnext_hop_self_v6 = \"fd00::1\"", routes("next_hop_self_v6")),
        ("[\"10.0.0.0/8\"] }", "[\"10.0.0.0/8\"], max_prefixes = 9 }", routes("import.max_prefixes")),
        ("[\"10.0.0.0/8\"] }", "[\"10.0.0.0/8 le 24\"] }", policy("import")),
        ("import = { allow = [\"10.0.0.0/8\"] }\n", "", policy("import")),
        ("roles = [\"pod\"]", "roles = [\"*\"]", policy("export")),
        ("roles = [\"pod\"]", "roles = [\"pod\"], learned_from = [\"dc2\"]", policy("export")),
        ("asn = 65001", "asn = 65001\nadvertise_mode = \"CUSTOM\"", policy("advertised_groups")),
        ("asn = 65001", "asn = 65001\ndescription = \"x\"", PeerChange { description: true, ..dc1() }),
    ];
    let peer = routes("max_prefixes_out");
    let change_of_room = ConfigChange { peers_changed: vec![peer], originations: true, ..ConfigChange::default() };
    assert_eq!(change("asn = 65001", "asn = 65001\nmax_prefixes_out = 100"), change_of_room);
    for (line, lines, expected) in cases {
        assert_eq!(expected.needs_reset(), !expected.session.is_empty());
        assert_eq!(
            change(line, lines),
            ConfigChange { peers_changed: vec![expected], ..ConfigChange::default() },
            "{lines}"
        );
    }
}

#[test]
fn a_role_that_becomes_strict_resets_its_peer() {
    let with_role = BASE.replace("asn = 65001", "asn = 65001\nlocal_role = \"customer\"");
    let strict = with_role.replace("asn = 65001", "asn = 65001\nstrict_role = true");
    let change = ConfigChange::between(&load(&with_role).unwrap(), &load(&strict).unwrap());
    assert_eq!(change.peers_changed[0].session, ["strict_role"]);
}

#[test]
fn peers_come_and_go_by_name_and_by_being_enabled() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let renamed = change("name = \"dc2\"", "name = \"dc3\"");
    assert_eq!((renamed.peers_added, renamed.peers_removed), (names(&["dc3"]), names(&["dc2"])));
    let disabled = change("asn = 65002", "asn = 65002\nenabled = false");
    assert_eq!((disabled.peers_added, disabled.peers_removed), (names(&[]), names(&["dc2"])));
    let off = load(&BASE.replace("asn = 65002", "asn = 65002\nenabled = false")).unwrap();
    let enabled = ConfigChange::between(&off, &base());
    assert_eq!((enabled.peers_added, enabled.peers_changed), (names(&["dc2"]), vec![]));
}

#[test]
fn the_order_of_peers_is_no_difference() {
    let mut turned = base();
    turned.peers.reverse();
    assert!(ConfigChange::between(&base(), &turned).is_empty());
}
