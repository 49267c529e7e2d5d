//! `aliasctl aggregation`.

use std::io;

use super::{or_dash, paged};
use crate::cli::Ending;
use crate::cli::client::Client;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::table::{Column, Parts, numbers, pairs, words};
use crate::control::reply::{AggregateEntry, AggregationReply, RuleEntry};
use crate::origination::Addresses;

const RULES: [Column; 8] = [
    words("RULE"),
    words("SELECTS"),
    words("MODE"),
    numbers("PREFIXES"),
    numbers("AT MOST"),
    numbers("FEWEST"),
    numbers("EXACT"),
    words("UNALLOCATED"),
];

const AGGREGATES: [Column; 5] =
    [words("PREFIX"), words("ROLE"), words("RULE"), numbers("CONTRIBUTORS"), words("UNALLOCATED")];

pub async fn ask(client: &Client, console: &mut Console<'_>) -> Result<Ending, Failure> {
    paged::write(client, console, "/v1/aggregation", write_rules, &AGGREGATES, aggregate).await
}

fn write_rules(console: &mut Console<'_>, reply: &AggregationReply) -> io::Result<()> {
    pairs(
        console,
        &[("announced", addresses(&reply.covered)), ("unallocated", share(&reply.unallocated, &reply.covered))],
    )?;
    for rule in &reply.rules {
        if let (Some(most), Some(peer)) = (rule.max_prefixes, &rule.max_prefixes_for) {
            let at = format!("advertise[{}]", rule.index);
            console.line(&format!("{at} makes at most {most} prefixes for the sake of {peer} (max_prefixes_out)"))?;
        }
        for fault in &rule.faults {
            console.line(&format!("! advertise[{}]: {fault}", rule.index))?;
        }
    }
    console.line("")?;
    Parts::new(&RULES).write(console, reply.rules.iter().map(rule).collect())
}

fn rule(rule: &RuleEntry) -> Vec<String> {
    vec![
        format!("advertise[{}]", rule.index),
        rule.selector.clone(),
        rule.aggregation.clone(),
        rule.prefixes.to_string(),
        or_dash(rule.max_prefixes),
        or_dash(rule.fewest_prefixes),
        or_dash(rule.exact_prefixes),
        share(&rule.unallocated, &rule.covered),
    ]
}

fn aggregate(entry: &AggregateEntry) -> Vec<String> {
    let whole = Addresses {
        ipv4: entry.allocated.ipv4.saturating_add(entry.unallocated.ipv4),
        ipv6: entry.allocated.ipv6.saturating_add(entry.unallocated.ipv6),
    };
    let held = if entry.held { ", held" } else { "" };
    vec![
        entry.prefix.clone(),
        entry.role.clone(),
        format!("advertise[{}]{held}", entry.rule),
        entry.contributors.to_string(),
        share(&entry.unallocated, &whole),
    ]
}

/// `512 IPv4, 0 IPv6 addresses`, of the families that there are.
fn addresses(count: &Addresses) -> String {
    match (count.ipv4, count.ipv6) {
        (ipv4, 0) => format!("{ipv4} IPv4 addresses"),
        (0, ipv6) => format!("{ipv6} IPv6 addresses"),
        (ipv4, ipv6) => format!("{ipv4} IPv4, {ipv6} IPv6 addresses"),
    }
}

/// How many of `whole`, in numbers and parts of a hundred: `64 (25.0%)`, of IPv6 with its name.
fn share(part: &Addresses, whole: &Addresses) -> String {
    let one = |part: u128, whole: u128, family: &str| {
        let permille = part.saturating_mul(1000).checked_div(whole).unwrap_or(0).min(1000);
        // More than a part in 2^118 of IPv6 does not fit when it is multiplied.
        let permille = if part > u128::MAX / 1000 { (part / (whole / 1000).max(1)).min(1000) } else { permille };
        (whole > 0).then(|| format!("{part}{family} ({}.{}%)", permille / 10, permille % 10))
    };
    let ipv4 = one(part.ipv4.into(), whole.ipv4.into(), "");
    let ipv6 = one(part.ipv6, whole.ipv6, " IPv6");
    let both: Vec<String> = ipv4.into_iter().chain(ipv6).collect();
    if both.is_empty() { "-".to_owned() } else { both.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_told_of_the_families_that_there_are() {
        let of = |ipv4, ipv6| Addresses { ipv4, ipv6 };
        assert_eq!(share(&of(64, 0), &of(256, 0)), "64 (25.0%)");
        assert_eq!(share(&of(1, 3), &of(3, 3)), "1 (33.3%), 3 IPv6 (100.0%)");
        assert_eq!(share(&of(0, 1 << 126), &of(0, 1 << 127)), format!("{} IPv6 (50.0%)", 1_u128 << 126));
        assert_eq!(share(&of(0, 0), &of(0, 0)), "-");
        assert_eq!(addresses(&of(1, 2)), "1 IPv4, 2 IPv6 addresses");
    }
}
