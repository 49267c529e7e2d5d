//! One path to a prefix.

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
    /// What tells the paths of a prefix apart.
    pub const fn key(&self) -> (PeerIndex, u32) {
        (self.peer, self.path_id)
    }
}
