//! What peers of one update group were given last, so that those who come after them are given the same.

use std::collections::VecDeque;
use std::sync::Arc;

use super::announcements::Announcements;
use super::seats::{Mask, Slot};

/// Batches remembered: as far as one peer may be ahead of another and both still share.
const REMEMBERED: usize = 32;

/// Octets of attributes, counted with every route, in all that is remembered: where routes have a hundred or so, those of half a
/// dozen full batches.
const OCTETS_REMEMBERED: usize = 16 << 20;

/// Announcements of consecutive changes.
#[derive(Clone, Debug)]
pub(super) struct SharedBatch {
    /// When the first of the changes was noted.
    pub first: u64,
    /// When the last of them was.
    pub last: u64,
    /// Routes in all.
    pub routes: usize,
    /// Octets of their attributes, counted with every route.
    pub octets: usize,
    /// Who gets which of them.
    pub parts: Vec<(Mask, Arc<Announcements>)>,
    /// For whom how many of them are of prefixes that they have no version of.
    pub fresh: Fresh,
}

/// How many routes are new for which seats.
#[derive(Clone, Debug, Default)]
pub(super) struct Fresh(Vec<(Mask, usize)>);

impl Fresh {
    /// A route is new for some.
    pub fn add(&mut self, whom: Mask) {
        match self.0.iter_mut().find(|(known, _)| *known == whom) {
            Some((_, count)) => *count += 1,
            None => self.0.push((whom, 1)),
        }
    }
}

impl SharedBatch {
    /// The parts for a seat.
    pub fn parts_for(&self, slot: Slot) -> impl Iterator<Item = &Arc<Announcements>> {
        self.parts.iter().filter(move |(mask, _)| mask.has(slot)).map(|(_, part)| part)
    }

    /// Routes for a seat.
    pub fn routes_for(&self, slot: Slot) -> usize {
        self.parts_for(slot).map(|part| part.route_count()).sum()
    }

    /// Those of them that are of prefixes that it has no version of.
    pub fn fresh_for(&self, slot: Slot) -> usize {
        self.fresh.0.iter().filter(|(mask, _)| mask.has(slot)).map(|(_, count)| count).sum()
    }
}

/// The batches that were made last.
#[derive(Debug, Default)]
pub(super) struct Sharing {
    batches: VecDeque<SharedBatch>,
}

impl Sharing {
    /// The batch that begins with the change noted then.
    pub fn beginning_at(&self, first: u64) -> Option<&SharedBatch> {
        self.batches.iter().find(|batch| batch.first == first)
    }

    /// When the next batch begins that begins after this.
    pub fn next_after(&self, first: u64) -> u64 {
        self.batches.iter().map(|batch| batch.first).filter(|begin| *begin > first).min().unwrap_or(u64::MAX)
    }

    /// Remembers a batch, and forgets old ones for it: who stands still does not make us hold ever more of them.
    pub fn remember(&mut self, batch: SharedBatch) {
        self.batches.push_back(batch);
        let octets = |batches: &VecDeque<SharedBatch>| batches.iter().map(|batch| batch.octets).sum::<usize>();
        while self.batches.len() > REMEMBERED || self.batches.len() > 1 && octets(&self.batches) > OCTETS_REMEMBERED {
            self.batches.pop_front();
        }
    }

    /// Of what was noted then, something is no longer so.
    pub fn forget(&mut self, noted: u64) {
        if self.batches.iter().any(|batch| (batch.first..=batch.last).contains(&noted)) {
            self.batches.retain(|batch| !(batch.first..=batch.last).contains(&noted));
        }
    }

    /// Nobody waits for what was noted before this.
    pub fn forget_before(&mut self, noted: u64) {
        self.batches.retain(|batch| batch.last >= noted);
    }

    /// All of them.
    #[cfg(test)]
    pub fn all(&self) -> impl Iterator<Item = &SharedBatch> {
        self.batches.iter()
    }

    /// Whether there is nothing to be forgotten.
    pub fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }
}
