//! What reading and validation find: faults and notes, in constant memory however many there are.

use std::collections::{BTreeSet, BinaryHeap};

use super::{Doubt, Effect, InventoryFault, InventoryFaults, Trust};

/// Collects faults: only those that will be shown are kept.
#[derive(Debug, Default)]
pub(super) struct FaultLog {
    shown: BinaryHeap<InventoryFault>,
    total: usize,
    doubts: BTreeSet<Doubt>,
}

impl FaultLog {
    /// Takes one fault in.
    pub fn push(&mut self, fault: InventoryFault) {
        self.total += 1;
        if let Effect::Untrusted(doubt) = fault.effect {
            self.doubts.insert(doubt);
        }
        self.keep(fault);
    }

    /// Takes in all that another has.
    pub fn absorb(&mut self, other: Self) {
        self.total += other.total;
        self.doubts.extend(other.doubts);
        other.shown.into_iter().for_each(|fault| self.keep(fault));
    }

    fn keep(&mut self, fault: InventoryFault) {
        self.shown.push(fault);
        if self.shown.len() > InventoryFaults::SHOWN {
            self.shown.pop();
        }
    }

    /// What follows from them for the state as a whole.
    pub fn trust(&self) -> Trust {
        match self.doubts.is_empty() {
            true => Trust::Trusted,
            false => Trust::Untrusted(self.doubts.iter().copied().collect()),
        }
    }

    /// Whether one of them is of that kind.
    pub fn has(&self, doubt: Doubt) -> bool {
        self.doubts.contains(&doubt)
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// The first of them in order, and how many there were.
    pub fn into_faults(self) -> InventoryFaults {
        InventoryFaults { shown: self.shown.into_sorted_vec(), total: self.total }
    }
}

/// Collects notes: what is legal and probably worth knowing.
#[derive(Clone, Debug, Default)]
pub(super) struct NoteLog {
    shown: Vec<String>,
    more: usize,
}

impl NoteLog {
    /// Notes that are kept of one state.
    const SHOWN: usize = 100;

    /// Takes one note in.
    pub fn push(&mut self, note: String) {
        if self.shown.len() < Self::SHOWN {
            self.shown.push(note);
        } else {
            self.more += 1;
        }
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// Takes in all that another has.
    pub fn absorb(&mut self, other: &Self) {
        other.shown.iter().for_each(|note| self.push(note.clone()));
        self.more += other.more;
    }

    /// The first of them, and a last one that says how many there are beside.
    pub fn into_notes(mut self) -> Vec<String> {
        if self.more > 0 {
            self.shown.push(format!("… and {} more", self.more));
        }
        self.shown
    }
}

/// A value shortened so that a fault stays on one line.
pub(super) fn shown_value(text: &str) -> String {
    shortened(text, 80)
}

/// A name that a file gives to a place in it, likewise; nothing of it can begin a new line.
pub(super) fn shown_name(text: &str) -> String {
    on_one_line(&shown_value(text))
}

/// What a library says of a file, with names and values of the file in it.
pub(super) fn shown_reason(text: &str) -> String {
    on_one_line(&shortened(text, 400))
}

fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((cut, _)) => format!("{}…", text.get(..cut).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn on_one_line(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}
