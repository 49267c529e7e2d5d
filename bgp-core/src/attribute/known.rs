//! One attribute that we know, read for its form alone. What a speaker makes of it is decided in `decode`.

use std::net::Ipv4Addr;

use super::spec::code;
use super::walk::RawAttribute;
use super::{Aggregator, AsPath, Carried, DecodeContext, Origin, mp, value};
use crate::nlri::Nlri;
use crate::types::{Asn, BgpIdentifier, Community, ExtendedCommunity, Ipv6ExtendedCommunity, LargeCommunity, NextHop};

/// The value of an attribute that has a row in [`super::spec::SPECS`], as it stands on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttributeValue {
    /// ORIGIN.
    Origin(Origin),
    /// AS_PATH; may hold what a speaker refuses, as AS_SET (RFC 9774) or AS 0 (RFC 7607).
    AsPath(AsPath),
    /// NEXT_HOP.
    NextHop(Ipv4Addr),
    /// MULTI_EXIT_DISC.
    MultiExitDisc(u32),
    /// LOCAL_PREF.
    LocalPref(u32),
    /// ATOMIC_AGGREGATE, which has no value.
    AtomicAggregate,
    /// AGGREGATOR; may hold AS 0.
    Aggregator(Aggregator),
    /// COMMUNITIES in wire order.
    Communities(Vec<Community>),
    /// ORIGINATOR_ID.
    OriginatorId(BgpIdentifier),
    /// CLUSTER_LIST.
    ClusterList(Vec<u32>),
    /// MP_REACH_NLRI: next hop and routes.
    MpReachNlri(Carried<(NextHop, Vec<Nlri>)>),
    /// MP_UNREACH_NLRI: routes.
    MpUnreachNlri(Carried<Vec<Nlri>>),
    /// EXTENDED COMMUNITIES in wire order.
    ExtendedCommunities(Vec<ExtendedCommunity>),
    /// AS4_PATH; may hold what AS_PATH may.
    As4Path(AsPath),
    /// AS4_AGGREGATOR; may hold AS 0.
    As4Aggregator(Aggregator),
    /// IPv6 EXTENDED COMMUNITIES in wire order.
    Ipv6ExtendedCommunities(Vec<Ipv6ExtendedCommunity>),
    /// LARGE_COMMUNITY in wire order.
    LargeCommunities(Vec<LargeCommunity>),
    /// ONLY_TO_CUSTOMER (RFC 9234 section 5).
    OnlyToCustomer(Asn),
}

impl AttributeValue {
    /// Reads the value; flags are not looked at. `None` for an attribute that we do not know.
    ///
    /// # Errors
    /// What is wrong with its form, with value and expectation.
    pub fn read(attribute: RawAttribute<'_>, context: &DecodeContext) -> Result<Option<Self>, String> {
        let octets = attribute.value;
        let four_octet = context.four_octet_asn;
        Ok(Some(match attribute.code {
            code::ORIGIN => Self::Origin(value::origin(octets)?),
            code::AS_PATH => Self::AsPath(AsPath::read(octets, four_octet)?),
            code::NEXT_HOP => Self::NextHop(value::ipv4_address(octets)?),
            code::MULTI_EXIT_DISC => Self::MultiExitDisc(value::number(octets)?),
            code::LOCAL_PREF => Self::LocalPref(value::number(octets)?),
            code::ATOMIC_AGGREGATE => value::nothing(octets).map(|()| Self::AtomicAggregate)?,
            code::AGGREGATOR => Self::Aggregator(value::aggregator(octets, four_octet)?),
            code::COMMUNITIES => Self::Communities(value::communities(octets)?),
            code::ORIGINATOR_ID => Self::OriginatorId(value::originator_id(octets)?),
            code::CLUSTER_LIST => Self::ClusterList(value::cluster_list(octets)?),
            code::MP_REACH_NLRI => Self::MpReachNlri(mp::reach(octets, context)?),
            code::MP_UNREACH_NLRI => Self::MpUnreachNlri(mp::unreach(octets, context)?),
            code::EXTENDED_COMMUNITIES => Self::ExtendedCommunities(value::extended_communities(octets)?),
            code::AS4_PATH => Self::As4Path(AsPath::read(octets, true)?),
            code::AS4_AGGREGATOR => Self::As4Aggregator(value::aggregator(octets, true)?),
            code::IPV6_EXTENDED_COMMUNITIES => Self::Ipv6ExtendedCommunities(value::ipv6_extended_communities(octets)?),
            code::LARGE_COMMUNITY => Self::LargeCommunities(value::large_communities(octets)?),
            code::ONLY_TO_CUSTOMER => Self::OnlyToCustomer(Asn(value::number(octets)?)),
            _ => return Ok(None),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::spec::SPECS;
    use super::*;

    fn read(code: u8, value: &[u8]) -> Result<Option<AttributeValue>, String> {
        AttributeValue::read(RawAttribute { flags: 0, code, value }, &DecodeContext::default())
    }

    #[test]
    fn every_row_of_the_table_has_a_reader_and_nothing_else_has() {
        for code in 0..=u8::MAX {
            let known = SPECS.iter().any(|spec| spec.code == code);
            assert_eq!(read(code, &[0; 5]) != Ok(None), known, "{code}");
        }
    }

    #[test]
    fn shows_a_path_that_a_speaker_refuses() {
        let octets = [2, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 7];
        let Ok(Some(AttributeValue::AsPath(path))) = read(code::AS_PATH, &octets) else { panic!() };
        assert_eq!(path.to_string(), "0 {7}");
    }

    #[test]
    fn keeps_communities_in_the_order_they_came() {
        let octets = [0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2];
        let expected = AttributeValue::Communities([2, 1, 2].map(Community).to_vec());
        assert_eq!(read(code::COMMUNITIES, &octets), Ok(Some(expected)));
    }
}
