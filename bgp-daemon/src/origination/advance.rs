//! One step from what is originated to what shall be: everything that is new at once, and of what goes only what the guard
//! lets pass.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::SystemTime;

use bgp_core::types::Prefix;

use super::audience::{Audience, Exports, HeldExports};
use super::coverage::{overlapping, uncovered};
use super::guard::{Guard, GuardState, Hold, Verdict, is_protected};
use super::losses::Losses;
use super::sizes::Sizes;
use super::{Origination, OriginationSet, Originations, Owners, Plan};
use crate::config::{Config, HeldPrefixes, Peer};

/// What is originated, and by which configuration peers are told of it.
#[derive(Clone, Debug)]
pub struct Current {
    /// What is originated.
    pub set: Arc<OriginationSet>,
    /// By whose `[[peer]]` they are told.
    pub config: Arc<Config>,
    /// What the guard changes in that.
    pub held_exports: HeldExports,
    /// How much that is, as far as it was counted.
    pub(super) sizes: Sizes,
}

impl Current {
    /// What is originated, of which nothing was counted yet.
    #[must_use]
    pub fn new(set: Arc<OriginationSet>, config: Arc<Config>, held_exports: HeldExports) -> Self {
        Self { set, config, held_exports, sizes: Sizes::default() }
    }

    /// Whose the addresses of `prefix` are.
    #[must_use]
    pub fn owners(&self, prefix: &Prefix) -> Owners {
        Owners::of(prefix, &self.set.snapshot)
    }
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
    let owners = |prefix: &Prefix| current.map_or_else(Owners::default, |current| current.owners(prefix));
    advance_with(owners, |_, _| None, current, target, config, guard, released, now)
}

/// [`advance`] for somebody who does not have the snapshot that `current` was made from: `owners` tells whose a prefix was.
/// And for somebody who can [`grow`](super::originate::grow()) the target, so that what is held is covered within the bounds of rules.
#[must_use]
#[allow(clippy::too_many_arguments, reason = "each is another thing, and there are two callers")]
pub(super) fn advance_with(
    owners: impl Fn(&Prefix) -> Owners,
    grow: impl FnOnce(&OriginationSet, &Hold) -> Option<Originations>,
    current: Option<&Current>,
    mut target: OriginationSet,
    config: Arc<Config>,
    guard: &Guard,
    released: Option<&str>,
    now: SystemTime,
) -> Advance {
    target.told_by = Arc::clone(&config.written);
    let Some(current) = current else {
        // Nothing is there that could be held.
        target.guard = GuardState { hold: None, ..guard.state().clone() };
        let change = Arc::new(Plan::from_nothing(&target.originations));
        let next = Current::new(Arc::new(target), config, HeldExports::new());
        return Advance { next, change, verdict: Verdict::default() };
    };
    let old = &current.set.originations;
    let mut change = Plan::between(old, &target.originations);
    let audiences = Audience::all(&current.config, &current.held_exports, &config);
    let mut sizes = current.sizes.clone();
    let losses = Losses::of(old, &target.originations, &change, &audiences, &config.guard.protected, &mut sizes);
    let mut verdict = guard.judge(&losses, &config.guard, owners, released, now);
    let mut held_exports = HeldExports::new();
    if let Some(hold) = verdict.hold.clone() {
        let beside = Beside::of(old, &target, &hold, &config);
        let grown = grow(&target, &hold).and_then(|grown| {
            let moved = hold.moved(|prefix, route| {
                let over =
                    overlapping(&grown, prefix).find(|(over, one)| over.covers(prefix) && *one.role == *route.role);
                over.map_or(*prefix, |(over, _)| *over)
            });
            let plan = Plan::between(old, &grown);
            let grown = OriginationSet { originations: grown, ..target.clone() };
            let grown = Beside::of(old, &grown, &moved, &config);
            // The bound of a rule is worth no address of anybody.
            grown.takes_nothing_that_has(&beside, &config).then_some((plan, moved, grown))
        });
        let beside = match grown {
            Some((plan, moved, grown)) => {
                change = plan;
                verdict.hold = Some(Arc::new(moved));
                grown
            }
            None => beside,
        };
        if let Some(hold) = &verdict.hold {
            change.withdraw.retain(|prefix| !hold.routes.contains_key(prefix));
        }
        (target.originations, held_exports) = (beside.originations, beside.held_exports);
    }
    let mut after = guard.clone();
    after.commit(&verdict, &config.guard, now);
    target.guard = after.state().clone();
    // What is held may lie in what is announced.
    let is_disjoint = current.set.guard.hold.is_none() && target.guard.hold.is_none();
    let sizes = if is_disjoint { sizes.after(old, &target.originations, &audiences) } else { Sizes::default() };
    let next = Current { set: Arc::new(target), config, held_exports, sizes };
    Advance { next, change: Arc::new(change), verdict }
}

/// A target with what is held beside it.
struct Beside {
    originations: Originations,
    held_exports: HeldExports,
}

impl Beside {
    fn of(old: &Originations, target: &OriginationSet, hold: &Hold, config: &Config) -> Self {
        let mut set = target.clone();
        for prefix in hold.routes.keys() {
            let gone = !set.originations.contains_key(prefix);
            if let Some(origination) = old.get(prefix).filter(|_| gone) {
                // They are indices into the ranges of an older snapshot.
                set.originations.insert(*prefix, origination.with(|kept| kept.ranges = Arc::default()));
            }
        }
        let held_exports = keep_told(hold, &set, config);
        Self { originations: set.originations, held_exports }
    }

    /// Whether every peer has by this a route of the same role for all that it has one for by `other`, nobody is told of
    /// more against its rules, and every protected prefix is there that is there by `other`.
    fn takes_nothing_that_has(&self, other: &Self, config: &Config) -> bool {
        let is_there = |prefix: &Prefix| self.originations.contains_key(prefix);
        let protected = |prefix: &Prefix| is_protected(prefix, &config.guard);
        let against_rules = |exports: &HeldExports, peer: &Peer| {
            exports.get(&peer.name).map(|held| Arc::clone(&held.kept)).unwrap_or_default()
        };
        config.peers.iter().filter(|peer| peer.enabled).all(|peer| {
            if !against_rules(&self.held_exports, peer).is_subset(&against_rules(&other.held_exports, peer)) {
                return false;
            }
            let tells = Exports::of(peer, self.held_exports.get(&peer.name));
            let told = Exports::of(peer, other.held_exports.get(&peer.name));
            let has_route = |prefix: &Prefix, role: &str| {
                let covers = |one: &(&Prefix, &Origination)| *one.1.role == *role && tells.admit(one.0, one.1);
                let over = overlapping(&self.originations, prefix).filter(covers);
                uncovered(prefix, over.map(|(prefix, _)| prefix)).is_none()
            };
            let mut told = other.originations.iter().filter(|(prefix, one)| told.admit(prefix, one));
            told.all(|(prefix, one)| has_route(prefix, &one.role))
        }) && other.originations.keys().filter(|prefix| protected(prefix)).all(is_there)
    }
}

/// What peers stay told of although their rules do not say so, and what they are not told of although the rules would:
/// what is held is told to those who had it.
pub(super) fn keep_told(hold: &Hold, set: &OriginationSet, config: &Config) -> HeldExports {
    let mut held = HeldExports::new();
    for peer in config.peers.iter().filter(|peer| peer.enabled) {
        let rules = Exports::of(peer, None);
        let (mut kept, mut withheld) = (BTreeSet::new(), BTreeSet::new());
        for (prefix, route) in &hold.routes {
            let Some(origination) = set.originations.get(prefix) else { continue };
            let had_it = route.peers.iter().any(|name| **name == *peer.name);
            match (had_it, rules.admit(prefix, origination)) {
                (true, false) => drop(kept.insert(*prefix)),
                (false, true) if route.everywhere => drop(withheld.insert(*prefix)),
                _ => {}
            }
        }
        if !(kept.is_empty() && withheld.is_empty()) {
            held.insert(peer.name.clone(), HeldPrefixes { kept: Arc::new(kept), withheld: Arc::new(withheld) });
        }
    }
    held
}
