//! Why a session or an attempt at one ended, and why we end one.

use std::fmt;

use crate::message::{CeaseSubcode, Notification, NotificationCode};
use crate::types::AddressFamily;

/// Why an operator or the daemon ends a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// It is to stay down: Cease / Administrative Shutdown with this text (RFC 9003); empty for none.
    AdministrativeShutdown(String),
    /// It is to come up again: Cease / Administrative Reset.
    AdministrativeReset,
    /// The peer is no longer configured: Cease / Peer De-configured.
    PeerDeconfigured,
    /// What was agreed is configured otherwise now: Cease / Other Configuration Change.
    ConfigurationChange,
    /// The peer sent more routes than it may: Cease / Maximum Number of Prefixes Reached. The session starts again by
    /// itself after the longest wait.
    MaximumPrefixes {
        /// The family.
        family: AddressFamily,
        /// The limit, in routes.
        limit: usize,
    },
    /// TCP is closed without a word, so that a peer that agreed to graceful restart keeps our routes (RFC 4724).
    Silent,
}

impl StopReason {
    /// The NOTIFICATION that says it; where one alone would leave our routes with the peer, inside a Hard Reset
    /// (RFC 8538 section 3.1). Only a session that comes back at once is better off with its routes kept.
    pub(super) fn notification(&self, routes_would_stay: bool) -> Option<Notification> {
        let hard = routes_would_stay && !matches!(self, Self::ConfigurationChange);
        let plain = self.plain_notification()?;
        Some(if hard { Notification::hard_reset(&plain) } else { plain })
    }

    fn plain_notification(&self) -> Option<Notification> {
        let cease = |subcode| Some(Notification::new(NotificationCode::Cease(subcode)));
        match self {
            Self::AdministrativeShutdown(text) => Some(Notification::administrative_shutdown(text)),
            Self::AdministrativeReset => cease(CeaseSubcode::AdministrativeReset),
            Self::PeerDeconfigured => cease(CeaseSubcode::PeerDeconfigured),
            Self::ConfigurationChange => cease(CeaseSubcode::OtherConfigurationChange),
            Self::MaximumPrefixes { family, limit } => {
                let pair = family.afi_safi();
                let limit = u32::try_from(*limit).unwrap_or(u32::MAX);
                let data = [&pair.afi.0.to_be_bytes()[..], &[pair.safi.0], &limit.to_be_bytes()].concat();
                let code = NotificationCode::Cease(CeaseSubcode::MaximumPrefixesReached);
                Some(Notification { code, data: data.into() })
            }
            Self::Silent => None,
        }
    }
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AdministrativeShutdown(text) if text.is_empty() => f.write_str("administrative shutdown"),
            Self::AdministrativeShutdown(text) => write!(f, "administrative shutdown ({text:?})"),
            Self::AdministrativeReset => f.write_str("administrative reset"),
            Self::PeerDeconfigured => f.write_str("peer is no longer configured"),
            Self::ConfigurationChange => f.write_str("configuration changed"),
            Self::MaximumPrefixes { family, limit } => write!(f, "peer sent more than {limit} {family} prefixes"),
            Self::Silent => f.write_str("closed for a restart"),
        }
    }
}

/// Why a state was left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// We or the operator wanted it.
    Stopped(StopReason),
    /// We sent this NOTIFICATION; the reason says with values what was wrong.
    Sent {
        /// The NOTIFICATION.
        notification: Notification,
        /// What was wrong.
        reason: String,
    },
    /// The peer sent this NOTIFICATION.
    Received(Notification),
    /// The connection could not be made or broke.
    Tcp(String),
    /// The peer restarted and opened a new connection, which took the place of this one (RFC 4724 section 4.2).
    Superseded,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped(reason) => reason.fmt(f),
            Self::Sent { notification, reason } if reason.is_empty() => write!(f, "sent {notification}"),
            Self::Sent { notification, reason } => write!(f, "sent {notification}: {reason}"),
            Self::Received(notification) => write!(f, "received {notification}"),
            Self::Tcp(reason) => write!(f, "connection: {reason}"),
            Self::Superseded => f.write_str("the peer restarted and opened a new connection"),
        }
    }
}
