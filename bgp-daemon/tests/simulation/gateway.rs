//! The daemon without its sockets: files that it looks at, what is originated, what is held, and a journal.

mod restart;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bgp_core::types::Prefix;
use bgp_daemon::config::{Config, ConfigChange, Inventory};
use bgp_daemon::inventory::{Judgement, Looker, Snapshot};
use bgp_daemon::journal::Journal;
use bgp_daemon::origination::guard::{Guard, HeldRoute, Hold};
use bgp_daemon::origination::{Advance, Current, Ended, Memory, Owners, Wanted, ended_sessions, originate, prepare};
use tempfile::TempDir;

use super::chance::Chance;
use super::cloud::{FILES, Report, Written};
use super::ledger::{Change, Held, Ledger, LetGo};
use super::peer::{Views, Wire, session};
use super::settings::{PODS, PRIMARY, Setting};
use super::space::Addresses;

/// After so many releases nothing may be held any more while nothing changes.
const WORDS: usize = 3;

/// What a restart must come to.
#[derive(Clone)]
struct Saved {
    current: Current,
    views: Views,
    ledger: Ledger,
    rules: Setting,
}

pub struct Gateway {
    folder: TempDir,
    /// The octets of each of `FILES` as they are written.
    files: [Option<Vec<u8>>; FILES.len()],
    /// The configuration in force.
    setting: Setting,
    /// One that would end sessions, and waits for a person's word by that hash.
    waiting: Option<(Setting, String)>,
    now: SystemTime,
    looker: Looker,
    memory: Memory,
    current: Option<Current>,
    /// The configuration whose rules made it, and the one in force then.
    rules: Option<Setting>,
    stepped: Option<Setting>,
    guard: Guard,
    wire: Wire,
    /// What is originated comes from the journal, and no trusted look was held against it.
    restored: bool,
    journal: Journal,
    /// What the newest file of the journal says, each state with the octets up to its end.
    newest: Vec<(u64, Saved)>,
    /// The same of the file before it.
    before_it: Vec<(u64, Saved)>,
    /// What is known of it from outside.
    ledger: Ledger,
    broken: Option<String>,
}

fn inventory(folder: &TempDir, config: &Config) -> Inventory {
    Inventory { path: folder.path().join("inventory"), ..config.inventory.clone() }
}

fn journal_of(folder: &TempDir) -> PathBuf {
    folder.path().join("journal")
}

impl Gateway {
    pub fn start(chance: &mut Chance) -> Self {
        // In memory where there is such a place: ten thousand lives write a lot.
        let folder = TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).unwrap();
        for part in ["inventory", "journal"] {
            fs::create_dir(folder.path().join(part)).unwrap();
        }
        let setting = Setting::first(chance);
        Self {
            files: Default::default(),
            setting,
            waiting: None,
            now: UNIX_EPOCH + Duration::from_secs(1_000_000),
            looker: Looker::new(&inventory(&folder, &setting.config()), None),
            memory: Memory::default(),
            current: None,
            rules: None,
            stepped: None,
            guard: Guard::default(),
            wire: Wire::new(),
            restored: false,
            journal: Journal::new(&journal_of(&folder)),
            folder,
            newest: Vec::new(),
            before_it: Vec::new(),
            ledger: Ledger::default(),
            broken: None,
        }
    }

    fn fails(&mut self, why: String) {
        self.broken.get_or_insert(why);
    }

    /// Keeps the first thing that is not as it must be.
    fn holds(&mut self, judged: Result<(), String>) {
        if let Err(why) = judged {
            self.fails(why);
        }
    }

    fn hold(&self) -> Option<Arc<Hold>> {
        self.guard.state().hold.clone()
    }

    /// Writes the files that differ.
    fn writes(&mut self, report: &Report, chance: &mut Chance) {
        for ((name, before), octets) in FILES.into_iter().zip(&mut self.files).zip(&report.files) {
            // Written to again, it says the same.
            if before == octets && !chance.one_in(6) {
                continue;
            }
            let (folder, path) = (self.folder.path(), self.folder.path().join("inventory").join(name));
            match octets {
                // A file in its place, or other octets in the same.
                Some(octets) if chance.one_in(2) => {
                    fs::write(folder.join("new"), octets).unwrap();
                    fs::rename(folder.join("new"), path).unwrap();
                }
                Some(octets) => fs::write(path, octets).unwrap(),
                None if before.is_some() => fs::remove_file(path).unwrap(),
                None => {}
            }
            before.clone_from(octets);
        }
    }

    /// Looks at what is written.
    pub fn looks(&mut self, report: &Report, chance: &mut Chance) -> String {
        self.writes(report, chance);
        let knew_somebody = self.looker.snapshot().is_some_and(|snapshot| allocates(&snapshot));
        let Judgement { snapshot, trust, .. } = match self.looker.look() {
            Ok(judgement) => judgement,
            Err(changed) => {
                self.fails(format!("{changed:?}, and nobody writes"));
                return String::new();
            }
        };
        let trusted = trust.is_trusted();
        let expected = match report.how {
            Written::Whole => true,
            // One object is at fault, and is set aside.
            Written::Twice | Written::Astray => trusted,
            // Where nobody stood in it, nobody is missed.
            Written::Gone => trusted,
            Written::Nobody => trusted && !knew_somebody,
            _ => false,
        };
        if trusted != expected {
            self.fails(format!("{:?} is read as {trust:?}", report.how));
        }
        let (before, stepped) = (self.wire.views.clone(), self.stepped);
        let known = self.ledger.known();
        self.ledger.reads(report, trusted, self.now);
        let is_confirmed = trusted && std::mem::take(&mut self.restored);
        let set = self.current.as_ref().map(|current| &current.set.snapshot);
        let is_news =
            |new: &Arc<Snapshot>| set.is_none_or(|old| (old.revision, &old.digest) != (new.revision, &new.digest));
        if let Some(snapshot) = snapshot.filter(|new| is_confirmed || is_news(new)) {
            self.step(snapshot, self.setting, None, known, chance);
        }
        let change = Change { before: &before, after: &self.wire.views, now: self.now };
        // What goes by other rules, after a restart with a new configuration, is not lost by the look.
        if stepped.is_none_or(|stepped| stepped == self.setting) {
            let judged = self.ledger.judges_look(report, trusted, &change);
            self.holds(judged);
        }
        if report.how == Written::Whole && self.hold().is_none() {
            let judged = self.ledger.judges_state(self.setting, &self.wire.views, self.now);
            self.holds(judged);
        }
        format!("{trust:?}, {}", self.said())
    }

    /// What these come to with the peers in force, done as the daemon does it; `known` is what was in use before.
    fn step(
        &mut self,
        snapshot: Arc<Snapshot>,
        rules: Setting,
        released: Option<&str>,
        known: Addresses,
        chance: &mut Chance,
    ) {
        let (current, rules_config) = (self.current.as_ref(), rules.config());
        let owners = |prefix: &Prefix| current.map_or_else(Owners::default, |current| current.owners(prefix));
        let wanted = Wanted { snapshot, rules: &rules_config, config: self.setting.config(), released };
        let Advance { next, change, .. } = prepare(owners, current, &mut self.memory, wanted, &self.guard, self.now);
        // What a peer had no room for it may be told of when it is held for it.
        let was_limited = current.is_some_and(|current| current.config.limited_peers().next().is_some());
        let (before, full) = (self.wire.views.clone(), self.wire.full());
        let applied = self.wire.apply(&next, &change, chance);
        self.holds(applied);
        let full = full.union(&self.wire.full()).cloned().collect();
        let setting = Setting { peers: self.setting.peers, ..rules };
        let let_go = self.hold().filter(|hold| released == Some(&hold.hash)).map(|hold| self.let_go(&hold));
        self.guard = Guard::new(next.set.guard.clone());
        let hold = self.hold();
        let held = held_by(hold.as_deref());
        let change = Change { before: &before, after: &self.wire.views, now: self.now };
        let also = if was_limited { Addresses::all(&before[""]) } else { Addresses::default() };
        let gained = self.ledger.judges_gain(setting, also, &change);
        let lost = self.ledger.judges_loss(&let_go.unwrap_or_default(), &full, &change);
        // What is let go by a person may be held down and go all the same.
        let held_down = match self.stepped == Some(setting) && rules.rules == self.setting.rules && released.is_none() {
            true => self.ledger.judges_hold_down(setting, &change),
            false => Ok(()),
        };
        if self.rules.is_none_or(|before| before.rules != rules.rules) {
            self.ledger.begins_rules();
        }
        self.ledger.settles(setting, &held, &change, known);
        self.holds(held_down);
        self.holds(gained);
        self.holds(lost);
        if hold.is_none() {
            let bounded = |prefix: &&Prefix| !setting.bounded().and(Addresses::of(prefix)).is_empty();
            let count = self.wire.views[""].iter().filter(bounded).count();
            if count > setting.most() {
                self.fails(format!("{count} prefixes are originated, at most {} may be", setting.most()));
            }
        }
        (self.rules, self.stepped, self.current) = (Some(rules), Some(self.setting), Some(next));
        if !chance.one_in(4) {
            self.saves();
        }
    }

    /// What goes from which session with what is held.
    fn let_go(&self, hold: &Hold) -> LetGo {
        let everywhere = hold.routes.iter().filter(|(_, route)| route.everywhere).map(|(prefix, _)| *prefix);
        let mut let_go = LetGo::from([(String::new(), everywhere.collect())]);
        for peer in &self.setting.config().peers {
            let is_told = |route: &HeldRoute| route.peers.iter().any(|name| **name == *peer.name);
            let routes = hold.routes.iter().filter(|(_, route)| is_told(route)).map(|(prefix, _)| *prefix);
            let_go.insert(session(peer), routes.collect());
        }
        let_go
    }

    /// What is there once more, by rules that stay and the peers in force.
    fn steps_again(&mut self, released: Option<&str>, chance: &mut Chance) {
        let (Some(current), Some(rules)) = (&self.current, self.rules) else { return };
        let snapshot = Arc::clone(&current.set.snapshot);
        self.step(snapshot, rules, released, self.ledger.known(), chance);
    }

    fn saves(&mut self) {
        let (Some(current), Some(rules), Some(stepped)) = (self.current.clone(), self.rules, self.stepped) else {
            return;
        };
        let rules = Setting { peers: stepped.peers, ..rules };
        let newest = journal_of(&self.folder).join("journal");
        let file = || fs::metadata(&newest).ok().map(|file| file.ino());
        let before = file();
        self.journal.save(&current.set).unwrap();
        if file() != before && !self.newest.is_empty() {
            // It was written anew; what was whole stays as the one before it.
            self.before_it = std::mem::take(&mut self.newest);
        }
        let len = fs::metadata(&newest).unwrap().len();
        let saved = Saved { views: self.wire.views.clone(), ledger: self.ledger.clone(), current, rules };
        self.newest.push((len, saved));
    }

    /// Another configuration, unless it must wait for a person.
    pub fn reloads(&mut self, chance: &mut Chance) -> String {
        let new = self.setting.another(chance);
        let said = format!("reloads {new:?}, {}", peers_of(new));
        self.waiting = None;
        let ended = self.ended_by(new);
        match ended.held {
            Some(ended) => {
                self.waiting = Some((new, ended.hash));
                format!("{said}; it waits, for {:?} would be lost", ended.prefixes)
            }
            None => {
                self.guard.count(&ended.passing, &new.config().guard, self.now);
                self.changes_to(new, false, chance);
                format!("{said}; {}", self.said())
            }
        }
    }

    fn ended_by(&self, new: Setting) -> Ended {
        let ended = |current: &Current| ended_sessions(current, &new.config(), &self.guard, self.now);
        self.current.as_ref().map(ended).unwrap_or_default()
    }

    fn changes_to(&mut self, new: Setting, released: bool, chance: &mut Chance) {
        let (old, before) = (std::mem::replace(&mut self.setting, new), self.wire.views.clone());
        let change = ConfigChange::between(&old.config(), &new.config());
        match self.looker.snapshot().filter(|_| change.originations) {
            Some(snapshot) => self.step(snapshot, new, None, self.ledger.known(), chance),
            None => self.steps_again(None, chance),
        }
        if !released && old.rules == new.rules && self.rules.is_some_and(|rules| rules.rules == new.rules) {
            let change = Change { before: &before, after: &self.wire.views, now: self.now };
            let judged = self.ledger.judges_end(&change);
            self.holds(judged);
        }
    }

    fn lets_go(&mut self, released: &Hold, chance: &mut Chance) {
        self.steps_again(Some(&released.hash), chance);
        if self.hold().is_some_and(|held| is_held_in_spite_of(released, &held)) {
            self.fails("what was released is still held".to_owned());
        }
    }

    pub fn is_released(&mut self, chance: &mut Chance) -> String {
        if let Some((setting, hash)) = self.waiting.take() {
            let ended = self.ended_by(setting);
            if let Some(ended) = ended.held.filter(|ended| ended.hash != hash) {
                self.waiting = Some((setting, ended.hash));
                return "the configuration waits for another word".to_owned();
            }
            self.guard.count(&ended.passing, &setting.config().guard, self.now);
            self.guard.forget(&ended.let_go);
            self.changes_to(setting, true, chance);
            return format!("released {setting:?}; {}", self.said());
        }
        let hold = self.hold();
        match &hold {
            Some(released) if !chance.one_in(4) => {
                self.lets_go(released, chance);
                format!("released {}; {}", released.hash, self.said())
            }
            _ => {
                let (Some(current), Some(rules)) = (&self.current, self.rules) else {
                    return "nothing is there".to_owned();
                };
                let (snapshot, rules) = (Arc::clone(&current.set.snapshot), rules.config());
                let released = Some("0123456789abcdef");
                let wanted = Wanted { snapshot, rules: &rules, config: self.setting.config(), released };
                let owners = |prefix: &Prefix| current.owners(prefix);
                // Asked and not done, it must not be remembered either.
                let memory = &mut Memory::default();
                let step = prepare(owners, Some(current), memory, wanted, &self.guard, self.now);
                if !step.verdict.released.is_empty() {
                    self.fails("a wrong hash lets something go".to_owned());
                }
                "a wrong hash is tried".to_owned()
            }
        }
    }

    /// Time passes, and what was held down is no more.
    pub fn waits(&mut self, chance: &mut Chance) -> String {
        let seconds = chance.below(900);
        self.passes(Duration::from_secs(u64::try_from(seconds).unwrap()), chance);
        format!("waits {seconds} s; {}", self.said())
    }

    fn passes(&mut self, time: Duration, chance: &mut Chance) {
        let until = self.now + time;
        while let Some(end) = self.memory.next_end().filter(|end| *end <= until && self.current.is_some()) {
            self.now = self.now.max(end);
            self.steps_again(None, chance);
            if self.memory.next_end().is_some_and(|next| next <= self.now) {
                self.fails("a hold-down ends without an end".to_owned());
                break;
            }
        }
        self.now = until;
    }

    fn said(&self) -> String {
        let hold = self.hold();
        let routes = hold.iter().flat_map(|hold| &hold.routes);
        let held: Vec<String> = routes.map(|(prefix, route)| format!("{prefix} of {:?}", route.peers)).collect();
        format!("views {:?}, held {held:?}", self.wire.views)
    }

    /// What must hold at any time.
    pub fn check(&self) -> Result<(), String> {
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        let ranges: [Prefix; 2] = [PRIMARY, PODS].map(|text| text.parse().unwrap());
        let all = self.wire.views.values().flatten();
        let strange = all.into_iter().find(|prefix| !ranges.iter().any(|range| range.covers(prefix)));
        strange.map_or(Ok(()), |prefix| Err(format!("{prefix} is not ours")))
    }

    /// With a good look, a person's word and some time everything is as it should be.
    pub fn comes_to(&mut self, whole: &Report, chance: &mut Chance) -> Result<(), String> {
        self.looks(whole, chance);
        // What was held under a bound made room for others, who go by another word, and so does what is held down until then.
        for _ in 0..WORDS {
            if let Some(hold) = self.hold() {
                self.lets_go(&hold, chance);
            }
            self.passes(Duration::from_secs(3600), chance);
        }
        self.check()?;
        let Some(current) = &self.current else { return Err("nothing is originated".to_owned()) };
        if let Some(hold) = self.hold() {
            return Err(format!("{hold:?} is still held"));
        }
        self.ledger.judges_state(self.setting, &self.wire.views, self.now)?;
        if self.setting.bounded().is_empty() {
            let target = originate(Arc::clone(&current.set.snapshot), &self.setting.config());
            let (now, wanted): (Vec<_>, Vec<_>) =
                (current.set.originations.keys().collect(), target.originations.keys().collect());
            if now != wanted {
                return Err(format!("{now:?} is originated, not {wanted:?}"));
            }
        }
        Ok(())
    }
}

fn peers_of(setting: Setting) -> String {
    let config = setting.config();
    let peers = config.peers.iter().filter(|peer| peer.enabled).map(session);
    peers.collect::<Vec<_>>().join(" and ")
}

fn held_by(hold: Option<&Hold>) -> Held {
    hold.map(|hold| hold.routes.clone()).unwrap_or_default()
}

fn allocates(snapshot: &Snapshot) -> bool {
    snapshot.ranges.iter().any(|range| !range.allocations.is_empty())
}

/// Whether something is held that was let go as it was. What more would go with it by now was not: it waits for another word.
fn is_held_in_spite_of(released: &Hold, held: &Hold) -> bool {
    released.routes.iter().any(|(prefix, route)| {
        let still = held.routes.get(prefix);
        let is_no_more = |still: &HeldRoute| {
            still.everywhere <= route.everywhere && still.peers.iter().all(|peer| route.peers.contains(peer))
        };
        still.is_some_and(is_no_more)
    })
}
