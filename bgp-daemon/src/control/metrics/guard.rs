//! The guard: what it holds, and how much of its budgets is used.

use std::time::SystemTime;

use crate::config;
use crate::origination::guard::{GuardState, Tally};
use crate::telemetry::exposition::{Exposition, Samples, Value};

/// What was withdrawn from somebody in the last window; the name is empty for all together.
type Scope = (String, Tally);

/// What the guard remembers at `now`, by its own clock.
pub fn guard(out: &mut Exposition, state: &GuardState, config: &config::Guard, now: SystemTime) {
    out.gauge("aliasd_guard_enabled", "Whether anything is held back at all (guard.enabled).").only(config.enabled);
    let hold = state.hold.as_deref();
    out.gauge(
        "aliasd_guard_held_withdrawals",
        "Withdrawals that wait until a person releases them; see aliasctl guard.",
    )
    .only(hold.map_or(0, |hold| hold.routes.len()));
    out.gauge("aliasd_guard_hold_age_seconds", "Since when something is held without a break; 0 while nothing is.")
        .only(hold.map_or_else(Default::default, |hold| now.duration_since(hold.since).unwrap_or_default()));
    let mut totals = state.window.totals(config.window, now);
    totals.entry(String::new()).or_default();
    let scopes: Vec<Scope> = totals.into_iter().collect();
    let withdrawn = out.gauge(
        "aliasd_guard_withdrawn_prefixes",
        "Prefixes withdrawn in the last window: of all peers together (scope=all), and of each peer that lost some.",
    );
    of_each(withdrawn, &scopes, |tally| tally.prefixes);
    let of = out
        .gauge("aliasd_guard_withdrawn_of_prefixes", "The most prefixes there were before one of these withdrawals.");
    of_each(of, &scopes, |tally| tally.of_prefixes);
    let lost = out.gauge("aliasd_guard_withdrawn_addresses", "Addresses that lost their route by these withdrawals.");
    of_families(lost, &scopes, |tally| [("ipv4", tally.lost.ipv4.into()), ("ipv6", tally.lost.ipv6.into())]);
    let of = out
        .gauge("aliasd_guard_withdrawn_of_addresses", "The most addresses there were before one of these withdrawals.");
    of_families(of, &scopes, |tally| {
        [("ipv4", tally.of_addresses.ipv4.into()), ("ipv6", tally.of_addresses.ipv6.into())]
    });
    out.gauge(
        "aliasd_guard_max_withdraw_prefixes",
        "How many prefixes may go in a window (guard.max_withdraw_prefixes).",
    )
    .only(config.max_withdraw_prefixes);
    out.gauge(
        "aliasd_guard_max_withdraw_percent",
        "How many percent of the prefixes may (guard.max_withdraw_percent).",
    )
    .only(u32::from(config.max_withdraw_percent));
    out.gauge(
        "aliasd_guard_max_withdraw_addresses_percent",
        "How many percent of the addresses of a family may (guard.max_withdraw_addresses_percent).",
    )
    .only(u32::from(config.max_withdraw_addresses_percent));
    out.gauge("aliasd_guard_window_seconds", "How long a withdrawal counts (guard.window_secs).").only(config.window);
}

fn labels((peer, _): &Scope) -> [(&'static str, &str); 2] {
    [("scope", if peer.is_empty() { "all" } else { "peer" }), ("peer", peer)]
}

fn of_each(mut samples: Samples<'_>, scopes: &[Scope], value: impl Fn(&Tally) -> u64) {
    scopes.iter().for_each(|scope| samples.put(&labels(scope), value(&scope.1)));
}

fn of_families(mut samples: Samples<'_>, scopes: &[Scope], values: impl Fn(&Tally) -> [(&'static str, Value); 2]) {
    for scope in scopes {
        let [all, peer] = labels(scope);
        for (family, value) in values(&scope.1) {
            samples.put(&[all, peer, ("family", family)], value);
        }
    }
}
