//! Why an address or a prefix is originated, or where the chain from its owner to an origination breaks.
//!
//! Pure, and logarithmic in the size of the inventory: every list is found by bisection and cut at [`Chain::SHOWN`].
//! What each peer is told of an origination is a question to the table and not answered here.

mod chain;
mod reason;
pub(super) mod span;

use bgp_core::types::Prefix;

pub use chain::{Break, Chain, Extent, OriginationLink, OwnerKind, OwnerLink, RangeChain, RuleLink, Step};

use super::coverage::overlapping;
use super::{Origination, OriginationSet, Owners, RangeOutcome, Treatment};
use crate::config::{ALL_SUBNETS, AdvertiseRule, Aggregation, Config, RangeSelector};
use crate::inventory::{Allocation, Owner, Range};
use span::Coverage;

/// The chain behind `target` in what is originated, by the configuration that made it so.
#[must_use]
pub fn explain(target: Prefix, set: Option<&OriginationSet>, config: &Config) -> Chain {
    let Some(set) = set else { return unanswered(target, None, reason::no_snapshot()) };
    let revision = Some(set.snapshot.revision);
    let overlapping = span::ranges(&set.snapshot.ranges, &target);
    let total = overlapping.len();
    if total == 0 {
        return unanswered(target, revision, reason::no_range(target, &set.snapshot.ranges));
    }
    let coverage = Coverage::of(&target, &set.originations);
    let shown = overlapping.take(Chain::SHOWN).filter_map(|index| {
        let (range, outcome) = (set.snapshot.ranges.get(index)?, set.ranges.get(index)?);
        Some(Link { target, set, config, range, outcome }.chain())
    });
    let ranges: Vec<RangeChain> = shown.collect();
    let summary = reason::summary(target, &coverage, &ranges, total);
    Chain {
        target: target.to_string(),
        snapshot_revision: revision,
        originated: coverage.extent,
        summary,
        broken: None,
        more_ranges: total - ranges.len(),
        ranges,
    }
}

fn unanswered(target: Prefix, snapshot_revision: Option<u64>, broken: Break) -> Chain {
    Chain {
        target: target.to_string(),
        snapshot_revision,
        originated: Extent::Nothing,
        summary: broken.reason.clone(),
        broken: Some(broken),
        ranges: Vec::new(),
        more_ranges: 0,
    }
}

/// All that the chain through one range is made from.
struct Link<'a> {
    target: Prefix,
    set: &'a OriginationSet,
    config: &'a Config,
    range: &'a Range,
    outcome: &'a RangeOutcome,
}

impl Link<'_> {
    /// What the target shares with the range: the smaller of the two.
    fn part(&self) -> Prefix {
        if self.range.prefix.covers(&self.target) { self.target } else { self.range.prefix }
    }

    fn chain(&self) -> RangeChain {
        let part = self.part();
        let (owners, owners_total) =
            span::allocations(&self.range.allocations, &self.range.prefix, &part, Chain::SHOWN);
        let coverage = Coverage::of(&part, &self.set.originations);
        let mut originations = overlapping(&self.set.originations, &part).filter(|(_, one)| !one.is_custom());
        let shown = originations.by_ref().take(Chain::SHOWN);
        let subnetwork = &self.range.subnetwork;
        RangeChain {
            subnetwork: subnetwork.path.to_string(),
            network: subnetwork.network.to_string(),
            region: subnetwork.region.clone(),
            range_name: self.range.name.to_string(),
            ip_cidr_range: self.range.prefix.to_string(),
            role: self.outcome.role.to_string(),
            more_owners: owners_total - owners.len(),
            broken: self.broken(&coverage),
            notes: self.notes(owners_total == 0, &coverage),
            owners: owners.into_iter().map(owner_link).collect(),
            rule: self.rule().map(|(index, rule)| rule_link(index, rule)),
            originated: coverage.extent,
            originations: shown.map(|(prefix, origination)| self.origination_link(prefix, origination)).collect(),
            more_originations: originations.next().is_some(),
        }
    }

    fn rule(&self) -> Option<(usize, &AdvertiseRule)> {
        let Treatment::Advertised { rule } = self.outcome.treatment else { return None };
        Some((rule, self.config.advertise.get(rule)?))
    }

    fn broken(&self, coverage: &Coverage) -> Option<Break> {
        match self.outcome.treatment {
            Treatment::Prohibited => Some(reason::prohibited(self.range)),
            Treatment::OtherRegion => Some(reason::other_region(self.range, self.config)),
            Treatment::NoRule => Some(reason::no_rule(self.range, &self.outcome.role, self.config)),
            Treatment::Advertised { rule } if coverage.extent == Extent::Nothing => {
                let while_allocated =
                    self.rule().is_some_and(|(_, rule)| matches!(rule.aggregation, Aggregation::SubnetRanges { .. }));
                Some(reason::not_allocated(&self.part(), self.range, rule, while_allocated))
            }
            Treatment::Advertised { .. } => None,
        }
    }

    fn notes(&self, ownerless: bool, coverage: &Coverage) -> Vec<String> {
        let Some((index, rule)) = self.rule() else { return Vec::new() };
        match (rule.aggregation, coverage.extent, coverage.first_gap) {
            (Aggregation::SubnetRanges { .. }, Extent::Whole, _) if ownerless => {
                vec![reason::whole_range_without_owner(&self.part(), index)]
            }
            (Aggregation::InUse(wanted), Extent::Whole, _) if ownerless => {
                vec![reason::covered_without_owner(&self.part(), index, &wanted)]
            }
            (Aggregation::InUse(_), Extent::Part, Some(gap)) => vec![reason::partly_allocated(&self.part(), gap)],
            _ => Vec::new(),
        }
    }

    fn origination_link(&self, prefix: &Prefix, origination: &Origination) -> OriginationLink {
        let attributes = &origination.attributes;
        let range = |index: &usize| Some(self.set.snapshot.ranges.get(*index)?.prefix.to_string());
        OriginationLink {
            prefix: prefix.to_string(),
            origin: attributes.origin.to_string(),
            med: attributes.multi_exit_disc,
            cost: origination.cost,
            communities: attributes.communities.iter().map(ToString::to_string).collect(),
            large_communities: attributes.large_communities.iter().map(ToString::to_string).collect(),
            made_of: origination.ranges.iter().take(Chain::SHOWN).filter_map(range).collect(),
            contributors: Owners::of(prefix, &self.set.snapshot),
        }
    }
}

fn owner_link(allocation: &Allocation) -> OwnerLink {
    let (kind, resource, interface) = match &*allocation.owner {
        Owner::Interface { instance, interface } => (OwnerKind::Interface, instance, Some(interface)),
        Owner::AliasRange { instance, interface } => (OwnerKind::AliasIpRange, instance, Some(interface)),
        Owner::Address(path) => (OwnerKind::Address, path, None),
        Owner::ForwardingRule(path) => (OwnerKind::ForwardingRule, path, None),
    };
    OwnerLink {
        kind,
        resource: resource.to_string(),
        interface: interface.map(|interface| interface.to_string()),
        ip_cidr_range: allocation.prefix.to_string(),
    }
}

fn rule_link(index: usize, rule: &AdvertiseRule) -> RuleLink {
    let max_prefixes = match rule.aggregation {
        Aggregation::InUse(wanted) => wanted.max_prefixes,
        Aggregation::SubnetRanges { .. } => None,
    };
    RuleLink { index, selector: selector(&rule.selector), aggregation: mode(rule.aggregation).to_owned(), max_prefixes }
}

/// What a rule selects, as it is written.
#[must_use]
pub fn selector(selector: &RangeSelector) -> String {
    match selector {
        RangeSelector::Role(role) => format!("role = {role:?}"),
        RangeSelector::Range(range) => format!("range = {range:?}"),
        RangeSelector::AllSubnets => format!("group = {ALL_SUBNETS:?}"),
    }
}

/// The mode of a rule, as it is written.
#[must_use]
pub const fn mode(aggregation: Aggregation) -> &'static str {
    match aggregation {
        Aggregation::InUse(_) => "in-use",
        Aggregation::SubnetRanges { .. } => "subnet-ranges",
    }
}
