//! What goes out to a peer that takes so many prefixes of a family and no more.
//!
//! It goes out in steps, each of which announces first and withdraws then. After each the peer has at least one prefix fewer
//! than it takes, so that the next one finds room to announce what covers others before it withdraws them, and to withdraw
//! what is split after its parts are there. Where what it is to have leaves that room, no address is without a route between
//! the steps, and the peer is never over its limit. What finds no room waits, and is counted.

use std::collections::{BTreeMap, BTreeSet};

use super::family_prefix::FamilyPrefix;
use crate::types::Prefix;

/// What of a peer's routes is pending.
#[derive(Debug)]
pub(super) struct Differing<N, R> {
    /// What it does not have and is to have.
    pub fresh: BTreeMap<N, R>,
    /// What it has and is to have no more.
    pub gone: BTreeMap<N, R>,
    /// What it has, says otherwise by now.
    pub again: Vec<R>,
}

/// Routes to announce, and then routes to withdraw.
#[derive(Debug)]
pub(super) struct Step<R> {
    /// To be announced first.
    pub announce: Vec<R>,
    /// To be withdrawn when that has gone out.
    pub withdraw: Vec<R>,
    /// What covers that and there was no room for before: to be announced by the next step, whatever else is.
    pub owed: Option<R>,
}

impl<R> Step<R> {
    /// How many routes it has.
    pub fn len(&self) -> usize {
        self.announce.len() + self.withdraw.len()
    }

    /// Of announcements alone.
    pub fn announcing(announce: Vec<R>) -> Self {
        Self { announce, withdraw: Vec::new(), owed: None }
    }

    fn withdrawing(withdraw: Vec<R>) -> Self {
        Self { announce: Vec::new(), withdraw, owed: None }
    }
}

/// The next step toward a peer that has `told` prefixes and takes `most`, of about `max_routes` routes; `None` when nothing
/// is pending for which there is room. `has` says whether it has a prefix, whatever becomes of that.
pub(super) fn next_step<N: FamilyPrefix, R: Copy>(
    differing: &Differing<N, R>,
    (told, most): (usize, usize),
    max_routes: usize,
    has: impl Fn(&N) -> bool,
) -> Option<Step<R>> {
    let Differing { fresh, gone, again } = differing;
    if !again.is_empty() {
        return Some(Step::announcing(again.iter().copied().take(max_routes).collect()));
    }
    let split: BTreeSet<N> = match gone.is_empty() {
        true => BTreeSet::new(),
        false => fresh.keys().flat_map(wider).filter(|net| gone.contains_key(net)).collect(),
    };
    let mut joined: BTreeMap<N, Vec<R>> = BTreeMap::new();
    let mut alone = Vec::new();
    for (net, row) in gone {
        match wider(net).find(|wider| fresh.contains_key(wider)) {
            _ if wider(net).any(|wider| has(&wider)) => alone.push(*row),
            Some(cover) => joined.entry(cover).or_default().push(*row),
            None if !split.contains(net) => alone.push(*row),
            None => {}
        }
    }
    if !alone.is_empty() {
        alone.truncate(max_routes);
        return Some(Step::withdrawing(alone));
    }
    let room = most.saturating_sub(told);
    let joins = joined.iter().filter_map(|(cover, parts)| Some((vec![*fresh.get(cover)?], parts.clone())));
    step_of(joins, room, max_routes)
        .or_else(|| {
            let beside =
                fresh.iter().filter(|(net, _)| gone.is_empty() || !wider(*net).any(|wider| gone.contains_key(&wider)));
            let beside: Vec<R> = beside.map(|(_, row)| *row).take(room.saturating_sub(1).min(max_routes)).collect();
            (!beside.is_empty()).then(|| Step::announcing(beside))
        })
        .or_else(|| {
            let mut parts: BTreeMap<N, Vec<R>> = BTreeMap::new();
            for (net, row) in fresh.iter().filter(|_| !gone.is_empty()) {
                if let Some(whole) = wider(net).find(|wider| gone.contains_key(wider)) {
                    parts.entry(whole).or_default().push(*row);
                }
            }
            step_of(
                parts.into_iter().filter_map(|(whole, parts)| Some((parts, vec![*gone.get(&whole)?]))),
                room,
                max_routes,
            )
        })
        // It has as many as it takes, which only a limit that was lowered brings about: the one way on.
        .or_else(|| {
            let (cover, parts) = joined.into_iter().next().filter(|_| room == 0)?;
            Some(Step { announce: Vec::new(), withdraw: parts, owed: fresh.get(&cover).copied() })
        })
}

/// The same where far more waits than the peer takes: `differing` has only the first of what is fresh, so that nobody knows
/// what may cover what. What is gone goes, for no route may stay that is none; then comes what finds room.
pub(super) fn next_of_surplus<N: FamilyPrefix, R: Copy>(
    differing: &Differing<N, R>,
    (told, most): (usize, usize),
    max_routes: usize,
) -> Option<Step<R>> {
    let first = |rows: &mut dyn Iterator<Item = R>, count: usize| rows.take(count).collect::<Vec<R>>();
    let gone = first(&mut differing.gone.values().copied(), max_routes);
    if !gone.is_empty() {
        return Some(Step::withdrawing(gone));
    }
    let again = first(&mut differing.again.iter().copied(), max_routes);
    let room = most.saturating_sub(told).saturating_sub(1);
    let announce =
        if again.is_empty() { first(&mut differing.fresh.values().copied(), room.min(max_routes)) } else { again };
    (!announce.is_empty()).then(|| Step::announcing(announce))
}

/// As many of what is announced and what is withdrawn for it as there is room for what is announced, about `max_routes`.
fn step_of<R>(parts: impl Iterator<Item = (Vec<R>, Vec<R>)>, room: usize, max_routes: usize) -> Option<Step<R>> {
    let mut step = Step { announce: Vec::new(), withdraw: Vec::new(), owed: None };
    for (announce, withdraw) in parts {
        if step.announce.len() + announce.len() <= room && (step.len() == 0 || step.len() < max_routes) {
            step.announce.extend(announce);
            step.withdraw.extend(withdraw);
        }
    }
    (step.len() > 0).then_some(step)
}

/// The prefixes that cover another, the widest first.
fn wider<N: FamilyPrefix>(net: &N) -> impl Iterator<Item = N> + use<N> {
    let prefix: Prefix = (*net).into();
    (0..prefix.len()).filter_map(move |len| N::of(&Prefix::new(prefix.network(), len).ok()?))
}
