//! ROUTE-REFRESH (RFC 2918, RFC 7313).

use bytes::{BufMut, Bytes};

use crate::types::{Afi, AfiSafi, Safi};
use crate::wire::writer;

/// The message type.
pub const KIND: u8 = 5;

/// A ROUTE-REFRESH message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteRefresh {
    /// The family asked for; any may arrive.
    pub afi_safi: AfiSafi,
    /// 0: send all again. 1 and 2: begin and end of it (RFC 7313). Others are to be ignored.
    pub subtype: u8,
}

impl RouteRefresh {
    /// The subtype of a request (RFC 2918).
    pub const REQUEST: u8 = 0;
    /// The subtype of a Beginning of Route Refresh, BoRR (RFC 7313).
    pub const BEGIN: u8 = 1;
    /// The subtype of an End of Route Refresh, EoRR (RFC 7313).
    pub const END: u8 = 2;

    /// The message.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        writer::message(KIND, |out| {
            out.put_u16(self.afi_safi.afi.0);
            out.put_u8(self.subtype);
            out.put_u8(self.afi_safi.safi.0);
        })
        .unwrap_or_default()
    }

    /// Reads what follows the header, four octets; outbound route filters after them (RFC 5291) are not read.
    pub(super) fn decode(body: &[u8]) -> Option<Self> {
        let (&[high, low, subtype, safi], _) = body.split_first_chunk::<4>()?;
        let afi_safi = AfiSafi { afi: Afi(u16::from_be_bytes([high, low])), safi: Safi(safi) };
        Some(Self { afi_safi, subtype })
    }
}
