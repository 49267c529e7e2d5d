//! From the table's words to the replies'.

use std::net::Ipv4Addr;

use bgp_core::attribute::{self, PartialBits, PathAttributes, SegmentKind, spec};
use bgp_core::policy::RouteSource;
use bgp_core::rib::{self, BestRoute, LearnedRoute, OriginatedRoute, PathView};
use bgp_core::types::{NextHop, Prefix};

use super::Peers;
use crate::control::reply::{
    AsPathSegment, Destination, ImportVerdictEntry, Origin, Place, Route, RouteSourceEntry, SegmentType, SourceType,
    Standing, UnknownAttribute,
};

/// A destination with its attributes; the rest is added by who knows more.
fn route(prefix: &Prefix, path_id: u32, attributes: &PathAttributes) -> Route {
    Route {
        destination: Destination { prefix: prefix.to_string(), path_id },
        as_paths: attributes.as_path.segments.iter().map(segment).collect(),
        communities: texts(&attributes.communities),
        med: attributes.multi_exit_disc,
        origin: match attributes.origin {
            attribute::Origin::Igp => Origin::Igp,
            attribute::Origin::Egp => Origin::Egp,
            attribute::Origin::Incomplete => Origin::Incomplete,
        },
        next_hop: attributes.next_hop_address().map(|address| address.to_string()),
        link_local_next_hop: match attributes.next_hop {
            Some(NextHop::V6 { link_local, .. }) => link_local.map(|address| address.to_string()),
            Some(NextHop::V4(_)) | None => None,
        },
        local_pref: attributes.local_pref,
        large_communities: texts(&attributes.large_communities),
        extended_communities: texts(&attributes.extended_communities),
        ipv6_extended_communities: texts(&attributes.ipv6_extended_communities),
        atomic_aggregate: attributes.atomic_aggregate,
        aggregator: attributes.aggregator.map(|aggregator| format!("{} {}", aggregator.asn, aggregator.address)),
        only_to_customer: attributes.only_to_customer.map(|asn| asn.0),
        originator_id: attributes.originator_id.map(|identifier| identifier.to_string()),
        cluster_list: attributes.cluster_list.iter().map(|id| Ipv4Addr::from_bits(*id).to_string()).collect(),
        partial: names(attributes.partial),
        unknown: attributes.unknown.iter().map(unknown).collect(),
        peer: None,
        source: None,
        best: None,
        stale: None,
        import_verdict: None,
        standing: None,
        sent: None,
        contributors: None,
    }
}

fn texts<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(T::to_string).collect()
}

fn names(bits: PartialBits) -> Vec<String> {
    bits.codes().filter_map(spec::of).map(|spec| spec.name.to_owned()).collect()
}

fn unknown(attribute: &attribute::UnknownAttribute) -> UnknownAttribute {
    let hex = attribute.value.iter().map(|octet| format!("{octet:02x}")).collect();
    UnknownAttribute { code: attribute.code, hex }
}

fn segment(segment: &attribute::AsPathSegment) -> AsPathSegment {
    let kind = match segment.kind {
        SegmentKind::Sequence => SegmentType::Sequence,
        SegmentKind::Set => SegmentType::Set,
        SegmentKind::ConfedSequence => SegmentType::ConfedSequence,
        SegmentKind::ConfedSet => SegmentType::ConfedSet,
    };
    AsPathSegment { kind, asns: segment.asns.iter().map(|asn| asn.0).collect() }
}

fn source(source: &RouteSource, peers: &Peers) -> RouteSourceEntry {
    match source {
        RouteSource::Originated { tag, cost } => {
            RouteSourceEntry { kind: SourceType::Originated, peer: None, role: Some(tag.to_string()), cost: *cost }
        }
        RouteSource::Peer(id) => {
            RouteSourceEntry { kind: SourceType::Learned, peer: Some(peers.name(*id)), role: None, cost: 0 }
        }
    }
}

fn verdict(verdict: &rib::ImportVerdict) -> ImportVerdictEntry {
    ImportVerdictEntry { accepted: verdict.is_accepted(), text: verdict.to_string() }
}

/// How a path fared.
pub fn standing(standing: &rib::Standing) -> Standing {
    match standing {
        rib::Standing::Best(reason) => Standing { place: Place::Best, reason: Some(reason.to_string()) },
        rib::Standing::Lost(reason) => Standing { place: Place::Lost, reason: Some(reason.to_string()) },
        rib::Standing::Ineligible => Standing { place: Place::Ineligible, reason: None },
    }
}

/// A route of the Loc-RIB.
pub fn best(found: &BestRoute, peers: &Peers) -> Route {
    Route {
        source: Some(source(&found.source, peers)),
        best: Some(true),
        ..route(&found.prefix, found.path_id, &found.attributes)
    }
}

/// A route of the Adj-RIB-In of `peer`.
pub fn learned(found: &LearnedRoute, peer: &str) -> Route {
    let source = RouteSourceEntry { kind: SourceType::Learned, peer: Some(peer.to_owned()), role: None, cost: 0 };
    Route {
        peer: Some(peer.to_owned()),
        source: Some(source),
        best: Some(found.best),
        stale: Some(found.stale),
        import_verdict: Some(verdict(&found.verdict)),
        ..route(&found.prefix, found.path_id, &found.attributes)
    }
}

/// A route of the Adj-RIB-Out of `peer`.
pub fn advertised(found: &rib::AdvertisedRoute, peer: &str) -> Route {
    Route {
        peer: Some(peer.to_owned()),
        sent: Some(found.sent),
        ..route(&found.prefix, found.path_id, &found.attributes)
    }
}

/// A route of ours.
pub fn originated(found: &OriginatedRoute, contributors: Option<usize>) -> Route {
    let (role, cost) = (Some(found.tag.to_string()), found.cost);
    let source = RouteSourceEntry { kind: SourceType::Originated, peer: None, role, cost };
    Route { source: Some(source), contributors, ..route(&found.prefix, 0, &found.attributes) }
}

/// Paths to one prefix: the best first, then those that lost, then those that took no part; each by where it comes from.
pub fn paths(prefix: &Prefix, found: &[PathView], peers: &Peers) -> Vec<Route> {
    let path = |path: &PathView| Route {
        source: Some(source(&path.source, peers)),
        best: Some(matches!(path.standing, rib::Standing::Best(_))),
        stale: path.verdict.as_ref().map(|_| path.stale),
        import_verdict: path.verdict.as_ref().map(verdict),
        standing: Some(standing(&path.standing)),
        ..route(prefix, path.path_id, &path.attributes)
    };
    let mut paths: Vec<Route> = found.iter().map(path).collect();
    paths.sort_by_cached_key(|route| {
        let place = route.standing.as_ref().map(|standing| standing.place);
        (place, route.source.as_ref().map(ToString::to_string), route.destination.path_id)
    });
    paths
}
