//! Whatever octets come: the properties of `harness`, with octets that proptest makes up and with the seeds that the
//! fuzzers start from.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that panics has failed")]

#[path = "../harness/mod.rs"]
mod harness;
mod seeds;

use proptest::prelude::*;

use harness::{attribute, framer, message, open, session};

#[test]
fn every_message_among_the_seeds() {
    seeds::each("message", message::holds);
}

#[test]
fn every_attribute_among_the_seeds() {
    seeds::each("attribute", attribute::holds);
}

#[test]
fn every_open_among_the_seeds() {
    seeds::each("open", open::holds);
}

#[test]
fn every_stream_among_the_seeds() {
    seeds::each("framer", framer::holds);
}

#[test]
fn every_session_among_the_seeds() {
    seeds::each("session", session::holds);
}

#[test]
fn the_seeds_of_sessions_get_somewhere() {
    let reached: Vec<_> = seeds::of("session").iter().map(|(_, octets)| session::runs(octets)).collect();
    assert!(reached.iter().any(|reached| reached.established > 1), "{reached:?}");
    assert!(reached.iter().any(|reached| reached.updates > 0), "{reached:?}");
    assert!(reached.iter().any(|reached| reached.collisions > 0), "{reached:?}");
}

fn octets(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..most)
}

/// A list of attributes, each whole, so that random ones are not all refused for the lengths of the first.
fn attributes() -> impl Strategy<Value = Vec<u8>> {
    let flags = prop::sample::select(vec![0x40, 0x80, 0xC0, 0x50, 0xE0, 0x00]);
    let one = (flags, prop_oneof![1..20_u8, 32..36_u8, any::<u8>()], octets(24));
    let good = Just([attribute::one(0x40, 1, &[0]), attribute::one(0x40, 2, &[]), attribute::one(0x40, 3, &[9; 4])]);
    let others = prop::collection::vec(one, 0..4);
    (any::<bool>(), good, others).prop_map(|(with_good, good, others)| {
        let others: Vec<u8> =
            others.iter().flat_map(|(flags, code, value)| attribute::one(*flags, *code, value)).collect();
        if with_good { [good.concat(), others].concat() } else { others }
    })
}

/// Prefixes, most of them whole.
fn prefixes() -> impl Strategy<Value = Vec<u8>> {
    let one = (0..=32_u8, octets(5)).prop_map(|(length, mut octets)| {
        octets.resize(usize::from(length.div_ceil(8)), 0);
        octets.insert(0, length);
        octets
    });
    (prop::collection::vec(one, 0..6), octets(2)).prop_map(|(whole, rest)| [whole.concat(), rest].concat())
}

fn script() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![octets(300), octets(300).prop_map(|rest| session::up(&rest))]
}

proptest! {
    #[test]
    fn any_message(how in any::<u8>(), kind in 0..8_u8, body in octets(120)) {
        message::holds(&[&[how, kind][..], &body].concat());
    }

    #[test]
    fn any_update(how in any::<u8>(), withdrawn in prefixes(), attributes in attributes(), announced in prefixes()) {
        let length = u16::try_from(withdrawn.len()).unwrap().to_be_bytes();
        let rest = attribute::update(&attributes, &announced);
        message::holds(&[&[how, 2][..], &length, &withdrawn, &rest[2..]].concat());
    }

    #[test]
    fn any_attribute(how in any::<u8>(), flags in any::<u8>(), code in 0..40_u8, value in octets(80)) {
        attribute::holds(&[&[how, flags, code][..], &value].concat());
    }

    #[test]
    fn any_open(header in octets(10), parameters in prop::collection::vec((0..3_u8, 0..75_u8, octets(12)), 0..5)) {
        let capabilities: Vec<u8> = parameters
            .iter()
            .flat_map(|(kind, code, value)| {
                let length = u8::try_from(value.len()).unwrap();
                [&[*kind, length + 2, *code, length][..], value].concat()
            })
            .collect();
        let length = u8::try_from(capabilities.len()).unwrap();
        open::holds(&[&[4][..], &header, &[length], &capabilities].concat());
    }

    #[test]
    fn any_stream(how in octets(20), bodies in prop::collection::vec((any::<u8>(), octets(90)), 0..9), rest in octets(30)) {
        let stream: Vec<u8> =
            bodies.iter().flat_map(|(kind, body)| harness::frame(*kind, body).octets.to_vec()).collect();
        framer::holds(&[how, stream, rest].concat());
    }

    #[test]
    fn any_session(script in script()) {
        session::holds(&script);
    }
}
