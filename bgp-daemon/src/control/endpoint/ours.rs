//! The first half of an explanation: what the inventory and the rules make of a target.

use std::sync::Arc;

use bgp_core::types::Prefix;

use super::inventory::summary;
use crate::config::{Aggregation, Config, RangeSelector};
use crate::control::reply::{ChainStep, InventoryState, Step};
use crate::control::time::rfc3339;
use crate::inventory::{InventoryStatus, Range, Snapshot};
use crate::origination::{Origination, OriginationSet, Treatment};

/// Of a list that may be long, as many are told.
pub const SHOWN: usize = 8;

/// What the inventory and the rules make of a target.
pub struct Ours {
    /// The links, as far as they hold and including the first that does not.
    pub steps: Vec<ChainStep>,
    /// Whether the target shares addresses with a range of the inventory.
    pub in_inventory: bool,
    /// The originated prefixes that cover it or lie in it; the first [`SHOWN`].
    pub originated: Vec<Prefix>,
}

impl Ours {
    fn ends(steps: Vec<ChainStep>, in_inventory: bool) -> Self {
        Self { steps, in_inventory, originated: Vec::new() }
    }
}

/// From the snapshot to the originated prefixes.
pub fn explain(target: &Prefix, status: &InventoryStatus, set: Option<&OriginationSet>, config: &Config) -> Ours {
    let newest = status.snapshot.as_ref();
    let Some(snapshot) = set.map(|set| &set.snapshot).or(newest) else {
        return Ours::ends(vec![without_snapshot(status)], false);
    };
    let mut steps = vec![of_snapshot(snapshot, status)];
    let ranges: Vec<(usize, &Range)> =
        snapshot.ranges.iter().enumerate().filter(|(_, range)| range.prefix.overlaps(target)).collect();
    let Some((index, range)) = ranges.first().copied() else {
        let text = format!("{target} lies in no range of the inventory and holds none");
        steps.push(ChainStep::broken(Step::Range, text));
        return Ours::ends(steps, false);
    };
    let Some(set) = set else {
        steps.push(ChainStep::broken(Step::Rule, "originations have not been computed yet"));
        return Ours::ends(steps, true);
    };
    if range.prefix.covers(target) {
        steps.extend(within_one(target, index, range, set, config));
        if steps.iter().any(|step| !step.ok) {
            return Ours::ends(steps, true);
        }
    } else {
        steps.push(across(target, &ranges, set));
    }
    let (step, originated) = originations(target, set);
    steps.push(step);
    Ours { steps, in_inventory: true, originated }
}

fn without_snapshot(status: &InventoryStatus) -> ChainStep {
    let faults = status.faults.shown.iter().take(SHOWN).map(ToString::to_string);
    ChainStep::broken(Step::Inventory, format!("no good snapshot of {} yet", status.path.display())).with(faults)
}

fn of_snapshot(snapshot: &Arc<Snapshot>, status: &InventoryStatus) -> ChainStep {
    let text = format!("revision {} of {}", snapshot.revision, rfc3339(snapshot.taken_at));
    let summary = summary(status);
    let stale = (summary.state == InventoryState::Stale).then(|| {
        let fault = summary.faults.first().map_or("", |fault| fault.text.as_str());
        format!("a newer state is not usable: {fault}")
    });
    ChainStep::holds(Step::Inventory, text).with(stale)
}

fn described(range: &Range, set: &OriginationSet, index: usize) -> String {
    let role = set.ranges.get(index).map_or("?", |outcome| &outcome.role);
    format!("{} {} ({role}) of {}", range.name, range.prefix, range.subnetwork.path)
}

/// The links of a target that lies in one range.
fn within_one(target: &Prefix, index: usize, range: &Range, set: &OriginationSet, config: &Config) -> Vec<ChainStep> {
    let treatment = set.ranges.get(index).map(|outcome| outcome.treatment);
    let rule = match treatment {
        Some(Treatment::Advertised { rule }) => Some((rule, config.advertise.get(rule))),
        _ => None,
    };
    let in_use = rule.and_then(|(_, rule)| rule).is_some_and(|rule| rule.aggregation == Aggregation::InUse);
    let mut steps = vec![ChainStep::holds(Step::Range, described(range, set, index)), owner(target, range, in_use)];
    steps.push(match (treatment, rule) {
        (_, Some((number, rule))) => {
            let text = rule.map_or_else(|| "no longer configured".to_owned(), rule_text);
            ChainStep::holds(Step::Rule, format!("advertise[{number}] {text}"))
        }
        (Some(Treatment::OtherRegion), _) => {
            let ours = config.router.region.as_deref().unwrap_or("all");
            let text = format!("region {} is not ours (router.region is {ours})", range.subnetwork.region);
            ChainStep::broken(Step::Rule, text)
        }
        _ => ChainStep::broken(Step::Rule, "no [[advertise]] matches the range"),
    });
    steps
}

fn rule_text(rule: &crate::config::AdvertiseRule) -> String {
    let selector = match &rule.selector {
        RangeSelector::Role(role) => format!("role {role:?}"),
        RangeSelector::Range(range) => format!("range {range:?}"),
    };
    let aggregation = match rule.aggregation {
        Aggregation::InUse => "in-use",
        Aggregation::SubnetRanges => "subnet-ranges",
    };
    format!("{selector}, {aggregation}")
}

/// Whether nothing has the target breaks the chain only where prefixes are made from what is in use.
fn owner(target: &Prefix, range: &Range, in_use: bool) -> ChainStep {
    let given: Vec<String> = range
        .allocations
        .iter()
        .filter(|allocation| allocation.prefix.overlaps(target))
        .map(|allocation| format!("{} given to {}", allocation.prefix, allocation.owner))
        .collect();
    match given.split_first() {
        Some((first, [])) => ChainStep::holds(Step::Owner, first.clone()),
        Some((first, others)) => {
            let text = format!("{first}, and {} more", others.len());
            ChainStep::holds(Step::Owner, text).with(others.iter().take(SHOWN).cloned())
        }
        None => ChainStep {
            step: Step::Owner,
            ok: !in_use,
            text: format!("{target} is given to nothing"),
            details: Vec::new(),
        },
    }
}

/// The ranges of a target that holds several, or more than one.
fn across(target: &Prefix, ranges: &[(usize, &Range)], set: &OriginationSet) -> ChainStep {
    let lines = ranges.iter().take(SHOWN).map(|(index, range)| described(range, set, *index));
    ChainStep::holds(Step::Range, format!("{target} holds {} ranges", ranges.len())).with(lines)
}

fn originations(target: &Prefix, set: &OriginationSet) -> (ChainStep, Vec<Prefix>) {
    let found: Vec<(&Prefix, &Origination)> =
        set.originations.iter().filter(|(prefix, _)| prefix.overlaps(target)).collect();
    let line = |(prefix, origination): &(&Prefix, &Origination)| {
        let attributes = &origination.attributes;
        let communities: Vec<String> = attributes.communities.iter().map(ToString::to_string).collect();
        let communities = if communities.is_empty() { "none".to_owned() } else { communities.join(" ") };
        let med = attributes.multi_exit_disc.map_or("the peer's own".to_owned(), |med| med.to_string());
        format!("{prefix} ({}), communities {communities}, MED {med}", origination.role)
    };
    let step = match found.as_slice() {
        [] => ChainStep::broken(Step::Origination, format!("no originated prefix covers {target} or lies in it")),
        [one] => ChainStep::holds(Step::Origination, line(one)),
        several => ChainStep::holds(Step::Origination, format!("{} prefixes", several.len()))
            .with(several.iter().take(SHOWN).map(line)),
    };
    (step, found.iter().take(SHOWN).map(|(prefix, _)| **prefix).collect())
}
