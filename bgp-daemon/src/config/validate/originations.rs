//! `[[range_role]]` and `[[advertise]]`.

use super::sections::is_resource;
use super::{Checker, aggregation};
use crate::config::key::{KeyPath, is_plain_word};
use crate::config::originations::{ALL_SUBNETS, AdvertiseRule, RangeRoleRule, RangeSelector};
use crate::config::shape;
use bgp_core::types::CommunityParseError;

const ROLE: &str = "a role as in \"pod\": letters, digits, '.', '_', '-'";
const RANGE: &str = "the name of a secondary range or a glob as in \"gke-pods*\", or \"primary\"";

pub(super) fn range_roles(written: Vec<shape::RangeRole>, checker: &mut Checker<'_>) -> Vec<RangeRoleRule> {
    let rules = written.into_iter().enumerate();
    rules.filter_map(|(index, rule)| range_role(index, rule, checker)).collect()
}

fn range_role(index: usize, written: shape::RangeRole, checker: &mut Checker<'_>) -> Option<RangeRoleRule> {
    let at = KeyPath::section("range_role").index(index);
    let subnetwork = written.subnetwork.unwrap_or_else(|| "*".to_owned());
    let expected = "\"*\", or a subnetwork's name or path";
    let subnetwork = checker.legal(&at.key("subnetwork"), subnetwork, |text| is_resource(text), expected);
    let range = checker.required(&at.key("range"), written.range, RANGE);
    let range = range.and_then(|range| checker.legal(&at.key("range"), range, |text| is_resource(text), RANGE));
    let role = checker.required(&at.key("role"), written.role, ROLE);
    let role = role.and_then(|role| checker.legal(&at.key("role"), role, |role| is_plain_word(role), ROLE));
    Some(RangeRoleRule { subnetwork: subnetwork?, range: range?, role: role? })
}

pub(super) fn advertise(written: Vec<shape::Advertise>, checker: &mut Checker<'_>) -> Vec<AdvertiseRule> {
    let rules = written.into_iter().enumerate();
    rules.filter_map(|(index, rule)| advertise_rule(index, rule, checker)).collect()
}

fn advertise_rule(index: usize, written: shape::Advertise, checker: &mut Checker<'_>) -> Option<AdvertiseRule> {
    let at = KeyPath::section("advertise").index(index);
    let selector = selector(&at, (written.role, written.range, written.group), checker);
    let aggregation = aggregation::aggregation(&at.key("aggregation"), written.aggregation, checker);
    let expected = |error: CommunityParseError| format!("expected {}", error.expected);
    let communities = written.communities.unwrap_or_default();
    let communities = checker.distinct_list(&at.key("communities"), &communities, expected);
    let large_communities = written.large_communities.unwrap_or_default();
    let large_communities = checker.distinct_list(&at.key("large_communities"), &large_communities, expected);
    Some(AdvertiseRule {
        selector: selector?,
        aggregation: aggregation?,
        communities,
        large_communities,
        med: written.med,
    })
}

fn selector(
    at: &KeyPath,
    (role, range, group): (Option<String>, Option<String>, Option<String>),
    checker: &mut Checker<'_>,
) -> Option<RangeSelector> {
    if let Some(group) = group {
        if role.is_some() || range.is_some() {
            let other = if role.is_some() { "role" } else { "range" };
            checker.fault(&at.key("group"), format!("{other} is given too; expected one of the three"));
            return None;
        }
        return checker.word(&at.key("group"), &group, &[(ALL_SUBNETS, ())]).map(|()| RangeSelector::AllSubnets);
    }
    match (role, range) {
        (Some(role), None) => {
            checker.legal(&at.key("role"), role, |role| is_plain_word(role), ROLE).map(RangeSelector::Role)
        }
        (None, Some(range)) => {
            checker.legal(&at.key("range"), range, |range| is_resource(range), RANGE).map(RangeSelector::Range)
        }
        (Some(_), Some(_)) => {
            checker.fault(&at.key("range"), "role is given too; expected one of the three");
            None
        }
        (None, None) => {
            checker.missing(&at.key("role"), "role, range or group: what to advertise");
            None
        }
    }
}
