//! What a peer is to be told next.

use std::sync::Arc;

use crate::attribute::PathAttributes;
use crate::nlri::Nlri;
use crate::types::AddressFamily;

/// Families whose refresh begins here, routes to announce, to withdraw, families whose first dump and whose refresh end
/// here. To be encoded in this order.
///
/// Peers of one update group that stand at the same point get the same `Arc`, so that the octets can be shared too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpdateBatch {
    /// Families whose routes are all announced again from here on (BoRR, RFC 7313).
    pub refresh_begins: Vec<AddressFamily>,
    /// Routes grouped by their attributes, export-transformed and with their next hop; one family a group.
    pub announce: Vec<(Arc<PathAttributes>, Vec<Nlri>)>,
    /// Routes to withdraw. Never before an announcement that was pending at the same time: make before break.
    pub withdraw: Vec<Nlri>,
    /// Families whose End-of-RIB marker is due (RFC 4724 section 2).
    pub end_of_rib: Vec<AddressFamily>,
    /// Families whose routes have all been announced again (EoRR, RFC 7313).
    pub refresh_ends: Vec<AddressFamily>,
}

impl UpdateBatch {
    /// Whether there is nothing to send.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let marks = [&self.refresh_begins, &self.end_of_rib, &self.refresh_ends];
        self.announce.is_empty() && self.withdraw.is_empty() && marks.iter().all(|families| families.is_empty())
    }

    /// How many routes it announces and withdraws.
    #[must_use]
    pub fn route_count(&self) -> usize {
        self.announce.iter().map(|(_, nlri)| nlri.len()).sum::<usize>() + self.withdraw.len()
    }
}
