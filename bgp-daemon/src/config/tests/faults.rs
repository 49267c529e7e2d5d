//! Every kind of fault, with its exact message.

use super::{load, load_after_router, load_files, load_peer};

/// The message of a configuration that must be refused.
fn refusal(loaded: Result<super::Config, String>) -> String {
    loaded.expect_err("this must be refused")
}

/// Cases of (text, message).
fn assert_refused(load: impl Fn(&str) -> Result<super::Config, String>, cases: &[(&str, &str)]) {
    for (text, message) in cases {
        assert_eq!(refusal(load(text)), *message, "for {text}");
    }
}

#[test]
fn names_unknown_keys_and_the_nearest_known_one_without_their_values() {
    assert_refused(
        load_after_router,
        &[
            (
                "[contrl]\nmode = \"0600\"",
                "aliasd.toml:6:2: contrl: unknown key; did you mean control? expected one of router, inventory, journal, control, admin, guard, audit, metrics, log, range_role, advertise, peer",
            ),
            (
                "[log]\nlevels = \"hunter2\"",
                "aliasd.toml:7:1: log.levels: unknown key; did you mean level? expected one of format, level",
            ),
            ("[log]\n\"a b\" = 1", "aliasd.toml:7:1: log.\"a b\": unknown key; expected one of format, level"),
        ],
    );
    assert_refused(
        load_peer,
        &[(
            "import = { alow = [] , allow = [] }",
            "aliasd.toml:10:12: peer[dc1].import.alow: unknown key; did you mean allow? expected one of allow, deny, max_prefixes",
        )],
    );
}

#[test]
fn names_values_of_a_wrong_type() {
    assert_refused(
        load,
        &[
            (
                "[router]\nasn = \"64512\"\nrouter_id = \"10.0.0.1\"\n[inventory]\npath = \"i\"",
                "aliasd.toml:2:7: router.asn = \"64512\": expected a whole number from 0 to 4294967295",
            ),
            ("router = 1\n[inventory]\npath = \"i\"", "aliasd.toml:1:10: router = 1: expected a table, [router]"),
        ],
    );
    assert_refused(
        load_peer,
        &[
            ("port = 65536", "aliasd.toml:10:8: peer[dc1].port = 65536: expected a whole number from 0 to 65535"),
            ("port = -1", "aliasd.toml:10:8: peer[dc1].port = -1: expected a whole number from 0 to 65535"),
            ("port = 1.5", "aliasd.toml:10:8: peer[dc1].port = 1.5: expected a whole number from 0 to 65535"),
            (
                "port = 99999999999999999999",
                "aliasd.toml:10:8: peer[dc1].port = 99999999999999999999: expected a whole number from 0 to 65535",
            ),
            ("enabled = \"yes\"", "aliasd.toml:10:11: peer[dc1].enabled = \"yes\": expected true or false"),
            ("description = 5", "aliasd.toml:10:15: peer[dc1].description = 5: expected text in quotes"),
            (
                "families = \"ipv4-unicast\"",
                "aliasd.toml:10:12: peer[dc1].families = \"ipv4-unicast\": expected a list in brackets",
            ),
            (
                "import = [\"10.0.0.0/8\"]",
                "aliasd.toml:10:10: peer[dc1].import = [\"10.0.0.0/8\"]: expected a table as in { allow = [\"10.0.0.0/8 le 24\"] }",
            ),
            (
                "import = { allow = [\"10.0.0.0/8\", 7, \"10.0.0.0/99\"] }",
                "aliasd.toml:10:35: peer[dc1].import.allow[1] = 7: expected text in quotes\n\
                 aliasd.toml:10:38: peer[dc1].import.allow[2] = \"10.0.0.0/99\": expected address/length as in 10.0.0.0/8 or fd00::/8",
            ),
        ],
    );
    assert_eq!(
        refusal(load(&format!("peer = [5]\n{}", super::ROUTER))),
        "aliasd.toml:1:9: peer[0] = 5: expected a table, [[peer]]"
    );
    assert_eq!(
        refusal(load_after_router("[peer]\nname = \"dc1\"")),
        "aliasd.toml:6:2: peer = { … }: expected a list in brackets"
    );
}

#[test]
fn names_what_is_not_toml_without_showing_the_line() {
    assert_refused(
        load_after_router,
        &[
            (
                "[log]\nlevel = hunter2",
                "aliasd.toml:7:9: not TOML: string values must be quoted, expected literal string",
            ),
            ("[log\n", "aliasd.toml:6:5: not TOML: unclosed table, expected `]`"),
        ],
    );
}

#[test]
fn names_files_that_cannot_be_read() {
    assert_eq!(
        refusal(load_files(&[("conf.d/a.txt", "")], &[])),
        "aliasd.toml: cannot be read: No such file or directory (os error 2)"
    );
    assert_eq!(
        refusal(load_files(&[("aliasd.toml", super::ROUTER), ("conf.d/a.toml/b", "")], &[])),
        "conf.d/a.toml: cannot be read: Is a directory (os error 21)"
    );
    assert_eq!(
        refusal(load_files(&[("aliasd.toml", super::ROUTER), ("conf.d", "")], &[])),
        "conf.d: cannot be listed: Not a directory (os error 20)"
    );
}

#[test]
fn does_not_report_as_missing_what_may_stand_in_an_unreadable_file() {
    let faults = refusal(load_files(&[("aliasd.toml", "[log]\nformat = \"xml\"\n"), ("conf.d/a.toml", "= 5")], &[]));
    assert_eq!(
        faults,
        "aliasd.toml:2:10: log.format = \"xml\": expected text or json\n\
         conf.d/a.toml:1:1: not TOML: unquoted keys cannot be empty, expected letters, numbers, `-`, `_`"
    );
}

#[test]
fn names_what_is_missing() {
    assert_refused(
        load,
        &[
            (
                "",
                "aliasd.toml: inventory: missing; expected a table with path\n\
                 aliasd.toml: router: missing; expected a table with asn and router_id",
            ),
            (
                "[router]\n[inventory]\n[[advertise]]\n[[peer]]\nexport = {}\nimport = {}\n[[range_role]]\n[[advertise]]\nrole=\"pod\"\naggregation={}",
                "aliasd.toml:1:2: router.asn: missing; expected an AS number from 1 to 4294967295, not 23456\n\
                 aliasd.toml:1:2: router.router_id: missing; expected a dotted quad other than 0.0.0.0, as in \"169.254.10.1\"\n\
                 aliasd.toml:2:2: inventory.path: missing; expected the directory that holds the inventory\n\
                 aliasd.toml:3:1: advertise[0].aggregation: missing; expected { mode = \"in-use\" } or { mode = \"subnet-ranges\" }\n\
                 aliasd.toml:3:1: advertise[0].role: missing; expected role, range or group: what to advertise\n\
                 aliasd.toml:4:1: peer[0].address: missing; expected the peer's address\n\
                 aliasd.toml:4:1: peer[0].asn: missing; expected an AS number from 1 to 4294967295, not 23456\n\
                 aliasd.toml:4:1: peer[0].name: missing; expected a name of 1 to 63 letters, digits, '.', '_', '-'\n\
                 aliasd.toml:5:1: peer[0].export.roles: missing; expected roles as in [\"pod\", \"vm\"] or [\"*\"], or learned_from\n\
                 aliasd.toml:6:1: peer[0].import.allow: missing; expected a list of prefix ranges as in [\"10.0.0.0/8 le 24\"]\n\
                 aliasd.toml:7:1: range_role[0].range: missing; expected the name of a secondary range or a glob as in \"gke-pods*\", or \"primary\"\n\
                 aliasd.toml:7:1: range_role[0].role: missing; expected a role as in \"pod\": letters, digits, '.', '_', '-'\n\
                 aliasd.toml:10:1: advertise[1].aggregation.mode: missing; expected \"in-use\" or \"subnet-ranges\"",
            ),
        ],
    );
}

#[test]
fn refuses_a_router_that_no_router_can_be() {
    let load_router = |lines: &str| load(&format!("[inventory]\npath = \"i\"\n[router]\n{lines}"));
    let cases = [
        (
            "asn = 0\nrouter_id = \"10.0.0.1\"",
            "aliasd.toml:4:7: router.asn = 0: expected an AS number from 1 to 4294967295, not 23456",
        ),
        (
            "asn = 23456\nrouter_id = \"10.0.0.1\"",
            "aliasd.toml:4:7: router.asn = 23456: expected an AS number from 1 to 4294967295, not 23456",
        ),
        (
            "asn = 1\nrouter_id = \"0.0.0.0\"",
            "aliasd.toml:5:13: router.router_id = \"0.0.0.0\": expected a dotted quad other than 0.0.0.0, as in \"169.254.10.1\"",
        ),
        (
            "asn = 1\nrouter_id = \"10.0.0.1\"\nregion = \"us central\"",
            "aliasd.toml:6:10: router.region = \"us central\": expected a region as in \"us-central1\"",
        ),
        (
            "asn = 1\nrouter_id = \"10.0.0.1\"\nlisten = [\"0.0.0.0\", \"0.0.0.0:0\", \"224.0.0.1:179\", \"[::]:179\", \"[::1]:179\"]",
            "aliasd.toml:6:11: router.listen[0] = \"0.0.0.0\": expected address:port as in 0.0.0.0:179 or [::]:179\n\
             aliasd.toml:6:22: router.listen[1] = \"0.0.0.0:0\": expected a port from 1 to 65535\n\
             aliasd.toml:6:35: router.listen[2] = \"224.0.0.1:179\": a multicast address cannot be listened on; expected an address of this host\n\
             aliasd.toml:6:64: router.listen[4] = \"[::1]:179\": [::]:179 stands before it and takes the same connections; expected each once",
        ),
    ];
    assert_refused(load_router, &cases);
}

#[test]
fn refuses_sections_out_of_range() {
    assert_refused(
        load_after_router,
        &[
            (
                "poll_interval_secs = 0",
                "aliasd.toml:6:22: inventory.poll_interval_secs = 0: expected 1 to 86400 seconds",
            ),
            ("settle_ms = 60001", "aliasd.toml:6:13: inventory.settle_ms = 60001: expected 0 to 60000 milliseconds"),
            ("source = \"etcd\"", "aliasd.toml:6:10: inventory.source = \"etcd\": expected directory"),
            ("manifest = \"none\"", "aliasd.toml:6:12: inventory.manifest = \"none\": expected optional or required"),
            ("max_age_secs = 0", "aliasd.toml:6:16: inventory.max_age_secs = 0: expected 1 to 4294967295 seconds"),
            (
                "scopes = [\"a\", \"zones/a\"]",
                "aliasd.toml:6:16: inventory.scopes[1] = \"zones/a\": expected a project, region or zone as in \
                 \"projects/p/zones/us-central1-a\" or \"us-central1-a\"",
            ),
            (
                "scopes = [\"a\", \"a\"]",
                "aliasd.toml:6:16: inventory.scopes[1] = \"a\": stands twice; expected each once",
            ),
            (
                "network = \"\"",
                "aliasd.toml:6:11: inventory.network = \"\": expected a network as in \"projects/p/global/networks/vpc\" or \"vpc\"",
            ),
            (
                "[control]\nmode = \"999\"",
                "aliasd.toml:7:8: control.mode = \"999\": expected an octal file mode from \"0000\" to \"0777\"",
            ),
            (
                "[control]\nmode = \"1777\"",
                "aliasd.toml:7:8: control.mode = \"1777\": expected an octal file mode from \"0000\" to \"0777\"",
            ),
            ("[control]\nsocket = \"\"", "aliasd.toml:7:10: control.socket = \"\": expected a path"),
            (
                "[log]\nformat = \"jsn\"",
                "aliasd.toml:7:10: log.format = \"jsn\": expected text or json; did you mean json?",
            ),
            (
                "[log]\nlevel = \"verbose\"",
                "aliasd.toml:7:9: log.level = \"verbose\": expected error, warn, info, debug, trace or off, alone or with targets as in \"info,bgp_core=debug\"",
            ),
        ],
    );
    let long = format!("[control]\nsocket = \"/run/{}\"", "s".repeat(103));
    assert!(
        refusal(load_after_router(&long))
            .ends_with("expected a path of at most 107 octets (the kernel's limit for sockets)")
    );
}

#[test]
fn refuses_rules_of_origination() {
    assert_refused(
        load_after_router,
        &[
            (
                "[[advertise]]\nrole = \"pod\"\nrange = \"pods\"\naggregation = { mode = \"in-use\" }",
                "aliasd.toml:8:9: advertise[0].range = \"pods\": role is given too; expected one of the three",
            ),
            (
                "[[advertise]]\nrole = \"pod\"\naggregation = { mode = \"inuse\" }",
                "aliasd.toml:8:24: advertise[0].aggregation.mode = \"inuse\": expected in-use or subnet-ranges; did you mean in-use?",
            ),
            (
                "[[advertise]]\nrole = \"pod\"\naggregation = { mode = \"in-use\" }\ncommunities = [\"64512:65536\", \"1:1\", \"1:1\"]",
                "aliasd.toml:9:16: advertise[0].communities[0] = \"64512:65536\": expected two numbers 0 to 65535 as in 64512:100, or a well-known name\n\
                 aliasd.toml:9:38: advertise[0].communities[2] = \"1:1\": stands twice; expected each once",
            ),
            (
                "[[advertise]]\nrole = \"pod\"\naggregation = { mode = \"in-use\" }\nlarge_communities = [\"64512:1\"]",
                "aliasd.toml:9:22: advertise[0].large_communities[0] = \"64512:1\": expected three numbers 0 to 4294967295 as in 64512:1:2",
            ),
            (
                "[[range_role]]\nrange = \"pods\"\nrole = \"*\"",
                "aliasd.toml:8:8: range_role[0].role = \"*\": expected a role as in \"pod\": letters, digits, '.', '_', '-'",
            ),
        ],
    );
}

#[test]
fn refuses_timers_that_the_rfc_forbids() {
    assert_refused(
        load_peer,
        &[
            (
                "hold_time_secs = 1",
                "aliasd.toml:10:18: peer[dc1].hold_time_secs = 1: expected 0, or 3 to 65535 seconds (RFC 4271 section 4.2)",
            ),
            (
                "hold_time_secs = 2",
                "aliasd.toml:10:18: peer[dc1].hold_time_secs = 2: expected 0, or 3 to 65535 seconds (RFC 4271 section 4.2)",
            ),
            (
                "min_hold_time_secs = 2",
                "aliasd.toml:10:22: peer[dc1].min_hold_time_secs = 2: expected 3 to 65535 seconds",
            ),
            (
                "hold_time_secs = 9\nmin_hold_time_secs = 10",
                "aliasd.toml:11:22: peer[dc1].min_hold_time_secs = 10: expected at most hold_time_secs, which is 9",
            ),
            (
                "connect_retry_secs = 0",
                "aliasd.toml:10:22: peer[dc1].connect_retry_secs = 0: expected 1 to 65535 seconds",
            ),
        ],
    );
}

#[test]
fn refuses_offers_that_make_no_sense() {
    assert_refused(
        load_peer,
        &[
            (
                "add_path = \"recieve\"",
                "aliasd.toml:10:12: peer[dc1].add_path = \"recieve\": expected off or receive or send or both; did you mean receive?",
            ),
            (
                "local_role = \"upstream\"",
                "aliasd.toml:10:14: peer[dc1].local_role = \"upstream\": expected provider or customer or peer or rs or rs-client",
            ),
            (
                "strict_role = true",
                "aliasd.toml:10:15: peer[dc1].strict_role = true: local_role is missing: expected both, or neither",
            ),
            (
                "extended_messages = \"yes\"",
                "aliasd.toml:10:21: peer[dc1].extended_messages = \"yes\": expected true or false",
            ),
        ],
    );
    let internal = "[[peer]]\nname = \"dc1\"\naddress = \"10.0.0.2\"\nasn = 64512\nlocal_role = \"peer\"";
    assert_eq!(
        refusal(load_after_router(internal)),
        "aliasd.toml:10:14: peer[dc1].local_role = \"peer\": the peer is in our AS; expected no role, which only other ASes have"
    );
}

#[test]
fn refuses_addresses_that_are_no_peers() {
    let load_address =
        |address: &str| load_after_router(&format!("[[peer]]\nname = \"dc1\"\nasn = 65001\naddress = \"{address}\""));
    let at = |address: &str, reason: &str| format!("aliasd.toml:9:11: peer[dc1].address = \"{address}\": {reason}");
    for (address, reason) in [
        ("router1", "expected an IPv4 or IPv6 address as in 169.254.10.2 or fd00::2"),
        ("10.0.0.2/30", "expected an IPv4 or IPv6 address as in 169.254.10.2 or fd00::2"),
        ("0.0.0.0", "the unspecified address is no host's; expected a unicast address"),
        ("::", "the unspecified address is no host's; expected a unicast address"),
        ("224.0.0.5", "a multicast address is no host's; expected a unicast address"),
        ("ff02::5", "a multicast address is no host's; expected a unicast address"),
        ("255.255.255.255", "the broadcast address is no host's; expected a unicast address"),
        ("250.0.0.1", "a reserved address is no host's; expected a unicast address"),
        ("::ffff:10.0.0.2", "an IPv4 address written as IPv6; expected a unicast address"),
        ("fe80::1", "a link-local address needs a link, which cannot be named yet; expected a unicast address"),
    ] {
        assert_eq!(refusal(load_address(address)), at(address, reason));
    }
    assert!(load_address("127.0.0.1").is_ok() && load_address("::1").is_ok(), "loopback peers are allowed");
    assert_refused(
        load_peer,
        &[
            (
                "local_address = \"10.0.0.2\"",
                "aliasd.toml:10:17: peer[dc1].local_address = \"10.0.0.2\": this is the peer's address; expected ours",
            ),
            (
                "local_address = \"fd00::1\"",
                "aliasd.toml:10:17: peer[dc1].local_address = \"fd00::1\": expected an address of the same family as 10.0.0.2",
            ),
            ("port = 0", "aliasd.toml:10:8: peer[dc1].port = 0: expected a port from 1 to 65535"),
            (
                "next_hop_self_v4 = \"fd00::1\"",
                "aliasd.toml:10:20: peer[dc1].next_hop_self_v4 = \"fd00::1\": expected an IPv4 address",
            ),
            (
                "next_hop_self_v6 = \"10.0.0.1\"",
                "aliasd.toml:10:20: peer[dc1].next_hop_self_v6 = \"10.0.0.1\": expected an IPv6 address",
            ),
        ],
    );
}

#[test]
fn refuses_peers_that_no_session_can_come_from() {
    assert_refused(
        load_peer,
        &[
            (
                "families = []",
                "aliasd.toml:10:12: peer[dc1].families = []: expected \"ipv4-unicast\", \"ipv6-unicast\" or both",
            ),
            (
                "families = [\"ipv4\"]",
                "aliasd.toml:10:13: peer[dc1].families[0] = \"ipv4\": expected \"ipv4-unicast\", \"ipv6-unicast\" or both",
            ),
            (
                "families = [\"ipv4-unicast\", \"ipv4-unicast\"]",
                "aliasd.toml:10:29: peer[dc1].families[1] = \"ipv4-unicast\": stands twice; expected each once",
            ),
            (
                "connect = \"listen\"",
                "aliasd.toml:10:11: peer[dc1].connect = \"listen\": expected both or active or passive",
            ),
        ],
    );
    let with_listen = |listen: &str, peer: &str| {
        load(&format!(
            "[inventory]\npath = \"i\"\n[router]\nasn = 1\nrouter_id = \"10.0.0.1\"\nlisten = {listen}\n\
             [[peer]]\nname = \"dc1\"\nasn = 65001\naddress = \"10.0.0.2\"\n{peer}"
        ))
    };
    assert_eq!(
        refusal(with_listen("[\"[::]:179\"]", "connect = \"passive\"")),
        "aliasd.toml:11:11: peer[dc1].connect = \"passive\": router.listen has no IPv4 address to await it on; expected active or both, or a listen address"
    );
    assert_eq!(
        refusal(with_listen("[\"10.0.0.2:179\"]", "")),
        "aliasd.toml:10:11: peer[dc1].address = \"10.0.0.2\": router.listen has this address and port: it is ours; expected the peer's"
    );
    assert!(with_listen("[\"10.0.0.2:179\"]", "port = 1790").is_ok(), "the same host on another port");
    assert!(with_listen("[]", "connect = \"active\"").is_ok(), "nobody is awaited");
}

#[test]
fn refuses_peers_that_cannot_be_told_apart() {
    let two = |first: &str, second: &str| {
        load_after_router(&format!("[[peer]]\nasn = 65001\n{first}\n[[peer]]\nasn = 65002\n{second}"))
    };
    assert_eq!(
        refusal(two("name = \"a\"\naddress = \"10.0.0.2\"", "name = \"a\"\naddress = \"10.0.0.3\"")),
        "aliasd.toml:12:8: peer[a].name = \"a\": another peer has this name; expected each once"
    );
    assert_eq!(
        refusal(two("name = \"a\"\naddress = \"10.0.0.2\"\nport = 1", "name = \"b\"\naddress = \"10.0.0.2\"")),
        "aliasd.toml:14:11: peer[b].address = \"10.0.0.2\": peer a has this address too; expected each once"
    );
    let dialled = "connect = \"active\"\naddress = \"10.0.0.2\"";
    assert!(two(&format!("name = \"a\"\nport = 1790\n{dialled}"), &format!("name = \"b\"\n{dialled}")).is_ok());
    assert!(
        two("name = \"a\"\nenabled = false\naddress = \"10.0.0.2\"", "name = \"b\"\naddress = \"10.0.0.2\"").is_ok()
    );
}

#[test]
fn refuses_restarts_that_no_capability_can_say() {
    assert_refused(
        load_peer,
        &[
            (
                "graceful_restart = { mode = \"fulll\" }",
                "aliasd.toml:10:29: peer[dc1].graceful_restart.mode = \"fulll\": expected helper or full or off; did you mean full?",
            ),
            (
                "graceful_restart = { mode = \"full\", restart_time_secs = 4096 }",
                "aliasd.toml:10:57: peer[dc1].graceful_restart.restart_time_secs = 4096: expected 0 to 4095 seconds",
            ),
            (
                "graceful_restart = { stale_time_secs = 0 }",
                "aliasd.toml:10:40: peer[dc1].graceful_restart.stale_time_secs = 0: expected 1 to 65535 seconds",
            ),
            (
                "graceful_restart = { long_lived_stale_time_secs = 16777216 }",
                "aliasd.toml:10:51: peer[dc1].graceful_restart.long_lived_stale_time_secs = 16777216: expected 0 to 16777215 seconds",
            ),
        ],
    );
}

#[test]
fn refuses_rules_that_match_nothing_possible() {
    let address_length = "expected address/length as in 10.0.0.0/8 or fd00::/8";
    for (range, reason) in [
        ("10.0.0.0/8 le 7", "expected lengths with 8 <= ge <= le <= 32"),
        ("10.0.0.0/8 ge 24 le 16", "expected lengths with 8 <= ge <= le <= 32"),
        ("10.0.0.0/8 le 33", "expected lengths with 8 <= ge <= le <= 32"),
        ("10.0.0.0/8 le", "expected a length in bits after `le`"),
        ("10.0.0.0/8 lt 9", "expected nothing, `ge N`, `le N` or `ge N le N` after 10.0.0.0/8"),
        ("10.0.0.1/8", "host bits are set; expected 10.0.0.0/8"),
        ("10.0.0.0/33", address_length),
        ("ten", address_length),
        ("", address_length),
    ] {
        assert_eq!(
            refusal(load_peer(&format!("import = {{ allow = [\"{range}\"] }}"))),
            format!("aliasd.toml:10:21: peer[dc1].import.allow[0] = \"{range}\": {reason}")
        );
    }
    assert_refused(
        load_peer,
        &[
            (
                "import = { allow = [], max_prefixes = 0 }",
                "aliasd.toml:10:39: peer[dc1].import.max_prefixes = 0: expected 1 or more, or no max_prefixes",
            ),
            (
                "import = { allow = [\"10.0.0.0/8\", \"10.0.0.0/8 ge 8 le 8\"] }",
                "aliasd.toml:10:35: peer[dc1].import.allow[1] = \"10.0.0.0/8 ge 8 le 8\": stands twice; expected each once",
            ),
            (
                "export = { roles = [\"pod\", \"pod\", \"no role\"] }",
                "aliasd.toml:10:28: peer[dc1].export.roles[1] = \"pod\": stands twice; expected each once\n\
                 aliasd.toml:10:35: peer[dc1].export.roles[2] = \"no role\": expected a role as in \"pod\", or \"*\" for every role",
            ),
            (
                "export = { learned_from = [\"dc1\", \"dc9\"] }",
                "aliasd.toml:10:28: peer[dc1].export.learned_from[0] = \"dc1\": this is the peer itself; expected another peer's name\n\
                 aliasd.toml:10:35: peer[dc1].export.learned_from[1] = \"dc9\": no peer has this name; expected \"*\" for all or one of dc1",
            ),
        ],
    );
}

#[test]
fn names_environment_variables() {
    let with = |name: &str, value: &str| refusal(load_files(&[("aliasd.toml", super::ROUTER)], &[(name, value)]));
    for (name, value, message) in [
        ("ALIASD__ROUTER__ASN", "many", "router.asn = \"many\": expected a whole number from 0 to 4294967295"),
        ("ALIASD__ROUTER__ASN", "0", "router.asn = \"0\": expected an AS number from 1 to 4294967295, not 23456"),
        (
            "ALIASD__ROUTER__ALWAYS_COMPARE_MED",
            "maybe",
            "router.always_compare_med = \"maybe\": expected true or false",
        ),
        (
            "ALIASD__ROUTER__LISTEN",
            "0.0.0.0:179,x",
            "router.listen[1] = \"0.0.0.0:179,x\": expected address:port as in 0.0.0.0:179 or [::]:179",
        ),
        ("ALIASD__LOG__LEVLE", "info", "log.levle: unknown key; did you mean level? expected one of format, level"),
        (
            "ALIASD__PEER__0__ASN",
            "1",
            "[[peer]] is a list and cannot be set from the environment; expected a file in conf.d",
        ),
        (
            "ALIASD__ROUTR__ASN",
            "1",
            "unknown section \"routr\"; expected ALIASD__SECTION__KEY with a section of ROUTER, INVENTORY, JOURNAL, CONTROL, ADMIN, GUARD, AUDIT, METRICS, LOG",
        ),
        (
            "ALIASD__ROUTER",
            "1",
            "expected ALIASD__SECTION__KEY with a section of ROUTER, INVENTORY, JOURNAL, CONTROL, ADMIN, GUARD, AUDIT, METRICS, LOG",
        ),
        (
            "ALIASD__ROUTER__A__B",
            "1",
            "expected ALIASD__SECTION__KEY with a section of ROUTER, INVENTORY, JOURNAL, CONTROL, ADMIN, GUARD, AUDIT, METRICS, LOG",
        ),
        (
            "ALIASD__LOG[999999999]__LEVEL",
            "1",
            "unknown section \"log[999999999]\"; expected ALIASD__SECTION__KEY with a section of ROUTER, INVENTORY, JOURNAL, CONTROL, ADMIN, GUARD, AUDIT, METRICS, LOG",
        ),
    ] {
        assert_eq!(with(name, value), format!("environment {name}: {message}"));
    }
}

#[test]
fn reports_every_fault_of_every_layer_at_once() {
    let files = [
        (
            "aliasd.toml",
            "[router]\nasn = 0\nrouter_id = \"0.0.0.0\"\nlistn = []\n[inventory]\npath = 5\n\
             [[peer]]\nname = \"dc1\"\naddress = \"224.0.0.1\"\nasn = 65001\nhold_time_secs = 2\n",
        ),
        (
            "conf.d/10-dc2.toml",
            "[[peer]]\nname = \"dc1\"\naddress = \"10.0.0.3\"\nasn = \"65002\"\n\
             import = { allow = [\"10.0.0.0/8 le 4\"] }\n",
        ),
    ];
    let environment = [("ALIASD__LOG__FORMAT", "xml"), ("ALIASD__CONTROL__MODE", "0o660")];
    assert_eq!(
        refusal(load_files(&files, &environment)),
        "\
aliasd.toml:2:7: router.asn = 0: expected an AS number from 1 to 4294967295, not 23456
aliasd.toml:3:13: router.router_id = \"0.0.0.0\": expected a dotted quad other than 0.0.0.0, as in \"169.254.10.1\"
aliasd.toml:4:1: router.listn: unknown key; did you mean listen? expected one of asn, router_id, region, listen, always_compare_med, advertise_mode, advertised_groups, advertised_ip_ranges, routing_mode, inter_region_cost
aliasd.toml:6:8: inventory.path = 5: expected text in quotes
aliasd.toml:9:11: peer[dc1].address = \"224.0.0.1\": a multicast address is no host's; expected a unicast address
aliasd.toml:11:18: peer[dc1].hold_time_secs = 2: expected 0, or 3 to 65535 seconds (RFC 4271 section 4.2)
conf.d/10-dc2.toml:2:8: peer[dc1].name = \"dc1\": another peer has this name; expected each once
conf.d/10-dc2.toml:4:7: peer[dc1].asn = \"65002\": expected a whole number from 0 to 4294967295
conf.d/10-dc2.toml:5:21: peer[dc1].import.allow[0] = \"10.0.0.0/8 le 4\": expected lengths with 8 <= ge <= le <= 32
environment ALIASD__CONTROL__MODE: control.mode = \"0o660\": expected an octal file mode from \"0000\" to \"0777\"
environment ALIASD__LOG__FORMAT: log.format = \"xml\": expected text or json"
    );
}

#[test]
fn never_echoes_what_may_be_a_secret() {
    for line in [
        "password = \"hunter2\"",
        "description = { secret = \"hunter2\" }",
        "md5_key = [\"hunter2\"]",
        "port = hunter2",
    ] {
        let message = refusal(load_peer(line));
        assert!(!message.contains("hunter2"), "{message}");
    }
    let message = refusal(load_files(&[("aliasd.toml", super::ROUTER)], &[("ALIASD__ROUTER__PASSWORD", "hunter2")]));
    assert!(!message.contains("hunter2"), "{message}");
}
