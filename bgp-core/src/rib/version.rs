//! What leaves of a route: made anew for every pull, and the same for all peers of one group.

use hashbrown::HashMap;

use super::attribute_store::{AttributeId, AttributeStore};
use super::export::ExportProfile;
use super::peers::PeerIndex;
use super::seats::Mask;
use crate::attribute::PathAttributes;

/// A version of a route on its way out: which attributes leave depends on nothing else, within one profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Version {
    /// The attributes in the Loc-RIB.
    pub attributes: AttributeId,
    /// The policy term that lets it out.
    pub term: u16,
    /// It is our own.
    pub originated: bool,
}

impl Version {
    /// The attributes that peers of this profile get.
    pub fn sent(self, profile: &ExportProfile, store: &AttributeStore) -> PathAttributes {
        self.made_from(store.decoded(self.attributes), profile)
    }

    /// What becomes of these attributes for peers of this profile.
    pub fn made_from(self, attributes: PathAttributes, profile: &ExportProfile) -> PathAttributes {
        profile.transform(usize::from(self.term), self.originated, attributes)
    }
}

/// A route for the peers of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OutRoute {
    /// What it says.
    pub version: Version,
    /// Who sent it.
    pub from: PeerIndex,
}

/// Whether two versions look the same to a peer.
pub(super) fn sent_alike(
    (then, was): (&ExportProfile, Version),
    (now, is): (&ExportProfile, Version),
    store: &AttributeStore,
) -> bool {
    let (old, new) = (store.decoded(was.attributes), store.decoded(is.attributes));
    // What one term of one profile does to a path it does to any: paths that differ stay different.
    let same_way = std::ptr::eq(then, now) && (was.term, was.originated) == (is.term, is.originated);
    !(same_way && old.as_path != new.as_path) && was.made_from(old, then) == is.made_from(new, now)
}

/// Where the routes of each version for each set of peers are among those pulled. Versions mostly come in runs.
pub(super) struct Places {
    last: Option<((Version, Mask), (usize, usize))>,
    known: HashMap<(Version, Mask), (usize, usize)>,
}

impl Places {
    /// None, with room for so many.
    pub fn with_room_for(versions: usize) -> Self {
        Self { last: None, known: HashMap::with_capacity(versions) }
    }

    /// The place of a version for these peers, made where there is none.
    pub fn of(&mut self, version: Version, mask: Mask, make: impl FnOnce() -> (usize, usize)) -> (usize, usize) {
        let key = (version, mask);
        if let Some((last, place)) = self.last
            && last == key
        {
            return place;
        }
        let place = *self.known.entry(key).or_insert_with(make);
        self.last = Some((key, place));
        place
    }
}
