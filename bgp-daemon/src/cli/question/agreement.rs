//! What a session agreed on, in words.

use crate::control::reply::{Agreement, Directions, RestartAgreement};

/// As in `4-octet AS, route refresh, extended messages`.
pub fn shown(agreement: &Agreement) -> String {
    let parts = [
        agreement.four_octet_asn.then(|| "4-octet AS".to_owned()),
        refresh(agreement).map(str::to_owned),
        (agreement.max_message_length > 4096).then(|| "extended messages".to_owned()),
        directed("extended next hop", agreement.extended_next_hop),
    ];
    let add_path =
        agreement.add_path.iter().filter_map(|one| directed(&format!("ADD-PATH {}", one.family), one.directions));
    let restart = agreement.graceful_restart.iter().flat_map(restart);
    let parts: Vec<String> = parts.into_iter().flatten().chain(add_path).chain(restart).collect();
    if parts.is_empty() { "-".to_owned() } else { parts.join(", ") }
}

const fn refresh(agreement: &Agreement) -> Option<&'static str> {
    match (agreement.route_refresh, agreement.enhanced_route_refresh) {
        (true, true) => Some("enhanced route refresh"),
        (true, false) => Some("route refresh"),
        (false, _) => None,
    }
}

/// As in `graceful restart of ipv4-unicast within 120 s`.
fn restart(agreed: &RestartAgreement) -> Vec<String> {
    if agreed.families.is_empty() {
        return vec!["graceful restart aware".to_owned()];
    }
    let cause = if agreed.notification { ", after a NOTIFICATION too" } else { "" };
    let whole =
        format!("graceful restart of {} within {} s{cause}", agreed.families.join(" and "), agreed.restart_seconds);
    let long = agreed.long_lived.iter().map(|one| format!("long-lived {} for {} s", one.family, one.stale_seconds));
    std::iter::once(whole).chain(long).collect()
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
