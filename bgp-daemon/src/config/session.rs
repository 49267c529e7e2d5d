//! What a session must know of a peer and of us.

use bgp_core::session::SessionConfig;

use super::model::{Peer, Router};

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
            initial_hold: SessionConfig::INITIAL_HOLD,
            families: self.families,
            extensions: self.extensions,
        }
    }
}
