//! Which `[[advertise]]` a range falls under.

use std::net::IpAddr;

use super::role::{RangePattern, SERVICE};
use crate::config::{AdvertiseRule, RangeSelector};
use crate::inventory::{Range, RangeName};

/// The index of the first rule that selects the range.
pub(super) fn first(rules: &[AdvertiseRule], range: &Range, role: &str) -> Option<usize> {
    rules.iter().position(|rule| match &rule.selector {
        RangeSelector::Role(wanted) => wanted == role,
        // A service range is announced when somebody asks for it, and a glob that happens to fit its name does not ask.
        RangeSelector::Range(text) => {
            let pattern = RangePattern::new(text);
            pattern.matches(&range.name) && !(role == SERVICE && pattern.is_glob())
        }
        RangeSelector::AllSubnets => is_announced_by_cloud_router(range),
    })
}

/// Whether Cloud Router announces it by itself: every range but an external IPv6 one. The inventory has both kinds of IPv6
/// ranges under one name; an internal one is of the unique local addresses (RFC 4193), as the cloud gives them out.
fn is_announced_by_cloud_router(range: &Range) -> bool {
    match (&range.name, range.prefix.network()) {
        (RangeName::Ipv6, IpAddr::V6(address)) => address.is_unique_local(),
        _ => true,
    }
}

/// The index of the first rule with a glob that fits the range's name, which is not enough to select a service range.
pub(super) fn first_glob(rules: &[AdvertiseRule], range: &Range) -> Option<usize> {
    rules.iter().position(|rule| match &rule.selector {
        RangeSelector::Role(_) | RangeSelector::AllSubnets => false,
        RangeSelector::Range(text) => {
            let pattern = RangePattern::new(text);
            pattern.is_glob() && pattern.matches(&range.name)
        }
    })
}
