//! The one way from a snapshot and a configuration to what is originated.

use std::sync::Arc;
use std::time::SystemTime;

use bgp_core::attribute::{Origin, PathAttributes};
use bgp_core::types::Prefix;

use super::aggregation::{Aggregate, Aggregates, Kind, Member, Members, Memory, Moment, OfKind, Prefixes, allocated};
use super::change::Last;
use super::coverage::addresses;
use super::guard::{GuardState, Hold};
use super::role::RangeRoles;
use super::{
    Blocks, Originated, Origination, OriginationSet, Originations, RangeOutcome, RuleOutcome, Treatment, cost, custom,
    room, rule,
};
use crate::config::{AdvertiseRule, Aggregation, Config, InUse, PROHIBITED};
use crate::inventory::{Range, Snapshot};

/// What `snapshot` makes us originate under `config`, when nothing was originated before.
///
/// Of every range: the first matching `[[range_role]]` gives its role, the first matching `[[advertise]]` its fate.
/// Ranges of one rule, one role and one cost are aggregated together. No prefix leaves the ranges, and none overlaps 0.0.0.0/8,
/// 127.0.0.0/8, 169.254.0.0/16, 224.0.0.0/4, ::/8, fe80::/10 or ff00::/8, whatever the rules say. A range of the role
/// `service` is selected only by its role or its whole name, never by a glob.
///
/// The custom ranges of the peers of `config` stand beside that, whatever the snapshot says.
#[must_use]
pub fn originate(snapshot: Arc<Snapshot>, config: &Config) -> OriginationSet {
    originate_after(None, &mut Memory::default(), snapshot, config, SystemTime::UNIX_EPOCH)
}

/// [`originate`] at `now`, when `before` was originated: covers that are good enough are kept, and what `memory` holds down
/// stays.
#[must_use]
pub fn originate_after(
    before: Option<&OriginationSet>,
    memory: &mut Memory,
    snapshot: Arc<Snapshot>,
    config: &Config,
    now: SystemTime,
) -> OriginationSet {
    let told_by = Arc::clone(&config.written);
    let mut last = memory.last.take().filter(|last| last.is_by(config));
    let moment = Moment { before, now, window: config.guard.window };
    let changed = last.as_ref().and_then(|last| last.change(&snapshot, memory, moment));
    let was_changed = changed.is_some();
    let set = match changed {
        Some(set) => OriginationSet { told_by, ..set },
        None => originate_in_full(before, memory, snapshot, config, now),
    };
    match &mut last {
        Some(last) if was_changed => last.follow(set.clone()),
        _ => last = Some(Last::new(set.clone(), config, &memory.shares)).filter(|last| last.is_by(config)),
    }
    memory.last = last;
    // Not a part of what is followed: a cover of the same prefix may come and go.
    let mut set = set;
    custom::lay_over(&mut set.originations, config);
    set
}

/// With as many prefixes by each rule as peers have room for.
fn originate_in_full(
    before: Option<&OriginationSet>,
    memory: &mut Memory,
    snapshot: Arc<Snapshot>,
    config: &Config,
    now: SystemTime,
) -> OriginationSet {
    /// Shares follow from what rules make without them, and from what they make with them: that is all there is to find out.
    const ROUNDS: usize = 3;
    let mut set = originate_with_shares(before, memory, Arc::clone(&snapshot), config, now);
    for _ in 0..ROUNDS {
        let shares = room::shares(config, &set, &memory.shares);
        if shares == memory.shares {
            break;
        }
        memory.shares = shares;
        set = originate_with_shares(before, memory, Arc::clone(&snapshot), config, now);
    }
    // Not before: what a rule remembers is not lost while it is found out that it needs a share.
    let aggregations = room::aggregations(config, &memory.shares);
    memory.keep(&aggregations);
    set
}

fn originate_with_shares(
    before: Option<&OriginationSet>,
    memory: &mut Memory,
    snapshot: Arc<Snapshot>,
    config: &Config,
    now: SystemTime,
) -> OriginationSet {
    let roles = RangeRoles::new(&config.range_roles);
    let outcome = |range: &Range| {
        let role = roles.role(range);
        let treatment = treatment(range, &role, config);
        RangeOutcome { cost: cost::of(range, treatment, config), treatment, role }
    };
    let ranges: Arc<[RangeOutcome]> = snapshot.ranges.iter().map(outcome).collect();
    let (mut originations, mut rules) = (Originations::new(), Vec::new());
    let aggregations = room::aggregations(config, &memory.shares);
    for (rule, (advertise, aggregation)) in config.advertise.iter().zip(aggregations).enumerate() {
        let attributes = Arc::new(attributes(advertise));
        let members = members_by_kind(rule, &snapshot.ranges, &ranges);
        let Aggregates { all, bound, mut faults } =
            memory.aggregate(rule, aggregation, &members, Moment { before, now, window: config.guard.window });
        let of_kind = |members: &Vec<Member<'_>>| addresses(members.iter().flat_map(|(_, range)| allocated(range)));
        let costs = (config.router.region.as_deref(), &config.router.inter_region);
        faults.extend(cost::faults((rule, advertise), &snapshot.ranges, &ranges, costs));
        let made = originated(rule, &attributes, all);
        rules.push(RuleOutcome {
            prefixes: made.len(),
            covered: addresses(made.keys()),
            allocated: members.values().map(of_kind).sum(),
            for_peer: memory.shares.get(&rule).map(|share| Arc::clone(&share.peer)),
            bound,
            faults,
        });
        originations.join(made);
    }
    let guard = GuardState::default();
    OriginationSet { originations, guard, told_by: Arc::clone(&config.written), ranges, rules, snapshot }
}

/// `target`, which [`originate_after`] has just made of `before` and `memory` by `config`, with as many addresses more that
/// what `hold` holds needs no prefixes beyond the bound of a rule; `None` when it needs none.
#[must_use]
pub(super) fn grow(
    memory: &mut Memory,
    before: &OriginationSet,
    target: &OriginationSet,
    hold: &Hold,
    config: &Config,
) -> Option<Originations> {
    let mut originations = None;
    for (rule, advertise) in config.advertise.iter().enumerate() {
        let members = members_by_kind(rule, &target.snapshot.ranges, &target.ranges);
        let is_held = |prefix: &Prefix| hold.routes.contains_key(prefix);
        let Some(all) = memory.grow(rule, &members, before, is_held) else { continue };
        let attributes = Arc::new(attributes(advertise));
        let grown = originations.get_or_insert_with(|| target.originations.clone());
        let of_rule = target.originations.iter().filter(|(_, one)| one.rule == Some(rule));
        of_rule.for_each(|(prefix, _)| drop(grown.remove(prefix)));
        grown.join(originated(rule, &attributes, all));
    }
    // One may have been of the same prefix as what gave way.
    if let Some(grown) = &mut originations {
        custom::lay_over(grown, config);
    }
    originations
}

/// What was originated from `snapshot` by `then` before a restart, which `config` makes other originations of perhaps.
pub(super) fn restore(
    mut originations: Originations,
    guard: GuardState,
    memory: &mut Memory,
    snapshot: Arc<Snapshot>,
    (then, config): (&Config, &Config),
    now: SystemTime,
) -> OriginationSet {
    let is_bounded = |rule: Option<usize>| {
        let rule = rule.and_then(|rule| then.advertise.get(rule));
        let may_be = |wanted: InUse| !wanted.is_exact() || then.limited_peers().next().is_some();
        rule.is_some_and(|rule| matches!(rule.aggregation, Aggregation::InUse(wanted) if may_be(wanted)))
    };
    // What is held is held because somebody has it, of whom the snapshot does not know any more: what of it was in use is
    // what was written down of it.
    let is_held = |prefix: &Prefix| guard.hold.as_ref().is_some_and(|hold| hold.routes.contains_key(prefix));
    if originations.values().any(|one| is_bounded(one.rule)) {
        let in_use = Prefixes::of_keys(snapshot.ranges.iter().flat_map(allocated).copied());
        let bounded = |(prefix, one): (&Prefix, &Origination)| {
            let in_part = is_bounded(one.rule) && !is_held(prefix);
            in_part.then(|| (*prefix, one.with(|one| one.in_use = Blocks::within(prefix, &in_use))))
        };
        let bounded: Vec<_> = originations.iter().filter_map(bounded).collect();
        originations.extend(bounded);
    }
    OriginationSet { originations, guard, ..originate_after(None, memory, snapshot, config, now) }
}

/// What a rule made of ranges, as it is originated.
pub(super) fn originated(rule: usize, attributes: &Arc<PathAttributes>, all: Vec<OfKind<'_>>) -> Originations {
    let mut originations = Originations::new();
    for (Kind { role, cost }, made) in all {
        let mut last: Option<Origination> = None;
        let one = |Aggregate { prefix, ranges, in_use }| {
            let (attributes, role) = (Arc::clone(attributes), Arc::clone(&role));
            let one = Originated { attributes, role, cost, rule: Some(rule), ranges, in_use };
            let one = Origination::shared_with(last.as_ref(), one);
            last = Some(one.clone());
            (prefix, one)
        };
        originations.join(made.map(one).collect());
    }
    originations
}

/// Every range of the snapshot, whether it is advertised or not: what lies inside one of them is learned from nobody.
#[must_use]
pub fn own_ranges(snapshot: &Snapshot) -> Vec<Prefix> {
    snapshot.ranges.iter().map(|range| range.prefix).collect()
}

fn treatment(range: &Range, role: &str, config: &Config) -> Treatment {
    if overlaps_prohibited(&range.prefix).is_some() {
        return Treatment::Prohibited;
    }
    let router = &config.router;
    if router.inter_region.of(router.region.as_deref(), &range.subnetwork.region).is_none() {
        return Treatment::OtherRegion;
    }
    rule::first(&config.advertise, range, role).map_or(Treatment::NoRule, |rule| Treatment::Advertised { rule })
}

/// What speaks against announcing anything of `prefix`, whatever the rules say.
pub(super) fn overlaps_prohibited(prefix: &Prefix) -> Option<Prefix> {
    PROHIBITED.into_iter().map(Prefix::from).find(|prohibited| prohibited.overlaps(prefix))
}

pub(super) fn members_by_kind<'a>(rule: usize, ranges: &'a [Range], outcomes: &[RangeOutcome]) -> Members<'a> {
    let mut members = Members::new();
    for ((index, range), outcome) in ranges.iter().enumerate().zip(outcomes) {
        if outcome.treatment == (Treatment::Advertised { rule }) {
            let kind = Kind { role: Arc::clone(&outcome.role), cost: outcome.cost };
            members.entry(kind).or_default().push((index, range));
        }
    }
    members
}

pub(super) fn attributes(rule: &AdvertiseRule) -> PathAttributes {
    let (mut communities, mut large_communities) = (rule.communities.clone(), rule.large_communities.clone());
    communities.sort_unstable();
    communities.dedup();
    large_communities.sort_unstable();
    large_communities.dedup();
    PathAttributes {
        origin: Origin::Igp,
        multi_exit_disc: rule.med,
        communities,
        large_communities,
        ..PathAttributes::default()
    }
}
