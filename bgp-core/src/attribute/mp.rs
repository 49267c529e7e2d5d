//! MP_REACH_NLRI and MP_UNREACH_NLRI (RFC 4760 sections 3 and 4, RFC 2545 section 3, RFC 8950 section 3).

use std::net::{Ipv4Addr, Ipv6Addr};

use super::DecodeContext;
use crate::nlri::{Nlri, codec};
use crate::types::{AddressFamily, Afi, AfiSafi, FamilySet, NextHop, Safi};
use crate::wire::reader::{self, TooShort};

/// What one of the two carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carried<T> {
    /// Of a family that was negotiated.
    Negotiated(AddressFamily, T),
    /// Of any other: it is ignored and not read (RFC 4760 section 6).
    Ignored(AfiSafi),
}

impl<T> Carried<T> {
    /// The family and what it carries, where it was negotiated.
    #[must_use]
    pub fn negotiated(self) -> Option<(AddressFamily, T)> {
        match self {
            Self::Negotiated(family, carried) => Some((family, carried)),
            Self::Ignored(_) => None,
        }
    }
}

fn early(_: TooShort) -> String {
    "value ends too early".to_owned()
}

/// The family and what follows it.
fn family(value: &[u8]) -> Result<(&[u8], AfiSafi), String> {
    let (rest, afi) = reader::two_octets(value).map_err(early)?;
    let (rest, safi) = reader::octet(rest).map_err(early)?;
    Ok((rest, AfiSafi { afi: Afi(afi), safi: Safi(safi) }))
}

fn negotiated(pair: AfiSafi, families: FamilySet) -> Option<AddressFamily> {
    AddressFamily::try_from(pair).ok().filter(|family| families.contains(*family))
}

/// Reads MP_REACH_NLRI.
///
/// # Errors
/// What is wrong; it costs the session (RFC 7606 section 7.11).
pub(crate) fn reach(value: &[u8], context: &DecodeContext) -> Result<Carried<(NextHop, Vec<Nlri>)>, String> {
    let (rest, pair) = family(value)?;
    let (rest, hop) = reader::octet_length_value(rest).map_err(early)?;
    let (routes, _reserved) = reader::octet(rest).map_err(early)?;
    let Some(family) = negotiated(pair, context.families) else { return Ok(Carried::Ignored(pair)) };
    let hop = next_hop(hop, family, context.extended_next_hop)?;
    Ok(Carried::Negotiated(family, (hop, codec::decode(routes, family, context.add_path.contains(family))?)))
}

/// Reads MP_UNREACH_NLRI.
///
/// # Errors
/// What is wrong; it costs the session (RFC 7606 section 7.12).
pub(crate) fn unreach(value: &[u8], context: &DecodeContext) -> Result<Carried<Vec<Nlri>>, String> {
    let (routes, pair) = family(value)?;
    let Some(family) = negotiated(pair, context.families) else { return Ok(Carried::Ignored(pair)) };
    Ok(Carried::Negotiated(family, codec::decode(routes, family, context.add_path.contains(family))?))
}

/// 4 octets for IPv4; 16 or 32 for IPv6, and for IPv4 where that was agreed (RFC 8950 section 3).
fn next_hop(octets: &[u8], family: AddressFamily, extended: bool) -> Result<NextHop, String> {
    if family == AddressFamily::Ipv4Unicast
        && let Ok(octets) = <[u8; 4]>::try_from(octets)
    {
        return Ok(NextHop::V4(Ipv4Addr::from(octets)));
    }
    let (takes_v6, expected) = match (family, extended) {
        (AddressFamily::Ipv4Unicast, false) => (false, "4"),
        (AddressFamily::Ipv4Unicast, true) => (true, "4, 16 or 32"),
        (AddressFamily::Ipv6Unicast, _) => (true, "16 or 32"),
    };
    let hop = if takes_v6 { v6_next_hop(octets) } else { None };
    hop.ok_or_else(|| format!("next hop of {} octets in {family} (expected {expected})", octets.len()))
}

/// A second address that is not link-local is left out.
fn v6_next_hop(octets: &[u8]) -> Option<NextHop> {
    let (first, rest) = octets.split_first_chunk::<16>()?;
    let global = Ipv6Addr::from(*first);
    if rest.is_empty() {
        return Some(NextHop::V6 { global, link_local: None });
    }
    let second = Ipv6Addr::from(<[u8; 16]>::try_from(rest).ok()?);
    Some(NextHop::V6 { global, link_local: second.is_unicast_link_local().then_some(second) })
}
