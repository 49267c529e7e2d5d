//! The order in which changes go out: numbered prefixes, at most one live entry a prefix.
//!
//! An entry dies when its prefix changes again (then a later number stands for it) or when everyone has been told. Dead
//! entries are dropped at the front and, before they outnumber the live ones, everywhere: flaps do not make it grow.

use std::collections::VecDeque;

/// Below this many entries dead ones are not worth a sweep.
const SWEEP_FROM: usize = 64;

/// A log of numbered prefixes in ascending order of number.
#[derive(Debug)]
pub(super) struct ChangeLog<N> {
    entries: VecDeque<(u64, N)>,
    live: usize,
}

impl<N> Default for ChangeLog<N> {
    fn default() -> Self {
        Self { entries: VecDeque::new(), live: 0 }
    }
}

impl<N: Copy> ChangeLog<N> {
    /// Adds a prefix under a number higher than all before.
    pub fn push(&mut self, number: u64, net: N) {
        self.entries.push_back((number, net));
    }

    /// A prefix came to need an entry.
    pub fn born(&mut self) {
        self.live += 1;
    }

    /// A prefix no longer needs its entry.
    pub fn died(&mut self) {
        self.live = self.live.saturating_sub(1);
    }

    /// Where the first entry with this number or a higher one stands.
    pub fn position(&self, number: u64) -> usize {
        self.entries.partition_point(|(entry, _)| *entry < number)
    }

    /// The entry at a position.
    pub fn at(&self, position: usize) -> Option<(u64, N)> {
        self.entries.get(position).copied()
    }

    /// Drops dead entries where that is cheap or due.
    pub fn sweep(&mut self, is_live: impl Fn(u64, &N) -> bool) {
        while let Some((number, net)) = self.entries.front()
            && !is_live(*number, net)
        {
            self.entries.pop_front();
        }
        if self.entries.len() > SWEEP_FROM + 2 * self.live {
            self.entries.retain(|(number, net)| is_live(*number, net));
            self.entries.shrink_to(2 * self.live);
        }
    }
}
