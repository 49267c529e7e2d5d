//! Renderings of replies that never change.

use super::arguments::Format;
use super::client::Pages;
use super::console::Console;
use super::question::{explain, faults, inventory, peers, status};
use super::table::{Parts, numbers, words};
use crate::control::reply::{
    AddPathFamily, AdvertisedRoute, Agreement, ApiVersion, BgpPeerStatus, ChainStep, ConfigWarning, Counts, Directions,
    ExplainReply, FamilyStatus, Fault, FaultEffect, FaultEntry, FaultyUpdateEntry, Health, ImportCounts,
    InventoryState, InventorySummary, JournalSummary, LastError, Messages, Outcome, PeerFaultsReply, RangeEntry,
    RangeTreatment, Reload, ReloadResult, RestartAgreement, RouteCounts, StatusReply, Step, UpDown,
};

/// What is written by `write` on a console of this width.
fn written(width: Option<u16>, write: impl FnOnce(&mut Console<'_>)) -> String {
    let mut out = Vec::new();
    write(&mut Console { out: &mut out, format: Format::Table, paint: false, headers: true, width });
    String::from_utf8(out).unwrap()
}

fn up() -> BgpPeerStatus {
    let received = ImportCounts {
        total: 120,
        accepted: 110,
        rejected_by_policy: 7,
        own_range: 2,
        martian: 1,
        ..ImportCounts::default()
    };
    BgpPeerStatus {
        name: "dc1-vpn0".to_owned(),
        description: Some("Data centre 1".to_owned()),
        enabled: true,
        ip_address: Some("169.254.10.1".to_owned()),
        peer_ip_address: "169.254.10.2".to_owned(),
        peer_asn: 65001,
        peer_router_id: Some("192.0.2.7".to_owned()),
        status: UpDown::Up,
        state: "Established".to_owned(),
        state_since: Some("2026-01-02T03:04:05Z".to_owned()),
        state_seconds: Some(7384),
        uptime_seconds: Some("7384".to_owned()),
        num_learned_routes: 120,
        num_accepted_routes: 110,
        num_advertised_routes: 42,
        advertised_routes: Some(vec![AdvertisedRoute {
            dest_range: "10.4.1.0/24".to_owned(),
            priority: Some(100),
            next_hop_ip: Some("169.254.10.1".to_owned()),
        }]),
        enable_ipv4: true,
        enable_ipv6: true,
        advertised_route_priority: 100,
        max_prefixes: Some(1000),
        hold_time_secs: Some(20),
        agreed: Some(Agreement {
            four_octet_asn: true,
            route_refresh: true,
            enhanced_route_refresh: true,
            graceful_restart: Some(RestartAgreement {
                families: vec!["ipv4-unicast".to_owned()],
                restart_seconds: 120,
                notification: false,
                long_lived: Vec::new(),
            }),
            max_message_length: 65535,
            extended_next_hop: Directions { receive: true, send: false },
            add_path: vec![AddPathFamily {
                family: "ipv4-unicast".to_owned(),
                directions: Directions { receive: true, send: true },
            }],
            local_role: Some("customer".to_owned()),
            peer_role: Some("provider".to_owned()),
        }),
        families: vec![FamilyStatus {
            family: "ipv4-unicast".to_owned(),
            received,
            advertised: 42,
            pending: 3,
            held_back: 0,
            headroom: None,
            end_of_rib_received: true,
            end_of_rib_sent: true,
        }],
        messages_received: Messages { open: 1, update: 12, keepalive: 1100, ..Messages::default() },
        messages_sent: Messages { open: 1, update: 3, keepalive: 1101, ..Messages::default() },
        established_count: 2,
        last_error: Some(LastError { time: "2026-01-02T03:03:00Z".to_owned(), text: "hold timer expired".to_owned() }),
        ..BgpPeerStatus::default()
    }
}

fn down() -> BgpPeerStatus {
    BgpPeerStatus {
        name: "dc2".to_owned(),
        enabled: true,
        peer_ip_address: "fd00:20::2".to_owned(),
        peer_asn: 4_200_000_001,
        state: "Active".to_owned(),
        status_reason: Some("connection refused".to_owned()),
        state_since: Some("2026-01-02T05:00:00Z".to_owned()),
        state_seconds: Some(65),
        policy_notices: vec![
            "no import rules: nothing is accepted".to_owned(),
            "no export rules: nothing is advertised".to_owned(),
        ],
        ..BgpPeerStatus::default()
    }
}

fn disabled() -> BgpPeerStatus {
    BgpPeerStatus {
        name: "dc3".to_owned(),
        peer_ip_address: "169.254.30.2".to_owned(),
        peer_asn: 65003,
        state: "Idle".to_owned(),
        status_reason: Some("not enabled".to_owned()),
        ..BgpPeerStatus::default()
    }
}

fn inventory_summary(state: InventoryState) -> InventorySummary {
    let fault = |number: usize| Fault {
        effect: if number < 7 { FaultEffect::Untrusted } else { FaultEffect::Quarantine },
        doubt: (number < 7).then(|| "UNREADABLE".to_owned()),
        file: Some("instances.json".to_owned()),
        line: Some(number),
        object: None,
        field: None,
        value: None,
        expected: "expected an IPv4 address".to_owned(),
        text: format!("instances.json:{number}: networkIP: \"10.0.0.300\": expected an IPv4 address"),
    };
    let faults: Vec<Fault> = (1..=7).filter(|_| state == InventoryState::Untrusted).map(fault).collect();
    InventorySummary {
        path: "/etc/aliasd/inventory".to_owned(),
        state,
        doubts: faults.iter().take(1).filter_map(|fault| fault.doubt.clone()).collect(),
        quarantined: faults.len() / 7,
        revision: Some(12),
        digest: Some("9f86d081884c7d65".to_owned()),
        taken_at: Some("2026-01-02T03:04:05Z".to_owned()),
        age_seconds: Some(95),
        checked_at: Some("2026-01-02T03:05:40Z".to_owned()),
        untrusted_since: (!faults.is_empty()).then(|| "2026-01-02T03:05:00Z".to_owned()),
        faults_total: faults.len() * 30,
        faults,
        counts: Some(Counts { files: 2, subnetworks: 3, instances: 40, alias_ip_ranges: 300, ..Counts::default() }),
        notes: vec!["node-2 waits for an alias range of gke-pods".to_owned()],
        notes_total: 1,
    }
}

fn status_reply() -> StatusReply {
    StatusReply {
        api_version: ApiVersion,
        version: "0.1.0".to_owned(),
        router_id: "169.254.10.1".to_owned(),
        asn: 64512,
        region: Some("us-central1".to_owned()),
        start_time: "2026-01-02T00:00:00Z".to_owned(),
        uptime_seconds: "11045".to_owned(),
        health: Health::Ok,
        health_reasons: Vec::new(),
        peers_up: 1,
        peers_enabled: 1,
        peers_configured: 1,
        routes: RouteCounts { originated: 42, learned: 120, accepted: 110, best: 152, advertised: 42 },
        inventory: inventory_summary(InventoryState::Current),
        hold: None,
        journal: Some(JournalSummary {
            path: "/var/lib/aliasd".to_owned(),
            restored_revision: Some(11),
            damaged: Vec::new(),
            written_revision: Some(12),
            written_at: Some("2026-01-02T03:04:06Z".to_owned()),
            fault: None,
        }),
        config_warnings: Vec::new(),
        last_reload: None,
        bgp_peer_status: vec![up()],
    }
}

#[test]
fn status_is_short_when_all_is_well() {
    insta::assert_snapshot!("status_well", written(None, |console| status::write(console, &status_reply()).unwrap()));
}

#[test]
fn status_is_loud_when_something_is_not() {
    let warning = |key: &str, text: &str| ConfigWarning { key: key.to_owned(), text: text.to_owned() };
    let reply = StatusReply {
        health: Health::Degraded,
        health_reasons: vec!["peer dc2 is Active: connection refused".to_owned()],
        peers_enabled: 2,
        peers_configured: 3,
        inventory: inventory_summary(InventoryState::Untrusted),
        config_warnings: vec![
            warning("peer[dc2]", "no import: nothing is accepted from it (RFC 8212)"),
            warning("advertise[1]", "never used: advertise[0] matches the same first"),
        ],
        last_reload: Some(Reload {
            time: "2026-01-02T03:00:00Z".to_owned(),
            result: ReloadResult::Applied,
            faults: Vec::new(),
            restart_needed: vec!["router.asn".to_owned()],
        }),
        bgp_peer_status: vec![up(), down(), disabled()],
        ..status_reply()
    };
    insta::assert_snapshot!("status_loud", written(None, |console| status::write(console, &reply).unwrap()));
}

#[test]
fn a_peer_is_shown_in_full() {
    insta::assert_snapshot!("peer_up", written(None, |console| peers::write_one(console, &up()).unwrap()));
}

#[test]
fn a_peer_that_is_down_says_why() {
    insta::assert_snapshot!("peer_down", written(None, |console| peers::write_one(console, &down()).unwrap()));
}

#[test]
fn check_66_faulty_updates_are_shown_whole_with_what_each_fault_cost() {
    let fault = |code, name: Option<&str>, text: &str, disposition: &str| FaultEntry {
        code,
        name: name.map(str::to_owned),
        text: text.to_owned(),
        disposition: disposition.to_owned(),
    };
    let withdrawn = FaultyUpdateEntry {
        number: 1,
        time: "2026-01-02T03:04:05Z".to_owned(),
        disposition: "treat-as-withdraw".to_owned(),
        error: None,
        faults: vec![
            fault(1, Some("ORIGIN"), "ORIGIN: origin 9 (expected 0 to 2)", "treat-as-withdraw"),
            fault(8, Some("COMMUNITIES"), "stands twice (expected once)", "attribute-discard"),
            fault(99, None, "well-known attribute that is not known", "treat-as-withdraw"),
            fault(0, None, "an attribute overruns the total length", "treat-as-withdraw"),
        ],
        fault_count: 7,
        routes: vec!["10.0.0.0/8".to_owned(), "10.1.0.0/16#2".to_owned()],
        route_count: 40,
        length: 25,
        hex: "ffffffffffffffffffffffffffffffff0019020000000000".to_owned() + "08",
    };
    let reset = FaultyUpdateEntry {
        number: 2,
        disposition: "session-reset".to_owned(),
        error: Some("UPDATE: lengths overrun the message".to_owned()),
        faults: Vec::new(),
        fault_count: 0,
        routes: Vec::new(),
        route_count: 0,
        ..withdrawn.clone()
    };
    let reply = |result: Vec<FaultyUpdateEntry>| PeerFaultsReply {
        api_version: ApiVersion,
        peer: "dc1".to_owned(),
        faulty_updates: u64::try_from(result.len()).unwrap(),
        result,
    };
    let text = |reply: &PeerFaultsReply| written(Some(80), |console| faults::write(console, reply).unwrap());
    insta::assert_snapshot!("peer_faults", text(&reply(vec![reset, withdrawn])));
    assert_eq!(text(&reply(Vec::new())), "# dc1: 0 UPDATE with faults\n");
}

#[test]
fn an_inventory_shows_its_faults_and_ranges() {
    let range = RangeEntry {
        ip_cidr_range: "10.4.0.0/14".to_owned(),
        range_name: "gke-pods".to_owned(),
        subnetwork: "projects/host/regions/us-central1/subnetworks/gke".to_owned(),
        network: "projects/host/global/networks/vpc".to_owned(),
        region: "us-central1".to_owned(),
        role: Some("pod".to_owned()),
        treatment: RangeTreatment::Advertised,
        rule: Some(0),
        allocations: 300,
        total_allocated_ip: "76800".to_owned(),
        originated_prefixes: 3,
    };
    let silent = RangeEntry { treatment: RangeTreatment::NoRule, rule: None, ..range.clone() };
    let text = written(None, |console| {
        inventory::write_summary(console, &inventory_summary(InventoryState::Untrusted)).unwrap();
        let rows = [range, silent].iter().map(inventory::row).collect();
        Parts::new(&inventory::COLUMNS).write(console, rows).unwrap();
    });
    insta::assert_snapshot!("inventory_stale", text);
}

#[test]
fn a_break_that_is_no_link_is_told_too() {
    let reply = ExplainReply {
        api_version: ApiVersion,
        target: "10.4.1.7/32".to_owned(),
        outcome: Outcome::NotAdvertised,
        chain: vec![ChainStep::holds(Step::Origination, "10.4.1.0/24 (pod)")],
        broken_at: Some("export: there is no peer to tell".to_owned()),
    };
    insta::assert_snapshot!("explain_no_peer", written(None, |console| explain::write(console, &reply).unwrap()));
}

#[test]
fn columns_never_become_narrower_and_titles_come_once() {
    let cells = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
    let text = written(None, |console| {
        let mut table = Parts::new(&[words("PREFIX"), numbers("MED"), words("FROM")]);
        table.write(console, Vec::new()).unwrap();
        table.write(console, vec![cells(["10.0.0.0/8", "100", "dc1"])]).unwrap();
        table.write(console, vec![cells(["10.128.0.0/12", "4294967295", "dc2"])]).unwrap();
        table.write(console, vec![cells(["10.0.0.0/8", "1", "dc1"])]).unwrap();
    });
    insta::assert_snapshot!("parts", text);
}

#[test]
fn a_table_gives_up_what_it_can_for_a_narrow_terminal() {
    let table = |width| written(width, |console| peers::write_all(console, &[up(), down()]).unwrap());
    assert!(table(None).contains("2026-01-02T03:04:05Z") && table(Some(200)) == table(None));
    let narrow = table(Some(100));
    assert!(narrow.lines().all(|line| line.chars().count() <= 100), "{narrow}");
    assert!(!narrow.contains("SINCE") && narrow.contains("dc1-vpn0  169.254.10.2"), "{narrow}");
    assert_eq!(table(Some(20)), narrow, "an address is never cut in two");
}

#[test]
fn a_table_folds_words_and_never_an_address() {
    let row = ["10.0.0.0/8", "accepted by term \"import.allow[0] 172.16.0.0/12 le 24\""].map(str::to_owned).to_vec();
    let table = |width| {
        written(width, |console| {
            Parts::new(&[words("PREFIX"), words("IMPORT").folds()]).write(console, vec![row.clone()]).unwrap();
        })
    };
    insta::assert_snapshot!("folded", table(Some(40)));
    assert_eq!(table(Some(20)), table(None), "too narrow to fold");
}

#[test]
fn pages_that_lead_nowhere_end() {
    let mut pages = Pages::default();
    assert!(pages.follow(Some("10.0.0.0/8".to_owned())).unwrap());
    assert!(pages.follow(Some("11.0.0.0/8".to_owned())).unwrap());
    assert!(pages.follow(Some("11.0.0.0/8".to_owned())).is_err());
    assert!(!pages.follow(None).unwrap());
}
