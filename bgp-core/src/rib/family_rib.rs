//! The routes of one family, from what peers sent to what the Loc-RIB holds. Getting them out is in `outbound`, long walks
//! are in `walk`, answers in `query`.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use prefix_trie::PrefixMap;

use super::adj_rib_in::{CompactVerdict, Judge};
use super::attribute_store::AttributeId;
use super::decision::{Candidate, Decision, decide};
use super::family_prefix::FamilyPrefix;
use super::generations::{Age, Generations};
use super::outbound::Membership;
use super::path::{Best, Entry, Path};
use super::peers::{Context, PeerIndex};
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
pub(super) struct FamilyRib<N> {
    /// All paths, and the Loc-RIB.
    pub table: PrefixMap<N, Entry>,
    /// What we originate.
    pub originated: PrefixMap<N, ()>,
    /// Our own ranges.
    pub own_ranges: PrefixMap<N, ()>,
    /// Prefixes to be decided, each with the clock when it was noted.
    pub dirty: VecDeque<(u64, N)>,
    /// Counts everything that is noted, so that "before" has a meaning.
    pub clock: u64,
    /// Long walks, one after the other.
    pub walks: VecDeque<Walk<N>>,
    /// The clock when the last walk ended that could change a route.
    pub walked_at: u64,
    /// The Adj-RIBs-Out.
    pub groups: Vec<Option<UpdateGroup<N>>>,
    /// Peers that are up and speak the family, and those whose routes are kept.
    pub peers: HashMap<PeerIndex, FamilyPeer>,
    /// Paths of every kind.
    pub path_count: usize,
    /// Prefixes with a route in the Loc-RIB.
    pub best_count: usize,
}

impl<N: FamilyPrefix> FamilyRib<N> {
    /// No routes.
    pub fn new() -> Self {
        Self {
            table: PrefixMap::new(),
            originated: PrefixMap::new(),
            own_ranges: PrefixMap::new(),
            dirty: VecDeque::new(),
            clock: 0,
            walks: VecDeque::new(),
            walked_at: 0,
            groups: Vec::new(),
            peers: HashMap::new(),
            path_count: 0,
            best_count: 0,
        }
    }

    // --- Adj-RIB-In ---

    /// A peer announces a prefix.
    pub fn reach(
        &mut self,
        context: &mut Context,
        peer: PeerIndex,
        net: N,
        path_id: u32,
        judge: &mut Judge,
        outcome: &mut ApplyOutcome,
    ) {
        let Some(generation) = self.peers.get(&peer).map(|state| state.generations.current()) else { return };
        let known = self.table.get(&net).and_then(|entry| find(entry, peer, path_id));
        let counted = known.is_some_and(|path| path.verdict.generation() == generation);
        if !counted && let Some(exceeded) = self.over_limit(context, peer) {
            outcome.prefix_limit = exceeded.or(outcome.prefix_limit);
            return;
        }
        let in_own_range = self.own_ranges.is_covered(&net);
        let (verdict, effective) = judge.judge(net, in_own_range, &mut context.attributes);
        context.attributes.retain(judge.received);
        let path = Path { received: judge.received, effective, path_id, peer, verdict: verdict.of(generation) };
        self.put(context, net, path);
        outcome.reachable += 1;
    }

    /// `None`: there is room for one more route. `Some`: there is none, with the report when it is the first time.
    fn over_limit(&mut self, context: &Context, peer: PeerIndex) -> Option<Option<PrefixLimitExceeded>> {
        let facts = &context.session(peer)?.facts;
        let limit = facts.max_prefixes?;
        let state = self.peers.get_mut(&peer)?;
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
        let state = self.peers.get_mut(&peer).filter(|state| state.generations.fresh() > limit)?;
        let first = !std::mem::replace(&mut state.limit_reported, true);
        first.then_some(PrefixLimitExceeded { peer: facts.id, family: N::FAMILY, limit })
    }

    /// A peer withdraws a prefix.
    pub fn unreach(
        &mut self,
        context: &mut Context,
        peer: PeerIndex,
        net: N,
        path_id: u32,
        outcome: &mut ApplyOutcome,
    ) {
        if self.remove(context, net, peer, path_id) {
            outcome.withdrawn += 1;
        }
    }

    /// Puts a path in the place of the one of the same peer and identifier, and takes over its references.
    pub fn put(&mut self, context: &mut Context, net: N, path: Path) {
        let entry = self.table.entry(net).or_default();
        let place = entry.paths.iter_mut().find(|old| (old.peer, old.path_id) == (path.peer, path.path_id));
        let old = match place {
            Some(place) => Some(std::mem::replace(place, path)),
            None => {
                entry.paths.push(path);
                None
            }
        };
        let matters = old.is_some_and(|old| old.verdict.is_accepted()) || path.verdict.is_accepted();
        let (was, is) =
            (old.map(|old| (old.effective, old.verdict.is_accepted())), (path.effective, path.verdict.is_accepted()));
        self.count(path.peer, old.map(|old| old.verdict), Some(path.verdict));
        match old {
            Some(old) => release_path(context, &old),
            None => self.path_count += 1,
        }
        if matters && was != Some(is) {
            self.mark(net);
        }
    }

    /// Removes a path; whether it was there.
    pub fn remove(&mut self, context: &mut Context, net: N, peer: PeerIndex, path_id: u32) -> bool {
        let Some(entry) = self.table.get_mut(&net) else { return false };
        let Some(place) = entry.paths.iter().position(|path| (path.peer, path.path_id) == (peer, path_id)) else {
            return false;
        };
        let path = entry.paths.swap_remove(place);
        let forgotten = entry.paths.is_empty() && entry.best.is_none() && !entry.dirty;
        self.path_count -= 1;
        self.count(peer, Some(path.verdict), None);
        release_path(context, &path);
        if path.verdict.is_accepted() {
            self.mark(net);
        } else if forgotten {
            self.table.remove(&net);
        }
        true
    }

    fn count(&mut self, peer: PeerIndex, old: Option<CompactVerdict>, new: Option<CompactVerdict>) {
        let Some(state) = self.peers.get_mut(&peer) else { return };
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
    pub fn rejudge(&mut self, context: &mut Context, net: N, peer: Option<PeerIndex>) {
        let Some(entry) = self.table.get(&net) else { return };
        let of_peer = |path: &&Path| path.peer != PeerIndex::LOCAL && peer.is_none_or(|peer| path.peer == peer);
        let paths: Vec<Path> = entry.paths.iter().filter(of_peer).copied().collect();
        let in_own_range = self.own_ranges.is_covered(&net);
        for path in paths {
            let generation = path.verdict.generation();
            let Some(age) = self.peers.get(&path.peer).map(|state| state.generations.age(generation)) else { continue };
            if age == Age::Doomed {
                continue;
            }
            let attributes = Arc::clone(context.attributes.attributes(path.received));
            let Some(mut judge) = Judge::new(context, path.peer, &attributes) else { continue };
            let (verdict, mut effective) = judge.judge(net, in_own_range, &mut context.attributes);
            judge.finish(&mut context.attributes);
            if age == Age::LongLived {
                if forbids_long_lived(context, path.received, effective) {
                    context.attributes.release(effective);
                    self.remove(context, net, path.peer, path.path_id);
                    continue;
                }
                effective = context.attributes.with_community(effective, Community::LLGR_STALE);
            }
            context.attributes.retain(path.received);
            self.put(context, net, Path { verdict: verdict.of(generation), effective, ..path });
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
            self.walks.push_back(Walk::Rejudge { peer: None, within: Some(range), after: None });
        }
    }

    // --- our own ---

    /// Originates a prefix.
    pub fn originate(&mut self, context: &mut Context, net: N, attributes: &Arc<PathAttributes>, tag: &Arc<str>) {
        let number = context.tag_number(tag);
        let others: Vec<u32> = self.table.get(&net).map_or(Vec::new(), |entry| {
            let own = entry.paths.iter().filter(|path| path.peer == PeerIndex::LOCAL && path.path_id != number);
            own.map(|path| path.path_id).collect()
        });
        let received = context.attributes.intern(attributes);
        context.attributes.retain(received);
        let path = Path {
            received,
            effective: received,
            path_id: number,
            peer: PeerIndex::LOCAL,
            verdict: CompactVerdict::OWN,
        };
        self.put(context, net, path);
        others.into_iter().for_each(|other| {
            self.remove(context, net, PeerIndex::LOCAL, other);
        });
        self.originated.insert(net, ());
    }

    /// Stops originating a prefix; whether it was.
    pub fn withdraw_origination(&mut self, context: &mut Context, net: N) -> bool {
        if self.originated.remove(&net).is_none() {
            return false;
        }
        let entry = self.table.get(&net);
        let own = entry.and_then(|entry| entry.paths.iter().find(|path| path.peer == PeerIndex::LOCAL).copied());
        own.is_some_and(|path| self.remove(context, net, PeerIndex::LOCAL, path.path_id))
    }

    // --- decision ---

    /// Notes that a prefix must be decided.
    pub fn mark(&mut self, net: N) {
        let entry = self.table.entry(net).or_default();
        if !entry.dirty {
            entry.dirty = true;
            self.clock += 1;
            self.dirty.push_back((self.clock, net));
        }
    }

    /// Works for about `budget` prefixes; how many steps are left.
    pub fn decide(&mut self, context: &mut Context, budget: usize) -> usize {
        let mut left = budget;
        while left > 0 {
            if let Some((_, net)) = self.dirty.pop_front() {
                self.decide_prefix(context, net);
                left -= 1;
            } else if !self.walks.is_empty() {
                left = left.saturating_sub(self.step_walk(context, left).max(1));
            } else {
                self.forget_transformations(context);
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

    fn decide_prefix(&mut self, context: &mut Context, net: N) {
        let Some(entry) = self.table.get_mut(&net) else { return };
        entry.dirty = false;
        let old = entry.best;
        let new = best_of(context, entry);
        entry.best = new;
        let forgotten = entry.paths.is_empty() && new.is_none();
        if forgotten {
            self.table.remove(&net);
        }
        if old == new {
            return;
        }
        if let Some(new) = new {
            context.attributes.retain(new.attributes);
        }
        match (old.is_some(), new.is_some()) {
            (false, true) => self.best_count += 1,
            (true, false) => self.best_count -= 1,
            _ => {}
        }
        self.export(context, net, new);
        if let Some(old) = old {
            context.attributes.release(old.attributes);
        }
    }

    /// Every eligible path of a prefix with what came of the decision, for those who ask.
    pub fn decision_of(&self, context: &Context, net: N) -> Option<(Vec<Path>, Decision)> {
        let entry = self.table.get(&net)?;
        let eligible: Vec<Path> = entry.paths.iter().filter(|path| path.verdict.is_accepted()).copied().collect();
        let decision = decide(&candidates(context, &eligible), context.config.always_compare_med)?;
        Some((eligible, decision))
    }
}

fn find(entry: &Entry, peer: PeerIndex, path_id: u32) -> Option<&Path> {
    entry.paths.iter().find(|path| (path.peer, path.path_id) == (peer, path_id))
}

/// NO_LLGR on a route as received or after import policy (RFC 9494 section 4.2).
fn forbids_long_lived(context: &Context, received: AttributeId, effective: AttributeId) -> bool {
    let forbids = |id| context.attributes.attributes(id).communities.contains(&Community::NO_LLGR);
    forbids(received) || forbids(effective)
}

fn best_of(context: &Context, entry: &Entry) -> Option<Best> {
    let mut eligible = entry.paths.iter().filter(|path| path.verdict.is_accepted());
    let (first, second) = (eligible.next()?, eligible.next());
    let best = match second {
        None => *first,
        Some(second) => {
            let paths: Vec<Path> = [first, second].into_iter().chain(eligible).copied().collect();
            let decision = decide(&candidates(context, &paths), context.config.always_compare_med)?;
            *paths.get(decision.best)?
        }
    };
    Some(Best { attributes: best.effective, path_id: best.path_id, peer: best.peer })
}

fn candidates<'a>(context: &'a Context, paths: &[Path]) -> Vec<Candidate<'a>> {
    let candidate = |path: &Path| Candidate {
        merits: context.attributes.merits(path.effective),
        peer: context.candidate(path.peer),
        path_id: path.path_id,
    };
    paths.iter().map(candidate).collect()
}

fn release_path(context: &mut Context, path: &Path) {
    context.attributes.release(path.received);
    context.attributes.release(path.effective);
}
