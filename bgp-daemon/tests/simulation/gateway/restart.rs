//! Its death and its return.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use bgp_core::types::Prefix;
use bgp_daemon::inventory::Looker;
use bgp_daemon::journal::{Journal, Record, Restored};
use bgp_daemon::origination::guard::Guard;
use bgp_daemon::origination::{Memory, Plan, Resumption, resume};

use super::{Gateway, Saved, held_by, inventory, journal_of};
use crate::chance::Chance;
use crate::ledger::{Change, Ledger};
use crate::peer::Wire;
use crate::space::Addresses;

impl Gateway {
    /// Dies and starts again, sometimes with its newest journal damaged, sometimes with another configuration.
    pub fn crashes(&mut self, chance: &mut Chance) -> String {
        let damaged = chance.one_in(4) && self.damage(chance);
        if let Some((setting, _)) = self.waiting.take() {
            self.setting = setting;
        } else if chance.one_in(4) {
            self.setting = self.setting.another(chance);
        }
        let expected = self.newest.last().or(self.before_it.last()).map(|(_, saved)| saved.clone());
        self.now += Duration::from_secs(u64::try_from(chance.below(90)).unwrap());
        self.journal = Journal::new(&journal_of(&self.folder));
        let Restored { record, .. } = self.journal.restore();
        if record.is_some() != expected.is_some() {
            self.fails(format!("restored is {}, saved was {}", record.is_some(), expected.is_some()));
        }
        (self.current, self.guard, self.wire, self.memory) = (None, Guard::default(), Wire::new(), Memory::default());
        self.restored = record.is_some();
        self.rules = expected.as_ref().map(|_| self.setting);
        self.stepped = expected.as_ref().map(|saved| saved.rules);
        self.ledger = expected.as_ref().map_or_else(Ledger::default, |saved| saved.ledger.clone());
        let config = self.setting.config();
        let before = record.as_ref().map(|record| Arc::clone(&record.snapshot));
        self.looker = Looker::new(&inventory(&self.folder, &config), before);
        if let (Some(record), Some(expected)) = (record, &expected) {
            self.resumes(record, expected, chance);
        }
        format!("crashes, damaged: {damaged}, and comes back with {:?}; {}", self.setting, self.said())
    }

    fn resumes(&mut self, record: Record, expected: &Saved, chance: &mut Chance) {
        let Record { snapshot, originations, guard, told_by } = record;
        let guard = guard.restored(self.now);
        let before = Resumption { snapshot: Arc::clone(&snapshot), originations, guard: guard.clone(), told_by };
        let current = resume(before, &mut self.memory, self.setting.config(), self.now);
        let applied = self.wire.apply(&current, &Plan::from_nothing(&current.set.originations), chance);
        self.holds(applied);
        let name = |session: &str| session.split('@').next().unwrap().to_owned();
        for (session, view) in self.wire.views.clone() {
            let same_name = expected.views.iter().find(|(before, _)| name(before) == name(&session));
            // Of more than a peer has room for nobody remembers what it was told: neither which of it, nor what had to stay.
            let is_full = view.len() + 1 >= self.setting.taken(&name(&session));
            let is_originated = |prefix: &&Prefix| expected.views[""].contains(*prefix);
            let is_told = |before: &BTreeSet<Prefix>| before.iter().filter(is_originated).all(|one| view.contains(one));
            if let Some((_, before)) = same_name.filter(|(_, before)| !is_full && !is_told(before)) {
                self.fails(format!("after the restart {session:?} sees {view:?}, not {before:?}"));
            }
        }
        // A peer that is told more by now may see what others saw.
        let also = Addresses::all(&expected.views[""]);
        let change = Change { before: &expected.views, after: &self.wire.views, now: self.now };
        let gained = self.ledger.judges_gain(expected.rules, also, &change);
        self.holds(gained);
        if guard.hold != expected.current.set.guard.hold || expected.current.set.snapshot.ranges != snapshot.ranges {
            self.fails("what was held or known before the restart is not after it".to_owned());
        }
        let held = held_by(guard.hold.as_deref());
        self.ledger.restarts(expected.rules, &held, &self.wire.views, self.now);
        (self.guard, self.current) = (Guard::new(guard), Some(current));
    }

    /// Cuts the newest record short, or amendments of it away; whether there was one.
    fn damage(&mut self, chance: &mut Chance) -> bool {
        let newest = journal_of(&self.folder).join("journal");
        let Ok(octets) = fs::read(&newest) else { return false };
        let left = &octets[..chance.below(octets.len().max(1))];
        fs::write(&newest, left).unwrap();
        self.newest.retain(|(end, _)| usize::try_from(*end).unwrap() <= left.len());
        true
    }
}
