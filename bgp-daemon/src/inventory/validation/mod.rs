//! How objects fit together: from all that was read, and the snapshot before, to ranges and what is allocated in them.
//! Pure.
//!
//! Ranges share no address. What an instance or a forwarding rule has lies in the range it is taken from and is nobody
//! else's; several forwarding rules may have one address. An address resource may stand for addresses that something
//! else has too, for it is how they were reserved; two address resources may not.

mod delta;
mod join;
mod ranges;
mod settle;
mod sweep;

use std::collections::BTreeMap;

use super::collection::Collection;
use super::shape::Shape;
use super::{Doubt, InventoryFault, ObjectCounts, Range, Selection, Snapshot};
pub(super) use delta::Sound;
use join::{Joined, join};
use ranges::{Ranges, ranges};
use settle::{Question, Settled};

/// What remains of an inventory once everything has found its place.
#[derive(Clone, Debug)]
pub(super) struct Validated {
    /// Ascending and disjoint.
    pub ranges: Vec<Range>,
    pub counts: ObjectCounts,
    /// How many selected objects each collection holds.
    pub collections: BTreeMap<String, usize>,
}

/// Joins all objects; what is wrong goes to the faults and the quarantine of `collection`. Where something speaks against
/// the state, all of `last` stays; where an object is at fault, what that had. `None` when nothing of the state may be
/// used.
///
/// `sound` is the state before, if nothing was wrong with it, and then this one: where only instances differ, only they are
/// looked at, which comes to the same.
pub(super) fn validate(
    collection: &mut Collection,
    selection: &Selection,
    last: Option<&Snapshot>,
    shape: &Shape<'_>,
    sound: &mut Option<Sound>,
) -> Option<Validated> {
    if let Some(before) = sound.take()
        && let Some(validated) = delta::validate_change(&before, collection, selection, last, shape)
    {
        *sound = Some(Sound { files: collection.files.clone(), validated: validated.clone(), ..before });
        return Some(validated);
    }
    validate_in_full(collection, selection, last, shape, sound)
}

fn validate_in_full(
    collection: &mut Collection,
    selection: &Selection,
    last: Option<&Snapshot>,
    shape: &Shape<'_>,
    sound: &mut Option<Sound>,
) -> Option<Validated> {
    let new = ranges(collection, selection, last);
    if collection.faults.has(Doubt::Network) {
        return None;
    }
    let mut state = State { ranges: new, joined: Joined::default(), keep_all: false };
    state.join(collection, selection, last);
    shape.check(collection, &state.joined.collections);
    if collection.is_doubtful() && !state.keep_all {
        state.join(collection, selection, last);
    }
    let settled = match state.settle(collection, last) {
        Ok(settled) => settled,
        Err(fault) => {
            collection.faults.push(*fault);
            state.join(collection, selection, last);
            // With everything kept, nothing is left that could speak against it.
            state.settle(collection, last).map_err(|fault| collection.faults.push(*fault)).ok()?
        }
    };
    let Settled { ranges, quarantine, faults } = settled;
    let State { joined: Joined { counts, collections, faults: unfit, notes, .. }, ranges: selected, keep_all } = state;
    let is_changed = keep_all || !quarantine.is_empty();
    let says_nothing = notes.is_empty();
    collection.faults.absorb(unfit);
    collection.faults.absorb(faults);
    collection.notes.absorb(&notes);
    collection.quarantine = quarantine;
    let counts = if is_changed { ObjectCounts::of(counts.files, &ranges) } else { counts };
    let validated = Validated { ranges, counts, collections };
    if says_nothing && !is_changed && collection.faults.is_empty() {
        let (selection, files) = (selection.clone(), collection.files.clone());
        *sound = Some(Sound { selection, files, selected, validated: validated.clone() });
    }
    Some(validated)
}

struct State {
    ranges: Ranges,
    joined: Joined,
    keep_all: bool,
}

impl State {
    /// Joins what was read; with all ranges of `last` where something speaks against the state.
    fn join(&mut self, collection: &Collection, selection: &Selection, last: Option<&Snapshot>) {
        if let Some(last) = last.filter(|_| !self.keep_all && collection.is_doubtful()) {
            self.ranges = std::mem::take(&mut self.ranges).over(last);
            self.keep_all = true;
        }
        self.joined = join(collection, &self.ranges, selection);
    }

    fn settle(&self, collection: &Collection, last: Option<&Snapshot>) -> Result<Settled, Box<InventoryFault>> {
        let quarantine = collection.quarantine.iter().chain(&self.joined.faulty).cloned().collect();
        let Self { ranges, joined, keep_all } = self;
        Question { collection, ranges, placed: &joined.placed, last, keep_all: *keep_all }.settle(quarantine)
    }
}
