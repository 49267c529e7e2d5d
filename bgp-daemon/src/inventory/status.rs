//! What a source says of itself: the snapshot in use, and what is wrong with the newest state.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use super::{Doubt, Effect, Snapshot, Trust};

/// Where an inventory source stands. Published after every look, whether or not anything changed.
#[derive(Clone, Debug)]
pub struct InventoryStatus {
    /// Where it is read from.
    pub path: PathBuf,
    /// The snapshot in use: of the newest state where that is trusted; else the one before it, with what could be added.
    /// `None` until there is one.
    pub snapshot: Option<Arc<Snapshot>>,
    /// When the source was looked at last; `None` until the first look.
    pub checked_at: Option<SystemTime>,
    /// Whether the newest state is trusted; before the first look, whether the snapshot is.
    pub trust: Trust,
    /// All that is wrong with the newest state (bounded; see [`InventoryFaults`]): what speaks against it first, then
    /// what keeps objects in quarantine.
    pub faults: InventoryFaults,
    /// How many objects are in quarantine: at fault, so that each keeps what it had.
    pub quarantined: usize,
    /// Since when the newest state has not been trusted.
    pub untrusted_since: Option<SystemTime>,
}

/// Something that is wrong with a state of the inventory. At least one of file and object is given.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct InventoryFault {
    /// What it costs.
    pub effect: Effect,
    /// The file, relative to the inventory's directory.
    pub file: Option<String>,
    /// The line in the file, from 1, where it is known.
    pub line: Option<usize>,
    /// The object, as `instance projects/p/zones/z/instances/vm-1`.
    pub object: Option<String>,
    /// The field, as `networkInterfaces[0].aliasIpRanges[1].ipCidrRange`.
    pub field: Option<String>,
    /// The value as written.
    pub value: Option<String>,
    /// What is wrong and what was expected.
    pub expected: String,
}

impl InventoryFault {
    /// A fault of a whole file or directory.
    pub(super) fn of_file(doubt: Doubt, file: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { file: Some(file.into()), ..Self::of_state(doubt, None, expected) }
    }

    /// A fault of the state as a whole, or of an object that is no file's.
    pub(super) fn of_state(doubt: Doubt, object: Option<String>, expected: impl Into<String>) -> Self {
        let effect = Effect::Untrusted(doubt);
        Self { effect, file: None, line: None, object, field: None, value: None, expected: expected.into() }
    }
}

impl fmt::Display for InventoryFault {
    /// `instances.json: instance …/vm-1: networkInterfaces[0].networkIP: "10.0.0.300": expected an IPv4 address`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.file, self.line) {
            (Some(file), Some(line)) => write!(f, "{file}:{line}: ")?,
            (Some(file), None) => write!(f, "{file}: ")?,
            (None, _) => {}
        }
        for part in [&self.object, &self.field].into_iter().flatten() {
            write!(f, "{part}: ")?;
        }
        if let Some(value) = &self.value {
            write!(f, "{value:?}: ")?;
        }
        f.write_str(&self.expected)
    }
}

/// Faults of one state: the first [`InventoryFaults::SHOWN`] in order of effect, file and object, and how many there are
/// in all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InventoryFaults {
    /// The faults that are kept.
    pub shown: Vec<InventoryFault>,
    /// How many there are, kept or not.
    pub total: usize,
}

impl InventoryFaults {
    /// Faults that are kept of one state.
    pub const SHOWN: usize = 100;

    /// Keeps the first of `faults`, sorted.
    #[must_use]
    pub fn new(mut faults: Vec<InventoryFault>) -> Self {
        let total = faults.len();
        faults.sort();
        faults.truncate(Self::SHOWN);
        Self { shown: faults, total }
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.total == 0
    }
}

impl fmt::Display for InventoryFaults {
    /// One fault a line; a last line says how many are not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.shown.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            fault.fmt(f)?;
        }
        match self.total.saturating_sub(self.shown.len()) {
            0 => Ok(()),
            more => write!(f, "\n… and {more} more"),
        }
    }
}

impl std::error::Error for InventoryFaults {}
