//! The end of a restart of our own (RFC 4724 section 4.1): when a speaker that has restarted may end its first announcement.
//!
//! Until all peers have said what they know, an End-of-RIB of ours would make the peers drop routes that we are about to learn
//! and pass on. What we originate needs nobody and is not held back. Pure: the caller has the sessions and the clock.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::Negotiated;
use crate::types::{AddressFamily, FamilySet, PeerId};

/// Which peers are still to say what they know.
///
/// Contract: tell it of every session that is Established, of every End-of-RIB and of every peer that is configured no more;
/// ask [`is_over`](Self::is_over) after each, and when [`poll_timeout`](Self::poll_timeout) has come.
#[derive(Debug)]
pub struct SelectionDeferral {
    /// The Selection_Deferral_Timer.
    until: Instant,
    /// The families that each peer is still to end.
    awaited: BTreeMap<PeerId, FamilySet>,
}

impl SelectionDeferral {
    /// How long peers are waited for when nothing else is configured: longer than the restart time that most announce.
    pub const DEFAULT_TIME: Duration = Duration::from_mins(4);

    /// Right after the restart: every configured peer is awaited in its families.
    #[must_use]
    pub fn new(peers: impl IntoIterator<Item = (PeerId, FamilySet)>, time: Duration, now: Instant) -> Self {
        Self { until: now + time, awaited: peers.into_iter().collect() }
    }

    /// No peer is awaited: there was no restart.
    #[must_use]
    pub const fn none(now: Instant) -> Self {
        Self { until: now, awaited: BTreeMap::new() }
    }

    /// A session is Established. A peer that has restarted too is not waited for (or both would wait), and one that does
    /// not know of graceful restart may never say that it is done.
    pub fn established(&mut self, peer: PeerId, negotiated: &Negotiated) {
        let Some(awaited) = self.awaited.get_mut(&peer) else { return };
        *awaited = match &negotiated.graceful_restart {
            Some(restart) if !restart.restart_state => awaited.intersection(negotiated.families),
            _ => FamilySet::EMPTY,
        };
    }

    /// The peer ended a family.
    pub fn end_of_rib(&mut self, peer: PeerId, family: AddressFamily) {
        if let Some(awaited) = self.awaited.get_mut(&peer) {
            *awaited = awaited.difference(FamilySet::from_iter([family]));
        }
    }

    /// The peer is configured no more. One whose session is lost stays awaited: it may come back in time.
    pub fn forget(&mut self, peer: PeerId) {
        self.awaited.remove(&peer);
    }

    /// Whether a family is awaited from nobody any more: its End-of-RIB may go out.
    #[must_use]
    pub fn is_over(&self, family: AddressFamily, now: Instant) -> bool {
        now >= self.until || !self.awaited.values().any(|awaited| awaited.contains(family))
    }

    /// When to ask again although nothing was heard; `None` once nobody is awaited.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.awaited.values().any(|awaited| !awaited.is_empty()).then_some(self.until)
    }
}

#[cfg(test)]
mod tests {
    use super::super::graceful_restart::capabilities;
    use super::super::negotiation::{negotiate, our_open};
    use super::super::settings::{RestartConfig, SessionConfig};
    use super::super::testing::{config, some_instant};
    use super::*;

    const V4: AddressFamily = AddressFamily::Ipv4Unicast;
    const V6: AddressFamily = AddressFamily::Ipv6Unicast;
    const TIME: Duration = Duration::from_mins(4);

    fn both() -> FamilySet {
        AddressFamily::ALL.into_iter().collect()
    }

    /// What is agreed with a peer that does or does not know of graceful restart, and did or did not restart.
    fn negotiated(aware: bool, restarted: bool) -> Negotiated {
        let ours = SessionConfig { families: both(), ..config(64512, 1, 65001) };
        let theirs = SessionConfig { families: both(), ..config(65001, 2, 64512) };
        let mut open = our_open(&theirs);
        if aware {
            open.capabilities.extend(capabilities(&RestartConfig::HELPER, both(), restarted, FamilySet::EMPTY));
        }
        negotiate(&ours, &open).unwrap()
    }

    fn deferral(now: Instant) -> SelectionDeferral {
        SelectionDeferral::new([(PeerId(1), both()), (PeerId(2), both())], TIME, now)
    }

    #[test]
    fn check_83_waits_for_the_end_of_rib_of_every_peer_by_family() {
        let now = some_instant();
        let mut deferral = deferral(now);
        for peer in [PeerId(1), PeerId(2)] {
            deferral.established(peer, &negotiated(true, false));
            assert!(!deferral.is_over(V4, now) && !deferral.is_over(V6, now));
        }
        deferral.end_of_rib(PeerId(1), V4);
        assert!(!deferral.is_over(V4, now));
        deferral.end_of_rib(PeerId(2), V4);
        assert!(deferral.is_over(V4, now) && !deferral.is_over(V6, now));
        deferral.end_of_rib(PeerId(1), V6);
        deferral.end_of_rib(PeerId(2), V6);
        assert!(deferral.is_over(V6, now));
        assert_eq!(deferral.poll_timeout(), None);
    }

    #[test]
    fn check_83_does_not_wait_for_peers_that_restarted_too_or_know_nothing_of_it() {
        let now = some_instant();
        let mut deferral = deferral(now);
        deferral.established(PeerId(1), &negotiated(true, true));
        assert!(!deferral.is_over(V4, now), "the other has not come");
        deferral.established(PeerId(2), &negotiated(false, false));
        assert!(deferral.is_over(V4, now) && deferral.is_over(V6, now));
    }

    #[test]
    fn check_83_waits_for_a_peer_that_is_away_until_the_selection_deferral_timer() {
        let now = some_instant();
        let mut deferral = deferral(now);
        deferral.forget(PeerId(2));
        assert_eq!(deferral.poll_timeout(), Some(now + TIME));
        assert!(!deferral.is_over(V4, now + TIME - Duration::from_millis(1)));
        assert!(deferral.is_over(V4, now + TIME));
    }

    #[test]
    fn without_a_restart_nobody_is_waited_for() {
        let now = some_instant();
        let deferral = SelectionDeferral::none(now);
        assert!(deferral.is_over(V4, now));
        assert_eq!(deferral.poll_timeout(), None);
    }
}
