//! Long walks over a table, done in slices so that nothing holds the owner for long.
//!
//! Walks run one after the other in the order they were noted, and only when nothing is dirty: that keeps the dirty queue
//! short, and lets a walk rely on what the ones before it did.

use std::sync::Arc;

use smallvec::SmallVec;

use super::family_prefix::FamilyPrefix;
use super::family_rib::FamilyRib;
use super::generations::GenerationSet;
use super::outbound::Place;
use super::path::Path;
use super::peers::{Context, PeerIndex};
use super::prefix_index::Start;
use super::seats::{Mask, Slot};
use super::table::RowId;
use super::update_group::UpdateGroup;

/// The most prefixes of one step, whatever the budget.
const STEP_MAX: usize = 256;

/// A walk, and how far it got: the number of the next row. Rows that are taken meanwhile below that hold nothing that the walk is
/// after.
#[derive(Debug)]
pub(super) enum Walk<N> {
    /// Removes the paths of a peer that went down, and then forgets it.
    Purge { peer: PeerIndex, next: usize },
    /// Judges the paths of a peer again.
    Rejudge { peer: PeerIndex, next: usize },
    /// Judges all paths within a range again.
    RejudgeWithin { range: N, after: Option<N> },
    /// Brings the Loc-RIB to a new group.
    Build { group: usize, next: usize },
    /// Tells peers of a group what they were not told, or everything again, of the rows before this one if there is one.
    Tell { group: usize, whom: Whom, again: bool, next: usize, until: Option<usize> },
    /// Moves what a peer has from one group to another.
    Move { peer: PeerIndex, from: Place, to: Place, next: usize },
    /// Everything that the first dump consists of was noted.
    Settle { peer: PeerIndex, place: Place },
    /// Everything that a refresh consists of was noted.
    Told { peer: PeerIndex, place: Place },
    /// Removes the paths of a peer of these generations.
    Sweep { peer: PeerIndex, generations: GenerationSet, next: usize },
    /// Clears the bits of a slot and frees it.
    Vacate { place: Place, next: usize },
    /// Frees a group without members.
    Abandon { group: usize, next: usize },
}

/// Peers of one group with their seats there: mostly one.
pub(super) type Whom = SmallVec<[(PeerIndex, Slot); 1]>;

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
        matches!(self, Self::Tell { whom: peers, again: true, next: 0, .. } if peers.iter().any(|(peer, _)| *peer == whom))
    }

    /// Lets one more be told what he was not told, where the walk is one that tells that in this group: it costs next to
    /// nothing, and all of them get the same messages. What he misses, as the number of the row before which it stands.
    pub fn tell_too(&mut self, of: usize, one: (PeerIndex, Slot)) -> Option<usize> {
        match self {
            Self::Tell { group, whom, again: false, next, until: None } if *group == of => {
                whom.push(one);
                Some(*next)
            }
            _ => None,
        }
    }

    /// The same, of what those missed who were let in late: he is told what they are, and what he missed.
    pub fn tell_missed_too(&mut self, of: usize, one: (PeerIndex, Slot), missed: usize) -> bool {
        match self {
            Self::Tell { group, whom, again: false, next: 0, until: Some(until) } if *group == of => {
                whom.push(one);
                *until = missed.max(*until);
                true
            }
            _ => false,
        }
    }
}

impl<N: FamilyPrefix> FamilyRib<N> {
    /// Goes on with the first walk for at most `budget` prefixes; how many it saw.
    pub fn step_walk(&mut self, context: &mut Context, budget: usize) -> usize {
        let Some(walk) = self.walks.pop_front() else { return 0 };
        let limit = budget.clamp(1, STEP_MAX);
        let gates = walk.can_change_routes();
        let step = match walk {
            Walk::Purge { peer, next } => self.purge(context, peer, next, limit),
            Walk::Rejudge { peer, next } => self.rejudge_step(context, peer, next, limit),
            Walk::RejudgeWithin { range, after } => self.rejudge_within(context, range, after, limit),
            Walk::Build { group, next } => self.build(context, group, next, limit),
            Walk::Tell { group, whom, again, next, until } => self.tell(group, whom, again, (next, until), limit),
            Walk::Move { peer, from, to, next } => self.move_step(context, peer, (from, to), next, limit),
            Walk::Settle { peer, place } => self.settle(peer, place),
            Walk::Told { peer, place } => self.told(peer, place),
            Walk::Sweep { peer, generations, next } => self.sweep_step(context, peer, generations, next, limit),
            Walk::Vacate { place, next } => self.vacate(place, next, limit),
            Walk::Abandon { group, next } => self.abandon(context, group, next, limit),
        };
        match step.rest {
            Some(rest) => self.walks.push_front(rest),
            None if gates => self.walked_at = self.clock,
            None => {}
        }
        step.seen
    }

    fn purge(&mut self, context: &mut Context, peer: PeerIndex, next: usize, limit: usize) -> Step<N> {
        if next >= self.table.capacity() {
            // Walks run when nothing is dirty, so neither the Loc-RIB nor a group names the peer any more.
            context.family_done(peer);
            return Step { seen: 1, rest: None };
        }
        let (rows, next) = self.table.rows_from(next, limit);
        self.remove_paths(context, &rows, |path| path.peer == peer);
        Step { seen: rows.len(), rest: Some(Walk::Purge { peer, next }) }
    }

    fn remove_paths(&mut self, context: &mut Context, rows: &[RowId], goes: impl Fn(&Path) -> bool) {
        for row in rows {
            for path in self.table.paths(*row).iter().filter(|path| goes(path)) {
                self.remove(context, *row, path.key());
            }
        }
    }

    fn sweep_step(
        &mut self,
        context: &mut Context,
        peer: PeerIndex,
        generations: GenerationSet,
        next: usize,
        limit: usize,
    ) -> Step<N> {
        let left = self.peers.get(peer).map_or(0, |state| state.generations.routes_in(generations));
        if left == 0 || next >= self.table.capacity() {
            if let Some(state) = self.peers.get_mut(peer) {
                state.generations.free(generations);
            }
            return Step { seen: 1, rest: None };
        }
        let (rows, next) = self.table.rows_from(next, limit);
        let goes = |path: &Path| path.peer == peer && generations.contains(path.verdict.generation());
        self.remove_paths(context, &rows, goes);
        Step { seen: rows.len(), rest: Some(Walk::Sweep { peer, generations, next }) }
    }

    fn rejudge_step(&mut self, context: &mut Context, peer: PeerIndex, next: usize, limit: usize) -> Step<N> {
        if next >= self.table.capacity() {
            return Step { seen: 0, rest: None };
        }
        let (rows, next) = self.table.rows_from(next, limit);
        for row in &rows {
            if let Some(net) = self.table.net(*row) {
                self.rejudge(context, net, *row, Some(peer));
            }
        }
        Step { seen: rows.len(), rest: Some(Walk::Rejudge { peer, next }) }
    }

    fn rejudge_within(&mut self, context: &mut Context, range: N, after: Option<N>, limit: usize) -> Step<N> {
        let start = after.map_or((range, Start::At), |after| (after, Start::After));
        let inside = self.table.in_order(Some(start)).take_while(|(net, _)| range.contains(net));
        let rows: Vec<(N, RowId)> = inside.take(limit).collect();
        rows.iter().for_each(|(net, row)| self.rejudge(context, *net, *row, None));
        let more = rows.last().filter(|_| rows.len() == limit);
        Step { seen: rows.len(), rest: more.map(|(last, _)| Walk::RejudgeWithin { range, after: Some(*last) }) }
    }

    fn build(&mut self, context: &mut Context, group: usize, next: usize, limit: usize) -> Step<N> {
        if next >= self.table.capacity() || self.group(group).is_none_or(|group| group.abandoned) {
            return Step { seen: 0, rest: None };
        }
        let (rows, next) = self.table.rows_from(next, limit);
        for row in &rows {
            let best = self.table.best(*row);
            self.export_to(context, group, *row, best.as_ref());
        }
        Step { seen: rows.len(), rest: Some(Walk::Build { group, next }) }
    }

    /// Does something for the next rows of a group; how many they are, and how to go on, `None` at the end.
    fn each_in_group(
        &mut self,
        number: usize,
        next: usize,
        limit: usize,
        mut act: impl FnMut(&mut UpdateGroup, RowId, &mut u64),
    ) -> (usize, Option<usize>) {
        let Some(group) = self.groups.get_mut(number).and_then(Option::as_mut) else { return (0, None) };
        if next >= group.len() {
            return (0, None);
        }
        let (rows, next) = group.rows_from(next, limit);
        rows.iter().for_each(|row| act(group, *row, &mut self.clock));
        (rows.len(), Some(next))
    }

    fn tell(
        &mut self,
        number: usize,
        whom: Whom,
        again: bool,
        (next, until): (usize, Option<usize>),
        limit: usize,
    ) -> Step<N> {
        let seats = self.group(number).map(|group| &group.seats);
        let seated = seats.map(|seats| whom.iter().filter(|(peer, slot)| seats.seats_peer(*slot, *peer)));
        let mask = seated.into_iter().flatten().fold(Mask::EMPTY, |mask, (_, slot)| mask.with(*slot));
        let left = until.map_or(limit, |until| until.saturating_sub(next));
        if mask.is_empty() || left == 0 {
            return Step { seen: 0, rest: None };
        }
        let limit = limit.min(left);
        let (seen, next) =
            self.each_in_group(number, next, limit, |group, row, clock| group.tell(row, mask, again, clock));
        Step { seen, rest: next.map(|next| Walk::Tell { group: number, whom, again, next, until }) }
    }

    fn move_step(
        &mut self,
        context: &Context,
        peer: PeerIndex,
        (from, to): (Place, Place),
        next: usize,
        limit: usize,
    ) -> Step<N> {
        let membership = self.membership(peer);
        if !membership.is_some_and(|membership| membership.moving_from == Some(from) && membership.place == to) {
            return Step { seen: 0, rest: None };
        }
        let then = self.group(from.group).map(|group| Arc::clone(&group.profile));
        let mut luggage = Vec::new();
        let (seen, next) = self.each_in_group(from.group, next, limit, |group, row, clock| {
            luggage.extend(group.clear(row, from.slot, clock).map(|item| (row, item)));
        });
        let clock = &mut self.clock;
        if let (Some(group), Some(then)) = (self.groups.get_mut(to.group).and_then(Option::as_mut), &then) {
            for (row, item) in luggage {
                group.take_in(row, to.slot, (item, then), clock, &context.attributes);
            }
        }
        // Not before: what one group leaves may be all that the other has of a row.
        self.forget_left(from.group);
        if next.is_none() {
            if let Some(membership) = self.membership_mut(peer) {
                membership.moving_from = None;
            }
            self.leave(from);
        }
        Step { seen, rest: next.map(|next| Walk::Move { peer, from, to, next }) }
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

    fn vacate(&mut self, place: Place, next: usize, limit: usize) -> Step<N> {
        let (seen, next) = self.each_in_group(place.group, next, limit, |group, row, clock| {
            group.clear(row, place.slot, clock);
        });
        self.forget_left(place.group);
        if next.is_none()
            && let Some(group) = self.group_mut(place.group)
        {
            group.seats.vacate(place.slot);
        }
        Step { seen, rest: next.map(|next| Walk::Vacate { place, next }) }
    }

    fn abandon(&mut self, context: &mut Context, number: usize, next: usize, limit: usize) -> Step<N> {
        let store = &mut context.attributes;
        let (seen, next) = self.each_in_group(number, next, limit, |group, row, _| group.free(row, store));
        self.forget_left(number);
        if next.is_none()
            && let Some(free) = self.groups.get_mut(number)
        {
            *free = None;
        }
        Step { seen: seen.max(1), rest: next.map(|next| Walk::Abandon { group: number, next }) }
    }
}
