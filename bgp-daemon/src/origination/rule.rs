//! Which `[[advertise]]` a range falls under.

use super::role::{RangePattern, SERVICE};
use crate::config::{AdvertiseRule, RangeSelector};
use crate::inventory::Range;

/// The index of the first rule that selects the range.
pub(super) fn first(rules: &[AdvertiseRule], range: &Range, role: &str) -> Option<usize> {
    rules.iter().position(|rule| match &rule.selector {
        RangeSelector::Role(wanted) => wanted == role,
        // A service range is announced when somebody asks for it, and a glob that happens to fit its name does not ask.
        RangeSelector::Range(text) => {
            let pattern = RangePattern::new(text);
            pattern.matches(&range.name) && !(role == SERVICE && pattern.is_glob())
        }
    })
}

/// The index of the first rule with a glob that fits the range's name, which is not enough to select a service range.
pub(super) fn first_glob(rules: &[AdvertiseRule], range: &Range) -> Option<usize> {
    rules.iter().position(|rule| match &rule.selector {
        RangeSelector::Role(_) => false,
        RangeSelector::Range(text) => {
            let pattern = RangePattern::new(text);
            pattern.is_glob() && pattern.matches(&range.name)
        }
    })
}
