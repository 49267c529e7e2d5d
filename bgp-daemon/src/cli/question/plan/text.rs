//! A plan for people: like a diff, of routes.

use std::io;
use std::sync::Arc;

use super::{PlanReply, PlanResult, SessionChangeKind};
use crate::cli::console::Console;
use crate::cli::question::or_dash;
use crate::cli::table::pairs;
use crate::control::reply::Stand;
use crate::origination::report::{ChangeKind, RouteChange, RouteFacts};
use crate::origination::{Addresses, EndedSessions};

pub fn write(console: &mut Console<'_>, reply: &PlanReply) -> io::Result<()> {
    let report = &reply.report;
    let count = |kind| report.routes.iter().filter(|route| route.change == kind).count();
    let routes = format!(
        "{} announced, {} withdrawn, {} changed, {} held; {} originated, {} after",
        count(ChangeKind::Announce),
        count(ChangeKind::Withdraw),
        count(ChangeKind::Change),
        count(ChangeKind::Held),
        report.originated_before,
        report.originated_after,
    );
    let config = reply.to.config.as_ref().map_or_else(|| "as it is in force".to_owned(), |path| format!("from {path}"));
    let mut lines = vec![
        ("now", stand(&reply.from)),
        ("inventory", format!("from {}, digest {}", reply.to.inventory, reply.to.digest)),
        ("configuration", config),
        ("routes", routes),
        ("addresses", format!("gain a route: {}; lose it: {}", addresses(&report.gained), addresses(&report.lost))),
    ];
    lines.push((
        "guard",
        match &reply.hold {
            Some(hold) => format!("HOLDING {} withdrawals under {}", hold.withdrawals, hold.hash),
            None => "PASSING".to_owned(),
        },
    ));
    pairs(console, &lines)?;
    for reason in reply.hold.iter().flat_map(|hold| &hold.why) {
        console.line(&format!("! {reason}"))?;
    }
    if let Some(held) = &reply.held_configuration {
        let EndedSessions { hash, peers, prefixes, why, .. } = held;
        let (peers, count) = (peers.join(", "), prefixes.len());
        console
            .line(&format!("! the configuration would wait as a whole, under {hash}, for the sessions of {peers}:"))?;
        console.line(&format!("! of {count} prefixes nobody would be told; {}", why.join("; ")))?;
    }
    for session in &reply.sessions {
        let what = match session.change {
            SessionChangeKind::Start => "starts".to_owned(),
            SessionChangeKind::End => "ends, and with it all that the peer was told".to_owned(),
            SessionChangeKind::Reset => format!("is reset ({})", session.keys.join(", ")),
        };
        console.line(&format!("! session of {}: {what}", session.peer))?;
    }
    if !reply.restart_needed.is_empty() {
        console.line(&format!("! takes effect only after a restart: {}", reply.restart_needed.join(", ")))?;
    }
    if !report.peers.is_empty() {
        console.line("")?;
    }
    for peer in &report.peers {
        let (gained, lost) = (addresses(&peer.gained), addresses(&peer.lost));
        let counts = format!("{} announced, {} withdrawn, {} changed", peer.announced, peer.withdrawn, peer.changed);
        console.line(&format!("{}: {counts}; addresses gained {gained}, lost {lost}", peer.name))?;
    }
    if !report.routes.is_empty() {
        console.line("")?;
    }
    report.routes.iter().try_for_each(|route| write_route(console, route))?;
    if reply.result == PlanResult::NoChange {
        console.line("nothing changes")?;
    }
    Ok(())
}

fn stand(stand: &Stand) -> String {
    format!("revision {}, digest {}", or_dash(stand.revision), or_dash(stand.digest.as_ref()))
}

fn addresses(addresses: &Addresses) -> String {
    format!("{} IPv4 and {} IPv6", addresses.ipv4, addresses.ipv6)
}

fn write_route(console: &mut Console<'_>, route: &RouteChange) -> io::Result<()> {
    let sign = match route.change {
        ChangeKind::Announce => '+',
        ChangeKind::Withdraw => '-',
        ChangeKind::Change => '~',
        ChangeKind::Held => '=',
    };
    let facts = route.after.as_ref().or(route.before.as_ref()).map(facts).unwrap_or_default();
    let peers = [("to", &route.announced_to), ("from", &route.withdrawn_from), ("for", &route.changed_for)];
    let told: Vec<String> =
        peers.iter().filter(|(_, peers)| !peers.is_empty()).map(|(how, peers)| named(how, peers)).collect();
    let told = match (route.change, told.is_empty()) {
        (ChangeKind::Held, _) => "stays".to_owned(),
        (_, true) => "no peer is told".to_owned(),
        (_, false) => told.join(" "),
    };
    console.line(&format!("{sign} {}  {facts}  {told}", route.prefix))?;
    for reason in &route.reasons {
        console.line(&format!("    {reason}"))?;
    }
    for owner in &route.owners.shown {
        console.line(&format!("    {owner}"))?;
    }
    match route.owners.total.saturating_sub(route.owners.shown.len()) {
        0 => Ok(()),
        more => console.line(&format!("    and {more} owners more")),
    }
}

fn named(how: &str, peers: &[Arc<str>]) -> String {
    let names: Vec<&str> = peers.iter().map(|peer| &**peer).collect();
    format!("{how} {}", names.join(", "))
}

fn facts(facts: &RouteFacts) -> String {
    let communities = facts.communities.iter().chain(&facts.large_communities).map(String::as_str);
    let communities: Vec<&str> = communities.collect();
    let communities =
        if communities.is_empty() { String::new() } else { format!(", communities {}", communities.join(" ")) };
    let med = facts.med.map_or_else(String::new, |med| format!(", MED {med}"));
    let cost = if facts.cost == 0 { String::new() } else { format!(", cost {}", facts.cost) };
    format!("{}{communities}{med}{cost}", facts.role)
}
