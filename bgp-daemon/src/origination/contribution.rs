//! How much of a prefix is allocated.

use bgp_core::types::Prefix;

use super::coverage::{Addresses, addresses, uncovered};
use super::explain::span;
use crate::inventory::Snapshot;

/// What is allocated in a prefix that is announced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contribution {
    /// Allocations.
    pub allocations: usize,
    /// Addresses in them, each counted once.
    pub allocated: Addresses,
    /// Addresses of the prefix that are allocated to nobody.
    pub unallocated: Addresses,
}

impl Contribution {
    /// What `snapshot` allocates in `prefix`. Looks at every allocation in it.
    #[must_use]
    pub fn of(prefix: &Prefix, snapshot: &Snapshot) -> Self {
        let (mut allocations, mut allocated) = (0, Addresses::NONE);
        for range in snapshot.ranges.get(span::ranges(&snapshot.ranges, prefix)).unwrap_or_default() {
            let part = if range.prefix.covers(prefix) { *prefix } else { range.prefix };
            let (found, total) = span::allocations(&range.allocations, &range.prefix, &part, usize::MAX);
            allocations += total;
            // One that is wider than the part fills it.
            let within = found.iter().map(|one| if one.prefix.covers(&part) { &part } else { &one.prefix });
            allocated += addresses(within);
        }
        let whole = uncovered(prefix, []);
        Self { allocations, allocated, unallocated: whole - allocated }
    }
}
