//! Peers that take so many prefixes and no more (`max_prefixes_out`): how many each rule may make for their sake.
//!
//! An origination is one for all peers, so that a rule is coarsened for all of them when one has no room for what it makes.
//! One prefix of what a peer takes is left free, with which what changes shape is announced before it is withdrawn.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bgp_core::types::{AddressFamily, Prefix};

use super::audience::Exports;
use super::{Origination, OriginationSet, RuleOutcome, custom};
use crate::config::{Aggregation, Config, InUse, Peer};

/// What is given up when the exact cover has room again: so many percent of it must be left.
const SPARE_PERCENT: usize = 10;

/// A rule keeps a share of the room until that is less than so many percent of what would be its share by now.
const FAIR_PERCENT: usize = 75;

/// How many prefixes a rule may make, and for whose sake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Share {
    pub most: u32,
    pub peer: Arc<str>,
}

/// By the index of the rule; one that needs no bound is not in it.
pub(super) type Shares = BTreeMap<usize, Share>;

/// How each rule of a configuration aggregates with its share.
pub(super) fn aggregations(config: &Config, shares: &Shares) -> Vec<Aggregation> {
    let rules = config.advertise.iter().enumerate();
    rules.map(|(index, rule)| within(rule.aggregation, shares.get(&index))).collect()
}

fn within(aggregation: Aggregation, share: Option<&Share>) -> Aggregation {
    match (aggregation, share) {
        (Aggregation::InUse(wanted), Some(share)) => Aggregation::InUse(InUse {
            max_prefixes: Some(wanted.max_prefixes.map_or(share.most, |most| most.min(share.most))),
            keep_percent: match wanted.max_prefixes {
                Some(_) => wanted.keep_percent,
                None => wanted.keep_percent.max(InUse::KEEP_PERCENT),
            },
            ..wanted
        }),
        _ => aggregation,
    }
}

/// The peers of a configuration that take so many prefixes, each with how many it is told of at most.
fn limited(config: &Config) -> impl Iterator<Item = (&Peer, usize)> {
    config.limited_peers().map(|(peer, most)| (peer, most.saturating_sub(1)))
}

/// The shares of all rules, of which `set` is what they make with the shares of `last`.
pub(super) fn shares(config: &Config, set: &OriginationSet, last: &Shares) -> Shares {
    let mut all = Shares::new();
    for (peer, room) in limited(config) {
        let name: Arc<str> = Arc::from(peer.name.as_str());
        for (rule, most) in Demand::of(peer, config, set).shares(room, last) {
            let share = Share { most, peer: Arc::clone(&name) };
            let known = all.entry(rule).or_insert_with(|| share.clone());
            if share.most < known.most {
                *known = share;
            }
        }
    }
    all
}

/// What a peer is told by each rule, and would be told if there were room for everything.
#[derive(Debug)]
pub(super) struct Demand {
    /// By family, of all rules.
    told: BTreeMap<AddressFamily, usize>,
    /// What no bound makes fewer: custom ranges, and what other rules make.
    fixed: usize,
    /// By rule.
    wanted: BTreeMap<usize, usize>,
}

impl Demand {
    fn of(peer: &Peer, config: &Config, set: &OriginationSet) -> Self {
        let exports = Exports::of(peer, None);
        let mut demand = Self { told: BTreeMap::new(), fixed: 0, wanted: BTreeMap::new() };
        // They are not in the set yet. One that gives way to a subnet of the same prefix takes its room all the same.
        for prefix in custom::told(peer, &exports) {
            *demand.told.entry(prefix.family()).or_default() += 1;
            demand.fixed += 1;
        }
        let is_told = |(prefix, one): &(&Prefix, &Origination)| exports.admit(prefix, one);
        for (prefix, one) in set.originations.iter().filter(is_told) {
            *demand.told.entry(prefix.family()).or_default() += 1;
            let by_rule = one.rule.and_then(|rule| Some((rule, config.advertise.get(rule)?, set.rules.get(rule)?)));
            match by_rule.map(|(rule, advertise, outcome)| (rule, advertise.aggregation, outcome)) {
                Some((rule, Aggregation::InUse(wanted), outcome)) => {
                    demand.wanted.entry(rule).or_insert_with(|| by_itself(wanted.max_prefixes, outcome));
                }
                _ => demand.fixed += 1,
            }
        }
        demand
    }

    /// The shares that rules need for so much room.
    fn shares(&self, room: usize, last: &Shares) -> Vec<(usize, u32)> {
        let is_over = self.told.values().any(|told| *told > room);
        let known: BTreeMap<usize, usize> =
            self.wanted.keys().filter_map(|rule| Some((*rule, usize::try_from(last.get(rule)?.most).ok()?))).collect();
        let wanted: usize = self.wanted.values().sum();
        let fits = |wanted: usize, room: usize| wanted + self.fixed <= room;
        if !is_over && (known.is_empty() || fits(wanted, room.saturating_sub(room * SPARE_PERCENT / 100))) {
            return Vec::new();
        }
        let fair = divided(&self.wanted, room.saturating_sub(self.fixed));
        let is_fair =
            |(rule, fair): (&usize, &usize)| known.get(rule).is_some_and(|known| known * 100 >= fair * FAIR_PERCENT);
        let keeps = !is_over && fits(known.values().sum(), room) && fair.iter().all(is_fair);
        let shares = if keeps { known } else { fair };
        shares.into_iter().map(|(rule, most)| (rule, u32::try_from(most).unwrap_or(u32::MAX))).collect()
    }
}

/// How many prefixes a rule makes by itself.
fn by_itself(max_prefixes: Option<u32>, outcome: &RuleOutcome) -> usize {
    let exact = outcome.bound.and_then(|bound| usize::try_from(bound.exact).ok()).unwrap_or(outcome.prefixes);
    let most = max_prefixes.and_then(|most| usize::try_from(most).ok());
    most.map_or(exact, |most| most.min(exact))
}

/// The room in proportion to what is wanted, at least one for each.
fn divided(wanted: &BTreeMap<usize, usize>, room: usize) -> BTreeMap<usize, usize> {
    let all: usize = wanted.values().sum();
    let share = |wanted: usize| (room * wanted).checked_div(all).unwrap_or(0).max(1);
    let mut shares: BTreeMap<usize, usize> = wanted.iter().map(|(rule, wanted)| (*rule, share(*wanted))).collect();
    while shares.values().sum::<usize>() > room
        && let Some(largest) = shares.values_mut().filter(|share| **share > 1).max()
    {
        *largest -= 1;
    }
    shares
}

/// Whether what the rules make leaves each of the peers the room it had, without looking at every prefix.
#[derive(Clone, Debug)]
pub(super) struct Rooms {
    /// The peers, as they were configured.
    peers: Vec<Peer>,
    /// Of each: how many prefixes it can be told of, which rules it is told by, and what no rule makes.
    rooms: Vec<Room>,
}

#[derive(Clone, Debug)]
struct Room {
    most: usize,
    /// With the bound of their own that some have.
    rules: BTreeMap<usize, Option<u32>>,
    is_coarse: bool,
}

impl Rooms {
    /// The rooms beside what `set` comes to.
    pub fn of(config: &Config, set: &OriginationSet, shares: &Shares) -> Self {
        let room = |(peer, most): (&Peer, usize)| {
            let exports = Exports::of(peer, None);
            let told = set.originations.iter().filter(|(prefix, one)| exports.admit(prefix, one));
            let mut rules: BTreeSet<usize> = told.filter_map(|(_, one)| one.rule).collect();
            // One that makes nothing yet may make something that is told.
            rules.extend(set.rules.iter().enumerate().filter(|(_, rule)| rule.prefixes == 0).map(|(index, _)| index));
            let bound = |rule: &usize| match config.advertise.get(*rule)?.aggregation {
                Aggregation::InUse(wanted) => wanted.max_prefixes,
                Aggregation::SubnetRanges { .. } => None,
            };
            let rules: BTreeMap<usize, Option<u32>> = rules.into_iter().map(|rule| (rule, bound(&rule))).collect();
            let is_coarse = rules.keys().any(|rule| shares.contains_key(rule));
            let most = most.saturating_sub(custom::told(peer, &exports).len());
            Room { most, rules, is_coarse }
        };
        Self {
            peers: limited(config).map(|(peer, _)| peer.clone()).collect(),
            rooms: limited(config).map(room).collect(),
        }
    }

    /// Whether they are those of the same peers.
    pub fn are_of(&self, config: &Config) -> bool {
        self.peers.iter().eq(limited(config).map(|(peer, _)| peer))
    }

    /// Whether shares need not be looked at when the rules come to this.
    pub fn hold(&self, outcomes: &[RuleOutcome]) -> bool {
        self.rooms.iter().all(|room| {
            let outcomes = || room.rules.iter().filter_map(|(rule, bound)| Some((*bound, outcomes.get(*rule)?)));
            let made: usize = outcomes().map(|(_, outcome)| outcome.prefixes).sum();
            let exact: usize = outcomes().map(|(bound, outcome)| by_itself(bound, outcome)).sum();
            let fits_exactly = exact <= room.most.saturating_sub(room.most * SPARE_PERCENT / 100);
            made <= room.most && !(room.is_coarse && fits_exactly)
        })
    }
}
