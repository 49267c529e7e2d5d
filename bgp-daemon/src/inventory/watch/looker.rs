//! The blocking half of a watch: looks, judges, and remembers what stays.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use tokio::sync::Notify;

use super::arm::Alarm;
use crate::config::Inventory;
use crate::inventory::manifest::check_age;
use crate::inventory::read::{Cache, Look, Question, State, look};
use crate::inventory::{InventoryFaults, Selection, Snapshot, Trust};

/// What came of a look.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// The snapshot in use from here on: the same as before when nothing changed in it. `None` when there never was one.
    pub snapshot: Option<Arc<Snapshot>>,
    /// Whether the newest state is trusted.
    pub trust: Trust,
    /// What is wrong with it.
    pub faults: InventoryFaults,
    /// How many objects are in quarantine.
    pub quarantined: usize,
}

/// How one state was judged.
#[derive(Debug)]
struct Judged {
    digest: String,
    judgement: Judgement,
    /// When its manifest says that it was written, and whether that was too long ago.
    created_at: Option<SystemTime>,
    was_old: bool,
}

/// Somebody was writing to that file while it was read.
#[derive(Debug)]
pub struct Changed(pub String);

/// Looks at one place, again and again; what did not change is not read again.
#[derive(Debug)]
pub struct Looker {
    path: PathBuf,
    selection: Selection,
    alarm: Option<Alarm>,
    /// The snapshot in use: whatever it holds stays until a trusted state lacks it.
    snapshot: Option<Arc<Snapshot>>,
    /// How the content of that digest was judged, the last that was, under the configuration in force.
    last: Option<Judged>,
    cache: Cache,
    begun: Instant,
    revision: u64,
}

impl Looker {
    /// Has not looked yet. `snapshot` is what stays until a trusted state lacks it.
    #[must_use]
    pub fn new(config: &Inventory, snapshot: Option<Arc<Snapshot>>) -> Self {
        Self {
            path: config.path.clone(),
            selection: Selection::from(config),
            alarm: None,
            revision: snapshot.as_ref().map_or(0, |snapshot| snapshot.revision),
            snapshot,
            last: None,
            cache: Cache::default(),
            begun: Instant::now(),
        }
    }

    /// From the next look on, `changes` is woken when something happens to the files.
    pub(super) fn heard_by(self, changes: Arc<Notify>) -> Self {
        Self { alarm: Some(Alarm::new(changes)), ..self }
    }

    /// Goes on with another configuration.
    pub fn configure(&mut self, config: &Inventory) {
        let selection = Selection::from(config);
        if (&self.path, &self.selection) == (&config.path, &selection) {
            return;
        }
        if self.path != config.path {
            self.cache = Cache::default();
        }
        self.path.clone_from(&config.path);
        self.selection = selection;
        self.last = None;
    }

    /// The snapshot in use.
    #[must_use]
    pub fn snapshot(&self) -> Option<Arc<Snapshot>> {
        self.snapshot.clone()
    }

    /// Looks once.
    ///
    /// # Errors
    /// [`Changed`] when somebody was writing: it is to be asked again.
    pub fn look(&mut self) -> Result<Judgement, Changed> {
        // Before reading: what changes from here on is heard.
        if let Some(alarm) = &mut self.alarm {
            alarm.arm(&self.path);
        }
        let last = self.snapshot.clone();
        let is_of_here = |snapshot: &&Snapshot| {
            (&snapshot.provenance.path, &snapshot.provenance.network) == (&self.path, &self.selection.network)
        };
        let (now, begun) = (SystemTime::now(), self.begun);
        let question = Question {
            now,
            clock: &|| begun.elapsed(),
            path: &self.path,
            selection: &self.selection,
            last: last.as_deref(),
            same_place: last.as_deref().filter(is_of_here),
        };
        let is_old = |created_at| check_age(created_at, &self.selection, now).is_some();
        let known = self.last.as_ref().filter(|last| last.was_old == is_old(last.created_at));
        let is_known = |digest: &str| known.is_some_and(|known| known.digest == digest);
        let state = match look(&question, &mut self.cache, is_known) {
            Look::Changed(file) => return Err(Changed(file)),
            Look::Known => {
                let known = known.map(|known| known.judgement.clone());
                return known.ok_or_else(|| Changed(self.path.display().to_string()));
            }
            Look::Read(state) => *state,
        };
        let State { digest, trust, faults, quarantined, created_at, snapshot } = state;
        let was_old = is_old(created_at);
        if let Some(snapshot) = snapshot {
            self.adopt(snapshot);
        }
        let judgement = Judgement { snapshot: self.snapshot(), trust, faults, quarantined };
        let judged = Judged { digest, judgement: judgement.clone(), created_at, was_old };
        self.last = Some(judged).filter(|judged| !judged.digest.is_empty());
        Ok(judgement)
    }

    /// Makes the snapshot the one in use, unless it says what that says. One that is not trusted says only what it adds.
    fn adopt(&mut self, snapshot: Snapshot) {
        let said = |snapshot: &Snapshot| (snapshot.trust.clone(), snapshot.digest.clone(), snapshot.counts);
        let is_same = self.snapshot.as_ref().is_some_and(|old| {
            let same_ranges = old.ranges == snapshot.ranges;
            let rest =
                said(old) == said(&snapshot) && old.notes == snapshot.notes && old.provenance == snapshot.provenance;
            same_ranges && (rest || !snapshot.trust.is_trusted())
        });
        if !is_same {
            self.revision += 1;
            self.snapshot = Some(Arc::new(Snapshot { revision: self.revision, ..snapshot }));
        }
    }
}
