//! Capabilities (RFC 5492): what a speaker can do, in its OPEN.
//!
//! A capability whose length is not the one of its code makes the OPEN malformed, as BIRD has it; no RFC says.

mod add_path;
mod extended_next_hop;
mod graceful_restart;
mod role;
#[cfg(test)]
mod tests;

use bytes::{BufMut, Bytes, BytesMut};

pub use add_path::AddPath;
pub use extended_next_hop::ExtendedNextHop;
pub use graceful_restart::{GracefulRestart, LongLivedFamily, RestartFamily};
pub use role::Role;

use crate::types::{Afi, AfiSafi, Asn, Safi};
use crate::wire::reader::{self, TooShort};
use crate::wire::writer::{self, TooLong};

const MULTI_PROTOCOL: u8 = 1;
const ROUTE_REFRESH: u8 = 2;
const EXTENDED_MESSAGE: u8 = 6;
const FOUR_OCTET_ASN: u8 = 65;
const ENHANCED_ROUTE_REFRESH: u8 = 70;

/// One capability. Those that we do not know are kept as they came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Capability {
    /// Multiprotocol Extensions for one family (RFC 4760 section 8).
    MultiProtocol(AfiSafi),
    /// Route Refresh (RFC 2918).
    RouteRefresh,
    /// Next hops of another family than the routes' (RFC 8950).
    ExtendedNextHop(Vec<ExtendedNextHop>),
    /// Messages of up to 65535 octets (RFC 8654).
    ExtendedMessage,
    /// What the sender is to its peer (RFC 9234).
    Role(Role),
    /// Graceful Restart (RFC 4724).
    GracefulRestart(GracefulRestart),
    /// Four-octet AS numbers, with the sender's own (RFC 6793).
    FourOctetAsn(Asn),
    /// Path identifiers (RFC 7911).
    AddPath(Vec<AddPath>),
    /// Route Refresh with its begin and end marked (RFC 7313).
    EnhancedRouteRefresh,
    /// Long-Lived Graceful Restart (RFC 9494).
    LongLivedGracefulRestart(Vec<LongLivedFamily>),
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
        expected: &'static str,
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
            Self::ExtendedNextHop(_) => extended_next_hop::CODE,
            Self::ExtendedMessage => EXTENDED_MESSAGE,
            Self::Role(_) => role::CODE,
            Self::GracefulRestart(_) => graceful_restart::CODE,
            Self::FourOctetAsn(_) => FOUR_OCTET_ASN,
            Self::AddPath(_) => add_path::CODE,
            Self::EnhancedRouteRefresh => ENHANCED_ROUTE_REFRESH,
            Self::LongLivedGracefulRestart(_) => graceful_restart::LONG_LIVED_CODE,
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
        let empty = |capability| if value.is_empty() { Ok(capability) } else { Err(wrong("0")) };
        match code {
            MULTI_PROTOCOL => {
                let &[high, low, _reserved, safi] = value else { return Err(wrong("4")) };
                Ok(Self::MultiProtocol(family(high, low, safi)))
            }
            ROUTE_REFRESH => empty(Self::RouteRefresh),
            extended_next_hop::CODE => ExtendedNextHop::decode(value).map(Self::ExtendedNextHop),
            EXTENDED_MESSAGE => empty(Self::ExtendedMessage),
            role::CODE => Role::decode(value).map(Self::Role),
            graceful_restart::CODE => GracefulRestart::decode(value).map(Self::GracefulRestart),
            FOUR_OCTET_ASN => {
                let octets: [u8; 4] = value.try_into().map_err(|_| wrong("4"))?;
                Ok(Self::FourOctetAsn(Asn(u32::from_be_bytes(octets))))
            }
            add_path::CODE => AddPath::decode(value).map(Self::AddPath),
            ENHANCED_ROUTE_REFRESH => empty(Self::EnhancedRouteRefresh),
            graceful_restart::LONG_LIVED_CODE => LongLivedFamily::decode(value).map(Self::LongLivedGracefulRestart),
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
            Self::RouteRefresh | Self::ExtendedMessage | Self::EnhancedRouteRefresh => {}
            Self::ExtendedNextHop(families) => families.iter().for_each(|family| family.encode(out)),
            Self::Role(role) => out.put_u8(role.octet()),
            Self::GracefulRestart(restart) => restart.encode(out),
            Self::FourOctetAsn(asn) => out.put_u32(asn.0),
            Self::AddPath(families) => families.iter().for_each(|family| family.encode(out)),
            Self::LongLivedGracefulRestart(families) => families.iter().for_each(|family| family.encode(out)),
            Self::Unknown { value, .. } => out.put_slice(value),
        })
    }
}

fn family(afi_high: u8, afi_low: u8, safi: u8) -> AfiSafi {
    AfiSafi { afi: Afi(u16::from_be_bytes([afi_high, afi_low])), safi: Safi(safi) }
}

fn put_family(AfiSafi { afi, safi }: AfiSafi, out: &mut BytesMut) {
    out.put_u16(afi.0);
    out.put_u8(safi.0);
}
