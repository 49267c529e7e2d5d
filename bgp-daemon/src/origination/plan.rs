//! The route-level difference of two sets of originations.

use std::sync::Arc;

use bgp_core::attribute::PathAttributes;
use bgp_core::types::Prefix;

use super::{Origination, Originations};
use crate::shared_map::Change;

/// What changes between two sets of originations.
///
/// Announced first and withdrawn after, it never takes the route from an address that has one in both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Prefixes that are new, or whose attributes, role or cost change, with what they become. Of nothing that was before, it
    /// is all that is new, and shared with it.
    pub announce: Originations,
    /// Prefixes that are originated no more; ascending.
    pub withdraw: Vec<Prefix>,
}

impl Plan {
    /// What turns `old` into `new`, as far as the table is concerned: which rule and ranges a prefix comes from may
    /// change without a route that does. Passes over what both share, and clones what changes only.
    #[must_use]
    pub fn between(old: &Originations, new: &Originations) -> Self {
        if old.is_empty() {
            return Self::from_nothing(new);
        }
        let mut withdraw = Vec::new();
        let announced = |Change { key: prefix, before, after }: Change<'_, Prefix, Origination>| match (before, after) {
            (Some(old), Some(new)) if old.is_same_route(new) => None,
            (_, Some(new)) => Some((*prefix, new.clone())),
            (_, None) => {
                withdraw.push(*prefix);
                None
            }
        };
        Self { announce: old.changes(new).filter_map(announced).collect(), withdraw }
    }

    /// What starts originating all of `new`.
    #[must_use]
    pub fn from_nothing(new: &Originations) -> Self {
        Self { announce: new.clone(), withdraw: Vec::new() }
    }

    /// The announcements as the table takes them: prefix, attributes, role and cost; ascending.
    pub fn routes(&self) -> impl Iterator<Item = (Prefix, Arc<PathAttributes>, Arc<str>, u32)> + use<> {
        let route = |(prefix, origination): (Prefix, Origination)| {
            (prefix, Arc::clone(&origination.attributes), Arc::clone(&origination.role), origination.cost)
        };
        self.announce.clone().into_iter().map(route)
    }

    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.announce.is_empty() && self.withdraw.is_empty()
    }
}
