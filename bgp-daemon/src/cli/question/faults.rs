//! `aliasctl peers NAME --faults`.

use std::io;

use crate::cli::Ending;
use crate::cli::client::{Client, encoded};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::control::reply::{FaultEntry, FaultyUpdateEntry, PeerFaultsReply};

pub async fn ask(client: &Client, console: &mut Console<'_>, name: &str) -> Result<Ending, Failure> {
    let reply: PeerFaultsReply = client.ask(&format!("/v1/peers/{}/faults", encoded(name)), &[]).await?;
    if !console.structured(&reply)? {
        write(console, &reply)?;
    }
    Ok(Ending::Fine)
}

/// Each message in hexadecimal, newest first, under comments that say what was wrong: `aliasctl decode` reads it.
pub fn write(console: &mut Console<'_>, reply: &PeerFaultsReply) -> io::Result<()> {
    let shown = match reply.result.len() {
        0 => String::new(),
        shown => format!("; the last {shown}, newest first"),
    };
    console.line(&format!("# {}: {} UPDATE with faults{shown}", reply.peer, reply.faulty_updates))?;
    reply.result.iter().try_for_each(|update| write_one(console, update))
}

fn write_one(console: &mut Console<'_>, update: &FaultyUpdateEntry) -> io::Result<()> {
    console.line("")?;
    let FaultyUpdateEntry { number, time, disposition, length, .. } = update;
    console.title(&format!("# {number}: {time}, {disposition}, {length} octets"))?;
    if let Some(error) = &update.error {
        console.line(&format!("#   {error}"))?;
    }
    update.faults.iter().try_for_each(|fault| console.line(&format!("#   {}", told(fault))))?;
    rest(console, update.fault_count, update.faults.len(), "faults")?;
    if !update.routes.is_empty() {
        console.line(&format!("#   routes: {}", update.routes.join(" ")))?;
    }
    rest(console, update.route_count, update.routes.len(), "routes")?;
    console.line(&update.hex)
}

/// The fault, with the attribute where its text does not name it.
fn told(fault: &FaultEntry) -> String {
    let FaultEntry { code, name, text, disposition } = fault;
    match (code, name) {
        (_, Some(name)) if text.contains(name.as_str()) => format!("{disposition}: {text}"),
        (_, Some(name)) => format!("{disposition}: {name}: {text}"),
        (0, None) => format!("{disposition}: {text}"),
        (code, None) => format!("{disposition}: attribute {code}: {text}"),
    }
}

fn rest(console: &mut Console<'_>, total: usize, shown: usize, what: &str) -> io::Result<()> {
    match total.checked_sub(shown) {
        Some(more @ 1..) => console.line(&format!("#   and {more} more {what}")),
        _ => Ok(()),
    }
}
