//! One prefix of the table: its paths and the one in the Loc-RIB.

use smallvec::SmallVec;

use super::adj_rib_in::CompactVerdict;
use super::attribute_store::AttributeId;
use super::peers::PeerIndex;

/// A path to a prefix, as a peer sent it or as we originate it. It owns a reference to each of its attribute sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Path {
    /// The attributes as received.
    pub received: AttributeId,
    /// The attributes after import policy.
    pub effective: AttributeId,
    /// The peer's path identifier; for our own the number of the tag.
    pub path_id: u32,
    /// Who sent it.
    pub peer: PeerIndex,
    /// Whether it is eligible.
    pub verdict: CompactVerdict,
}

impl Path {
    /// Whether this is the path that `best` was taken from.
    pub fn is(&self, best: &Best) -> bool {
        (self.peer, self.path_id) == (best.peer, best.path_id)
    }
}

/// The route in the Loc-RIB: a copy, because the paths may change before the next decision. Owns a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Best {
    /// Its attributes.
    pub attributes: AttributeId,
    /// See [`Path::path_id`].
    pub path_id: u32,
    /// Who sent it.
    pub peer: PeerIndex,
}

/// All there is about one prefix.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    /// Its paths, in no order.
    pub paths: SmallVec<[Path; 1]>,
    /// Its route in the Loc-RIB.
    pub best: Option<Best>,
    /// It waits for a decision.
    pub dirty: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stays_small() {
        assert_eq!(size_of::<Path>(), 16);
        assert!(size_of::<Entry>() <= 40, "{}", size_of::<Entry>());
    }
}
