//! ADD-PATH (RFC 7911 section 4): who sends and who takes path identifiers, a family at a time.

use bytes::{BufMut, BytesMut};

use super::{CapabilityFault, family, put_family};
use crate::types::AfiSafi;

/// The capability's code.
pub const CODE: u8 = 69;

/// What the sender can do with path identifiers in one family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddPath {
    /// The family.
    pub afi_safi: AfiSafi,
    /// 1: receive, 2: send, 3: both. Any other is to be ignored.
    pub send_receive: u8,
}

impl AddPath {
    /// Whether the sender of the capability takes path identifiers.
    #[must_use]
    pub const fn receives(&self) -> bool {
        matches!(self.send_receive, 1 | 3)
    }

    /// Whether the sender of the capability sends path identifiers.
    #[must_use]
    pub const fn sends(&self) -> bool {
        matches!(self.send_receive, 2 | 3)
    }

    pub(super) fn decode(value: &[u8]) -> Result<Vec<Self>, CapabilityFault> {
        match value.as_chunks::<4>() {
            (parts, []) => Ok(parts
                .iter()
                .map(|&[high, low, safi, send_receive]| Self { afi_safi: family(high, low, safi), send_receive })
                .collect()),
            _ => Err(CapabilityFault::Length { code: CODE, length: value.len(), expected: "a multiple of 4" }),
        }
    }

    pub(super) fn encode(&self, out: &mut BytesMut) {
        put_family(self.afi_safi, out);
        out.put_u8(self.send_receive);
    }
}
