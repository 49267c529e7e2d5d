//! The blocking half of a watch: looks, judges, and remembers what was good.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Notify;

use super::arm::Alarm;
use crate::config::Inventory;
use crate::inventory::collection::FileObjects;
use crate::inventory::read::{Look, look};
use crate::inventory::{InventoryFaults, Selection, Snapshot};

/// What the newest state is.
#[derive(Debug)]
pub(super) enum Judgement {
    /// This; the same snapshot as before when nothing changed.
    Good(Arc<Snapshot>),
    /// Of no use.
    Faulty(InventoryFaults),
}

/// Somebody was writing to that file while it was read.
#[derive(Debug)]
pub(super) struct Changed(pub String);

/// Looks at one place.
#[derive(Debug)]
pub(super) struct Looker {
    path: PathBuf,
    selection: Selection,
    alarm: Alarm,
    /// The last good state.
    good: Option<Good>,
    /// The last state that was faulty, when its content is known: it need not be judged again.
    faulty: Option<(String, InventoryFaults)>,
    revision: u64,
}

#[derive(Debug)]
struct Good {
    snapshot: Arc<Snapshot>,
    files: Arc<[FileObjects]>,
    /// Where it was read; the files of another place say nothing about this one's.
    path: PathBuf,
    /// Whether it was judged under the configuration in force.
    is_current: bool,
}

impl Looker {
    /// Has not looked yet. `changes` is woken when something happens to the files.
    pub fn new(config: &Inventory, changes: Arc<Notify>) -> Self {
        Self {
            path: config.path.clone(),
            selection: Selection::from(config),
            alarm: Alarm::new(changes),
            good: None,
            faulty: None,
            revision: 0,
        }
    }

    /// Goes on with another configuration.
    pub fn configure(&mut self, config: &Inventory) {
        let selection = Selection::from(config);
        if (&self.path, &self.selection) == (&config.path, &selection) {
            return;
        }
        self.path.clone_from(&config.path);
        self.selection = selection;
        self.faulty = None;
        if let Some(good) = &mut self.good {
            good.is_current = false;
        }
    }

    /// Looks once.
    pub fn look(&mut self) -> Result<Judgement, Changed> {
        // Before reading: what changes from here on is heard.
        self.alarm.arm(&self.path);
        let good = self.good.as_ref();
        let same_place = good.filter(|good| good.path == self.path).map(|good| &*good.files);
        let is_known = |digest: &str| self.known(digest).is_some();
        let state = match look(&self.path, &self.selection, same_place, is_known) {
            Look::Changed(file) => return Err(Changed(file)),
            Look::Known(digest) => return self.known(&digest).ok_or_else(|| Changed(self.path.display().to_string())),
            Look::Read(state) => *state,
        };
        Ok(match state.verdict {
            Ok(contents) => {
                let files = Arc::clone(&contents.files);
                self.faulty = None;
                Judgement::Good(self.adopt(contents.into_snapshot(self.revision + 1, state.digest), files))
            }
            Err(faults) => {
                self.faulty = (!state.digest.is_empty()).then(|| (state.digest, faults.clone()));
                Judgement::Faulty(faults)
            }
        })
    }

    /// How content of that digest was judged, when it was the last good or the last faulty one.
    fn known(&self, digest: &str) -> Option<Judgement> {
        let good = self.good.as_ref().filter(|good| good.is_current && good.snapshot.digest == digest);
        let good = good.map(|good| Judgement::Good(Arc::clone(&good.snapshot)));
        let faulty = self.faulty.as_ref().filter(|(known, _)| known == digest);
        good.or_else(|| faulty.map(|(_, faults)| Judgement::Faulty(faults.clone())))
    }

    /// Makes the snapshot the last good one, unless it says what the last one said.
    fn adopt(&mut self, snapshot: Snapshot, files: Arc<[FileObjects]>) -> Arc<Snapshot> {
        let said = |snapshot: &Snapshot| (snapshot.digest.clone(), snapshot.counts);
        let same = self.good.take().filter(|good| {
            said(&good.snapshot) == said(&snapshot)
                && good.snapshot.ranges == snapshot.ranges
                && good.snapshot.notes == snapshot.notes
        });
        let snapshot = match same {
            Some(good) => good.snapshot,
            None => {
                self.revision = snapshot.revision;
                Arc::new(snapshot)
            }
        };
        let good = Good { snapshot: Arc::clone(&snapshot), files, path: self.path.clone(), is_current: true };
        self.good = Some(good);
        snapshot
    }
}
