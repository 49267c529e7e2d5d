//! The route-level difference of two sets of originations.

use std::collections::BTreeMap;
use std::sync::Arc;

use bgp_core::attribute::PathAttributes;
use bgp_core::types::Prefix;

use super::Origination;

/// What changes between two sets of originations.
///
/// Announced first and withdrawn after, it never takes the route from an address that has one in both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Prefixes that are new, or whose attributes or role change, with what they become; ascending.
    pub announce: Vec<(Prefix, Origination)>,
    /// Prefixes that are originated no more; ascending.
    pub withdraw: Vec<Prefix>,
}

impl Plan {
    /// What turns `old` into `new`, as far as the table is concerned: which rule and ranges a prefix comes from may
    /// change without a route that does.
    #[must_use]
    pub fn between(old: &BTreeMap<Prefix, Origination>, new: &BTreeMap<Prefix, Origination>) -> Self {
        let same_route = |prefix: &Prefix, new: &Origination| {
            old.get(prefix).is_some_and(|old| (&old.attributes, &old.role) == (&new.attributes, &new.role))
        };
        let changed = new.iter().filter(|(prefix, origination)| !same_route(prefix, origination));
        Self {
            announce: changed.map(|(prefix, origination)| (*prefix, origination.clone())).collect(),
            withdraw: old.keys().filter(|prefix| !new.contains_key(prefix)).copied().collect(),
        }
    }

    /// What starts originating all of `new`.
    #[must_use]
    pub fn from_nothing(new: &BTreeMap<Prefix, Origination>) -> Self {
        Self::between(&BTreeMap::new(), new)
    }

    /// The announcements as the table takes them: prefix, attributes and role; ascending.
    pub fn routes(&self) -> impl Iterator<Item = (Prefix, Arc<PathAttributes>, Arc<str>)> {
        let route = |(prefix, origination): &(Prefix, Origination)| {
            (*prefix, Arc::clone(&origination.attributes), Arc::clone(&origination.role))
        };
        self.announce.iter().map(route)
    }

    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.announce.is_empty() && self.withdraw.is_empty()
    }
}
