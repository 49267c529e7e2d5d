//! BGP Role (RFC 9234 sections 4.1 and 4.2): what a speaker is to its peer, and so where routes may go (section 5).

use std::fmt;

use super::CapabilityFault;

/// The capability's code.
pub const CODE: u8 = 9;

/// What the sender is to its peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Provider of transit.
    Provider,
    /// RS: route server of an exchange.
    RouteServer,
    /// RS-Client: client of a route server.
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

    /// Whether a speaker of this role and one of `other` can be each other's peers (RFC 9234 section 4.2, table 2).
    #[must_use]
    pub const fn agrees_with(self, other: Self) -> bool {
        matches!(
            (self, other),
            (Self::Provider, Self::Customer)
                | (Self::Customer, Self::Provider)
                | (Self::RouteServer, Self::RouteServerClient)
                | (Self::RouteServerClient, Self::RouteServer)
                | (Self::Peer, Self::Peer)
        )
    }

    /// Whether a speaker of this role takes its peer for a provider, a lateral peer or a route server: what the peer sends
    /// is then for customers only, and what is for customers only is not sent to it (RFC 9234 section 5).
    #[must_use]
    pub const fn looks_up_or_across(self) -> bool {
        matches!(self, Self::Customer | Self::Peer | Self::RouteServerClient)
    }

    /// Whether a speaker of this role takes its peer for a customer, a lateral peer or a client of its route server: what
    /// it sends is then for customers only (RFC 9234 section 5).
    #[must_use]
    pub const fn looks_down_or_across(self) -> bool {
        matches!(self, Self::Provider | Self::Peer | Self::RouteServer)
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

/// As in table 1 of RFC 9234, small; an unknown one by its number.
impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Provider => f.write_str("provider"),
            Self::RouteServer => f.write_str("rs"),
            Self::RouteServerClient => f.write_str("rs-client"),
            Self::Customer => f.write_str("customer"),
            Self::Peer => f.write_str("peer"),
            Self::Unknown(other) => write!(f, "unknown ({other})"),
        }
    }
}
