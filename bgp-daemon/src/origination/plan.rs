//! The route-level difference of two sets of originations.

use std::cmp::Ordering;
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
    /// change without a route that does. One walk along both, which clones what changes only.
    #[must_use]
    pub fn between(old: &BTreeMap<Prefix, Origination>, new: &BTreeMap<Prefix, Origination>) -> Self {
        let mut plan = Self::default();
        let (mut before, mut after) = (old.iter().peekable(), new.iter().peekable());
        loop {
            let order = match (before.peek(), after.peek()) {
                (Some((old, _)), Some((new, _))) => old.cmp(new),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => return plan,
            };
            let gone = if order.is_le() { before.next() } else { None };
            let here = if order.is_ge() { after.next() } else { None };
            match (gone, here) {
                (Some((prefix, _)), None) => plan.withdraw.push(*prefix),
                (Some((_, old)), Some((_, new))) if old.is_same_route(new) => {}
                (_, Some((prefix, new))) => plan.announce.push((*prefix, new.clone())),
                (None, None) => return plan,
            }
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
