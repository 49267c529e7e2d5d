//! Whole sessions played to a running aliasd over TCP: what it has learned at the end, as `aliasctl` shows it, is what a
//! second implementation makes of the same octets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed"
)]

#[allow(dead_code, reason = "the single UPDATEs of bgp-core's tests need more of it")]
mod differential;
#[path = "../daemon/running.rs"]
#[allow(dead_code, reason = "other tests run two of them")]
mod running;
mod session;
mod shown;

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener};

use differential::reading::How;
use running::{Daemon, config};
use serde_json::Value;
use session::{MARK, Session};

/// UPDATEs of a session.
const UPDATES: usize = 1_000;

/// Our AS and the peers'.
const ASN: u32 = 64512;

/// With AS numbers of four octets and of two, with path identifiers and without.
const SESSIONS: [(&str, How); 4] = [
    ("127.0.0.11", How { four_octet_asn: true, add_path: false }),
    ("127.0.0.12", How { four_octet_asn: false, add_path: false }),
    ("127.0.0.13", How { four_octet_asn: true, add_path: true }),
    ("127.0.0.14", How { four_octet_asn: false, add_path: true }),
];

fn daemon(listen: SocketAddr) -> Daemon {
    let peer = |(address, _): &(&str, How)| {
        format!(
            r#"
[[peer]]
name = "{address}"
address = "{address}"
asn = {ASN}
connect = "passive"
families = ["ipv4-unicast", "ipv6-unicast"]
add_path = "receive"
accept_as_set = true
[peer.import]
allow = ["0.0.0.0/0 le 32", "::/0 le 128"]
"#
        )
    };
    let peers: String = SESSIONS.iter().map(peer).collect();
    Daemon::start(&config("10.255.0.2", ASN, &[listen.to_string()], &peers), &[])
}

fn routes(daemon: &Daemon, peer: &str) -> Vec<Value> {
    let reply = daemon.asks(&["routes", "--learned", "--peer", peer]);
    reply["result"].as_array().unwrap().clone()
}

#[test]
fn what_is_learned_of_a_session_is_what_a_second_decoder_makes_of_it() {
    let listen = TcpListener::bind("127.0.0.2:0").unwrap().local_addr().unwrap();
    let daemon = daemon(listen);
    let mut seen = BTreeSet::new();
    for (peer, how) in SESSIONS {
        let session = Session::generate(how, UPDATES);
        let connection = session.play(peer, listen, ASN);
        daemon.comes_to(&1, |daemon| {
            daemon.asks(&["routes", "--learned", "--peer", peer, MARK])["result"].as_array().unwrap().len()
        });
        let shown: Vec<_> = routes(&daemon, peer).iter().map(shown::route).collect();
        for (key, found) in &shown {
            let expected = session.table.get(key);
            assert_eq!(Some(found), expected, "{peer}: {key:?}, here and there");
            seen.extend(found.keys().cloned());
        }
        assert_eq!(shown.len(), session.table.len(), "{peer}: routes");
        assert!(shown.len() > 500, "{peer}: {} routes show little", shown.len());
        let status = daemon.asks(&["peers", peer, "--faults"]);
        assert_eq!(status["faultyUpdates"], 0, "{status}");
        drop(connection);
    }
    for name in NAMES {
        assert!(seen.contains(name), "no route had {name}: {seen:?}");
    }
}

/// What must have been there to be compared.
const NAMES: [&str; 15] = [
    "origin",
    "as path",
    "next hop",
    "med",
    "local pref",
    "atomic aggregate",
    "aggregator",
    "communities",
    "extended communities",
    "ipv6 extended communities",
    "large communities",
    "originator id",
    "cluster list",
    "only to customer",
    "partial",
];
