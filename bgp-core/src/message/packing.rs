//! From routes to the fewest UPDATE messages (RFC 4271 section 4.3, RFC 4760, RFC 7606 section 5.1).
//!
//! IPv4 routes with an IPv4 next hop go where RFC 4271 puts them; all others in MP_REACH_NLRI and MP_UNREACH_NLRI. One
//! message carries routes of one place only (RFC 7606 section 5.1).

use std::borrow::Borrow;
use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};

use super::UPDATE;
use crate::attribute::encode;
use crate::attribute::spec::{OPTIONAL, code};
use crate::attribute::{EncodeContext, PathAttributes};
use crate::nlri::{EncodedRoutes, Nlri, Unsendable, codec};
use crate::types::{AddressFamily, NextHop};
use crate::wire::framer::{HEADER_LEN, first_message_len};
use crate::wire::writer::{self, TooLong};

/// Octets of an UPDATE before its first route: header and the two lengths.
const FIXED: usize = HEADER_LEN + 4;

/// Flags, code and extended length of an attribute, then AFI and SAFI.
const MP_FIXED: usize = 4 + 3;

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
    let mut out = BytesMut::new();
    let groups = announce.iter().map(|(attributes, routes)| (&**attributes, &routes[..]));
    let unsendable = put_announcements(groups, context, &mut out);
    let not_sent = unsendable.iter().flat_map(|group| &group.routes);
    put_withdrawals(withdraw.iter().chain(not_sent), context, &mut out);
    end_of_rib.iter().for_each(|family| put_end_of_rib(*family, &mut out));
    Packed { messages: messages(out.freeze()).collect(), unsendable }
}

/// The messages that announce these groups of routes, `count` in all, as one run of octets, and what does not fit any.
#[must_use]
pub fn pack_announcements<A: Borrow<PathAttributes>, R: Borrow<[Nlri]>>(
    announce: impl Iterator<Item = (A, R)>,
    count: usize,
    context: &EncodeContext,
) -> EncodedRoutes {
    // What a route takes at most when four of them share their attributes.
    const OCTETS_A_ROUTE: usize = 32;
    let mut out = BytesMut::with_capacity(count * OCTETS_A_ROUTE);
    let unsendable = put_announcements(announce, context, &mut out);
    put_withdrawals(unsendable.iter().flat_map(|group| &group.routes), context, &mut out);
    EncodedRoutes { messages: out.freeze(), unsendable }
}

/// The messages that withdraw these routes, and then end these families' first dump, as one run of octets.
#[must_use]
pub fn pack_withdrawals(withdraw: &[Nlri], end_of_rib: &[AddressFamily], context: &EncodeContext) -> Bytes {
    let mut out = BytesMut::new();
    put_withdrawals(withdraw.iter(), context, &mut out);
    end_of_rib.iter().for_each(|family| put_end_of_rib(*family, &mut out));
    out.freeze()
}

/// Takes a run of messages apart; it ends where no whole message follows.
pub fn messages(mut run: Bytes) -> impl Iterator<Item = Bytes> {
    std::iter::from_fn(move || first_message_len(&run).map(|length| run.split_to(length)))
}

/// Those that are unsendable are still to be withdrawn.
fn put_announcements<A: Borrow<PathAttributes>, R: Borrow<[Nlri]>>(
    announce: impl Iterator<Item = (A, R)>,
    context: &EncodeContext,
    out: &mut BytesMut,
) -> Vec<Unsendable> {
    let mut unsendable = Vec::new();
    let mut shared = BytesMut::new();
    for (attributes, routes) in announce {
        let routes = routes.borrow();
        for family in AddressFamily::ALL {
            let of_family = |nlri: &&Nlri| nlri.prefix.family() == family;
            if !routes.iter().any(|nlri| of_family(&nlri)) {
                continue;
            }
            let sent = out.len();
            shared.clear();
            if let Err(reason) = reachable(attributes.borrow(), routes, (family, context), &mut shared, out) {
                out.truncate(sent);
                let routes = routes.iter().filter(of_family).copied().collect();
                unsendable.push(Unsendable { routes, reason });
            }
        }
    }
    unsendable
}

fn put_withdrawals<'a>(routes: impl Iterator<Item = &'a Nlri> + Clone, context: &EncodeContext, out: &mut BytesMut) {
    for family in AddressFamily::ALL {
        withdrawn(routes.clone().filter(|nlri| nlri.prefix.family() == family), family, context, out);
    }
}

/// The End-of-RIB marker of a family (RFC 4724 section 2).
#[must_use]
pub fn end_of_rib_marker(family: AddressFamily) -> Bytes {
    let mut out = BytesMut::new();
    put_end_of_rib(family, &mut out);
    out.freeze()
}

fn put_end_of_rib(family: AddressFamily, out: &mut BytesMut) {
    let put = match family {
        AddressFamily::Ipv4Unicast => put_update(out, |_| Ok(()), |_| Ok(()), |_| {}),
        _ => put_update(out, |_| Ok(()), |out| put_unreach(family, |_| {}, out), |_| {}),
    };
    debug_assert!(put.is_ok(), "no marker is too long");
}

/// Routes of one family, taken a message's worth at a time.
struct Batches<I: Iterator> {
    routes: std::iter::Peekable<I>,
    add_path: bool,
}

impl<'a, I: Iterator<Item = &'a Nlri>> Batches<I> {
    fn new(routes: I, family: AddressFamily, context: &EncodeContext) -> Self {
        Self { routes: routes.peekable(), add_path: context.add_path.contains(family) }
    }

    fn is_over(&mut self) -> bool {
        self.routes.peek().is_none()
    }

    /// Writes as many as fit in `room` octets; whether that was at least one.
    fn put(&mut self, mut room: usize, out: &mut BytesMut) -> bool {
        let mut any = false;
        let add_path = self.add_path;
        while let Some(nlri) = self.routes.next_if(|nlri| codec::encoded_len(nlri, add_path) <= room) {
            room -= codec::encoded_len(nlri, add_path);
            codec::encode(nlri, add_path, out);
            any = true;
        }
        any
    }
}

/// Appends the messages that announce the routes of one family; `shared` is where their attributes are written first.
fn reachable(
    attributes: &PathAttributes,
    routes: &[Nlri],
    (family, context): (AddressFamily, &EncodeContext),
    shared: &mut BytesMut,
    out: &mut BytesMut,
) -> Result<(), String> {
    let next_hop = attributes.next_hop.ok_or("route has no next hop")?;
    let classic = match (family, &next_hop) {
        (AddressFamily::Ipv4Unicast, NextHop::V4(address)) => Some(*address),
        (AddressFamily::Ipv4Unicast, NextHop::V6 { .. }) if context.extended_next_hop => None,
        (AddressFamily::Ipv6Unicast, NextHop::V6 { .. }) => None,
        _ => return Err(format!("next hop {next_hop} cannot be sent for {family}")),
    };
    let too_long = |fault: TooLong| format!("attributes cannot be encoded: {fault}");
    encode::all_but_mp(attributes, classic, context, shared).map_err(too_long)?;
    let mut hop = BytesMut::new();
    if classic.is_none() {
        encode::put_mp_next_hop(&next_hop, &mut hop);
    }
    // The next hop of MP_REACH_NLRI stands between its length and the reserved octet.
    let overhead = FIXED + shared.len() + if classic.is_some() { 0 } else { MP_FIXED + 1 + hop.len() + 1 };
    let full =
        || format!("attributes of {} octets leave no room in a message of {}", shared.len(), context.max_message_len);
    let room = usize::from(context.max_message_len).checked_sub(overhead).filter(|room| *room > 0).ok_or_else(full)?;
    let mut batches = Batches::new(routes.iter().filter(|nlri| nlri.prefix.family() == family), family, context);
    while !batches.is_over() {
        let mut any = false;
        let put = match classic {
            Some(_) => put_update(out, |_| Ok(()), |out| put(shared, out), |out| any = batches.put(room, out)),
            None => put_update(
                out,
                |_| Ok(()),
                |out| {
                    put_reach(family, &hop, |out| any = batches.put(room, out), out)?;
                    put(shared, out)
                },
                |_| {},
            ),
        };
        put.map_err(too_long)?;
        if !any {
            return Err(full());
        }
    }
    Ok(())
}

fn withdrawn<'a>(
    routes: impl Iterator<Item = &'a Nlri>,
    family: AddressFamily,
    context: &EncodeContext,
    out: &mut BytesMut,
) {
    let overhead = match family {
        AddressFamily::Ipv4Unicast => FIXED,
        _ => FIXED + MP_FIXED,
    };
    // Every legal message length (RFC 4271 section 4.1: at least 4096) has room for a prefix.
    let room = usize::from(context.max_message_len).saturating_sub(overhead);
    let mut batches = Batches::new(routes, family, context);
    while !batches.is_over() {
        let (start, mut any) = (out.len(), false);
        let mut routes = |out: &mut BytesMut| any = batches.put(room, out);
        let put = match family {
            AddressFamily::Ipv4Unicast => {
                let withdrawn = |out: &mut BytesMut| {
                    routes(out);
                    Ok(())
                };
                put_update(out, withdrawn, |_| Ok(()), |_| {})
            }
            _ => put_update(out, |_| Ok(()), |out| put_unreach(family, routes, out), |_| {}),
        };
        if put.is_err() || !any {
            out.truncate(start);
            break;
        }
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

fn put_reach(
    family: AddressFamily,
    hop: &[u8],
    routes: impl FnOnce(&mut BytesMut),
    out: &mut BytesMut,
) -> Result<(), TooLong> {
    let too_long = TooLong { length: hop.len(), max: usize::from(u8::MAX) };
    let hop_length = u8::try_from(hop.len()).map_err(|_| too_long)?;
    encode::attribute(out, OPTIONAL, code::MP_REACH_NLRI, |out| {
        put_family(family, out);
        out.put_u8(hop_length);
        out.put_slice(hop);
        out.put_u8(0);
        routes(out);
    })
}

fn put_unreach(family: AddressFamily, routes: impl FnOnce(&mut BytesMut), out: &mut BytesMut) -> Result<(), TooLong> {
    encode::attribute(out, OPTIONAL, code::MP_UNREACH_NLRI, |out| {
        put_family(family, out);
        routes(out);
    })
}

/// Appends one message of these withdrawn routes, attributes and routes.
fn put_update(
    out: &mut BytesMut,
    withdrawn: impl FnOnce(&mut BytesMut) -> Result<(), TooLong>,
    attributes: impl FnOnce(&mut BytesMut) -> Result<(), TooLong>,
    announced: impl FnOnce(&mut BytesMut),
) -> Result<(), TooLong> {
    writer::append_message(out, UPDATE, |out| {
        writer::two_octet_length_value(out, withdrawn)?;
        writer::two_octet_length_value(out, attributes)?;
        announced(out);
        Ok(())
    })
}

#[cfg(test)]
mod tests;
