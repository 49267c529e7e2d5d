//! Who has which addresses: what the new state says, over what the snapshot before held and must stay. Pure.
//!
//! Three rules. What something had before and still says it has, it has. What is in doubt keeps what it had: everything
//! where the state is not trusted, else each object in quarantine. Anything else is added where it shares no address with
//! these; an object that claims addresses which something else has goes into quarantine.

use std::collections::HashSet;
use std::sync::Arc;

use super::join::{Placed, id_of};
use super::ranges::Ranges;
use crate::inventory::collection::{Collection, ObjectId};
use crate::inventory::findings::FaultLog;
use crate::inventory::{Allocation, Allocations, Doubt, Effect, InventoryFault, Owner, Range, Snapshot};

/// How often quarantine may spread: an object in it keeps what it had, which something else may have now.
const MAX_ROUNDS: usize = 8;

/// Most allocations of a snapshot that only grows, because the states that it comes from are not trusted.
const MAX_GROWN: usize = 4_000_000;

/// What is known, and what is in doubt.
pub(super) struct Question<'a> {
    pub collection: &'a Collection,
    pub ranges: &'a Ranges,
    /// Ascending.
    pub placed: &'a [Placed],
    pub last: Option<&'a Snapshot>,
    /// Whether all that `last` held stays.
    pub keep_all: bool,
}

/// Who has what.
pub(super) struct Settled {
    pub ranges: Vec<Range>,
    pub quarantine: HashSet<ObjectId>,
    pub faults: FaultLog,
}

/// Addresses, and who has them.
#[derive(Clone, Copy)]
struct Held<'a> {
    /// What and whose.
    what: &'a Allocation,
    /// Its place among what the new state says; `None` for what only stays.
    place: Option<Place>,
}

/// A place among what the new state says.
#[derive(Clone, Copy)]
struct Place(u32);

/// What one round came to.
struct Round<'a> {
    /// Everything that somebody has, ascending.
    held: Vec<Held<'a>>,
    /// What is refused, with what speaks against it.
    refused: Vec<(Held<'a>, Held<'a>)>,
    /// How much is not added because there is too much already.
    passed_over: usize,
}

impl Question<'_> {
    /// Settles it. `quarantine` are the objects that are at fault already.
    ///
    /// # Errors
    /// Why the state cannot be trusted after all: then everything must be kept.
    pub fn settle(&self, mut quarantine: HashSet<ObjectId>) -> Result<Settled, Box<InventoryFault>> {
        for _ in 0..MAX_ROUNDS {
            let Round { held, refused, passed_over } = self.round(&quarantine);
            let before = quarantine.len();
            // What another keeps only because the state is not trusted may have been handed on.
            let blamed = refused.iter().filter(|(_, other)| !self.keep_all || other.place.is_some());
            quarantine.extend(blamed.map(|(refused, _)| id_of(&refused.what.owner)));
            // Whoever keeps everything already has what it had.
            let spreads = quarantine.len() > before && !self.keep_all && self.last.is_some();
            if spreads {
                continue;
            }
            let mut faults = FaultLog::default();
            refused.iter().filter_map(|(refused, other)| self.overlap(refused, other)).for_each(|f| faults.push(f));
            if passed_over > 0 {
                let expected = format!("{passed_over} allocations are not added; expected at most {MAX_GROWN} in all");
                faults.push(InventoryFault::of_state(Doubt::Conflict, Some("inventory".to_owned()), expected));
            }
            return Ok(Settled { ranges: self.in_ranges(held)?, quarantine, faults });
        }
        let expected = format!(
            "objects claim what others had before in chains longer than {MAX_ROUNDS}; expected addresses that nothing \
             else has"
        );
        Err(Box::new(InventoryFault::of_state(Doubt::Conflict, Some("inventory".to_owned()), expected)))
    }

    fn round<'q>(&'q self, quarantine: &HashSet<ObjectId>) -> Round<'q> {
        let (mut all, mut refused, mut passed_over) = (Vec::new(), Vec::new(), 0);
        // A reserved address may stand for what something else has too, so that they are settled apart.
        for addresses in [false, true] {
            let of_class = |owner: &Owner| matches!(owner, Owner::Address(_)) == addresses;
            let (mut held, rest) = self.held_before(of_class, quarantine);
            let mut added: Vec<Held<'_>> = Vec::with_capacity(rest.len());
            for new in rest.into_iter().filter_map(|place| self.held_at(place)) {
                let last_added = added.last().filter(|added| conflict(added, &new));
                match last_added.or_else(|| clash(&held, &new)) {
                    Some(other) => refused.push((new, *other)),
                    None if self.keep_all && held.len() + added.len() >= MAX_GROWN => passed_over += 1,
                    None => added.push(new),
                }
            }
            append(&mut held, added);
            append(&mut all, held);
        }
        if !all.is_sorted_by(|a, b| a.what <= b.what) {
            all.sort_by(|a, b| a.what.cmp(b.what));
        }
        Round { held: all, refused, passed_over }
    }

    /// What the new state says at that place.
    fn held_at(&self, place: Place) -> Option<Held<'_>> {
        Some(Held { what: &self.at(place)?.allocation, place: Some(place) })
    }

    fn at(&self, Place(place): Place) -> Option<&Placed> {
        self.placed.get(usize::try_from(place).ok()?)
    }

    /// What was there before and is still or stays, ascending, and where what is new stands.
    fn held_before(
        &self,
        of_class: impl Fn(&Owner) -> bool,
        quarantine: &HashSet<ObjectId>,
    ) -> (Vec<Held<'_>>, Vec<Place>) {
        let stays = |owner: &Owner| self.keep_all || (!quarantine.is_empty() && quarantine.contains(&id_of(owner)));
        let last = self.last.iter().flat_map(|last| &last.ranges).flat_map(|range| range.allocations.keys());
        let mut last = last.filter(|allocation| of_class(&allocation.owner)).peekable();
        let (mut held, mut rest) = (Vec::new(), Vec::new());
        let only_stays = |allocation: &'_ Allocation| stays(&allocation.owner);
        for (place, new) in (0..).map(Place).zip(self.placed.iter().map(|placed| &placed.allocation)) {
            if !of_class(&new.owner) {
                continue;
            }
            while let Some(before) = last.next_if(|before| *before < new) {
                if only_stays(before) {
                    held.push(Held { what: before, place: None });
                }
            }
            let was_there = last.next_if(|before| *before == new).is_some();
            if was_there { held.push(Held { what: new, place: Some(place) }) } else { rest.push(place) }
        }
        let rest_of_last = last.filter(|before| only_stays(before));
        held.extend(rest_of_last.map(|before| Held { what: before, place: None }));
        (held, rest)
    }

    /// Sorts what is held into the ranges.
    fn in_ranges(&self, held: Vec<Held<'_>>) -> Result<Vec<Range>, Box<InventoryFault>> {
        let mut rest = held.as_slice();
        let mut ranges = Vec::with_capacity(self.ranges.ranges.len());
        for range in &self.ranges.ranges {
            let count = rest.iter().take_while(|held| range.prefix.covers(&held.what.prefix)).count();
            let (own, later) = rest.split_at_checked(count).unwrap_or((rest, &[]));
            rest = later;
            ranges.push(Range {
                subnetwork: Arc::clone(&range.subnetwork),
                name: range.name.clone(),
                prefix: range.prefix,
                allocations: Allocations::of_keys(own.iter().map(|held| held.what.clone())),
            });
            if let Some(homeless) = rest.first().filter(|held| held.what.prefix < range.prefix) {
                return Err(homeless_fault(homeless));
            }
        }
        match rest.first() {
            Some(homeless) => Err(homeless_fault(homeless)),
            None => Ok(ranges),
        }
    }

    /// What to say of a claim that is refused. In a state that is not trusted, a claim of what another keeps is no fault:
    /// it may have been handed on.
    fn overlap(&self, refused: &Held<'_>, other: &Held<'_>) -> Option<InventoryFault> {
        let inner = self.at(refused.place?)?;
        let Allocation { prefix, owner } = other.what;
        let expected = match other.place.and_then(|place| self.at(place)) {
            Some(other) => {
                let file = self.collection.file_name(other.file);
                format!("overlaps {prefix}, {owner} in {file}; expected addresses that nothing else has")
            }
            None if self.keep_all || id_of(owner) == id_of(&refused.what.owner) => return None,
            None => format!("overlaps {prefix}, which {owner} had and keeps; expected addresses that nothing else has"),
        };
        let (kind, path) = id_of(&refused.what.owner);
        Some(InventoryFault {
            effect: Effect::Quarantine,
            file: Some(self.collection.file_name(inner.file).to_owned()),
            line: None,
            object: Some(format!("{kind} {path}")),
            field: Some(inner.field.to_string()),
            value: Some(inner.field.shown(&inner.allocation.prefix)),
            expected,
        })
    }
}

/// Puts `more` behind `all`; where that is nothing, it is not copied.
fn append<'a>(all: &mut Vec<Held<'a>>, mut more: Vec<Held<'a>>) {
    match all.is_empty() {
        true => *all = more,
        false => all.append(&mut more),
    }
}

fn homeless_fault(held: &Held<'_>) -> Box<InventoryFault> {
    let expected = format!(
        "keeps {}, for it is at fault, and no subnetwork has that range any more; expected the range",
        held.what.prefix
    );
    Box::new(InventoryFault::of_state(Doubt::Subnetwork, Some(held.what.owner.to_string()), expected))
}

/// Whether both cannot be: several forwarding rules may have one address.
fn conflict(a: &Held<'_>, b: &Held<'_>) -> bool {
    let (a, b) = (a.what, b.what);
    let both_rules = matches!((&*a.owner, &*b.owner), (Owner::ForwardingRule(_), Owner::ForwardingRule(_)));
    a.prefix.overlaps(&b.prefix) && !(both_rules && a.prefix == b.prefix)
}

/// What is held and cannot be beside `new`. `held` is ascending, and those of it that share addresses have the same ones.
fn clash<'a, 'q>(held: &'a [Held<'q>], new: &Held<'_>) -> Option<&'a Held<'q>> {
    let after = held.partition_point(|held| held.what.prefix <= new.what.prefix);
    let before = after.checked_sub(1).and_then(|before| held.get(before));
    before.filter(|before| conflict(before, new)).or_else(|| held.get(after).filter(|after| conflict(after, new)))
}
