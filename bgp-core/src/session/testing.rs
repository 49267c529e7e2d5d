//! What the tests of this layer share.

use std::time::{Duration, Instant};

use super::extensions::Extensions;
use super::settings::{ConnectMode, RestartConfig, SessionConfig};
use crate::types::{AddressFamily, Asn, BgpIdentifier, FamilySet, HoldTime};

/// Where a virtual clock starts: an `Instant` can be had from the real one only.
#[allow(clippy::disallowed_methods, reason = "only the start of a virtual clock")]
pub(super) fn some_instant() -> Instant {
    Instant::now()
}

pub(super) fn config(local_asn: u32, local_identifier: u32, peer_asn: u32) -> SessionConfig {
    SessionConfig {
        local_asn: Asn(local_asn),
        local_identifier: BgpIdentifier::from_bits(local_identifier).unwrap(),
        peer_asn: Asn(peer_asn),
        connect: ConnectMode::Both,
        hold_time: HoldTime::DEFAULT,
        minimum_hold_time_secs: 3,
        connect_retry: Duration::from_secs(120),
        initial_hold: SessionConfig::INITIAL_HOLD,
        families: FamilySet::from_iter([AddressFamily::Ipv4Unicast]),
        extensions: Extensions::default(),
        graceful_restart: RestartConfig::HELPER,
    }
}
