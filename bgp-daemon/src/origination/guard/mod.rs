//! What holds back a plan that withdraws too much, until a person lets it go.
//!
//! Pure: it has no clock, and knows prefixes, names of peers and numbers only. What it remembers is one value,
//! [`GuardState`], that can be written down and taken up again.
//!
//! | step | function |
//! |---|---|
//! | what a plan takes away, to what passes and what is held | [`Guard::judge`] |
//! | what was judged is done: it counts from now on | [`Guard::commit`] |
//! | a person lets go what is held | [`Guard::judge`] with the hash |
//!
//! A withdrawal that leaves every address covered by other originations of its role, for everybody who loses it, changes
//! only the shape of what is announced: it passes and counts for nothing. Announcements are never held.

mod budget;
mod hold;
mod window;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use bgp_core::policy::PrefixRange;
use bgp_core::types::Prefix;
use serde::{Deserialize, Serialize};

pub use budget::{Budget, Reason};
pub(super) use hold::digest;
pub use hold::{HeldRoute, Hold};
pub use window::{Tallies, Tally, Window};

use super::losses::{Loss, Losses};
use super::{Addresses, Owners};
use crate::config;

/// All that the guard remembers: what to write down so that a restart does not forget it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GuardState {
    /// What was withdrawn lately.
    pub window: Window,
    /// What is held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<Arc<Hold>>,
}

impl GuardState {
    /// The same, taken up again at `now` after it was written down; a clock that was set back does not keep it for ever.
    #[must_use]
    pub fn restored(self, now: SystemTime) -> Self {
        Self { window: self.window.restored(now), hold: self.hold }
    }
}

/// What becomes of a plan's withdrawals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// What is held once the plan is done; `None` when all of it passes.
    pub hold: Option<Arc<Hold>>,
    /// What passes and counts, by the peer's name.
    pub passing: Tallies,
    /// What passes because it was released.
    pub released: Vec<Prefix>,
    /// What that comes to, by the peer's name: it counts for no budget, and no budget is measured by it any more.
    pub let_go: Tallies,
}

impl Verdict {
    /// Whether the withdrawal of `prefix` is held.
    #[must_use]
    pub fn holds(&self, prefix: &Prefix) -> bool {
        self.hold.as_ref().is_some_and(|hold| hold.routes.contains_key(prefix))
    }
}

/// Judges plans by what went before.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    state: GuardState,
}

impl Guard {
    /// A guard that remembers `state`.
    #[must_use]
    pub const fn new(state: GuardState) -> Self {
        Self { state }
    }

    /// What it remembers.
    #[must_use]
    pub const fn state(&self) -> &GuardState {
        &self.state
    }

    /// What of a plan passes at `now`. Nothing is remembered yet.
    ///
    /// What was held stays held as long as the plan withdraws it, whatever the budgets are by now, unless `released` is its
    /// hash. What is new passes or is held as a whole; the protected is held by itself. `owners` tells whose a prefix was.
    #[must_use]
    pub fn judge(
        &self,
        losses: &Losses,
        budgets: &config::Guard,
        owners: impl Fn(&Prefix) -> Owners,
        released: Option<&str>,
        now: SystemTime,
    ) -> Verdict {
        if !budgets.enabled {
            return Verdict::default();
        }
        let old = self.state.hold.as_deref();
        let (mut verdict, mut routes, mut fresh) = (Verdict::default(), BTreeMap::new(), Vec::new());
        let mut let_go = Vec::new();
        let (mut reasons, mut protected_count) = (Vec::new(), 0_usize);
        for (prefix, loss) in &losses.withdrawals {
            let protected = is_protected(prefix, budgets) || loss.takes_protected;
            if loss.is_covered() && !protected {
                continue;
            }
            let before = old.and_then(|hold| hold.routes.get(prefix));
            let route = |owners| HeldRoute::new(loss, losses, protected, owners);
            match before {
                Some(before) => {
                    // Others may be told of another role by now: it is held for what it was.
                    let route = HeldRoute { role: before.role.clone(), ..route(before.owners.clone()) };
                    let is_released = old.is_some_and(|hold| released == Some(&hold.hash)) && route.is_within(before);
                    match is_released {
                        true => let_go.push((*prefix, loss)),
                        false => drop(routes.insert(*prefix, route)),
                    }
                }
                None if protected => {
                    protected_count += 1;
                    routes.insert(*prefix, route(owners(prefix)));
                }
                None => fresh.push((*prefix, loss)),
            }
        }
        verdict.released = let_go.iter().map(|(prefix, _)| *prefix).collect();
        verdict.let_go = tallies(losses, &let_go);
        reasons.extend(protected_reason(protected_count));
        let (tallies, beyond) = self.weigh(losses, &fresh, budgets, now);
        match beyond.is_empty() {
            true => verdict.passing = tallies,
            false => {
                let held = fresh
                    .into_iter()
                    .map(|(prefix, loss)| (prefix, HeldRoute::new(loss, losses, false, owners(&prefix))));
                routes.extend(held);
                reasons.extend(beyond);
            }
        }
        if !routes.is_empty() {
            let is_news = |one: &&Reason| !reasons.iter().any(|new| (new.budget, &new.peer) == (one.budget, &one.peer));
            let earlier: Vec<Reason> =
                old.into_iter().flat_map(|hold| &hold.reasons).filter(is_news).cloned().collect();
            reasons.extend(earlier);
            let since = old.map_or(now, |hold| hold.since);
            verdict.hold = Some(Arc::new(Hold::new(since, reasons, routes)));
        }
        verdict
    }

    /// What `fresh` comes to for each peer, and the limits that it goes beyond together with what went before.
    fn weigh(
        &self,
        losses: &Losses,
        fresh: &[(Prefix, &Loss)],
        budgets: &config::Guard,
        now: SystemTime,
    ) -> (Tallies, Vec<Reason>) {
        let tallies = tallies(losses, fresh);
        let mut beyond = Vec::new();
        for (scope, tally) in &tallies {
            let mut total = self.state.window.total(scope, budgets.window, now);
            total += *tally;
            beyond.extend(budget::exceeded(&total, Some(scope.as_str()).filter(|name| !name.is_empty()), budgets));
        }
        (tallies, beyond)
    }

    /// The budgets that it would go beyond if `tally` were lost to everybody at `now`, with these prefixes.
    pub(super) fn beyond<'a>(
        &self,
        tally: &Tally,
        prefixes: impl Iterator<Item = &'a Prefix>,
        budgets: &config::Guard,
        now: SystemTime,
    ) -> Vec<Reason> {
        let mut total = self.state.window.total("", budgets.window, now);
        total += *tally;
        let mut beyond = budget::exceeded(&total, None, budgets);
        beyond.extend(protected_reason(prefixes.filter(|prefix| holds_protected(prefix, budgets)).count()));
        beyond
    }

    /// Counts what goes at `now` without being routes of a plan.
    pub fn count(&mut self, passing: &Tallies, budgets: &config::Guard, now: SystemTime) {
        self.state.window.add(passing, budgets.window, now);
    }

    /// Measures by what a person let go no more.
    pub fn forget(&mut self, let_go: &Tallies) {
        self.state.window.forget(let_go);
    }

    /// Remembers what was judged at `now` and is done.
    pub fn commit(&mut self, verdict: &Verdict, budgets: &config::Guard, now: SystemTime) {
        self.state.window.forget(&verdict.let_go);
        self.state.window.add(&verdict.passing, budgets.window, now);
        self.state.hold.clone_from(&verdict.hold);
    }
}

/// Whether a protected prefix can lie in it, or is it.
fn holds_protected(prefix: &Prefix, budgets: &config::Guard) -> bool {
    let can = |range: &PrefixRange| range.prefix().overlaps(prefix) && prefix.len() <= range.max_len();
    budgets.protected.iter().any(can)
}

pub(super) fn is_protected(prefix: &Prefix, budgets: &config::Guard) -> bool {
    budgets.protected.iter().any(|range| range.contains(prefix))
}

/// Why so many protected prefixes are held; nothing when there are none.
fn protected_reason(count: usize) -> Option<Reason> {
    let wanted = u128::try_from(count).unwrap_or(u128::MAX);
    (count > 0).then_some(Reason { budget: Budget::Protected, peer: None, wanted, allowed: 0, of: wanted })
}

/// What withdrawals come to for each peer.
fn tallies(losses: &Losses, withdrawals: &[(Prefix, &Loss)]) -> Tallies {
    let mut by_scope: BTreeMap<usize, Tally> = BTreeMap::new();
    let lost = withdrawals.iter().flat_map(|(_, loss)| {
        let is_custom = loss.is_custom;
        loss.scopes.iter().map(move |(index, lost)| (*index, *lost, is_custom))
    });
    for (index, lost, is_custom) in lost {
        let Some(scope) = losses.scopes.get(index).filter(|_| !lost.is_none()) else { continue };
        let lost = if is_custom { Addresses::NONE } else { lost };
        let tally = by_scope.entry(index).or_insert_with(|| Tally::nothing_of(&scope.size));
        *tally += Tally { prefixes: 1, lost, ..Tally::default() };
    }
    let mut tallies = Tallies::new();
    for (index, tally) in by_scope {
        let peers = losses.scopes.get(index).map(|scope| scope.peers.as_slice()).unwrap_or_default();
        match peers {
            [] => drop(tallies.insert(String::new(), tally)),
            peers => tallies.extend(peers.iter().map(|peer| (peer.to_string(), tally))),
        }
    }
    tallies
}
