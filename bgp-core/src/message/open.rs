//! OPEN (RFC 4271 section 4.2, RFC 5492, RFC 9072).
//!
//! Only the form is judged here (RFC 4271 section 6.2: version, optional parameters); whether AS, identifier and hold time
//! are acceptable is the session's question.

use bytes::{BufMut, Bytes, BytesMut};

use super::MessageError;
use crate::capability::Capability;
use crate::types::{Asn, BgpIdentifier, HoldTime};
use crate::wire::reader::{self, TooShort};
use crate::wire::writer::{self, TooLong};

/// The message type.
pub const KIND: u8 = 1;

/// The version we speak.
pub const VERSION: u8 = 4;

const CAPABILITIES: u8 = 2;
const EXTENDED_LENGTH: u8 = 255;

/// An OPEN message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// The sender's AS: that of its four-octet AS capability, else the two-octet field.
    pub asn: Asn,
    /// The hold time offered, in seconds; 1 and 2 may arrive and are not legal.
    pub hold_time_secs: u16,
    /// The BGP Identifier as it came; 0 may arrive and is not legal.
    pub identifier: u32,
    /// The capabilities in the order they came, of all parameters together.
    pub capabilities: Vec<Capability>,
}

impl Open {
    /// What we send.
    #[must_use]
    pub fn new(asn: Asn, hold_time: HoldTime, identifier: BgpIdentifier, capabilities: Vec<Capability>) -> Self {
        Self { asn, hold_time_secs: hold_time.as_secs(), identifier: identifier.to_bits(), capabilities }
    }

    /// The message, with one capability a parameter, as the oldest speakers want it (RFC 5492 section 4); in the extended
    /// form (RFC 9072) when the parameters are over 255 octets.
    ///
    /// # Errors
    /// [`TooLong`] for a capability over 253 octets or 65535 octets in all.
    pub fn encode(&self) -> Result<Bytes, TooLong> {
        let mut parameters = BytesMut::new();
        let mut extended = BytesMut::new();
        for capability in &self.capabilities {
            let mut encoded = BytesMut::new();
            capability.encode(&mut encoded)?;
            let too_long = TooLong { length: encoded.len(), max: usize::from(u8::MAX) };
            let length = u8::try_from(encoded.len()).map_err(|_| too_long)?;
            parameters.put_slice(&[CAPABILITIES, length]);
            parameters.put_slice(&encoded);
            extended.put_slice(&[CAPABILITIES, 0, length]);
            extended.put_slice(&encoded);
        }
        let too_long = TooLong { length: extended.len(), max: usize::from(u16::MAX) };
        let extended_length = u16::try_from(extended.len()).map_err(|_| too_long)?;
        writer::message(KIND, |out| {
            out.put_u8(VERSION);
            out.put_u16(self.asn.to_two_octets());
            out.put_u16(self.hold_time_secs);
            out.put_u32(self.identifier);
            match u8::try_from(parameters.len()) {
                Ok(length) if length < EXTENDED_LENGTH => {
                    out.put_u8(length);
                    out.put_slice(&parameters);
                }
                _ => {
                    out.put_slice(&[EXTENDED_LENGTH, EXTENDED_LENGTH]);
                    out.put_u16(extended_length);
                    out.put_slice(&extended);
                }
            }
        })
    }

    /// Reads what follows the header.
    pub(super) fn decode(body: &[u8]) -> Result<Self, MessageError> {
        let (rest, version) = reader::octet(body).map_err(malformed)?;
        if version != VERSION {
            return Err(MessageError::UnsupportedVersion(version));
        }
        let (rest, field) = reader::two_octets(rest).map_err(malformed)?;
        let (rest, hold_time_secs) = reader::two_octets(rest).map_err(malformed)?;
        let (rest, identifier) = reader::four_octets(rest).map_err(malformed)?;
        let capabilities = parameters(rest)?;
        let four_octet = capabilities.iter().find_map(|capability| match capability {
            Capability::FourOctetAsn(asn) => Some(*asn),
            _ => None,
        });
        let asn = four_octet.unwrap_or(Asn(u32::from(field)));
        Ok(Self { asn, hold_time_secs, identifier, capabilities })
    }
}

fn malformed(_: TooShort) -> MessageError {
    MessageError::MalformedOpen("optional parameters end too early".to_owned())
}

/// The optional parameters, in the form of RFC 4271 or, when the first type is 255, of RFC 9072: by its section 3 the
/// length before that should be 255 and may be any but 0.
fn parameters(input: &[u8]) -> Result<Vec<Capability>, MessageError> {
    let (rest, length) = reader::octet(input).map_err(malformed)?;
    let extended = length > 0 && rest.first() == Some(&EXTENDED_LENGTH);
    let (mut parameters, after) = if extended {
        let (rest, _) = reader::octet(rest).map_err(malformed)?;
        let (after, parameters) = reader::two_octet_length_value(rest).map_err(malformed)?;
        (parameters, after)
    } else {
        let (after, parameters) = reader::octets(rest, usize::from(length)).map_err(malformed)?;
        (parameters, after)
    };
    if !after.is_empty() {
        let text = format!("{} octets follow the optional parameters (expected none)", after.len());
        return Err(MessageError::MalformedOpen(text));
    }
    let mut capabilities = Vec::new();
    while !parameters.is_empty() {
        let (rest, kind) = reader::octet(parameters).map_err(malformed)?;
        let value = if extended { reader::two_octet_length_value } else { reader::octet_length_value };
        let (rest, value) = value(rest).map_err(malformed)?;
        if kind != CAPABILITIES {
            return Err(MessageError::UnsupportedOptionalParameter(kind));
        }
        Capability::decode_all(value, &mut capabilities)
            .map_err(|fault| MessageError::MalformedOpen(fault.to_string()))?;
        parameters = rest;
    }
    Ok(capabilities)
}
