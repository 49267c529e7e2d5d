//! Whose the addresses of a prefix are, in a few words.

use bgp_core::types::Prefix;
use serde::{Deserialize, Serialize};

use super::explain::span;
use crate::inventory::Snapshot;

/// What is allocated in a prefix: the first [`Owners::SHOWN`], and how many there are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Owners {
    /// Each as `10.4.1.0/24 alias range of instance projects/p/zones/z/instances/vm-1 nic0`.
    pub shown: Vec<String>,
    /// How many there are.
    pub total: usize,
}

impl Owners {
    /// Owners that are named.
    pub const SHOWN: usize = 8;

    /// What `snapshot` allocates in `prefix`.
    #[must_use]
    pub fn of(prefix: &Prefix, snapshot: &Snapshot) -> Self {
        let mut owners = Self::default();
        for range in snapshot.ranges.get(span::ranges(&snapshot.ranges, prefix)).unwrap_or_default() {
            let part = if range.prefix.covers(prefix) { *prefix } else { range.prefix };
            let (found, total) = span::allocations(&range.allocations, &range.prefix, &part, Self::SHOWN);
            let room = Self::SHOWN.saturating_sub(owners.shown.len());
            owners.shown.extend(found.iter().take(room).map(|one| format!("{} {}", one.prefix, one.owner)));
            owners.total += total;
        }
        owners
    }
}
