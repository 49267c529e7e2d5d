//! What a session does about restarts, of the peer and of our own (RFC 4724 section 4, RFC 7313 section 4).

use std::time::{Duration, Instant};

use super::drive::Refresh;
use super::graceful_restart::{PeerRestart, capabilities};
use super::negotiation::Negotiated;
use super::settings::{RestartConfig, RestartMode};
use super::stale::Kept;
use super::{Cause, Event, RETRY_WHILE_AWAY, Session, Which};
use crate::capability::Capability;
use crate::types::{AddressFamily, FamilySet};

/// Whether we have just restarted.
#[derive(Debug)]
pub(super) struct OwnRestart {
    restarted_for: Option<Duration>,
    /// Until when our OPENs say so.
    until: Option<Instant>,
    /// The session was Established already: from then on nothing restarted, and forwarding went on.
    has_been_established: bool,
}

impl OwnRestart {
    pub const fn new(config: &RestartConfig) -> Self {
        Self { restarted_for: config.restarted_for, until: None, has_been_established: false }
    }

    /// The session starts, for the first time or again.
    pub fn start(&mut self, now: Instant) {
        self.until = self.until.or_else(|| Some(now + self.restarted_for?));
    }

    fn is_under_way(&self, now: Instant) -> bool {
        !self.has_been_established && self.until.is_some_and(|until| now < until)
    }
}

impl Session {
    /// What our OPEN says of restarts now.
    pub(super) fn restart_capabilities(&self, now: Instant) -> Vec<Capability> {
        let (config, families) = (&self.config.graceful_restart, self.config.families);
        let forwarding = match self.own_restart.has_been_established {
            true => families,
            false => config.forwarding_state,
        };
        capabilities(config, families, self.own_restart.is_under_way(now), forwarding)
    }

    fn peer_restart(&self) -> Option<&PeerRestart> {
        self.main.negotiated.as_ref()?.graceful_restart.as_ref()
    }

    /// Whether the peer would keep our routes after a plain NOTIFICATION (RFC 8538).
    pub(super) fn peer_keeps_after_notification(&self) -> bool {
        let full = self.config.graceful_restart.mode == RestartMode::Full;
        let negotiated = self.negotiated().and_then(|negotiated| negotiated.graceful_restart.as_ref());
        full && negotiated.is_some_and(|restart| restart.notification)
    }

    /// Whether the OPEN that has just come on this connection, beside the Established session on the other, means that the
    /// peer restarted (RFC 4724 section 5): it said that it can.
    pub(super) fn opens_again_after_restart(&self, which: Which) -> bool {
        which == Which::Second && self.peer_restart().is_some_and(|restart| !restart.families.is_empty())
    }

    /// The Established session ended; what of the peer's routes stays.
    pub(super) fn went_away(&mut self, cause: &Cause, now: Instant) -> Kept {
        let stale_time = self.config.graceful_restart.stale_time;
        let negotiated = self.main.negotiated.clone();
        let agreed = negotiated.as_deref().and_then(|agreed| Some((agreed, agreed.graceful_restart.as_ref()?)));
        match agreed.filter(|(_, restart)| restart.is_started_by(cause)) {
            Some((agreed, restart)) => self.stale.lost(agreed, restart, stale_time, now),
            None => {
                self.stale.clear();
                Kept::default()
            }
        }
    }

    /// The session is Established; the families whose stale routes stay.
    pub(super) fn came_back(&mut self, negotiated: &Negotiated, now: Instant) -> FamilySet {
        self.own_restart.has_been_established = true;
        self.stale.returned(negotiated, self.config.graceful_restart.stale_time, now)
    }

    pub(super) fn expire_stale(&mut self, now: Instant) {
        let expired = self.stale.expire(now);
        if !expired.gone.is_empty() {
            self.events.push_back(Event::StaleExpired(expired.gone));
        }
        if !expired.long_lived.is_empty() {
            self.events.push_back(Event::LongLivedStale(expired.long_lived));
        }
    }

    /// Stale routes go at once.
    pub(super) fn drop_stale(&mut self) {
        let families = self.stale.clear();
        if !families.is_empty() {
            self.events.push_back(Event::StaleExpired(families));
        }
    }

    pub(super) fn take_refresh(&mut self, family: AddressFamily, refresh: Refresh, now: Instant) {
        match refresh {
            Refresh::Wanted => self.events.push_back(Event::RouteRefresh(family)),
            Refresh::Began => {
                let until = now + self.config.graceful_restart.stale_time;
                let sends_end_of_rib = self.peer_restart().is_some();
                if self.stale.refresh_began(family, sends_end_of_rib, until) {
                    self.events.push_back(Event::RefreshBegan(family));
                }
            }
            // An end without a beginning says nothing (RFC 7313 section 4).
            Refresh::Ended if self.stale.refresh_ended(family) => self.events.push_back(Event::RefreshEnded(family)),
            Refresh::Ended => {}
        }
    }

    /// A wait, cut short while a peer may be back any moment, and its routes go if it is not.
    pub(super) fn unless_awaited(&self, wait: Duration) -> Duration {
        if self.stale.is_awaiting() { wait.min(RETRY_WHILE_AWAY) } else { wait }
    }
}
