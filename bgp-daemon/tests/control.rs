//! The read-only socket, asked as `curl` would.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test may fail")]

mod support;

use std::sync::Arc;

use bgp_core::session::{ConnectMode, State};
use bgp_core::types::{Asn, BgpIdentifier};
use bgp_daemon::config::{Peer, Router};
use bgp_daemon::control::{self, PeerEntry, ReloadOutcome};
use bgp_daemon::inventory::{Doubt, Effect, InventoryFault, InventoryFaults, InventoryStatus, Trust};
use bgp_daemon::peer::roster::Roster;
use bgp_daemon::peer::{PeerTask, listener, socket};
use serde_json::{Value, json};
use support::{World, taken_at};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

impl World {
    async fn request(&self, method: &str, target: &str) -> (u16, Value) {
        let mut stream = UnixStream::connect(&self.socket).await.unwrap();
        let request = format!("{method} {target} HTTP/1.1\r\nhost: aliasd\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).await.unwrap();
        let (head, body) = reply.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("content-type: application/json"), "{head}");
        let code = head.split(' ').nth(1).unwrap().parse().unwrap();
        (code, serde_json::from_str(body).unwrap())
    }

    async fn ok(&self, target: &str) -> Value {
        let (code, value) = self.request("GET", target).await;
        assert_eq!(code, 200, "{target}: {value}");
        assert_eq!(value["apiVersion"], "v1");
        value
    }

    /// The prefixes of a list of routes, all pages.
    async fn prefixes(&self, query: &str, limit: usize) -> Vec<String> {
        let (mut prefixes, mut after) = (Vec::new(), String::new());
        loop {
            let page = self.ok(&format!("/v1/routes?{query}&limit={limit}{after}")).await;
            let result = page["result"].as_array().unwrap();
            prefixes.extend(result.iter().map(|route| text(&route["destination"]["prefix"])));
            let Some(token) = page["nextPageToken"].as_str() else { return prefixes };
            after = format!("&after={token}");
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Puts what depends on the clock and the build to the same value every time.
fn settled(mut value: Value) -> String {
    fn settle(value: &mut Value) {
        const MOVING: [&str; 6] = ["startTime", "uptimeSeconds", "stateSince", "stateSeconds", "ageSeconds", "version"];
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    if MOVING.contains(&key.as_str()) { *value = json!("…") } else { settle(value) }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(settle),
            _ => {}
        }
    }
    settle(&mut value);
    serde_json::to_string_pretty(&value).unwrap()
}

#[tokio::test]
async fn every_question_has_an_answer() {
    let world = World::start().await;
    for (name, target) in [
        ("status", "/v1/status"),
        ("peers", "/v1/peers"),
        ("peer", "/v1/peers/dc1"),
        ("routes_best", "/v1/routes"),
        ("routes_learned", "/v1/routes?view=learned&peer=dc1"),
        ("routes_advertised", "/v1/routes?view=advertised&peer=dc1"),
        ("routes_originated", "/v1/routes?view=originated"),
        ("lookup", "/v1/lookup/172.16.1.9"),
        ("inventory", "/v1/inventory"),
        ("explain_pod", "/v1/explain?target=10.4.1.7"),
    ] {
        insta::assert_snapshot!(name, settled(world.ok(target).await));
    }
}

#[tokio::test]
async fn explains_where_the_chain_breaks() {
    let world = World::start().await;
    let explain = async |target: &str| {
        let reply = world.ok(&format!("/v1/explain?target={target}")).await;
        (text(&reply["outcome"]), reply["brokenAt"].as_str().unwrap_or_default().to_owned())
    };
    for (target, outcome, broken) in [
        ("10.4.1.7", "ADVERTISED", ""),
        ("10.4.1.7&peer=dc2", "NOT_ADVERTISED", "export: 10.4.1.0/24 to dc2: peer is not Established"),
        ("10.0.0.2", "NOT_ADVERTISED", "export: 10.0.0.0/20 to dc1: no export term matched"),
        ("10.0.15.9", "NOT_ADVERTISED", "export: 10.0.0.0/20 to dc1: no export term matched"),
        (
            "10.4.2.7",
            "NOT_ADVERTISED",
            "owner: 10.4.2.7 is in range gke-pods 10.4.0.0/14 of projects/host/regions/us-central1/subnetworks/gke but \
             allocated to nobody, and advertise[0] announces what is in use",
        ),
        (
            "10.8.0.1",
            "NOT_ADVERTISED",
            "rule: no [[advertise]] selects range gke-services 10.8.0.0/20 of \
             projects/host/regions/us-central1/subnetworks/gke, whose role is \"service\": there are role = \"pod\", \
             role = \"vm\"",
        ),
        ("10.0.0.0/8", "ADVERTISED", ""),
        ("172.16.1.9", "LEARNED", ""),
        ("192.168.7.7", "REJECTED", "import: 192.168.0.0/16 from dc1: no import term matched"),
        ("8.8.8.8", "UNKNOWN", "range: 8.8.8.8/32 lies in no range, and no peer sent a route that covers it"),
        ("fd00::1", "UNKNOWN", "range: fd00::1/128 lies in no range, and no peer sent a route that covers it"),
    ] {
        assert_eq!(explain(target).await, (outcome.to_owned(), broken.to_owned()), "{target}");
    }
    world.originations.send_replace(None);
    let reply = world.ok("/v1/explain?target=8.8.8.8").await;
    let (first, broken) = (text(&reply["chain"][0]["text"]), &reply["chain"][0]["ok"]);
    assert!(first.starts_with("no snapshot of ") && broken == false, "{reply}");
}

#[tokio::test]
async fn pages_hold_each_route_once_in_order() {
    let world = World::start().await;
    let all = ["10.0.0.0/20", "10.4.1.0/24", "172.16.0.0/16", "172.16.1.0/24"];
    for limit in 1..=5 {
        assert_eq!(world.prefixes("view=best", limit).await, all, "{limit}");
        assert_eq!(world.prefixes("view=best&prefix=172.16.0.0/16", limit).await, all[2..], "{limit}");
        assert_eq!(world.prefixes("view=best&prefix=172.16.1.0/24", limit).await, all[3..], "{limit}");
        assert_eq!(world.prefixes("view=best&peer=dc1&family=ipv4-unicast", limit).await, all[2..], "{limit}");
        assert!(world.prefixes("view=best&family=ipv6-unicast", limit).await.is_empty());
        assert!(world.prefixes("view=originated&prefix=11.0.0.0/8", limit).await.is_empty());
    }
    let mut ranges = Vec::new();
    let mut after = String::new();
    loop {
        let page = world.ok(&format!("/v1/inventory?limit=2{after}")).await;
        ranges.extend(page["ranges"].as_array().unwrap().iter().map(|range| text(&range["ipCidrRange"])));
        let Some(token) = page["nextPageToken"].as_str() else { break };
        after = format!("&after={token}");
    }
    assert_eq!(ranges, ["10.0.0.0/20", "10.4.0.0/14", "10.8.0.0/20"]);
}

#[tokio::test]
async fn pages_find_what_is_rare_in_a_large_table() {
    let world = World::start().await;
    let many: Vec<String> = (0..9000_u32).map(|n| format!("172.{}.{}.0/24", 17 + n / 256, n % 256)).collect();
    let texts: Vec<&str> = many.iter().map(String::as_str).collect();
    for part in texts.chunks(500) {
        world.learn(part).await;
    }
    // Over the limit of 1000 and outside of what is allowed: a table that holds few of ours among many.
    let originated = world.prefixes("view=originated", 1000).await;
    assert_eq!(originated, ["10.0.0.0/20", "10.4.1.0/24"]);
    let learned = world.prefixes("view=learned&peer=dc1", 7).await;
    assert_eq!(learned.len(), 1000);
    assert!(learned.is_sorted_by_key(|text| support::prefix(text)));
}

#[tokio::test]
async fn says_what_is_wrong_with_a_request_all_at_once() {
    let world = World::start().await;
    let (code, reply) = world.request("GET", "/v1/routes?view=all&limit=0&prefix=10.0.0.1/8&colour=red").await;
    assert_eq!((code, &reply["error"]["status"]), (400, &json!("INVALID_ARGUMENT")));
    assert_eq!(
        reply["error"]["errors"],
        json!([
            {"parameter": "view", "value": "all", "expected": "best, learned, advertised or originated"},
            {"parameter": "prefix", "value": "10.0.0.1/8",
             "expected": "address/length without host bits as in 10.0.0.0/8 or fd00::/8"},
            {"parameter": "limit", "value": "0", "expected": "1 to 1000"},
            {"parameter": "colour", "value": "red", "expected": "one of view, peer, family, prefix, after, limit"},
        ])
    );
    for (target, message) in [
        ("/v1/routes?view=learned", "peer: missing (expected the name of a peer with view=learned)"),
        ("/v1/routes?view=originated&peer=dc1", r#"peer: "dc1" (expected no peer with view=originated)"#),
        ("/v1/routes?limit=1&limit=2", r#"limit: "2" (expected one value, not several)"#),
        ("/v1/explain", "target: missing (expected an address, or address/length without host bits)"),
        ("/v1/explain?target=pod", r#"target: "pod" (expected an address, or address/length without host bits)"#),
        ("/v1/lookup/10.4", r#"address: "10.4" (expected an address as in 10.0.0.1 or fd00::1)"#),
        ("/v1/status?x=1", r#"x: "1" (expected no parameters)"#),
    ] {
        let (code, reply) = world.request("GET", target).await;
        assert_eq!((code, reply["error"]["message"].as_str()), (400, Some(message)), "{target}");
    }
}

#[tokio::test]
async fn says_what_there_is_when_something_is_not_found() {
    let world = World::start().await;
    for target in ["/v1/peers/dc9", "/v1/routes?peer=dc9", "/v1/explain?target=10.4.1.7&peer=dc9"] {
        let (code, reply) = world.request("GET", target).await;
        assert_eq!((code, &reply["error"]["known"]), (404, &json!(["dc1", "dc2", "dc3"])), "{target}");
        assert_eq!(reply["error"]["message"], r#"no peer "dc9" (there are: dc1, dc2, dc3)"#);
    }
    let (code, reply) = world.request("GET", "/v1/lookup/8.8.8.8").await;
    assert_eq!((code, &reply["error"]["message"]), (404, &json!("no route in the Loc-RIB holds 8.8.8.8")));
    let (code, _) = world.request("GET", "/status").await;
    assert_eq!(code, 404);
}

#[tokio::test]
async fn nothing_can_be_changed() {
    let world = World::start().await;
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"] {
        let (code, reply) = world.request(method, "/v1/status").await;
        assert_eq!((code, &reply["error"]["status"]), (405, &json!("METHOD_NOT_ALLOWED")), "{method}");
    }
}

#[tokio::test]
async fn status_says_why_it_is_degraded() {
    let world = World::start().await;
    let fault = InventoryFault {
        effect: Effect::Untrusted(Doubt::Unreadable),
        file: Some("instances.json".to_owned()),
        line: Some(7),
        object: None,
        field: None,
        value: None,
        expected: "ends in the middle of an object".to_owned(),
    };
    world.inventory.send_modify(|status| {
        *status = Arc::new(InventoryStatus {
            faults: InventoryFaults::new(vec![fault]),
            trust: Trust::Untrusted(vec![Doubt::Unreadable]),
            untrusted_since: Some(taken_at()),
            ..InventoryStatus::clone(status)
        });
    });
    world.reload.send_replace(Some(Arc::new(ReloadOutcome {
        at: taken_at(),
        refused: true,
        faults: vec!["aliasd.toml:3: router.asn: 0".to_owned()],
        held: None,
        restart_needed: Vec::new(),
    })));
    world.originations.send_modify(|set| {
        let set = Arc::make_mut(set.as_mut().unwrap());
        set.rules[0].faults = vec!["max_prefixes = 1 cannot be kept".to_owned()];
    });
    let reply = world.ok("/v1/status").await;
    assert_eq!(reply["health"], "DEGRADED");
    assert_eq!(
        reply["healthReasons"],
        json!([
            "the inventory has not been trusted since 2026-01-02T03:04:05Z, nothing is withdrawn (UNREADABLE): instances.json:7: ends in the middle of an object",
            "peer dc1 is Active: waits for the peer to connect",
            "peer dc2 is Active: waits for the peer to connect",
            "the configuration of 2026-01-02T03:04:05Z was refused, the old one stays: aliasd.toml:3: router.asn: 0",
            "advertise[0]: max_prefixes = 1 cannot be kept",
        ])
    );
    assert_eq!(reply["inventory"]["state"], "UNTRUSTED");
    assert_eq!(reply["inventory"]["revision"], 3);
}

#[tokio::test]
async fn a_second_daemon_does_not_take_the_socket() {
    let world = World::start().await;
    let control = bgp_daemon::config::Control { socket: world.socket.clone(), mode: 0o600 };
    let error = control::bind(&control).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    world.ok("/v1/status").await;
    world.stop.cancel();
    world.served.await.unwrap();
    assert!(!world.socket.exists());
    drop(control::bind(&control).unwrap());
}

/// The other end of dc2: a speaker of its own on loopback.
async fn far_side(world: &World, near: &Peer, router: &Router) -> (PeerTask, u16) {
    let far_router =
        Router { asn: near.asn, router_id: BgpIdentifier::from_bits(0x0A00_0001).unwrap(), ..router.clone() };
    let peer = Peer {
        address: "127.0.0.1".parse().unwrap(),
        asn: Asn(router.asn.0),
        connect: ConnectMode::Passive,
        ..near.clone()
    };
    let (rib, _thread) = support::table(&far_router);
    let task = PeerTask::start(support::settings(&peer, &far_router, support::DC1), rib, 2);
    let roster = Roster::new();
    roster.admit(peer.address, task.door());
    let listening = socket::listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = listening.local_addr().unwrap().port();
    tokio::spawn(listener::accept(listening, roster, world.stop.clone()));
    (task, port)
}

#[tokio::test]
async fn a_session_that_is_up_says_so() {
    let world = World::start().await;
    let (router, mut peer) = {
        let config = world.config.borrow();
        (config.router.clone(), config.peer("dc2").unwrap().clone())
    };
    let (_far, port) = far_side(&world, &peer, &router).await;
    (peer.address, peer.port, peer.connect) = ("127.0.0.1".parse().unwrap(), port, ConnectMode::Active);
    let near = PeerTask::start(support::settings(&peer, &router, support::DC2), world.rib.clone(), 1);
    let entry = PeerEntry { id: support::DC2, peer, status: Some(near.status_door()) };
    world.peers.send_replace(Arc::new(vec![entry]));
    let up = async { while near.status().await.unwrap().state != State::Established {} };
    tokio::time::timeout(std::time::Duration::from_secs(20), up).await.expect("the session must come up");
    let reply = world.ok("/v1/peers/dc2").await;
    let status = &reply["bgpPeerStatus"][0];
    assert_eq!((&status["status"], &status["state"]), (&json!("UP"), &json!("Established")));
    assert!(status["uptimeSeconds"].is_string() && status["statusReason"].is_null(), "{status}");
    assert_eq!((&status["peerRouterId"], &status["ipAddress"]), (&json!("10.0.0.1"), &json!("127.0.0.1")));
    assert_eq!((&status["holdTimeSecs"], &status["messagesSent"]["open"]), (&json!(90), &json!(1)));
    let reply = world.ok("/v1/status").await;
    assert_eq!((&reply["health"], &reply["peersUp"]), (&json!("OK"), &json!(1)));
    let notices = &reply["bgpPeerStatus"][0]["policyNotices"];
    assert_eq!(notices, &json!(["no import rules: nothing is accepted", "no export rules: nothing is advertised"]));
}

#[tokio::test]
async fn check_66_a_faulty_update_can_be_read_whole() {
    let world = World::start().await;
    let none = world.ok("/v1/peers/dc2/faults").await;
    assert_eq!(none, json!({"apiVersion": "v1", "peer": "dc2", "faultyUpdates": 0, "result": []}));
    let (_task, _stream) = world.faulty_peer().await;
    let mut reply = world.ok("/v1/peers/dc2/faults").await;
    let hex: String = support::FAULTY.iter().map(|octet| format!("{octet:02x}")).collect();
    let numbers = reply["result"].as_array().unwrap().iter().map(|entry| entry["number"].clone());
    assert_eq!(numbers.collect::<Vec<_>>(), [json!(2), json!(1)]);
    let first = &mut reply["result"][0];
    assert!(text(&first["time"].take()).starts_with("20"));
    let fault = |code: u8, name: &str, said: &str| json!({"code": code, "name": name, "text": said, "disposition": "treat-as-withdraw"});
    let expected = json!({
        "number": 2,
        "time": null,
        "disposition": "treat-as-withdraw",
        "faults": [
            fault(1, "ORIGIN", "ORIGIN: 2 octets (expected 1)"),
            fault(2, "AS_PATH", "AS_PATH is missing"),
            fault(3, "NEXT_HOP", "NEXT_HOP is missing"),
        ],
        "faultCount": 3,
        "routes": ["10.9.0.0/16"],
        "routeCount": 1,
        "length": 31,
        "hex": hex,
    });
    assert_eq!(*first, expected);
    assert_eq!(world.ok("/v1/peers/dc2").await["bgpPeerStatus"][0]["faultyUpdates"], 2);
    assert_eq!(world.request("GET", "/v1/peers/nobody/faults").await.0, 404);
}
