//! How objects fit together: from all that was read to ranges and what is allocated in them, or faults. Pure.
//!
//! Ranges share no address. What an instance or a forwarding rule has lies in the range it is taken from and is nobody
//! else's; several forwarding rules may have one address. An address resource may stand for addresses that something
//! else has too, for it is how they were reserved; two address resources may not.

mod join;
mod ranges;
mod sweep;

use std::sync::Arc;

use super::collection::Collection;
use super::{Allocation, InventoryFault, ObjectCounts, Owner, Range, Selection};
use join::Placed;
use ranges::Ranges;

/// What remains of an inventory once everything has found its place.
#[derive(Debug)]
pub(super) struct Validated {
    /// Ascending and disjoint.
    pub ranges: Vec<Range>,
    pub counts: ObjectCounts,
}

/// Joins all objects; what is wrong goes to the faults of `collection`, and the result is then of no use.
pub(super) fn validate(collection: &mut Collection, selection: &Selection) -> Validated {
    let ranges = ranges::ranges(collection, selection);
    let mut counts =
        ObjectCounts { files: collection.files.len(), subnetworks: ranges.selected, ..ObjectCounts::default() };
    let mut placed = join::join(collection, &ranges, selection, &mut counts);
    placed.sort_unstable_by(|a, b| (a.prefix, &a.owner, a.file, a.field).cmp(&(b.prefix, &b.owner, b.file, b.field)));
    check_overlaps(&placed, collection);
    Validated { ranges: allocated(ranges, placed), counts }
}

fn check_overlaps(placed: &[Placed], collection: &mut Collection) {
    let is_address = |placed: &&Placed| matches!(placed.owner, Owner::Address(_));
    let (addresses, others): (Vec<&Placed>, Vec<&Placed>) = placed.iter().partition(is_address);
    let may_share = |a: &&Placed, b: &&Placed| {
        let both_rules = matches!((&a.owner, &b.owner), (Owner::ForwardingRule(_), Owner::ForwardingRule(_)));
        both_rules && a.prefix == b.prefix
    };
    for group in [addresses, others] {
        sweep::overlaps(
            &group,
            |placed| placed.prefix,
            may_share,
            |outer, inner| {
                let fault = overlap(outer, inner, collection);
                collection.faults.push(fault);
            },
        );
    }
}

fn overlap(outer: &Placed, inner: &Placed, collection: &Collection) -> InventoryFault {
    let object = match &inner.owner {
        Owner::Interface { instance, .. } | Owner::AliasRange { instance, .. } => format!("instance {instance}"),
        other => other.to_string(),
    };
    let Placed { prefix, owner, file, .. } = outer;
    let file = collection.file_name(*file);
    InventoryFault {
        file: Some(collection.file_name(inner.file).to_owned()),
        line: None,
        object: Some(object),
        field: Some(inner.field.to_string()),
        value: Some(inner.field.shown(&inner.prefix)),
        expected: format!("overlaps {prefix}, {owner} in {file}; expected addresses that nothing else has"),
    }
}

fn allocated(ranges: Ranges, placed: Vec<Placed>) -> Vec<Range> {
    let mut sizes = vec![0_usize; ranges.ranges.len()];
    for placed in &placed {
        if let Some(size) = sizes.get_mut(placed.range) {
            *size += 1;
        }
    }
    let empty = ranges.ranges.into_iter().zip(sizes).map(|(range, size)| Range {
        subnetwork: Arc::clone(&range.subnetwork),
        name: range.name,
        prefix: range.prefix,
        allocations: Vec::with_capacity(size),
    });
    let mut ranges: Vec<Range> = empty.collect();
    for Placed { prefix, owner, range, .. } in placed {
        if let Some(range) = ranges.get_mut(range) {
            range.allocations.push(Allocation { prefix, owner });
        }
    }
    ranges
}
