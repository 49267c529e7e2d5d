//! Sessions, what is exchanged on them, and the table.

use bgp_core::rib::{FamilyCounters, RibCounters};
use bgp_core::session::{Cause, MessageCounts, State};

use super::family;
use crate::control::sessions::{SessionView, Sight};
use crate::peer::PeerStatus;
use crate::telemetry::exposition::{Exposition, Samples, Value};

fn known<'a>(seen: &'a [Sight<'_>]) -> impl Iterator<Item = (&'a str, &'a PeerStatus)> {
    seen.iter().filter_map(|sight| match &sight.session {
        SessionView::Known(status) => Some((sight.entry.peer.name.as_str(), status.as_ref())),
        SessionView::NotEnabled | SessionView::Unknown => None,
    })
}

fn of_each<V: Into<Value>>(mut samples: Samples<'_>, seen: &[Sight<'_>], value: impl Fn(&PeerStatus) -> V) {
    known(seen).for_each(|(peer, status)| samples.put(&[("peer", peer)], value(status)));
}

/// The sessions.
pub fn sessions(out: &mut Exposition, seen: &[Sight<'_>]) {
    let mut enabled = out.gauge("aliasd_bgp_peer_enabled", "Whether the peer is to have a session (peer.enabled).");
    for Sight { entry, .. } in seen {
        enabled.put(&[("peer", &entry.peer.name)], entry.peer.enabled);
    }
    let mut responding = out.gauge(
        "aliasd_bgp_peer_task_responding",
        "Whether the task of an enabled peer says in time where it stands; while it does not, its session is unknown.",
    );
    for Sight { entry, session, .. } in seen.iter().filter(|sight| !matches!(sight.session, SessionView::NotEnabled)) {
        responding.put(&[("peer", &entry.peer.name)], matches!(session, SessionView::Known(_)));
    }
    let up = out.gauge("aliasd_bgp_peer_up", "Whether the session of an enabled peer is Established.");
    of_each(up, seen, |status| status.state == State::Established);
    let mut state =
        out.gauge("aliasd_bgp_peer_state", "1 for the state of RFC 4271 that the session is in, 0 for others.");
    for (peer, status) in known(seen) {
        for one in State::ALL {
            state.put(&[("peer", peer), ("state", &one.to_string())], status.state == one);
        }
    }
    let since =
        out.gauge("aliasd_bgp_peer_state_timestamp_seconds", "Since when the session is in its state, Unix time.");
    of_each(since, seen, |status| status.since);
    let established = out.counter("aliasd_bgp_peer_established_total", "How often the session came up.");
    of_each(established, seen, |status| status.statistics.established);
    let failed = out.gauge("aliasd_bgp_peer_failed_attempts", "Attempts in a row that did not come to a session.");
    of_each(failed, seen, |status| status.statistics.failures);
    messages(
        out.counter(
            "aliasd_bgp_peer_messages_total",
            "BGP messages since the peer was started, by direction and type.",
        ),
        seen,
    );
    let faulty = out.counter("aliasd_bgp_peer_faulty_updates_total", "UPDATEs received with faults (RFC 7606).");
    of_each(faulty, seen, |status| status.statistics.faulty_updates.count());
    let queued = out.gauge("aliasd_bgp_peer_queued_updates", "UPDATEs that wait for the peer's TCP.");
    of_each(queued, seen, |status| status.queued_updates);
    let failures = out.counter(
        "aliasd_bgp_peer_task_failures_total",
        "How often the peer's task failed, by a defect of aliasd, and was started again.",
    );
    of_each(failures, seen, |status| status.task_failures);
    last_errors(
        out.gauge(
            "aliasd_bgp_peer_last_error_timestamp_seconds",
            "When a session or an attempt ended last, Unix time; its cause, and code and subcode of a NOTIFICATION, are labels.",
        ),
        seen,
    );
}

fn messages(mut samples: Samples<'_>, seen: &[Sight<'_>]) {
    for (peer, status) in known(seen) {
        for (direction, counts) in [("received", status.statistics.received), ("sent", status.statistics.sent)] {
            let MessageCounts { open, update, notification, keepalive, route_refresh } = counts;
            let types = [
                ("open", open),
                ("update", update),
                ("notification", notification),
                ("keepalive", keepalive),
                ("route_refresh", route_refresh),
            ];
            for (name, count) in types {
                samples.put(&[("peer", peer), ("direction", direction), ("type", name)], count);
            }
        }
    }
}

fn last_errors(mut samples: Samples<'_>, seen: &[Sight<'_>]) {
    for (peer, status) in known(seen) {
        let Some((at, _)) = &status.last_error else { continue };
        let (cause, notification) = match status.statistics.last_error.as_ref().map(|(_, cause)| cause) {
            Some(Cause::Stopped(_)) => ("stopped", None),
            Some(Cause::Sent { notification, .. }) => ("notification_sent", Some(notification)),
            Some(Cause::Received(notification)) => ("notification_received", Some(notification)),
            Some(Cause::Tcp(_)) => ("connection", None),
            Some(Cause::Superseded) => ("superseded", None),
            // The session counts from its start; what ended before was the task.
            None => ("task_failure", None),
        };
        let octet = |octet: Option<u8>| octet.map_or_else(String::new, |octet| octet.to_string());
        let (code, subcode) =
            (octet(notification.map(|told| told.code.code())), octet(notification.map(|told| told.code.subcode())));
        samples.put(&[("peer", peer), ("cause", cause), ("code", &code), ("subcode", &subcode)], *at);
    }
}

fn of_families<V: Into<Value>>(mut samples: Samples<'_>, seen: &[Sight<'_>], value: impl Fn(&FamilyCounters) -> V) {
    for Sight { entry, families, .. } in seen {
        for counters in families {
            samples.put(&[("peer", &entry.peer.name), ("family", family(counters.family))], value(counters));
        }
    }
}

/// What is exchanged on them.
pub fn routes(out: &mut Exposition, seen: &[Sight<'_>]) {
    let received =
        out.gauge("aliasd_bgp_peer_received_routes", "Routes of the peer that are kept, whatever import says.");
    of_families(received, seen, |counters| counters.import.received);
    let accepted = out.gauge("aliasd_bgp_peer_accepted_routes", "Those of the received routes that import accepts.");
    of_families(accepted, seen, |counters| counters.import.accepted);
    let mut rejected =
        out.gauge("aliasd_bgp_peer_rejected_routes", "Those of the received routes that are not used, by why.");
    for Sight { entry, families, .. } in seen {
        for counters in families {
            let import = counters.import;
            let reasons = [
                ("policy", import.rejected_by_policy),
                ("loop", import.looped),
                ("leak", import.leaked),
                ("own_range", import.own_range),
                ("martian", import.martian),
                ("next_hop", import.next_hop_ineligible),
            ];
            for (reason, count) in reasons {
                let family = family(counters.family);
                rejected.put(&[("peer", &entry.peer.name), ("family", family), ("reason", reason)], count);
            }
        }
    }
    let stale = out.gauge(
        "aliasd_bgp_peer_stale_routes",
        "Those of the received routes that the peer is still to announce again after a restart or in a refresh.",
    );
    of_families(stale, seen, |counters| counters.import.stale);
    let mut limit = out.gauge(
        "aliasd_bgp_peer_max_prefixes",
        "Routes that the peer may send before its session is closed (import.max_prefixes); absent without a limit.",
    );
    for Sight { entry, families, .. } in seen {
        for (counters, most) in families.iter().filter_map(|counters| Some((counters, entry.peer.max_prefixes()?))) {
            limit.put(&[("peer", &entry.peer.name), ("family", family(counters.family))], most);
        }
    }
    let advertised = out.gauge("aliasd_bgp_peer_advertised_routes", "Routes that the peer is sent.");
    of_families(advertised, seen, |counters| counters.advertised);
    let told = out
        .gauge("aliasd_bgp_peer_told_prefixes", "Prefixes that the peer has been sent and not been told to be gone.");
    of_families(told, seen, |counters| counters.told);
    let held_back = out.gauge(
        "aliasd_bgp_peer_held_back_routes",
        "Routes that the peer is not sent because it has no room for them (max_prefixes_out).",
    );
    of_families(held_back, seen, |counters| counters.held_back);
    let mut taken = out.gauge(
        "aliasd_bgp_peer_max_prefixes_out",
        "Prefixes that the peer takes before it closes the session, of which one is left free; absent without a limit.",
    );
    for Sight { entry, families, .. } in seen {
        for (counters, most) in families.iter().filter_map(|counters| Some((counters, entry.peer.max_prefixes_out?))) {
            taken.put(&[("peer", &entry.peer.name), ("family", family(counters.family))], most);
        }
    }
    let pending =
        out.gauge("aliasd_bgp_peer_pending_routes", "Announcements and withdrawals that the peer is still to be sent.");
    of_families(pending, seen, |counters| counters.pending);
}

/// The table as a whole.
pub fn table(out: &mut Exposition, counters: &RibCounters) {
    let RibCounters { prefixes, paths, best, originated, attribute_sets, update_groups, dirty } = *counters;
    for (name, help, value) in [
        ("aliasd_rib_prefixes", "Prefixes with at least one path, used or not.", prefixes),
        ("aliasd_rib_paths", "Paths of all peers and of our own.", paths),
        ("aliasd_rib_best_routes", "Prefixes with a best path: the Loc-RIB.", best),
        ("aliasd_rib_originated_prefixes", "Prefixes of ours in the table.", originated),
        ("aliasd_rib_attribute_sets", "Distinct sets of path attributes.", attribute_sets),
        ("aliasd_rib_update_groups", "Groups of peers that are sent the same.", update_groups),
        ("aliasd_rib_undecided_prefixes", "Prefixes that wait for the decision process.", dirty),
    ] {
        out.gauge(name, help).only(value);
    }
}
