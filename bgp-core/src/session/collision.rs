//! Which of two connections stays (RFC 4271 section 6.8, RFC 6286 section 2.3, RFC 4724 section 5).
//!
//! Deviation: RFC 4724 drops an Established session when a peer that restarts gracefully connects anew; we do when its OPEN
//! has come and is good, so that it takes more than a connection from its address to end a session.

use std::time::Instant;

use super::drive::Trigger;
use super::negotiation::Negotiated;
use super::{Direction, Session, State, Which};

/// What becomes of the connection whose OPEN has just come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It goes on.
    Stays,
    /// The other one is kept.
    Goes,
}

impl Session {
    /// Settles a collision between the connection whose good OPEN has just come and the other one, if there is one.
    pub(super) fn settle_collision(&mut self, which: Which, negotiated: &Negotiated, now: Instant) -> Verdict {
        let other = match which {
            Which::Main => Which::Second,
            Which::Second => Which::Main,
        };
        let Some(state) = self.track(other).map(|track| track.state) else { return Verdict::Stays };
        match state {
            // Nothing is known of that one yet; its own OPEN will settle it. A dial in progress is for nothing.
            State::Idle | State::Active | State::OpenSent => Verdict::Stays,
            State::Connect => {
                self.dump(other, now);
                Verdict::Stays
            }
            State::Established if self.opens_again_after_restart(which) => {
                self.step(other, Trigger::superseded(), now);
                self.report();
                Verdict::Stays
            }
            State::Established => Verdict::Goes,
            State::OpenConfirm if self.prefers(which, other, negotiated) => {
                self.dump(other, now);
                Verdict::Stays
            }
            State::OpenConfirm => Verdict::Goes,
        }
    }

    /// The one that the speaker with the higher identifier opened, or with equal ones the higher AS; of two that the peer
    /// opened, the newer.
    fn prefers(&self, which: Which, other: Which, negotiated: &Negotiated) -> bool {
        let direction = |which| self.track(which).and_then(|track| track.connection).map(|(_, direction)| direction);
        if direction(which) == direction(other) {
            return which == Which::Second;
        }
        let ours = (self.config.local_identifier, self.config.local_asn);
        let theirs = (negotiated.peer_identifier, negotiated.peer_asn);
        let kept = if ours > theirs { Direction::Outgoing } else { Direction::Incoming };
        direction(which) == Some(kept)
    }
}
