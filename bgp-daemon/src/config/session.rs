//! What a session must know of a peer and of us.

use bgp_core::session::{RestartConfig, SessionConfig};
use bgp_core::types::FamilySet;

use super::model::{GracefulRestart, Peer, Router};

impl Peer {
    /// The peer's session as bgp-core runs it.
    #[must_use]
    pub fn session_config(&self, router: &Router) -> SessionConfig {
        SessionConfig {
            local_asn: router.asn,
            local_identifier: router.router_id,
            peer_asn: self.asn,
            connect: self.connect,
            hold_time: self.hold_time,
            minimum_hold_time_secs: self.minimum_hold_time_secs,
            connect_retry: self.connect_retry,
            initial_hold: self.initial_hold,
            families: self.families,
            extensions: self.extensions,
            graceful_restart: self.graceful_restart.config(),
        }
    }
}

impl GracefulRestart {
    fn config(&self) -> RestartConfig {
        let Self { mode, restart_time_secs, stale_time, notification, long_lived_stale_time_secs } = *self;
        RestartConfig {
            mode,
            restart_time_secs,
            stale_time,
            notification,
            long_lived_stale_time_secs,
            // Nothing is known yet of what was before the daemon started.
            forwarding_state: FamilySet::EMPTY,
            restarted_for: None,
        }
    }
}
