//! Routes that outlive a session (RFC 4724 section 4.2, RFC 9494 section 4.2), and those that a refresh is to confirm (RFC 7313
//! section 4). When is the session's matter; here is what happens to the routes.

use std::sync::Arc;

use super::Rib;
use super::facts::PeerFacts;
use super::family_prefix::FamilyPrefix;
use super::family_rib::FamilyRib;
use super::generations::Age;
use super::peers::{Context, PeerIndex, PeerState};
use super::walk::Walk;
use crate::policy::{Policy, RouteSource};
use crate::types::{AddressFamily, FamilySet, PeerId};

impl<N: FamilyPrefix> FamilyRib<N> {
    /// The session ended. The family's routes become stale where `keep`, those that were stale before stay where
    /// `keep_stale`; all others go.
    fn peer_away(&mut self, context: &mut Context, peer: PeerIndex, keep: bool, keep_stale: bool) {
        self.leave_groups(peer);
        if !keep_stale {
            self.sweep(peer, Age::is_stale);
        }
        self.outdate(context, peer);
        if !keep {
            self.sweep(peer, Age::is_stale);
        }
    }

    /// All routes of the peer become stale.
    fn outdate(&mut self, context: &mut Context, peer: PeerIndex) {
        if self.begin(peer, Age::Stale) {
            return;
        }
        // What is being removed goes at once, which costs time; and if that is not enough, what was stale before goes too.
        self.decide(context, usize::MAX);
        if !self.begin(peer, Age::Stale) {
            self.sweep(peer, Age::is_stale);
            self.decide(context, usize::MAX);
            self.begin(peer, Age::Stale);
        }
    }

    fn begin(&mut self, peer: PeerIndex, age: Age) -> bool {
        self.peers.get_mut(peer).is_none_or(|state| state.generations.begin(age))
    }

    /// All routes of the peer go, in slices.
    fn flush(&mut self, context: &mut Context, peer: PeerIndex) {
        self.outdate(context, peer);
        self.sweep(peer, Age::is_stale);
    }

    /// The peer's routes of some ages go, in slices.
    fn sweep(&mut self, peer: PeerIndex, of: impl Fn(Age) -> bool) {
        let Some(state) = self.peers.get_mut(peer) else { return };
        let generations = state.generations.doom(of);
        if !generations.is_empty() {
            self.walks.push_back(Walk::Sweep { peer, generations, next: 0 });
        }
    }

    /// A peer is up, with or without the family and what was kept of it.
    fn take_back(&mut self, context: &mut Context, peer: PeerIndex, kept: bool, speaks: bool) {
        if !kept {
            self.flush(context, peer);
        }
        if speaks {
            self.peer_up(context, peer);
        }
    }

    fn end_of_rib_received(&mut self, peer: PeerIndex) {
        if let Some(state) = self.peers.get_mut(peer) {
            state.end_of_rib_received = true;
        }
        self.sweep(peer, |age| matches!(age, Age::Stale | Age::LongLived));
    }

    fn prolong(&mut self, peer: PeerIndex) {
        if self.peers.get_mut(peer).is_some_and(|state| state.generations.prolong()) {
            self.walks.push_back(Walk::Rejudge { peer, next: 0 });
        }
    }

    fn holds_stale(&self, peer: PeerIndex) -> bool {
        self.peers.get(peer).is_some_and(|state| state.generations.stale() > 0)
    }
}

impl Rib {
    /// A peer's session is Established again: as [`peer_up`](Self::peer_up), but stale routes of the families in `kept` stay
    /// until the peer announces them again or its End-of-RIB comes. It must be the speaker it was.
    pub fn peer_returned(&mut self, facts: PeerFacts, import: Arc<Policy>, export: Arc<Policy>, kept: FamilySet) {
        let same = |old: &PeerState| {
            (old.facts.identifier, old.facts.address, old.facts.kind) == (facts.identifier, facts.address, facts.kind)
        };
        let away = self.context.away(facts.id).filter(|_| !kept.is_empty());
        let back = away.and_then(|index| self.context.session(index)).filter(|old| same(old));
        let judged_otherwise = back.map(|old| {
            let own = |facts: &PeerFacts| {
                (facts.next_hop_self_v4, facts.next_hop_self_v6, facts.local_role, facts.graceful_shutdown)
            };
            old.import != import || own(&old.facts) != own(&facts)
        });
        let families = facts.families;
        let (id, source) = (facts.id, RouteSource::Peer(facts.id));
        let state = PeerState { facts, import, export, source, families_left: 0 };
        let index = match judged_otherwise {
            Some(_) => self.context.take_back(state),
            None => {
                self.peer_down(id);
                self.context.add(state)
            }
        };
        let Some(index) = index else { return };
        for family in AddressFamily::ALL {
            let (kept, speaks) = (kept.contains(family), families.contains(family));
            match family {
                AddressFamily::Ipv4Unicast => self.v4.take_back(&mut self.context, index, kept, speaks),
                AddressFamily::Ipv6Unicast => self.v6.take_back(&mut self.context, index, kept, speaks),
            }
        }
        if judged_otherwise == Some(true) {
            self.v4.walks.push_back(Walk::Rejudge { peer: index, next: 0 });
            self.v6.walks.push_back(Walk::Rejudge { peer: index, next: 0 });
        }
    }

    /// A peer's session ended and may come back. Its routes of the families in `keep` stay in use, stale; in those of
    /// `keep_stale` also what was stale before. All others go; where nothing is kept the peer is down, even one that is
    /// away already.
    pub fn peer_away(&mut self, peer: PeerId, keep: FamilySet, keep_stale: FamilySet) {
        if keep.is_empty() {
            return self.peer_down(peer);
        }
        let Some(index) = self.context.up(peer) else { return };
        self.context.send_away(peer);
        for family in AddressFamily::ALL {
            let (keep, keep_stale) = (keep.contains(family), keep_stale.contains(family));
            match family {
                AddressFamily::Ipv4Unicast => self.v4.peer_away(&mut self.context, index, keep, keep_stale),
                AddressFamily::Ipv6Unicast => self.v6.peer_away(&mut self.context, index, keep, keep_stale),
            }
        }
        self.forget_unless_kept(peer);
    }

    /// What is still stale in these families goes: the peer did not announce it again in time.
    pub fn stale_expired(&mut self, peer: PeerId, families: FamilySet) {
        let Some(index) = self.context.known(peer) else { return };
        for family in families.iter() {
            match family {
                AddressFamily::Ipv4Unicast => self.v4.sweep(index, Age::is_stale),
                AddressFamily::Ipv6Unicast => self.v6.sweep(index, Age::is_stale),
            }
        }
        self.forget_unless_kept(peer);
    }

    /// What is stale in these families stays, least preferred, marked LLGR_STALE and for peers that know of it only; what
    /// carries NO_LLGR goes (RFC 9494 section 4.2).
    pub fn long_lived_stale(&mut self, peer: PeerId, families: FamilySet) {
        let Some(index) = self.context.known(peer) else { return };
        for family in families.iter() {
            match family {
                AddressFamily::Ipv4Unicast => self.v4.prolong(index),
                AddressFamily::Ipv6Unicast => self.v6.prolong(index),
            }
        }
    }

    /// The peer sent its End-of-RIB marker (RFC 4724 section 2): what it did not announce in this session goes.
    pub fn end_of_rib_received(&mut self, peer: PeerId, family: AddressFamily) {
        let Some(index) = self.context.up(peer) else { return };
        match family {
            AddressFamily::Ipv4Unicast => self.v4.end_of_rib_received(index),
            AddressFamily::Ipv6Unicast => self.v6.end_of_rib_received(index),
        }
    }

    /// The peer begins to announce a family again: all of it is stale until it does (RFC 7313 section 4). Where that cannot
    /// be noted, because it begins over and over and ends nothing, an earlier beginning counts.
    pub fn refresh_began(&mut self, peer: PeerId, family: AddressFamily) {
        let Some(index) = self.context.up(peer) else { return };
        let _noted = match family {
            AddressFamily::Ipv4Unicast => self.v4.begin(index, Age::Refreshing),
            AddressFamily::Ipv6Unicast => self.v6.begin(index, Age::Refreshing),
        };
    }

    /// The peer has announced all of the family again: what is still stale goes (RFC 7313 section 4).
    pub fn refresh_ended(&mut self, peer: PeerId, family: AddressFamily) {
        self.stale_expired(peer, FamilySet::from_iter([family]));
    }

    /// A peer that is away with nothing left that it could come back to is down.
    fn forget_unless_kept(&mut self, peer: PeerId) {
        let Some(index) = self.context.away(peer) else { return };
        if !self.v4.holds_stale(index) && !self.v6.holds_stale(index) {
            self.peer_down(peer);
        }
    }
}
