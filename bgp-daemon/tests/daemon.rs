//! The `aliasd` binary: two of them as each other's peers, with real files, signals and sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail")]

#[path = "daemon/running.rs"]
#[allow(dead_code, reason = "other tests have daemons too")]
mod running;

use std::fs;
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use running::{Daemon, Pair, check, config, inventory};
use serde_json::{Value, json};

fn prefixes(reply: &Value) -> Vec<String> {
    let routes = reply["result"].as_array().unwrap().iter();
    routes.map(|route| route["destination"]["prefix"].as_str().unwrap().to_owned()).collect()
}

fn learned(daemon: &Daemon) -> Vec<String> {
    prefixes(&daemon.asks(&["routes", "--learned"]))
}

fn faults(daemon: &Daemon) -> String {
    daemon.asks(&["status"])["inventory"]["faults"].to_string()
}

fn sessions(daemon: &Daemon) -> Value {
    daemon.asks(&["peers", "far"])["bgpPeerStatus"][0]["establishedCount"].clone()
}

#[test]
fn what_is_in_use_is_announced_followed_and_explained() {
    let pair = Pair::start("10.4.1.0/24");
    pair.far.comes_to(&vec!["10.4.1.0/24".to_owned()], learned);
    pair.near.writes_inventory(&inventory(&["10.4.1.0/24", "10.4.0.0/24"]));
    pair.far.comes_to(&vec!["10.4.0.0/23".to_owned()], learned);
    let explained = pair.near.asks(&["explain", "10.4.1.77"]);
    assert_eq!(explained["outcome"], "ADVERTISED", "{explained}");
    let chain = explained["chain"].to_string();
    for link in ["instances/node-0", "gke-pods", "10.4.0.0/23", "advertise[0]", "to far: advertised by term"] {
        assert!(chain.contains(link), "{link} is missing: {chain}");
    }
    pair.near.writes_inventory(&inventory(&["10.4.0.0/24"]));
    pair.far.comes_to(&vec!["10.4.0.0/24".to_owned()], learned);
    assert_eq!(sessions(&pair.near), 1);
}

#[test]
fn a_bound_is_kept_over_a_restart_and_what_is_held_down_goes_when_its_time_is_up() {
    let named = |prefixes: &[&str]| prefixes.iter().map(|prefix| (*prefix).to_owned()).collect::<Vec<_>>();
    let mut pair = Pair::start("10.4.1.0/24");
    pair.near.edits_config(|text| {
        let bound = "mode = \"in-use\", max_prefixes = 2, hold_down_secs = 2";
        text.replace("mode = \"in-use\"", bound) + "[audit]\npath = \"audit.jsonl\"\n"
    });
    pair.near.hangs_up();
    pair.near.comes_to(&Value::from("APPLIED"), |daemon| daemon.asks(&["status"])["lastReload"]["result"].clone());
    pair.near.writes_inventory(&inventory(&["10.4.1.0/24", "10.4.2.0/24", "10.4.16.0/24"]));
    pair.far.comes_to(&named(&["10.4.0.0/22", "10.4.16.0/24"]), learned);
    let shown = pair.near.asks(&["aggregation"]);
    let (rule, aggregate) = (&shown["rules"][0], &shown["aggregates"][0]);
    assert_eq!((&rule["prefixes"], &rule["maxPrefixes"], &rule["exactPrefixes"]), (&2.into(), &2.into(), &3.into()));
    assert_eq!((&aggregate["contributors"], &aggregate["unallocated"]["ipv4"]), (&2.into(), &512.into()), "{shown}");
    assert_eq!(shown["unallocated"]["ipv4"], 512);

    // Nothing but its time tells that what is held down goes.
    pair.near.writes_inventory(&inventory(&["10.4.1.0/24", "10.4.2.0/24", "10.4.17.0/24"]));
    let last = named(&["10.4.0.0/22", "10.4.17.0/24"]);
    pair.far.comes_to(&last, learned);
    let audit = fs::read_to_string(pair.near.beside("audit.jsonl")).unwrap();
    assert!(audit.contains("10.4.16.0/23"), "what is held down was joined with what is new: {audit}");

    pair.near.is_killed();
    pair.near.is_started();
    let originated = |daemon: &Daemon| prefixes(&daemon.asks(&["routes", "--originated"]));
    pair.near.comes_to(&Value::from("CURRENT"), |daemon| daemon.asks(&["status"])["inventory"]["state"].clone());
    assert_eq!(originated(&pair.near), last);
    let place = pair.near.inventory();
    let (code, plan) = pair.near.plans(&["--inventory", place.to_str().unwrap()]);
    assert_eq!((code, &plan["result"]), (Some(0), &Value::from("NO_CHANGE")), "{plan}");
}

#[test]
fn what_would_be_lost_at_once_is_held_until_it_is_released_by_its_hash() {
    const ALL: [&str; 6] = ["10.4.0.0/24", "10.4.2.0/24", "10.4.4.0/24", "10.4.6.0/24", "10.4.8.0/24", "10.4.10.0/24"];
    let named = |prefixes: &[&str]| prefixes.iter().map(|prefix| (*prefix).to_owned()).collect::<Vec<_>>();
    let held = |daemon: &Daemon| daemon.asks(&["guard"])["hold"]["withdrawals"].clone();
    let pair = Pair::start(ALL[0]);
    pair.near.writes_inventory(&inventory(&ALL));
    pair.far.comes_to(&named(&ALL), learned);
    assert_eq!(pair.near.asks(&["guard"])["state"], "PASSING");
    assert_eq!(pair.near.releases("0123456789abcdef").0, Some(3), "nothing is held");

    pair.near.edits_config(|text| text.to_owned() + "[audit]\npath = \"audit.jsonl\"\n");
    pair.near.hangs_up();
    pair.near.comes_to(&Value::from("APPLIED"), |daemon| daemon.asks(&["status"])["lastReload"]["result"].clone());

    // Four nodes go and another comes.
    pair.near.writes_inventory(&inventory(&["10.4.12.0/24", ALL[4], ALL[5]]));
    pair.near.comes_to(&Value::from(4), held);
    let mut expected = named(&ALL);
    expected.push("10.4.12.0/24".to_owned());
    pair.far.comes_to(&expected, learned);
    let guard = pair.near.asks(&["guard"]);
    assert_eq!(guard["routes"][0]["prefix"], ALL[0]);
    assert_eq!(guard["routes"][0]["peers"][0], "far");
    assert!(guard["routes"][0]["owners"]["shown"][0].as_str().unwrap().contains("instances/node-0"), "{guard}");
    let status = pair.near.asks(&["status"]);
    assert_eq!(status["health"], "DEGRADED");
    assert!(status["healthReasons"].to_string().contains("the guard holds 4 withdrawals"), "{status}");

    // One comes back: it is another plan. All come back: there is none.
    let first = guard["hold"]["hash"].as_str().unwrap().to_owned();
    pair.near.writes_inventory(&inventory(&["10.4.12.0/24", ALL[3], ALL[4], ALL[5]]));
    pair.near.comes_to(&Value::from(3), held);
    let (code, told) = pair.near.releases(&first);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains(&first) && told.contains("has changed"), "{told}");
    pair.near.writes_inventory(&inventory(&ALL));
    pair.near.comes_to(&Value::from("PASSING"), |daemon| daemon.asks(&["guard"])["state"].clone());

    // And now in earnest.
    pair.near.writes_inventory(&inventory(&[ALL[5]]));
    pair.near.comes_to(&Value::from(5), held);
    let hash = pair.near.asks(&["guard"])["hold"]["hash"].as_str().unwrap().to_owned();
    let (code, told) = pair.near.releases(&hash);
    assert_eq!((code, told), (Some(0), format!("released {hash}: 5 withdrawals\n")));
    pair.far.comes_to(&named(&ALL[5..]), learned);
    assert_eq!(sessions(&pair.near), 1);
    let log = |daemon: &Daemon| {
        let text = fs::read_to_string(daemon.beside("audit.jsonl")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>()
    };
    let released = |daemon: &Daemon| {
        let by = |line: &&Value| line["releasedBy"].as_str().is_some_and(|by| by.starts_with("uid "));
        log(daemon).iter().filter(by).filter(|line| line["change"] == "WITHDRAW").count()
    };
    pair.near.comes_to(&5, released);
    let written = log(&pair.near);
    let count = |change: &str| written.iter().filter(|line| line["change"] == change).count();
    assert_eq!((count("ANNOUNCE"), count("HELD")), (1, 9), "{written:?}");
    assert_eq!(written[0]["prefix"], ALL[0]);
    assert_eq!(written[0]["change"], "HELD");
    assert!(written[0]["reasons"][0].as_str().unwrap().contains("lost by far"), "{written:?}");
    let socket = pair.near.beside("control-admin.sock");
    assert_eq!(mode(&socket), Some(0o600));
    assert_eq!(pair.near.asks(&["status"])["health"], "OK");
}

#[test]
fn a_plan_says_what_then_happens_and_its_exit_code_says_how_much() {
    const ALL: [&str; 6] = ["10.4.0.0/24", "10.4.2.0/24", "10.4.4.0/24", "10.4.6.0/24", "10.4.8.0/24", "10.4.10.0/24"];
    let pair = Pair::start(ALL[0]);
    pair.near.writes_inventory(&inventory(&ALL));
    pair.far.comes_to(&ALL.map(str::to_owned).to_vec(), learned);
    let other = pair.near.beside("other");
    fs::create_dir(&other).unwrap();
    let plan = |aliases: &[&str]| {
        fs::write(other.join("bundle.json"), inventory(aliases)).unwrap();
        pair.near.plans(&["--inventory", other.to_str().unwrap()])
    };
    let (code, same) = plan(&ALL);
    assert_eq!((code, same["result"].as_str()), (Some(0), Some("NO_CHANGE")), "{same}");

    // The first node goes, one comes, and two grow together.
    let next = ["10.4.3.0/24", ALL[1], ALL[2], ALL[3], ALL[4], ALL[5]];
    let (code, planned) = plan(&next);
    assert_eq!((code, planned["result"].as_str()), (Some(10), Some("CHANGE")), "{planned}");
    assert_eq!(learned(&pair.far), ALL, "nothing was changed by it");
    let mut expected: Vec<String> = ALL.map(str::to_owned).to_vec();
    for route in planned["routes"].as_array().unwrap() {
        let prefix = route["prefix"].as_str().unwrap().to_owned();
        match route["change"].as_str().unwrap() {
            "ANNOUNCE" => expected.push(prefix),
            "WITHDRAW" => expected.retain(|one| *one != prefix),
            other => panic!("{other}: {route}"),
        }
    }
    expected.sort_by_key(|prefix| prefix.parse::<bgp_core::types::Prefix>().unwrap());
    assert_eq!(planned["routes"].as_array().unwrap().len(), 3, "{planned}");
    pair.near.writes_inventory(&inventory(&next));
    pair.far.comes_to(&expected, learned);

    let (code, planned) = plan(&next[5..]);
    assert_eq!((code, planned["result"].as_str()), (Some(11), Some("HELD")), "{planned}");
    pair.near.writes_inventory(&inventory(&next[5..]));
    pair.near.comes_to(&planned["hold"]["hash"], |daemon| daemon.asks(&["guard"])["hold"]["hash"].clone());

    let text = fs::read_to_string(pair.near.beside("aliasd.toml")).unwrap();
    let config = pair.near.beside("next.toml");
    fs::write(&config, text.replace("hold_time_secs = 90", "hold_time_secs = 60")).unwrap();
    let (code, planned) = pair.near.plans(&["--config", config.to_str().unwrap()]);
    assert_eq!(code, Some(11), "what is held would stay held: {planned}");
    assert_eq!(planned["sessions"][0]["change"], "RESET");
    assert_eq!(planned["sessions"][0]["keys"][0], "hold_time_secs");
    fs::write(&config, "[router]\nrolls = 1\n").unwrap();
    assert_eq!(pair.near.plans(&["--config", config.to_str().unwrap()]).0, Some(1));
}

#[test]
fn a_reload_that_takes_routes_from_a_peer_is_held_too() {
    const ALL: [&str; 3] = ["10.4.0.0/24", "10.4.2.0/24", "10.4.4.0/24"];
    let pair = Pair::start(ALL[0]);
    pair.near.writes_inventory(&inventory(&ALL));
    pair.far.comes_to(&ALL.map(str::to_owned).to_vec(), learned);
    pair.near.edits_config(|text| text.replace("roles = [\"pod\"]", "roles = [\"vm\"]"));
    pair.near.hangs_up();
    pair.near.comes_to(&Value::from("HOLDING"), |daemon| daemon.asks(&["guard"])["state"].clone());
    let explained = pair.near.asks(&["explain", "10.4.0.1"])["chain"].to_string();
    assert!(explained.contains("held by the guard"), "{explained}");
    assert_eq!(learned(&pair.far), ALL);
    let hash = pair.near.asks(&["guard"])["hold"]["hash"].as_str().unwrap().to_owned();
    assert_eq!(pair.near.releases(&hash).0, Some(0));
    pair.far.comes_to(&Vec::new(), learned);
}

/// What is wrong, how it comes to be so, and what the fault must name.
type Spoiled<'a> = (&'a str, &'a dyn Fn(&Path), &'a [&'a str]);

#[test]
fn a_state_that_cannot_be_right_withdraws_nothing_and_is_named() {
    let good = inventory(&["10.4.1.0/24"]);
    let cut = good.get(..good.len() - 40).unwrap().to_owned();
    let cases: [Spoiled<'_>; 5] = [
        ("cut short", &|path| fs::write(path.join("bundle.json"), &cut).unwrap(), &["bundle.json", "EOF"]),
        ("emptied", &|path| fs::write(path.join("bundle.json"), "").unwrap(), &["bundle.json", "empty"]),
        (
            "outside",
            &|path| fs::write(path.join("bundle.json"), inventory(&["10.200.0.0/24"])).unwrap(),
            &["instances/node-0", "aliasIpRanges[0].ipCidrRange", "10.200.0.0/24", "10.4.0.0/14"],
        ),
        (
            "twice",
            &|path| fs::write(path.join("bundle.json"), inventory(&["10.4.1.0/24", "10.4.1.0/24"])).unwrap(),
            &["instances/node-1", "aliasIpRanges[0].ipCidrRange", "10.4.1.0/24", "node-0"],
        ),
        ("no directory", &|path| fs::remove_dir_all(path).unwrap(), &["inventory"]),
    ];
    for (name, spoil, named) in cases {
        let pair = Pair::start("10.4.1.0/24");
        let expected = vec!["10.4.1.0/24".to_owned()];
        pair.far.comes_to(&expected, learned);
        spoil(&pair.near.inventory());
        // What only an object is at fault for is in quarantine.
        let is_alarmed = |daemon: &Daemon| {
            let inventory = &daemon.asks(&["status"])["inventory"];
            inventory["state"] == "UNTRUSTED" || inventory["quarantined"] == 1
        };
        pair.near.comes_to(&true, is_alarmed);
        assert_eq!(pair.near.asks(&["status"])["health"], "DEGRADED", "{name}");
        let told = faults(&pair.near);
        for part in named {
            assert!(told.contains(part), "{name}: {part} is missing: {told}");
        }
        let originated = prefixes(&pair.near.asks(&["routes", "--originated"]));
        assert_eq!((originated, learned(&pair.far)), (expected.clone(), expected), "{name}");
    }
}

#[test]
fn a_reload_touches_only_what_differs() {
    let pair = Pair::start("10.4.1.0/24");
    pair.far.comes_to(&vec!["10.4.1.0/24".to_owned()], learned);
    let med = |daemon: &Daemon| daemon.asks(&["routes", "--learned"])["result"][0]["med"].clone();
    assert_eq!(med(&pair.far), 100);
    pair.near.edits_config(|text| text.replace("advertised_route_priority = 100", "advertised_route_priority = 300"));
    pair.near.hangs_up();
    pair.far.comes_to(&Value::from(300), med);
    assert_eq!(sessions(&pair.near), 1, "the session was reset");

    pair.near
        .edits_config(|text| text.replace("roles = [\"pod\"]", "roles = [\"nothing\"]") + "[guard]\nenabled = false\n");
    pair.near.hangs_up();
    pair.far.comes_to(&Vec::<String>::new(), learned);
    assert_eq!(sessions(&pair.near), 1, "the session was reset");

    pair.near.edits_config(|text| text.replace("roles = [\"nothing\"]", "roles = [\"pod\"]\nrolls = 1"));
    pair.near.hangs_up();
    pair.near.comes_to(&Value::from("REFUSED"), |daemon| daemon.asks(&["status"])["lastReload"]["result"].clone());
    let told = pair.near.asks(&["status"])["lastReload"]["faults"].to_string();
    assert!(told.contains("aliasd.toml:") && told.contains("rolls"), "{told}");
    assert_eq!(sessions(&pair.near), 1, "the session was reset");

    pair.near
        .edits_config(|text| text.replace("\nrolls = 1", "").replace("hold_time_secs = 90", "hold_time_secs = 60"));
    pair.near.hangs_up();
    pair.far.comes_to(&vec!["10.4.1.0/24".to_owned()], learned);
    let peer = pair.far.asks(&["peers", "near"]).to_string();
    assert!(peer.contains("Other Configuration Change"), "{peer}");
}

fn updates_received(daemon: &Daemon) -> u64 {
    daemon.asks(&["peers", "near"])["bgpPeerStatus"][0]["messagesReceived"]["update"].as_u64().unwrap()
}

#[test]
fn a_role_that_is_renamed_everywhere_at_once_is_never_withdrawn() {
    const RENAMED: u64 = 10;
    let pair = Pair::start("10.4.1.0/24");
    pair.far.comes_to(&vec!["10.4.1.0/24".to_owned()], learned);
    let rule = |role: &str| format!("[[range_role]]\nrange = \"gke-pods\"\nrole = \"{role}\"\n[[advertise]]\n");
    pair.near.edits_config(|text| text.replace("[[advertise]]\n", &rule("pod")));
    let before = updates_received(&pair.far);
    for number in 0..RENAMED {
        let (old, new) =
            (if number == 0 { "pod".to_owned() } else { format!("r{}", number - 1) }, format!("r{number}"));
        pair.near.edits_config(|text| text.replace(&format!("\"{old}\""), &format!("\"{new}\"")));
        pair.near.hangs_up();
        let role = |daemon: &Daemon| daemon.asks(&["routes", "--originated"])["result"][0]["source"]["role"].clone();
        pair.near.comes_to(&Value::from(new), role);
    }
    pair.near.writes_inventory(&inventory(&["10.4.1.0/24", "10.4.9.0/24"]));
    pair.far.comes_to(&vec!["10.4.1.0/24".to_owned(), "10.4.9.0/24".to_owned()], learned);
    let received = updates_received(&pair.far) - before;
    assert!(received <= RENAMED + 1, "{received} UPDATEs: what was withdrawn takes two");
}

#[test]
fn another_inventory_with_rules_of_its_own_takes_the_place_of_the_last_one_at_once() {
    let pair = Pair::start("10.4.1.0/24");
    pair.far.comes_to(&vec!["10.4.1.0/24".to_owned()], learned);
    pair.near.edits_config(|text| text.replace("role = \"pod\"\naggregation", "range = \"gke-pods\"\naggregation"));
    pair.near.hangs_up();
    pair.near.comes_to(&Value::from("APPLIED"), |daemon| daemon.asks(&["status"])["lastReload"]["result"].clone());
    let before = updates_received(&pair.far);
    let renamed = inventory(&["10.4.1.0/24", "10.4.9.0/24"]).replace("gke-pods", "blue-pods");
    fs::create_dir(pair.near.beside("blue")).unwrap();
    fs::write(pair.near.beside("blue/bundle.json"), renamed).unwrap();
    pair.near.edits_config(|text| {
        text.replace("range = \"gke-pods\"", "range = \"blue-pods\"").replace("path = \"inventory\"", "path = \"blue\"")
    });
    pair.near.hangs_up();
    pair.far.comes_to(&vec!["10.4.1.0/24".to_owned(), "10.4.9.0/24".to_owned()], learned);
    assert_eq!(updates_received(&pair.far) - before, 1, "the one that stays was withdrawn");
}

fn mode(path: &Path) -> Option<u32> {
    fs::symlink_metadata(path).ok().map(|metadata| metadata.permissions().mode() & 0o777)
}

#[test]
fn the_control_socket_follows_every_reload_and_what_failed_is_tried_again() {
    let pair = Pair::start("10.4.1.0/24");
    let result = |daemon: &Daemon| daemon.asks(&["status"])["lastReload"]["result"].clone();
    pair.near.edits_config(|text| text.replace("[control]", "[control]\nmode = \"0600\""));
    pair.near.hangs_up();
    pair.near.comes_to(&Some(0o600), |daemon| mode(&daemon.socket()));
    pair.near.comes_to(&Value::from("APPLIED"), result);

    fs::write(pair.near.beside("other.sock"), "no socket").unwrap();
    pair.near.edits_config(|text| text.replace("control.sock", "other.sock"));
    pair.near.hangs_up();
    pair.near.comes_to(&Value::from("PARTIAL"), result);
    let told = pair.near.asks(&["status"])["healthReasons"].to_string();
    assert!(told.contains("control.socket") && told.contains("other.sock: is no socket"), "{told}");
    fs::remove_file(pair.near.beside("other.sock")).unwrap();
    pair.near.hangs_up();
    pair.near.comes_to(&(Some(0o600), None), |daemon| (mode(&daemon.beside("other.sock")), mode(&daemon.socket())));

    fs::remove_file(pair.near.beside("other.sock")).unwrap();
    pair.near.hangs_up();
    pair.near.comes_to(&Some(0o600), |daemon| mode(&daemon.beside("other.sock")));
}

#[test]
fn a_configuration_without_the_last_peer_waits_for_a_persons_word() {
    let pair = Pair::start("10.4.1.0/24");
    pair.far.comes_to(&vec!["10.4.1.0/24".to_owned()], learned);
    let planned = pair.near.beside("planned.toml");
    let gone = |text: &str| text.replace("[[peer]]\nname = \"far\"", "[[peer]]\nenabled = false\nname = \"far\"");
    fs::write(&planned, gone(&fs::read_to_string(pair.near.beside("aliasd.toml")).unwrap())).unwrap();
    let (code, plan) = pair.near.plans(&["--config", &planned.display().to_string()]);
    assert_eq!((code, &plan["result"]), (Some(11), &json!("HELD")));
    pair.near.edits_config(gone);
    pair.near.hangs_up();
    pair.near.comes_to(&plan["heldConfiguration"], |daemon| daemon.asks(&["guard"])["heldConfiguration"].clone());
    let status = pair.near.asks(&["status"]);
    assert_eq!((&status["health"], &status["lastReload"]["result"]), (&json!("DEGRADED"), &json!("REFUSED")));
    assert_eq!((learned(&pair.far), sessions(&pair.near)), (vec!["10.4.1.0/24".to_owned()], json!(1)));
    // A configuration that takes nothing away goes ahead, and what waited is forgotten.
    let hash = plan["heldConfiguration"]["hash"].as_str().unwrap();
    pair.near.edits_config(|text| text.replace("enabled = false\n", ""));
    pair.near.hangs_up();
    pair.near.comes_to(&json!("APPLIED"), |daemon| daemon.asks(&["status"])["lastReload"]["result"].clone());
    assert_ne!(pair.near.releases(hash).0, Some(0));
    pair.near.edits_config(gone);
    pair.near.hangs_up();
    pair.near.comes_to(&json!("HOLDING"), |daemon| daemon.asks(&["guard"])["state"].clone());
    assert_ne!(pair.near.releases("0123456789abcdef").0, Some(0));
    assert_eq!(learned(&pair.far), ["10.4.1.0/24"]);
    assert_eq!(pair.near.releases(hash), (Some(0), format!("released {hash}: 1 withdrawals\n")));
    pair.far.comes_to(&Vec::<String>::new(), learned);
    pair.near.comes_to(&json!("PASSING"), |daemon| daemon.asks(&["guard"])["state"].clone());
}

#[test]
fn a_second_daemon_by_the_same_configuration_ends_before_it_disturbs_a_peer() {
    let pair = Pair::start("10.4.1.0/24");
    pair.far.comes_to(&vec!["10.4.1.0/24".to_owned()], learned);
    let (code, told) = pair.near.starts_again(&[]);
    assert_eq!(code, Some(1));
    let (lock, pid) = (pair.near.beside("state/journal.lock"), pair.near.pid());
    let locked = format!("{} is locked by another aliasd (process {pid}", lock.display());
    assert!(told.contains(&locked) && !told.contains("peer started"), "{told}");
    let (code, told) = pair.near.starts_again(&[("ALIASD__JOURNAL__PATH", "another")]);
    assert_eq!(code, Some(1));
    assert!(told.contains("another process listens on it") && !told.contains("peer started"), "{told}");
    assert_eq!(sessions(&pair.near), 1);
}

#[test]
fn a_flood_of_connections_from_a_peer_costs_neither_its_session_nor_file_descriptors() {
    let pair = Pair::start("10.4.1.0/24");
    pair.far.comes_to(&vec!["10.4.1.0/24".to_owned()], learned);
    let before = pair.far.open_files();
    let flood: Vec<TcpStream> = (0..300)
        .map(|_| {
            let mut stream = TcpStream::connect(pair.address).unwrap();
            // Its OPEN, or its end: it was looked at.
            let _seen = stream.read(&mut [0]);
            stream
        })
        .collect();
    let open = pair.far.open_files();
    assert!(open <= before + 40, "{before} before, {open} with {} connections", flood.len());
    assert_eq!(sessions(&pair.near), 1, "the session was reset");
}

#[test]
fn what_both_offer_is_agreed_and_shown_on_both_sides() {
    let pair = Pair::start("10.4.1.0/24");
    pair.far.comes_to(&vec!["10.4.1.0/24".to_owned()], learned);
    let agreed =
        |peer: &'static str| move |daemon: &Daemon| daemon.asks(&["peers", peer])["bgpPeerStatus"][0]["agreed"].clone();
    assert_eq!(agreed("far")(&pair.near)["maxMessageLength"], 65535);

    let offer = |text: &str, after: &str, more: &str| text.replace(after, &format!("{after}\n{more}"));
    let (near, far) =
        ("local_role = \"provider\"\nadd_path = \"send\"", "local_role = \"customer\"\nadd_path = \"receive\"");
    pair.far.edits_config(|text| offer(text, "address = \"127.0.0.1\"", far));
    pair.near.edits_config(|text| offer(text, "address = \"127.0.0.2\"", near));
    pair.far.hangs_up();
    pair.near.hangs_up();
    let family = |receive, send| serde_json::json!([{ "family": "ipv4-unicast", "receive": receive, "send": send }]);
    pair.near.comes_to(&family(false, true), |daemon| agreed("far")(daemon)["addPath"].clone());
    pair.far.comes_to(&family(true, false), |daemon| agreed("near")(daemon)["addPath"].clone());
    let shown = agreed("near")(&pair.far);
    assert_eq!((&shown["localRole"], &shown["peerRole"]), (&Value::from("customer"), &Value::from("provider")));
    pair.far.comes_to(&vec!["10.4.1.0/24".to_owned()], learned);
    let route = pair.far.asks(&["routes", "--learned"])["result"][0].clone();
    assert_eq!((&route["onlyToCustomer"], &route["destination"]["pathId"]), (&Value::from(64512), &Value::from(1)));

    pair.far.edits_config(|text| text.replace("\"customer\"", "\"peer\""));
    pair.far.hangs_up();
    let refused = |daemon: &Daemon| daemon.asks(&["peers", "near"]).to_string().contains("Role Mismatch");
    pair.far.comes_to(&true, refused);
}

#[test]
fn the_end_is_told_to_peers_and_leaves_no_socket() {
    let Pair { near, far, .. } = Pair::start("10.4.1.0/24");
    far.comes_to(&vec!["10.4.1.0/24".to_owned()], learned);
    let socket = near.socket();
    assert!(socket.exists());
    assert_eq!(near.terminates(), Some(0));
    assert!(!socket.exists());
    far.comes_to(&Vec::<String>::new(), learned);
    let peer = far.asks(&["peers", "near"]).to_string();
    assert!(peer.contains("Administrative Shutdown") && peer.contains("stopped by its operator"), "{peer}");
}

#[test]
fn a_configuration_with_faults_is_refused_whole_with_every_fault() {
    let (code, told) = check("[router]\nasn = 0\nrouter_id = \"x\"\ncolour = 1\n");
    assert_eq!(code, Some(1));
    for part in ["aliasd.toml:2", "router.asn", "router.router_id", "colour", "inventory: missing"] {
        assert!(told.contains(part), "{part} is missing: {told}");
    }
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let awaits = config("1.1.1.1", 64512, &[address.to_string()], "");
    let serves = config("1.1.1.1", 64512, &[], "") + &format!("[metrics]\nlisten = \"{address}\"\n");
    for (config, key) in [(awaits, "router.listen"), (serves, "metrics.listen")] {
        let (code, told) = Daemon::fails_to_start(&config);
        assert_eq!(code, Some(1));
        assert!(told.contains(&format!("{address} ({key}): ")) && told.contains("in use"), "{told}");
    }
}
