//! Sessions that another configuration ends, and what nobody is told of any more without them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use bgp_core::types::{FamilySet, Prefix};
use serde::{Deserialize, Serialize};

use super::audience::{Exports, HeldExports};
use super::coverage::{overlapping, uncovered};
use super::guard::{Guard, Tallies, Tally, digest};
use super::sizes::{in_use, size};
use super::{Addresses, Current, Origination};
use crate::config::{Config, Peer};

/// What the guard says of a configuration that may end sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// What counts as withdrawn from everybody once the configuration is in force; nothing while it is held.
    pub passing: Tallies,
    /// What is beyond the budgets.
    pub held: Option<EndedSessions>,
    /// What that comes to: when a person lets it go, no budget is measured by it any more.
    pub let_go: Tallies,
}

/// What a configuration that ends sessions takes away beyond the budgets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndedSessions {
    /// Names exactly this: 16 hexadecimal digits, the first of a SHA-256 over the peers and the prefixes.
    pub hash: String,
    /// The peers that are gone, not enabled any more, have another address or name, or lose a family.
    pub peers: Vec<String>,
    /// Prefixes of which nobody would be told any more, ascending.
    pub prefixes: Vec<String>,
    /// Addresses that would lose their last route.
    pub lost: Addresses,
    /// The budgets that this goes beyond.
    pub why: Vec<String>,
}

/// What `after` takes from everybody by ending sessions: nothing of what other peers are told too.
///
/// A peer with another address is another one. One of another name with the same address has the session of the old one, with
/// nothing but its own rules. What a peer loses while its session goes on, reset or not, is for
/// [`advance`](super::advance()) to judge.
#[must_use]
pub fn ended_sessions(current: &Current, after: &Config, guard: &Guard, now: SystemTime) -> Ended {
    let budgets = &after.guard;
    let audience = Told::of(&current.config, &current.held_exports, after);
    if audience.ending.is_empty() || !budgets.enabled {
        return Ended::default();
    }
    let all = &current.set.originations;
    let stays = |one: &(&Prefix, &Origination)| Told::admits(&audience.staying, one.0, one.1);
    let goes = |one: &(&Prefix, &Origination)| Told::admits(&audience.ending, one.0, one.1) && !stays(one);
    // As routes are counted: what was not in use can be taken from nobody.
    let dark_part = |part: &Prefix| uncovered(part, overlapping(all, part).filter(stays).map(|(prefix, _)| prefix));
    let dark = |prefix: &Prefix, one: &Origination| in_use(prefix, one).map(dark_part).sum::<Addresses>();
    let lost: BTreeMap<Prefix, Addresses> = all
        .iter()
        .filter(goes)
        .map(|(prefix, one)| (*prefix, dark(prefix, one)))
        .filter(|(_, lost)| !lost.is_none())
        .collect();
    let size = size(all, |prefix, one| stays(&(prefix, one)) || goes(&(prefix, one)));
    // As of routes: the addresses of a custom range are a part of nothing.
    let is_measured = |prefix: &Prefix| all.get(prefix).is_some_and(|one| !one.is_custom());
    let addresses = lost.iter().filter(|(prefix, _)| is_measured(prefix)).map(|(_, lost)| *lost).sum();
    let tally = Tally { prefixes: count(lost.len()), lost: addresses, ..Tally::nothing_of(&size) };
    let why = guard.beyond(&tally, lost.keys(), budgets, now);
    if lost.is_empty() {
        return Ended::default();
    }
    if why.is_empty() {
        return Ended { passing: Tallies::from([(String::new(), tally)]), ..Ended::default() };
    }
    let peers: Vec<String> = audience.names.into_iter().collect();
    let prefixes: Vec<String> = lost.keys().map(ToString::to_string).collect();
    let hash = digest(["sessions"].into_iter().chain(peers.iter().chain(&prefixes).map(String::as_str)));
    let why = why.iter().map(ToString::to_string).collect();
    let held = Some(EndedSessions { hash, peers, prefixes, lost: tally.lost, why });
    Ended { passing: Tallies::new(), held, let_go: Tallies::from([(String::new(), tally)]) }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// Who is told by sessions that end, and who by those that go on.
struct Told {
    ending: Vec<Exports>,
    staying: Vec<Exports>,
    /// The peers whose sessions end, or go on under another name.
    names: BTreeSet<String>,
}

impl Told {
    fn of(before: &Config, held: &HeldExports, after: &Config) -> Self {
        let mut told = Self { ending: Vec::new(), staying: Vec::new(), names: BTreeSet::new() };
        for peer in enabled(before) {
            let exports = Exports::of(peer, held.get(&peer.name));
            // A session is one with an address: another one is another router, whatever it is called.
            let next = enabled(after).find(|next| next.address == peer.address);
            let families = next.map_or(FamilySet::EMPTY, |next| peer.families.intersection(next.families));
            let keeps_its_name = next.is_some_and(|next| next.name == peer.name);
            if families != peer.families || !keeps_its_name {
                told.names.insert(peer.name.clone());
                told.ending.push(exports.clone());
            }
            // What it is told by its new rules it is told in a session that there is. What the old ones told it stays to be
            // judged with the routes, where the peer is known by its name.
            told.staying.extend(next.map(|next| Exports::of(next, None).within(families)));
            told.staying.extend(Some(exports.within(families)).filter(|_| keeps_its_name));
        }
        told
    }

    fn admits(some: &[Exports], prefix: &Prefix, origination: &Origination) -> bool {
        some.iter().any(|exports| exports.admit(prefix, origination))
    }
}

fn enabled(config: &Config) -> impl Iterator<Item = &Peer> {
    config.peers.iter().filter(|peer| peer.enabled)
}
