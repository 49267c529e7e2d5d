//! What is originated after a restart: what was before it, told to whom it was told, until the source was read.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::SystemTime;

use bgp_core::types::Prefix;

use super::advance::keep_told;
use super::audience::{Exports, HeldExports};
use super::guard::GuardState;
use super::originate::restore;
use super::{Current, Memory, Origination, OriginationSet, Originations};
use crate::config::{Config, HeldPrefixes, Peer, Written};
use crate::inventory::Snapshot;

/// What was written down before a restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resumption {
    /// The snapshot that was in use.
    pub snapshot: Arc<Snapshot>,
    /// What was originated, by prefix.
    pub originations: Originations,
    /// What the guard remembered, by the clock of now.
    pub guard: GuardState,
    /// The configuration by whose `[[peer]]` it was told; `None` when that is not known.
    pub told_by: Option<Arc<Written>>,
}

/// The same with the peers of `config`, the configuration of now.
///
/// A peer that is enabled in both keeps what it was told, whatever its `export` says by now: what differs is a change like
/// any other, for the guard to judge with the first step. What it gains it gets at once. A configuration of then that can no
/// longer be read counts as that of now.
#[must_use]
pub fn resume(before: Resumption, memory: &mut Memory, config: Arc<Config>, now: SystemTime) -> Current {
    let Resumption { snapshot, originations, guard, told_by } = before;
    let then = told_by.as_ref().and_then(|written| written.read().ok());
    let told_by = told_by.unwrap_or_else(|| Arc::clone(&config.written));
    let set = OriginationSet {
        told_by,
        ..restore(originations, guard, memory, snapshot, (then.as_ref().unwrap_or(&config), &config), now)
    };
    let hold = set.guard.hold.as_deref();
    let held_by = |config: &Config| hold.map_or_else(HeldExports::new, |hold| keep_told(hold, &set, config));
    let mut held_exports = held_by(&config);
    if let Some(then) = then {
        let held_then = held_by(&then);
        for now in config.peers.iter().filter(|peer| peer.enabled) {
            if let Some(before) = then.peer(&now.name).filter(|peer| peer.enabled) {
                let told = told_before(before, held_then.get(&now.name), now, &set.originations);
                let held: &mut HeldPrefixes = held_exports.entry(now.name.clone()).or_default();
                held.kept = Arc::new(held.kept.union(&told).copied().collect());
            }
        }
        held_exports.retain(|_, held| *held != HeldPrefixes::default());
    }
    Current::new(Arc::new(set), config, held_exports)
}

/// What the peer was told that its rules of now do not tell it, in the families that it still has.
fn told_before(
    before: &Peer,
    held: Option<&HeldPrefixes>,
    now: &Peer,
    originations: &Originations,
) -> BTreeSet<Prefix> {
    let (told, tells) = (Exports::of(before, held), Exports::of(now, None));
    if told == tells {
        return BTreeSet::new();
    }
    let is_kept = |(prefix, origination): &(&Prefix, &Origination)| {
        now.families.contains(prefix.family()) && told.admit(prefix, origination) && !tells.admit(prefix, origination)
    };
    originations.iter().filter(is_kept).map(|(prefix, _)| *prefix).collect()
}
