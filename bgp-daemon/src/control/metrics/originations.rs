//! What is originated, by rule, and what became of the ranges.

use std::collections::BTreeMap;

use crate::config::{ALL_SUBNETS, AdvertiseRule, Config, RangeSelector};
use crate::origination::{Addresses, OriginationSet, RuleOutcome, Treatment};
use crate::telemetry::exposition::{Exposition, Samples, Value};

/// A rule with its place in the configuration.
struct Rule<'a> {
    index: String,
    written: &'a AdvertiseRule,
    outcome: &'a RuleOutcome,
}

impl Rule<'_> {
    /// Its place, and the role, the name or the group of ranges that it selects.
    fn labels(&self) -> [(&'static str, &str); 2] {
        let selected = match &self.written.selector {
            RangeSelector::Role(role) => ("role", role.as_str()),
            RangeSelector::Range(range) => ("range", range.as_str()),
            RangeSelector::AllSubnets => ("group", ALL_SUBNETS),
        };
        [("rule", &self.index), selected]
    }
}

/// What is originated; `None` until the first snapshot.
pub fn originations(out: &mut Exposition, set: Option<&OriginationSet>, config: &Config) {
    let mut originated =
        out.gauge("aliasd_originated_prefixes", "Prefixes that are originated, with what the guard holds.");
    if let Some(set) = set {
        originated.only(set.originations.len());
    }
    // Rules that a reload has just changed may still be those of the configuration before.
    let outcomes = set.map(|set| set.rules.as_slice()).unwrap_or_default().iter().zip(&config.advertise).enumerate();
    let rules: Vec<Rule<'_>> =
        outcomes.map(|(index, (outcome, written))| Rule { index: index.to_string(), written, outcome }).collect();
    let prefixes =
        out.gauge("aliasd_rule_prefixes", "Prefixes that a rule ([[advertise]]) makes, without what is held.");
    of_each(prefixes, &rules, |outcome| Some(outcome.prefixes));
    let most = out.gauge(
        "aliasd_rule_max_prefixes",
        "Prefixes that it may make (max_prefixes, or its share of what a peer takes); absent without a bound.",
    );
    of_each(most, &rules, |outcome| outcome.bound?.max_prefixes);
    let fewest =
        out.gauge("aliasd_rule_fewest_prefixes", "The fewest that it could make; absent when nothing bounds it.");
    of_each(fewest, &rules, |outcome| Some(outcome.bound?.fewest));
    let exact = out.gauge(
        "aliasd_rule_exact_prefixes",
        "Those that would cover nothing that is not allocated, but for its lengths; absent when nothing bounds it.",
    );
    of_each(exact, &rules, |outcome| Some(outcome.bound?.exact));
    let covered = out.gauge("aliasd_rule_covered_addresses", "Addresses in the prefixes that it makes.");
    of_families(covered, &rules, |outcome| outcome.covered);
    let allocated = out.gauge("aliasd_rule_allocated_addresses", "Addresses that are allocated in its ranges.");
    of_families(allocated, &rules, |outcome| outcome.allocated);
    let unallocated = out.gauge(
        "aliasd_rule_unallocated_addresses",
        "Addresses in its prefixes that are allocated to nobody: announced for the sake of fewer prefixes, or held down.",
    );
    of_families(unallocated, &rules, |outcome| outcome.covered - outcome.allocated);
    let faults = out.gauge("aliasd_rule_faults", "What it could not keep to: its bound or its lengths.");
    of_each(faults, &rules, |outcome| Some(outcome.faults.len()));
    ranges(
        out.gauge(
            "aliasd_ranges",
            "Ranges of subnetworks by what becomes of them, and by the rule that advertises them.",
        ),
        set,
    );
}

fn of_each<V: Into<Value>>(mut samples: Samples<'_>, rules: &[Rule<'_>], value: impl Fn(&RuleOutcome) -> Option<V>) {
    for (rule, value) in rules.iter().filter_map(|rule| Some((rule, value(rule.outcome)?))) {
        samples.put(&rule.labels(), value);
    }
}

fn of_families(mut samples: Samples<'_>, rules: &[Rule<'_>], value: impl Fn(&RuleOutcome) -> Addresses) {
    for rule in rules {
        let [index, selected] = rule.labels();
        let Addresses { ipv4, ipv6 } = value(rule.outcome);
        samples.put(&[index, selected, ("family", "ipv4")], ipv4);
        samples.put(&[index, selected, ("family", "ipv6")], ipv6);
    }
}

fn ranges(mut samples: Samples<'_>, set: Option<&OriginationSet>) {
    // By no role: without a rule for it a range has its own name for one, and the inventory may have any number of those.
    let mut counts: BTreeMap<Treatment, usize> = BTreeMap::new();
    for outcome in set.iter().flat_map(|set| set.ranges.iter()) {
        *counts.entry(outcome.treatment).or_default() += 1;
    }
    for (treatment, count) in counts {
        let (treatment, rule) = match treatment {
            Treatment::Advertised { rule } => ("advertised", rule.to_string()),
            Treatment::NoRule => ("no_rule", String::new()),
            Treatment::OtherRegion => ("other_region", String::new()),
            Treatment::Prohibited => ("prohibited", String::new()),
        };
        samples.put(&[("treatment", treatment), ("rule", &rule)], count);
    }
}
