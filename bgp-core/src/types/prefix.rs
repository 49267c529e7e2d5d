//! An address prefix without host bits, of either family.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::AddressFamily;

/// A prefix whose host bits are clear by construction, so that equal prefixes compare equal.
///
/// Ordered IPv4 before IPv6, then by network address, then shorter first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix(IpNet);

/// A prefix length over 32 or 128, text that is no prefix, or host bits that are set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a prefix ({expected})")]
pub struct PrefixError {
    /// The text or value as given.
    pub text: String,
    /// What would have been right.
    pub expected: String,
}

impl Prefix {
    /// The prefix of `length` bits that holds `address`; host bits are cleared (RFC 4271 section 4.3: irrelevant).
    ///
    /// # Errors
    /// [`PrefixError`] when `length` is over 32 or 128.
    pub fn new(address: IpAddr, length: u8) -> Result<Self, PrefixError> {
        IpNet::new(address, length).map(Self::from).map_err(|_| PrefixError {
            text: format!("{address}/{length}"),
            expected: "expected a length of at most 32 or 128".to_owned(),
        })
    }

    /// The IPv4 prefix of `length` bits that holds `address`; `None` when `length` is over 32.
    #[must_use]
    pub fn v4(address: Ipv4Addr, length: u8) -> Option<Self> {
        let mask = u32::MAX.checked_shl(32 - u32::from(length.min(32))).unwrap_or(0);
        Ipv4Net::new(Ipv4Addr::from_bits(address.to_bits() & mask), length).ok().map(|net| Self(IpNet::V4(net)))
    }

    /// The prefix that holds just `address`.
    #[must_use]
    pub fn host(address: IpAddr) -> Self {
        Self(IpNet::from(address))
    }

    /// The family its routes belong to.
    #[must_use]
    pub const fn family(&self) -> AddressFamily {
        match self.0 {
            IpNet::V4(_) => AddressFamily::Ipv4Unicast,
            IpNet::V6(_) => AddressFamily::Ipv6Unicast,
        }
    }

    /// The first address.
    #[must_use]
    pub fn network(&self) -> IpAddr {
        self.0.network()
    }

    /// The length in bits, 0 to 32 or 128.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "a prefix length, not a collection's")]
    pub fn len(&self) -> u8 {
        self.0.prefix_len()
    }

    /// The same as an `ipnet` value.
    #[must_use]
    pub const fn net(&self) -> IpNet {
        self.0
    }

    /// Whether every address of `other` lies in this prefix; false across families.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            // What every route is asked for by most policies.
            (IpNet::V4(outer), IpNet::V4(inner)) => {
                let differing = outer.addr().to_bits() ^ inner.addr().to_bits();
                let length = outer.prefix_len();
                length <= inner.prefix_len() && differing.leading_zeros() >= u32::from(length)
            }
            _ => self.0.contains(&other.0),
        }
    }

    /// Whether the address lies in this prefix; false across families.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }

    /// Whether the two share an address.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.covers(other) || other.covers(self)
    }

    /// Whether this is 0.0.0.0/0 or ::/0.
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.len() == 0
    }

    /// Parses `address/length` and refuses host bits, for text that a person wrote.
    ///
    /// # Errors
    /// [`PrefixError`] naming the value and, for host bits, the prefix that was probably meant.
    pub fn parse_exact(text: &str) -> Result<Self, PrefixError> {
        let net: IpNet = text.parse().map_err(|_| Self::syntax(text))?;
        let prefix = Self::from(net);
        if prefix.0 == net {
            return Ok(prefix);
        }
        Err(PrefixError { text: text.to_owned(), expected: format!("host bits are set; expected {prefix}") })
    }

    fn syntax(text: &str) -> PrefixError {
        PrefixError {
            text: text.to_owned(),
            expected: "expected address/length as in 10.0.0.0/8 or fd00::/8".to_owned(),
        }
    }
}

impl From<IpNet> for Prefix {
    fn from(net: IpNet) -> Self {
        Self(net.trunc())
    }
}

impl From<Ipv4Net> for Prefix {
    fn from(net: Ipv4Net) -> Self {
        Self::from(IpNet::V4(net))
    }
}

impl From<Ipv6Net> for Prefix {
    fn from(net: Ipv6Net) -> Self {
        Self::from(IpNet::V6(net))
    }
}

impl From<Ipv4Addr> for Prefix {
    fn from(address: Ipv4Addr) -> Self {
        Self::host(IpAddr::V4(address))
    }
}

impl From<Ipv6Addr> for Prefix {
    fn from(address: Ipv6Addr) -> Self {
        Self::host(IpAddr::V6(address))
    }
}

/// Clears host bits, as a receiver of routes does; [`Prefix::parse_exact`] refuses them.
impl FromStr for Prefix {
    type Err = PrefixError;

    fn from_str(text: &str) -> Result<Self, PrefixError> {
        text.parse::<IpNet>().map(Self::from).map_err(|_| Self::syntax(text))
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
