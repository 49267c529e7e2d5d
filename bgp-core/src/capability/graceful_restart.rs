//! Graceful Restart (RFC 4724 section 3, RFC 8538 section 2) and its long-lived form (RFC 9494 section 3.1).

use bytes::{BufMut, BytesMut};

use super::{CapabilityFault, family, put_family};
use crate::types::AfiSafi;

/// Graceful Restart's code.
pub const CODE: u8 = 64;

/// Long-Lived Graceful Restart's code.
pub const LONG_LIVED_CODE: u8 = 71;

const RESTART_STATE: u8 = 0x80;
const NOTIFICATION: u8 = 0x40;
const FORWARDING_STATE: u8 = 0x80;

/// Graceful Restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GracefulRestart {
    /// The R bit: the sender has just restarted.
    pub restart_state: bool,
    /// The N bit: also a NOTIFICATION and an expired hold timer start it (RFC 8538).
    pub notification: bool,
    /// How long the sender may take to come back, 0 to 4095 seconds.
    pub restart_time_secs: u16,
    /// The families it is for.
    pub families: Vec<RestartFamily>,
}

/// One family of a graceful restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestartFamily {
    /// The family.
    pub afi_safi: AfiSafi,
    /// The F bit: the sender kept forwarding over its restart.
    pub forwarding_state: bool,
}

/// One family of a long-lived graceful restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LongLivedFamily {
    /// The family.
    pub afi_safi: AfiSafi,
    /// The F bit: the sender kept forwarding over its restart.
    pub forwarding_state: bool,
    /// How long stale routes may be kept, 0 to 16777215 seconds.
    pub stale_time_secs: u32,
}

impl GracefulRestart {
    pub(super) fn decode(value: &[u8]) -> Result<Self, CapabilityFault> {
        let wrong = || CapabilityFault::Length { code: CODE, length: value.len(), expected: "2 and a multiple of 4" };
        let (&[high, low], families) = value.split_first_chunk::<2>().ok_or_else(wrong)?;
        let (families, []) = families.as_chunks::<4>() else { return Err(wrong()) };
        let family = |&[high, low, safi, flags]: &[u8; 4]| RestartFamily {
            afi_safi: family(high, low, safi),
            forwarding_state: flags & FORWARDING_STATE != 0,
        };
        Ok(Self {
            restart_state: high & RESTART_STATE != 0,
            notification: high & NOTIFICATION != 0,
            restart_time_secs: u16::from_be_bytes([high & 0x0F, low]),
            families: families.iter().map(family).collect(),
        })
    }

    pub(super) fn encode(&self, out: &mut BytesMut) {
        let [high, low] = self.restart_time_secs.min(0x0FFF).to_be_bytes();
        out.put_u8(high | bit(self.restart_state, RESTART_STATE) | bit(self.notification, NOTIFICATION));
        out.put_u8(low);
        for family in &self.families {
            put_family(family.afi_safi, out);
            out.put_u8(bit(family.forwarding_state, FORWARDING_STATE));
        }
    }
}

impl LongLivedFamily {
    pub(super) fn decode(value: &[u8]) -> Result<Vec<Self>, CapabilityFault> {
        let one = |&[high, low, safi, flags, a, b, c]: &[u8; 7]| Self {
            afi_safi: family(high, low, safi),
            forwarding_state: flags & FORWARDING_STATE != 0,
            stale_time_secs: u32::from_be_bytes([0, a, b, c]),
        };
        match value.as_chunks::<7>() {
            (parts, []) => Ok(parts.iter().map(one).collect()),
            _ => {
                Err(CapabilityFault::Length { code: LONG_LIVED_CODE, length: value.len(), expected: "a multiple of 7" })
            }
        }
    }

    pub(super) fn encode(&self, out: &mut BytesMut) {
        put_family(self.afi_safi, out);
        out.put_u8(bit(self.forwarding_state, FORWARDING_STATE));
        let [_, a, b, c] = self.stale_time_secs.min(0x00FF_FFFF).to_be_bytes();
        out.put_slice(&[a, b, c]);
    }
}

const fn bit(set: bool, bit: u8) -> u8 {
    if set { bit } else { 0 }
}
