//! `/v1/aggregation`.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use bgp_core::types::Prefix;

use super::limit;
use crate::config::{AdvertiseRule, Config};
use crate::control::fault::Fault;
use crate::control::parameters::Parameters;
use crate::control::reply::{AggregateEntry, AggregationReply, ApiVersion, RuleEntry};
use crate::control::view::DaemonView;
use crate::origination::explain::{mode, selector};
use crate::origination::{Contribution, Origination, OriginationSet, RuleOutcome};

/// What the rules come to, and a page of prefixes.
pub async fn aggregation(State(view): State<DaemonView>, uri: Uri) -> Result<Json<AggregationReply>, Fault> {
    let mut parameters = Parameters::of(&uri)?;
    let after = parameters.prefix("after");
    let limit = limit(&mut parameters);
    parameters.finish()?;
    let (set, config) = (view.originations.borrow().clone(), view.config.borrow().clone());
    let rules = set.as_ref().map(|set| rules(set, &config)).unwrap_or_default();
    let mut rest =
        set.iter().flat_map(|set| set.originations.from(|prefix| Some(*prefix) <= after).map(move |one| (set, one)));
    // A custom range is made by no rule, of nothing.
    let mut rest = rest.by_ref().filter_map(|(set, (prefix, one))| Some((set, prefix, one, one.rule?)));
    let page = rest.by_ref().take(limit).map(|(set, prefix, one, rule)| aggregate(set, prefix, one, rule));
    let aggregates: Vec<AggregateEntry> = page.collect();
    Ok(Json(AggregationReply {
        api_version: ApiVersion,
        revision: set.as_ref().map(|set| set.snapshot.revision),
        covered: rules.iter().map(|rule| rule.covered).sum(),
        unallocated: rules.iter().map(|rule| rule.unallocated).sum(),
        rules,
        next_page_token: rest.next().and(aggregates.last()).map(|last| last.prefix.clone()),
        aggregates,
    }))
}

/// Rules that a reload has just changed may still be those of the configuration before.
fn rules(set: &OriginationSet, config: &Config) -> Vec<RuleEntry> {
    set.rules
        .iter()
        .zip(&config.advertise)
        .enumerate()
        .map(|(index, (outcome, rule))| entry(index, outcome, rule))
        .collect()
}

fn entry(index: usize, outcome: &RuleOutcome, rule: &AdvertiseRule) -> RuleEntry {
    RuleEntry {
        index,
        selector: selector(&rule.selector),
        aggregation: mode(rule.aggregation).to_owned(),
        prefixes: outcome.prefixes,
        max_prefixes: outcome.bound.and_then(|bound| bound.max_prefixes),
        max_prefixes_for: outcome.for_peer.as_deref().map(str::to_owned),
        fewest_prefixes: outcome.bound.map(|bound| bound.fewest),
        exact_prefixes: outcome.bound.map(|bound| bound.exact),
        covered: outcome.covered,
        unallocated: outcome.covered - outcome.allocated,
        faults: outcome.faults.clone(),
    }
}

fn aggregate(set: &OriginationSet, prefix: &Prefix, origination: &Origination, rule: usize) -> AggregateEntry {
    let Contribution { allocations, allocated, unallocated } = Contribution::of(prefix, &set.snapshot);
    let held = set.guard.hold.as_ref().and_then(|hold| hold.routes.get(prefix));
    AggregateEntry {
        prefix: prefix.to_string(),
        role: origination.role.to_string(),
        cost: origination.cost,
        rule,
        contributors: allocations,
        allocated,
        unallocated,
        held: held.is_some_and(|held| held.everywhere),
    }
}
