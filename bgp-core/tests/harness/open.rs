//! An OPEN that is read is the OPEN that was written, and what a speaker makes of it is legal.

use bgp_core::message::{Message, MessageError, Open};
use bgp_core::session::legal;
use bgp_core::wire::Framer;

use super::frame;

/// The octets are what follows the header.
pub fn holds(body: &[u8]) {
    let open = match Message::decode(&frame(1, body)) {
        Ok(Message::Open(open)) => open,
        Ok(other) => panic!("OPEN is read as {other:?}"),
        Err(error) => {
            let code = error.to_notification().code.code();
            let of_length = matches!(error, MessageError::BadLength { .. });
            assert_eq!(code, if of_length { 1 } else { 2 }, "{error}");
            return;
        }
    };
    survives_the_wire(&open);
    match legal(&open) {
        Ok((identifier, hold_time)) => {
            assert_eq!(identifier.to_bits(), open.identifier);
            assert_eq!(hold_time.as_secs(), open.hold_time_secs);
            assert!(!open.asn.is_zero() && open.identifier != 0 && !matches!(open.hold_time_secs, 1 | 2));
        }
        Err((notification, _)) => assert_eq!(notification.code.code(), 2),
    }
}

/// Written and read again it is the same. Our form of writing it, one capability a parameter, may be longer than what came.
pub fn survives_the_wire(open: &Open) {
    let octets = open.encode().expect("what came in one OPEN fits another");
    let mut framer = Framer::new();
    framer.push(&octets);
    let frame = framer.next_frame(u16::MAX).unwrap().unwrap();
    match Message::decode(&frame) {
        Ok(Message::Open(again)) => assert_eq!(&again, open),
        Err(MessageError::BadLength { .. }) => assert!(octets.len() > 4096),
        other => panic!("our own OPEN is read as {other:?}"),
    }
}
