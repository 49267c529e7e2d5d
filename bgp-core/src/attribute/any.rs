//! Attribute sets for the properties of those who work with them.

use std::net::Ipv4Addr;

use proptest::prelude::*;

use super::spec::code;
use super::{Aggregator, AsPath, Origin, PartialBits, PathAttributes, UnknownAttribute};
use crate::types::{Asn, BgpIdentifier, Community, ExtendedCommunity, Ipv6ExtendedCommunity, LargeCommunity};

/// Lists as sets of communities are: in order, each once.
pub(crate) fn ascending<T: Ord + std::fmt::Debug>(
    of: impl Strategy<Value = T>,
    most: usize,
) -> impl Strategy<Value = Vec<T>> {
    prop::collection::btree_set(of, 0..most).prop_map(|set| set.into_iter().collect())
}

/// Attribute sets with everything that there is but a next hop.
pub(crate) fn attributes() -> impl Strategy<Value = PathAttributes> {
    let origin = prop::sample::select(vec![Origin::Igp, Origin::Egp, Origin::Incomplete]);
    let path = prop::collection::vec(1u32.., 1..300).prop_map(|asns| AsPath::sequence(asns.into_iter().map(Asn)));
    let large = any::<(u32, u32, u32)>().prop_map(|(a, b, c)| LargeCommunity {
        global_administrator: a,
        local_data_1: b,
        local_data_2: c,
    });
    let unknown = (100u8.., prop::collection::vec(any::<u8>(), 0..300))
        .prop_map(|(code, value)| vec![UnknownAttribute { code, value: value.into() }]);
    let aggregator = (1u32.., any::<u32>())
        .prop_map(|(asn, address)| Aggregator { asn: Asn(asn), address: Ipv4Addr::from_bits(address) });
    let internal = (1u32.., prop::collection::vec(any::<u32>(), 0..5));
    (
        (origin, path, any::<Option<u32>>(), any::<Option<u32>>(), any::<bool>(), prop::option::of(aggregator)),
        ascending(any::<u32>().prop_map(Community), 80),
        (
            ascending(any::<[u8; 8]>().prop_map(ExtendedCommunity), 5),
            ascending(any::<[u8; 20]>().prop_map(Ipv6ExtendedCommunity), 3),
        ),
        ascending(large, 5),
        (prop::option::of(internal), any::<Option<u32>>(), unknown, any::<u64>()),
    )
        .prop_map(
            |(
                (origin, as_path, med, local_pref, atomic, aggregator),
                communities,
                (extended, ipv6_extended),
                large,
                rest,
            )| {
                let (internal, only_to_customer, unknown, came_with) = rest;
                let (originator, cluster_list) = internal.unzip();
                let there = [
                    (code::AGGREGATOR, aggregator.is_some()),
                    (code::COMMUNITIES, !communities.is_empty()),
                    (code::EXTENDED_COMMUNITIES, !extended.is_empty()),
                    (code::IPV6_EXTENDED_COMMUNITIES, !ipv6_extended.is_empty()),
                    (code::LARGE_COMMUNITY, !large.is_empty()),
                    (code::ONLY_TO_CUSTOMER, only_to_customer.is_some()),
                ];
                let partial = there.into_iter().filter(|(code, there)| *there && came_with >> code & 1 == 1);
                let partial: Vec<u8> = partial.map(|(code, _)| code).collect();
                PathAttributes {
                    origin,
                    as_path,
                    next_hop: None,
                    multi_exit_disc: med,
                    local_pref,
                    atomic_aggregate: atomic,
                    aggregator,
                    communities,
                    extended_communities: extended,
                    ipv6_extended_communities: ipv6_extended,
                    large_communities: large,
                    originator_id: originator.and_then(|bits| BgpIdentifier::from_bits(bits).ok()),
                    cluster_list: cluster_list.unwrap_or_default(),
                    only_to_customer: only_to_customer.map(Asn),
                    partial: PartialBits::of(&partial),
                    unknown,
                }
            },
        )
}
