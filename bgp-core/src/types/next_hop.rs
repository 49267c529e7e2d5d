//! The next hop of a route (RFC 4271 section 5.1.3, RFC 2545 section 3).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where to send packets for a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NextHop {
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// A global IPv6 address, and the link-local one where the peer shares a subnet.
    V6 {
        /// The global address; unspecified when a peer announces only its link-local one.
        global: Ipv6Addr,
        /// The link-local address (fe80::/10) of the 32-octet form.
        link_local: Option<Ipv6Addr>,
    },
}

impl NextHop {
    /// The address that is compared and shown.
    #[must_use]
    pub const fn address(&self) -> IpAddr {
        match self {
            Self::V4(address) => IpAddr::V4(*address),
            Self::V6 { global, .. } => IpAddr::V6(*global),
        }
    }
}

impl fmt::Display for NextHop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address().fmt(f)
    }
}

impl From<IpAddr> for NextHop {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(global) => Self::V6 { global, link_local: None },
        }
    }
}
