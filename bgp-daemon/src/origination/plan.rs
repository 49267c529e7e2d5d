//! The route-level difference of two sets of originations.

use std::collections::BTreeMap;

use bgp_core::types::Prefix;

use super::Origination;

/// What changes between two sets of originations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Prefixes that are new, or whose attributes or role change, with what they become.
    pub announce: Vec<(Prefix, Origination)>,
    /// Prefixes that are originated no more.
    pub withdraw: Vec<Prefix>,
}

impl Plan {
    /// What turns `old` into `new`; prefixes ascending.
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

    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.announce.is_empty() && self.withdraw.is_empty()
    }
}
