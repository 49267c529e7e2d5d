//! Attribute sets, kept once each, behind a number of four octets.
//!
//! Every holder of an [`AttributeId`] owns one reference: `intern` and `retain` give one, `release` returns it.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use super::decision::Merits;
use crate::attribute::PathAttributes;
use crate::types::Community;

/// The number of an attribute set. Equal numbers are equal sets, and the other way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct AttributeId(NonZeroU32);

/// All attribute sets in use.
#[derive(Default)]
pub(super) struct AttributeStore {
    ids: HashMap<Arc<PathAttributes>, AttributeId>,
    slots: Vec<Slot>,
    free: Vec<AttributeId>,
    /// Stands in for a set that is not there, which would be a defect of ours: a wrong route is milder than a panic.
    missing: Slot,
}

#[derive(Default)]
struct Slot {
    attributes: Arc<PathAttributes>,
    merits: Merits,
    references: usize,
}

impl AttributeId {
    fn index(self) -> usize {
        usize::try_from(self.0.get()).unwrap_or(usize::MAX).saturating_sub(1)
    }
}

impl AttributeStore {
    /// The number of this set, with one reference for the caller.
    pub fn intern(&mut self, attributes: &Arc<PathAttributes>) -> AttributeId {
        if let Some(id) = self.ids.get(attributes).copied() {
            self.retain(id);
            return id;
        }
        let slot = Slot { attributes: Arc::clone(attributes), merits: Merits::of(attributes), references: 1 };
        let id = self.place(slot);
        self.ids.insert(Arc::clone(attributes), id);
        id
    }

    fn place(&mut self, slot: Slot) -> AttributeId {
        if let Some(id) = self.free.pop()
            && let Some(place) = self.slots.get_mut(id.index())
        {
            *place = slot;
            return id;
        }
        self.slots.push(slot);
        let number = u32::try_from(self.slots.len()).ok().and_then(NonZeroU32::new);
        AttributeId(number.unwrap_or(NonZeroU32::MAX))
    }

    /// One more reference.
    pub fn retain(&mut self, id: AttributeId) {
        if let Some(slot) = self.slots.get_mut(id.index()) {
            slot.references += 1;
        }
    }

    /// One reference less; the last one frees the set.
    pub fn release(&mut self, id: AttributeId) {
        let Some(slot) = self.slots.get_mut(id.index()) else { return };
        debug_assert!(slot.references > 0, "released more often than retained");
        slot.references = slot.references.saturating_sub(1);
        if slot.references == 0 {
            let gone = std::mem::take(slot);
            self.ids.remove(&gone.attributes);
            self.free.push(id);
        }
    }

    /// The set with one community more, unless it has it. The caller's reference to the old set becomes one to the new.
    pub fn with_community(&mut self, id: AttributeId, community: Community) -> AttributeId {
        let Err(place) = self.attributes(id).communities.binary_search(&community) else { return id };
        let mut attributes = PathAttributes::clone(self.attributes(id));
        attributes.communities.insert(place, community);
        let made = self.intern(&Arc::new(attributes));
        self.release(id);
        made
    }

    /// The set itself.
    pub fn attributes(&self, id: AttributeId) -> &Arc<PathAttributes> {
        &self.slot(id).attributes
    }

    /// What the decision process compares of it.
    pub fn merits(&self, id: AttributeId) -> &Merits {
        &self.slot(id).merits
    }

    fn slot(&self, id: AttributeId) -> &Slot {
        let slot = self.slots.get(id.index()).unwrap_or(&self.missing);
        debug_assert!(slot.references > 0, "an attribute set was used after its last release");
        slot
    }

    /// How many distinct sets are in use.
    pub fn len(&self) -> usize {
        self.ids.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_med(med: u32) -> Arc<PathAttributes> {
        Arc::new(PathAttributes { multi_exit_disc: Some(med), ..PathAttributes::default() })
    }

    #[test]
    fn keeps_equal_sets_once() {
        let mut store = AttributeStore::default();
        assert_eq!(store.intern(&with_med(1)), store.intern(&with_med(1)));
        assert_ne!(store.intern(&with_med(1)), store.intern(&with_med(2)));
        assert_eq!(store.len(), 2);
    }

    #[test]
    fn a_community_more_stands_in_its_place() {
        let mut store = AttributeStore::default();
        let with = |communities: &[Community]| {
            Arc::new(PathAttributes { communities: communities.to_vec(), ..PathAttributes::default() })
        };
        let id = store.intern(&with(&[Community(1), Community::NO_EXPORT]));
        let id = store.with_community(id, Community::LLGR_STALE);
        assert_eq!(id, store.with_community(id, Community::LLGR_STALE));
        assert_eq!(*store.attributes(id), with(&[Community(1), Community::LLGR_STALE, Community::NO_EXPORT]));
    }

    #[test]
    fn frees_a_set_with_its_last_reference_and_reuses_the_number() {
        let mut store = AttributeStore::default();
        let first = store.intern(&with_med(1));
        store.retain(first);
        store.release(first);
        assert_eq!(store.attributes(first).multi_exit_disc, Some(1));
        store.release(first);
        assert_eq!(store.len(), 0);
        let second = store.intern(&with_med(2));
        assert_eq!(second, first);
        assert_eq!(store.attributes(second).multi_exit_disc, Some(2));
    }
}
