//! Autonomous System numbers (RFC 4271, RFC 6793), written asplain (RFC 5396).

use std::fmt;
use std::str::FromStr;

/// A four-octet Autonomous System number. 0 is representable because it arrives on the wire; RFC 7607 forbids using it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Asn(pub u32);

/// The AS number an OLD speaker sees in place of one that does not fit in two octets (RFC 6793 section 9).
pub const AS_TRANS: Asn = Asn(23456);

impl Asn {
    /// Whether this is AS 0, which must not appear anywhere (RFC 7607).
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The number as it fits a two-octet field: itself, or [`AS_TRANS`].
    #[must_use]
    pub fn to_two_octets(self) -> u16 {
        u16::try_from(self.0).unwrap_or(23456)
    }
}

impl fmt::Display for Asn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Text that is not an AS number in asplain or asdot (RFC 5396).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an AS number (expected 1 to 4294967295, or asdot as in 1.10)")]
pub struct AsnParseError(pub String);

impl FromStr for Asn {
    type Err = AsnParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fault = || AsnParseError(text.to_owned());
        match text.split_once('.') {
            None => text.parse().map(Asn).map_err(|_| fault()),
            Some((high, low)) => {
                let high: u16 = high.parse().map_err(|_| fault())?;
                let low: u16 = low.parse().map_err(|_| fault())?;
                Ok(Asn((u32::from(high) << 16) | u32::from(low)))
            }
        }
    }
}
