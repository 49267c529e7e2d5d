//! Extended Next Hop Encoding (RFC 8950 section 4): routes of one family with next hops of another.

use bytes::{BufMut, BytesMut};

use super::CapabilityFault;
use crate::types::{Afi, AfiSafi, Safi};

/// The capability's code.
pub const CODE: u8 = 5;

/// A family of routes and the family their next hops may be of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtendedNextHop {
    /// The family of the routes; its SAFI has two octets here and is at most 255 wherever one is defined.
    pub afi_safi: AfiSafi,
    /// The family of their next hops.
    pub next_hop_afi: Afi,
}

impl ExtendedNextHop {
    /// Entries with a SAFI over 255, which no family has, are left out.
    pub(super) fn decode(value: &[u8]) -> Result<Vec<Self>, CapabilityFault> {
        let one = |&[a, b, high, low, c, d]: &[u8; 6]| {
            let afi_safi = AfiSafi { afi: Afi(u16::from_be_bytes([a, b])), safi: Safi(low) };
            (high == 0).then_some(Self { afi_safi, next_hop_afi: Afi(u16::from_be_bytes([c, d])) })
        };
        match value.as_chunks::<6>() {
            (parts, []) => Ok(parts.iter().filter_map(one).collect()),
            _ => Err(CapabilityFault::Length { code: CODE, length: value.len(), expected: "a multiple of 6" }),
        }
    }

    pub(super) fn encode(&self, out: &mut BytesMut) {
        out.put_u16(self.afi_safi.afi.0);
        out.put_u16(u16::from(self.afi_safi.safi.0));
        out.put_u16(self.next_hop_afi.0);
    }
}
