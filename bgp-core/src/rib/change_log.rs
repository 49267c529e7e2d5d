//! The order in which changes go out: numbered rows, at most one live entry a row.
//!
//! An entry dies when its prefix changes again (then a later number stands for it) or when everyone has been told. Dead
//! entries are dropped at the front and, before they outnumber the live ones, everywhere: flaps do not make it grow.

use std::collections::VecDeque;

use super::table::RowId;

/// Below this many entries dead ones are not worth a sweep.
const SWEEP_FROM: usize = 64;

/// Entries that an empty log keeps room for.
const KEPT_CAPACITY: usize = 16_384;

/// When a change was noted: the lower half of the clock of its family. Whatever waits was noted within the last 2^32 ticks,
/// so that the upper half is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tick(u32);

impl Tick {
    /// The first of all.
    pub const ZERO: Self = Self(0);

    /// The tick at a time.
    pub fn at(clock: u64) -> Self {
        Self(u32::try_from(clock & u64::from(u32::MAX)).unwrap_or_default())
    }

    /// The time of the tick, where it is `now`.
    pub fn time(self, now: u64) -> u64 {
        now.saturating_sub(u64::from(Self::at(now).0.wrapping_sub(self.0)))
    }
}

/// A log of rows in the order of their ticks.
#[derive(Debug, Default)]
pub(super) struct ChangeLog {
    entries: VecDeque<(Tick, RowId)>,
    live: usize,
}

impl ChangeLog {
    /// Adds a row at a time after all before.
    pub fn push(&mut self, tick: Tick, row: RowId) {
        self.entries.push_back((tick, row));
    }

    /// A row came to need an entry.
    pub fn born(&mut self) {
        self.live += 1;
    }

    /// A row no longer needs its entry.
    pub fn died(&mut self) {
        self.live = self.live.saturating_sub(1);
    }

    /// Where the first entry of this time or later stands.
    pub fn position(&self, time: u64, now: u64) -> usize {
        match self.entries.front() {
            Some((first, _)) if first.time(now) < time => {
                self.entries.partition_point(|(tick, _)| tick.time(now) < time)
            }
            _ => 0,
        }
    }

    /// Entries, live or dead.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Rows that need an entry.
    #[cfg(test)]
    pub const fn live(&self) -> usize {
        self.live
    }

    /// The entry at a position.
    pub fn at(&self, position: usize) -> Option<(Tick, RowId)> {
        self.entries.get(position).copied()
    }

    /// The first entry.
    pub fn front(&self) -> Option<(Tick, RowId)> {
        self.entries.front().copied()
    }

    /// Drops the first entry.
    pub fn pop(&mut self) {
        self.entries.pop_front();
    }

    /// Drops dead entries where that is cheap or due.
    pub fn sweep(&mut self, is_live: impl Fn(Tick, RowId) -> bool) {
        while let Some((tick, row)) = self.entries.front()
            && !is_live(*tick, *row)
        {
            self.entries.pop_front();
        }
        if self.entries.is_empty() && self.entries.capacity() > KEPT_CAPACITY {
            self.entries = VecDeque::new();
        }
        if self.entries.len() > SWEEP_FROM + 2 * self.live {
            self.entries.retain(|(tick, row)| is_live(*tick, *row));
            self.entries.shrink_to(2 * self.live);
        }
    }
}
