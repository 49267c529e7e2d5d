//! The values of the attributes beside AS_PATH and the two of RFC 4760: each read whole, or said to be malformed.

use std::net::Ipv4Addr;

use super::{Aggregator, Origin};
use crate::types::{Asn, BgpIdentifier, Community, ExtendedCommunity, Ipv6ExtendedCommunity, LargeCommunity};

fn exactly<const N: usize>(value: &[u8]) -> Result<[u8; N], String> {
    value.try_into().map_err(|_| format!("{} octets (expected {N})", value.len()))
}

fn list<const N: usize>(value: &[u8]) -> Result<&[[u8; N]], String> {
    let (parts, rest) = value.as_chunks::<N>();
    if rest.is_empty() && !parts.is_empty() {
        return Ok(parts);
    }
    Err(format!("{} octets (expected a multiple of {N}, not 0)", value.len()))
}

pub(super) fn origin(value: &[u8]) -> Result<Origin, String> {
    match exactly::<1>(value)? {
        [0] => Ok(Origin::Igp),
        [1] => Ok(Origin::Egp),
        [2] => Ok(Origin::Incomplete),
        [other] => Err(format!("origin {other} (expected 0 to 2)")),
    }
}

pub(super) fn ipv4_address(value: &[u8]) -> Result<Ipv4Addr, String> {
    exactly::<4>(value).map(Ipv4Addr::from)
}

pub(super) fn number(value: &[u8]) -> Result<u32, String> {
    exactly::<4>(value).map(u32::from_be_bytes)
}

pub(super) fn nothing(value: &[u8]) -> Result<(), String> {
    exactly::<0>(value).map(|_| ())
}

/// AGGREGATOR with an AS number of four octets, or of two (RFC 6793 section 4.2.3).
pub(super) fn aggregator(value: &[u8], four_octet: bool) -> Result<Aggregator, String> {
    let (asn, address) = if four_octet {
        let [a, b, c, d, address @ ..] = exactly::<8>(value)?;
        (u32::from_be_bytes([a, b, c, d]), address)
    } else {
        let [a, b, address @ ..] = exactly::<6>(value)?;
        (u32::from(u16::from_be_bytes([a, b])), address)
    };
    Ok(Aggregator { asn: Asn(asn), address: Ipv4Addr::from(address) })
}

pub(super) fn communities(value: &[u8]) -> Result<Vec<Community>, String> {
    Ok(list::<4>(value)?.iter().copied().map(|octets| Community(u32::from_be_bytes(octets))).collect())
}

pub(super) fn extended_communities(value: &[u8]) -> Result<Vec<ExtendedCommunity>, String> {
    Ok(list::<8>(value)?.iter().copied().map(ExtendedCommunity).collect())
}

pub(super) fn ipv6_extended_communities(value: &[u8]) -> Result<Vec<Ipv6ExtendedCommunity>, String> {
    Ok(list::<20>(value)?.iter().copied().map(Ipv6ExtendedCommunity).collect())
}

pub(super) fn large_communities(value: &[u8]) -> Result<Vec<LargeCommunity>, String> {
    let community = |[a, b, c, d, e, f, g, h, i, j, k, l]: [u8; 12]| LargeCommunity {
        global_administrator: u32::from_be_bytes([a, b, c, d]),
        local_data_1: u32::from_be_bytes([e, f, g, h]),
        local_data_2: u32::from_be_bytes([i, j, k, l]),
    };
    Ok(list::<12>(value)?.iter().copied().map(community).collect())
}

pub(super) fn originator_id(value: &[u8]) -> Result<BgpIdentifier, String> {
    BgpIdentifier::from_bits(number(value)?).map_err(|fault| fault.to_string())
}

pub(super) fn cluster_list(value: &[u8]) -> Result<Vec<u32>, String> {
    Ok(list::<4>(value)?.iter().copied().map(u32::from_be_bytes).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_44_an_origin_is_one_octet_up_to_2() {
        assert_eq!(origin(&[2]), Ok(Origin::Incomplete));
        assert!(origin(&[3]).is_err() && origin(&[]).is_err() && origin(&[0, 0]).is_err());
    }

    #[test]
    fn check_46_and_47_an_address_and_a_number_are_four_octets() {
        assert_eq!(ipv4_address(&[192, 0, 2, 1]), Ok(Ipv4Addr::new(192, 0, 2, 1)));
        assert_eq!(number(&[0, 0, 1, 0]), Ok(256));
        assert!(ipv4_address(&[1, 2, 3]).is_err() && number(&[0; 5]).is_err());
    }

    #[test]
    fn check_49_an_aggregator_is_as_long_as_its_as_number_asks_for() {
        let expected = Aggregator { asn: Asn(65001), address: Ipv4Addr::new(192, 0, 2, 1) };
        assert_eq!(aggregator(&[0xFD, 0xE9, 192, 0, 2, 1], false), Ok(expected));
        assert_eq!(aggregator(&[0, 0, 0xFD, 0xE9, 192, 0, 2, 1], true), Ok(expected));
        assert!(aggregator(&[0, 0, 0xFD, 0xE9, 192, 0, 2, 1], false).is_err());
        assert!(aggregator(&[0xFD, 0xE9, 192, 0, 2, 1], true).is_err());
        assert!(nothing(&[0]).is_err() && nothing(&[]).is_ok());
    }

    #[test]
    fn check_50_communities_come_whole() {
        assert_eq!(communities(&[0, 0, 0, 2, 0, 0, 0, 1]), Ok(vec![Community(2), Community(1)]));
        assert!(communities(&[]).is_err() && communities(&[1, 2, 3]).is_err());
        assert!(extended_communities(&[0; 9]).is_err() && large_communities(&[0; 11]).is_err());
        let one = large_communities(&[0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3]).unwrap();
        assert_eq!(one.iter().map(LargeCommunity::to_string).collect::<Vec<_>>(), ["1:2:3"]);
    }

    #[test]
    fn check_51_reflection_attributes_are_whole() {
        assert!(originator_id(&[0; 4]).is_err() && originator_id(&[1, 1, 1]).is_err());
        assert_eq!(cluster_list(&[0, 0, 0, 9]), Ok(vec![9]));
        assert!(cluster_list(&[]).is_err());
    }
}
