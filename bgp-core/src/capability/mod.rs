//! Capabilities (RFC 5492): what a speaker can do, in its OPEN.

use bytes::{BufMut, Bytes, BytesMut};

use crate::types::{Afi, AfiSafi, Asn, Safi};
use crate::wire::reader::{self, TooShort};
use crate::wire::writer::{self, TooLong};

const MULTI_PROTOCOL: u8 = 1;
const ROUTE_REFRESH: u8 = 2;
const FOUR_OCTET_ASN: u8 = 65;

/// One capability. Those whose meaning we do not use are kept as they came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Capability {
    /// Multiprotocol Extensions for one family (RFC 4760 section 8).
    MultiProtocol(AfiSafi),
    /// Route Refresh (RFC 2918).
    RouteRefresh,
    /// Four-octet AS numbers, with the sender's own (RFC 6793).
    FourOctetAsn(Asn),
    /// Any other; ignored, never refused (RFC 5492 section 3).
    Unknown {
        /// Its code.
        code: u8,
        /// Its value.
        value: Bytes,
    },
}

/// A capability that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CapabilityFault {
    /// It ends before its length does.
    #[error("capabilities end in the middle of one")]
    Truncated,
    /// Its length is not the one of its code.
    #[error("capability {code} has {length} octets (expected {expected})")]
    Length {
        /// Its code.
        code: u8,
        /// The octets there are.
        length: usize,
        /// The octets there must be.
        expected: usize,
    },
}

impl From<TooShort> for CapabilityFault {
    fn from(_: TooShort) -> Self {
        Self::Truncated
    }
}

impl Capability {
    /// Its code in the IANA registry.
    #[must_use]
    pub const fn code(&self) -> u8 {
        match self {
            Self::MultiProtocol(_) => MULTI_PROTOCOL,
            Self::RouteRefresh => ROUTE_REFRESH,
            Self::FourOctetAsn(_) => FOUR_OCTET_ASN,
            Self::Unknown { code, .. } => *code,
        }
    }

    /// Reads the capabilities of one optional parameter and adds them to `found`.
    ///
    /// # Errors
    /// [`CapabilityFault`] for the first that cannot be read.
    pub fn decode_all(mut input: &[u8], found: &mut Vec<Self>) -> Result<(), CapabilityFault> {
        while !input.is_empty() {
            let (rest, code) = reader::octet(input)?;
            let (rest, value) = reader::octet_length_value(rest)?;
            found.push(Self::decode(code, value)?);
            input = rest;
        }
        Ok(())
    }

    fn decode(code: u8, value: &[u8]) -> Result<Self, CapabilityFault> {
        let wrong = |expected| CapabilityFault::Length { code, length: value.len(), expected };
        match code {
            MULTI_PROTOCOL => {
                let &[high, low, _reserved, safi] = value else { return Err(wrong(4)) };
                let afi = Afi(u16::from_be_bytes([high, low]));
                Ok(Self::MultiProtocol(AfiSafi { afi, safi: Safi(safi) }))
            }
            ROUTE_REFRESH if value.is_empty() => Ok(Self::RouteRefresh),
            ROUTE_REFRESH => Err(wrong(0)),
            FOUR_OCTET_ASN => {
                let octets: [u8; 4] = value.try_into().map_err(|_| wrong(4))?;
                Ok(Self::FourOctetAsn(Asn(u32::from_be_bytes(octets))))
            }
            _ => Ok(Self::Unknown { code, value: Bytes::copy_from_slice(value) }),
        }
    }

    /// Writes code, length and value.
    ///
    /// # Errors
    /// [`TooLong`] for a value over 255 octets.
    pub fn encode(&self, out: &mut BytesMut) -> Result<(), TooLong> {
        out.put_u8(self.code());
        writer::octet_length_value(out, |out| match self {
            Self::MultiProtocol(AfiSafi { afi, safi }) => {
                out.put_u16(afi.0);
                out.put_u8(0);
                out.put_u8(safi.0);
            }
            Self::RouteRefresh => {}
            Self::FourOctetAsn(asn) => out.put_u32(asn.0),
            Self::Unknown { value, .. } => out.put_slice(value),
        })
    }
}
