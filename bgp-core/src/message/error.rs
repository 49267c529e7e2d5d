//! What makes a message unreadable, and the NOTIFICATION that says so (RFC 4271 section 6).

use bytes::Bytes;

use super::notification::{HeaderSubcode, Notification, NotificationCode, OpenSubcode, RefreshSubcode, UpdateSubcode};
use crate::attribute::AttributeFault;
use crate::wire::HeaderFault;

/// A message that costs the session.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The header cannot be read.
    #[error("message header: {0}")]
    Header(#[from] HeaderFault),
    /// The length is wrong for this type of message.
    #[error("message of type {kind} has {length} octets (expected {expected})")]
    BadLength {
        /// The type octet.
        kind: u8,
        /// Octets of the whole message.
        length: u16,
        /// What would have been right.
        expected: &'static str,
    },
    /// A ROUTE-REFRESH of subtype 1 or 2 that is not 23 octets long (RFC 7313 section 5).
    #[error("ROUTE-REFRESH of subtype 1 or 2 is not 23 octets long")]
    BadRefreshLength(Bytes),
    /// No such type of message.
    #[error("message type {0} is not known")]
    BadType(u8),
    /// OPEN of another version.
    #[error("BGP version {0} (expected 4)")]
    UnsupportedVersion(u8),
    /// OPEN with an optional parameter that is not capabilities.
    #[error("optional parameter {0} is not known")]
    UnsupportedOptionalParameter(u8),
    /// OPEN that cannot be read.
    #[error("OPEN: {0}")]
    MalformedOpen(String),
    /// UPDATE whose routes cannot be told (RFC 7606 sections 3 and 5.3).
    #[error("UPDATE: {reason}")]
    MalformedUpdate {
        /// Which error it is.
        subcode: UpdateSubcode,
        /// What is wrong, with value and expectation.
        reason: String,
        /// What the NOTIFICATION shows.
        data: Bytes,
        /// Every fault of its attributes; empty when they were not looked at.
        faults: Vec<AttributeFault>,
    },
}

impl MessageError {
    /// What to send before closing.
    #[must_use]
    pub fn to_notification(&self) -> Notification {
        let (code, data) = match self {
            Self::Header(HeaderFault::Marker) => {
                (NotificationCode::MessageHeader(HeaderSubcode::ConnectionNotSynchronized), Bytes::new())
            }
            Self::Header(HeaderFault::Length { length, .. }) | Self::BadLength { length, .. } => {
                let data = Bytes::copy_from_slice(&length.to_be_bytes());
                (NotificationCode::MessageHeader(HeaderSubcode::BadMessageLength), data)
            }
            Self::BadRefreshLength(message) => {
                (NotificationCode::RouteRefresh(RefreshSubcode::InvalidMessageLength), message.clone())
            }
            Self::BadType(kind) => {
                let data = Bytes::copy_from_slice(&[*kind]);
                (NotificationCode::MessageHeader(HeaderSubcode::BadMessageType), data)
            }
            Self::UnsupportedVersion(_) => {
                let data = Bytes::from_static(&[0, super::open::VERSION]);
                (NotificationCode::Open(OpenSubcode::UnsupportedVersionNumber), data)
            }
            Self::UnsupportedOptionalParameter(_) => {
                (NotificationCode::Open(OpenSubcode::UnsupportedOptionalParameter), Bytes::new())
            }
            Self::MalformedOpen(_) => (NotificationCode::Open(OpenSubcode::Unspecific), Bytes::new()),
            Self::MalformedUpdate { subcode, data, .. } => (NotificationCode::Update(*subcode), data.clone()),
        };
        Notification { code, data }
    }
}
