//! What the table answers when asked: plain data, in pages.

use std::fmt;
use std::sync::Arc;

use super::decision::Reason;
use crate::attribute::PathAttributes;
use crate::policy::RouteSource;
use crate::types::{AddressFamily, PeerId, Prefix};

/// A part of a list, in the order of [`Prefix`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The items; there may be fewer than asked for although more follow.
    pub items: Vec<T>,
    /// Where to go on: pass it as `after`. `None` at the end.
    pub next: Option<Prefix>,
}

/// Why a route that a peer sent is used or not. Ordered as the checks are made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ImportVerdict {
    /// Eligible; the policy term that accepted it.
    Accepted {
        /// The term's name.
        term: String,
    },
    /// A policy term rejected it.
    RejectedByTerm {
        /// The term's name.
        term: String,
    },
    /// No policy term matched (RFC 8212).
    NoTermMatched,
    /// Our own AS is in its AS_PATH (RFC 4271 section 9.1.2).
    AsLoop,
    /// It went through this speaker before: our ORIGINATOR_ID or CLUSTER_ID (RFC 4456 section 8).
    ReflectionLoop,
    /// A route leak: ONLY_TO_CUSTOMER says that the peer must not have sent it to us (RFC 9234 section 5).
    RouteLeak,
    /// It is equal to or inside one of our own ranges.
    OwnRange,
    /// Its prefix is no unicast destination: multicast, loopback, link-local, 0/8 or 240/4.
    Martian,
    /// A default route that the policy covers but does not name as `0.0.0.0/0` or `::/0`.
    DefaultRouteNotNamed,
    /// Its next hop is missing, ours, or no unicast address (RFC 4271 section 6.3).
    NextHopIneligible,
}

impl ImportVerdict {
    /// Whether the route takes part in the decision process.
    #[must_use]
    pub const fn is_accepted(&self) -> bool {
        matches!(self, Self::Accepted { .. })
    }
}

impl fmt::Display for ImportVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted { term } => write!(f, "accepted by term {term:?}"),
            Self::RejectedByTerm { term } => write!(f, "rejected by term {term:?}"),
            Self::NoTermMatched => f.write_str("no import term matched"),
            Self::AsLoop => f.write_str("our AS is in its AS_PATH"),
            Self::ReflectionLoop => f.write_str("our identifier is in its ORIGINATOR_ID or CLUSTER_LIST"),
            Self::RouteLeak => f.write_str("route leak: its ONLY_TO_CUSTOMER is not for us"),
            Self::OwnRange => f.write_str("equal to or inside one of our own ranges"),
            Self::Martian => f.write_str("not a unicast destination"),
            Self::DefaultRouteNotNamed => f.write_str("default route that no import term names"),
            Self::NextHopIneligible => f.write_str("next hop missing, ours, or not a unicast address"),
        }
    }
}

/// Whether a peer is told of a prefix, and why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExportVerdict {
    /// It is.
    Advertised {
        /// The policy term that accepted it.
        term: String,
        /// The attributes the peer gets.
        attributes: Arc<PathAttributes>,
    },
    /// The peer is not Established.
    PeerDown,
    /// The family was not negotiated with the peer.
    FamilyNotNegotiated,
    /// The Loc-RIB has no route for the prefix.
    NoRoute,
    /// The best path came from this peer.
    SplitHorizon,
    /// The best path came from an internal peer, as this one is (RFC 4271 section 9.2).
    InternalToInternal,
    /// It was received with NO_ADVERTISE (RFC 1997).
    NoAdvertise,
    /// It was received with NO_EXPORT or NO_EXPORT_SUBCONFED and the peer is external (RFC 1997).
    NoExport,
    /// It is for customers only, and the peer is none (RFC 9234 section 5).
    OnlyToCustomer,
    /// Its AS_PATH holds an AS_SET, which may not be sent (RFC 9774 section 3).
    AsSet,
    /// It is long-lived stale and the peer does not know such routes (RFC 9494 section 4.3).
    LongLivedStale,
    /// A policy term rejected it.
    RejectedByTerm {
        /// The term's name.
        term: String,
    },
    /// No policy term matched (RFC 8212).
    NoTermMatched,
    /// There is no next hop of this family to send, or it would be the peer's own address (RFC 4271 section 5.1.3).
    NoNextHop,
}

impl fmt::Display for ExportVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Advertised { term, .. } => write!(f, "advertised by term {term:?}"),
            Self::PeerDown => f.write_str("peer is not Established"),
            Self::FamilyNotNegotiated => f.write_str("family was not negotiated"),
            Self::NoRoute => f.write_str("no route in the Loc-RIB"),
            Self::SplitHorizon => f.write_str("best path came from this peer"),
            Self::InternalToInternal => f.write_str("learned from an internal peer, not sent to another"),
            Self::NoAdvertise => f.write_str("carries NO_ADVERTISE"),
            Self::NoExport => f.write_str("carries NO_EXPORT"),
            Self::OnlyToCustomer => f.write_str("carries ONLY_TO_CUSTOMER, and the peer is no customer"),
            Self::AsSet => f.write_str("its AS_PATH holds an AS_SET"),
            Self::LongLivedStale => f.write_str("long-lived stale, which the peer does not know"),
            Self::RejectedByTerm { term } => write!(f, "rejected by term {term:?}"),
            Self::NoTermMatched => f.write_str("no export term matched"),
            Self::NoNextHop => f.write_str(
                "no next hop of its family to send (expected our address of the session, or next_hop_self_v4 or _v6)",
            ),
        }
    }
}

/// A route as a peer sent it, from the Adj-RIB-In.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LearnedRoute {
    /// The destination.
    pub prefix: Prefix,
    /// The peer's path identifier; 0 without ADD-PATH.
    pub path_id: u32,
    /// The attributes as received.
    pub attributes: Arc<PathAttributes>,
    /// Whether it is used, and why not.
    pub verdict: ImportVerdict,
    /// Whether it is the one in the Loc-RIB.
    pub best: bool,
    /// Whether the peer is still to announce it again, after a restart or in a refresh (RFC 4724, RFC 7313).
    pub stale: bool,
}

/// A route of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginatedRoute {
    /// The destination.
    pub prefix: Prefix,
    /// What it is for, as "pod".
    pub tag: Arc<str>,
    /// What it costs.
    pub cost: u32,
    /// The attributes as originated.
    pub attributes: Arc<PathAttributes>,
}

/// A route of the Loc-RIB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BestRoute {
    /// The destination.
    pub prefix: Prefix,
    /// Where it comes from.
    pub source: RouteSource,
    /// The peer's path identifier; 0 without ADD-PATH and for our own.
    pub path_id: u32,
    /// The attributes after import policy.
    pub attributes: Arc<PathAttributes>,
}

/// A route of an Adj-RIB-Out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdvertisedRoute {
    /// The destination.
    pub prefix: Prefix,
    /// Our path identifier; 0 where the peer takes none.
    pub path_id: u32,
    /// The attributes the peer gets.
    pub attributes: Arc<PathAttributes>,
    /// Whether this version was handed out for sending already.
    pub sent: bool,
}

/// How a path fared in the decision process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is in the Loc-RIB; the step that set it apart from the last other one.
    Best(Reason),
    /// It lost at this step.
    Lost(Reason),
    /// It did not take part: see its import verdict.
    Ineligible,
}

/// One path to a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathView {
    /// Where it comes from.
    pub source: RouteSource,
    /// The peer's path identifier; 0 without ADD-PATH and for our own.
    pub path_id: u32,
    /// The attributes as received or originated.
    pub received: Arc<PathAttributes>,
    /// The attributes after import policy.
    pub attributes: Arc<PathAttributes>,
    /// The import verdict; `None` for our own.
    pub verdict: Option<ImportVerdict>,
    /// How it fared in the decision process.
    pub standing: Standing,
    /// Whether its peer is still to announce it again, after a restart or in a refresh (RFC 4724, RFC 7313).
    pub stale: bool,
}

/// Routes per import verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportCounters {
    /// Routes in the Adj-RIB-In, whatever the verdict.
    pub received: usize,
    /// Accepted.
    pub accepted: usize,
    /// Rejected by a policy term or because none matched.
    pub rejected_by_policy: usize,
    /// Rejected for our AS in AS_PATH, or a reflection loop.
    pub looped: usize,
    /// Rejected as a route leak.
    pub leaked: usize,
    /// Rejected as equal to or inside our own ranges.
    pub own_range: usize,
    /// Rejected as martian, or as a default route that is not named.
    pub martian: usize,
    /// Rejected for the next hop.
    pub next_hop_ineligible: usize,
    /// Those of them, whatever the verdict, that the peer is still to announce again.
    pub stale: usize,
    /// Not kept, because the peer went over its prefix limit; counted since the session came up.
    pub over_limit: u64,
}

/// What one family of a peer holds. Of a peer that is away, while its routes are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FamilyCounters {
    /// The family.
    pub family: AddressFamily,
    /// The Adj-RIB-In.
    pub import: ImportCounters,
    /// The peer sent its End-of-RIB.
    pub end_of_rib_received: bool,
    /// Our End-of-RIB was handed out.
    pub end_of_rib_sent: bool,
    /// Routes in the Adj-RIB-Out.
    pub advertised: usize,
    /// Announcements and withdrawals not yet handed out.
    pub pending: usize,
    /// Prefixes of which the peer has been told, and not that they are gone.
    pub told: usize,
    /// Of the announcements that are pending, those for which the peer has no room.
    pub held_back: usize,
}

/// The table as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RibCounters {
    /// Prefixes with at least one path.
    pub prefixes: usize,
    /// Paths of every kind.
    pub paths: usize,
    /// Prefixes in the Loc-RIB.
    pub best: usize,
    /// Originated prefixes.
    pub originated: usize,
    /// Distinct attribute sets.
    pub attribute_sets: usize,
    /// Update groups over both families.
    pub update_groups: usize,
    /// Prefixes waiting for the decision process.
    pub dirty: usize,
}

/// A peer went over its prefix limit (RFC 4486: Cease, Maximum Number of Prefixes Reached).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrefixLimitExceeded {
    /// The peer.
    pub peer: PeerId,
    /// The family.
    pub family: AddressFamily,
    /// The limit, in routes.
    pub limit: usize,
}

/// What came of an UPDATE.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ApplyOutcome {
    /// Routes new, changed or refreshed.
    pub reachable: usize,
    /// Routes that were there and are gone.
    pub withdrawn: usize,
    /// Set once per session and family, by the UPDATE that went over the limit. Routes over it are not kept.
    pub prefix_limit: Option<PrefixLimitExceeded>,
}
