//! The routes of one family, from what peers sent to what the Loc-RIB holds. Getting them out is in `outbound`, long walks
//! are in `walk`, answers in `query`.

use std::collections::VecDeque;
use std::sync::Arc;

use prefix_trie::PrefixMap;

use super::adj_rib_in::{CompactVerdict, Judge, Standards};
use super::attribute_store::AttributeId;
use super::decision::{self, Candidate, Decision};
use super::family_prefix::FamilyPrefix;
use super::generations::{Age, Generations};
use super::incoming::{Ahead, Routes};
use super::outbound::Membership;
use super::path::Path;
use super::peers::{Context, PeerIndex, PeerMap};
use super::table::{RowId, Table};
use super::traits::Traits;
use super::update_group::UpdateGroup;
use super::view::{ApplyOutcome, ImportCounters, PrefixLimitExceeded};
use super::walk::Walk;
use crate::attribute::PathAttributes;
use crate::types::Community;

/// What a family knows of a peer that is up, or whose routes are kept.
#[derive(Default)]
pub(super) struct FamilyPeer {
    /// Routes by verdict.
    pub import: ImportCounters,
    /// The limit was reported.
    pub limit_reported: bool,
    /// The peer sent its End-of-RIB.
    pub end_of_rib_received: bool,
    /// Which of its routes are stale.
    pub generations: Generations,
    /// Its place in the Adj-RIB-Out; `None` while it is away and its routes are kept.
    pub membership: Option<Membership>,
}

/// The routes of one family.
pub(super) struct FamilyRib<N: FamilyPrefix> {
    /// All paths, and the Loc-RIB.
    pub table: Table<N>,
    /// Our own ranges.
    pub own_ranges: PrefixMap<N, ()>,
    /// Rows to be decided, each with the clock when it was noted.
    pub dirty: VecDeque<(u64, RowId)>,
    /// Counts everything that is noted, so that "before" has a meaning.
    pub clock: u64,
    /// When the first could be noted of what the UPDATE brings that is being taken in: nothing that it withdraws comes before
    /// anything that it announces, decided at once or not.
    update_began: Option<u64>,
    /// Long walks, one after the other.
    pub walks: VecDeque<Walk<N>>,
    /// The clock when the last walk ended that could change a route.
    pub walked_at: u64,
    /// The Adj-RIBs-Out.
    pub groups: Vec<Option<UpdateGroup>>,
    /// Peers that are up and speak the family, and those whose routes are kept.
    pub peers: PeerMap<FamilyPeer>,
}

impl<N: FamilyPrefix> FamilyRib<N> {
    /// No routes.
    pub fn new() -> Self {
        Self {
            table: Table::new(),
            own_ranges: PrefixMap::new(),
            dirty: VecDeque::new(),
            clock: 0,
            update_began: None,
            walks: VecDeque::new(),
            walked_at: 0,
            groups: Vec::new(),
            peers: PeerMap::default(),
        }
    }

    // --- Adj-RIB-In ---

    /// What comes now is of one UPDATE, until the next one begins or all have come.
    pub const fn begin_update(&mut self) {
        self.update_began = Some(self.clock + 1);
    }

    /// All UPDATEs have come.
    pub const fn end_updates(&mut self) {
        self.update_began = None;
    }

    /// A peer announces prefixes.
    pub fn reach_all(
        &mut self,
        context: &mut Context,
        peer: PeerIndex,
        (routes, ahead): (Routes<'_, N>, &mut Ahead<'_, N>),
        judge: &mut Judge<'_>,
        outcome: &mut ApplyOutcome,
    ) {
        for (net, path_id) in routes.iter() {
            let row = ahead.next(&self.table);
            // It may have gone with one of those before it; whether it has come is seen when it is put.
            let row = row.filter(|row| self.table.has(*row, &net));
            self.reach(context, peer, (net, path_id, row), judge, outcome);
        }
    }

    fn reach(
        &mut self,
        context: &mut Context,
        peer: PeerIndex,
        (net, path_id, known): (N, u32, Option<RowId>),
        judge: &mut Judge<'_>,
        outcome: &mut ApplyOutcome,
    ) {
        let Some(generation) = self.peers.get(peer).map(|state| state.generations.current()) else { return };
        let counted = || {
            let row = known.or_else(|| self.table.find(&net));
            let path = row.and_then(|row| self.table.path(row, (peer, path_id)));
            path.is_some_and(|path| path.verdict.generation() == generation)
        };
        if self.is_limited(context, peer)
            && !counted()
            && let Some(exceeded) = self.over_limit(context, peer)
        {
            outcome.prefix_limit = exceeded.or(outcome.prefix_limit);
            return;
        }
        let in_own_range = self.is_own(&net);
        let (verdict, effective) = judge.judge(net, in_own_range, &mut context.attributes);
        context.attributes.retain(judge.received);
        let path = Path { received: judge.received, effective, path_id, peer, verdict: verdict.of(generation) };
        let row = known.unwrap_or_else(|| self.table.find_or_insert(net));
        self.put(context, row, path);
        outcome.reachable += 1;
    }

    fn is_own(&self, net: &N) -> bool {
        !self.own_ranges.is_empty() && self.own_ranges.is_covered(net)
    }

    fn is_limited(&self, context: &Context, peer: PeerIndex) -> bool {
        context.session(peer).is_some_and(|session| session.facts.max_prefixes.is_some())
    }

    /// `None`: there is room for one more route. `Some`: there is none, with the report when it is the first time.
    fn over_limit(&mut self, context: &Context, peer: PeerIndex) -> Option<Option<PrefixLimitExceeded>> {
        let facts = &context.session(peer)?.facts;
        let limit = facts.max_prefixes?;
        let state = self.peers.get_mut(peer)?;
        // Stale routes are not what the peer sends now.
        if state.generations.fresh() < limit {
            return None;
        }
        state.import.over_limit += 1;
        let first = !std::mem::replace(&mut state.limit_reported, true);
        Some(first.then_some(PrefixLimitExceeded { peer: facts.id, family: N::FAMILY, limit }))
    }

    /// The report, when a peer holds more routes than it may and that was not reported yet.
    pub fn limit_exceeded(&mut self, context: &Context, peer: PeerIndex) -> Option<PrefixLimitExceeded> {
        let facts = &context.session(peer)?.facts;
        let limit = facts.max_prefixes?;
        let state = self.peers.get_mut(peer).filter(|state| state.generations.fresh() > limit)?;
        let first = !std::mem::replace(&mut state.limit_reported, true);
        first.then_some(PrefixLimitExceeded { peer: facts.id, family: N::FAMILY, limit })
    }

    /// A peer withdraws prefixes.
    pub fn unreach_all(
        &mut self,
        context: &mut Context,
        peer: PeerIndex,
        (routes, ahead): (Routes<'_, N>, &mut Ahead<'_, N>),
        outcome: &mut ApplyOutcome,
    ) {
        for (net, path_id) in routes.iter() {
            let row = ahead.next(&self.table);
            let row = row.filter(|row| self.table.has(*row, &net)).or_else(|| self.table.find(&net));
            if row.is_some_and(|row| self.remove(context, row, (peer, path_id))) {
                outcome.withdrawn += 1;
            }
        }
    }

    /// Puts a path in the place of the one of the same peer and identifier, and takes over its references.
    pub fn put(&mut self, context: &mut Context, row: RowId, path: Path) {
        if self.table.put_first(row, path) {
            self.count(path.peer, None, Some(path.verdict));
            if path.verdict.is_accepted() {
                self.export(context, row, Some(&path));
            }
            return;
        }
        let old = self.table.put(row, path);
        let matters = old.is_some_and(|old| old.verdict.is_accepted()) || path.verdict.is_accepted();
        let say = |path: Path| (path.effective, path.verdict.is_accepted());
        self.count(path.peer, old.map(|old| old.verdict), Some(path.verdict));
        let decide = matters && old.map(say) != Some(say(path)) && !self.changes_nothing(context, row, old, Some(path));
        if let Some(old) = old {
            release_path(context, &old);
        }
        if decide {
            self.decide_now_or_mark(context, row);
        }
    }

    /// Removes a path; whether it was there.
    pub fn remove(&mut self, context: &mut Context, row: RowId, key: (PeerIndex, u32)) -> bool {
        let Some(path) = self.table.remove(row, key) else { return false };
        self.count(path.peer, Some(path.verdict), None);
        let decide = path.verdict.is_accepted() && !self.changes_nothing(context, row, Some(path), None);
        release_path(context, &path);
        if decide {
            self.decide_now_or_mark(context, row);
        } else {
            self.forget(row);
        }
        true
    }

    /// Whether the best path is the best one still, now that one path took the place of another: most paths that come
    /// beside a better one need no decision. False where two paths alone do not tell.
    fn changes_nothing(&self, context: &Context, row: RowId, old: Option<Path>, new: Option<Path>) -> bool {
        let Some(best) = self.table.settled_best(row).filter(|best| best.verdict.is_accepted()) else { return false };
        let is_other = |path: &Path| path.key() != best.key();
        let eligible = |path: Option<Path>| path.filter(|path| path.verdict.is_accepted());
        let against = candidate(context, &best);
        let never_ran = |path: Path| candidate(context, &path).never_ran_against(&against);
        let changes_nothing =
            |path: Path| candidate(context, &path).changes_nothing_beside(&against, context.config.always_compare_med);
        old.iter().chain(&new).all(is_other)
            && eligible(old).is_none_or(never_ran)
            && eligible(new).is_none_or(changes_nothing)
    }

    /// Gives the row back when there is nothing about its prefix any more.
    pub fn forget(&mut self, row: RowId) {
        if !self.groups.iter().flatten().any(|group| group.needs_row(row)) {
            self.table.free(row);
        }
    }

    /// Gives the rows back that the group needed last.
    pub fn forget_left(&mut self, group: usize) {
        let left = self.group_mut(group).map_or(Vec::new(), UpdateGroup::take_left);
        left.into_iter().for_each(|row| self.forget(row));
    }

    fn count(&mut self, peer: PeerIndex, old: Option<CompactVerdict>, new: Option<CompactVerdict>) {
        let Some(state) = self.peers.get_mut(peer) else { return };
        if let Some(old) = old {
            state.generations.leave(old.generation());
            state.import.received -= 1;
            *old.counter(&mut state.import) -= 1;
        }
        if let Some(new) = new {
            state.generations.enter(new.generation());
            state.import.received += 1;
            *new.counter(&mut state.import) += 1;
        }
    }

    /// Judges the paths of a prefix again: of one peer, or of all.
    pub fn rejudge(&mut self, context: &mut Context, net: N, row: RowId, peer: Option<PeerIndex>) {
        let in_own_range = self.is_own(&net);
        for path in self.table.paths(row) {
            if path.peer == PeerIndex::LOCAL || peer.is_some_and(|peer| path.peer != peer) {
                continue;
            }
            let generation = path.verdict.generation();
            let Some(age) = self.peers.get(path.peer).map(|state| state.generations.age(generation)) else { continue };
            if age == Age::Doomed {
                continue;
            }
            let Some(standards) = Standards::of(context, path.peer) else { continue };
            context.attributes.retain(path.received);
            let mut judge = Judge::new(context, path.received, &standards);
            let (verdict, mut effective) = judge.judge(net, in_own_range, &mut context.attributes);
            judge.finish(&mut context.attributes);
            if age == Age::LongLived {
                if forbids_long_lived(context, path.received, effective) {
                    context.attributes.release(effective);
                    self.remove(context, row, path.key());
                    continue;
                }
                effective = context.attributes.with_community(effective, Community::LLGR_STALE);
            }
            context.attributes.retain(path.received);
            self.put(context, row, Path { verdict: verdict.of(generation), effective, ..path });
        }
    }

    /// Replaces our own ranges; only what lies in a range that came or went is judged again.
    pub fn replace_own_ranges(&mut self, ranges: impl Iterator<Item = N>) {
        let mut new = PrefixMap::new();
        ranges.for_each(|range| {
            new.insert(range, ());
        });
        let gone = self.own_ranges.keys().filter(|range| !new.contains_key(range));
        let come = new.keys().filter(|range| !self.own_ranges.contains_key(range));
        let changed: Vec<N> = gone.chain(come).collect();
        self.own_ranges = new;
        for range in changed {
            self.walks.push_back(Walk::RejudgeWithin { range, after: None });
        }
    }

    // --- our own ---

    /// Originates a prefix with a tag and a cost.
    pub fn originate(
        &mut self,
        context: &mut Context,
        net: N,
        attributes: &Arc<PathAttributes>,
        (tag, cost): (&Arc<str>, u32),
    ) {
        let number = context.tag_number(tag, cost);
        let row = self.table.find_or_insert(net);
        let received = context.attributes.intern(attributes);
        context.attributes.retain(received);
        let path = Path {
            received,
            effective: received,
            path_id: number,
            peer: PeerIndex::LOCAL,
            verdict: CompactVerdict::OWN,
        };
        self.put(context, row, path);
        for other in self.table.paths(row) {
            if other.peer == PeerIndex::LOCAL && other.path_id != number {
                self.remove(context, row, other.key());
            }
        }
    }

    /// Stops originating a prefix; whether it was.
    pub fn withdraw_origination(&mut self, context: &mut Context, net: N) -> bool {
        let Some(row) = self.table.find(&net) else { return false };
        let own = self.table.paths(row).into_iter().find(|path| path.peer == PeerIndex::LOCAL);
        own.is_some_and(|path| self.remove(context, row, path.key()))
    }

    // --- decision ---

    /// Decides where nothing is to be compared, and notes otherwise that the prefix must be decided, as it stays noted
    /// where it was.
    fn decide_now_or_mark(&mut self, context: &mut Context, row: RowId) {
        match self.table.sole_path(row).filter(|_| !self.table.is_dirty(row)) {
            Some(path) => self.decide_sole(context, row, path),
            None => self.mark(row),
        }
    }

    /// Notes that a prefix must be decided.
    fn mark(&mut self, row: RowId) {
        if self.table.mark_dirty(row) {
            self.clock += 1;
            self.dirty.push_back((self.update_began.unwrap_or(self.clock), row));
        }
    }

    /// Works for about `budget` prefixes; how many steps are left.
    pub fn decide(&mut self, context: &mut Context, budget: usize) -> usize {
        let mut left = budget;
        while left > 0 {
            if let Some((_, row)) = self.dirty.pop_front() {
                self.decide_row(context, row);
                left -= 1;
            } else if !self.walks.is_empty() {
                left = left.saturating_sub(self.step_walk(context, left).max(1));
            } else {
                break;
            }
        }
        self.undecided()
    }

    /// How many steps are left.
    pub fn undecided(&self) -> usize {
        self.dirty.len() + self.walks.len()
    }

    /// Whether nothing was noted that can still change a route.
    pub fn is_settled(&self) -> bool {
        self.dirty.is_empty() && !self.walks.iter().any(Walk::can_change_routes)
    }

    /// Decides for a prefix with the one path it has, if any.
    fn decide_sole(&mut self, context: &mut Context, row: RowId, path: Option<Path>) {
        let changed = self.table.begin_decision(row);
        let old = self.table.best(row);
        let best = path.filter(|path| path.verdict.is_accepted());
        self.table.set_best(row, best.map(|_| 0));
        if changed || old.as_ref().map(Path::key) != best.as_ref().map(Path::key) {
            self.export(context, row, best.as_ref());
        }
        if path.is_none() {
            self.forget(row);
        }
    }

    fn decide_row(&mut self, context: &mut Context, row: RowId) {
        if let Some(path) = self.table.sole_path(row) {
            self.decide_sole(context, row, path);
            return;
        }
        let changed = self.table.begin_decision(row);
        let old = self.table.best(row);
        let paths = self.table.paths(row);
        let place = best_of(context, &paths);
        let best = place.and_then(|place| paths.get(place));
        self.table.set_best(row, place);
        if changed || old.as_ref().map(Path::key) != best.map(Path::key) {
            self.export(context, row, best);
        }
    }

    /// Every eligible path of a prefix with what came of the decision, for those who ask.
    pub fn decision_of(&self, context: &Context, row: RowId) -> Option<(Vec<Path>, Decision)> {
        let eligible: Vec<Path> = self.table.paths(row).into_iter().filter(|path| path.verdict.is_accepted()).collect();
        let candidates: Vec<Candidate<'_>> = eligible.iter().map(|path| candidate(context, path)).collect();
        let decision = decision::decide(&candidates, context.config.always_compare_med)?;
        Some((eligible, decision))
    }
}

/// NO_LLGR on a route as received or after import policy (RFC 9494 section 4.2).
fn forbids_long_lived(context: &Context, received: AttributeId, effective: AttributeId) -> bool {
    let forbids = |id| context.attributes.traits(id).has(Traits::NO_LLGR);
    forbids(received) || forbids(effective)
}

/// The place of the best of the paths that are eligible.
fn best_of(context: &Context, paths: &[Path]) -> Option<usize> {
    let eligible = || paths.iter().enumerate().filter(|(_, path)| path.verdict.is_accepted());
    let mut some = eligible();
    let (first, None) = (some.next()?, some.next()) else {
        let candidates = eligible().map(|(_, path)| candidate(context, path));
        let best = decision::best(candidates, context.config.always_compare_med)?;
        return eligible().nth(best).map(|(place, _)| place);
    };
    Some(first.0)
}

fn candidate<'a>(context: &'a Context, path: &Path) -> Candidate<'a> {
    Candidate {
        merits: context.attributes.merits(path.effective),
        peer: context.candidate(path.peer),
        path_id: path.path_id,
    }
}

fn release_path(context: &mut Context, path: &Path) {
    context.attributes.release(path.received);
    context.attributes.release(path.effective);
}
