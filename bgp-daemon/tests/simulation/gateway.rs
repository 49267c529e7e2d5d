//! The daemon without its sockets and files: what was read, what is originated, what is held, and a journal.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bgp_core::types::Prefix;
use bgp_daemon::config::Config;
use bgp_daemon::inventory::{Selection, Snapshot, Trust, read_octets_over};
use bgp_daemon::journal::{Journal, Record, Restored};
use bgp_daemon::origination::guard::{Guard, HeldRoute, Hold};
use bgp_daemon::origination::{Current, Memory, Plan, Resumption, advance, originate, resume};
use tempfile::TempDir;

use super::chance::Chance;
use super::cloud::{Report, Written};
use super::ledger::{BUDGET, Ledger, PERCENT, PROTECTED, Views, WINDOW};
use super::peer::Wire;

const PEERS: &str = r#"
[router]
asn = 64512
router_id = "10.255.0.1"
[inventory]
path = "inventory"
network = "projects/host/global/networks/vpc"
[[peer]]
name = "dc1"
address = "10.255.0.2"
asn = 65001
export = { roles = ["*"] }
[[peer]]
name = "dc2"
address = "10.255.0.3"
asn = 65002
export = { roles = ["pod"] }
"#;

/// The ranges of ours that may be announced.
const RANGES: [&str; 2] = ["10.0.0.0/24", "10.4.0.0/24"];

const IN_USE: &str = "[[advertise]]\nrange = \"pods\"\naggregation = { mode = \"in-use\" }\n";
const ALL: &str = "[[advertise]]\nrange = \"*\"\naggregation = { mode = \"in-use\" }\nmed = 7\n";
const WHOLE: &str = "[[advertise]]\nrange = \"primary\"\naggregation = { mode = \"subnet-ranges\" }\n";

fn guard() -> String {
    let window = WINDOW.as_secs();
    format!(
        "[guard]\nmax_withdraw_prefixes = {BUDGET}\nmax_withdraw_percent = {PERCENT}\n\
         max_withdraw_addresses_percent = {PERCENT}\nwindow_secs = {window}\nprotected = [\"{PROTECTED}\"]\n"
    )
}

/// Each with the ranges that it announces as they are.
fn configs() -> Vec<(Arc<Config>, Vec<Prefix>)> {
    let guard = guard();
    let renamed = "[[range_role]]\nrange = \"pods\"\nrole = \"edge\"\n";
    let texts = [
        (format!("{guard}{PEERS}{IN_USE}{WHOLE}"), &["10.0.0.0/24"][..]),
        (format!("{guard}{PEERS}{ALL}{WHOLE}"), &["10.0.0.0/24"]),
        (format!("{guard}{PEERS}{IN_USE}").replace("[\"pod\"]", "[\"vm\"]"), &[]),
        (
            format!("{guard}{PEERS}{}{WHOLE}", IN_USE.replace("in-use", "subnet-ranges")),
            &["10.0.0.0/24", "10.4.0.0/24"],
        ),
        (format!("{guard}{PEERS}{renamed}{IN_USE}{WHOLE}"), &["10.0.0.0/24"]),
    ];
    let read = |text: &String| Arc::new(Config::from_text(Path::new("aliasd.toml"), text).unwrap());
    let whole = |ranges: &[&str]| ranges.iter().map(|range| range.parse().unwrap()).collect();
    texts.iter().map(|(text, ranges)| (read(text), whole(ranges))).collect()
}

/// What a restart must come to.
#[derive(Clone)]
struct Saved {
    current: Current,
    snapshot: Arc<Snapshot>,
    views: Views,
    ledger: Ledger,
}

pub struct Gateway {
    configs: Vec<(Arc<Config>, Vec<Prefix>)>,
    config: usize,
    now: SystemTime,
    snapshot: Option<Arc<Snapshot>>,
    current: Option<Current>,
    guard: Guard,
    wire: Option<Wire>,
    folder: TempDir,
    journal: Journal,
    /// The last two, the newest last.
    saved: Vec<Saved>,
    newest_is_damaged: bool,
    /// The configuration by which everything was computed last.
    rules: Option<Arc<Config>>,
    /// What is known of it from outside.
    ledger: Ledger,
    broken: Option<String>,
}

impl Gateway {
    pub fn start(chance: &mut Chance) -> Self {
        // In memory where there is such a place: ten thousand lives write a lot.
        let folder = TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).unwrap();
        let journal = Journal::new(folder.path());
        Self {
            configs: configs(),
            config: chance.below(2),
            now: UNIX_EPOCH + Duration::from_secs(1_000_000),
            snapshot: None,
            current: None,
            guard: Guard::default(),
            wire: None,
            folder,
            journal,
            saved: Vec::new(),
            newest_is_damaged: false,
            rules: None,
            ledger: Ledger::default(),
            broken: None,
        }
    }

    fn config(&self) -> Arc<Config> {
        Arc::clone(&self.configs[self.config].0)
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

    fn views(&self) -> Views {
        self.wire.as_ref().map_or_else(Default::default, |wire| wire.views.clone())
    }

    /// Reads what is written.
    pub fn looks(&mut self, report: &Report, chance: &mut Chance) -> String {
        let Report { how, octets, .. } = report;
        let selection = Selection::from(&self.config().inventory);
        let (read, trust) = read_octets_over("bundle.json", octets, &selection, self.snapshot.as_deref());
        let trusted = read.is_some() && trust == Trust::Trusted;
        let expected = match how {
            Written::Whole => true,
            // One object is at fault, and is set aside.
            Written::Twice | Written::Astray => trusted,
            // Where nobody was known before, nobody is missed.
            Written::Nobody => self.ledger.knows_nobody(),
            _ => false,
        };
        if trusted != expected {
            self.fails(format!("{how:?} is read as {trust:?}"));
        }
        let (before, rules) = (self.views(), self.rules.clone());
        self.ledger.reads(report, trusted);
        if let Some(snapshot) = read {
            let revision = self.snapshot.as_ref().map_or(1, |snapshot| snapshot.revision + 1);
            self.snapshot = Some(Arc::new(Snapshot { revision, ..snapshot }));
            self.step(None, chance);
        }
        // What goes by other rules, after a restart with a new configuration, is not lost by the look.
        if rules.is_none_or(|rules| Arc::ptr_eq(&rules, &self.config())) {
            let judged = self.ledger.judges_look(report, trusted, &before, &self.views());
            self.holds(judged);
        }
        format!("{trust:?}, {}", self.said())
    }

    /// What snapshot and configuration come to, done as the daemon does it.
    fn step(&mut self, released: Option<&str>, chance: &mut Chance) {
        let Some(snapshot) = self.snapshot.clone() else { return };
        let config = self.config();
        let step = advance(
            self.current.as_ref(),
            originate(Arc::clone(&snapshot), &config),
            config,
            &self.guard,
            released,
            self.now,
        );
        let before = self.views();
        let wire = self.wire.get_or_insert_with(|| Wire::new(&step.next));
        if let Err(broken) = wire.apply(&step.next, &step.change, chance) {
            self.fails(broken);
        }
        let after = self.views();
        let gained = self.ledger.judges_gain(&before, &after, &self.configs[self.config].1);
        self.holds(gained);
        let hold = self.guard.state().hold.clone().filter(|hold| released == Some(&hold.hash));
        let let_go = hold.map(|hold| hold.routes.keys().copied().collect()).unwrap_or_default();
        let lost = self.ledger.judges_loss(&before, &after, &let_go, self.now);
        self.holds(lost);
        self.guard = Guard::new(step.next.set.guard.clone());
        self.rules = Some(self.config());
        self.current = Some(step.next);
        if !chance.one_in(4) {
            self.saves();
        }
    }

    fn saves(&mut self) {
        let (Some(current), Some(snapshot)) = (self.current.clone(), self.snapshot.clone()) else { return };
        self.journal.save(&current.set).unwrap();
        self.newest_is_damaged = false;
        self.saved.push(Saved { snapshot, views: self.views(), ledger: self.ledger.clone(), current });
        if self.saved.len() > 2 {
            self.saved.remove(0);
        }
    }

    pub fn reloads(&mut self, chance: &mut Chance) -> String {
        self.config = chance.below(self.configs.len());
        self.step(None, chance);
        format!("reloads configuration {}; {}", self.config, self.said())
    }

    pub fn is_released(&mut self, chance: &mut Chance) -> String {
        let hold = self.guard.state().hold.clone();
        let hash = hold.as_ref().map(|hold| hold.hash.clone());
        match hash {
            Some(hash) if !chance.one_in(4) => {
                self.step(Some(&hash), chance);
                let still_held = self.guard.state().hold.clone();
                if hold.zip(still_held).is_some_and(|(released, held)| is_held_in_spite_of(&released, &held)) {
                    self.fails("what was released is still held".to_owned());
                }
                format!("released {hash}; {}", self.said())
            }
            _ => {
                let (Some(current), config) = (&self.current, self.config()) else {
                    return "nothing is there".to_owned();
                };
                let target = originate(Arc::clone(&current.set.snapshot), &config);
                let wrong = Some("0123456789abcdef");
                let step = advance(Some(current), target, config, &self.guard, wrong, self.now);
                if !step.verdict.released.is_empty() {
                    self.fails("a wrong hash lets something go".to_owned());
                }
                "a wrong hash is tried".to_owned()
            }
        }
    }

    /// Dies and starts again, sometimes with its newest journal damaged.
    pub fn crashes(&mut self, chance: &mut Chance) -> String {
        self.current = None;
        self.snapshot = None;
        self.wire = None;
        self.guard = Guard::default();
        let damaged = chance.one_in(4) && self.damage(chance);
        if damaged && !self.newest_is_damaged {
            // What is left is the one before.
            self.saved.pop();
            self.newest_is_damaged = true;
        }
        let expected = self.saved.last().cloned();
        self.now += Duration::from_secs(u64::try_from(chance.below(90)).unwrap());
        self.journal = Journal::new(self.folder.path());
        let Restored { record, .. } = self.journal.restore();
        if record.is_some() != expected.is_some() {
            self.fails(format!("restored is {}, saved was {}", record.is_some(), expected.is_some()));
        }
        self.rules = expected.as_ref().map(|saved| Arc::clone(&saved.current.config));
        self.ledger = expected.as_ref().map_or_else(Ledger::default, |saved| saved.ledger.clone());
        if let (Some(record), Some(expected)) = (record, &expected) {
            let Record { snapshot, originations, guard, told_by } = record;
            let guard = guard.restored(self.now);
            let before = Resumption { snapshot: Arc::clone(&snapshot), originations, guard: guard.clone(), told_by };
            let current = resume(before, &mut Memory::default(), self.config(), self.now);
            let mut wire = Wire::new(&current);
            if let Err(broken) = wire.apply(&current, &Plan::from_nothing(&current.set.originations), chance) {
                self.fails(broken);
            }
            let is_there = |peer: usize| expected.views[peer].is_subset(&wire.views[peer]);
            if !(is_there(0) && is_there(1)) {
                self.fails(format!("after the restart peers see {:?}, not {:?}", wire.views, expected.views));
            }
            // A peer that is told more by now may see a whole range that another one saw.
            let ranges =
                expected.current.set.originations.keys().filter(|prefix| RANGES.contains(&&*prefix.to_string()));
            let whole: Vec<Prefix> = ranges.copied().collect();
            let gained = self.ledger.judges_gain(&expected.views, &wire.views, &whole);
            self.holds(gained);
            if guard.hold != expected.current.set.guard.hold || expected.snapshot.ranges != snapshot.ranges {
                self.fails("what was held or known before the restart is not after it".to_owned());
            }
            (self.guard, self.wire, self.snapshot) = (Guard::new(guard), Some(wire), Some(snapshot));
            self.current = Some(current);
        }
        format!("crashes, damaged: {damaged}; {}", self.said())
    }

    /// Cuts the newest record short; whether there was one.
    fn damage(&self, chance: &mut Chance) -> bool {
        let files = fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let Some(newest) = files.filter(|path| is_newest(path)).max() else { return false };
        let octets = fs::read(&newest).unwrap();
        fs::write(&newest, &octets[..chance.below(octets.len().max(1))]).unwrap();
        true
    }

    pub fn waits(&mut self, chance: &mut Chance) -> String {
        let seconds = chance.below(900);
        self.now += Duration::from_secs(u64::try_from(seconds).unwrap());
        format!("waits {seconds} s")
    }

    fn said(&self) -> String {
        let hold = self.guard.state().hold.as_ref();
        let held: Vec<String> = hold.into_iter().flat_map(|hold| hold.routes.keys().map(ToString::to_string)).collect();
        format!("views {:?}, held {held:?}", self.views())
    }

    /// What must hold at any time.
    pub fn check(&self) -> Result<(), String> {
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        let ranges: Vec<Prefix> = RANGES.map(|text| text.parse().unwrap()).to_vec();
        let views = self.views();
        let strange = views.iter().flatten().find(|prefix| !ranges.iter().any(|range| range.covers(prefix)));
        strange.map_or(Ok(()), |prefix| Err(format!("{prefix} is not ours")))
    }

    /// With a good look and a person's word everything is as it should be.
    pub fn comes_to(&mut self, whole: &Report, chance: &mut Chance) -> Result<(), String> {
        self.looks(whole, chance);
        if let Some(hash) = self.guard.state().hold.as_ref().map(|hold| hold.hash.clone()) {
            self.step(Some(&hash), chance);
        }
        self.check()?;
        let Some(current) = &self.current else { return Err("nothing is originated".to_owned()) };
        let target = originate(Arc::clone(&current.set.snapshot), &self.config());
        let (now, wanted): (Vec<_>, Vec<_>) =
            (current.set.originations.keys().collect(), target.originations.keys().collect());
        if now != wanted {
            return Err(format!("{now:?} is originated, not {wanted:?}"));
        }
        Ok(())
    }
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

fn is_newest(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "journal")
}
