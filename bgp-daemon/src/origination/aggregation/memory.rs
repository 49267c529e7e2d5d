//! What is remembered from one snapshot to the next.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use bgp_core::types::Prefix;

use super::bound::Bounded;
use super::hold_down::HoldDown;
use super::{Aggregate, Aggregates, Kind, Member, Members, OfKind, Prefixes, allocated, in_use, subnet_ranges};
use crate::config::{Aggregation, InUse};
use crate::origination::OriginationSet;
use crate::origination::change::Last;
use crate::origination::room::Shares;

/// What is held down, and what spares work: covers under a bound, changed by what differs.
///
/// A new one makes the same prefixes of what was originated and a snapshot, but for what is held down: it holds down nothing.
#[derive(Debug, Default)]
pub struct Memory {
    /// What was made last, where the next can be made from it.
    pub(in crate::origination) last: Option<Last>,
    /// What rules are held to for the sake of peers.
    pub(in crate::origination) shares: Shares,
    rules: BTreeMap<usize, RuleMemory>,
}

#[derive(Debug, Default)]
struct RuleMemory {
    /// What is allocated in the ranges of the rule.
    allocated: Prefixes,
    /// That, with what was a while ago and is covered still.
    hold_down: HoldDown,
    /// When the hold-down of something ends.
    next_end: Option<SystemTime>,
    /// What is covered, with what was within the window: what the guard must take for in use.
    lately: HoldDown,
    bounded: Option<Bounded>,
}

/// What prefixes are made after.
#[derive(Clone, Copy, Debug)]
pub(in crate::origination) struct Moment<'a> {
    /// What is originated.
    pub before: Option<&'a OriginationSet>,
    pub now: SystemTime,
    /// How long the guard counts a withdrawal: what was in use within that time is lost with it.
    pub window: Duration,
}

impl Memory {
    /// When something that is held down no longer is: originations are to be made anew then.
    #[must_use]
    pub fn next_end(&self) -> Option<SystemTime> {
        self.rules.values().filter_map(|rule| rule.next_end).min()
    }

    /// Forgets the rules that aggregate in a way for which nothing is remembered, and those that are not among `aggregations`.
    pub(in crate::origination) fn keep(&mut self, aggregations: &[Aggregation]) {
        let remembers = |aggregation: &Aggregation| match aggregation {
            Aggregation::InUse(wanted) => *wanted != InUse::EXACT,
            Aggregation::SubnetRanges { .. } => false,
        };
        self.rules.retain(|rule, _| aggregations.get(*rule).is_some_and(remembers));
    }

    /// What the rule of this index makes instead, when what is held would go beyond its bound with what it makes.
    pub(in crate::origination) fn grow(
        &mut self,
        rule: usize,
        members: &Members<'_>,
        before: &OriginationSet,
        held: impl Fn(&Prefix) -> bool,
    ) -> Option<Vec<OfKind<'static>>> {
        self.rules.get_mut(&rule)?.bounded.as_mut()?.grow(members, before, held)
    }

    /// The prefixes of the rule of this index. No address outside of its members is ever covered.
    pub(in crate::origination) fn aggregate<'a>(
        &mut self,
        rule: usize,
        aggregation: Aggregation,
        members: &'a Members<'_>,
        moment: Moment<'_>,
    ) -> Aggregates<'a> {
        type Made<'a> = Box<dyn Iterator<Item = Aggregate> + 'a>;
        let each = |make: &dyn Fn(&'a [Member<'a>]) -> Made<'a>| {
            let of_kind = |(kind, members): (&Kind, &'a Vec<Member<'a>>)| (kind.clone(), make(members));
            Aggregates { all: members.iter().map(of_kind).collect(), ..Aggregates::default() }
        };
        let wanted = match aggregation {
            Aggregation::InUse(wanted) => wanted,
            Aggregation::SubnetRanges { while_allocated } => {
                return each(&|members| Box::new(subnet_ranges::aggregate(members, while_allocated)));
            }
        };
        if wanted == InUse::EXACT {
            return each(&|members| Box::new(in_use::aggregate(members, &[])));
        }
        let memory = self.rules.entry(rule).or_default();
        let all = members.values().flatten().flat_map(|(_, range)| allocated(range)).copied();
        memory.allocated = Prefixes::of_keys(all);
        if !wanted.is_exact() {
            return memory.bounded(&wanted, members, moment);
        }
        memory.bounded = None;
        memory.cover(&wanted, members, moment);
        each(&|members| {
            let own = ascending(members.iter().map(|(_, range)| range.prefix).collect());
            let held_down: Vec<Prefix> = memory.hold_down.gone().filter(|one| is_inside(one, &own)).copied().collect();
            Box::new(in_use::aggregate(members, &held_down))
        })
    }

    /// The prefixes that the bounded rule of this index made last; `None` when it made none yet.
    pub(in crate::origination) fn made(&self, rule: usize) -> Option<Vec<Prefix>> {
        self.rules.get(&rule)?.bounded.as_ref().map(Bounded::made)
    }

    /// What the bounded rule of this index comes to when of all prefixes only those of `differing` may be allocated otherwise
    /// than the last time: each with whether it is. The members are the same. `None` when it was not made before.
    pub(in crate::origination) fn change(
        &mut self,
        rule: usize,
        wanted: &InUse,
        members: &Members<'_>,
        differing: &[(Prefix, bool)],
        moment: Moment<'_>,
    ) -> Option<Aggregates<'static>> {
        let memory = self.rules.get_mut(&rule).filter(|memory| memory.bounded.is_some())?;
        for (prefix, is_allocated) in differing {
            match is_allocated {
                true => drop(memory.allocated.insert(*prefix, ())),
                false => drop(memory.allocated.remove(prefix)),
            }
        }
        Some(memory.bounded(wanted, members, moment))
    }
}

impl RuleMemory {
    fn bounded(&mut self, wanted: &InUse, members: &Members<'_>, moment: Moment<'_>) -> Aggregates<'static> {
        let covered = self.cover(wanted, members, moment);
        let owned = owned(members);
        let lately = self.lately.beside(&covered, |prefix| is_inside(prefix, &owned), moment.window, moment.now);
        let bounded = Bounded::of(self.bounded.take(), wanted, members);
        self.bounded.insert(bounded).aggregate(members, &covered, lately, moment.before)
    }

    /// What is allocated, and what is held down.
    fn cover(&mut self, wanted: &InUse, members: &Members<'_>, moment: Moment<'_>) -> Prefixes {
        if wanted.hold_down.is_zero() {
            // Whoever turns it on again later waits for nothing of before.
            self.hold_down = HoldDown::default();
            self.next_end = None;
            return self.allocated.clone();
        }
        let owned = owned(members);
        let is_owned = |prefix: &Prefix| is_inside(prefix, &owned);
        let covered = self.hold_down.beside(&self.allocated, is_owned, wanted.hold_down, moment.now).clone();
        self.next_end = self.hold_down.next_end(wanted.hold_down);
        covered
    }
}

fn owned(members: &Members<'_>) -> Vec<Prefix> {
    ascending(members.values().flatten().map(|(_, range)| range.prefix).collect())
}

/// Whether a prefix lies in one of some that ascend and are disjoint.
fn is_inside(prefix: &Prefix, disjoint: &[Prefix]) -> bool {
    let after = disjoint.partition_point(|range| range <= prefix);
    after.checked_sub(1).and_then(|index| disjoint.get(index)).is_some_and(|range| range.covers(prefix))
}

fn ascending(mut prefixes: Vec<Prefix>) -> Vec<Prefix> {
    prefixes.sort_unstable();
    prefixes.dedup();
    prefixes
}
