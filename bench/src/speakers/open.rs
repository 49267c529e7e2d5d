//! The octets that bring a session up and keep it up.

use std::net::Ipv4Addr;

/// The longest message (RFC 4271 section 4.1); longer ones are not offered.
pub const LONGEST: usize = 4096;
/// Octets of a header.
pub const HEADER: usize = 19;

pub const OPEN: u8 = 1;
pub const UPDATE: u8 = 2;
pub const NOTIFICATION: u8 = 3;
pub const KEEPALIVE: u8 = 4;

/// An OPEN with IPv4 unicast and AS numbers of four octets.
pub fn open(asn: u32, hold_time_secs: u16, identifier: Ipv4Addr) -> Vec<u8> {
    let mut capabilities = vec![1, 4, 0, 1, 0, 1, 65, 4];
    capabilities.extend(asn.to_be_bytes());
    let mut body = vec![4];
    // AS_TRANS stands for what does not fit (RFC 6793 section 4.1).
    body.extend(u16::try_from(asn).unwrap_or(23456).to_be_bytes());
    body.extend(hold_time_secs.to_be_bytes());
    body.extend(identifier.octets());
    let length = u8::try_from(capabilities.len()).unwrap_or(u8::MAX);
    body.extend([length + 2, 2, length]);
    body.extend(capabilities);
    message(OPEN, &body)
}

/// A KEEPALIVE.
pub fn keepalive() -> Vec<u8> {
    message(KEEPALIVE, &[])
}

/// The hold time of the body of an OPEN, in seconds.
pub fn hold_time_secs(body: &[u8]) -> Option<u16> {
    let [_, _, _, high, low, ..] = body else { return None };
    Some(u16::from_be_bytes([*high, *low]))
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut octets = vec![0xFF; 16];
    octets.extend(u16::try_from(HEADER + body.len()).unwrap_or(u16::MAX).to_be_bytes());
    octets.push(kind);
    octets.extend(body);
    octets
}
