//! A step as people read it: every route that changes, for whom, why, and whose addresses it is about.

mod reasons;

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use bgp_core::attribute::PathAttributes;
use bgp_core::policy::Policy;
use bgp_core::types::Prefix;
use serde::{Deserialize, Serialize};

use super::audience::{Exports, HeldExports};
use super::coverage::{overlapping, uncovered};
use super::{Addresses, Advance, Current, Origination, OriginationSet, Originations, Owners};
use crate::config::{Config, Peer};

/// All that a step changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// What changes and what is held, ascending by prefix.
    pub routes: Vec<RouteChange>,
    /// What that comes to for each peer that is enabled before or after.
    pub peers: Vec<PeerTotals>,
    /// Addresses that get a route.
    pub gained: Addresses,
    /// Addresses that lose theirs.
    pub lost: Addresses,
    /// Prefixes that are originated before.
    pub originated_before: usize,
    /// Prefixes that are originated after.
    pub originated_after: usize,
}

/// One prefix that changes for somebody, or is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RouteChange {
    /// The prefix.
    pub prefix: String,
    /// What becomes of it.
    pub change: ChangeKind,
    /// What is originated before; absent when it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<RouteFacts>,
    /// What is originated after; absent when it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<RouteFacts>,
    /// Peers that get it.
    pub announced_to: Vec<Arc<str>>,
    /// Peers that lose it.
    pub withdrawn_from: Vec<Arc<str>>,
    /// Peers for which its attributes change.
    pub changed_for: Vec<Arc<str>>,
    /// Why, one line each.
    pub reasons: Vec<String>,
    /// Whose addresses they are: those that it has, or had.
    pub owners: Owners,
}

/// What becomes of a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ChangeKind {
    /// It is originated, and was not.
    Announce,
    /// It is no longer originated.
    Withdraw,
    /// It is originated otherwise, or told to others.
    Change,
    /// It would go, and the guard holds it.
    Held,
}

/// What a route carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RouteFacts {
    /// What its addresses are for.
    pub role: String,
    /// MULTI_EXIT_DISC; absent for each peer's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub med: Option<u32>,
    /// Communities.
    pub communities: Vec<String>,
    /// Large communities.
    pub large_communities: Vec<String>,
    /// What its region adds to each peer's own MULTI_EXIT_DISC; absent for nothing.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cost: u32,
    /// The index of the `[[advertise]]` that makes it; absent for a custom range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<usize>,
}

impl RouteFacts {
    /// Those of an origination.
    #[must_use]
    pub fn of(origination: &Origination) -> Self {
        let attributes = &origination.attributes;
        Self {
            role: origination.role.to_string(),
            med: attributes.multi_exit_disc,
            communities: attributes.communities.iter().map(ToString::to_string).collect(),
            large_communities: attributes.large_communities.iter().map(ToString::to_string).collect(),
            cost: origination.cost,
            rule: origination.rule,
        }
    }
}

/// Whether a number is left out of what is written.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks in this way")]
pub(crate) const fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// What a step comes to for one peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PeerTotals {
    /// Its name.
    pub name: Arc<str>,
    /// Routes that it gets.
    pub announced: usize,
    /// Routes that it loses.
    pub withdrawn: usize,
    /// Routes whose attributes change.
    pub changed: usize,
    /// Addresses that get a route.
    pub gained: Addresses,
    /// Addresses that lose theirs.
    pub lost: Addresses,
}

/// What a peer is told, with what of it is the same for every route.
#[derive(Clone, Debug, PartialEq)]
struct Told {
    exports: Exports,
    /// What is done to what leaves.
    policy: Policy,
    med: u32,
    next_hops: (Option<Ipv4Addr>, Option<Ipv6Addr>),
}

impl Told {
    fn of(peer: &Peer, held: &HeldExports) -> Self {
        Self {
            exports: Exports::of(peer, held.get(&peer.name)),
            policy: peer.export_policy_with(|_| None, held.get(&peer.name)),
            med: peer.advertised_route_priority,
            next_hops: (peer.next_hop_self_v4, peer.next_hop_self_v6),
        }
    }

    /// Whether a peer that is told of `prefix` both ways is told the same of it.
    fn is_same(&self, prefix: &Prefix, route: &Origination, other: &Self, then: &Origination) -> bool {
        let sent = |told: &Self, one: &Origination| {
            let sent = told.policy.evaluate(prefix, &one.source(), &one.attributes).attributes;
            let med = sent.multi_exit_disc.unwrap_or(told.med);
            (med, sent)
        };
        let ((med, one), (other_med, another)) = (sent(self, route), sent(other, then));
        let communities = |sent: &PathAttributes| (sent.communities.clone(), sent.large_communities.clone());
        med == other_med
            && self.next_hops == other.next_hops
            && (Arc::ptr_eq(&one, &another) || communities(&one) == communities(&another))
    }
}

/// Peers that were told the same and will be.
struct Group {
    peers: Vec<Arc<str>>,
    before: Option<Told>,
    after: Option<Told>,
    totals: PeerTotals,
}

/// What `step` changes of `current`. `owners` tells whose a prefix was before.
///
/// Looks at what changes only, unless peers are told by other rules: then at everything.
#[must_use]
pub fn report(current: Option<&Current>, step: &Advance, owners: impl Fn(&Prefix) -> Owners) -> Report {
    let nothing = Originations::new();
    let old = current.map_or(&nothing, |current| &current.set.originations);
    let new = &step.next.set.originations;
    let mut groups = groups(current, &step.next);
    let hold = step.verdict.hold.as_deref();
    let mut candidates: BTreeSet<Prefix> = step.change.withdraw.iter().copied().collect();
    candidates.extend(step.change.announce.keys());
    candidates.extend(hold.into_iter().flat_map(|hold| hold.routes.keys().copied()));
    if groups.iter().any(|group| group.before != group.after) {
        candidates.extend(old.keys().chain(new.keys()).copied());
    }
    let mut report = Report { originated_before: old.len(), originated_after: new.len(), ..Report::default() };
    for prefix in candidates {
        let (before, after) = (old.get(&prefix), new.get(&prefix));
        if before.is_none() {
            report.gained += uncovered(&prefix, overlapping(old, &prefix).map(|(prefix, _)| prefix));
        }
        if after.is_none() {
            report.lost += uncovered(&prefix, overlapping(new, &prefix).map(|(prefix, _)| prefix));
        }
        let mut change = RouteChange {
            prefix: prefix.to_string(),
            change: ChangeKind::Change,
            before: before.map(RouteFacts::of),
            after: after.map(RouteFacts::of),
            announced_to: Vec::new(),
            withdrawn_from: Vec::new(),
            changed_for: Vec::new(),
            reasons: Vec::new(),
            owners: Owners::default(),
        };
        for group in &mut groups {
            group.weigh(&prefix, (old, before), (new, after), &mut change);
        }
        let held = hold.and_then(|hold| hold.routes.get(&prefix));
        let untouched =
            change.announced_to.is_empty() && change.withdrawn_from.is_empty() && change.changed_for.is_empty();
        change.change = match (before, after, held) {
            (None, Some(_), _) => ChangeKind::Announce,
            (Some(_), None, _) => ChangeKind::Withdraw,
            (_, _, Some(_)) if untouched => ChangeKind::Held,
            (Some(before), Some(after), _) if untouched && before.is_same_route(after) => continue,
            _ => ChangeKind::Change,
        };
        change.owners = match (after.filter(|_| held.is_none()), held) {
            (Some(_), _) => Owners::of(&prefix, &step.next.set.snapshot),
            (None, Some(held)) => held.owners.clone(),
            (None, None) => owners(&prefix),
        };
        change.reasons = reasons::of(&prefix, &change, old, &step.next.set, held);
        report.routes.push(change);
    }
    let totals = |group: Group| {
        let named = move |name: &Arc<str>| PeerTotals { name: Arc::clone(name), ..group.totals.clone() };
        group.peers.iter().map(named).collect::<Vec<_>>()
    };
    report.peers = groups.into_iter().flat_map(totals).collect();
    report
}

type Side<'a> = (&'a Originations, Option<&'a Origination>);

impl Group {
    /// What the prefix comes to for these peers.
    fn weigh(&mut self, prefix: &Prefix, (old, before): Side<'_>, (new, after): Side<'_>, change: &mut RouteChange) {
        let had = self.before.as_ref().zip(before).filter(|(told, one)| told.exports.admit(prefix, one));
        let has = self.after.as_ref().zip(after).filter(|(told, one)| told.exports.admit(prefix, one));
        let cover = |all, told: &Option<Told>| {
            let tells =
                |one: &(&Prefix, &Origination)| told.as_ref().is_some_and(|told| told.exports.admit(one.0, one.1));
            uncovered(prefix, overlapping(all, prefix).filter(tells).map(|(prefix, _)| prefix))
        };
        match (had, has) {
            (None, Some(_)) => {
                self.totals.announced += 1;
                self.totals.gained += cover(old, &self.before);
                change.announced_to.extend(self.peers.iter().cloned());
            }
            (Some(_), None) => {
                self.totals.withdrawn += 1;
                self.totals.lost += cover(new, &self.after);
                change.withdrawn_from.extend(self.peers.iter().cloned());
            }
            (Some((then, before)), Some((now, after))) if !then.is_same(prefix, before, now, after) => {
                self.totals.changed += 1;
                change.changed_for.extend(self.peers.iter().cloned());
            }
            _ => {}
        }
    }
}

fn groups(current: Option<&Current>, next: &Current) -> Vec<Group> {
    let enabled = |config: &Config, name: &str| config.peer(name).filter(|peer| peer.enabled).cloned();
    let side = |current: &Current, name: &str| {
        enabled(&current.config, name).map(|peer| Told::of(&peer, &current.held_exports))
    };
    let mut names: Vec<&str> = next.config.peers.iter().map(|peer| peer.name.as_str()).collect();
    let gone = current.into_iter().flat_map(|current| current.config.peers.iter().map(|peer| peer.name.as_str()));
    names.extend(gone.filter(|name| next.config.peer(name).is_none()));
    let mut groups: Vec<Group> = Vec::new();
    for name in names {
        let (before, after) = (current.and_then(|current| side(current, name)), side(next, name));
        if before.is_none() && after.is_none() {
            continue;
        }
        let name: Arc<str> = Arc::from(name);
        match groups.iter_mut().find(|group| group.before == before && group.after == after) {
            Some(group) => group.peers.push(name),
            None => {
                let totals = PeerTotals {
                    name: Arc::clone(&name),
                    announced: 0,
                    withdrawn: 0,
                    changed: 0,
                    gained: Addresses::NONE,
                    lost: Addresses::NONE,
                };
                groups.push(Group { peers: vec![name], before, after, totals });
            }
        }
    }
    groups
}

/// What is originated, as [`advance`](super::advance()) takes it, for somebody who knows the routes and not the snapshot.
#[must_use]
pub fn current_of(set: OriginationSet, config: Arc<Config>) -> Current {
    let held_exports = match &set.guard.hold {
        Some(hold) => super::advance::keep_told(hold, &set, &config),
        None => HeldExports::new(),
    };
    Current::new(Arc::new(set), config, held_exports)
}
