//! The port of the metrics of a real daemon.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use serde_json::Value;

use super::exposition::Scrape;
use super::running::{Daemon, Pair, config};

fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// The code and body of what is answered; `None` where nobody does.
fn get(address: SocketAddr, path: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: aliasd\r\n\r\n").ok()?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply).ok()?;
    let (head, body) = reply.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned()))
}

fn code(address: SocketAddr, path: &str) -> Option<u16> {
    get(address, path).map(|(code, _)| code)
}

fn scrape(address: SocketAddr) -> Scrape {
    Scrape::of(&get(address, "/metrics").unwrap().1)
}

fn last_reload(daemon: &Daemon) -> Value {
    daemon.asks(&["status"])["lastReload"]["result"].clone()
}

#[test]
fn a_daemon_is_ready_once_its_inventory_is_proven_and_after_that_from_the_journal() {
    let address = free();
    let written =
        config("10.255.0.1", 64512, &[], "").replace("settle_ms = 10", "settle_ms = 10\nmanifest = \"required\"");
    let mut daemon = Daemon::start(&format!("{written}[metrics]\nlisten = \"{address}\"\n"), &["10.4.1.0/24"]);
    // It was read, and there is no proof that it is whole.
    daemon.comes_to(&Some(1.0), |_| scrape(address).value("aliasd_inventory_doubt", &[("reason", "manifest")]));
    assert_eq!((code(address, "/readyz"), code(address, "/healthz")), (Some(503), Some(200)));
    assert_eq!(scrape(address).value("aliasd_ready", &[]), Some(0.0));
    daemon.puts("manifest.json", r#"{"kind": "aliasd#inventoryManifest", "files": [{"name": "bundle.json"}]}"#);
    daemon.comes_to(&Some(200), |_| code(address, "/readyz"));
    daemon.comes_to(&Some(1.0), |_| scrape(address).value("aliasd_inventory_trusted", &[]));
    daemon.comes_to(&true, |_| scrape(address).value("aliasd_journal_written_revision", &[]).is_some());
    // What is in doubt later is originated all the same.
    fs::remove_file(daemon.inventory().join("manifest.json")).unwrap();
    daemon.comes_to(&Some(0.0), |_| scrape(address).value("aliasd_inventory_trusted", &[]));
    assert_eq!(code(address, "/readyz"), Some(200));
    daemon.is_killed();
    daemon.is_started();
    daemon.comes_to(&Some(200), |_| code(address, "/readyz"));
    let scrape = scrape(address);
    assert_eq!(scrape.value("aliasd_inventory_trusted", &[]), Some(0.0));
    assert_eq!(scrape.value("aliasd_originated_prefixes", &[]), Some(1.0));
    assert!(scrape.value("aliasd_journal_restored_revision", &[]).is_some());
}

#[test]
fn a_session_shows_at_both_ends() {
    let address = free();
    let pair = Pair::start_with("10.4.1.0/24", &format!("[metrics]\nlisten = \"{address}\"\n"));
    pair.near.comes_to(&Some(1.0), |_| scrape(address).value("aliasd_bgp_peer_up", &[("peer", "far")]));
    let labels = [("peer", "far"), ("family", "ipv4")];
    pair.near.comes_to(&Some(1.0), |_| scrape(address).value("aliasd_bgp_peer_advertised_routes", &labels));
    pair.far.terminates();
    pair.near.comes_to(&Some(0.0), |_| scrape(address).value("aliasd_bgp_peer_up", &[("peer", "far")]));
    assert_eq!(scrape(address).value("aliasd_bgp_peer_established_total", &[("peer", "far")]), Some(1.0));
}

#[test]
fn a_reload_moves_the_port_closes_it_and_opens_it_again() {
    let (first, second) = (free(), free());
    let section = |address: SocketAddr| format!("[metrics]\nlisten = \"{address}\"\n");
    let written = config("10.255.0.1", 64512, &[], "") + &section(first);
    let daemon = Daemon::start(&written, &["10.4.1.0/24"]);
    assert_eq!(code(first, "/healthz"), Some(200));
    daemon.edits_config(|text| text.replace(&section(first), &section(second)));
    daemon.hangs_up();
    daemon.comes_to(&Value::from("APPLIED"), last_reload);
    assert_eq!((code(first, "/healthz"), code(second, "/healthz")), (None, Some(200)));
    // The same port of all addresses is what we have ourselves.
    let all = format!("[metrics]\nlisten = \"0.0.0.0:{}\"\n", second.port());
    daemon.edits_config(|text| text.replace(&section(second), &all));
    daemon.hangs_up();
    let everywhere = SocketAddr::new("127.0.0.3".parse().unwrap(), second.port());
    daemon.comes_to(&Some(200), |_| code(everywhere, "/healthz"));
    daemon.edits_config(|text| text.replace(&all, ""));
    daemon.hangs_up();
    daemon.comes_to(&None, |_| code(second, "/healthz"));
    // What cannot be opened is told, and tried again.
    let taken = TcpListener::bind(first).unwrap();
    daemon.edits_config(|text| text.to_owned() + &section(first));
    daemon.hangs_up();
    daemon.comes_to(&Value::from("PARTIAL"), last_reload);
    let fault = daemon.asks(&["status"])["lastReload"]["faults"][0].clone();
    assert!(
        fault.as_str().unwrap().starts_with(&format!("cannot serve metrics on {first} (metrics.listen): ")),
        "{fault}"
    );
    drop(taken);
    daemon.hangs_up();
    daemon.comes_to(&Some(200), |_| code(first, "/healthz"));
    assert_eq!(daemon.terminates(), Some(0));
    assert_eq!(code(first, "/healthz"), None);
}
