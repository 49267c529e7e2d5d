//! What a session agreed on, in words.

use crate::control::reply::{Agreement, Directions};

/// As in `4-octet AS, route refresh, extended messages`.
pub fn shown(agreement: &Agreement) -> String {
    let parts = [
        agreement.four_octet_asn.then(|| "4-octet AS".to_owned()),
        agreement.route_refresh.then(|| "route refresh".to_owned()),
        (agreement.max_message_length > 4096).then(|| "extended messages".to_owned()),
        directed("extended next hop", agreement.extended_next_hop),
    ];
    let add_path =
        agreement.add_path.iter().filter_map(|one| directed(&format!("ADD-PATH {}", one.family), one.directions));
    let parts: Vec<String> = parts.into_iter().flatten().chain(add_path).collect();
    if parts.is_empty() { "-".to_owned() } else { parts.join(", ") }
}

fn directed(what: &str, directions: Directions) -> Option<String> {
    match (directions.receive, directions.send) {
        (true, true) => Some(format!("{what} both ways")),
        (true, false) => Some(format!("{what} from the peer")),
        (false, true) => Some(format!("{what} to the peer")),
        (false, false) => None,
    }
}

/// As in `customer; the peer is provider`; `None` where neither side has one.
pub fn roles(agreement: &Agreement) -> Option<String> {
    match (&agreement.local_role, &agreement.peer_role) {
        (Some(ours), Some(theirs)) => Some(format!("{ours}; the peer is {theirs}")),
        (Some(ours), None) => Some(format!("{ours}; the peer does not say its own")),
        (None, Some(theirs)) => Some(format!("not configured; the peer is {theirs}")),
        (None, None) => None,
    }
}
