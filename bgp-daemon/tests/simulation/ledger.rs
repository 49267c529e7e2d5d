//! What a gateway may do, told from outside: from what the files said, what the configuration in force means, and what
//! peers saw. Of what the daemon says of itself only this is taken, as a promise: what is held.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use bgp_core::types::Prefix;
use bgp_daemon::origination::guard::HeldRoute;

use super::cloud::{Report, Written};
use super::peer::Views;
use super::settings::{How, Setting};
use super::space::Addresses;

/// What the guard of every configuration here says.
pub const BUDGET: usize = 3;
pub const PERCENT: usize = 60;
pub const WINDOW: Duration = Duration::from_secs(600);
/// Two blocks of pods, and what joins them.
pub const PROTECTED: &str = "10.4.0.64/28";

/// The guard may count longer, by one of its buckets.
const SLACK: Duration = Duration::from_secs(10);

/// Prefixes that a person lets go, by session.
pub type LetGo = BTreeMap<String, BTreeSet<Prefix>>;

/// What the guard holds.
pub type Held = BTreeMap<Prefix, HeldRoute>;

/// What went from a session at once, unreleased, and out of how much.
#[derive(Clone)]
struct Lost {
    at: SystemTime,
    prefixes: usize,
    addresses: usize,
    of_prefixes: usize,
    of_addresses: usize,
}

/// What a session has that it must not lose for nothing.
#[derive(Clone, Default)]
struct Owed {
    /// What is in use, or is announced for what it is and not for the sake of fewer prefixes.
    sure: Addresses,
    /// What was in use until then: by the rule of a bound it is still lost with the prefix that it lies in.
    late: Vec<(SystemTime, Addresses)>,
}

impl Owed {
    fn all(&self) -> Addresses {
        self.late.iter().fold(self.sure, |all, (_, late)| all.or(*late))
    }
}

/// All that is known from outside.
#[derive(Clone, Default)]
pub struct Ledger {
    /// What may be announced: what the last whole files said, and whatever was said since.
    stated: Addresses,
    /// What of that is in use for all that a reader of the files can know.
    known: Addresses,
    /// What stopped being stated, and when.
    left: Vec<(SystemTime, Addresses)>,
    /// What of that went by the rules in force, which may hold it down, and in this process.
    went: Vec<(SystemTime, Addresses)>,
    /// What each node has, as far as files were right.
    had: BTreeMap<usize, Addresses>,
    owed: BTreeMap<String, Owed>,
    lost: BTreeMap<String, Vec<Lost>>,
}

/// A change of what peers see.
pub struct Change<'a> {
    pub before: &'a Views,
    pub after: &'a Views,
    pub now: SystemTime,
}

impl<'a> Change<'a> {
    /// The sessions that go on, as they were and as they are.
    fn sessions(&self) -> impl Iterator<Item = (&'a String, &'a BTreeSet<Prefix>, &'a BTreeSet<Prefix>)> {
        let after = self.after;
        self.before.iter().filter_map(move |(name, before)| Some((name, before, after.get(name)?)))
    }
}

impl Ledger {
    /// Takes in what files say.
    pub fn reads(&mut self, report: &Report, trusted: bool, now: SystemTime) {
        let truth = report.truth.values().fold(Addresses::default(), |all, one| all.or(*one));
        if trusted && report.how == Written::Whole {
            self.left.push((now, self.stated.less(truth)));
            self.went.push((now, self.known.less(truth)));
            (self.stated, self.known) = (truth, truth);
            self.had = report.truth.clone();
            return;
        }
        self.stated = self.stated.or(truth);
        self.known = self.known.or(report.said);
        if trusted {
            self.known =
                report.faulty.and_then(|node| self.had.get(&node)).map_or(report.said, |had| report.said.or(*had));
            let (had, faulty) = (std::mem::take(&mut self.had), report.faulty);
            let is_faulty = |(node, _): &(usize, Addresses)| Some(*node) == faulty;
            let is_said = |one: &(usize, Addresses)| !is_faulty(one) && one.1.less(report.said).is_empty();
            self.had = report.truth.iter().map(|(node, one)| (*node, *one)).filter(is_said).collect();
            self.had.extend(had.into_iter().filter(is_faulty));
        }
    }

    /// Fails when files take a route from somebody who is there, or are in doubt and take one at all.
    pub fn judges_look(&self, report: &Report, trusted: bool, change: &Change<'_>) -> Result<(), String> {
        for (name, before, after) in change.sessions() {
            let lost = Addresses::all(before).less(Addresses::all(after));
            let owed = lost.and(self.owed.get(name).map(Owed::all).unwrap_or_default());
            if !trusted && !owed.is_empty() {
                return Err(format!("{owed:?} were lost by what is not trusted, {:?}, at {name:?}", report.how));
            }
            // Who is at fault keeps what it had; what it has by now nobody can know.
            let own = report.faulty.and_then(|node| self.had.get(&node));
            let others = report.truth.iter().filter(|(node, _)| Some(**node) != report.faulty).map(|(_, one)| one);
            let owned = others.chain(own).fold(Addresses::default(), |all, one| all.or(*one));
            if !owed.and(owned).is_empty() {
                return Err(format!("{:?} were lost at {name:?} and are somebody's", owed.and(owned)));
            }
        }
        Ok(())
    }

    /// What was in use within the time that rules hold down.
    fn recent(&self, setting: Setting, now: SystemTime) -> Addresses {
        let time = Duration::from_secs(setting.hold_down());
        within(&self.left, time, now)
    }

    /// From here on rules hold down what goes, and know nothing of what went before.
    pub fn begins_rules(&mut self) {
        self.went.clear();
    }

    /// Fails when a route goes that the rules hold down.
    pub fn judges_hold_down(&self, setting: Setting, change: &Change<'_>) -> Result<(), String> {
        let held_down = within(&self.went, Duration::from_secs(setting.hold_down()), change.now);
        for (name, before, after) in change.sessions() {
            let lost = Addresses::all(before).less(Addresses::all(after)).and(held_down).and(Setting::held_down());
            if !lost.is_empty() {
                return Err(format!("{lost:?} are held down and were lost at {name:?}"));
            }
        }
        Ok(())
    }

    /// Fails when a peer is told of what nobody has and the rules do not mean either, or of what is there for others
    /// alone.
    pub fn judges_gain(&self, setting: Setting, also: Addresses, change: &Change<'_>) -> Result<(), String> {
        let meant = self.stated.or(self.recent(setting, change.now)).and(setting.announced());
        let meant = meant.or(setting.beyond()).or(also);
        for (name, after) in change.after {
            // One of the same name with another address is told what it was told.
            let is_it = |before: &&String| before.split('@').next() == name.split('@').next();
            let before = change.before.keys().find(is_it).and_then(|name| change.before.get(name));
            let before = before.map(Addresses::all).unwrap_or_default();
            let strange = Addresses::all(after).less(before).less(meant);
            if !strange.is_empty() {
                return Err(format!("{strange:?} are announced to {name:?} and nobody's"));
            }
        }
        Ok(())
    }

    /// Fails when more goes from a session within a window than the budgets say; what a person lets go counts for none.
    ///
    /// Of a session that has no room for all it is to have, `full`, the guard does not know what it lacks, and nothing is asked.
    pub fn judges_loss(
        &mut self,
        released: &LetGo,
        full: &BTreeSet<String>,
        change: &Change<'_>,
    ) -> Result<(), String> {
        let (protected, now): (Prefix, _) = (PROTECTED.parse().unwrap(), change.now);
        let nothing = BTreeSet::new();
        for (name, before, after) in change.sessions() {
            let released = released.get(name).unwrap_or(&nothing);
            let (let_go, gone): (Vec<Prefix>, Vec<Prefix>) =
                before.difference(after).partition(|prefix| released.contains(*prefix));
            if let Some(gone) = gone.iter().find(|prefix| protected.covers(prefix)) {
                return Err(format!("{gone} is protected and went from {name:?}"));
            }
            if full.contains(name) {
                self.lost.remove(name);
                continue;
            }
            let owed = self.owed.get(name).map(Owed::all).unwrap_or_default();
            let dark = owed.less(Addresses::all(after));
            let losing = |gone: &[Prefix], dark: Addresses| {
                gone.iter().filter(|one| !dark.and(Addresses::of(one)).is_empty()).count()
            };
            let released = dark.and(Addresses::all(&let_go));
            // A peer is one of a name to the guard: by what a session with another address lost and had, this one is measured too.
            let of_name = self.lost.iter().find(|(other, _)| other.split('@').next() == name.split('@').next());
            let of_name = of_name.map(|(_, lost)| lost.clone()).unwrap_or_default();
            let lost = self.lost.entry(name.clone()).or_insert(of_name);
            for one in &mut *lost {
                one.of_prefixes = one.of_prefixes.saturating_sub(losing(&let_go, dark));
                one.of_addresses = one.of_addresses.saturating_sub(released.count());
            }
            if gone.is_empty() {
                continue;
            }
            let could_be_lost = owed.or(self.stated).or(self.left.iter().fold(owed, |all, (_, left)| all.or(*left)));
            let of_addresses = Addresses::all(before).and(could_be_lost).count();
            let (prefixes, addresses) = (losing(&gone, dark.less(released)), dark.less(released).count());
            lost.push(Lost { at: now, prefixes, addresses, of_prefixes: before.len(), of_addresses });
            if prefixes > 0 {
                judge_window(name, lost, now)?;
            }
        }
        Ok(())
    }

    /// Fails when a configuration that ends sessions takes more from everybody than the budgets say.
    pub fn judges_end(&self, change: &Change<'_>) -> Result<(), String> {
        let address = |name: &str| name.split_once('@').map(|(_, address)| address.to_owned());
        let addresses: BTreeSet<String> = change.before.keys().filter_map(|name| address(name)).collect();
        let stays = |name: &str| address(name).is_some_and(|address| addresses.contains(&address));
        let staying = change.after.iter().filter(|(name, _)| stays(name));
        let after = staying.fold(Addresses::default(), |all, (_, view)| all.or(Addresses::all(view)));
        let sessions = || change.before.iter().filter(|(name, _)| !name.is_empty());
        let told: BTreeSet<Prefix> = sessions().flat_map(|(_, view)| view).copied().collect();
        let owed = sessions().filter_map(|(name, _)| self.owed.get(name));
        let dark = owed.fold(Addresses::default(), |all, owed| all.or(owed.all())).less(after);
        let lost: Vec<&Prefix> = told.iter().filter(|one| !dark.and(Addresses::of(one)).is_empty()).collect();
        let protected: Prefix = PROTECTED.parse().unwrap();
        let is_protected = lost.iter().any(|prefix| protected.covers(prefix));
        let (of_prefixes, of_addresses) = (told.len(), Addresses::all(&told).count());
        let all = is_within(lost.len(), dark.count(), of_prefixes, of_addresses);
        match all && !is_protected {
            true => Ok(()),
            false => Err(format!("{lost:?} of {told:?} are told to nobody any more")),
        }
    }

    /// Takes in what peers see after a step by `setting`, and what is held.
    pub fn settles(&mut self, setting: Setting, held: &Held, change: &Change<'_>, known_before: Addresses) {
        let now = change.now;
        let owed = std::mem::take(&mut self.owed);
        for (name, view) in change.after {
            let covered = Addresses::all(view);
            // One with another address is kept told of what is held for its name.
            let of_name = || owed.iter().find(|(before, _)| before.split('@').next() == name.split('@').next());
            let before = owed.get(name).or_else(|| of_name().map(|(_, owed)| owed)).cloned().unwrap_or_default();
            // What is held is held for what was owed.
            let (held, by_rules): (BTreeSet<Prefix>, BTreeSet<Prefix>) =
                view.iter().partition(|one| is_held(held, one, name));
            let for_itself = Addresses::all(&by_rules).less(setting.bounded());
            let sure = Addresses::all(&held).and(before.all()).or(for_itself).or(self.known.and(covered));
            let leaving = before.sure.and(known_before).and(covered).less(sure);
            let is_recent = |at: SystemTime| now.duration_since(at).unwrap_or_default() < WINDOW;
            let mut late: Vec<_> = before.late.into_iter().filter(|(at, _)| is_recent(*at)).collect();
            late.iter_mut().for_each(|(_, late)| *late = late.and(covered).less(sure));
            late.push((now, leaving));
            late.retain(|(_, late)| !late.is_empty());
            self.owed.insert(name.clone(), Owed { sure, late });
        }
    }

    pub const fn known(&self) -> Addresses {
        self.known
    }

    /// A restart: what was in use lately is not remembered, but for what of it is held.
    pub fn restarts(&mut self, setting: Setting, held: &Held, views: &Views, now: SystemTime) {
        self.owed.values_mut().for_each(|owed| owed.late.clear());
        self.begins_rules();
        self.settles(setting, held, &Change { before: views, after: views, now }, self.known);
    }

    /// Fails when peers do not see what the rules make of what is there, as far as they are told of it: when nothing is held
    /// and the files were whole.
    pub fn judges_state(&self, setting: Setting, views: &Views, now: SystemTime) -> Result<(), String> {
        for (name, view) in views {
            let told = match name.split_once('@') {
                Some((name, _)) => setting.told_to(name),
                None => setting.announced(),
            };
            let seen = Addresses::all(view);
            let strange = seen.less(told);
            if !strange.is_empty() {
                return Err(format!("{name:?} is told of {strange:?}, which is not for it"));
            }
            for (range, how) in setting.ranges() {
                let (seen, range) = (seen.and(range), range.and(told));
                let in_use = self.stated.and(range);
                let at_most = self.recent(setting, now).or(in_use).and(range);
                let is_right = match how {
                    How::No => seen.is_empty(),
                    How::Exact => in_use.less(seen).is_empty() && seen.less(at_most).is_empty(),
                    How::Whole => seen == range,
                    How::Bounded(_) => in_use.less(seen).is_empty(),
                };
                if !is_right {
                    return Err(format!("{name:?} sees {seen:?}, and in use are {in_use:?} ({how:?})"));
                }
            }
        }
        Ok(())
    }
}

/// Whether the prefix is held for that session: one of a peer that would lose it, or any when nobody would have it.
fn is_held(held: &Held, prefix: &Prefix, session: &str) -> bool {
    let name = session.split('@').next().unwrap_or_default();
    held.get(prefix).is_some_and(|route| route.everywhere || route.peers.iter().any(|peer| **peer == *name))
}

fn within(gone: &[(SystemTime, Addresses)], time: Duration, now: SystemTime) -> Addresses {
    let recent = gone.iter().filter(|(at, _)| now.duration_since(*at).unwrap_or_default() < time);
    recent.fold(Addresses::default(), |all, (_, gone)| all.or(*gone))
}

/// What the budgets say of so much out of so much.
fn is_within(prefixes: usize, addresses: usize, of_prefixes: usize, of_addresses: usize) -> bool {
    let is_small = prefixes <= 1 && addresses * 2 <= of_addresses;
    let within_percent = prefixes * 100 <= PERCENT * of_prefixes && addresses * 100 <= PERCENT * of_addresses;
    prefixes <= BUDGET && (is_small || within_percent)
}

fn judge_window(name: &str, lost: &[Lost], now: SystemTime) -> Result<(), String> {
    let within = |window: Duration| move |one: &&Lost| now.duration_since(one.at).unwrap_or_default() < window;
    let sum = |count: fn(&Lost) -> usize| lost.iter().filter(within(WINDOW)).map(count).sum::<usize>();
    let most = |count: fn(&Lost) -> usize| lost.iter().filter(within(WINDOW + SLACK)).map(count).max().unwrap_or(0);
    let (prefixes, addresses) = (sum(|one| one.prefixes), sum(|one| one.addresses));
    let (of_prefixes, of_addresses) = (most(|one| one.of_prefixes), most(|one| one.of_addresses));
    match is_within(prefixes, addresses, of_prefixes, of_addresses) {
        true => Ok(()),
        false => Err(format!(
            "{prefixes} of {of_prefixes} prefixes with {addresses} of {of_addresses} addresses went from {name:?} in one window"
        )),
    }
}
