//! What an operator decides of one session.

use std::time::Duration;

use super::extensions::Extensions;
use crate::types::{Asn, BgpIdentifier, FamilySet, HoldTime, PeerKind};

/// Who opens the TCP connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConnectMode {
    /// We dial and await.
    #[default]
    Both,
    /// We dial only.
    Active,
    /// We await only.
    Passive,
}

impl ConnectMode {
    /// Whether we dial.
    #[must_use]
    pub const fn dials(self) -> bool {
        matches!(self, Self::Both | Self::Active)
    }

    /// Whether we let the peer dial.
    #[must_use]
    pub const fn awaits(self) -> bool {
        matches!(self, Self::Both | Self::Passive)
    }
}

/// One session as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionConfig {
    /// Our AS.
    pub local_asn: Asn,
    /// Our BGP Identifier.
    pub local_identifier: BgpIdentifier,
    /// The AS the peer must have.
    pub peer_asn: Asn,
    /// Who opens the connection.
    pub connect: ConnectMode,
    /// The hold time we offer.
    pub hold_time: HoldTime,
    /// The shortest hold time in seconds that we agree to, except 0.
    pub minimum_hold_time_secs: u16,
    /// How long until a failed dial is tried again, before jitter.
    pub connect_retry: Duration,
    /// How long a connected peer may take to send its OPEN (RFC 4271 section 8.2.2 suggests four minutes).
    pub initial_hold: Duration,
    /// The families we offer; not empty.
    pub families: FamilySet,
    /// What is offered beyond them.
    pub extensions: Extensions,
}

impl SessionConfig {
    /// Four minutes, as RFC 4271 section 8.2.2 suggests.
    pub const INITIAL_HOLD: Duration = Duration::from_mins(4);

    /// Whether the peer is in our AS.
    #[must_use]
    pub fn peer_kind(&self) -> PeerKind {
        if self.peer_asn == self.local_asn { PeerKind::Internal } else { PeerKind::External }
    }
}
