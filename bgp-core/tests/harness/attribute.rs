//! Each attribute alone: whatever its octets are, it costs no more than its row in the table says, and what is read of it
//! survives the wire.

use bgp_core::attribute::spec::{self, code};
use bgp_core::attribute::walk::{RawAttribute, Walk};
use bgp_core::attribute::{AttributeValue, DecodeContext, Disposition};
use bgp_core::message::Update;
use bgp_core::types::AddressFamily;

use super::script::Script;
use super::{decode_context, message};

const EXTENDED_LENGTH: u8 = 0x10;

/// The first octet says how UPDATEs are read; flags, code and value of the attribute follow. It is read alone, and in an
/// UPDATE of one route beside the attributes that must be there.
pub fn holds(octets: &[u8]) {
    let mut script = Script::new(octets);
    let context = decode_context(script.octet());
    let (flags, code) = (script.octet(), script.octet());
    let value = script.rest();
    let value = &value[..value.len().min(60_000)];
    let raw = RawAttribute { flags, code, value };
    let read = AttributeValue::read(raw, &context);
    assert_eq!(read == Ok(None), spec::of(code).is_none());
    if let Err(reason) = &read {
        assert!(!reason.is_empty());
    }
    let attributes = [required(code, &context), one(flags, code, value)].concat();
    let walked = Walk::new(&attributes).last().expect("an attribute").expect("a whole one");
    assert_eq!((walked.code, walked.value), (code, value));
    let with_path_id = context.add_path.contains(AddressFamily::Ipv4Unicast);
    let body = update(&attributes, if with_path_id { &[0, 0, 0, 7, 8, 10] } else { &[8, 10] });
    cost(&body, code, read.is_err(), &context);
    message::update(&body, &context);
}

/// A fault of one attribute costs what its row says; one that cannot be read is always a fault, except where it is not
/// looked at.
fn cost(body: &[u8], code: u8, malformed: bool, context: &DecodeContext) {
    let row = spec::of(code);
    match Update::decode(body, context) {
        Err(_) => assert_eq!(row.map(|row| row.malformed), Some(Disposition::SessionReset)),
        Ok(update) => {
            let fault = update.faults.iter().find(|fault| fault.code == code);
            let passed_over = context.four_octet_asn && matches!(code, code::AS4_PATH | code::AS4_AGGREGATOR);
            assert!(fault.is_some() || !malformed || passed_over, "{code} is malformed and nobody says so");
            assert!(update.faults.iter().all(|fault| fault.code == code), "{:?}", update.faults);
        }
    }
}

/// ORIGIN, AS_PATH of AS 65001 and NEXT_HOP, except the one that is to be tried.
fn required(tried: u8, context: &DecodeContext) -> Vec<u8> {
    let path: &[u8] = if context.four_octet_asn { &[2, 1, 0, 0, 0xFD, 0xE9] } else { &[2, 1, 0xFD, 0xE9] };
    let all: [(u8, &[u8]); 3] = [(code::ORIGIN, &[0]), (code::AS_PATH, path), (code::NEXT_HOP, &[192, 0, 2, 1])];
    all.into_iter().filter(|(code, _)| *code != tried).flat_map(|(code, value)| one(0x40, code, value)).collect()
}

/// One attribute, with the form of length that its flags and its value ask for.
pub fn one(flags: u8, code: u8, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).unwrap();
    match u8::try_from(length) {
        Ok(length) if flags & EXTENDED_LENGTH == 0 => [&[flags, code, length][..], value].concat(),
        _ => [&[flags | EXTENDED_LENGTH, code][..], &length.to_be_bytes(), value].concat(),
    }
}

/// The body of an UPDATE of these attributes and these IPv4 routes.
pub fn update(attributes: &[u8], routes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(attributes.len()).unwrap();
    [&[0, 0][..], &length.to_be_bytes(), attributes, routes].concat()
}
