//! The BGP Identifier (RFC 6286): four octets, not zero, unique within the AS.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

/// A BGP Identifier; any non-zero value is legal, also one that is no unicast address (RFC 6286 section 2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BgpIdentifier(u32);

/// Zero, or text that is no dotted quad.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a BGP Identifier (expected a dotted quad other than 0.0.0.0)")]
pub struct InvalidBgpIdentifier(pub String);

impl BgpIdentifier {
    /// The identifier with this value in host order.
    ///
    /// # Errors
    /// [`InvalidBgpIdentifier`] for zero.
    pub fn from_bits(bits: u32) -> Result<Self, InvalidBgpIdentifier> {
        match bits {
            0 => Err(InvalidBgpIdentifier("0.0.0.0".to_owned())),
            _ => Ok(Self(bits)),
        }
    }

    /// The value in host order; RFC 4271 section 6.8 compares identifiers by it.
    #[must_use]
    pub const fn to_bits(self) -> u32 {
        self.0
    }
}

impl fmt::Display for BgpIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ipv4Addr::from_bits(self.0).fmt(f)
    }
}

impl FromStr for BgpIdentifier {
    type Err = InvalidBgpIdentifier;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let address: Ipv4Addr = text.parse().map_err(|_| InvalidBgpIdentifier(text.to_owned()))?;
        Self::from_bits(address.to_bits())
    }
}
