//! What has taken networks down, done to a daemon that runs: no route of its own goes, it says what it does not trust, and
//! a restart loses nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail")]

#[path = "daemon/running.rs"]
#[allow(dead_code, reason = "other tests have daemons too")]
mod running;

use std::fs;
use std::time::{Duration, SystemTime};

use running::{Daemon, Pair};
use serde_json::{Value, json};

const SUBNETWORK: &str = "projects/host/regions/us-central1/subnetworks/gke";
const NETWORK: &str = "projects/host/global/networks/vpc";

/// An instance of a zone, with an alias range whose neighbours nobody has.
fn instance(project: &str, zone: &str, number: usize, subnetwork: &str) -> Value {
    json!({
        "selfLink": format!("projects/{project}/zones/us-central1-{zone}/instances/{zone}{number}"),
        "networkInterfaces": [{
            "network": NETWORK, "subnetwork": subnetwork,
            "networkIP": format!("10.0.{}.{}", zone.as_bytes()[0] - b'a', number + 2),
            "aliasIpRanges": [{"ipCidrRange": alias(zone, number), "subnetworkRangeName": "gke-pods"}],
        }],
    })
}

fn alias(zone: &str, number: usize) -> String {
    format!("10.{}.{}.0/24", 4 + zone.as_bytes()[0] - b'a', number * 2)
}

fn zone(name: &str, count: usize) -> Vec<Value> {
    (0..count).map(|number| instance("svc", name, number, SUBNETWORK)).collect()
}

/// A bundle of these instances, with more fields at its top.
fn bundle(instances: &[Value], more: Value) -> String {
    let mut bundle = json!({
        "subnetworks": [{
            "selfLink": SUBNETWORK, "network": NETWORK, "ipCidrRange": "10.0.0.0/20",
            "secondaryIpRanges": [{"rangeName": "gke-pods", "ipCidrRange": "10.4.0.0/14"}],
        }],
        "instances": instances,
    });
    bundle.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    bundle.to_string()
}

fn fleet() -> Vec<Value> {
    [zone("a", 3), zone("b", 3), zone("c", 3)].concat()
}

fn good() -> String {
    bundle(&fleet(), json!({}))
}

fn half(text: &str) -> String {
    text.split_at(text.len() / 2).0.to_owned()
}

/// The good inventory with one range more, so that what is sent next can be awaited.
fn grown() -> String {
    bundle(&[zone("a", 3), zone("b", 3), zone("c", 4)].concat(), json!({}))
}

fn ranges_of(counts: &[(&str, usize)]) -> Vec<String> {
    counts.iter().flat_map(|(zone, count)| (0..*count).map(|number| alias(zone, number))).collect()
}

fn all() -> Vec<String> {
    ranges_of(&[("a", 3), ("b", 3), ("c", 3)])
}

fn learned(daemon: &Daemon) -> Vec<String> {
    let reply = daemon.asks(&["routes", "--learned"]);
    let routes = reply["result"].as_array().unwrap().iter();
    routes.map(|route| route["destination"]["prefix"].as_str().unwrap().to_owned()).collect()
}

fn updates_received(daemon: &Daemon) -> u64 {
    daemon.asks(&["peers", "near"])["bgpPeerStatus"][0]["messagesReceived"]["update"].as_u64().unwrap()
}

fn inventory(daemon: &Daemon) -> Value {
    daemon.asks(&["status"])["inventory"].clone()
}

/// A daemon that announces the whole fleet, and its peer.
fn fleet_pair() -> Pair {
    // What is not proven must withdraw nothing by itself: the guard would only hide it.
    let pair = Pair::start_with("10.4.0.0/24", "[guard]\nenabled = false\n");
    pair.near.writes_inventory(&good());
    pair.far.comes_to(&all(), learned);
    pair
}

/// What happens to the inventory, the doubt that it raises, if any, and how many objects go into quarantine.
struct Row {
    name: &'static str,
    text: String,
    doubt: Option<&'static str>,
    quarantined: usize,
}

fn rows() -> Vec<Row> {
    let row = |name, text, doubt, quarantined| Row { name, text, doubt, quarantined };
    let others: Vec<Value> =
        (0..9).map(|number| instance("other", "d", number, "projects/other/regions/r/subnetworks/s")).collect();
    let clone = instance("svc", "a", 0, SUBNETWORK).to_string().replace("instances/a0", "instances/A0");
    let cloned = [fleet(), vec![serde_json::from_str(&clone).unwrap()]].concat();
    vec![
        row("an empty answer that reads as everything", bundle(&[], json!({})), Some("EMPTY"), 0),
        row("a selector that was removed", bundle(&others, json!({})), Some("VANISHED"), 9),
        row("a zone that is missing", bundle(&[zone("a", 3), zone("c", 3)].concat(), json!({})), Some("VANISHED"), 0),
        row(
            "a second page that is missing",
            bundle(&zone("a", 3), json!({"nextPageToken": "page-2"})),
            Some("MORE_PAGES"),
            0,
        ),
        row(
            "a zone that cannot be reached",
            bundle(&zone("a", 3), json!({"unreachables": ["projects/svc/zones/us-central1-b"]})),
            Some("PARTIAL"),
            0,
        ),
        row("a page that is cut short", half(&good()), Some("UNREADABLE"), 0),
        row("a file that was emptied", String::new(), Some("UNREADABLE"), 0),
        row("an instance that was duplicated", bundle(&cloned, json!({})), None, 1),
    ]
}

#[test]
fn nothing_that_has_taken_networks_down_withdraws_a_route() {
    let pair = fleet_pair();
    for Row { name, text, doubt, quarantined } in rows() {
        let before = updates_received(&pair.far);
        pair.near.writes_inventory(&text);
        pair.near.comes_to(&(json!(doubt.iter().collect::<Vec<_>>()), json!(quarantined)), |daemon| {
            let inventory = inventory(daemon);
            (inventory["doubts"].clone(), inventory["quarantined"].clone())
        });
        let status = pair.near.asks(&["status"]);
        assert_eq!(status["health"], "DEGRADED", "{name}");
        assert!(status["inventory"]["faultsTotal"].as_u64() > Some(0), "{name}");
        assert_eq!(status["routes"]["originated"], all().len(), "{name}");
        // What is added next is the only thing that the peer hears of.
        pair.near.writes_inventory(&grown());
        pair.far.comes_to(&ranges_of(&[("a", 3), ("b", 3), ("c", 4)]), learned);
        assert_eq!(inventory(&pair.near)["state"], "CURRENT", "{name}");
        assert_eq!(updates_received(&pair.far), before + 1, "{name}");
        pair.near.writes_inventory(&good());
        pair.far.comes_to(&all(), learned);
    }
}

fn manifest(age: Duration) -> String {
    let created_at = humantime::format_rfc3339_seconds(SystemTime::now() - age).to_string();
    json!({"createdAt": created_at, "files": [{"name": "bundle.json"}]}).to_string()
}

#[test]
fn a_clock_that_jumps_withdraws_nothing() {
    const DAY: Duration = Duration::from_secs(86400);
    let pair = fleet_pair();
    pair.near.puts("manifest.json", &manifest(Duration::ZERO));
    pair.near.edits_config(|text| text.replace("settle_ms = 10", "settle_ms = 10\nmax_age_secs = 86400"));
    pair.near.hangs_up();
    pair.near.comes_to(&json!("APPLIED"), |daemon| daemon.asks(&["status"])["lastReload"]["result"].clone());
    let before = updates_received(&pair.far);
    // By the clock of now all that was written is days old.
    pair.near.puts("manifest.json", &manifest(7 * DAY));
    pair.near.comes_to(&json!(["AGE"]), |daemon| inventory(daemon)["doubts"].clone());
    pair.near.writes_inventory(&bundle(&zone("a", 4), json!({})));
    pair.far.comes_to(&ranges_of(&[("a", 4), ("b", 3), ("c", 3)]), learned);
    assert_eq!(updates_received(&pair.far), before + 1);
    assert_eq!(pair.near.asks(&["status"])["health"], "DEGRADED");
    pair.near.puts("manifest.json", &manifest(Duration::ZERO));
    pair.far.comes_to(&ranges_of(&[("a", 4)]), learned);
}

#[test]
fn a_restart_over_a_half_written_inventory_loses_nothing() {
    let Pair { mut near, far, .. } = fleet_pair();
    let revision = inventory(&near)["revision"].as_u64().unwrap();
    near.comes_to(&json!(revision), |daemon| daemon.asks(&["status"])["journal"]["writtenRevision"].clone());
    near.is_killed();
    fs::write(near.inventory().join("bundle.json"), half(&good())).unwrap();
    far.comes_to(&Vec::<String>::new(), learned);
    near.is_started();
    far.comes_to(&all(), learned);
    near.comes_to(&json!("UNTRUSTED"), |daemon| inventory(daemon)["state"].clone());
    let status = near.asks(&["status"]);
    assert_eq!((&status["journal"]["restoredRevision"], &status["health"]), (&json!(revision), &json!("DEGRADED")));
    // What it lacks is withdrawn when it is whole, and revisions go on.
    near.writes_inventory(&bundle(&[zone("a", 3), zone("b", 3), zone("c", 2)].concat(), json!({})));
    far.comes_to(&ranges_of(&[("a", 3), ("b", 3), ("c", 2)]), learned);
    assert_eq!(inventory(&near)["revision"].as_u64(), Some(revision + 1));
}

#[test]
fn a_restart_with_another_export_takes_nothing_past_the_guard() {
    let Pair { mut near, far, .. } = Pair::start("10.4.0.0/24");
    far.comes_to(&vec!["10.4.0.0/24".to_owned()], learned);
    near.comes_to(&true, |daemon| daemon.asks(&["status"])["journal"]["writtenRevision"].is_u64());
    near.is_killed();
    near.edits_config(|text| text.replace("roles = [\"pod\"]", "roles = [\"vm\"]"));
    far.comes_to(&Vec::<String>::new(), learned);
    near.is_started();
    far.comes_to(&vec!["10.4.0.0/24".to_owned()], learned);
    near.comes_to(&json!("HOLDING"), |daemon| daemon.asks(&["guard"])["state"].clone());
    let held = near.asks(&["guard"]);
    assert_eq!((&held["routes"][0]["peers"], &held["routes"][0]["prefix"]), (&json!(["far"]), &json!("10.4.0.0/24")));
    assert_eq!(learned(&far), ["10.4.0.0/24"]);
    near.releases(held["hold"]["hash"].as_str().unwrap());
    far.comes_to(&Vec::<String>::new(), learned);
}

#[test]
fn a_journal_that_is_damaged_is_an_alarm_and_not_the_end() {
    let Pair { mut near, far, .. } = fleet_pair();
    near.comes_to(&true, |daemon| daemon.asks(&["status"])["journal"]["writtenRevision"].is_u64());
    near.is_killed();
    for name in ["journal", "journal.previous"] {
        fs::write(near.beside("state").join(name), "aliasd-journal 1\ndamaged").unwrap();
    }
    near.is_started();
    far.comes_to(&all(), learned);
    let damaged = near.asks(&["status"])["journal"]["damaged"].to_string();
    assert!(damaged.contains("journal.previous: line 2: cut short"), "{damaged}");
    // What is written then is whole.
    near.comes_to(&true, |daemon| daemon.asks(&["status"])["journal"]["writtenRevision"].is_u64());
    near.is_killed();
    near.is_started();
    assert!(near.asks(&["status"])["journal"]["restoredRevision"].is_u64());
    assert_eq!(near.asks(&["status"])["journal"]["damaged"], json!([]));
}

#[test]
fn killed_under_churn_it_comes_to_the_truth_each_time() {
    let Pair { mut near, far, .. } = fleet_pair();
    for round in 1..=5 {
        // No rhythm: the kill comes while something is read, decided, sent or written.
        let nodes = |change: usize| 3 + (change + round) % 4;
        for change in 0..=round {
            near.writes_inventory(&bundle(&[zone("a", 3), zone("b", nodes(change)), zone("c", 3)].concat(), json!({})));
        }
        near.is_killed();
        near.is_started();
        far.comes_to(&ranges_of(&[("a", 3), ("b", nodes(round)), ("c", 3)]), learned);
        near.comes_to(&json!("CURRENT"), |daemon| inventory(daemon)["state"].clone());
    }
}

/// What the peer knows of `near`'s families: whether an End-of-RIB came, and how many routes.
fn end_and_routes(far: &Daemon) -> (bool, u64) {
    let family = &far.asks(&["peers", "near"])["bgpPeerStatus"][0]["families"][0];
    (family["endOfRibReceived"] == true, family["received"]["total"].as_u64().unwrap_or(0))
}

/// Waits for all routes of the fleet; an End-of-RIB before them would let a peer drop what it kept over our restart.
fn routes_come_before_their_end(far: &Daemon) {
    let all = all().len() as u64;
    far.comes_to(&(true, all), |far| {
        let seen = end_and_routes(far);
        assert!(!seen.0 || seen.1 == all, "an End-of-RIB after {} routes", seen.1);
        seen
    });
}

#[test]
fn no_peer_is_told_of_an_end_before_there_is_anything_to_tell() {
    let Pair { mut near, far, .. } = fleet_pair();
    near.comes_to(&true, |daemon| daemon.asks(&["status"])["journal"]["writtenRevision"].is_u64());
    near.is_killed();
    near.is_started();
    routes_come_before_their_end(&far);
    // Without a journal and an inventory there is nothing yet; the session is up.
    near.is_killed();
    fs::remove_dir_all(near.beside("state")).unwrap();
    fs::remove_file(near.inventory().join("bundle.json")).unwrap();
    far.comes_to(&(false, 0), end_and_routes);
    near.is_started();
    far.comes_to(&json!("Established"), |far| far.asks(&["peers", "near"])["bgpPeerStatus"][0]["state"].clone());
    near.writes_inventory(&good());
    routes_come_before_their_end(&far);
}
