//! How much may go, and by how much a plan goes beyond it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::window::Tally;
use crate::config;
use crate::origination::written;

/// A limit of the guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Budget {
    /// `guard.max_withdraw_prefixes`.
    Prefixes,
    /// `guard.max_withdraw_percent`.
    PrefixesPercent,
    /// `guard.max_withdraw_addresses_percent`, of IPv4.
    Ipv4AddressesPercent,
    /// `guard.max_withdraw_addresses_percent`, of IPv6.
    Ipv6AddressesPercent,
    /// `guard.protected`.
    Protected,
}

/// Why withdrawals are held.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reason {
    /// The limit.
    pub budget: Budget,
    /// The peer whose budget it is; absent for all together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// How much would have gone in one window: prefixes or addresses.
    #[serde(with = "written::number")]
    pub wanted: u128,
    /// How much may go.
    #[serde(with = "written::number")]
    pub allowed: u128,
    /// Out of how much.
    #[serde(with = "written::number")]
    pub of: u128,
}

impl fmt::Display for Reason {
    /// `120 of 200 prefixes of all peers together would go within one window (at most 50: guard.max_withdraw_prefixes)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, key) = match self.budget {
            Budget::Prefixes => ("prefixes", "max_withdraw_prefixes"),
            Budget::PrefixesPercent => ("prefixes", "max_withdraw_percent"),
            Budget::Ipv4AddressesPercent => ("IPv4 addresses", "max_withdraw_addresses_percent"),
            Budget::Ipv6AddressesPercent => ("IPv6 addresses", "max_withdraw_addresses_percent"),
            Budget::Protected => ("protected prefixes", "protected"),
        };
        let Self { wanted, allowed, of, .. } = self;
        let whose = self.peer.as_ref().map_or_else(|| "in all".to_owned(), |peer| format!("told to {peer}"));
        match self.budget {
            Budget::Protected => write!(f, "{wanted} {what} would be withdrawn (guard.{key})"),
            _ => {
                write!(f, "{wanted} of {of} {what} {whose} would go in one window; at most {allowed} may (guard.{key})")
            }
        }
    }
}

/// So many percent of a number, rounded down.
fn percent_of(number: u128, percent: u8) -> u128 {
    let percent = u128::from(percent);
    number / 100 * percent + number % 100 * percent / 100
}

/// The limits that a tally goes beyond.
pub(super) fn exceeded(tally: &Tally, peer: Option<&str>, budgets: &config::Guard) -> Vec<Reason> {
    let (lost, of) = (&tally.lost, &tally.of_addresses);
    let addresses = budgets.max_withdraw_addresses_percent;
    let families = [
        (Budget::Ipv4AddressesPercent, u128::from(lost.ipv4), u128::from(of.ipv4)),
        (Budget::Ipv6AddressesPercent, lost.ipv6, of.ipv6),
    ];
    // Percentages say little of a few prefixes: the first may go, the last may not.
    let is_small = tally.prefixes <= budgets.always_allowed_prefixes
        && families.iter().all(|(_, lost, of)| *lost <= percent_of(*of, 50));
    let (prefixes, of_prefixes) = (u128::from(tally.prefixes), u128::from(tally.of_prefixes));
    let mut limits = vec![(Budget::Prefixes, prefixes, u128::from(budgets.max_withdraw_prefixes), of_prefixes)];
    if !is_small {
        let allowed = percent_of(of_prefixes, budgets.max_withdraw_percent);
        limits.push((Budget::PrefixesPercent, prefixes, allowed, of_prefixes));
        limits.extend(families.map(|(budget, lost, of)| (budget, lost, percent_of(of, addresses), of)));
    }
    let beyond = limits.into_iter().filter(|(_, wanted, allowed, _)| wanted > allowed);
    let peer = || peer.map(ToOwned::to_owned);
    beyond.map(|(budget, wanted, allowed, of)| Reason { budget, peer: peer(), wanted, allowed, of }).collect()
}
