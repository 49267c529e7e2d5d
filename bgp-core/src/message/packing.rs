//! From routes to the fewest UPDATE messages (RFC 4271 section 4.3, RFC 4760, RFC 7606 section 5.1).
//!
//! IPv4 routes with an IPv4 next hop go where RFC 4271 puts them; all others in MP_REACH_NLRI and MP_UNREACH_NLRI. One
//! message carries routes of one place only (RFC 7606 section 5.1).

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};

use super::UPDATE;
use crate::attribute::encode;
use crate::attribute::spec::{OPTIONAL, code};
use crate::attribute::{EncodeContext, PathAttributes};
use crate::nlri::{Nlri, codec};
use crate::types::{AddressFamily, NextHop};
use crate::wire::framer::HEADER_LEN;
use crate::wire::writer::{self, TooLong};

/// Octets of an UPDATE before its first route: header and the two lengths.
const FIXED: usize = HEADER_LEN + 4;

/// Flags, code and extended length of an attribute, then AFI and SAFI.
const MP_FIXED: usize = 4 + 3;

/// Routes that cannot be announced with these attributes. They are withdrawn instead, since the peer may hold an earlier
/// version (RFC 8654 section 4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsendable {
    /// The routes.
    pub routes: Vec<Nlri>,
    /// Why.
    pub reason: String,
}

/// Messages, and what did not fit any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packed {
    /// UPDATE messages in the order they are to be sent.
    pub messages: Vec<Bytes>,
    /// Routes that were withdrawn because they cannot be announced.
    pub unsendable: Vec<Unsendable>,
}

/// The messages that announce these groups of routes, withdraw these others, and end these families' first dump, in this
/// order: make before break.
#[must_use]
pub fn pack(
    announce: &[(Arc<PathAttributes>, Vec<Nlri>)],
    withdraw: &[Nlri],
    end_of_rib: &[AddressFamily],
    context: &EncodeContext,
) -> Packed {
    let mut packed = Packed::default();
    for (attributes, routes) in announce {
        for family in AddressFamily::ALL {
            let routes: Vec<Nlri> = routes.iter().filter(|nlri| nlri.prefix.family() == family).copied().collect();
            if routes.is_empty() {
                continue;
            }
            let sent = packed.messages.len();
            if let Err(reason) = reachable(attributes, &routes, family, context, &mut packed.messages) {
                packed.messages.truncate(sent);
                packed.unsendable.push(Unsendable { routes, reason });
            }
        }
    }
    let unsendable: Vec<Nlri> = packed.unsendable.iter().flat_map(|group| &group.routes).copied().collect();
    for family in AddressFamily::ALL {
        let of_family = |nlri: &&Nlri| nlri.prefix.family() == family;
        let routes: Vec<Nlri> = withdraw.iter().chain(&unsendable).filter(of_family).copied().collect();
        withdrawn(&routes, family, context, &mut packed.messages);
    }
    packed.messages.extend(end_of_rib.iter().map(|family| end_of_rib_marker(*family)));
    packed
}

/// The End-of-RIB marker of a family (RFC 4724 section 2).
#[must_use]
pub fn end_of_rib_marker(family: AddressFamily) -> Bytes {
    let message = match family {
        AddressFamily::Ipv4Unicast => update(|_| Ok(()), &[], &[]),
        _ => update(|out| unreach(family, &[], out), &[], &[]),
    };
    message.unwrap_or_default()
}

fn reachable(
    attributes: &PathAttributes,
    routes: &[Nlri],
    family: AddressFamily,
    context: &EncodeContext,
    messages: &mut Vec<Bytes>,
) -> Result<(), String> {
    let next_hop = attributes.next_hop.ok_or("route has no next hop")?;
    let classic = match (family, &next_hop) {
        (AddressFamily::Ipv4Unicast, NextHop::V4(address)) => Some(*address),
        (AddressFamily::Ipv4Unicast, NextHop::V6 { .. }) if context.extended_next_hop => None,
        (AddressFamily::Ipv6Unicast, NextHop::V6 { .. }) => None,
        _ => return Err(format!("next hop {next_hop} cannot be sent for {family}")),
    };
    let mut shared = BytesMut::new();
    let too_long = |fault: TooLong| format!("attributes cannot be encoded: {fault}");
    encode::all_but_mp(attributes, classic, context, &mut shared).map_err(too_long)?;
    let mut hop = BytesMut::new();
    encode::put_mp_next_hop(&next_hop, &mut hop);
    // The next hop of MP_REACH_NLRI stands between its length and the reserved octet.
    let overhead = FIXED + shared.len() + if classic.is_some() { 0 } else { MP_FIXED + 1 + hop.len() + 1 };
    let room = usize::from(context.max_message_len).checked_sub(overhead).filter(|room| *room > 0);
    let add_path = context.add_path.contains(family);
    let full =
        || format!("attributes of {} octets leave no room in a message of {}", shared.len(), context.max_message_len);
    for part in parts(routes, add_path, room.ok_or_else(full)?) {
        let part = part.ok_or_else(full)?;
        let message = match classic {
            Some(_) => update(|out| put(&shared, out), &[], &part),
            None => update(
                |out| {
                    reach(family, &hop, &part, out)?;
                    put(&shared, out)
                },
                &[],
                &[],
            ),
        };
        messages.push(message.map_err(too_long)?);
    }
    Ok(())
}

fn withdrawn(routes: &[Nlri], family: AddressFamily, context: &EncodeContext, messages: &mut Vec<Bytes>) {
    let add_path = context.add_path.contains(family);
    let overhead = match family {
        AddressFamily::Ipv4Unicast => FIXED,
        _ => FIXED + MP_FIXED,
    };
    // Every legal message length (RFC 4271 section 4.1: at least 4096) has room for a prefix.
    let room = usize::from(context.max_message_len).saturating_sub(overhead);
    for part in parts(routes, add_path, room).flatten() {
        let message = match family {
            AddressFamily::Ipv4Unicast => update(|_| Ok(()), &part, &[]),
            _ => update(|out| unreach(family, &part, out), &[], &[]),
        };
        messages.extend(message);
    }
}

fn put(octets: &[u8], out: &mut BytesMut) -> Result<(), TooLong> {
    out.put_slice(octets);
    Ok(())
}

fn put_family(family: AddressFamily, out: &mut BytesMut) {
    let pair = family.afi_safi();
    out.put_u16(pair.afi.0);
    out.put_u8(pair.safi.0);
}

fn reach(family: AddressFamily, hop: &[u8], routes: &[u8], out: &mut BytesMut) -> Result<(), TooLong> {
    let too_long = TooLong { length: hop.len(), max: usize::from(u8::MAX) };
    let hop_length = u8::try_from(hop.len()).map_err(|_| too_long)?;
    encode::attribute(out, OPTIONAL, code::MP_REACH_NLRI, |out| {
        put_family(family, out);
        out.put_u8(hop_length);
        out.put_slice(hop);
        out.put_u8(0);
        out.put_slice(routes);
    })
}

fn unreach(family: AddressFamily, routes: &[u8], out: &mut BytesMut) -> Result<(), TooLong> {
    encode::attribute(out, OPTIONAL, code::MP_UNREACH_NLRI, |out| {
        put_family(family, out);
        out.put_slice(routes);
    })
}

/// One message of these withdrawn routes, attributes and routes.
fn update(
    attributes: impl FnOnce(&mut BytesMut) -> Result<(), TooLong>,
    withdrawn: &[u8],
    announced: &[u8],
) -> Result<Bytes, TooLong> {
    let mut content = BytesMut::new();
    attributes(&mut content)?;
    let length = |octets: &[u8]| {
        let too_long = TooLong { length: octets.len(), max: usize::from(u16::MAX) };
        u16::try_from(octets.len()).map_err(|_| too_long)
    };
    let (withdrawn_len, attributes_len) = (length(withdrawn)?, length(&content)?);
    writer::message(UPDATE, |out| {
        out.put_u16(withdrawn_len);
        out.put_slice(withdrawn);
        out.put_u16(attributes_len);
        out.put_slice(&content);
        out.put_slice(announced);
    })
}

/// The routes in octets, each part as long as fits `room`; `None` for a route that does not fit even alone.
fn parts(routes: &[Nlri], add_path: bool, room: usize) -> impl Iterator<Item = Option<BytesMut>> {
    let mut left = routes;
    std::iter::from_fn(move || {
        let mut part = BytesMut::new();
        while let Some((first, rest)) = left.split_first() {
            if part.len() + codec::encoded_len(first, add_path) > room {
                if part.is_empty() {
                    left = &[];
                    return Some(None);
                }
                break;
            }
            codec::encode(first, add_path, &mut part);
            left = rest;
        }
        (!part.is_empty()).then_some(Some(part))
    })
}

#[cfg(test)]
mod tests;
