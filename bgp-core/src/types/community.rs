//! Communities: RFC 1997, extended (RFC 4360), extended with an IPv6 address (RFC 5701) and large (RFC 8092).

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

/// A four-octet community (RFC 1997), written `high:low`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Community(pub u32);

impl Community {
    /// GRACEFUL_SHUTDOWN (RFC 8326).
    pub const GRACEFUL_SHUTDOWN: Self = Self(0xFFFF_0000);
    /// LLGR_STALE (RFC 9494).
    pub const LLGR_STALE: Self = Self(0xFFFF_0006);
    /// NO_LLGR (RFC 9494).
    pub const NO_LLGR: Self = Self(0xFFFF_0007);
    /// BLACKHOLE (RFC 7999).
    pub const BLACKHOLE: Self = Self(0xFFFF_029A);
    /// NO_EXPORT (RFC 1997): not outside the AS or confederation.
    pub const NO_EXPORT: Self = Self(0xFFFF_FF01);
    /// NO_ADVERTISE (RFC 1997): to no peer at all.
    pub const NO_ADVERTISE: Self = Self(0xFFFF_FF02);
    /// NO_EXPORT_SUBCONFED (RFC 1997): to no external peer.
    pub const NO_EXPORT_SUBCONFED: Self = Self(0xFFFF_FF03);

    /// The name of a well-known community, if this is one that we know.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::GRACEFUL_SHUTDOWN => Some("graceful-shutdown"),
            Self::LLGR_STALE => Some("llgr-stale"),
            Self::NO_LLGR => Some("no-llgr"),
            Self::BLACKHOLE => Some("blackhole"),
            Self::NO_EXPORT => Some("no-export"),
            Self::NO_ADVERTISE => Some("no-advertise"),
            Self::NO_EXPORT_SUBCONFED => Some("no-export-subconfed"),
            _ => None,
        }
    }
}

impl fmt::Display for Community {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.0 >> 16, self.0 & 0xFFFF)
    }
}

/// Text that is no community of the expected kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a community (expected {expected})")]
pub struct CommunityParseError {
    /// The text as given.
    pub text: String,
    /// What would have been right.
    pub expected: &'static str,
}

impl FromStr for Community {
    type Err = CommunityParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fault = || CommunityParseError {
            text: text.to_owned(),
            expected: "two numbers 0 to 65535 as in 64512:100, or a well-known name",
        };
        let known = [
            Self::GRACEFUL_SHUTDOWN,
            Self::LLGR_STALE,
            Self::NO_LLGR,
            Self::BLACKHOLE,
            Self::NO_EXPORT,
            Self::NO_ADVERTISE,
            Self::NO_EXPORT_SUBCONFED,
        ];
        if let Some(community) = known.into_iter().find(|community| community.name() == Some(text)) {
            return Ok(community);
        }
        let (high, low) = text.split_once(':').ok_or_else(fault)?;
        let high: u16 = high.parse().map_err(|_| fault())?;
        let low: u16 = low.parse().map_err(|_| fault())?;
        Ok(Self((u32::from(high) << 16) | u32::from(low)))
    }
}

/// An eight-octet extended community (RFC 4360), kept and passed on as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExtendedCommunity(pub [u8; 8]);

impl ExtendedCommunity {
    /// Whether it may cross an AS border: bit 0x40 of the type is clear (RFC 4360 section 2).
    #[must_use]
    pub const fn is_transitive(self) -> bool {
        self.0[0] & 0x40 == 0
    }
}

/// Route targets and route origins as in `rt:65001:100` (RFC 4360 sections 4 and 5, RFC 5668); all others as `0x` and
/// sixteen digits. An AS number of four octets that two would hold is marked, as in `rt:65001L:100`: equal texts are equal
/// communities.
impl fmt::Display for ExtendedCommunity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [kind, sub, a, b, c, d, e, g] = self.0;
        let name = match sub {
            0x02 => "rt",
            0x03 => "ro",
            _ => return write!(f, "0x{:016x}", u64::from_be_bytes(self.0)),
        };
        let (as2, number4) = (u16::from_be_bytes([a, b]), u32::from_be_bytes([c, d, e, g]));
        let (as4, number2) = (u32::from_be_bytes([a, b, c, d]), u16::from_be_bytes([e, g]));
        match kind {
            0x00 => write!(f, "{name}:{as2}:{number4}"),
            0x01 => write!(f, "{name}:{}:{number2}", Ipv4Addr::from_bits(as4)),
            0x02 if as4 <= 0xFFFF => write!(f, "{name}:{as4}L:{number2}"),
            0x02 => write!(f, "{name}:{as4}:{number2}"),
            _ => write!(f, "0x{:016x}", u64::from_be_bytes(self.0)),
        }
    }
}

/// A twenty-octet extended community that holds an IPv6 address (RFC 5701), kept and passed on as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ipv6ExtendedCommunity(pub [u8; 20]);

impl Ipv6ExtendedCommunity {
    /// Whether it may cross an AS border: bit 0x40 of the type is clear (RFC 5701 section 2).
    #[must_use]
    pub const fn is_transitive(self) -> bool {
        self.0[0] & 0x40 == 0
    }
}

/// As `0x` and forty digits.
impl fmt::Display for Ipv6ExtendedCommunity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

/// A twelve-octet large community (RFC 8092), written `global:local1:local2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LargeCommunity {
    /// Global Administrator: an AS number.
    pub global_administrator: u32,
    /// Local Data Part 1.
    pub local_data_1: u32,
    /// Local Data Part 2.
    pub local_data_2: u32,
}

impl fmt::Display for LargeCommunity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.global_administrator, self.local_data_1, self.local_data_2)
    }
}

impl FromStr for LargeCommunity {
    type Err = CommunityParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fault =
            || CommunityParseError { text: text.to_owned(), expected: "three numbers 0 to 4294967295 as in 64512:1:2" };
        let mut parts = text.split(':').map(|part| part.parse::<u32>().map_err(|_| fault()));
        let mut next = || parts.next().unwrap_or_else(|| Err(fault()));
        let community = Self { global_administrator: next()?, local_data_1: next()?, local_data_2: next()? };
        match parts.next() {
            None => Ok(community),
            Some(_) => Err(fault()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_targets_and_origins_of_all_three_kinds_and_the_rest_as_octets() {
        let shown = |octets| ExtendedCommunity(octets).to_string();
        assert_eq!(shown([0, 2, 0xFD, 0xE9, 0, 0, 0, 100]), "rt:65001:100");
        assert_eq!(shown([1, 3, 192, 0, 2, 1, 0, 100]), "ro:192.0.2.1:100");
        assert_eq!(shown([2, 2, 0, 1, 0, 0, 0, 100]), "rt:65536:100");
        assert_eq!(shown([2, 2, 0, 0, 0xFD, 0xE9, 0, 100]), "rt:65001L:100");
        assert_eq!(shown([0x03, 0x0C, 0, 0, 0, 0, 0, 8]), "0x030c000000000008");
        assert_eq!(shown([0x43, 0x02, 0, 0, 0, 0, 0, 1]), "0x4302000000000001");
    }
}
