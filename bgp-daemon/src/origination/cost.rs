//! What the region of a range costs.

use std::collections::BTreeSet;

use super::{RangeOutcome, Treatment};
use crate::config::{AdvertiseRule, Config, InterRegionCosts, RegionCost};
use crate::inventory::Range;

/// Regions that are named at most.
const SHOWN: usize = 8;

/// What is added to the MED of each peer for `range`: nothing where its rule says the MED itself.
pub(super) fn of(range: &Range, treatment: Treatment, config: &Config) -> u32 {
    let Treatment::Advertised { rule } = treatment else { return 0 };
    let has_med = config.advertise.get(rule).is_some_and(|rule| rule.med.is_some());
    let router = &config.router;
    let cost = router.inter_region.of(router.region.as_deref(), &range.subnetwork.region);
    cost.filter(|_| !has_med).map_or(0, RegionCost::amount)
}

/// The regions that the rule of this index announces at a cost that nobody said.
pub(super) fn faults(
    (index, rule): (usize, &AdvertiseRule),
    ranges: &[Range],
    outcomes: &[RangeOutcome],
    (region, costs): (Option<&str>, &InterRegionCosts),
) -> Vec<String> {
    if *costs == InterRegionCosts::Regional || rule.med.is_some() {
        return Vec::new();
    }
    let is_of_rule = |outcome: &RangeOutcome| outcome.treatment == (Treatment::Advertised { rule: index });
    let of_rule = ranges.iter().zip(outcomes).filter(|(_, outcome)| is_of_rule(outcome));
    let regions: BTreeSet<&str> = of_rule.map(|(range, _)| range.subnetwork.region.as_str()).collect();
    let is_unknown = |theirs: &&str| costs.of(region, theirs) == Some(RegionCost::Unknown);
    let unknown: Vec<&str> = regions.into_iter().filter(is_unknown).collect();
    let more = unknown.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let shown: Vec<&str> = unknown.iter().take(SHOWN).copied().collect();
    let text = format!(
        "router.inter_region_cost has no cost for {}{more}: announced at {}",
        shown.join(", "),
        InterRegionCosts::UNKNOWN,
    );
    if unknown.is_empty() { Vec::new() } else { vec![text] }
}
