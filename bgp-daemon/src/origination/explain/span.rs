//! Which entries of the ascending lists share addresses with a prefix, found by bisection.

use std::net::IpAddr;
use std::ops::Range as Indices;

use bgp_core::types::Prefix;

use super::super::Originations;
use super::super::coverage::overlapping;
use super::chain::Extent;
use crate::inventory::{Allocation, Allocations, Range};

/// The last address.
pub(super) fn last(prefix: &Prefix) -> IpAddr {
    prefix.net().broadcast()
}

/// The address after this one; `None` after the last of its family.
fn next(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => u32::from(address).checked_add(1).map(|bits| IpAddr::V4(bits.into())),
        IpAddr::V6(address) => u128::from(address).checked_add(1).map(|bits| IpAddr::V6(bits.into())),
    }
}

/// Which of `ranges`, ascending and disjoint, share an address with `target`.
pub(in crate::origination) fn ranges(ranges: &[Range], target: &Prefix) -> Indices<usize> {
    let end = ranges.partition_point(|range| range.prefix.network() <= last(target));
    let start = ranges.partition_point(|range| last(&range.prefix) < target.network());
    start..end.max(start)
}

/// What shares an address with `part` among the allocations, ascending, of the range `within`: at most `limit` of them,
/// the wider first, and how many there are.
pub(in crate::origination) fn allocations<'a>(
    allocations: &'a Allocations,
    within: &Prefix,
    part: &Prefix,
    limit: usize,
) -> (Vec<&'a Allocation>, usize) {
    let from = |prefix: Prefix| allocations.from(|allocation| allocation.prefix < prefix).map(|(one, ())| one);
    // Allocations may be nested (an address of a reserved block): those around `part` can only be its own supernets.
    let supernets = (within.len()..part.len()).filter_map(|length| Prefix::new(part.network(), length).ok());
    let around = supernets.flat_map(|supernet| {
        let equal = move |allocation: &&Allocation| allocation.prefix == supernet;
        from(supernet).take_while(equal)
    });
    let mut found: Vec<&Allocation> = around.collect();
    // The rest is one run: whatever sorts after `part` and starts before its end lies inside it.
    let inside = allocations
        .count(|allocation| allocation.prefix < *part, |allocation| allocation.prefix.network() <= last(part));
    let total = found.len() + inside;
    found.extend(from(*part).take(inside.min(limit)));
    found.truncate(limit);
    (found, total)
}

/// How far originations reach in a prefix.
pub(super) struct Coverage {
    pub(super) extent: Extent,
    /// The first address that none holds; `None` when there is no such address.
    pub(super) first_gap: Option<IpAddr>,
}

impl Coverage {
    /// Walks along the originations from the start of `target` to the first gap.
    pub(super) fn of(target: &Prefix, all: &Originations) -> Self {
        let (mut extent, mut uncovered) = (Extent::Nothing, Some(target.network()));
        // A custom range leads to its addresses, whether anybody has them or not.
        for (prefix, _) in overlapping(all, target).filter(|(_, one)| !one.is_custom()) {
            extent = Extent::Part;
            if uncovered.is_some_and(|address| prefix.network() > address) {
                break;
            }
            // What is held may lie around what is announced in its place: a smaller one leads no further.
            uncovered = next(last(prefix)).map(|after| uncovered.map_or(after, |at| at.max(after)));
            uncovered = uncovered.filter(|address| *address <= last(target));
            if uncovered.is_none() {
                extent = Extent::Whole;
                break;
            }
        }
        Self { extent, first_gap: uncovered }
    }
}
