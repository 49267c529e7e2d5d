//! What a gateway may do, told from outside: from what the files said and what two peers saw, never from what the daemon says
//! of itself.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use bgp_core::types::Prefix;

use super::cloud::{Report, Written};
use super::peer::{blocks, covered, hosts_of};

/// What the guard of every configuration here says.
pub const BUDGET: usize = 3;
pub const PERCENT: usize = 60;
pub const WINDOW: Duration = Duration::from_secs(600);
pub const PROTECTED: &str = "10.4.0.64/29";

/// The guard may count longer, by one of its buckets.
const SLACK: Duration = Duration::from_secs(10);

/// What peers see, by number.
pub type Views = [BTreeSet<Prefix>; 2];

/// What went from a peer at once, unreleased, and out of how much.
#[derive(Clone)]
struct Lost {
    at: SystemTime,
    prefixes: usize,
    blocks: usize,
    of_prefixes: usize,
    of_blocks: usize,
}

/// All that is known from outside.
#[derive(Clone, Default)]
pub struct Ledger {
    /// Blocks that may be announced: those of the last whole file, and whatever was said since.
    stated: BTreeSet<Prefix>,
    /// The block of each node, as far as files were right.
    had: BTreeMap<usize, Prefix>,
    lost: [Vec<Lost>; 2],
}

impl Ledger {
    /// Takes in what a file says.
    pub fn reads(&mut self, report: &Report, trusted: bool) {
        if matches!(report.how, Written::Empty | Written::Nothing | Written::Nobody) {
            return;
        }
        let truth = || report.truth.values().copied();
        if trusted && report.how == Written::Whole {
            self.stated = truth().collect();
            self.had = report.truth.clone();
            return;
        }
        self.stated.extend(truth());
        if trusted {
            let (had, faulty) = (std::mem::take(&mut self.had), report.faulty);
            let kept = had.into_iter().filter(|(node, _)| Some(*node) == faulty);
            self.had = report
                .truth
                .iter()
                .map(|(node, block)| (*node, *block))
                .filter(|(node, _)| Some(*node) != faulty)
                .collect();
            self.had.extend(kept);
        }
    }

    /// Whether no file that could be read has named anybody yet.
    pub fn knows_nobody(&self) -> bool {
        self.stated.is_empty()
    }

    /// Fails when a file takes a route from somebody who is there, or is in doubt and takes one at all.
    pub fn judges_look(&self, report: &Report, trusted: bool, before: &Views, after: &Views) -> Result<(), String> {
        for (before, after) in before.iter().zip(after) {
            let lost: Vec<Prefix> = blocks().filter(|one| covered(before, one) && !covered(after, one)).collect();
            if !trusted && !lost.is_empty() {
                return Err(format!("{lost:?} were lost by what is not trusted, {:?}", report.how));
            }
            // Who is at fault keeps what it had; what it has by now nobody can know.
            let own = report.faulty.and_then(|node| self.had.get(&node));
            let others = report.truth.iter().filter(|(node, _)| Some(**node) != report.faulty).map(|(_, block)| block);
            let owned: BTreeSet<&Prefix> = others.chain(own).collect();
            if let Some(block) = lost.iter().find(|block| owned.contains(block)) {
                return Err(format!("{block} was lost and is somebody's"));
            }
        }
        Ok(())
    }

    /// Fails when a peer is told of what nobody has: `whole` are ranges that the rules announce as they are.
    pub fn judges_gain(&self, before: &Views, after: &Views, whole: &[Prefix]) -> Result<(), String> {
        for (before, after) in before.iter().zip(after) {
            let gained = blocks().filter(|one| !covered(before, one) && covered(after, one));
            let is_said = |one: &Prefix| self.stated.contains(one) || whole.iter().any(|range| range.covers(one));
            if let Some(strange) = gained.into_iter().find(|one| !is_said(one)) {
                return Err(format!("{strange} is announced and nobody's"));
            }
        }
        Ok(())
    }

    /// Fails when more goes from a peer within a window than the budgets say; what is `released` counts for none.
    pub fn judges_loss(
        &mut self,
        before: &Views,
        after: &Views,
        released: &BTreeSet<Prefix>,
        now: SystemTime,
    ) -> Result<(), String> {
        let protected: Prefix = PROTECTED.parse().unwrap();
        for (peer, (before, after)) in before.iter().zip(after).enumerate() {
            let gone: Vec<Prefix> = before.difference(after).copied().collect();
            let (let_go, gone): (Vec<Prefix>, Vec<Prefix>) = gone.iter().partition(|prefix| released.contains(*prefix));
            if gone.contains(&protected) {
                return Err(format!("{protected} is protected and went from peer {peer}"));
            }
            let dark = |prefix: &Prefix| hosts_of(prefix).filter(|one| !covered(after, one)).count();
            let losing = |gone: &[Prefix]| gone.iter().map(dark).filter(|blocks| *blocks > 0).collect::<Vec<_>>();
            let (let_go, lost) = (losing(&let_go), losing(&gone));
            for one in &mut self.lost[peer] {
                one.of_prefixes = one.of_prefixes.saturating_sub(let_go.len());
                one.of_blocks = one.of_blocks.saturating_sub(let_go.iter().sum());
            }
            if !gone.is_empty() {
                let (of_prefixes, of_blocks) = (before.len(), blocks().filter(|one| covered(before, one)).count());
                let (prefixes, blocks) = (lost.len(), lost.iter().sum());
                self.lost[peer].push(Lost { at: now, prefixes, blocks, of_prefixes, of_blocks });
            }
            if !lost.is_empty() {
                self.judge_window(peer, now)?;
            }
        }
        Ok(())
    }

    fn judge_window(&self, peer: usize, now: SystemTime) -> Result<(), String> {
        let within = |window: Duration| move |one: &&Lost| now.duration_since(one.at).unwrap_or_default() < window;
        let sum = |count: fn(&Lost) -> usize| self.lost[peer].iter().filter(within(WINDOW)).map(count).sum::<usize>();
        let most = |count: fn(&Lost) -> usize| {
            self.lost[peer].iter().filter(within(WINDOW + SLACK)).map(count).max().unwrap_or(0)
        };
        let (prefixes, lost) = (sum(|one| one.prefixes), sum(|one| one.blocks));
        let (of_prefixes, of_blocks) = (most(|one| one.of_prefixes), most(|one| one.of_blocks));
        let is_small = prefixes <= 1 && lost * 2 <= of_blocks;
        let within_percent = prefixes * 100 <= PERCENT * of_prefixes && lost * 100 <= PERCENT * of_blocks;
        match prefixes <= BUDGET && (is_small || within_percent) {
            true => Ok(()),
            false => Err(format!(
                "{prefixes} of {of_prefixes} prefixes with {lost} of {of_blocks} blocks went from peer {peer} in one window"
            )),
        }
    }
}
