//! BGP Role (RFC 9234 section 4.1).

use std::fmt;

use super::CapabilityFault;

/// The capability's code.
pub const CODE: u8 = 9;

/// What the sender is to its peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Provider of transit.
    Provider,
    /// Route server of an exchange.
    RouteServer,
    /// Client of a route server.
    RouteServerClient,
    /// Customer of transit.
    Customer,
    /// Lateral peer.
    Peer,
    /// A role that we do not know.
    Unknown(u8),
}

impl Role {
    /// Its number on the wire.
    #[must_use]
    pub const fn octet(self) -> u8 {
        match self {
            Self::Provider => 0,
            Self::RouteServer => 1,
            Self::RouteServerClient => 2,
            Self::Customer => 3,
            Self::Peer => 4,
            Self::Unknown(other) => other,
        }
    }

    pub(super) const fn decode(value: &[u8]) -> Result<Self, CapabilityFault> {
        match value {
            [0] => Ok(Self::Provider),
            [1] => Ok(Self::RouteServer),
            [2] => Ok(Self::RouteServerClient),
            [3] => Ok(Self::Customer),
            [4] => Ok(Self::Peer),
            [other] => Ok(Self::Unknown(*other)),
            _ => Err(CapabilityFault::Length { code: CODE, length: value.len(), expected: "1" }),
        }
    }
}

/// As in RFC 9234, small; an unknown one by its number.
impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Provider => f.write_str("provider"),
            Self::RouteServer => f.write_str("route-server"),
            Self::RouteServerClient => f.write_str("route-server-client"),
            Self::Customer => f.write_str("customer"),
            Self::Peer => f.write_str("peer"),
            Self::Unknown(other) => write!(f, "unknown ({other})"),
        }
    }
}
