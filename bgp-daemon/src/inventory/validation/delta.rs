//! The same from what has changed: what the last state came to, less what the files that changed said then, with what they say
//! now.
//!
//! Only where nothing at all is wrong, before and after, and only for changes of instances: anything else is for the full
//! way, which stays the one that says what is right.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::Validated;
use super::join::{Joined, Placed, join_files};
use super::ranges::Ranges;
use crate::inventory::collection::{Collection, FileObjects};
use crate::inventory::findings::FaultLog;
use crate::inventory::shape::Shape;
use crate::inventory::{Allocation, Allocations, ObjectCounts, Owner, Range, Selection, Snapshot};

/// A state with which nothing was wrong, and what it came to.
#[derive(Debug)]
pub(in crate::inventory) struct Sound {
    pub(super) selection: Selection,
    pub(super) files: Vec<Arc<FileObjects>>,
    pub(super) selected: Ranges,
    pub(super) validated: Validated,
}

/// What `collection` comes to after the state `sound`; `None` where that takes the full way. `collection` is as it was then.
pub(super) fn validate_change(
    sound: &Sound,
    collection: &mut Collection,
    selection: &Selection,
    last: Option<&Snapshot>,
    shape: &Shape<'_>,
) -> Option<Validated> {
    let is_clean = collection.faults.is_empty() && collection.quarantine.is_empty();
    if !is_clean || sound.selection != *selection || last?.ranges != sound.validated.ranges {
        return None;
    }
    let changed = changed_files(&sound.files, &collection.files)?;
    let said = |files: Vec<(u32, Arc<FileObjects>)>| join_files(collection, &sound.selected, selection, files);
    let (before, now): (Vec<_>, Vec<_>) =
        changed.into_iter().map(|(index, before, now)| ((index, before), (index, now))).unzip();
    let (before, now) = (said(before), said(now));
    if !(now.faults.is_empty() && now.faulty.is_empty() && now.notes.is_empty()) {
        return None;
    }
    let Validated { ranges, counts, collections } = &sound.validated;
    let counts = exchanged(*counts, &before.counts, &now.counts);
    let collections = counted(collections, &before, &now);
    let (gone, new) = difference(&before.placed, &now.placed);
    let ranges = exchange(ranges, &gone, &new)?;
    shape.check(collection, &collections);
    if collection.faults.is_empty() {
        return Some(Validated { ranges, counts, collections });
    }
    // The full way finds it again, with all that follows.
    collection.faults = FaultLog::default();
    None
}

/// The files that differ, with their index, as they were and as they are; `None` when other than instances can have changed.
#[expect(clippy::type_complexity, reason = "a list of what is said of each")]
fn changed_files(
    before: &[Arc<FileObjects>],
    now: &[Arc<FileObjects>],
) -> Option<Vec<(u32, Arc<FileObjects>, Arc<FileObjects>)>> {
    let same_names = before.len() == now.len() && before.iter().zip(now).all(|(before, now)| before.file == now.file);
    let files = (0..).zip(before.iter().zip(now)).filter(|(_, (before, now))| !Arc::ptr_eq(before, now));
    let changed: Vec<_> = files.map(|(index, (before, now))| (index, Arc::clone(before), Arc::clone(now))).collect();
    let of_instances = |file: &Arc<FileObjects>| file.subnetworks.is_empty() && file.reservations.is_empty();
    let only_instances = changed.iter().all(|(_, before, now)| of_instances(before) && of_instances(now));
    (same_names && only_instances).then_some(changed)
}

fn exchanged(all: ObjectCounts, before: &ObjectCounts, now: &ObjectCounts) -> ObjectCounts {
    let exchange = |all: usize, before: usize, now: usize| (all + now).saturating_sub(before);
    ObjectCounts {
        instances: exchange(all.instances, before.instances, now.instances),
        alias_ranges: exchange(all.alias_ranges, before.alias_ranges, now.alias_ranges),
        ..all
    }
}

fn counted(all: &BTreeMap<String, usize>, before: &Joined, now: &Joined) -> BTreeMap<String, usize> {
    let mut counted = all.clone();
    for (name, count) in &now.collections {
        *counted.entry(name.clone()).or_default() += count;
    }
    for (name, count) in &before.collections {
        if let Some(left) = counted.get_mut(name) {
            *left = left.saturating_sub(*count);
        }
    }
    counted.retain(|_, count| *count > 0);
    counted
}

/// What is no more, and what was not; both ascending, as the two are.
fn difference<'a>(before: &'a [Placed], now: &'a [Placed]) -> (Vec<&'a Placed>, Vec<&'a Placed>) {
    let (mut gone, mut new) = (Vec::new(), Vec::new());
    let (mut before, mut now) = (before.iter().peekable(), now.iter().peekable());
    while let (Some(old), Some(one)) = (before.peek(), now.peek()) {
        match old.allocation.cmp(&one.allocation) {
            Ordering::Less => gone.extend(before.next()),
            Ordering::Greater => new.extend(now.next()),
            Ordering::Equal => drop((before.next(), now.next())),
        }
    }
    gone.extend(before);
    new.extend(now);
    (gone, new)
}

/// The ranges with the ones in place of the others; those of which nothing changes are shared. `None` where what is new shares
/// addresses with something, or what goes is not there.
fn exchange(ranges: &[Range], mut gone: &[&Placed], mut new: &[&Placed]) -> Option<Vec<Range>> {
    let mut exchanged = Vec::with_capacity(ranges.len());
    for range in ranges {
        let own =
            |rest: &[&Placed]| rest.iter().take_while(|placed| range.prefix.covers(&placed.allocation.prefix)).count();
        let (leave, rest_of_gone) = gone.split_at_checked(own(gone))?;
        let (come, rest_of_new) = new.split_at_checked(own(new))?;
        (gone, new) = (rest_of_gone, rest_of_new);
        let mut range = range.clone();
        if !(leave.is_empty() && come.is_empty()) {
            range.allocations = merged(&range.allocations, leave, come)?;
        }
        exchanged.push(range);
    }
    (gone.is_empty() && new.is_empty()).then_some(exchanged)
}

/// All that is there less `leave` with `come`.
fn merged(all: &Allocations, leave: &[&Placed], come: &[&Placed]) -> Option<Allocations> {
    let mut merged = all.clone();
    for one in leave {
        merged.remove(&one.allocation)?;
    }
    for one in come {
        if merged.insert(one.allocation.clone(), ()).is_some() {
            return None;
        }
    }
    come.iter().all(|one| is_alone(&merged, &one.allocation)).then_some(merged)
}

/// Whether it shares no address with a neighbour. A reserved address may stand for what something else has.
fn is_alone(all: &Allocations, own: &Allocation) -> bool {
    let is_address = |(one, ()): &(&Allocation, &())| matches!(*one.owner, Owner::Address(_));
    let neighbours = all.until(|one| one < own).rev().find(|one| !is_address(one)).into_iter();
    let mut neighbours = neighbours.chain(all.after(own).find(|one| !is_address(one)));
    !neighbours.any(|(neighbour, ())| neighbour.prefix.overlaps(&own.prefix))
}
