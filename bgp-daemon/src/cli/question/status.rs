//! `aliasctl status`.

use std::io;

use super::{duration, peers};
use crate::cli::Ending;
use crate::cli::arguments::StatusArguments;
use crate::cli::client::Client;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::table::pairs;
use crate::control::reply::{Counts, Fault, Health, InventorySummary, JournalSummary, Reload, StatusReply};

/// Faults of the inventory that are shown; `inventory` shows all.
const FAULTS_SHOWN: usize = 5;

pub async fn ask(client: &Client, console: &mut Console<'_>, asked: &StatusArguments) -> Result<Ending, Failure> {
    let reply: StatusReply = client.ask("/v1/status", &[]).await?;
    if asked.quiet {
        return Ok(if reply.health == Health::Ok { Ending::Fine } else { Ending::Degraded });
    }
    if !console.structured(&reply)? {
        write(console, &reply)?;
    }
    Ok(Ending::Fine)
}

pub fn write(console: &mut Console<'_>, reply: &StatusReply) -> io::Result<()> {
    let region = reply.region.as_ref().map_or(String::new(), |region| format!(", region {region}"));
    let seconds = reply.uptime_seconds.parse().unwrap_or(0);
    let routes = reply.routes;
    let mut lines = vec![
        ("aliasd", format!("{}, AS {}, router ID {}{region}", reply.version, reply.asn, reply.router_id)),
        ("health", reply.health.to_string()),
        ("uptime", format!("{}, since {}", duration(seconds), reply.start_time)),
        ("peers", format!("{} of {} up, {} configured", reply.peers_up, reply.peers_enabled, reply.peers_configured)),
        (
            "routes",
            format!(
                "{} originated, {} learned ({} accepted), {} best, {} advertised",
                routes.originated, routes.learned, routes.accepted, routes.best, routes.advertised
            ),
        ),
        ("inventory", inventory_line(&reply.inventory)),
    ];
    lines.extend(reply.journal.as_ref().map(|journal| ("journal", journal_line(journal))));
    lines.extend(reply.last_reload.as_ref().map(|reload| ("reload", reload_line(reload))));
    pairs(console, &lines)?;
    let loud = loud(reply);
    if !loud.is_empty() {
        console.line("")?;
    }
    for line in loud {
        console.line(&format!("! {line}"))?;
    }
    if !reply.bgp_peer_status.is_empty() {
        console.line("")?;
    }
    peers::write_all(console, &reply.bgp_peer_status)
}

/// What must not be overlooked: why the health is not OK, what RFC 8212 keeps silent, what the configuration warns of.
fn loud(reply: &StatusReply) -> Vec<String> {
    let mut lines = reply.health_reasons.clone();
    // The reasons have the first of each effect.
    let is_first = |fault: &Fault| reply.inventory.faults.iter().find(|f| f.effect == fault.effect) == Some(fault);
    let more = reply.inventory.faults.iter().filter(|fault| !is_first(fault)).take(FAULTS_SHOWN - 1);
    lines.extend(more.map(|fault| format!("inventory: {}", fault.text)));
    if reply.inventory.faults_total > FAULTS_SHOWN {
        lines.push(format!("inventory: {} faults in all; see aliasctl inventory", reply.inventory.faults_total));
    }
    if let Some(reload) = &reply.last_reload {
        lines.extend(reload.faults.iter().skip(1).map(|fault| format!("reload: {fault}")));
        if !reload.restart_needed.is_empty() {
            lines.push(format!("a restart is needed for: {}", reload.restart_needed.join(", ")));
        }
    }
    let peers = reply.bgp_peer_status.iter();
    let notices: Vec<String> = peers
        .flat_map(|peer| peer.policy_notices.iter().map(move |notice| format!("peer {}: {notice}", peer.name)))
        .collect();
    // The configuration warns of the same; once is enough.
    let told = |text: &str| !notices.is_empty() && text.ends_with("(RFC 8212)");
    let warnings = reply.config_warnings.iter().filter(|warning| !told(&warning.text));
    lines.extend(notices.iter().cloned());
    lines.extend(warnings.map(|warning| format!("{}: {}", warning.key, warning.text)));
    lines
}

/// The inventory in one line.
pub fn inventory_line(inventory: &InventorySummary) -> String {
    let Some(revision) = inventory.revision else {
        return format!("{} {}", inventory.state, inventory.path);
    };
    let age = duration(inventory.age_seconds.unwrap_or(0));
    let taken_at = inventory.taken_at.as_deref().unwrap_or("-");
    let counts = inventory.counts.as_ref().map_or(String::new(), |counts| format!(": {}", counts_text(counts)));
    format!("{} revision {revision} of {taken_at}, {age} old{counts}", inventory.state)
}

fn counts_text(counts: &Counts) -> String {
    let counts = [
        (counts.files, "file", "files"),
        (counts.subnetworks, "subnetwork", "subnetworks"),
        (counts.instances, "instance", "instances"),
        (counts.alias_ip_ranges, "alias IP range", "alias IP ranges"),
        (counts.addresses, "address", "addresses"),
        (counts.forwarding_rules, "forwarding rule", "forwarding rules"),
    ];
    let text = |(count, one, many)| format!("{count} {}", if count == 1 { one } else { many });
    counts.map(text).join(", ")
}

fn journal_line(journal: &JournalSummary) -> String {
    let written = match (journal.written_revision, &journal.written_at, journal.restored_revision) {
        (Some(revision), Some(at), _) => format!("revision {revision}, written at {at}"),
        (_, _, Some(revision)) => format!("revision {revision}, from before the start"),
        _ => "nothing written yet".to_owned(),
    };
    format!("{} holds {written}", journal.path)
}

fn reload_line(reload: &Reload) -> String {
    let result = match reload.result {
        crate::control::reply::ReloadResult::Applied => "APPLIED",
        crate::control::reply::ReloadResult::Partial => "PARTIAL",
        crate::control::reply::ReloadResult::Refused => "REFUSED",
    };
    format!("{result} at {}", reload.time)
}
