//! What the table must be told: who we are, and what was negotiated with a peer.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use crate::attribute::EncodeContext;
use crate::capability::Role;
use crate::types::{Asn, BgpIdentifier, FamilySet, NextHop, PeerId, PeerKind};

/// Who we are, and how the decision process is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RibConfig {
    /// Our AS.
    pub local_asn: Asn,
    /// Our BGP Identifier.
    pub local_identifier: BgpIdentifier,
    /// Compare MULTI_EXIT_DISC also between paths from different neighbouring ASes (RFC 4271 section 9.1.2.2 c compares
    /// only within one).
    pub always_compare_med: bool,
}

/// A peer as the table knows it, from the moment its session is Established.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerFacts {
    /// Its number.
    pub id: PeerId,
    /// Its name, for people.
    pub name: Arc<str>,
    /// Its AS.
    pub asn: Asn,
    /// Whether that is our AS.
    pub kind: PeerKind,
    /// Its BGP Identifier.
    pub identifier: BgpIdentifier,
    /// Its address; the last tie-breaker of the decision process.
    pub address: IpAddr,
    /// The families negotiated with it.
    pub families: FamilySet,
    /// Our IPv4 address toward the peer. It becomes the next hop of our own IPv4 routes and of every IPv4 route sent to an
    /// external peer; to an internal one it also replaces learned next hops (next-hop-self).
    pub next_hop_self_v4: Option<Ipv4Addr>,
    /// The same for IPv6 routes.
    pub next_hop_self_v6: Option<NextHop>,
    /// How messages to it are encoded.
    pub encode_context: EncodeContext,
    /// MULTI_EXIT_DISC for our own routes that carry none: the peer's advertised route priority.
    pub med: Option<u32>,
    /// How many routes of one family the peer may send before the limit is reported; counted before policy.
    pub max_prefixes: Option<usize>,
    /// How many prefixes of one family the peer takes before it closes the session, 2 and up; `None` for no limit. It is
    /// told of at most one fewer, so that one can be announced before another is withdrawn.
    pub max_prefixes_out: Option<usize>,
    /// What we are to the peer (RFC 9234); `None` to let routes pass whatever ONLY_TO_CUSTOMER says.
    pub local_role: Option<Role>,
    /// Routes that an external peer marks with GRACEFUL_SHUTDOWN get the lowest LOCAL_PREF, 0 (RFC 8326 section 4.2).
    pub graceful_shutdown: bool,
    /// Both sides mark begin and end of a refresh (RFC 7313).
    pub enhanced_route_refresh: bool,
    /// The peer knows long-lived stale routes; others are not sent any (RFC 9494 section 4.3).
    pub long_lived_graceful_restart: bool,
}
