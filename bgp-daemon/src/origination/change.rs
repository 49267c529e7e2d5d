//! The same target from what has changed: exact covers of the last one, with blocks taken out and put in where something is
//! allocated otherwise, and covers under a bound, whose memory is told of nothing else.
//!
//! Only while rules and ranges are as they were, and no rule covers exactly what is held down too. Anything else is for the full
//! way, which stays the one that says what is right.

use std::sync::Arc;

use bgp_core::attribute::PathAttributes;
use bgp_core::types::Prefix;

use super::aggregation::{Aggregates, Kind, Memory, Moment, allocated};
use super::coverage::{addresses, joined};
use super::explain::span;
use super::originate::{attributes, members_by_kind, originated};
use super::room::{Rooms, Shares};
use super::{Originated, Origination, OriginationSet, Originations, RuleOutcome, Treatment, cost, room};
use crate::config::{AdvertiseRule, Aggregation, Config, InUse, InterRegionCosts, RangeRoleRule};
use crate::inventory::{Allocations, Range, Snapshot};
use crate::shared_map::Change;

/// So many changes are always worth the way along them; of more than that, those of an eighth of all that is originated.
const FEW: usize = 1000;

/// What was made last, without what is held, and by which rules.
#[derive(Clone, Debug)]
pub(super) struct Last {
    target: OriginationSet,
    advertise: Vec<AdvertiseRule>,
    attributes: Vec<Arc<PathAttributes>>,
    /// How each of them aggregates for the sake of peers.
    aggregation: Vec<Aggregation>,
    rooms: Rooms,
    range_roles: Vec<RangeRoleRule>,
    region: Option<String>,
    costs: InterRegionCosts,
}

impl Last {
    pub fn new(target: OriginationSet, config: &Config, shares: &Shares) -> Self {
        Self {
            aggregation: room::aggregations(config, shares),
            rooms: Rooms::of(config, &target, shares),
            target,
            advertise: config.advertise.clone(),
            attributes: config.advertise.iter().map(|rule| Arc::new(attributes(rule))).collect(),
            range_roles: config.range_roles.clone(),
            region: config.router.region.clone(),
            costs: config.router.inter_region.clone(),
        }
    }

    /// Goes on from this target, made by the same rules.
    pub fn follow(&mut self, target: OriginationSet) {
        self.target = target;
    }

    /// Whether the rules of `config` are those of then, and ones that can be followed by what changes.
    pub fn is_by(&self, config: &Config) -> bool {
        // An exact cover of what is held down too is made anew.
        let can_change = |aggregation: &Aggregation| match aggregation {
            Aggregation::InUse(wanted) => *wanted == InUse::EXACT || !wanted.is_exact(),
            Aggregation::SubnetRanges { .. } => true,
        };
        self.advertise == config.advertise
            && self.range_roles == config.range_roles
            && self.region == config.router.region
            && self.costs == config.router.inter_region
            && self.rooms.are_of(config)
            && self.aggregation.iter().all(can_change)
    }

    /// What `snapshot` comes to by the same rules; `None` where that takes the full way.
    pub fn change(&self, snapshot: &Arc<Snapshot>, memory: &mut Memory, moment: Moment<'_>) -> Option<OriginationSet> {
        let before = &self.target.snapshot.ranges;
        let is_the_same = |(old, new): (&Range, &Range)| {
            old.prefix == new.prefix && old.name == new.name && old.subnetwork == new.subnetwork
        };
        if before.len() != snapshot.ranges.len() || !before.iter().zip(&snapshot.ranges).all(is_the_same) {
            return None;
        }
        let differing = self.differing(&snapshot.ranges)?;
        let mut target = OriginationSet { snapshot: Arc::clone(snapshot), ..self.target.clone() };
        for (index, region) in regions(&differing) {
            let (old, new) = (before.get(index)?, snapshot.ranges.get(index)?);
            let outcome = target.ranges.get(index)?;
            let Treatment::Advertised { rule } = outcome.treatment else { continue };
            let (aggregation, attributes) = (self.aggregation.get(rule)?, self.attributes.get(rule)?);
            let kind = Kind { role: Arc::clone(&outcome.role), cost: outcome.cost };
            let rule_outcome = target.rules.get_mut(rule)?;
            let (was_in_use, in_use) = (in_use(old, &region), in_use(new, &region));
            rule_outcome.allocated = rule_outcome.allocated - addresses(&was_in_use);
            rule_outcome.allocated += addresses(&in_use);
            let ranges = &snapshot.ranges;
            let attributes = Arc::clone(attributes);
            let mut cover =
                Cover { all: &mut target.originations, outcome: rule_outcome, ranges, rule, kind, attributes };
            match aggregation {
                Aggregation::InUse(wanted) if wanted.is_exact() => cover.set(&region, &in_use),
                Aggregation::InUse(_) => {}
                Aggregation::SubnetRanges { while_allocated: false } => {}
                Aggregation::SubnetRanges { while_allocated: true } => {
                    cover.set_whole(&new.prefix, allocated(new).next().is_some());
                }
            }
        }
        for (rule, aggregation) in self.aggregation.iter().enumerate() {
            if let Aggregation::InUse(wanted) = aggregation
                && !wanted.is_exact()
            {
                self.change_bounded(rule, wanted, &differing, &mut target, memory, moment)?;
            }
        }
        self.rooms.hold(&target.rules).then_some(target)
    }

    /// Follows with the cover of a bounded rule, which may change with time alone.
    fn change_bounded(
        &self,
        rule: usize,
        wanted: &InUse,
        differing: &[(usize, Prefix)],
        target: &mut OriginationSet,
        memory: &mut Memory,
        moment: Moment<'_>,
    ) -> Option<()> {
        let (ranges, outcomes) = (&target.snapshot.ranges, &target.ranges);
        let is_ours = |index: &usize| {
            outcomes.get(*index).is_some_and(|outcome| outcome.treatment == Treatment::Advertised { rule })
        };
        let ours = differing.iter().filter(|(index, _)| is_ours(index));
        let is_allocated = |(index, prefix): &(usize, Prefix)| {
            let first = ranges.get(*index)?.allocations.from(|one| one.prefix < *prefix).next();
            Some((*prefix, first.is_some_and(|(one, ())| one.prefix == *prefix)))
        };
        let ours: Vec<(Prefix, bool)> = ours.filter_map(is_allocated).collect();
        let members = members_by_kind(rule, ranges, outcomes);
        let before = memory.made(rule)?;
        let Aggregates { all, bound, mut faults } = memory.change(rule, wanted, &members, &ours, moment)?;
        let costs = (self.region.as_deref(), &self.costs);
        faults.extend(cost::faults((rule, self.advertise.get(rule)?), ranges, outcomes, costs));
        let made = originated(rule, self.attributes.get(rule)?, all);
        let outcome = target.rules.get_mut(rule)?;
        *outcome = RuleOutcome {
            prefixes: made.len(),
            covered: addresses(made.keys()),
            allocated: outcome.allocated,
            bound,
            for_peer: outcome.for_peer.clone(),
            faults,
        };
        for prefix in before.iter().filter(|prefix| !made.contains_key(prefix)) {
            target.originations.remove(prefix);
        }
        for (prefix, one) in &made {
            if target.originations.get(prefix) != Some(one) {
                target.originations.insert(*prefix, one.clone());
            }
        }
        Some(())
    }

    /// What is allocated otherwise, each in the range of this index; ascending. `None` when that is so much that the full way
    /// is the shorter one.
    fn differing(&self, ranges: &[Range]) -> Option<Vec<(usize, Prefix)>> {
        let most = FEW.max(self.target.originations.len() / 8);
        let mut all: Vec<(usize, Prefix)> = Vec::new();
        for (index, (old, new)) in self.target.snapshot.ranges.iter().zip(ranges).enumerate() {
            for prefix in differing(&old.allocations, &new.allocations).filter(|prefix| new.prefix.covers(prefix)) {
                if all.last().is_some_and(|(_, last)| last == prefix) {
                    continue;
                }
                if all.len() >= most {
                    return None;
                }
                all.push((index, *prefix));
            }
        }
        Some(all)
    }
}

/// Those that lie in no other. Ascending, what lies in others comes right after them.
fn regions(differing: &[(usize, Prefix)]) -> Vec<(usize, Prefix)> {
    let mut regions: Vec<(usize, Prefix)> = Vec::new();
    for (index, prefix) in differing {
        if !regions.last().is_some_and(|(_, last)| last.covers(prefix)) {
            regions.push((*index, *prefix));
        }
    }
    regions
}

/// The prefixes that are allocated in one of the two alone, to anybody; ascending.
fn differing<'a>(old: &'a Allocations, new: &'a Allocations) -> impl Iterator<Item = &'a Prefix> {
    let differs = |change: &Change<'_, _, ()>| change.before.is_some() != change.after.is_some();
    old.changes(new).filter(differs).map(|change| &change.key.prefix)
}

/// What of `region` is allocated in `range`: the fewest prefixes, ascending.
fn in_use(range: &Range, region: &Prefix) -> Vec<Prefix> {
    let (found, _) = span::allocations(&range.allocations, &range.prefix, region, usize::MAX);
    match found.first() {
        Some(widest) if widest.prefix.covers(region) => vec![*region],
        _ => joined(found.iter().map(|one| &one.prefix)).collect(),
    }
}

/// The originations of one rule and one kind among all, which are disjoint.
struct Cover<'a> {
    all: &'a mut Originations,
    outcome: &'a mut RuleOutcome,
    ranges: &'a [Range],
    rule: usize,
    kind: Kind,
    attributes: Arc<PathAttributes>,
}

impl Cover<'_> {
    /// Covers `blocks` of `region` and nothing else of it, and outside of it what is covered already, by the fewest
    /// prefixes.
    fn set(&mut self, region: &Prefix, blocks: &[Prefix]) {
        let around = (0..=region.len()).filter_map(|length| Prefix::new(region.network(), length).ok());
        match around.into_iter().find(|around| self.has(around)) {
            Some(_) if blocks == [*region] => return,
            Some(around) => self.split(around, region),
            None => {
                let inside = self.all.after(region).map(|(prefix, _)| *prefix);
                let inside: Vec<Prefix> = inside.take_while(|prefix| region.covers(prefix)).collect();
                if inside == blocks {
                    return;
                }
                inside.iter().for_each(|prefix| self.take(prefix));
            }
        }
        blocks.iter().for_each(|block| self.put(*block));
    }

    /// Covers a range as a whole, or not at all, whatever lies beside it.
    fn set_whole(&mut self, range: &Prefix, is_covered: bool) {
        match is_covered {
            true if self.has(range) => {}
            true => self.add(*range),
            false => self.take(range),
        }
    }

    fn has(&self, prefix: &Prefix) -> bool {
        let Kind { role, cost } = &self.kind;
        self.all.get(prefix).is_some_and(|one| one.rule == Some(self.rule) && one.role == *role && one.cost == *cost)
    }

    /// Leaves of `around` all but `region`.
    fn split(&mut self, around: Prefix, region: &Prefix) {
        self.take(&around);
        let within = (around.len() + 1..=region.len()).filter_map(|length| Prefix::new(region.network(), length).ok());
        for half in within.filter_map(|half| sibling(&half)) {
            self.add(half);
        }
    }

    /// Puts a block in, joined with what it makes a whole with.
    fn put(&mut self, mut block: Prefix) {
        while let Some(other) = sibling(&block).filter(|other| self.has(other))
            && let Some(both) = parent(&block)
        {
            self.take(&other);
            block = both;
        }
        self.add(block);
    }

    fn add(&mut self, prefix: Prefix) {
        let ranges = span::ranges(self.ranges, &prefix).collect();
        let (attributes, Kind { role, cost }) = (Arc::clone(&self.attributes), self.kind.clone());
        let one = Originated { attributes, role, cost, rule: Some(self.rule), ranges, in_use: None };
        // What lies beside it is most likely made of the same.
        let beside = self.all.after(&prefix).next().or_else(|| self.all.last_key_value());
        let one = Origination::shared_with(beside.map(|(_, beside)| beside), one);
        self.all.insert(prefix, one);
        self.outcome.prefixes += 1;
        self.outcome.covered += addresses([&prefix]);
    }

    fn take(&mut self, prefix: &Prefix) {
        if self.all.remove(prefix).is_some() {
            self.outcome.prefixes -= 1;
            self.outcome.covered = self.outcome.covered - addresses([prefix]);
        }
    }
}

fn parent(prefix: &Prefix) -> Option<Prefix> {
    Prefix::new(prefix.network(), prefix.len().checked_sub(1)?).ok()
}

/// The other half of what `prefix` is a half of.
fn sibling(prefix: &Prefix) -> Option<Prefix> {
    let mut halves = parent(prefix)?.net().subnets(prefix.len()).ok()?.map(Prefix::from);
    halves.find(|half| half != prefix)
}
