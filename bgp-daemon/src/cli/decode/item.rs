//! What a source finds in its input: a message or what stands in the place of one.

use std::io;
use std::net::IpAddr;

use bgp_core::types::Asn;
use bgp_core::wire::framer::MARKER_LEN;
use bgp_core::wire::{Frame, HeaderFault};
use bytes::Bytes;

use super::timestamp::Timestamp;

/// Something that gives items in the order of the input, keeping no more than one message or record at a time.
pub(super) trait Source {
    /// The next item; `None` at the end. After an error nothing follows.
    fn next_item(&mut self) -> Result<Option<Item>, InputError>;
}

/// An input that cannot be read any further.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The octets did not come.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// They are not what they should be.
    #[error("offset {offset}: {found} (expected {expected})")]
    Format {
        /// The octet of the input where it begins.
        offset: u64,
        /// What is there.
        found: String,
        /// What would have been right.
        expected: String,
    },
}

/// One thing found.
#[derive(Debug)]
pub(super) struct Item {
    pub place: Place,
    pub mrt: Option<MrtHead>,
    pub content: Content,
}

/// Where it begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// The octet of the input, from 0; of an MRT file that of the record.
    pub offset: u64,
    /// The line of hexadecimal text, from 1.
    pub line: Option<u64>,
}

/// What was found.
#[derive(Debug)]
pub(super) enum Content {
    /// A whole message.
    Message(Frame),
    /// A header that ends the session, and the octets of it.
    BadHeader(HeaderFault, Bytes),
    /// An MRT record of a session's state, old and new.
    StateChange(u16, u16),
    /// An MRT record that is no BGP message, and why it was passed over.
    Skipped(String),
    /// What is neither, and why.
    Unreadable(String),
}

/// What an MRT record says of its message.
#[derive(Clone, Debug)]
pub(super) struct MrtHead {
    pub timestamp: Timestamp,
    pub kind: u16,
    pub subtype: u16,
    /// `None` in a record that is not read, or not readable.
    pub peers: Option<MrtPeers>,
    /// AS numbers of the message have four octets.
    pub four_octet_asn: bool,
    /// The message carries path identifiers (RFC 8050).
    pub add_path: bool,
}

/// The two ends of an MRT record's session.
#[derive(Clone, Copy, Debug)]
pub(super) struct MrtPeers {
    pub peer_asn: Asn,
    pub local_asn: Asn,
    pub interface_index: u16,
    pub peer_address: IpAddr,
    pub local_address: IpAddr,
}

/// The length that the header at the beginning of these octets says; `None` while it is not there.
pub(super) fn length_field(octets: &[u8]) -> Option<u16> {
    let (length, _) = octets.get(MARKER_LEN..)?.split_first_chunk::<2>()?;
    Some(u16::from_be_bytes(*length))
}

/// How a message that is cut short is called: by the octets there are and those its header asks for.
pub(super) fn cut_short(what: &str, waiting: &[u8]) -> String {
    let expected = match length_field(waiting) {
        Some(length) => format!("{length} as its header says"),
        None => "at least 19".to_owned(),
    };
    format!("{what} ends after {} octets of a message (expected {expected})", waiting.len())
}
