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

/// Our part in graceful restarts (RFC 4724).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RestartMode {
    /// None: the capability is not sent.
    Off,
    /// Helper: we keep the routes of a peer that restarts.
    #[default]
    Helper,
    /// Helper, and the peer is asked to keep ours when we restart.
    Full,
}

/// Graceful restart as configured for one session, and what came before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestartConfig {
    /// Our part.
    pub mode: RestartMode,
    /// How long the peer is to wait for us, 0 to 4095 seconds; said only in full mode.
    pub restart_time_secs: u16,
    /// How long stale routes stay after the peer is back, or after it began a refresh (RFC 7313), without being announced.
    pub stale_time: Duration,
    /// Whether routes are also kept after a NOTIFICATION or an expired hold timer, where the peer agrees (RFC 8538).
    pub notification: bool,
    /// How long stale routes stay, least preferred, after the restart time, 0 to 16777215 seconds; 0: not at all (RFC 9494
    /// section 4.2: off unless configured). The peer's own, where it is less.
    pub long_lived_stale_time_secs: u32,
    /// Families whose forwarding goes on over a restart of ours: the F bit until the session has been Established once.
    pub forwarding_state: FamilySet,
    /// Set when we have just restarted: for how long after the start, at most, OPENs carry the R bit. After the first
    /// Established none does.
    pub restarted_for: Option<Duration>,
}

impl RestartConfig {
    /// The restart time that most speakers have.
    pub const RESTART_TIME_SECS: u16 = 120;

    /// Five minutes.
    pub const STALE_TIME: Duration = Duration::from_mins(5);

    /// Routes of a peer are kept over the rest of its restart time, after a lost connection alone.
    pub const HELPER: Self = Self {
        mode: RestartMode::Helper,
        restart_time_secs: Self::RESTART_TIME_SECS,
        stale_time: Self::STALE_TIME,
        notification: false,
        long_lived_stale_time_secs: 0,
        forwarding_state: FamilySet::EMPTY,
        restarted_for: None,
    };
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
    /// How long a dial may take, and the longest wait after one that failed, before jitter.
    pub connect_retry: Duration,
    /// How long a connected peer may take to send its OPEN (RFC 4271 section 8.2.2 suggests four minutes).
    pub initial_hold: Duration,
    /// The families we offer; not empty.
    pub families: FamilySet,
    /// What is offered beyond them.
    pub extensions: Extensions,
    /// What happens to routes when one of the two restarts.
    pub graceful_restart: RestartConfig,
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
