//! `aliasctl peers`.

use std::io;

use super::{agreement, duration, faults, or_dash};
use crate::cli::Ending;
use crate::cli::arguments::PeersArguments;
use crate::cli::client::{Client, encoded};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::table::{Column, Parts, numbers, pairs, words};
use crate::control::reply::{AdvertisedRoute, BgpPeerStatus, FamilyStatus, Messages, PeersReply};

const COLUMNS: [Column; 9] = [
    words("NAME"),
    words("PEER"),
    numbers("AS"),
    words("STATE"),
    words("SINCE").optional(),
    words("FOR"),
    numbers("LEARNED"),
    numbers("ACCEPTED"),
    numbers("ADVERTISED"),
];

pub async fn ask(client: &Client, console: &mut Console<'_>, asked: &PeersArguments) -> Result<Ending, Failure> {
    if let (Some(name), true) = (&asked.name, asked.faults) {
        return faults::ask(client, console, name).await;
    }
    let path = match &asked.name {
        Some(name) => format!("/v1/peers/{}", encoded(name)),
        None => "/v1/peers".to_owned(),
    };
    let reply: PeersReply = client.ask(&path, &[]).await?;
    if console.structured(&reply)? {
        return Ok(Ending::Fine);
    }
    match (&asked.name, reply.bgp_peer_status.as_slice()) {
        (Some(_), [peer]) => write_one(console, peer)?,
        (_, peers) => write_all(console, peers)?,
    }
    Ok(Ending::Fine)
}

/// One line for each peer.
pub fn write_all(console: &mut Console<'_>, peers: &[BgpPeerStatus]) -> io::Result<()> {
    let row = |peer: &BgpPeerStatus| {
        vec![
            peer.name.clone(),
            peer.peer_ip_address.clone(),
            peer.peer_asn.to_string(),
            peer.state.clone(),
            or_dash(peer.state_since.as_ref()),
            peer.state_seconds.map_or_else(|| or_dash(peer.status_reason.as_ref()), duration),
            peer.num_learned_routes.to_string(),
            peer.num_accepted_routes.to_string(),
            peer.num_advertised_routes.to_string(),
        ]
    };
    Parts::new(&COLUMNS).write(console, peers.iter().map(row).collect())
}

/// All about one peer.
pub fn write_one(console: &mut Console<'_>, peer: &BgpPeerStatus) -> io::Result<()> {
    let families = [(peer.enable_ipv4, "ipv4-unicast"), (peer.enable_ipv6, "ipv6-unicast")];
    let offered: Vec<&str> = families.iter().filter(|(enabled, _)| *enabled).map(|(_, name)| *name).collect();
    let since = match (peer.state_seconds, &peer.state_since) {
        (Some(seconds), Some(since)) => format!(" for {}, since {since}", duration(seconds)),
        _ => String::new(),
    };
    let hold_time = peer.hold_time_secs.map(|seconds| match seconds {
        0 => "0 s (no keepalives)".to_owned(),
        seconds => format!("{seconds} s"),
    });
    let next_hops = [&peer.ipv4_nexthop_address, &peer.ipv6_nexthop_address];
    let next_hops: Vec<&str> = next_hops.into_iter().flatten().map(String::as_str).collect();
    let mut lines = vec![
        ("name", peer.name.clone()),
        ("description", or_dash(peer.description.as_ref())),
        ("status", peer.status.to_string()),
        ("reason", or_dash(peer.status_reason.as_ref())),
        ("state", format!("{}{since}", peer.state)),
        ("peer", format!("{}, AS {} ({})", peer.peer_ip_address, peer.peer_asn, peer.peer_kind)),
        ("router ID", or_dash(peer.peer_router_id.as_ref())),
        ("our address", or_dash(peer.ip_address.as_ref())),
        ("next hop", if next_hops.is_empty() { "our address".to_owned() } else { next_hops.join(", ") }),
        ("hold time", or_dash(hold_time)),
        ("offered", offered.join(", ")),
        ("agreed", or_dash(peer.agreed.as_ref().map(agreement::shown))),
        ("our role", or_dash(peer.agreed.as_ref().and_then(agreement::roles))),
        ("priority (MED)", peer.advertised_route_priority.to_string()),
        ("max prefixes", or_dash(peer.max_prefixes)),
        ("max prefixes out", or_dash(room(peer))),
        ("received", messages(&peer.messages_received)),
        ("sent", format!("{}; {} UPDATE waiting", messages(&peer.messages_sent), peer.queued_updates)),
        (
            "sessions",
            format!(
                "{} established, {} failed in a row, {} faulty UPDATE",
                peer.established_count, peer.failed_attempts, peer.faulty_updates
            ),
        ),
    ];
    if let Some(error) = &peer.last_error {
        lines.push(("last error", format!("{}: {}", error.time, error.text)));
    }
    pairs(console, &lines)?;
    for notice in &peer.policy_notices {
        console.line(&format!("! {notice}"))?;
    }
    for family in peer.families.iter().filter(|family| family.held_back > 0) {
        let FamilyStatus { family, held_back, .. } = family;
        console
            .line(&format!("! {held_back} prefixes of {family} are not announced: max_prefixes_out leaves no room"))?;
    }
    if peer.faulty_updates > 0 {
        console.line(&format!("! {} faulty UPDATE: aliasctl peers {} --faults", peer.faulty_updates, peer.name))?;
    }
    write_families(console, &peer.families)?;
    write_advertised(console, peer, peer.advertised_routes.as_deref().unwrap_or_default())
}

/// How many prefixes the peer takes, and how many more it can be told of.
fn room(peer: &BgpPeerStatus) -> Option<String> {
    let left = peer.families.iter().filter_map(|family| Some(format!("{} {}", family.headroom?, family.family)));
    let left: Vec<String> = left.collect();
    let most = peer.max_prefixes_out?;
    Some(if left.is_empty() { most.to_string() } else { format!("{most}; room for {} more", left.join(", ")) })
}

fn messages(messages: &Messages) -> String {
    format!(
        "{} OPEN, {} UPDATE, {} KEEPALIVE, {} NOTIFICATION, {} ROUTE-REFRESH",
        messages.open, messages.update, messages.keepalive, messages.notification, messages.route_refresh
    )
}

fn write_families(console: &mut Console<'_>, families: &[FamilyStatus]) -> io::Result<()> {
    const COLUMNS: [Column; 14] = [
        words("FAMILY"),
        numbers("RECEIVED"),
        numbers("ACCEPTED"),
        numbers("POLICY"),
        numbers("LOOP"),
        numbers("LEAK"),
        numbers("OURS"),
        numbers("MARTIAN"),
        numbers("NEXT HOP"),
        numbers("STALE"),
        numbers("OVER LIMIT"),
        numbers("ADVERTISED"),
        numbers("PENDING"),
        words("END-OF-RIB").optional(),
    ];
    if families.is_empty() {
        return Ok(());
    }
    let row = |family: &FamilyStatus| {
        let received = &family.received;
        let end_of_rib = match (family.end_of_rib_received, family.end_of_rib_sent) {
            (true, true) => "both",
            (true, false) => "received",
            (false, true) => "sent",
            (false, false) => "-",
        };
        let counts = [
            received.total,
            received.accepted,
            received.rejected_by_policy,
            received.looped,
            received.leaked,
            received.own_range,
            received.martian,
            received.next_hop_ineligible,
            received.stale,
        ];
        let mut row = vec![family.family.clone()];
        row.extend(counts.map(|count| count.to_string()));
        row.extend([received.over_limit.to_string(), family.advertised.to_string(), family.pending.to_string()]);
        row.push(end_of_rib.to_owned());
        row
    };
    console.line("")?;
    Parts::new(&COLUMNS).write(console, families.iter().map(row).collect())
}

fn write_advertised(console: &mut Console<'_>, peer: &BgpPeerStatus, routes: &[AdvertisedRoute]) -> io::Result<()> {
    if routes.is_empty() {
        return Ok(());
    }
    let row = |route: &AdvertisedRoute| {
        vec![route.dest_range.clone(), or_dash(route.next_hop_ip.as_ref()), or_dash(route.priority)]
    };
    console.line("")?;
    let columns = [words("ADVERTISED"), words("NEXT HOP"), numbers("MED")];
    Parts::new(&columns).write(console, routes.iter().map(row).collect())?;
    match peer.num_advertised_routes.checked_sub(routes.len()) {
        Some(more @ 1..) => {
            console.line(&format!("and {more} more: aliasctl routes --advertised --peer {}", peer.name))
        }
        _ => Ok(()),
    }
}
