//! From one [`PathAttributes`] to octets, in the order RFC 7606 section 5.1 and RFC 4271 section 5 ask for: MP_REACH_NLRI
//! first, the others ascending by code.

use bytes::{BufMut, BytesMut};

use super::spec::{EXTENDED_LENGTH, OPTIONAL, PARTIAL, TRANSITIVE, code};
use super::{Aggregator, AsPath, Origin, PartialBits, PathAttributes, UnknownAttribute};
use crate::types::{Asn, ExtendedCommunity, FamilySet, Ipv6ExtendedCommunity, LargeCommunity, NextHop};
use crate::wire::writer::TooLong;

/// How messages to a peer are encoded. Two peers of equal contexts can be sent the same octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EncodeContext {
    /// Four-octet AS numbers were negotiated (RFC 6793).
    pub four_octet_asn: bool,
    /// The longest message the peer takes, in octets: 4096 or 65535 (RFC 8654).
    pub max_message_len: u16,
    /// Families in which the peer takes path identifiers (RFC 7911).
    pub add_path: FamilySet,
    /// IPv4 routes may carry an IPv6 next hop (RFC 8950).
    pub extended_next_hop: bool,
}

impl Default for EncodeContext {
    /// Four-octet AS numbers, messages of at most 4096 octets, nothing else.
    fn default() -> Self {
        Self { four_octet_asn: true, max_message_len: 4096, add_path: FamilySet::EMPTY, extended_next_hop: false }
    }
}

/// Writes flags, code, length and value of one attribute; the Extended Length bit where the value is over 255 octets.
///
/// # Errors
/// [`TooLong`] for a value over 65535 octets.
pub(crate) fn attribute(
    out: &mut BytesMut,
    flags: u8,
    code: u8,
    value: impl FnOnce(&mut BytesMut),
) -> Result<(), TooLong> {
    // Nearly every value is short: the length is one octet until it is known to be more.
    let start = out.len();
    out.put_slice(&[flags, code, 0]);
    value(out);
    let length = out.len() - start - 3;
    if let Ok(length) = u8::try_from(length) {
        if let Some(field) = out.get_mut(start + 2) {
            *field = length;
        }
        return Ok(());
    }
    let long = u16::try_from(length).map_err(|_| TooLong { length, max: usize::from(u16::MAX) })?;
    let value = out.split_off(start + 3);
    out.truncate(start);
    out.put_slice(&[flags | EXTENDED_LENGTH, code]);
    out.put_u16(long);
    out.unsplit(value);
    Ok(())
}

/// Writes every attribute but the two of RFC 4760; NEXT_HOP only where `next_hop` is given.
///
/// # Errors
/// [`TooLong`] for a value over 65535 octets.
pub(crate) fn all_but_mp(
    attributes: &PathAttributes,
    next_hop: Option<std::net::Ipv4Addr>,
    context: &EncodeContext,
    out: &mut BytesMut,
) -> Result<(), TooLong> {
    let mut writer = Ascending { out, partial: attributes.partial, unknown: attributes.unknown.iter().peekable() };
    let well_known = TRANSITIVE;
    let transitive = OPTIONAL | TRANSITIVE;
    let four = context.four_octet_asn;
    writer.put(well_known, code::ORIGIN, |out| out.put_u8(origin_octet(attributes.origin)))?;
    writer.put(well_known, code::AS_PATH, |out| attributes.as_path.encode(four, out))?;
    if let Some(next_hop) = next_hop {
        writer.put(well_known, code::NEXT_HOP, |out| out.put_slice(&next_hop.octets()))?;
    }
    if let Some(med) = attributes.multi_exit_disc {
        writer.put(OPTIONAL, code::MULTI_EXIT_DISC, |out| out.put_u32(med))?;
    }
    if let Some(local_pref) = attributes.local_pref {
        writer.put(well_known, code::LOCAL_PREF, |out| out.put_u32(local_pref))?;
    }
    if attributes.atomic_aggregate {
        writer.put(well_known, code::ATOMIC_AGGREGATE, |_| {})?;
    }
    if let Some(aggregator) = attributes.aggregator {
        writer.put(transitive, code::AGGREGATOR, |out| put_aggregator(aggregator, four, out))?;
    }
    if !attributes.communities.is_empty() {
        writer.put(transitive, code::COMMUNITIES, |out| {
            attributes.communities.iter().for_each(|community| out.put_u32(community.0));
        })?;
    }
    if let Some(originator) = attributes.originator_id {
        writer.put(OPTIONAL, code::ORIGINATOR_ID, |out| out.put_u32(originator.to_bits()))?;
    }
    if !attributes.cluster_list.is_empty() {
        writer
            .put(OPTIONAL, code::CLUSTER_LIST, |out| attributes.cluster_list.iter().for_each(|id| out.put_u32(*id)))?;
    }
    if !attributes.extended_communities.is_empty() {
        writer.put(transitive, code::EXTENDED_COMMUNITIES, |out| {
            attributes.extended_communities.iter().for_each(|ExtendedCommunity(octets)| out.put_slice(octets));
        })?;
    }
    if !four {
        as4(attributes, &mut writer)?;
    }
    if !attributes.ipv6_extended_communities.is_empty() {
        writer.put(transitive, code::IPV6_EXTENDED_COMMUNITIES, |out| {
            attributes.ipv6_extended_communities.iter().for_each(|Ipv6ExtendedCommunity(octets)| out.put_slice(octets));
        })?;
    }
    if !attributes.large_communities.is_empty() {
        writer.put(transitive, code::LARGE_COMMUNITY, |out| {
            attributes.large_communities.iter().for_each(|community| put_large(community, out));
        })?;
    }
    if let Some(asn) = attributes.only_to_customer {
        writer.put(transitive, code::ONLY_TO_CUSTOMER, |out| out.put_u32(asn.0))?;
    }
    writer.rest()
}

/// What an OLD speaker cannot be told in AS_PATH and AGGREGATOR; only where something was lost (RFC 6793 section 4.2.2).
fn as4(attributes: &PathAttributes, writer: &mut Ascending<'_>) -> Result<(), TooLong> {
    let transitive = OPTIONAL | TRANSITIVE;
    let lost = |asn: &Asn| u16::try_from(asn.0).is_err();
    let without_confederation = || AsPath {
        segments: attributes
            .as_path
            .segments
            .iter()
            .filter(|segment| !segment.kind.is_confederation())
            .cloned()
            .collect(),
    };
    if attributes.as_path.segments.iter().flat_map(|segment| &segment.asns).any(lost) {
        writer.put(transitive, code::AS4_PATH, |out| without_confederation().encode(true, out))?;
    }
    match attributes.aggregator.filter(|aggregator| lost(&aggregator.asn)) {
        Some(aggregator) => writer.put(transitive, code::AS4_AGGREGATOR, |out| put_aggregator(aggregator, true, out)),
        None => Ok(()),
    }
}

/// Writes attributes, each with the Partial bit where it came with it, and puts the unknown ones in their places between
/// them.
struct Ascending<'a> {
    out: &'a mut BytesMut,
    partial: PartialBits,
    unknown: std::iter::Peekable<std::slice::Iter<'a, UnknownAttribute>>,
}

impl Ascending<'_> {
    fn put(&mut self, flags: u8, code: u8, value: impl FnOnce(&mut BytesMut)) -> Result<(), TooLong> {
        while let Some(unknown) = self.unknown.next_if(|unknown| unknown.code < code) {
            self.put_unknown(unknown)?;
        }
        attribute(self.out, flags | self.partial.flag(code), code, value)
    }

    fn rest(mut self) -> Result<(), TooLong> {
        while let Some(unknown) = self.unknown.next() {
            self.put_unknown(unknown)?;
        }
        Ok(())
    }

    /// Passed on unchanged but for the Partial bit: a speaker on the way, we, did not know it (RFC 4271 section 5).
    fn put_unknown(&mut self, unknown: &UnknownAttribute) -> Result<(), TooLong> {
        attribute(self.out, OPTIONAL | TRANSITIVE | PARTIAL, unknown.code, |out| out.put_slice(&unknown.value))
    }
}

fn origin_octet(origin: Origin) -> u8 {
    match origin {
        Origin::Igp => 0,
        Origin::Egp => 1,
        Origin::Incomplete => 2,
    }
}

fn put_aggregator(aggregator: Aggregator, four_octet: bool, out: &mut BytesMut) {
    match four_octet {
        true => out.put_u32(aggregator.asn.0),
        false => out.put_u16(aggregator.asn.to_two_octets()),
    }
    out.put_slice(&aggregator.address.octets());
}

fn put_large(community: &LargeCommunity, out: &mut BytesMut) {
    out.put_u32(community.global_administrator);
    out.put_u32(community.local_data_1);
    out.put_u32(community.local_data_2);
}

/// Writes a next hop as MP_REACH_NLRI carries it: 4, 16 or 32 octets (RFC 4760 section 3, RFC 2545 section 3).
pub(crate) fn put_mp_next_hop(next_hop: &NextHop, out: &mut BytesMut) {
    match next_hop {
        NextHop::V4(address) => out.put_slice(&address.octets()),
        NextHop::V6 { global, link_local } => {
            out.put_slice(&global.octets());
            if let Some(link_local) = link_local {
                out.put_slice(&link_local.octets());
            }
        }
    }
}
