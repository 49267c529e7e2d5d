//! Path attributes (RFC 4271 section 5): one wire thing a file, each with its type, decoding, encoding and RFC section.

#[cfg(test)]
pub(crate) mod any;
mod as_path;
pub(crate) mod compact;
pub(crate) mod decode;
pub(crate) mod encode;
mod fault;
mod known;
pub(crate) mod mp;
mod partial;
pub mod spec;
mod value;
pub mod walk;

use std::fmt;
use std::net::IpAddr;

use bytes::Bytes;

pub use as_path::{AsPath, AsPathSegment, SegmentKind};
pub use decode::DecodeContext;
pub use encode::EncodeContext;
pub use fault::{AttributeFault, Disposition, FaultKind};
pub use known::AttributeValue;
pub use mp::Carried;
pub use partial::PartialBits;

use crate::nlri::Nlri;
use crate::types::{Asn, BgpIdentifier, Community, ExtendedCommunity, Ipv6ExtendedCommunity, LargeCommunity, NextHop};

/// ORIGIN (RFC 4271 section 5.1.1). Ordered as the decision process prefers: IGP first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// Interior to the originating AS.
    #[default]
    Igp,
    /// Learned via the EGP protocol.
    Egp,
    /// Learned by some other means.
    Incomplete,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Igp => "IGP",
            Self::Egp => "EGP",
            Self::Incomplete => "INCOMPLETE",
        })
    }
}

/// AGGREGATOR (RFC 4271 section 5.1.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Aggregator {
    /// The AS that formed the aggregate.
    pub asn: Asn,
    /// The speaker that formed it; RFC 4271 calls it an IP address, kept as its 32 bits (0 may arrive).
    pub address: std::net::Ipv4Addr,
}

/// An optional transitive attribute that we do not know and pass on (RFC 4271 section 5).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnknownAttribute {
    /// Attribute type code.
    pub code: u8,
    /// The value as it came.
    pub value: Bytes,
}

/// The path attributes of a route, decoded and validated, in the four-octet form after the AS4_PATH merge (RFC 6793).
///
/// The same set may be shared by many routes behind an `Arc`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PathAttributes {
    /// ORIGIN.
    pub origin: Origin,
    /// AS_PATH.
    pub as_path: AsPath,
    /// NEXT_HOP, or the next hop of MP_REACH_NLRI; `None` is a route of our own, whose next hop is set on export.
    pub next_hop: Option<NextHop>,
    /// MULTI_EXIT_DISC.
    pub multi_exit_disc: Option<u32>,
    /// LOCAL_PREF; only ever present from internal peers or set by policy.
    pub local_pref: Option<u32>,
    /// ATOMIC_AGGREGATE.
    pub atomic_aggregate: bool,
    /// AGGREGATOR.
    pub aggregator: Option<Aggregator>,
    /// COMMUNITIES, ascending and without duplicates.
    pub communities: Vec<Community>,
    /// EXTENDED COMMUNITIES, ascending and without duplicates.
    pub extended_communities: Vec<ExtendedCommunity>,
    /// IPv6 EXTENDED COMMUNITIES, ascending and without duplicates.
    pub ipv6_extended_communities: Vec<Ipv6ExtendedCommunity>,
    /// LARGE_COMMUNITY, ascending and without duplicates (RFC 8092 section 3).
    pub large_communities: Vec<LargeCommunity>,
    /// ORIGINATOR_ID (RFC 4456); only from internal peers.
    pub originator_id: Option<BgpIdentifier>,
    /// CLUSTER_LIST (RFC 4456); only from internal peers.
    pub cluster_list: Vec<u32>,
    /// ONLY_TO_CUSTOMER (RFC 9234 section 5): the AS that marked the route as one for customers only.
    pub only_to_customer: Option<Asn>,
    /// Which of those above came with the Partial bit. Unknown ones have it in any case when they are passed on.
    pub partial: PartialBits,
    /// Unknown optional transitive attributes, ascending by code.
    pub unknown: Vec<UnknownAttribute>,
}

impl PathAttributes {
    /// The address of the next hop, if the route has one of its own.
    #[must_use]
    pub fn next_hop_address(&self) -> Option<IpAddr> {
        self.next_hop.as_ref().map(NextHop::address)
    }
}

/// Routes that share one set of path attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reachable {
    /// What they share.
    pub attributes: std::sync::Arc<PathAttributes>,
    /// Their keys; one family.
    pub nlri: Vec<Nlri>,
}
