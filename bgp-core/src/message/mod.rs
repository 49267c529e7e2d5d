//! Messages (RFC 4271 section 4): whole ones in, whole ones out. Knows no session and no table.
//!
//! An error here means: send its NOTIFICATION and close. Everything milder is part of the value.

mod error;
mod notification;
mod open;
pub mod packing;
mod route_refresh;
mod update;

use bytes::Bytes;

pub use error::MessageError;
pub use notification::{
    CeaseSubcode, FsmSubcode, HeaderSubcode, MAX_SHUTDOWN_COMMUNICATION_LEN, Notification, NotificationCode,
    OpenSubcode, RefreshSubcode, UpdateSubcode,
};
pub use open::Open;
pub use route_refresh::RouteRefresh;
pub use update::{Update, UpdateSections};

use crate::wire::Frame;
use crate::wire::framer::{HEADER_LEN, MAX_MESSAGE_LEN};
use crate::wire::writer;

const UPDATE: u8 = 2;
const KEEPALIVE: u8 = 4;

/// A message whose form is right. An UPDATE is still in octets: [`Update::decode`] reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// The first message of each side.
    Open(Open),
    /// Routes; what follows the header, at least 4 octets.
    Update(Bytes),
    /// The last message of a session.
    Notification(Notification),
    /// Nothing but a sign of life.
    Keepalive,
    /// A wish to be sent routes again.
    RouteRefresh(RouteRefresh),
}

impl Message {
    /// Reads a message.
    ///
    /// # Errors
    /// [`MessageError`]: its NOTIFICATION is to be sent and the connection closed.
    pub fn decode(frame: &Frame) -> Result<Self, MessageError> {
        let wrong = |expected| {
            let length = u16::try_from(frame.octets.len()).unwrap_or(u16::MAX);
            MessageError::BadLength { kind: frame.kind, length, expected }
        };
        let longest = usize::from(MAX_MESSAGE_LEN) - HEADER_LEN;
        match (frame.kind, frame.body.len()) {
            (open::KIND, 10..) if frame.body.len() <= longest => Open::decode(&frame.body).map(Self::Open),
            (open::KIND, _) => Err(wrong("29 to 4096")),
            (UPDATE, 4..) => Ok(Self::Update(frame.body.clone())),
            (UPDATE, _) => Err(wrong("at least 23")),
            (notification::KIND, _) => {
                Notification::decode(&frame.body).map(Self::Notification).ok_or_else(|| wrong("at least 21"))
            }
            (KEEPALIVE, 0) => Ok(Self::Keepalive),
            (KEEPALIVE, _) => Err(wrong("19")),
            (route_refresh::KIND, length) => {
                let refresh = RouteRefresh::decode(&frame.body).ok_or_else(|| wrong("23"))?;
                match refresh.subtype {
                    1 | 2 if length != 4 => Err(MessageError::BadRefreshLength(frame.octets.clone())),
                    _ => Ok(Self::RouteRefresh(refresh)),
                }
            }
            (kind, _) => Err(MessageError::BadType(kind)),
        }
    }
}

/// A KEEPALIVE message.
#[must_use]
pub fn keepalive() -> Bytes {
    writer::message(KEEPALIVE, |_| {}).unwrap_or_default()
}

#[cfg(test)]
mod tests;
