//! One step from what is originated to what shall be: everything that is new at once, and of what goes only what the guard
//! lets pass.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::SystemTime;

use bgp_core::types::Prefix;

use super::audience::{Audience, HeldExports};
use super::guard::{Guard, GuardState, Hold, Verdict};
use super::losses::Losses;
use super::{OriginationSet, Owners, Plan};
use crate::config::Config;

/// What is originated, and by which configuration peers are told of it.
#[derive(Clone, Debug)]
pub struct Current {
    /// What is originated.
    pub set: Arc<OriginationSet>,
    /// By whose `[[peer]]` they are told.
    pub config: Arc<Config>,
    /// What the guard keeps them told of beyond that.
    pub held_exports: HeldExports,
}

/// A step that is computed and not done yet.
#[derive(Clone, Debug)]
pub struct Advance {
    /// What is originated after it: the target, and beside it what is held.
    pub next: Current,
    /// The difference for the table.
    pub change: Arc<Plan>,
    /// What the guard says, to be remembered when the step is done.
    pub verdict: Verdict,
}

/// The step from `current` (nothing, at first) to `target` with the peers of `config`, judged at `now`.
///
/// `released` is the hash of what a person lets go. What is held keeps its old origination, and the peers that would lose
/// it stay told of it whatever their `export` says; all that is announced, goes.
#[must_use]
pub fn advance(
    current: Option<&Current>,
    target: OriginationSet,
    config: Arc<Config>,
    guard: &Guard,
    released: Option<&str>,
    now: SystemTime,
) -> Advance {
    let owners =
        |prefix: &Prefix| current.map_or_else(Owners::default, |current| Owners::of(prefix, &current.set.snapshot));
    advance_with(owners, current, target, config, guard, released, now)
}

/// [`advance`] for somebody who does not have the snapshot that `current` was made from: `owners` tells whose a prefix was.
#[must_use]
pub fn advance_with(
    owners: impl Fn(&Prefix) -> Owners,
    current: Option<&Current>,
    mut target: OriginationSet,
    config: Arc<Config>,
    guard: &Guard,
    released: Option<&str>,
    now: SystemTime,
) -> Advance {
    let Some(current) = current else {
        // Nothing is there that could be held.
        target.guard = GuardState { hold: None, ..guard.state().clone() };
        let change = Arc::new(Plan::from_nothing(&target.originations));
        let next = Current { set: Arc::new(target), config, held_exports: HeldExports::new() };
        return Advance { next, change, verdict: Verdict::default() };
    };
    let old = &current.set.originations;
    let mut change = Plan::between(old, &target.originations);
    let audiences = Audience::all(&current.config, &current.held_exports, &config);
    let losses = Losses::of(old, &target.originations, &change, &audiences);
    let verdict = guard.judge(&losses, &config.guard, owners, released, now);
    let mut held_exports = HeldExports::new();
    if let Some(hold) = &verdict.hold {
        change.withdraw.retain(|prefix| !hold.routes.contains_key(prefix));
        for prefix in hold.routes.keys() {
            let gone = !target.originations.contains_key(prefix);
            if let Some(origination) = old.get(prefix).filter(|_| gone) {
                let mut kept = origination.clone();
                // They are indices into the ranges of an older snapshot.
                kept.ranges.clear();
                target.originations.insert(*prefix, kept);
            }
        }
        held_exports = keep_told(hold, &target, &audiences);
    }
    let mut after = guard.clone();
    after.commit(&verdict, &config.guard, now);
    target.guard = after.state().clone();
    Advance { next: Current { set: Arc::new(target), config, held_exports }, change: Arc::new(change), verdict }
}

/// What peers must stay told of although their rules do not say so.
pub(super) fn keep_told(hold: &Hold, set: &OriginationSet, audiences: &[Audience]) -> HeldExports {
    let mut held: BTreeMap<String, BTreeSet<Prefix>> = BTreeMap::new();
    for audience in audiences {
        for (prefix, route) in &hold.routes {
            let Some(origination) = set.originations.get(prefix) else { continue };
            if audience.after.admit(prefix, origination) {
                continue;
            }
            for peer in audience.peers.iter().filter(|peer| route.peers.contains(peer)) {
                held.entry(peer.to_string()).or_default().insert(*prefix);
            }
        }
    }
    held.into_iter().map(|(peer, prefixes)| (peer, Arc::new(prefixes))).collect()
}
