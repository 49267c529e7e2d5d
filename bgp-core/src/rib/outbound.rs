//! From the Loc-RIB to peers: who is in which update group, and what a peer pulls.

use std::sync::Arc;

use super::export::{ExportProfile, Outbound};
use super::family_prefix::FamilyPrefix;
use super::family_rib::{FamilyPeer, FamilyRib};
use super::path::Path;
use super::peers::{Context, PeerIndex};
use super::prefix_index::Start;
use super::refresh::Refresh;
use super::seats::Slot;
use super::table::RowId;
use super::update_batch::UpdateBatch;
use super::update_group::UpdateGroup;
use super::version::{OutRoute, Version};
use super::view::ExportVerdict;
use super::walk::{Walk, Whom};
use crate::attribute::PathAttributes;

/// A place in an update group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The group.
    pub group: usize,
    /// The peer's slot there.
    pub slot: Slot,
}

/// What a peer is to have of a route.
pub(super) struct Advertised {
    /// The attributes it gets.
    pub attributes: Arc<PathAttributes>,
    /// Whether it was told.
    pub told: bool,
}

/// A peer's place in the Adj-RIB-Out.
pub(super) struct Membership {
    /// Where it is, or moves to.
    pub place: Place,
    /// Where it comes from; it pulls nothing until it has moved.
    pub moving_from: Option<Place>,
    /// The clock when everything was noted that the first dump consists of; `None` before.
    pub settled_at: Option<u64>,
    /// The End-of-RIB was pulled.
    pub end_of_rib_sent: bool,
    /// A refresh that the peer asked for and that is not over.
    pub refresh: Option<Refresh>,
}

impl<N: FamilyPrefix> FamilyRib<N> {
    // --- groups ---

    /// A peer that speaks the family comes up.
    pub fn peer_up(&mut self, context: &Context, peer: PeerIndex) {
        let Some(place) = self.seat(context, peer) else { return };
        self.walks.push_back(Walk::Settle { peer, place });
        if self.peers.get(peer).is_none() {
            self.peers.insert(peer, FamilyPeer::default());
        }
        let Some(state) = self.peers.get_mut(peer) else { return };
        state.limit_reported = false;
        state.end_of_rib_received = false;
        state.import.over_limit = 0;
        state.membership =
            Some(Membership { place, moving_from: None, settled_at: None, end_of_rib_sent: false, refresh: None });
    }

    /// A peer goes down: it is in no list any more, and its routes go in slices.
    pub fn peer_down(&mut self, peer: PeerIndex) {
        self.leave_groups(peer);
        if self.peers.remove(peer).is_some() {
            self.walks.push_back(Walk::Purge { peer, next: 0 });
        }
    }

    /// A peer that is not up is sent nothing.
    pub fn leave_groups(&mut self, peer: PeerIndex) {
        let Some(membership) = self.peers.get_mut(peer).and_then(|state| state.membership.take()) else { return };
        self.leave(membership.place);
        if let Some(place) = membership.moving_from {
            self.leave(place);
        }
    }

    /// A peer's place in the Adj-RIB-Out.
    pub fn membership(&self, peer: PeerIndex) -> Option<&Membership> {
        self.peers.get(peer)?.membership.as_ref()
    }

    /// A peer's place, to be changed.
    pub fn membership_mut(&mut self, peer: PeerIndex) -> Option<&mut Membership> {
        self.peers.get_mut(peer)?.membership.as_mut()
    }

    /// A peer's policies changed. The session already holds the new ones.
    pub fn policies_changed(&mut self, context: &mut Context, peer: PeerIndex, import: bool) {
        if import {
            self.walks.push_back(Walk::Rejudge { peer, next: 0 });
        }
        let (Some(profile), Some(membership)) = (profile::<N>(context, peer), self.membership(peer)) else { return };
        if self.group(membership.place.group).is_some_and(|group| *group.profile == profile) {
            return;
        }
        // A second move while one is under way: the first is finished at once, which costs time but no correctness.
        while self.membership(peer).is_some_and(|membership| membership.moving_from.is_some()) {
            self.decide(context, usize::MAX);
        }
        let Some(place) = self.seat(context, peer) else { return };
        let Some(membership) = self.membership_mut(peer) else { return };
        let from = std::mem::replace(&mut membership.place, place);
        membership.moving_from = Some(from);
        self.walks.push_back(Walk::Move { peer, from, to: place, next: 0 });
        self.walks.push_back(Walk::Settle { peer, place });
        self.move_refresh(peer);
    }

    /// Gives the peer a slot in the group of its profile, making the group when there is none.
    fn seat(&mut self, context: &Context, peer: PeerIndex) -> Option<Place> {
        let profile = profile::<N>(context, peer)?;
        for (group, candidate) in self.groups.iter_mut().enumerate() {
            if let Some(candidate) = candidate.as_mut().filter(|group| !group.abandoned && *group.profile == profile)
                && let Some(slot) = candidate.seats.join(peer, self.clock)
            {
                let until = self.walks.iter_mut().find_map(|walk| walk.tell_too(group, (peer, slot)));
                let is_told = |missed| {
                    missed == 0 || self.walks.iter_mut().any(|walk| walk.tell_missed_too(group, (peer, slot), missed))
                };
                if !until.is_some_and(is_told) {
                    let whom = Whom::from_iter([(peer, slot)]);
                    self.walks.push_back(Walk::Tell { group, whom, again: false, next: 0, until });
                }
                return Some(Place { group, slot });
            }
        }
        let mut made = UpdateGroup::new(profile);
        let slot = made.seats.join(peer, self.clock)?;
        let group = self.groups.iter().position(Option::is_none).unwrap_or(self.groups.len());
        match self.groups.get_mut(group) {
            Some(free) => *free = Some(made),
            None => self.groups.push(Some(made)),
        }
        self.walks.push_back(Walk::Build { group, next: 0 });
        Some(Place { group, slot })
    }

    /// Takes the place back; its bits, or the whole group, are cleared in slices.
    pub fn leave(&mut self, place: Place) {
        let Some(group) = self.group_mut(place.group) else { return };
        let walk = match group.leave(place.slot) {
            true => Walk::Abandon { group: place.group, next: 0 },
            false => Walk::Vacate { place, next: 0 },
        };
        self.walks.push_back(walk);
    }

    /// A group.
    pub fn group(&self, number: usize) -> Option<&UpdateGroup> {
        self.groups.get(number)?.as_ref()
    }

    /// A group, to be changed.
    pub fn group_mut(&mut self, number: usize) -> Option<&mut UpdateGroup> {
        self.groups.get_mut(number)?.as_mut()
    }

    // --- export ---

    /// Brings a route of the Loc-RIB, or its absence, to every group.
    pub fn export(&mut self, context: &mut Context, row: RowId, best: Option<&Path>) {
        for number in 0..self.groups.len() {
            self.export_to(context, number, row, best);
        }
    }

    /// Brings a route of the Loc-RIB, or its absence, to one group.
    pub fn export_to(&mut self, context: &mut Context, number: usize, row: RowId, best: Option<&Path>) {
        let Some(group) = self.groups.get_mut(number).and_then(Option::as_mut) else { return };
        if group.abandoned {
            return;
        }
        let route = best.and_then(|best| {
            let question = (best.effective, best.peer, best.path_id);
            let term = match group.admitted(&question, context.epoch()) {
                Some(term) => term,
                None => {
                    let admitted = group.profile.admit(&outbound(context, self.table.net(row)?, best)).ok();
                    let term = admitted.and_then(|term| u16::try_from(term).ok());
                    group.remember_admitted(question, context.epoch(), term);
                    term
                }
            };
            let version =
                Version { attributes: best.effective, term: term?, originated: best.peer == PeerIndex::LOCAL };
            Some(OutRoute { version, from: best.peer })
        });
        group.set(row, route, &mut self.clock, &mut context.attributes);
        self.forget_left(number);
    }

    /// Whether the peer is told of a prefix, and why not.
    pub fn export_verdict(&self, context: &Context, peer: PeerIndex, net: N) -> ExportVerdict {
        let Some(membership) = self.membership(peer) else { return ExportVerdict::FamilyNotNegotiated };
        let Some(best) = self.table.find(&net).and_then(|row| self.table.best(row)) else {
            return ExportVerdict::NoRoute;
        };
        if best.peer == peer {
            return ExportVerdict::SplitHorizon;
        }
        let Some(group) = self.group(membership.place.group) else { return ExportVerdict::PeerDown };
        match group.profile.admit(&outbound(context, net, &best)) {
            Err(verdict) => verdict,
            Ok(term) => ExportVerdict::Advertised {
                term: group.profile.policy.term_name(term).unwrap_or_default().to_owned(),
                attributes: Arc::new(group.profile.transform(
                    term,
                    best.peer == PeerIndex::LOCAL,
                    context.attributes.decoded(best.effective),
                )),
            },
        }
    }

    // --- pulling ---

    /// Withdrawals noted before this may go out: nothing noted earlier is undecided, and no walk can bring a route that
    /// has to be announced first.
    fn withdrawals_until(&self) -> u64 {
        if self.walks.iter().any(Walk::can_change_routes) {
            return 0;
        }
        match self.dirty.front() {
            None => u64::MAX,
            Some((noted, _)) if *noted > self.walked_at => *noted,
            Some(_) => 0,
        }
    }

    fn end_of_rib_is_due(&self, membership: &Membership) -> bool {
        let undecided = |settled: u64| self.dirty.front().is_some_and(|(noted, _)| *noted <= settled);
        !membership.end_of_rib_sent
            && membership.settled_at.is_some_and(|settled| !undecided(settled))
            && self.group(membership.place.group).is_some_and(|group| !group.has_announcements(membership.place.slot))
    }

    /// Whether the peer would pull something now.
    pub fn has_pending(&self, peer: PeerIndex) -> bool {
        let Some(membership) = self.membership(peer) else { return false };
        let (Some(group), None) = (self.group(membership.place.group), membership.moving_from) else { return false };
        let slot = membership.place.slot;
        let until = self.withdrawals_until();
        let waits = group.profile.max_prefixes_out.is_some() && until != u64::MAX;
        (!waits && group.has_announcements(slot))
            || group.has_withdrawals(slot, until, self.clock)
            || self.end_of_rib_is_due(membership)
            || self.refresh_mark_is_due(membership)
    }

    /// Adds what the peer is to be told next, at most `max_routes` routes; how many it added.
    pub fn pull(&mut self, context: &Context, peer: PeerIndex, max_routes: usize, batch: &mut UpdateBatch) -> usize {
        let Some(membership) = self.membership(peer).filter(|membership| membership.moving_from.is_none()) else {
            return 0;
        };
        let (Place { group: number, slot }, until) = (membership.place, self.withdrawals_until());
        self.begin_refresh(peer, batch);
        let Some(group) = self.groups.get_mut(number).and_then(Option::as_mut) else { return 0 };
        let (routes, now) = ((&self.table, &context.attributes), self.clock);
        let taken = match group.profile.max_prefixes_out {
            None => {
                let taken = group.take_announcements(slot, max_routes, routes, now, &mut batch.announce);
                let left = if group.has_announcements(slot) { 0 } else { max_routes.saturating_sub(taken) };
                taken + group.take_withdrawals(slot, left, until, (&self.table, now), &mut batch.withdraw)
            }
            // What is undecided may make room, or cover what would be withdrawn.
            Some(_) if until != u64::MAX || max_routes == 0 => 0,
            Some(most) => {
                let told = (&mut batch.announce, &mut batch.withdraw);
                group.take_step(slot, most, max_routes, routes, told)
            }
        };
        self.forget_left(number);
        if self.membership(peer).is_some_and(|membership| self.end_of_rib_is_due(membership)) {
            batch.end_of_rib.push(N::FAMILY);
            if let Some(membership) = self.membership_mut(peer) {
                membership.end_of_rib_sent = true;
            }
            self.start_waiting_refresh(peer);
        }
        self.end_refresh(peer, batch);
        taken
    }

    /// The path identifier of everything that the peer is told.
    pub fn path_id_toward(&self, peer: PeerIndex) -> u32 {
        let place = self.membership(peer).map(|membership| membership.place);
        place.and_then(|place| self.group(place.group)).map_or(0, |group| group.profile.path_id())
    }

    /// The prefixes after `after`, each with what `peer` is to have of it, if anything.
    pub fn advertised_to<'a>(
        &'a self,
        context: &'a Context,
        peer: PeerIndex,
        after: Option<N>,
    ) -> Option<impl Iterator<Item = (N, Option<Advertised>)> + 'a> {
        let place = self.membership(peer)?.place;
        let group = self.group(place.group)?;
        let rows = self.table.in_order(after.map(|after| (after, Start::After)));
        Some(rows.map(move |(net, row)| {
            let route = group.route(row, place.slot);
            let sent = |(version, told): (Version, bool)| {
                let attributes = Arc::new(version.sent(&group.profile, &context.attributes));
                Advertised { attributes, told }
            };
            (net, route.map(sent))
        }))
    }
}

fn profile<N: FamilyPrefix>(context: &Context, peer: PeerIndex) -> Option<ExportProfile> {
    let session = context.session(peer)?;
    Some(ExportProfile::new(&session.facts, Arc::clone(&session.export), context.config.local_asn, N::FAMILY))
}

fn outbound<'a, N: FamilyPrefix>(context: &'a Context, net: N, best: &Path) -> Outbound<'a> {
    Outbound {
        prefix: net.into(),
        source: context.source(best.peer, best.path_id),
        source_kind: context.kind(best.peer),
        attributes: best.effective,
        store: &context.attributes,
    }
}
