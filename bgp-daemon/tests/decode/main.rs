//! `aliasctl decode` as its user sees it: octets in, lines and an exit code out.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that panics has failed"
)]

use bgp_daemon::cli::decode::{DecodeArguments, DecodeError, run_on};
use clap::Parser;
use serde_json::Value;

mod command;
mod formats;
mod messages;
mod mrt;
mod properties;

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    decode: DecodeArguments,
}

fn arguments(given: &[&str]) -> DecodeArguments {
    Command::try_parse_from([&["decode"], given].concat()).unwrap_or_else(|error| panic!("{error}")).decode
}

/// The text that comes out, and what kept it from being all.
fn decode_text(given: &[&str], input: &[u8]) -> (String, Result<(), DecodeError>) {
    let mut out = Vec::new();
    let done = run_on(&arguments(given), input, &mut out);
    (String::from_utf8(out).unwrap(), done)
}

fn objects(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn decode_all(given: &[&str], input: &[u8]) -> Vec<Value> {
    let (text, done) = decode_text(given, input);
    done.unwrap();
    objects(&text)
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(19 + body.len()).unwrap();
    [&[0xFF; 16][..], &length.to_be_bytes(), &[kind], body].concat()
}

fn keepalive() -> Vec<u8> {
    message(4, &[])
}

/// 10.0.0.0/8 by AS 65001, whose number has `width` octets.
fn announcement(width: usize) -> Vec<u8> {
    let asn = [0, 0, 0xFD, 0xE9];
    let path = [&[0x40, 2, u8::try_from(2 + width).unwrap(), 2, 1], &asn[4 - width..]].concat();
    let attributes = [&[0x40, 1, 1, 0][..], &path, &[0x40, 3, 4, 192, 0, 2, 1]].concat();
    let length = u16::try_from(attributes.len()).unwrap().to_be_bytes();
    message(2, &[&[0, 0][..], &length, &attributes, &[8, 10]].concat())
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn field<'v>(objects: &'v [Value], pointer: &str) -> Vec<&'v Value> {
    objects.iter().map(|object| object.pointer(pointer).unwrap_or(&Value::Null)).collect()
}

/// An MRT record of 2015-10-23T02:01:18Z.
fn record(kind: u16, subtype: u16, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap();
    let timestamp = 1_445_565_678_u32.to_be_bytes();
    [&timestamp[..], &kind.to_be_bytes(), &subtype.to_be_bytes(), &length.to_be_bytes(), body].concat()
}

/// The two ends of an MRT record, with AS numbers of `width` octets.
fn ends(width: usize, peer_asn: u32, local_asn: u32, ipv6: bool) -> Vec<u8> {
    let (peer, local) = (peer_asn.to_be_bytes(), local_asn.to_be_bytes());
    let asns = [&peer[4 - width..], &local[4 - width..], &[0, 7]].concat();
    let addresses = match ipv6 {
        true => [&[0, 2][..], &[0x20, 1, 0x0D, 0xB8], &[0; 11], &[1], &[0x20, 1, 0x0D, 0xB8], &[0; 11], &[2]].concat(),
        false => [0, 1, 192, 0, 2, 1, 192, 0, 2, 2].to_vec(),
    };
    [asns, addresses].concat()
}
