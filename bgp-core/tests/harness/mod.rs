//! What must hold of bgp-core whatever octets it is given: each property is one function from octets to nothing, which
//! panics where the property does not hold.
//!
//! The property tests beside this folder call them with generated octets and with the seeds in `fuzz/corpus`, the fuzz
//! targets in `fuzz/targets` with octets that a fuzzer makes up. They use nothing but the public API.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what does not hold is to panic"
)]
#![allow(dead_code, reason = "each user has its own part")]

pub mod attribute;
pub mod framer;
pub mod message;
pub mod open;
pub mod script;
pub mod session;

use bgp_core::attribute::{DecodeContext, EncodeContext};
use bgp_core::types::{AddressFamily, Asn, FamilySet, PeerKind};
use bgp_core::wire::{Frame, Framer};

/// The whole message of this kind and body, as a framer gives it; bodies that no message can have are cut.
pub fn frame(kind: u8, body: &[u8]) -> Frame {
    let body = &body[..body.len().min(65_535 - 19)];
    let length = u16::try_from(19 + body.len()).unwrap();
    let octets = [&[0xFF; 16][..], &length.to_be_bytes(), &[kind], body].concat();
    let mut framer = Framer::new();
    framer.push(&octets);
    framer.next_frame(u16::MAX).unwrap().unwrap()
}

/// One way of reading UPDATEs, by the bits of an octet.
pub fn decode_context(bits: u8) -> DecodeContext {
    let on = |bit: u8| bits & bit != 0;
    let add_path = match (on(4), on(8)) {
        (false, false) => FamilySet::EMPTY,
        (true, false) => FamilySet::from_iter([AddressFamily::Ipv4Unicast]),
        (false, true) => FamilySet::from_iter([AddressFamily::Ipv6Unicast]),
        (true, true) => FamilySet::from_iter(AddressFamily::ALL),
    };
    let families = match (on(16), on(32)) {
        (false, false) => FamilySet::from_iter(AddressFamily::ALL),
        (true, false) => FamilySet::from_iter([AddressFamily::Ipv4Unicast]),
        (_, true) => FamilySet::from_iter([AddressFamily::Ipv6Unicast]),
    };
    let any_path = DecodeContext {
        peer_kind: if on(1) { PeerKind::Internal } else { PeerKind::External },
        four_octet_asn: !on(2),
        add_path,
        families,
        ..DecodeContext::default()
    };
    let lenient = on(128);
    let first_asn = on(64).then_some(Asn(65001));
    DecodeContext { first_asn, accept_as_set: lenient, extended_next_hop: lenient, ..any_path }
}

/// How a speaker writes for a peer that reads so.
pub fn encode_context(context: &DecodeContext) -> EncodeContext {
    EncodeContext {
        four_octet_asn: context.four_octet_asn,
        max_message_len: u16::MAX,
        add_path: context.add_path,
        extended_next_hop: context.extended_next_hop,
    }
}
