//! Long walks over a table, done in slices so that nothing holds the owner for long.
//!
//! Walks run one after the other in the order they were noted, and only when nothing is dirty: that keeps the dirty queue
//! short, and lets a walk rely on what the ones before it did.

use super::family_prefix::FamilyPrefix;
use super::family_rib::FamilyRib;
use super::generations::GenerationSet;
use super::outbound::Place;
use super::path::Path;
use super::peers::{Context, PeerIndex};
use super::update_group::UpdateGroup;

/// The most prefixes of one step, whatever the budget.
const STEP_MAX: usize = 256;

/// A walk, and how far it got.
#[derive(Debug)]
pub(super) enum Walk<N> {
    /// Removes the paths of a peer that went down, and then forgets it.
    Purge { peer: PeerIndex, after: Option<N> },
    /// Judges paths again: of one peer or all, everywhere or within one range.
    Rejudge { peer: Option<PeerIndex>, within: Option<N>, after: Option<N> },
    /// Brings the Loc-RIB to a new group.
    Build { group: usize, after: Option<N> },
    /// Tells a peer what it was not told, or everything again.
    Tell { peer: PeerIndex, place: Place, again: bool, after: Option<N> },
    /// Moves what a peer has from one group to another.
    Move { peer: PeerIndex, from: Place, to: Place, after: Option<N> },
    /// Everything that the first dump consists of was noted.
    Settle { peer: PeerIndex, place: Place },
    /// Everything that a refresh consists of was noted.
    Told { peer: PeerIndex, place: Place },
    /// Removes the paths of a peer of these generations.
    Sweep { peer: PeerIndex, generations: GenerationSet, after: Option<N> },
    /// Clears the bits of a slot and frees it.
    Vacate { place: Place, after: Option<N> },
    /// Frees a group without members.
    Abandon { group: usize },
}

/// What a step did.
struct Step<N> {
    seen: usize,
    /// How to go on; `None` when the walk is over.
    rest: Option<Walk<N>>,
}

impl<N> Walk<N> {
    /// Whether it can add or remove a route somewhere, so that withdrawals must wait for its end. Who is told again has
    /// been told before.
    pub const fn can_change_routes(&self) -> bool {
        !matches!(
            self,
            Self::Tell { again: true, .. }
                | Self::Settle { .. }
                | Self::Told { .. }
                | Self::Vacate { .. }
                | Self::Abandon { .. }
        )
    }

    /// Whether it will tell the peer everything again, and has not begun to.
    pub fn is_about_to_tell_again(&self, whom: PeerIndex) -> bool {
        matches!(self, Self::Tell { peer, again: true, after: None, .. } if *peer == whom)
    }
}

impl<N: FamilyPrefix> FamilyRib<N> {
    /// Goes on with the first walk for at most `budget` prefixes; how many it saw.
    pub fn step_walk(&mut self, context: &mut Context, budget: usize) -> usize {
        let Some(walk) = self.walks.pop_front() else { return 0 };
        let limit = budget.clamp(1, STEP_MAX);
        let gates = walk.can_change_routes();
        let step = match walk {
            Walk::Purge { peer, after } => self.purge(context, peer, after, limit),
            Walk::Rejudge { peer, within, after } => self.rejudge_step(context, peer, within, after, limit),
            Walk::Build { group, after } => self.build(context, group, after, limit),
            Walk::Tell { peer, place, again, after } => self.tell(peer, place, again, after, limit),
            Walk::Move { peer, from, to, after } => self.move_step(peer, from, to, after, limit),
            Walk::Settle { peer, place } => self.settle(peer, place),
            Walk::Told { peer, place } => self.told(peer, place),
            Walk::Sweep { peer, generations, after } => self.sweep_step(context, peer, generations, after, limit),
            Walk::Vacate { place, after } => self.vacate(place, after, limit),
            Walk::Abandon { group } => self.abandon(context, group, limit),
        };
        match step.rest {
            Some(rest) => self.walks.push_front(rest),
            None if gates => self.walked_at = self.clock,
            None => {}
        }
        step.seen
    }

    /// The next prefixes of the table.
    pub fn table_after(&self, after: Option<N>, limit: usize) -> Vec<N> {
        match after {
            None => self.table.iter().take(limit).map(|(net, _)| net).collect(),
            Some(after) => self.table.iter_from(&after, false).take(limit).map(|(net, _)| net).collect(),
        }
    }

    fn purge(&mut self, context: &mut Context, peer: PeerIndex, after: Option<N>, limit: usize) -> Step<N> {
        let nets = self.table_after(after, limit);
        let Some(last) = nets.last().copied() else {
            // Walks run when nothing is dirty, so neither the Loc-RIB nor a group names the peer any more.
            context.family_done(peer);
            return Step { seen: 1, rest: None };
        };
        self.remove_paths(context, &nets, peer, |path| path.peer == peer);
        Step { seen: nets.len(), rest: Some(Walk::Purge { peer, after: Some(last) }) }
    }

    fn remove_paths(&mut self, context: &mut Context, nets: &[N], peer: PeerIndex, goes: impl Fn(&Path) -> bool) {
        for net in nets {
            let of = |path: &&Path| goes(path);
            let gone: Vec<u32> = self
                .table
                .get(net)
                .map_or(Vec::new(), |entry| entry.paths.iter().filter(of).map(|path| path.path_id).collect());
            gone.into_iter().for_each(|path_id| {
                self.remove(context, *net, peer, path_id);
            });
        }
    }

    fn sweep_step(
        &mut self,
        context: &mut Context,
        peer: PeerIndex,
        generations: GenerationSet,
        after: Option<N>,
        limit: usize,
    ) -> Step<N> {
        let left = self.peers.get(&peer).map_or(0, |state| state.generations.routes_in(generations));
        let nets = if left == 0 { Vec::new() } else { self.table_after(after, limit) };
        let Some(last) = nets.last().copied() else {
            if let Some(state) = self.peers.get_mut(&peer) {
                state.generations.free(generations);
            }
            return Step { seen: 1, rest: None };
        };
        let goes = |path: &Path| path.peer == peer && generations.contains(path.verdict.generation());
        self.remove_paths(context, &nets, peer, goes);
        Step { seen: nets.len(), rest: Some(Walk::Sweep { peer, generations, after: Some(last) }) }
    }

    fn rejudge_step(
        &mut self,
        context: &mut Context,
        peer: Option<PeerIndex>,
        within: Option<N>,
        after: Option<N>,
        limit: usize,
    ) -> Step<N> {
        let nets: Vec<N> = match (after, within) {
            (None, Some(range)) => self.table.iter_from(&range, true).take(limit).map(|(net, _)| net).collect(),
            _ => self.table_after(after, limit),
        };
        let inside = |net: &&N| within.is_none_or(|range| range.contains(net));
        let wanted: Vec<N> = nets.iter().take_while(inside).copied().collect();
        wanted.iter().for_each(|net| self.rejudge(context, *net, peer));
        let rest = match wanted.last() {
            Some(last) if wanted.len() == nets.len() => Some(Walk::Rejudge { peer, within, after: Some(*last) }),
            _ => None,
        };
        Step { seen: wanted.len(), rest }
    }

    fn build(&mut self, context: &mut Context, group: usize, after: Option<N>, limit: usize) -> Step<N> {
        if self.group(group).is_none_or(|group| group.abandoned) {
            return Step { seen: 0, rest: None };
        }
        let nets = self.table_after(after, limit);
        for net in &nets {
            let best = self.table.get(net).and_then(|entry| entry.best);
            self.export_to(context, group, *net, best);
        }
        Step { seen: nets.len(), rest: nets.last().map(|last| Walk::Build { group, after: Some(*last) }) }
    }

    /// Does something for the next prefixes of a group's table; the last of them, `None` at the end.
    fn each_in_group(
        &mut self,
        group: usize,
        after: Option<N>,
        limit: usize,
        mut act: impl FnMut(&mut UpdateGroup<N>, N, &mut u64),
    ) -> (usize, Option<N>) {
        let Some(group) = self.groups.get_mut(group).and_then(Option::as_mut) else { return (0, None) };
        let nets = group.prefixes_after(after, limit);
        nets.iter().for_each(|net| act(group, *net, &mut self.clock));
        (nets.len(), nets.last().copied())
    }

    fn is_seated(&self, peer: PeerIndex, place: Place) -> bool {
        self.group(place.group).is_some_and(|group| group.seats_peer(place.slot, peer))
    }

    fn tell(&mut self, peer: PeerIndex, place: Place, again: bool, after: Option<N>, limit: usize) -> Step<N> {
        if !self.is_seated(peer, place) {
            return Step { seen: 0, rest: None };
        }
        let (seen, last) = self
            .each_in_group(place.group, after, limit, |group, net, clock| group.tell(net, place.slot, again, clock));
        Step { seen, rest: last.map(|last| Walk::Tell { peer, place, again, after: Some(last) }) }
    }

    fn move_step(&mut self, peer: PeerIndex, from: Place, to: Place, after: Option<N>, limit: usize) -> Step<N> {
        let membership = self.membership(peer);
        if !membership.is_some_and(|membership| membership.moving_from == Some(from) && membership.place == to) {
            return Step { seen: 0, rest: None };
        }
        let mut luggage = Vec::new();
        let (seen, last) = self.each_in_group(from.group, after, limit, |group, net, clock| {
            luggage.extend(group.clear(net, from.slot, clock).map(|item| (net, item)));
        });
        let clock = &mut self.clock;
        if let Some(group) = self.groups.get_mut(to.group).and_then(Option::as_mut) {
            luggage.iter().for_each(|(net, item)| group.take_in(*net, to.slot, item, clock));
        }
        if last.is_none() {
            if let Some(membership) = self.membership_mut(peer) {
                membership.moving_from = None;
            }
            self.leave(from);
        }
        Step { seen, rest: last.map(|last| Walk::Move { peer, from, to, after: Some(last) }) }
    }

    fn settle(&mut self, peer: PeerIndex, place: Place) -> Step<N> {
        let clock = self.clock;
        if let Some(membership) = self.membership_mut(peer).filter(|membership| membership.place == place) {
            membership.settled_at.get_or_insert(clock);
        }
        Step { seen: 0, rest: None }
    }

    fn told(&mut self, peer: PeerIndex, place: Place) -> Step<N> {
        self.refresh_is_told(peer, place);
        Step { seen: 0, rest: None }
    }

    fn vacate(&mut self, place: Place, after: Option<N>, limit: usize) -> Step<N> {
        let (seen, last) = self.each_in_group(place.group, after, limit, |group, net, clock| {
            group.clear(net, place.slot, clock);
        });
        if last.is_none()
            && let Some(group) = self.group_mut(place.group)
        {
            group.vacate(place.slot);
        }
        Step { seen, rest: last.map(|last| Walk::Vacate { place, after: Some(last) }) }
    }

    fn abandon(&mut self, context: &mut Context, number: usize, limit: usize) -> Step<N> {
        let Some(group) = self.groups.get_mut(number).and_then(Option::as_mut) else {
            return Step { seen: 0, rest: None };
        };
        let nets = group.prefixes_after(None, limit);
        nets.iter().for_each(|net| group.free(*net, &mut context.attributes));
        if nets.is_empty() {
            group.forget(&mut context.attributes);
            if let Some(free) = self.groups.get_mut(number) {
                *free = None;
            }
            return Step { seen: 1, rest: None };
        }
        Step { seen: nets.len(), rest: Some(Walk::Abandon { group: number }) }
    }
}
