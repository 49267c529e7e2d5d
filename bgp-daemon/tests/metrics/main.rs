//! The metrics: their text, their numbers, the port they are served at, and the alerts on them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail")]

mod alerts;
mod daemon;
mod exposition;
#[path = "../daemon/running.rs"]
#[allow(dead_code, reason = "other tests have daemons too")]
mod running;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bgp_daemon::control::{self, AuditStatus, ReloadOutcome};
use bgp_daemon::inventory::{Doubt, InventoryFaults, InventoryStatus, Trust};
use bgp_daemon::origination::guard::{GuardState, HeldRoute, Hold, Tallies, Tally, Window};
use bgp_daemon::origination::{Addresses, EndedSessions, Owners};
use exposition::Scrape;
use support::{World, prefix};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinHandle;

/// Head and body of what is answered.
async fn asked(mut stream: impl AsyncReadExt + AsyncWriteExt + Unpin, request: &str) -> (String, String) {
    stream.write_all(format!("{request} HTTP/1.1\r\nhost: aliasd\r\n\r\n").as_bytes()).await.unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    let (head, body) = reply.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

impl World {
    /// What the control socket exports.
    async fn scraped(&self) -> Scrape {
        let (head, body) = asked(UnixStream::connect(&self.socket).await.unwrap(), "GET /v1/metrics").await;
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        assert!(head.contains("content-type: text/plain; version=0.0.4; charset=utf-8"), "{head}");
        Scrape::of(&body)
    }

    /// Serves the metrics over TCP.
    fn serves_metrics(&self) -> (SocketAddr, JoinHandle<()>) {
        let listener = control::listen_for_metrics("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        (address, tokio::spawn(control::serve_metrics(listener, self.view.clone(), self.stop.clone())))
    }
}

/// A metric, labels, and the value with just these.
type Expected<'a> = (&'a str, &'a [(&'a str, &'a str)], f64);

fn assert_values(scrape: &Scrape, expected: &[Expected<'_>]) {
    for (name, labels, value) in expected {
        assert_eq!(scrape.value(name, labels), Some(*value), "{name} {labels:?}: {:?}", scrape.0[*name]);
    }
}

#[tokio::test]
async fn a_quiet_daemon_is_told_in_numbers() {
    let world = World::start().await;
    let scrape = world.scraped().await;
    let (dc1, ipv4) = (("peer", "dc1"), ("family", "ipv4"));
    let (pods, vms) = ([("rule", "0"), ("role", "pod")], [("rule", "1"), ("role", "vm")]);
    assert_values(
        &scrape,
        &[
            ("aliasd_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1.0),
            ("aliasd_router_info", &[("asn", "64512"), ("router_id", "169.254.10.1")], 1.0),
            ("aliasd_ready", &[], 1.0),
            ("aliasd_bgp_peer_enabled", &[dc1], 1.0),
            ("aliasd_bgp_peer_enabled", &[("peer", "dc3")], 0.0),
            ("aliasd_bgp_peer_task_responding", &[dc1], 1.0),
            ("aliasd_bgp_peer_up", &[dc1], 0.0),
            ("aliasd_bgp_peer_state", &[dc1, ("state", "Active")], 1.0),
            ("aliasd_bgp_peer_state", &[dc1, ("state", "Established")], 0.0),
            ("aliasd_bgp_peer_messages_total", &[dc1, ("direction", "sent"), ("type", "open")], 0.0),
            ("aliasd_bgp_peer_received_routes", &[dc1, ipv4], 4.0),
            ("aliasd_bgp_peer_accepted_routes", &[dc1, ipv4], 2.0),
            ("aliasd_bgp_peer_rejected_routes", &[dc1, ipv4, ("reason", "policy")], 1.0),
            ("aliasd_bgp_peer_rejected_routes", &[dc1, ipv4, ("reason", "own_range")], 1.0),
            ("aliasd_bgp_peer_max_prefixes", &[dc1, ipv4], 1000.0),
            ("aliasd_bgp_peer_advertised_routes", &[dc1, ipv4], 1.0),
            ("aliasd_rib_best_routes", &[], 4.0),
            ("aliasd_rib_originated_prefixes", &[], 2.0),
            ("aliasd_inventory_trusted", &[], 1.0),
            ("aliasd_inventory_revision", &[], 3.0),
            ("aliasd_inventory_objects", &[("kind", "alias_ip_range")], 1.0),
            ("aliasd_inventory_files", &[], 2.0),
            ("aliasd_inventory_poll_interval_seconds", &[], 30.0),
            ("aliasd_originated_prefixes", &[], 2.0),
            ("aliasd_rule_prefixes", &pods, 1.0),
            ("aliasd_rule_max_prefixes", &pods, 100.0),
            ("aliasd_rule_fewest_prefixes", &pods, 1.0),
            ("aliasd_rule_covered_addresses", &[vms[0], vms[1], ipv4], 4096.0),
            ("aliasd_rule_allocated_addresses", &[vms[0], vms[1], ipv4], 1.0),
            ("aliasd_rule_unallocated_addresses", &[vms[0], vms[1], ipv4], 4095.0),
            ("aliasd_rule_unallocated_addresses", &[vms[0], vms[1], ("family", "ipv6")], 0.0),
            ("aliasd_ranges", &[("treatment", "advertised"), ("rule", "1")], 1.0),
            ("aliasd_ranges", &[("treatment", "no_rule"), ("rule", "")], 1.0),
            ("aliasd_guard_enabled", &[], 1.0),
            ("aliasd_guard_held_withdrawals", &[], 0.0),
            ("aliasd_guard_hold_age_seconds", &[], 0.0),
            ("aliasd_guard_withdrawn_prefixes", &[("scope", "all"), ("peer", "")], 0.0),
            ("aliasd_guard_max_withdraw_prefixes", &[], 50.0),
            ("aliasd_journal_enabled", &[], 0.0),
            ("aliasd_audit_enabled", &[], 0.0),
            ("aliasd_config_last_reload_successful", &[], 1.0),
            ("aliasd_config_held", &[], 0.0),
        ],
    );
    // What is not known is not told.
    assert_eq!(scrape.value("aliasd_bgp_peer_up", &[("peer", "dc3")]), None);
    assert_eq!(scrape.value("aliasd_rule_max_prefixes", &vms), None);
    assert!(scrape.0["aliasd_config_last_reload_timestamp_seconds"].is_empty());
    assert_eq!(scrape.sum("aliasd_inventory_doubt"), 0.0);
    assert_eq!(scrape.0["aliasd_inventory_doubt"].len(), Doubt::ALL.len());
    assert_eq!(scrape.0["aliasd_bgp_peer_state"].len(), 2 * 6);
    alerts::assert_are_about(&scrape);
}

fn hold(since: SystemTime) -> Hold {
    let route = || HeldRoute {
        role: "pod".to_owned(),
        everywhere: true,
        peers: Vec::new(),
        lost: Addresses { ipv4: 256, ipv6: 0 },
        protected: false,
        owners: Owners::default(),
    };
    let routes = ["10.4.1.0/24", "10.4.2.0/24", "10.4.3.0/24"].map(|text| (prefix(text), route()));
    Hold { hash: "0123456789abcdef".to_owned(), since, reasons: Vec::new(), routes: BTreeMap::from(routes) }
}

#[tokio::test]
async fn doubt_a_hold_and_everything_else_that_is_wrong_is_told_in_numbers() {
    let world = World::start().await;
    let before = |seconds| SystemTime::now() - Duration::from_secs(seconds);
    world.inventory.send_modify(|status| {
        *status = Arc::new(InventoryStatus {
            faults: InventoryFaults { shown: Vec::new(), total: 120 },
            trust: Trust::Untrusted(vec![Doubt::Partial, Doubt::MissingFile]),
            quarantined: 7,
            checked_at: Some(before(5)),
            untrusted_since: Some(before(700)),
            ..InventoryStatus::clone(status)
        });
    });
    let mut window = Window::default();
    let lost = |prefixes, ipv6| Tally {
        prefixes,
        lost: Addresses { ipv4: 512, ipv6 },
        of_prefixes: 40,
        of_addresses: Addresses { ipv4: 4096, ipv6: u128::MAX },
    };
    let tallies = Tallies::from([(String::new(), lost(5, 1 << 64)), ("dc1".to_owned(), lost(2, 0))]);
    window.add(&tallies, Duration::from_secs(600), before(60));
    world.guard.send_replace(Arc::new(GuardState { window, hold: Some(Arc::new(hold(before(120)))) }));
    world.audit.send_replace(Arc::new(AuditStatus { fault: Some("full".to_owned()), lost: 9 }));
    world.originations.send_modify(|set| {
        Arc::make_mut(set.as_mut().unwrap()).rules[0].faults = vec!["max_prefixes = 1 cannot be kept".to_owned()];
    });
    let ended = EndedSessions {
        hash: "fedcba9876543210".to_owned(),
        peers: vec!["dc1".to_owned()],
        prefixes: Vec::new(),
        lost: Addresses::NONE,
        why: Vec::new(),
    };
    world.reload.send_replace(Some(Arc::new(ReloadOutcome {
        at: support::taken_at(),
        refused: true,
        faults: vec!["it ends the sessions of dc1".to_owned()],
        held: Some(Arc::new(ended)),
        restart_needed: vec!["router.asn"],
    })));
    world.ready.send_replace(false);
    let scrape = world.scraped().await;
    let (all, dc1) = ([("scope", "all"), ("peer", "")], [("scope", "peer"), ("peer", "dc1")]);
    assert_values(
        &scrape,
        &[
            ("aliasd_ready", &[], 0.0),
            ("aliasd_inventory_trusted", &[], 0.0),
            ("aliasd_inventory_doubt", &[("reason", "partial")], 1.0),
            ("aliasd_inventory_doubt", &[("reason", "missing_file")], 1.0),
            ("aliasd_inventory_faults", &[], 120.0),
            ("aliasd_inventory_quarantined_objects", &[], 7.0),
            ("aliasd_guard_held_withdrawals", &[], 3.0),
            ("aliasd_guard_withdrawn_prefixes", &all, 5.0),
            ("aliasd_guard_withdrawn_prefixes", &dc1, 2.0),
            ("aliasd_guard_withdrawn_of_prefixes", &dc1, 40.0),
            ("aliasd_guard_withdrawn_addresses", &[all[0], all[1], ("family", "ipv4")], 512.0),
            ("aliasd_guard_withdrawn_addresses", &[all[0], all[1], ("family", "ipv6")], 2_f64.powi(64)),
            ("aliasd_guard_withdrawn_of_addresses", &[all[0], all[1], ("family", "ipv6")], 2_f64.powi(128)),
            ("aliasd_audit_fault", &[], 1.0),
            ("aliasd_audit_lost_changes_total", &[], 9.0),
            ("aliasd_rule_faults", &[("rule", "0"), ("role", "pod")], 1.0),
            ("aliasd_config_last_reload_successful", &[], 0.0),
            ("aliasd_config_last_reload_refused", &[], 1.0),
            ("aliasd_config_held", &[], 1.0),
            ("aliasd_config_restart_needed_keys", &[], 1.0),
            ("aliasd_config_last_reload_timestamp_seconds", &[], 1_767_323_045.0),
        ],
    );
    assert_eq!(scrape.sum("aliasd_inventory_doubt"), 2.0);
    let between = |name: &str, least: f64| {
        let value = scrape.value(name, &[]).unwrap();
        assert!((least..least + 60.0).contains(&value), "{name} is {value}");
    };
    between("aliasd_inventory_last_trusted_age_seconds", 700.0);
    between("aliasd_inventory_last_look_age_seconds", 5.0);
    between("aliasd_guard_hold_age_seconds", 119.0);
}

#[tokio::test]
async fn nothing_is_known_before_the_first_look_and_that_is_no_trust() {
    let world = World::start().await;
    world.inventory.send_modify(|status| {
        *status = Arc::new(InventoryStatus { snapshot: None, checked_at: None, ..InventoryStatus::clone(status) });
    });
    world.originations.send_replace(None);
    let scrape = world.scraped().await;
    assert_values(&scrape, &[("aliasd_inventory_trusted", &[], 0.0)]);
    assert!(scrape.value("aliasd_inventory_last_trusted_age_seconds", &[]).unwrap() < 60.0, "since the start");
    for absent in ["aliasd_inventory_revision", "aliasd_originated_prefixes", "aliasd_rule_prefixes", "aliasd_ranges"] {
        assert!(scrape.0[absent].is_empty(), "{absent}");
    }
}

#[tokio::test]
async fn how_a_session_ended_is_told_by_code_and_subcode() {
    const NOTIFICATION: [u8; 21] =
        [255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0, 21, 3, 6, 2];
    let world = World::start().await;
    let (task, mut stream) = world.faulty_peer().await;
    let dc2 = ("peer", "dc2");
    let up = world.scraped().await;
    assert_values(&up, &[("aliasd_bgp_peer_up", &[dc2], 1.0), ("aliasd_bgp_peer_faulty_updates_total", &[dc2], 2.0)]);
    assert!(up.0["aliasd_bgp_peer_last_error_timestamp_seconds"].is_empty());
    stream.write_all(&NOTIFICATION).await.unwrap();
    let ended = async { while task.status().await.unwrap().last_error.is_none() {} };
    tokio::time::timeout(Duration::from_secs(20), ended).await.expect("the session must end");
    let scrape = world.scraped().await;
    let received = |name| [dc2, ("direction", "received"), ("type", name)];
    assert_values(
        &scrape,
        &[
            ("aliasd_bgp_peer_up", &[dc2], 0.0),
            ("aliasd_bgp_peer_established_total", &[dc2], 1.0),
            ("aliasd_bgp_peer_messages_total", &received("update"), 2.0),
            ("aliasd_bgp_peer_messages_total", &received("notification"), 1.0),
        ],
    );
    let labels = [dc2, ("cause", "notification_received"), ("code", "6"), ("subcode", "2")];
    assert!(scrape.value("aliasd_bgp_peer_last_error_timestamp_seconds", &labels).unwrap() > 1.7e9);
}

#[tokio::test]
async fn a_peer_whose_task_has_ended_is_neither_up_nor_down() {
    let world = World::start().await;
    let (task, _stream) = world.faulty_peer().await;
    task.stop(bgp_core::session::StopReason::Silent).await;
    let scrape = world.scraped().await;
    assert_values(&scrape, &[("aliasd_bgp_peer_task_responding", &[("peer", "dc2")], 0.0)]);
    assert!(scrape.0["aliasd_bgp_peer_up"].is_empty());
}

#[tokio::test]
async fn the_port_answers_scrapes_and_probes_and_nothing_else() {
    let world = World::start().await;
    let (address, served) = world.serves_metrics();
    let ask = async |request: &str| asked(TcpStream::connect(address).await.unwrap(), request).await;
    let (head, body) = ask("GET /metrics").await;
    assert!(head.contains("content-type: text/plain; version=0.0.4; charset=utf-8"), "{head}");
    assert_eq!(Scrape::of(&body).names(), world.scraped().await.names());
    assert!(ask("GET /healthz").await.0.starts_with("HTTP/1.1 200 "));
    assert!(ask("GET /readyz").await.0.starts_with("HTTP/1.1 200 "));
    world.ready.send_replace(false);
    assert!(ask("GET /readyz").await.0.starts_with("HTTP/1.1 503 "));
    assert!(ask("GET /healthz").await.0.starts_with("HTTP/1.1 200 "), "it answers");
    for request in ["GET /", "GET /v1/status", "GET /v1/metrics", "GET /metrics/"] {
        let (head, body) = ask(request).await;
        assert!(
            head.starts_with("HTTP/1.1 404 ") && body.contains("(there are: /metrics, /healthz, /readyz)"),
            "{body}"
        );
    }
    assert!(ask("POST /metrics").await.0.starts_with("HTTP/1.1 405 "));
    assert!(ask("GET /metrics?x=1").await.0.starts_with("HTTP/1.1 400 "));
    world.stop.cancel();
    served.await.unwrap();
    TcpStream::connect(address).await.unwrap_err();
}

#[tokio::test]
async fn clients_of_the_port_that_say_nothing_keep_nobody_from_the_control_socket() {
    let world = World::start().await;
    let (address, _served) = world.serves_metrics();
    let mut silent = Vec::new();
    for _ in 0..16 {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    let mut refused = String::new();
    TcpStream::connect(address).await.unwrap().read_to_string(&mut refused).await.unwrap();
    assert!(refused.starts_with("HTTP/1.1 503 ") && refused.ends_with('}'), "{refused}");
    world.scraped().await;
}
