//! `aliasctl guard`.

use std::io;

use super::duration;
use crate::cli::Ending;
use crate::cli::arguments::Format;
use crate::cli::client::{Client, Pages};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::table::{Column, Parts, numbers, pairs, words};
use crate::control::reply::{Budgets, GuardReply, HeldEntry};
use crate::origination::EndedSessions;

pub const COLUMNS: [Column; 5] =
    [words("PREFIX"), words("ROLE"), words("WOULD LOSE IT"), numbers("ADDRESSES"), words("OWNERS").folds()];

pub async fn ask(client: &Client, console: &mut Console<'_>) -> Result<Ending, Failure> {
    let mut pages = Pages::default();
    let mut reply = page(client, &pages).await?;
    if console.format != Format::Table {
        let reply = whole(client, reply).await?;
        console.structured(&reply)?;
        return Ok(Ending::Fine);
    }
    write_summary(console, &reply)?;
    if !reply.routes.is_empty() {
        console.line("")?;
    }
    let mut table = Parts::new(&COLUMNS);
    loop {
        table.write(console, reply.routes.iter().map(row).collect())?;
        if !pages.follow(reply.next_page_token.take())? {
            return Ok(Ending::Fine);
        }
        reply = page(client, &pages).await?;
    }
}

/// The reply with all pages in one.
pub async fn whole(client: &Client, mut reply: GuardReply) -> Result<GuardReply, Failure> {
    let mut pages = Pages::default();
    while pages.follow(reply.next_page_token.take())? {
        let next = page(client, &pages).await?;
        if hash(&next) != hash(&reply) {
            return Err(Failure::Failed("what is held changes while it is read; ask again".to_owned()));
        }
        reply.routes.extend(next.routes);
        reply.next_page_token = next.next_page_token;
    }
    Ok(reply)
}

pub async fn page(client: &Client, pages: &Pages) -> Result<GuardReply, Failure> {
    client.ask("/v1/guard", &[("after", pages.after()), ("limit", Some("1000"))]).await
}

fn hash(reply: &GuardReply) -> Option<&str> {
    reply.hold.as_ref().map(|hold| hold.hash.as_str())
}

pub fn write_summary(console: &mut Console<'_>, reply: &GuardReply) -> io::Result<()> {
    let mut lines = vec![("guard", reply.state.to_string())];
    if let Some(hold) = &reply.hold {
        let since = format!("{} since {}, {}", hold.withdrawals, hold.since, duration(hold.held_seconds));
        lines.push(("held withdrawals", since));
        lines.push(("hash", hold.hash.clone()));
        lines.push(("to let them go", format!("aliasd release {}", hold.hash)));
    }
    if let Some(held) = &reply.held_configuration {
        let EndedSessions { peers, prefixes, .. } = held;
        let ends =
            format!("ends the sessions of {}; of {} prefixes nobody is told then", peers.join(", "), prefixes.len());
        lines.push(("held configuration", ends));
        lines.push(("its hash", held.hash.clone()));
        lines.push(("to apply it", format!("aliasd release {}", held.hash)));
    }
    lines.push(("budgets", budgets(&reply.budgets)));
    let lately = reply.withdrawn.iter().map(|one| {
        let whose = one.peer.as_ref().map_or_else(|| "of all".to_owned(), |peer| format!("of {peer}"));
        format!("{whose}: {} of {} prefixes", one.tally.prefixes, one.tally.of_prefixes)
    });
    let lately: Vec<String> = lately.collect();
    lines.push(("withdrawn lately", if lately.is_empty() { "nothing".to_owned() } else { lately.join(", ") }));
    pairs(console, &lines)?;
    let of_config = reply.held_configuration.iter().flat_map(|held| &held.why);
    for reason in reply.hold.iter().flat_map(|hold| &hold.why).chain(of_config) {
        console.line(&format!("! {reason}"))?;
    }
    Ok(())
}

fn budgets(budgets: &Budgets) -> String {
    let protected = match budgets.protected.is_empty() {
        true => String::new(),
        false => format!("; never: {}", budgets.protected.join(", ")),
    };
    format!(
        "{} prefixes, {} % of the prefixes, {} % of the addresses in {}; always {}{protected}",
        budgets.max_withdraw_prefixes,
        budgets.max_withdraw_percent,
        budgets.max_withdraw_addresses_percent,
        duration(budgets.window_secs),
        budgets.always_allowed_prefixes,
    )
}

/// A held withdrawal as a row.
pub fn row(entry: &HeldEntry) -> Vec<String> {
    let route = &entry.route;
    let peers: Vec<&str> = route.peers.iter().map(|peer| &**peer).collect();
    let who = match (peers.is_empty(), route.protected) {
        (true, _) => "nobody is told".to_owned(),
        (false, true) => format!("{} (protected)", peers.join(", ")),
        (false, false) => peers.join(", "),
    };
    let addresses = match route.lost.ipv6 {
        0 => route.lost.ipv4.to_string(),
        ipv6 => ipv6.to_string(),
    };
    let mut owners = route.owners.shown.join("; ");
    if route.owners.total > route.owners.shown.len() {
        owners += &format!("; and {} more", route.owners.total - route.owners.shown.len());
    }
    vec![
        entry.prefix.clone(),
        route.role.clone(),
        who,
        addresses,
        if owners.is_empty() { "-".to_owned() } else { owners },
    ]
}
