//! `aliasctl inventory`.

use std::io;

use super::status::inventory_line;
use super::{or_dash, paged};
use crate::cli::Ending;
use crate::cli::client::Client;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::table::{Column, numbers, pairs, words};
use crate::control::reply::{FaultEffect, InventoryReply, InventorySummary, RangeEntry};

pub const COLUMNS: [Column; 8] = [
    words("RANGE"),
    words("NAME"),
    words("ROLE"),
    words("ADVERTISED"),
    numbers("ALLOCATIONS").optional(),
    numbers("ADDRESSES"),
    numbers("PREFIXES"),
    words("SUBNETWORK").folds(),
];

pub async fn ask(client: &Client, console: &mut Console<'_>) -> Result<Ending, Failure> {
    let head = |console: &mut Console<'_>, reply: &InventoryReply| write_summary(console, &reply.inventory);
    paged::write(client, console, "/v1/inventory", head, &COLUMNS, row).await
}

pub fn write_summary(console: &mut Console<'_>, inventory: &InventorySummary) -> io::Result<()> {
    let mut lines = vec![
        ("inventory", inventory_line(inventory)),
        ("read from", inventory.path.clone()),
        ("checked", or_dash(inventory.checked_at.as_ref())),
        ("digest", or_dash(inventory.digest.as_ref())),
    ];
    if let Some(since) = &inventory.untrusted_since {
        lines.push(("not trusted", format!("{}, since {since}", inventory.doubts.join(", "))));
    }
    match inventory.quarantined {
        0 => {}
        1 => lines.push(("quarantine", "1 object, with what it had".to_owned())),
        count => lines.push(("quarantine", format!("{count} objects, each with what it had"))),
    }
    pairs(console, &lines)?;
    for fault in &inventory.faults {
        let effect = match fault.effect {
            FaultEffect::Untrusted => fault.doubt.as_deref().unwrap_or("UNTRUSTED"),
            FaultEffect::Quarantine => "QUARANTINE",
        };
        console.line(&format!("! {effect}: {}", fault.text))?;
    }
    rest(console, inventory.faults_total, inventory.faults.len(), "faults")?;
    for note in &inventory.notes {
        console.line(&format!("note: {note}"))?;
    }
    rest(console, inventory.notes_total, inventory.notes.len(), "notes")
}

fn rest(console: &mut Console<'_>, total: usize, shown: usize, what: &str) -> io::Result<()> {
    match total.checked_sub(shown) {
        Some(more @ 1..) => console.line(&format!("and {more} more {what}")),
        _ => Ok(()),
    }
}

/// A range as a row.
pub fn row(range: &RangeEntry) -> Vec<String> {
    let rule = range.rule.map_or_else(|| range.treatment.to_string(), |rule| format!("advertise[{rule}]"));
    vec![
        range.ip_cidr_range.clone(),
        range.range_name.clone(),
        or_dash(range.role.as_ref()),
        rule,
        range.allocations.to_string(),
        range.total_allocated_ip.clone(),
        range.originated_prefixes.to_string(),
        range.subnetwork.clone(),
    ]
}
