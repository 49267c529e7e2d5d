//! NOTIFICATION (RFC 4271 section 4.5): what went wrong, as the last message of a session.

use std::fmt;

use bytes::{BufMut, Bytes};

use crate::wire::writer;

/// The message type.
pub const KIND: u8 = 3;

/// The most octets of a shutdown communication (RFC 9003 section 2).
pub const MAX_SHUTDOWN_COMMUNICATION_LEN: usize = 255;

/// Declares the subcodes of one error code: their numbers, their names, and a place for the ones we do not know.
macro_rules! subcodes {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $value:literal, $text:literal;)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$doc])* $variant,)*
            /// A subcode that we do not know.
            Unknown(u8),
        }

        impl $name {
            /// The subcode with this number.
            #[must_use]
            pub const fn from_octet(subcode: u8) -> Self {
                match subcode {
                    $($value => Self::$variant,)*
                    other => Self::Unknown(other),
                }
            }

            /// Its number.
            #[must_use]
            pub const fn octet(self) -> u8 {
                match self {
                    $(Self::$variant => $value,)*
                    Self::Unknown(other) => other,
                }
            }

            /// Its name in the RFC.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Unknown(_) => "unknown subcode",
                }
            }
        }
    };
}

subcodes! {
    /// Message Header Error (RFC 4271 section 6.1).
    HeaderSubcode {
        /// No subcode says it.
        Unspecific = 0, "Unspecific";
        /// The marker is not all ones.
        ConnectionNotSynchronized = 1, "Connection Not Synchronized";
        /// Out of range for the message's type; the data is the length field.
        BadMessageLength = 2, "Bad Message Length";
        /// The data is the type octet.
        BadMessageType = 3, "Bad Message Type";
    }
}

subcodes! {
    /// OPEN Message Error (RFC 4271 section 6.2, RFC 5492, RFC 9234).
    OpenSubcode {
        /// No subcode says it.
        Unspecific = 0, "Unspecific";
        /// The data is the version we speak, two octets.
        UnsupportedVersionNumber = 1, "Unsupported Version Number";
        /// Not the AS that is configured, or AS 0.
        BadPeerAs = 2, "Bad Peer AS";
        /// Zero, or ours within one AS (RFC 6286).
        BadBgpIdentifier = 3, "Bad BGP Identifier";
        /// An optional parameter that we do not know.
        UnsupportedOptionalParameter = 4, "Unsupported Optional Parameter";
        /// 1 or 2 seconds, or less than we agree to.
        UnacceptableHoldTime = 6, "Unacceptable Hold Time";
        /// A capability that we require is missing; the data is that capability (RFC 5492 section 3).
        UnsupportedCapability = 7, "Unsupported Capability";
        /// RFC 9234 section 4.2.
        RoleMismatch = 11, "Role Mismatch";
    }
}

subcodes! {
    /// UPDATE Message Error (RFC 4271 section 6.3).
    UpdateSubcode {
        /// No subcode says it.
        Unspecific = 0, "Unspecific";
        /// The lengths do not fit, or an attribute may not stand twice.
        MalformedAttributeList = 1, "Malformed Attribute List";
        /// The data is the attribute.
        UnrecognizedWellKnownAttribute = 2, "Unrecognized Well-known Attribute";
        /// The data is the type code.
        MissingWellKnownAttribute = 3, "Missing Well-known Attribute";
        /// The data is the attribute.
        AttributeFlagsError = 4, "Attribute Flags Error";
        /// The data is the attribute.
        AttributeLengthError = 5, "Attribute Length Error";
        /// The data is the attribute.
        InvalidOriginAttribute = 6, "Invalid ORIGIN Attribute";
        /// The data is the attribute.
        InvalidNextHopAttribute = 8, "Invalid NEXT_HOP Attribute";
        /// The data is the attribute.
        OptionalAttributeError = 9, "Optional Attribute Error";
        /// NLRI of IPv4 that cannot be read.
        InvalidNetworkField = 10, "Invalid Network Field";
        /// AS_PATH that cannot be read.
        MalformedAsPath = 11, "Malformed AS_PATH";
    }
}

subcodes! {
    /// Finite State Machine Error (RFC 6608): the state in which a message was not expected.
    FsmSubcode {
        /// No subcode says it.
        Unspecific = 0, "Unspecified Error";
        /// In OpenSent.
        OpenSent = 1, "Receive Unexpected Message in OpenSent State";
        /// In OpenConfirm.
        OpenConfirm = 2, "Receive Unexpected Message in OpenConfirm State";
        /// In Established.
        Established = 3, "Receive Unexpected Message in Established State";
    }
}

subcodes! {
    /// Cease (RFC 4486, RFC 8538, RFC 9384).
    CeaseSubcode {
        /// No subcode says it.
        Unspecific = 0, "Unspecific";
        /// The data is AFI, SAFI and the limit.
        MaximumPrefixesReached = 1, "Maximum Number of Prefixes Reached";
        /// With a shutdown communication (RFC 9003).
        AdministrativeShutdown = 2, "Administrative Shutdown";
        /// The peer is configured no more.
        PeerDeconfigured = 3, "Peer De-configured";
        /// With a shutdown communication (RFC 9003).
        AdministrativeReset = 4, "Administrative Reset";
        /// The peer is not wanted now.
        ConnectionRejected = 5, "Connection Rejected";
        /// The configuration of the peer changed.
        OtherConfigurationChange = 6, "Other Configuration Change";
        /// The other connection was kept (RFC 4271 section 6.8).
        ConnectionCollisionResolution = 7, "Connection Collision Resolution";
        /// No memory, or the like.
        OutOfResources = 8, "Out of Resources";
        /// The data is the NOTIFICATION inside (RFC 8538 section 3).
        HardReset = 9, "Hard Reset";
        /// BFD says the path is down (RFC 9384).
        BfdDown = 10, "BFD Down";
    }
}

subcodes! {
    /// ROUTE-REFRESH Message Error (RFC 7313 section 5).
    RefreshSubcode {
        /// No subcode says it.
        Unspecific = 0, "Unspecific";
        /// The data is the message.
        InvalidMessageLength = 1, "Invalid Message Length";
    }
}

/// Error code and subcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NotificationCode {
    /// Code 1.
    MessageHeader(HeaderSubcode),
    /// Code 2.
    Open(OpenSubcode),
    /// Code 3.
    Update(UpdateSubcode),
    /// Code 4.
    HoldTimerExpired,
    /// Code 5.
    FiniteStateMachine(FsmSubcode),
    /// Code 6.
    Cease(CeaseSubcode),
    /// Code 7.
    RouteRefresh(RefreshSubcode),
    /// Code 8 (RFC 9687).
    SendHoldTimerExpired,
    /// A code that we do not know, or a subcode where none is defined.
    Unknown {
        /// The error code.
        code: u8,
        /// The error subcode.
        subcode: u8,
    },
}

impl NotificationCode {
    /// What these two octets mean.
    #[must_use]
    pub const fn from_octets(code: u8, subcode: u8) -> Self {
        match (code, subcode) {
            (1, _) => Self::MessageHeader(HeaderSubcode::from_octet(subcode)),
            (2, _) => Self::Open(OpenSubcode::from_octet(subcode)),
            (3, _) => Self::Update(UpdateSubcode::from_octet(subcode)),
            (4, 0) => Self::HoldTimerExpired,
            (5, _) => Self::FiniteStateMachine(FsmSubcode::from_octet(subcode)),
            (6, _) => Self::Cease(CeaseSubcode::from_octet(subcode)),
            (7, _) => Self::RouteRefresh(RefreshSubcode::from_octet(subcode)),
            (8, 0) => Self::SendHoldTimerExpired,
            _ => Self::Unknown { code, subcode },
        }
    }

    /// The error code.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::MessageHeader(_) => 1,
            Self::Open(_) => 2,
            Self::Update(_) => 3,
            Self::HoldTimerExpired => 4,
            Self::FiniteStateMachine(_) => 5,
            Self::Cease(_) => 6,
            Self::RouteRefresh(_) => 7,
            Self::SendHoldTimerExpired => 8,
            Self::Unknown { code, .. } => code,
        }
    }

    /// The error subcode; 0 where the code has none.
    #[must_use]
    pub const fn subcode(self) -> u8 {
        match self {
            Self::MessageHeader(subcode) => subcode.octet(),
            Self::Open(subcode) => subcode.octet(),
            Self::Update(subcode) => subcode.octet(),
            Self::HoldTimerExpired | Self::SendHoldTimerExpired => 0,
            Self::FiniteStateMachine(subcode) => subcode.octet(),
            Self::Cease(subcode) => subcode.octet(),
            Self::RouteRefresh(subcode) => subcode.octet(),
            Self::Unknown { subcode, .. } => subcode,
        }
    }

    /// The error code's name in the RFC.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MessageHeader(_) => "Message Header Error",
            Self::Open(_) => "OPEN Message Error",
            Self::Update(_) => "UPDATE Message Error",
            Self::HoldTimerExpired => "Hold Timer Expired",
            Self::FiniteStateMachine(_) => "Finite State Machine Error",
            Self::Cease(_) => "Cease",
            Self::RouteRefresh(_) => "ROUTE-REFRESH Message Error",
            Self::SendHoldTimerExpired => "Send Hold Timer Expired",
            Self::Unknown { .. } => "unknown error",
        }
    }

    /// The error subcode's name in the RFC; `None` where the code has no subcodes.
    #[must_use]
    pub const fn subcode_name(self) -> Option<&'static str> {
        match self {
            Self::MessageHeader(subcode) => Some(subcode.name()),
            Self::Open(subcode) => Some(subcode.name()),
            Self::Update(subcode) => Some(subcode.name()),
            Self::FiniteStateMachine(subcode) => Some(subcode.name()),
            Self::Cease(subcode) => Some(subcode.name()),
            Self::RouteRefresh(subcode) => Some(subcode.name()),
            Self::HoldTimerExpired | Self::SendHoldTimerExpired | Self::Unknown { .. } => None,
        }
    }
}

/// As in `6/2 Cease: Administrative Shutdown`.
impl fmt::Display for NotificationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} {}", self.code(), self.subcode(), self.name())?;
        match self.subcode_name() {
            Some(subcode) => write!(f, ": {subcode}"),
            None => Ok(()),
        }
    }
}

/// A NOTIFICATION message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// What went wrong.
    pub code: NotificationCode,
    /// The octets that show it; their meaning depends on the code.
    pub data: Bytes,
}

impl Notification {
    /// One without data.
    #[must_use]
    pub const fn new(code: NotificationCode) -> Self {
        Self { code, data: Bytes::new() }
    }

    /// Cease / Administrative Shutdown with a shutdown communication (RFC 9003), cut after the last whole character within
    /// 255 octets.
    #[must_use]
    pub fn administrative_shutdown(text: &str) -> Self {
        Self::with_communication(CeaseSubcode::AdministrativeShutdown, text)
    }

    /// Cease / Administrative Reset with a shutdown communication (RFC 9003).
    #[must_use]
    pub fn administrative_reset(text: &str) -> Self {
        Self::with_communication(CeaseSubcode::AdministrativeReset, text)
    }

    /// Cease / Hard Reset around the NOTIFICATION that says why: the peer is not to keep our routes (RFC 8538 section 3.1).
    #[must_use]
    pub fn hard_reset(inner: &Self) -> Self {
        let data = [&[inner.code.code(), inner.code.subcode()], inner.data.as_ref()].concat();
        Self { code: NotificationCode::Cease(CeaseSubcode::HardReset), data: data.into() }
    }

    /// Whether it is a Hard Reset, whatever is inside.
    #[must_use]
    pub const fn is_hard_reset(&self) -> bool {
        matches!(self.code, NotificationCode::Cease(CeaseSubcode::HardReset))
    }

    /// The NOTIFICATION that says why: the one inside a Hard Reset, else this one itself.
    #[must_use]
    pub fn innermost(&self) -> Self {
        let inner = self.is_hard_reset().then(|| Self::decode(&self.data)).flatten();
        inner.unwrap_or_else(|| self.clone())
    }

    fn with_communication(subcode: CeaseSubcode, text: &str) -> Self {
        let fits = |(start, character): &(usize, char)| start + character.len_utf8() <= MAX_SHUTDOWN_COMMUNICATION_LEN;
        let text: String = text.char_indices().take_while(fits).map(|(_, character)| character).collect();
        let length = u8::try_from(text.len()).unwrap_or(u8::MAX);
        let data = if text.is_empty() { Bytes::new() } else { [&[length], text.as_bytes()].concat().into() };
        Self { code: NotificationCode::Cease(subcode), data }
    }

    /// The text of a shutdown or reset (RFC 9003); what is no UTF-8 comes as hexadecimal. `None` when there is none.
    #[must_use]
    pub fn shutdown_communication(&self) -> Option<String> {
        let NotificationCode::Cease(CeaseSubcode::AdministrativeShutdown | CeaseSubcode::AdministrativeReset) =
            self.code
        else {
            return None;
        };
        let (length, text) = self.data.split_first()?;
        let text = text.get(..usize::from(*length))?;
        match std::str::from_utf8(text) {
            _ if text.is_empty() => None,
            Ok(text) => Some(text.to_owned()),
            Err(_) => Some(text.iter().map(|octet| format!("{octet:02x}")).collect()),
        }
    }

    /// The message; data beyond 4075 octets is cut, since the message may not be longer (RFC 4271 section 4.1).
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let data = self.data.get(..MAX_DATA_LEN).unwrap_or(&self.data);
        writer::message(KIND, |out| {
            out.put_u8(self.code.code());
            out.put_u8(self.code.subcode());
            out.put_slice(data);
        })
        .unwrap_or_default()
    }

    /// Reads what follows the header, at least two octets.
    pub(super) fn decode(body: &Bytes) -> Option<Self> {
        let (&[code, subcode], _) = body.split_first_chunk::<2>()?;
        Some(Self { code: NotificationCode::from_octets(code, subcode), data: body.slice(2..) })
    }
}

/// What 4096 octets leave after header, code and subcode.
const MAX_DATA_LEN: usize = 4096 - 19 - 2;

impl fmt::Display for Notification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.code.fmt(f)?;
        let inner = self.innermost();
        if self.is_hard_reset() && !inner.is_hard_reset() {
            return write!(f, " ({inner})");
        }
        match self.shutdown_communication() {
            Some(text) => write!(f, " ({text:?})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_and_subcode_survives_the_wire() {
        for code in 0..=u8::MAX {
            for subcode in 0..=u8::MAX {
                let meaning = NotificationCode::from_octets(code, subcode);
                assert_eq!((meaning.code(), meaning.subcode()), (code, subcode));
            }
        }
    }

    #[test]
    fn check_35_carries_a_shutdown_communication_of_whole_characters() {
        let sent = Notification::administrative_shutdown(&"é".repeat(200));
        assert_eq!(sent.data.len(), 255);
        assert_eq!(sent.shutdown_communication(), Some("é".repeat(127)));
        assert_eq!(sent.encode().len(), 19 + 2 + 255);
        assert_eq!(Notification::decode(&sent.encode().slice(19..)), Some(sent));
    }

    #[test]
    fn check_35_shows_a_communication_that_is_no_text_as_hexadecimal() {
        let code = NotificationCode::Cease(CeaseSubcode::AdministrativeReset);
        let received = Notification { code, data: Bytes::from_static(&[2, 0xC3, 0x28]) };
        assert_eq!(received.shutdown_communication(), Some("c328".to_owned()));
    }

    #[test]
    fn a_communication_longer_than_its_data_is_none() {
        let code = NotificationCode::Cease(CeaseSubcode::AdministrativeShutdown);
        assert_eq!(Notification { code, data: Bytes::from_static(&[9, b'x']) }.shutdown_communication(), None);
    }

    #[test]
    fn check_77_a_hard_reset_carries_code_subcode_and_data_of_what_is_inside() {
        let inner = Notification::administrative_shutdown("bye");
        let hard = Notification::hard_reset(&inner);
        assert_eq!(&hard.encode()[19..], [6, 9, 6, 2, 3, b'b', b'y', b'e']);
        assert_eq!(Notification::decode(&hard.encode().slice(19..)).map(|hard| hard.innermost()), Some(inner));
        assert_eq!(hard.to_string(), "6/9 Cease: Hard Reset (6/2 Cease: Administrative Shutdown (\"bye\"))");
    }

    #[test]
    fn check_77_a_hard_reset_that_ends_too_early_is_one_all_the_same() {
        let code = NotificationCode::Cease(CeaseSubcode::HardReset);
        let cut = Notification { code, data: Bytes::from_static(&[6]) };
        assert_eq!((cut.is_hard_reset(), cut.innermost()), (true, cut.clone()));
    }

    #[test]
    fn reads_as_an_operator_expects() {
        let shutdown = Notification::administrative_shutdown("maintenance");
        assert_eq!(shutdown.to_string(), "6/2 Cease: Administrative Shutdown (\"maintenance\")");
    }
}
