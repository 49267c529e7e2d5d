//! What a peer is to be told next.

use std::sync::Arc;

use super::announcements::Announcements;
use crate::attribute::PathAttributes;
use crate::nlri::Nlri;
use crate::types::AddressFamily;

/// Families whose refresh begins here, routes to announce, to withdraw, families whose first dump and whose refresh end
/// here. To be encoded in this order.
#[derive(Clone, Debug, Default)]
pub struct UpdateBatch {
    /// Families whose routes are all announced again from here on (BoRR, RFC 7313).
    pub refresh_begins: Vec<AddressFamily>,
    /// Routes to announce, one family each. Peers of one update group get the same ones.
    pub announce: Vec<Arc<Announcements>>,
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

    /// The routes to announce, in the order they are to be sent.
    pub fn announced(&self) -> impl Iterator<Item = (PathAttributes, Vec<Nlri>)> {
        self.announce.iter().flat_map(|shared| shared.routes())
    }

    /// How many routes it announces and withdraws.
    #[must_use]
    pub fn route_count(&self) -> usize {
        self.announce.iter().map(|shared| shared.route_count()).sum::<usize>() + self.withdraw.len()
    }
}
