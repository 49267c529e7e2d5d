//! `GET /v1/routes`: the Compute API's `listBgpRoutes` `result[]`, and more.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ApiVersion;
use crate::origination::report::is_zero;

/// A page of routes, ascending by prefix, IPv4 first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoutesReply {
    /// The version of the reply.
    pub api_version: ApiVersion,
    /// Which routes.
    pub view: View,
    /// The routes; there may be none although more follow.
    pub result: Vec<Route>,
    /// Pass it as `after` for what follows; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}

/// Which routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum View {
    /// The Loc-RIB.
    Best,
    /// The Adj-RIB-In of a peer, as received and whether used or not.
    Learned,
    /// The Adj-RIB-Out of a peer, as sent.
    Advertised,
    /// Our own.
    Originated,
}

impl View {
    /// Every view.
    pub const ALL: [Self; 4] = [Self::Best, Self::Learned, Self::Advertised, Self::Originated];

    /// As it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Best => "best",
            Self::Learned => "learned",
            Self::Advertised => "advertised",
            Self::Originated => "originated",
        }
    }

    /// Whether the routes are those of one peer.
    #[must_use]
    pub const fn is_of_a_peer(self) -> bool {
        matches!(self, Self::Learned | Self::Advertised)
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One route, or one path to a destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Route {
    /// Where it leads.
    pub destination: Destination,
    /// AS_PATH, nearest AS first; empty for a route of our own AS.
    pub as_paths: Vec<AsPathSegment>,
    /// COMMUNITIES, as `64512:100`.
    pub communities: Vec<String>,
    /// MULTI_EXIT_DISC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub med: Option<u32>,
    /// ORIGIN.
    pub origin: Origin,
    /// The next hop; absent for a route of ours, which gets one when it is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_hop: Option<String>,
    /// The link-local address beside a global IPv6 next hop (RFC 2545 section 3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link_local_next_hop: Option<String>,
    /// LOCAL_PREF.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local_pref: Option<u32>,
    /// LARGE_COMMUNITY, as `64512:1:2`.
    pub large_communities: Vec<String>,
    /// EXTENDED COMMUNITIES, as `rt:64512:1`, or in hexadecimal.
    pub extended_communities: Vec<String>,
    /// IPv6 EXTENDED COMMUNITIES, in hexadecimal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ipv6_extended_communities: Vec<String>,
    /// ATOMIC_AGGREGATE.
    pub atomic_aggregate: bool,
    /// AGGREGATOR, as `65001 192.0.2.1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aggregator: Option<String>,
    /// ONLY_TO_CUSTOMER (RFC 9234): the AS that marked it as a route for customers only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only_to_customer: Option<u32>,
    /// ORIGINATOR_ID (RFC 4456).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub originator_id: Option<String>,
    /// CLUSTER_LIST (RFC 4456), nearest cluster first, as identifiers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cluster_list: Vec<String>,
    /// Names of the attributes above that came with the Partial bit (RFC 4271 section 5).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub partial: Vec<String>,
    /// Attributes that we do not know and pass on, ascending by code.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<UnknownAttribute>,
    /// The peer whose Adj-RIB-In or Adj-RIB-Out it stands in; absent for the Loc-RIB and our own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// Where it comes from; absent for an Adj-RIB-Out, which does not know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<RouteSourceEntry>,
    /// Whether it is the one in the Loc-RIB; absent where it does not apply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub best: Option<bool>,
    /// Whether its peer is still to announce it again, after a restart or in a refresh; absent where it does not apply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale: Option<bool>,
    /// What import says of it; absent for our own and for an Adj-RIB-Out.
    #[serde(rename = "import", skip_serializing_if = "Option::is_none")]
    pub import_verdict: Option<ImportVerdictEntry>,
    /// How it fared in the decision process; only in answer to `lookup`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
    /// Whether it was handed out for sending; only for an Adj-RIB-Out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent: Option<bool>,
    /// How many allocations lie in it; only for what is originated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contributors: Option<usize>,
}

impl Route {
    /// The AS_PATH in one line, as in `65001 {64512 64513}`.
    #[must_use]
    pub fn as_path_text(&self) -> String {
        let segment = |segment: &AsPathSegment| {
            let asns: Vec<String> = segment.asns.iter().map(u32::to_string).collect();
            let (open, close) = match segment.kind {
                SegmentType::Sequence => ("", ""),
                SegmentType::Set => ("{", "}"),
                SegmentType::ConfedSequence => ("(", ")"),
                SegmentType::ConfedSet => ("[", "]"),
            };
            format!("{open}{}{close}", asns.join(" "))
        };
        let segments: Vec<String> = self.as_paths.iter().map(segment).collect();
        segments.join(" ")
    }
}

/// An optional transitive attribute that we do not know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnknownAttribute {
    /// Attribute type code.
    pub code: u8,
    /// The value as it came, two hexadecimal digits an octet.
    pub hex: String,
}

/// What a route leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Destination {
    /// The prefix.
    pub prefix: String,
    /// The peer's path identifier; 0 without ADD-PATH.
    pub path_id: u32,
}

/// A segment of an AS_PATH.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AsPathSegment {
    /// What its numbers are.
    #[serde(rename = "type")]
    pub kind: SegmentType,
    /// Its AS numbers, all four octets of each.
    pub asns: Vec<u32>,
}

/// What the AS numbers of a segment are; the Compute API has the first two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SegmentType {
    /// AS_SEQUENCE: ordered.
    #[serde(rename = "AS_PATH_TYPE_SEQUENCE")]
    Sequence,
    /// AS_SET: unordered.
    #[serde(rename = "AS_PATH_TYPE_SET")]
    Set,
    /// AS_CONFED_SEQUENCE.
    #[serde(rename = "AS_PATH_TYPE_CONFED_SEQUENCE")]
    ConfedSequence,
    /// AS_CONFED_SET.
    #[serde(rename = "AS_PATH_TYPE_CONFED_SET")]
    ConfedSet,
}

/// ORIGIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    /// IGP.
    #[serde(rename = "BGP_ORIGIN_IGP")]
    Igp,
    /// EGP.
    #[serde(rename = "BGP_ORIGIN_EGP")]
    Egp,
    /// INCOMPLETE.
    #[serde(rename = "BGP_ORIGIN_INCOMPLETE")]
    Incomplete,
}

impl Origin {
    /// The letter that routers show: `i`, `e` or `?`.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Igp => 'i',
            Self::Egp => 'e',
            Self::Incomplete => '?',
        }
    }
}

/// Where a route comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RouteSourceEntry {
    /// From us or from a peer.
    #[serde(rename = "type")]
    pub kind: SourceType,
    /// The peer that sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// The role that we originate it for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// What its region adds to each peer's own MULTI_EXIT_DISC; absent for nothing.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cost: u32,
}

/// From us or from a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum SourceType {
    /// We originate it.
    Originated,
    /// A peer sent it.
    Learned,
}

impl fmt::Display for RouteSourceEntry {
    /// The peer's name, or `originated (pod)`, with the cost where there is one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.peer, &self.role) {
            (Some(peer), _) => f.write_str(peer),
            (None, Some(role)) if self.cost > 0 => write!(f, "originated ({role}, cost {})", self.cost),
            (None, Some(role)) => write!(f, "originated ({role})"),
            (None, None) => f.write_str("originated"),
        }
    }
}

/// What import says of a route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportVerdictEntry {
    /// Whether it takes part in the decision process.
    pub accepted: bool,
    /// The rule or the check that decided.
    pub text: String,
}

/// How a path fared in the decision process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    /// Its place.
    pub place: Place,
    /// The step that put it there; absent for one that took no part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The place of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Place {
    /// It is in the Loc-RIB.
    Best,
    /// Another one is.
    Lost,
    /// Import rejected it.
    Ineligible,
}

impl fmt::Display for Standing {
    /// `best: only path`, `lost: AS_PATH length` or `ineligible`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self.place {
            Place::Best => "best",
            Place::Lost => "lost",
            Place::Ineligible => "ineligible",
        };
        match &self.reason {
            Some(reason) => write!(f, "{place}: {reason}"),
            None => f.write_str(place),
        }
    }
}
