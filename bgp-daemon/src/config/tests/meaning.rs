//! Defaults, warnings and what the typed configuration holds.

use std::time::Duration;

use bgp_core::capability::Role;
use bgp_core::session::{AddPathMode, ConnectMode, Extensions};
use bgp_core::types::{AddressFamily, FamilySet, PeerKind};

use super::super::{LogFormat, RoleSelector};
use super::{load_after_router, load_peer};

#[test]
fn what_is_not_written_has_the_documented_default() {
    let config = load_peer("").unwrap();
    assert_eq!(config.router.listen, ["0.0.0.0:179".parse().unwrap(), "[::]:179".parse().unwrap()]);
    assert_eq!((config.router.region, config.router.always_compare_med), (None, false));
    assert_eq!(config.inventory.path.to_str(), Some("inventory"));
    assert_eq!(config.inventory.poll_interval, Duration::from_secs(30));
    assert_eq!(config.inventory.settle, Duration::from_millis(100));
    assert_eq!((config.inventory.network, config.inventory.allow_empty), (None, false));
    assert_eq!(config.control.socket.to_str(), Some("/run/aliasd/aliasd.sock"));
    assert_eq!(config.control.mode, 0o660);
    assert_eq!((config.log.format, config.log.level.as_str()), (LogFormat::Text, "info"));
    let peer = &config.peers[0];
    assert!(peer.enabled);
    assert_eq!((peer.port, peer.local_address, peer.connect), (179, None, ConnectMode::Both));
    assert_eq!((peer.hold_time.as_secs(), peer.minimum_hold_time_secs), (90, 3));
    assert_eq!((peer.connect_retry, peer.initial_hold), (Duration::from_mins(2), Duration::from_mins(4)));
    assert_eq!(peer.families, FamilySet::from_iter([AddressFamily::Ipv4Unicast]));
    assert_eq!(peer.advertised_route_priority, 100);
    assert_eq!(peer.kind(config.router.asn), PeerKind::External);
    assert_eq!(peer.max_prefixes(), None);
    assert_eq!(peer.extensions, Extensions { extended_messages: true, ..Extensions::default() });
    assert!(peer.graceful_shutdown);
}

#[test]
fn what_a_peer_takes_is_a_number_or_has_a_name() {
    let taken = |written: &str| load_peer(written).unwrap().peers[0].max_prefixes_out;
    let cases = [
        ("", None),
        ("max_prefixes_out = 2", Some(2)),
        ("max_prefixes_out = \"250\"", Some(250)),
        ("max_prefixes_out = \"aws-direct-connect\"", Some(100)),
        ("max_prefixes_out = \"google-cloud-router\"", Some(5000)),
    ];
    for (written, expected) in cases {
        assert_eq!(taken(written), expected, "{written}");
    }
    let names = "2 to 10000 prefixes, or the name of a limit: \"aws-direct-connect\" (100), \"aws-transit-gateway-connect\" (1000), \
                 \"azure-route-server\" (1000), \"google-cloud-router\" (5000)";
    for (value, expected) in [
        ("1", names),
        ("10001", names),
        ("\"aws\"", names),
        ("true", "a whole number, or the name of a limit in quotes"),
    ] {
        let said = load_peer(&format!("max_prefixes_out = {value}")).unwrap_err();
        assert_eq!(said, format!("aliasd.toml:10:20: peer[dc1].max_prefixes_out = {value}: expected {expected}"));
    }
}

#[test]
fn what_a_peer_is_offered_is_what_is_written() {
    let written = "extended_messages = false\nextended_next_hop = true\nadd_path = \"receive\"\n\
                   local_role = \"rs-client\"\nstrict_role = true\naccept_as_set = true\ngraceful_shutdown = false";
    let config = load_peer(written).unwrap();
    let expected = Extensions {
        extended_messages: false,
        extended_next_hop: true,
        add_path: AddPathMode::Receive,
        local_role: Some(Role::RouteServerClient),
        strict_role: true,
        accept_as_set: true,
    };
    let peer = &config.peers[0];
    assert_eq!((peer.extensions, peer.graceful_shutdown), (expected, false));
    assert_eq!(peer.session_config(&config.router).extensions, expected);
}

#[test]
fn every_role_is_selected_by_a_star() {
    let config = load_peer("export = { roles = [\"*\", \"pod\"] }").unwrap();
    let export = config.peers[0].export.as_ref().unwrap();
    assert_eq!(export.roles, [RoleSelector::Any, RoleSelector::Role("pod".to_owned())]);
    assert_eq!(export.allow, None);
}

/// The warnings of a valid configuration.
fn warnings(loaded: Result<super::Config, String>) -> Vec<String> {
    loaded.unwrap().warnings.iter().map(ToString::to_string).collect()
}

const POD: &str = "[[advertise]]\nrole = \"pod\"\naggregation = { mode = \"in-use\" }\n";

#[test]
fn warns_of_silence_in_both_directions() {
    assert_eq!(
        warnings(load_after_router("")),
        ["advertise: there is none: nothing is originated", "peer: there is none enabled: nobody is told anything"]
    );
    assert_eq!(
        warnings(load_peer(POD)),
        [
            "peer[dc1]: no import: nothing is accepted from it (RFC 8212)",
            "peer[dc1]: no export: nothing is advertised to it (RFC 8212)",
        ]
    );
    assert_eq!(
        warnings(load_peer(&format!("import = {{ allow = [] }}\nexport = {{ roles = [] }}\n{POD}"))),
        [
            "peer[dc1].import.allow: empty: nothing is accepted from it",
            "peer[dc1].export: it selects nothing: nothing is advertised to it",
        ]
    );
    assert_eq!(
        warnings(load_peer(&format!("enabled = false\n{POD}"))),
        ["peer: there is none enabled: nobody is told anything"],
        "a peer that is off is silent by intent"
    );
}

#[test]
fn warns_of_what_can_never_apply() {
    let rules = "import = { allow = [\"10.0.0.0/8\"] }\nexport = { roles = [\"pod\"] }\n";
    assert_eq!(
        warnings(load_peer(&format!(
            "import = {{ allow = [\"fd00::/8\"] }}\nexport = {{ roles = [\"pods\"] }}\n{POD}"
        ))),
        [
            "peer[dc1].import.allow[0]: never matches: ipv6-unicast is not in families",
            "peer[dc1].export.roles[0]: no [[advertise]] originates the role pods: it selects nothing",
        ]
    );
    assert_eq!(
        warnings(load_peer(&format!(
            "families = [\"ipv6-unicast\"]\nexport = {{ roles = [\"pod\"] }}\nimport = {{ allow = [\"::/0\"] }}\n{POD}"
        ))),
        ["peer[dc1]: ipv6-unicast over this session needs next_hop_self_v6: without it no such route is advertised"]
    );
    assert_eq!(
        warnings(load_peer(&format!("{rules}hold_time_secs = 0\n{POD}{POD}"))),
        [
            "peer[dc1].hold_time_secs: 0 turns keepalives off: a peer that is gone is not noticed",
            "advertise[1]: never used: advertise[0] matches the same first",
        ]
    );
    let by_range = "[[advertise]]\nrange = \"gke-pods\"\naggregation = { mode = \"in-use\" }\n";
    assert_eq!(
        warnings(load_peer(&format!("{rules}{by_range}"))),
        [""; 0],
        "only the inventory knows the range's role"
    );
}
