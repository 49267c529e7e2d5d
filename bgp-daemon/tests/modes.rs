//! What a router really gets by `advertise_mode` and `routing_mode`: MULTI_EXIT_DISC and prefixes over a session.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail")]

#[path = "daemon/running.rs"]
#[allow(dead_code, reason = "other tests have daemons too")]
mod running;

use running::{Daemon, Pair, inventory};
use serde_json::{Value, json};

/// Prefix and MULTI_EXIT_DISC of each route that came.
fn learned(daemon: &Daemon) -> Value {
    let reply = daemon.asks(&["routes", "--learned"]);
    let routes = reply["result"].as_array().unwrap().iter();
    routes.map(|route| json!([route["destination"]["prefix"], route["med"]])).collect()
}

fn established(daemon: &Daemon) -> Value {
    daemon.asks(&["peers", "far"])["bgpPeerStatus"][0]["establishedCount"].clone()
}

/// The inventory is in us-central1, and the router in europe-west1.
const ROUTER: &str =
    "region = \"europe-west1\"\nrouting_mode = \"GLOBAL\"\ninter_region_cost = { us-central1 = 250 }\n";

#[test]
fn a_router_gets_the_cost_of_a_region_and_custom_ranges_at_the_base() {
    let pair = Pair::start("10.4.1.0/24");
    pair.far.comes_to(&json!([["10.4.1.0/24", 100]]), learned);

    let reload = |edit: &dyn Fn(&str) -> String| {
        pair.near.edits_config(edit);
        pair.near.hangs_up();
    };
    reload(&|text| text.replace("[inventory]\n", &format!("{ROUTER}[inventory]\n")));
    pair.far.comes_to(&json!([["10.4.1.0/24", 350]]), learned);
    let originated = pair.near.asks(&["routes", "--originated"])["result"][0]["source"].clone();
    assert_eq!((&originated["role"], &originated["cost"]), (&json!("pod"), &json!(250)));

    reload(&|text| text.replace("us-central1 = 250", "us-central1 = 300"));
    pair.far.comes_to(&json!([["10.4.1.0/24", 400]]), learned);

    reload(&|text| text.replace("{ us-central1 = 300 }", "{}"));
    pair.far.comes_to(&json!([["10.4.1.0/24", 10099]]), learned);
    let told = pair.near.asks(&["status"])["healthReasons"].to_string();
    assert!(told.contains("no cost for us-central1"), "{told}");

    let custom = "advertise_mode = \"CUSTOM\"\nadvertised_groups = [\"ALL_SUBNETS\"]\n\
                  advertised_ip_ranges = [{ range = \"10.0.0.0/8\" }, { range = \"10.4.1.0/24\" }]\n[peer.export]";
    reload(&|text| text.replace("[peer.export]", custom));
    pair.far.comes_to(&json!([["10.0.0.0/8", 100], ["10.4.1.0/24", 10099]]), learned);
    let explained = pair.near.asks(&["explain", "10.200.0.1"]);
    assert_eq!(explained["outcome"], "ADVERTISED", "{explained}");
    let chain = explained["chain"].to_string();
    assert!(chain.contains("10.0.0.0/8 is a custom range (advertised_ip_ranges) of far"), "{chain}");

    reload(&|text| text.replace("advertised_groups = [\"ALL_SUBNETS\"]\n", ""));
    pair.far.comes_to(&json!([["10.0.0.0/8", 100], ["10.4.1.0/24", 100]]), learned);
    assert_eq!(established(&pair.near), 1, "the session was reset");
}

#[test]
fn custom_ranges_stand_over_a_restart() {
    let mut pair = Pair::start("10.4.1.0/24");
    pair.near.edits_config(|text| {
        text.replace(
            "[peer.export]",
            "advertise_mode = \"CUSTOM\"\nadvertised_ip_ranges = [{ range = \"10.0.0.0/8\" }]\n[peer.export]",
        )
    });
    pair.near.hangs_up();
    pair.near.comes_to(&Value::from("APPLIED"), |daemon| daemon.asks(&["status"])["lastReload"]["result"].clone());
    // That the only route to what is in use goes is for a person to say.
    pair.far.comes_to(&json!([["10.0.0.0/8", 100], ["10.4.1.0/24", 100]]), learned);
    let hash = pair.near.asks(&["guard"])["hold"]["hash"].as_str().unwrap().to_owned();
    assert_eq!(pair.near.releases(&hash).0, Some(0));
    pair.far.comes_to(&json!([["10.0.0.0/8", 100]]), learned);
    // What is written with the next snapshot knows of the release.
    let written = |daemon: &Daemon| daemon.asks(&["status"])["journal"]["writtenRevision"].clone();
    let before = written(&pair.near);
    pair.near.writes_inventory(&inventory(&["10.4.1.0/24", "10.4.9.0/24"]));
    pair.near.comes_to(&true, |daemon| written(daemon) != before);
    pair.near.is_killed();
    pair.near.is_started();
    pair.far.comes_to(&json!([["10.0.0.0/8", 100]]), learned);
    let planned = pair.near.plans(&["--config", pair.near.beside("aliasd.toml").to_str().unwrap()]);
    assert_eq!(planned.0, Some(0), "{planned:?}");
}
