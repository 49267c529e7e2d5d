//! Families whose routes are stale: why, and until when (RFC 4724 section 4.2, RFC 8538 section 4, RFC 9494 section 4.2, RFC 7313
//! section 4). The routes themselves are the caller's.
//!
//! One entry a family: a restart goes from [`Phase::Away`] (until the restart time), maybe over [`Phase::LongLived`], to
//! [`Phase::Returned`] (until the stale time), and ends with the peer's End-of-RIB. [`Phase::Refreshing`] is a refresh.

use std::time::{Duration, Instant};

use super::Negotiated;
use super::graceful_restart::PeerRestart;
use crate::types::{AddressFamily, BgpIdentifier, FamilySet};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The peer has not come back.
    Away,
    /// It has not come back in its restart time, and its routes are least preferred.
    LongLived,
    /// It is back and has not announced all of its routes.
    Returned,
    /// It began a refresh and has not ended it.
    Refreshing,
}

#[derive(Clone, Copy, Debug)]
struct Stale {
    family: AddressFamily,
    phase: Phase,
    until: Instant,
    /// How long routes are kept after the restart time.
    long_lived_time: Duration,
    /// When long-lived stale routes go: set when they become so, and changed no more until the peer has announced all
    /// (RFC 9494 section 4.2).
    long_lived_until: Option<Instant>,
    /// When routes go that stay stale over several restarts: RFC 8538 section 4 wants an upper bound.
    at_the_latest: Instant,
}

/// What is left of the routes of a session that ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Kept {
    /// Families whose routes stay, stale.
    pub keep: FamilySet,
    /// Those of them in which routes that were stale before stay too.
    pub keep_stale: FamilySet,
}

/// Whose time is up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Expired {
    /// Stale routes of these go.
    pub gone: FamilySet,
    /// Stale routes of these become least preferred.
    pub long_lived: FamilySet,
}

/// All families with stale routes of one peer.
#[derive(Debug, Default)]
pub(super) struct StaleFamilies {
    stale: Vec<Stale>,
    /// Families whose End-of-RIB came in this session.
    synchronized: FamilySet,
    /// Who sent the routes.
    peer: Option<BgpIdentifier>,
}

impl StaleFamilies {
    /// The session ended in a way that starts a restart.
    pub fn lost(&mut self, agreed: &Negotiated, restart: &PeerRestart, stale_time: Duration, now: Instant) -> Kept {
        self.peer = Some(agreed.peer_identifier);
        let before = std::mem::take(&mut self.stale);
        let mut kept = Kept::default();
        for family in restart.families.iter() {
            let long_lived_time = restart.long_lived_time(family);
            if restart.restart_time.is_zero() && long_lived_time.is_zero() {
                continue;
            }
            let until = now + restart.restart_time;
            let old = before.iter().find(|old| old.family == family);
            let survives = old.filter(|old| match (old.phase, old.long_lived_until) {
                (Phase::Refreshing, _) => true,
                (_, Some(end)) => now < end,
                (_, None) => restart.notification && until <= old.at_the_latest,
            });
            kept.keep.insert(family);
            if survives.is_some() {
                kept.keep_stale.insert(family);
            }
            let bounded = survives.filter(|old| old.phase != Phase::Refreshing);
            self.stale.push(Stale {
                family,
                phase: Phase::Away,
                until,
                long_lived_time,
                long_lived_until: bounded.and_then(|old| old.long_lived_until),
                at_the_latest: bounded.map_or(until + stale_time, |old| old.at_the_latest),
            });
        }
        kept
    }

    /// The session is Established again; the families whose stale routes stay. All others go at once: the capability is
    /// gone, the family is gone, the peer did not go on forwarding, or it is another speaker at the same address.
    pub fn returned(&mut self, agreed: &Negotiated, stale_time: Duration, now: Instant) -> FamilySet {
        self.synchronized = FamilySet::EMPTY;
        let restart = agreed.graceful_restart.as_ref().filter(|_| self.peer == Some(agreed.peer_identifier));
        let forwards = |stale: &Stale, restart: &PeerRestart| match stale.phase {
            Phase::LongLived => restart.keeps_long_lived(stale.family),
            _ => restart.forwarding_state.contains(stale.family),
        };
        self.stale.retain(|stale| restart.is_some_and(|restart| forwards(stale, restart)));
        for stale in &mut self.stale {
            let until = now + stale_time;
            if stale.long_lived_until.is_some() {
                stale.at_the_latest = until;
            }
            (stale.phase, stale.until) = (Phase::Returned, until.min(stale.at_the_latest));
        }
        self.families()
    }

    /// The End-of-RIB of a family came.
    pub fn synchronized(&mut self, family: AddressFamily) {
        self.synchronized.insert(family);
        self.stale.retain(|stale| !(stale.family == family && stale.phase == Phase::Returned));
    }

    /// The peer begins to announce all of a family again; whether that counts: not before its End-of-RIB where it said that
    /// it sends one (RFC 7313 section 4).
    pub fn refresh_began(&mut self, family: AddressFamily, sends_end_of_rib: bool, until: Instant) -> bool {
        if sends_end_of_rib && !self.synchronized.contains(family) {
            return false;
        }
        self.stale.retain(|stale| stale.family != family);
        self.stale.push(Stale {
            family,
            phase: Phase::Refreshing,
            until,
            long_lived_time: Duration::ZERO,
            long_lived_until: None,
            at_the_latest: until,
        });
        true
    }

    /// The peer has announced all of a family again; whether it had begun to.
    pub fn refresh_ended(&mut self, family: AddressFamily) -> bool {
        let began = self.stale.iter().any(|stale| stale.family == family && stale.phase == Phase::Refreshing);
        self.stale.retain(|stale| stale.family != family);
        began
    }

    /// Takes what has expired.
    pub fn expire(&mut self, now: Instant) -> Expired {
        let mut expired = Expired::default();
        self.stale.retain_mut(|stale| {
            while stale.until <= now {
                if stale.phase != Phase::Away || stale.long_lived_time.is_zero() {
                    expired.gone.insert(stale.family);
                    return false;
                }
                let end = *stale.long_lived_until.get_or_insert(stale.until + stale.long_lived_time);
                (stale.phase, stale.until) = (Phase::LongLived, end);
                expired.long_lived.insert(stale.family);
            }
            true
        });
        expired.long_lived = expired.long_lived.difference(expired.gone);
        expired
    }

    /// When something expires next.
    pub fn next(&self) -> Option<Instant> {
        self.stale.iter().map(|stale| stale.until).min()
    }

    /// Whether the peer is awaited, and not for long.
    pub fn is_awaiting(&self) -> bool {
        self.stale.iter().any(|stale| stale.phase == Phase::Away)
    }

    /// The families with stale routes.
    pub fn families(&self) -> FamilySet {
        self.stale.iter().map(|stale| stale.family).collect()
    }

    /// Nothing is stale any more; what was.
    pub fn clear(&mut self) -> FamilySet {
        let families = self.families();
        self.stale.clear();
        families
    }
}
