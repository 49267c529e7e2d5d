//! Attribute sets in few octets, for keeping: not the wire's form, so that nothing needs to be judged again, and equal sets
//! are equal octets.

use std::net::{Ipv4Addr, Ipv6Addr};

use bytes::{BufMut, Bytes};

use super::{Aggregator, AsPath, AsPathSegment, Origin, PartialBits, PathAttributes, SegmentKind, UnknownAttribute};
use crate::types::{Asn, BgpIdentifier, Community, ExtendedCommunity, Ipv6ExtendedCommunity, LargeCommunity, NextHop};
use crate::wire::reader::{self, TooShort};

/// Which of the fields are there, in the order in which they stand.
mod field {
    pub const NEXT_HOP_V4: u16 = 1;
    pub const NEXT_HOP_V6: u16 = 1 << 1;
    pub const LINK_LOCAL: u16 = 1 << 2;
    pub const MULTI_EXIT_DISC: u16 = 1 << 3;
    pub const LOCAL_PREF: u16 = 1 << 4;
    pub const ATOMIC_AGGREGATE: u16 = 1 << 5;
    pub const AGGREGATOR: u16 = 1 << 6;
    pub const COMMUNITIES: u16 = 1 << 7;
    pub const EXTENDED_COMMUNITIES: u16 = 1 << 8;
    pub const IPV6_EXTENDED_COMMUNITIES: u16 = 1 << 9;
    pub const LARGE_COMMUNITIES: u16 = 1 << 10;
    pub const ORIGINATOR_ID: u16 = 1 << 11;
    pub const CLUSTER_LIST: u16 = 1 << 12;
    pub const ONLY_TO_CUSTOMER: u16 = 1 << 13;
    pub const PARTIAL: u16 = 1 << 14;
    pub const UNKNOWN: u16 = 1 << 15;
}

fn fields(attributes: &PathAttributes) -> u16 {
    let v6 = matches!(attributes.next_hop, Some(NextHop::V6 { .. }));
    let link_local = matches!(attributes.next_hop, Some(NextHop::V6 { link_local: Some(_), .. }));
    let there = [
        (field::NEXT_HOP_V4, matches!(attributes.next_hop, Some(NextHop::V4(_)))),
        (field::NEXT_HOP_V6, v6),
        (field::LINK_LOCAL, link_local),
        (field::MULTI_EXIT_DISC, attributes.multi_exit_disc.is_some()),
        (field::LOCAL_PREF, attributes.local_pref.is_some()),
        (field::ATOMIC_AGGREGATE, attributes.atomic_aggregate),
        (field::AGGREGATOR, attributes.aggregator.is_some()),
        (field::COMMUNITIES, !attributes.communities.is_empty()),
        (field::EXTENDED_COMMUNITIES, !attributes.extended_communities.is_empty()),
        (field::IPV6_EXTENDED_COMMUNITIES, !attributes.ipv6_extended_communities.is_empty()),
        (field::LARGE_COMMUNITIES, !attributes.large_communities.is_empty()),
        (field::ORIGINATOR_ID, attributes.originator_id.is_some()),
        (field::CLUSTER_LIST, !attributes.cluster_list.is_empty()),
        (field::ONLY_TO_CUSTOMER, attributes.only_to_customer.is_some()),
        (field::PARTIAL, attributes.partial != PartialBits::NONE),
        (field::UNKNOWN, !attributes.unknown.is_empty()),
    ];
    there.into_iter().filter(|(_, there)| *there).fold(0, |fields, (field, _)| fields | field)
}

/// Writes a count. What is counted came in one message, or was made from it, so that two octets hold it; four do in any case.
fn put_count(out: &mut Vec<u8>, count: usize) {
    match u16::try_from(count) {
        Ok(count) if count < u16::MAX => out.put_u16(count),
        _ => {
            out.put_u16(u16::MAX);
            out.put_u32(u32::try_from(count).unwrap_or(u32::MAX));
        }
    }
}

/// Appends a set to `out`.
pub(crate) fn encode(attributes: &PathAttributes, out: &mut Vec<u8>) {
    out.put_u16(fields(attributes));
    out.put_u8(match attributes.origin {
        Origin::Igp => 0,
        Origin::Egp => 1,
        Origin::Incomplete => 2,
    });
    match attributes.next_hop {
        None => {}
        Some(NextHop::V4(address)) => out.put_slice(&address.octets()),
        Some(NextHop::V6 { global, link_local }) => {
            out.put_slice(&global.octets());
            link_local.iter().for_each(|address| out.put_slice(&address.octets()));
        }
    }
    put_count(out, attributes.as_path.segments.len());
    for AsPathSegment { kind, asns } in &attributes.as_path.segments {
        out.put_u8(kind.octet());
        put_count(out, asns.len());
        asns.iter().for_each(|asn| out.put_u32(asn.0));
    }
    let numbers = [attributes.multi_exit_disc, attributes.local_pref];
    numbers.into_iter().flatten().for_each(|number| out.put_u32(number));
    if let Some(Aggregator { asn, address }) = attributes.aggregator {
        out.put_u32(asn.0);
        out.put_slice(&address.octets());
    }
    each(out, &attributes.communities, |out, community| out.put_u32(community.0));
    each(out, &attributes.extended_communities, |out, ExtendedCommunity(octets)| out.put_slice(octets));
    each(out, &attributes.ipv6_extended_communities, |out, Ipv6ExtendedCommunity(octets)| out.put_slice(octets));
    each(out, &attributes.large_communities, |out, community| {
        let LargeCommunity { global_administrator, local_data_1, local_data_2 } = *community;
        [global_administrator, local_data_1, local_data_2].into_iter().for_each(|part| out.put_u32(part));
    });
    if let Some(originator) = attributes.originator_id {
        out.put_u32(originator.to_bits());
    }
    each(out, &attributes.cluster_list, |out, cluster| out.put_u32(*cluster));
    if let Some(Asn(asn)) = attributes.only_to_customer {
        out.put_u32(asn);
    }
    if attributes.partial != PartialBits::NONE {
        out.put_u64(attributes.partial.to_bits());
    }
    each(out, &attributes.unknown, |out, UnknownAttribute { code, value }| {
        out.put_u8(*code);
        put_count(out, value.len());
        out.put_slice(value);
    });
}

/// A list that is there when it is not empty.
fn each<T>(out: &mut Vec<u8>, list: &[T], put: impl Fn(&mut Vec<u8>, &T)) {
    if !list.is_empty() {
        put_count(out, list.len());
        list.iter().for_each(|item| put(out, item));
    }
}

/// The set that was encoded.
///
/// # Errors
/// [`TooShort`] when these are not the octets of a set.
pub(crate) fn decode(octets: &[u8]) -> Result<PathAttributes, TooShort> {
    let mut left = Left(octets);
    let Head { fields, origin, next_hop } = left.head()?;
    let has = |field| fields & field != 0;
    let count = left.count()?;
    let mut segments = Vec::with_capacity(count.min(left.0.len()));
    for _ in 0..count {
        let kind = match left.one()? {
            1 => SegmentKind::Set,
            2 => SegmentKind::Sequence,
            3 => SegmentKind::ConfedSequence,
            _ => SegmentKind::ConfedSet,
        };
        let mut asns = Vec::new();
        let count = left.count()?;
        // With room for an AS that is put before them.
        asns.reserve_exact(count.min(left.0.len()) + 1);
        for _ in 0..count {
            asns.push(Asn(left.four()?));
        }
        segments.push(AsPathSegment { kind, asns });
    }
    Ok(PathAttributes {
        origin,
        as_path: AsPath { segments },
        next_hop,
        multi_exit_disc: left.when(has(field::MULTI_EXIT_DISC), Left::four)?,
        local_pref: left.when(has(field::LOCAL_PREF), Left::four)?,
        atomic_aggregate: has(field::ATOMIC_AGGREGATE),
        aggregator: left.when(has(field::AGGREGATOR), |left| {
            Ok(Aggregator { asn: Asn(left.four()?), address: Ipv4Addr::from_bits(left.four()?) })
        })?,
        communities: left.list_when(has(field::COMMUNITIES), |left| left.four().map(Community))?,
        extended_communities: left
            .list_when(has(field::EXTENDED_COMMUNITIES), |left| left.array().map(ExtendedCommunity))?,
        ipv6_extended_communities: left
            .list_when(has(field::IPV6_EXTENDED_COMMUNITIES), |left| left.array().map(Ipv6ExtendedCommunity))?,
        large_communities: left.list_when(has(field::LARGE_COMMUNITIES), |left| {
            let (global_administrator, local_data_1, local_data_2) = (left.four()?, left.four()?, left.four()?);
            Ok(LargeCommunity { global_administrator, local_data_1, local_data_2 })
        })?,
        originator_id: left
            .when(has(field::ORIGINATOR_ID), Left::four)?
            .and_then(|bits| BgpIdentifier::from_bits(bits).ok()),
        cluster_list: left.list_when(has(field::CLUSTER_LIST), Left::four)?,
        only_to_customer: left.when(has(field::ONLY_TO_CUSTOMER), Left::four)?.map(Asn),
        partial: PartialBits::from_bits(
            left.when(has(field::PARTIAL), |left| left.array().map(u64::from_be_bytes))?.unwrap_or_default(),
        ),
        unknown: left.list_when(has(field::UNKNOWN), |left| {
            let (code, length) = (left.one()?, left.count()?);
            Ok(UnknownAttribute { code, value: Bytes::copy_from_slice(left.octets(length)?) })
        })?,
    })
}

/// The next hop of the set that was encoded.
///
/// # Errors
/// [`TooShort`] when these are not the octets of a set.
pub(crate) fn next_hop(octets: &[u8]) -> Result<Option<NextHop>, TooShort> {
    Left(octets).head().map(|head| head.next_hop)
}

/// What stands first.
struct Head {
    fields: u16,
    origin: Origin,
    next_hop: Option<NextHop>,
}

/// What is left to be read.
struct Left<'a>(&'a [u8]);

impl<'a> Left<'a> {
    fn head(&mut self) -> Result<Head, TooShort> {
        let fields = self.two()?;
        let has = |field| fields & field != 0;
        let origin = match self.one()? {
            0 => Origin::Igp,
            1 => Origin::Egp,
            _ => Origin::Incomplete,
        };
        let next_hop = if has(field::NEXT_HOP_V4) {
            Some(NextHop::V4(Ipv4Addr::from_bits(self.four()?)))
        } else if has(field::NEXT_HOP_V6) {
            let global = Ipv6Addr::from(self.array::<16>()?);
            let link_local = if has(field::LINK_LOCAL) { Some(Ipv6Addr::from(self.array::<16>()?)) } else { None };
            Some(NextHop::V6 { global, link_local })
        } else {
            None
        };
        Ok(Head { fields, origin, next_hop })
    }

    fn octets(&mut self, count: usize) -> Result<&'a [u8], TooShort> {
        let (rest, octets) = reader::octets(self.0, count)?;
        self.0 = rest;
        Ok(octets)
    }

    fn array<const COUNT: usize>(&mut self) -> Result<[u8; COUNT], TooShort> {
        self.octets(COUNT)?.try_into().map_err(|_| TooShort)
    }

    fn one(&mut self) -> Result<u8, TooShort> {
        self.array().map(u8::from_be_bytes)
    }

    fn two(&mut self) -> Result<u16, TooShort> {
        self.array().map(u16::from_be_bytes)
    }

    fn four(&mut self) -> Result<u32, TooShort> {
        self.array().map(u32::from_be_bytes)
    }

    fn count(&mut self) -> Result<usize, TooShort> {
        match self.two()? {
            u16::MAX => usize::try_from(self.four()?).map_err(|_| TooShort),
            count => Ok(usize::from(count)),
        }
    }

    fn list<T>(&mut self, read: impl Fn(&mut Self) -> Result<T, TooShort>) -> Result<Vec<T>, TooShort> {
        let count = self.count()?;
        // An item has one octet at least, so that no count makes us reserve more than there is.
        let mut list = Vec::with_capacity(count.min(self.0.len()));
        for _ in 0..count {
            list.push(read(self)?);
        }
        Ok(list)
    }

    fn list_when<T>(
        &mut self,
        there: bool,
        read: impl Fn(&mut Self) -> Result<T, TooShort>,
    ) -> Result<Vec<T>, TooShort> {
        if there { self.list(read) } else { Ok(Vec::new()) }
    }

    fn when<T>(
        &mut self,
        there: bool,
        read: impl FnOnce(&mut Self) -> Result<T, TooShort>,
    ) -> Result<Option<T>, TooShort> {
        if there { read(self).map(Some) } else { Ok(None) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::any;
    use super::*;

    fn any_attributes() -> impl Strategy<Value = PathAttributes> {
        let v4 = any::<u32>().prop_map(|bits| NextHop::V4(Ipv4Addr::from_bits(bits)));
        let v6 = (any::<[u8; 16]>(), any::<Option<[u8; 16]>>()).prop_map(|(global, link_local)| NextHop::V6 {
            global: global.into(),
            link_local: link_local.map(Ipv6Addr::from),
        });
        let next_hop = prop::option::of(prop_oneof![v4, v6]);
        let full = (any::attributes(), next_hop.clone())
            .prop_map(|(attributes, next_hop)| PathAttributes { next_hop, ..attributes });
        // Small enough that two may be the same.
        let few = (next_hop, 0u32..3).prop_map(|(next_hop, med)| PathAttributes {
            next_hop: next_hop.filter(|_| med == 0),
            multi_exit_disc: Some(med),
            ..PathAttributes::default()
        });
        prop_oneof![full, few]
    }

    fn octets(attributes: &PathAttributes) -> Vec<u8> {
        let mut out = Vec::new();
        encode(attributes, &mut out);
        out
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_decoded(attributes in any_attributes()) {
            prop_assert_eq!(next_hop(&octets(&attributes)), Ok(attributes.next_hop));
            prop_assert_eq!(decode(&octets(&attributes)), Ok(attributes));
        }

        #[test]
        fn different_sets_are_different_octets(one in any_attributes(), other in any_attributes()) {
            prop_assert_eq!(one == other, octets(&one) == octets(&other));
        }

        #[test]
        fn any_octets_are_read_or_not(octets in prop::collection::vec(any::<u8>(), 0..200)) {
            let _read = decode(&octets);
        }
    }

    #[test]
    fn paths_and_values_of_any_length_are_kept() {
        for count in [0, 255, 65_534, 65_535, 70_000] {
            let segment = AsPathSegment { kind: SegmentKind::Sequence, asns: vec![Asn(7); count] };
            let unknown = vec![UnknownAttribute { code: 99, value: Bytes::from(vec![1; count]) }];
            let as_path = AsPath { segments: vec![segment] };
            let attributes = PathAttributes { as_path, unknown, ..PathAttributes::default() };
            assert_eq!(decode(&octets(&attributes)), Ok(attributes));
        }
    }
}
