//! Attribute sets, kept once each, behind a number of four octets.
//!
//! A set is kept as few octets, with beside them what the decision process and every export look at. Whoever wants more has
//! the set made anew. Every holder of an [`AttributeId`] owns one reference: `intern` and `retain` give one, `release` returns
//! it.

use std::hash::BuildHasher;
use std::num::NonZeroU32;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::decision::Merits;
use super::traits::{Ourselves, Traits};
use crate::attribute::{PathAttributes, compact};
use crate::types::{Community, NextHop};

/// The number of an attribute set. Equal numbers are equal sets, and the other way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct AttributeId(NonZeroU32);

/// All attribute sets in use.
#[derive(Default)]
pub(super) struct AttributeStore {
    /// With a part of the hash, so that neither a search nor growing the table has to read sets.
    ids: HashTable<(AttributeId, u32)>,
    // Peers choose the octets: they must not be able to choose what collides, so that the seed is another in every process.
    hasher: DefaultHashBuilder,
    slots: Vec<Slot>,
    free: Vec<AttributeId>,
    /// Stands in for a set that is not there, which would be a defect of ours: a wrong route is milder than a panic.
    missing: Slot,
    /// Where a set is encoded, to find out whether it is known.
    scratch: Vec<u8>,
    ourselves: Ourselves,
    /// Sets freed so far.
    freed: u64,
}

#[derive(Default)]
struct Slot {
    octets: Box<[u8]>,
    merits: Merits,
    traits: Traits,
    references: u32,
}

impl AttributeId {
    fn index(self) -> usize {
        usize::try_from(self.0.get()).unwrap_or(usize::MAX).saturating_sub(1)
    }
}

impl AttributeStore {
    /// A store of sets that come to us.
    pub fn new(ourselves: Ourselves) -> Self {
        Self { ourselves, ..Self::default() }
    }

    /// The number of this set, with one reference for the caller.
    pub fn intern(&mut self, attributes: &PathAttributes) -> AttributeId {
        let mut octets = std::mem::take(&mut self.scratch);
        octets.clear();
        compact::encode(attributes, &mut octets);
        let hash = self.hash(&octets);
        let id = self.known(&octets, hash).unwrap_or_else(|| self.add(&octets, hash, attributes));
        self.scratch = octets;
        id
    }

    /// The number of the set that is encoded thus, with one reference for the caller.
    pub fn intern_encoded(&mut self, octets: &[u8]) -> AttributeId {
        let hash = self.hash(octets);
        self.known(octets, hash).unwrap_or_else(|| self.add(octets, hash, &decoded(octets)))
    }

    fn known(&mut self, octets: &[u8], hash: u32) -> Option<AttributeId> {
        let is_it = |(id, of): &(AttributeId, u32)| *of == hash && self.slot(*id).octets[..] == *octets;
        let (id, _) = *self.ids.find(spread(hash), is_it)?;
        self.retain(id);
        Some(id)
    }

    fn add(&mut self, octets: &[u8], hash: u32, attributes: &PathAttributes) -> AttributeId {
        let (merits, traits) = (Merits::of(attributes), Traits::of(attributes, self.ourselves));
        let id = self.place(Slot { octets: octets.into(), merits, traits, references: 1 });
        self.ids.insert_unique(spread(hash), (id, hash), |(_, hash)| spread(*hash));
        id
    }

    fn hash(&self, octets: &[u8]) -> u32 {
        let hash = self.hasher.hash_one(octets);
        u32::try_from(hash >> 32).unwrap_or_default()
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
            let hash = self.hash(&gone.octets);
            if let Ok(entry) = self.ids.find_entry(spread(hash), |(known, _)| *known == id) {
                entry.remove();
            }
            self.free.push(id);
            self.freed += 1;
        }
    }

    /// The set with one community more, unless it has it. The caller's reference to the old set becomes one to the new.
    pub fn with_community(&mut self, id: AttributeId, community: Community) -> AttributeId {
        let mut attributes = self.decoded(id);
        let Err(place) = attributes.communities.binary_search(&community) else { return id };
        attributes.communities.insert(place, community);
        let made = self.intern(&attributes);
        self.release(id);
        made
    }

    /// The set itself, made anew.
    pub fn attributes(&self, id: AttributeId) -> Arc<PathAttributes> {
        Arc::new(self.decoded(id))
    }

    /// The same, for whoever changes it.
    pub fn decoded(&self, id: AttributeId) -> PathAttributes {
        decoded(&self.slot(id).octets)
    }

    /// Its octets.
    pub fn encoded(&self, id: AttributeId) -> &[u8] {
        &self.slot(id).octets
    }

    /// Its next hop.
    pub fn next_hop(&self, id: AttributeId) -> Option<NextHop> {
        let octets = &self.slot(id).octets;
        if octets.is_empty() { None } else { compact::next_hop(octets).unwrap_or_default() }
    }

    /// What the decision process compares of it.
    pub fn merits(&self, id: AttributeId) -> &Merits {
        &self.slot(id).merits
    }

    /// What keeps a route from some peers.
    pub fn traits(&self, id: AttributeId) -> Traits {
        self.slot(id).traits
    }

    fn slot(&self, id: AttributeId) -> &Slot {
        let slot = self.slots.get(id.index()).unwrap_or(&self.missing);
        debug_assert!(slot.references > 0, "an attribute set was used after its last release");
        slot
    }

    /// How many sets were freed so far: since then, a number may have come to stand for another set.
    pub const fn freed(&self) -> u64 {
        self.freed
    }

    /// How many distinct sets are in use.
    pub fn len(&self) -> usize {
        self.ids.len()
    }
}

/// The set that is encoded thus; no octets are the empty set.
pub(super) fn decoded(octets: &[u8]) -> PathAttributes {
    if octets.is_empty() {
        return PathAttributes::default();
    }
    let decoded = compact::decode(octets);
    debug_assert!(decoded.is_ok(), "what was encoded is decoded");
    decoded.unwrap_or_default()
}

/// A hash for the table, which looks at both ends of 64 bits.
const fn spread(hash: u32) -> u64 {
    (hash as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_med(med: u32) -> PathAttributes {
        PathAttributes { multi_exit_disc: Some(med), ..PathAttributes::default() }
    }

    #[test]
    fn slots_stay_small() {
        assert_eq!(size_of::<Slot>(), 48);
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
        let with = |communities: &[Community]| PathAttributes {
            communities: communities.to_vec(),
            ..PathAttributes::default()
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
