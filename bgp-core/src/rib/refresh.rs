//! All routes again, to a peer that asks for them (RFC 2918), with begin and end marked where both sides can (RFC 7313).

use super::family_prefix::FamilyPrefix;
use super::family_rib::FamilyRib;
use super::outbound::{Membership, Place};
use super::peers::PeerIndex;
use super::update_batch::UpdateBatch;
use super::update_group::UpdateGroup;
use super::walk::{Walk, Whom};

/// A refresh under way. There is at most one for each peer and family, so that a peer that asks again and again costs no more
/// than one that waits.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Refresh {
    /// Begin and end are told.
    marked: bool,
    /// The routes are being noted or were. A marked refresh waits for the End-of-RIB (RFC 7313 section 4).
    started: bool,
    /// The begin was pulled.
    begun: bool,
    /// All routes have been noted.
    told: bool,
    /// The peer asked again meanwhile.
    again: bool,
}

impl<N: FamilyPrefix> FamilyRib<N> {
    /// The peer wants all routes again.
    pub fn refresh(&mut self, peer: PeerIndex, marked: bool) {
        // A wish that has not begun to be fulfilled covers later ones.
        let has_begun = !self.walks.iter().any(|walk| walk.is_about_to_tell_again(peer));
        let Some(membership) = self.membership_mut(peer) else { return };
        match &mut membership.refresh {
            Some(refresh) => refresh.again |= refresh.started && has_begun,
            None => {
                let started = !marked || membership.end_of_rib_sent;
                membership.refresh = Some(Refresh { marked, started, ..Refresh::default() });
                if started {
                    self.note_all(peer);
                }
            }
        }
    }

    /// The End-of-RIB was pulled: a refresh that has waited for it starts.
    pub fn start_waiting_refresh(&mut self, peer: PeerIndex) {
        let refresh = self.membership_mut(peer).and_then(|membership| membership.refresh.as_mut());
        if let Some(refresh) = refresh.filter(|refresh| !refresh.started) {
            refresh.started = true;
            self.note_all(peer);
        }
    }

    /// The peer moves to another group: what a refresh consists of is noted anew there.
    pub fn move_refresh(&mut self, peer: PeerIndex) {
        let refresh = self.membership_mut(peer).and_then(|membership| membership.refresh.as_mut());
        if let Some(refresh) = refresh.filter(|refresh| refresh.started) {
            refresh.told = false;
            self.note_all(peer);
        }
    }

    fn note_all(&mut self, peer: PeerIndex) {
        let Some(place) = self.membership(peer).map(|membership| membership.place) else { return };
        let whom = Whom::from_iter([(peer, place.slot)]);
        self.walks.push_back(Walk::Tell { group: place.group, whom, again: true, next: 0, until: None });
        self.walks.push_back(Walk::Told { peer, place });
    }

    /// All routes have been noted. An unmarked refresh is over.
    pub fn refresh_is_told(&mut self, peer: PeerIndex, place: Place) {
        let Some(membership) = self.membership_mut(peer).filter(|membership| membership.place == place) else { return };
        match &mut membership.refresh {
            Some(refresh) if refresh.marked => refresh.told = true,
            Some(_) => self.refresh_is_over(peer),
            None => {}
        }
    }

    fn refresh_is_over(&mut self, peer: PeerIndex) {
        let refresh = self.membership_mut(peer).and_then(|membership| membership.refresh.take());
        if let Some(refresh) = refresh.filter(|refresh| refresh.again) {
            self.refresh(peer, refresh.marked);
        }
    }

    fn begin_is_due(membership: &Membership) -> bool {
        membership.refresh.is_some_and(|refresh| refresh.marked && refresh.started && !refresh.begun)
    }

    fn end_is_due(&self, membership: &Membership) -> bool {
        let Place { group, slot } = membership.place;
        // A route that changed meanwhile is told when its change is. What the peer was not told of again it drops: a
        // withdrawal that waits for its replacement goes before that.
        let all_told =
            |group: &UpdateGroup| !group.has_announcements(slot) && !group.has_withdrawals(slot, u64::MAX, self.clock);
        membership.refresh.is_some_and(|refresh| refresh.begun && refresh.told)
            && self.group(group).is_some_and(all_told)
    }

    /// Whether the begin or the end of a refresh is to be pulled.
    pub fn refresh_mark_is_due(&self, membership: &Membership) -> bool {
        Self::begin_is_due(membership) || self.end_is_due(membership)
    }

    /// Adds the begin of a refresh, if it is due: before any of its routes.
    pub fn begin_refresh(&mut self, peer: PeerIndex, batch: &mut UpdateBatch) {
        let Some(membership) = self.membership_mut(peer).filter(|membership| Self::begin_is_due(membership)) else {
            return;
        };
        if let Some(refresh) = &mut membership.refresh {
            refresh.begun = true;
            batch.refresh_begins.push(N::FAMILY);
        }
    }

    /// Adds the end of a refresh, if it is due: after all of its routes.
    pub fn end_refresh(&mut self, peer: PeerIndex, batch: &mut UpdateBatch) {
        if self.membership(peer).is_some_and(|membership| self.end_is_due(membership)) {
            batch.refresh_ends.push(N::FAMILY);
            self.refresh_is_over(peer);
        }
    }
}
