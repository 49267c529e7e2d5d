//! BGP octets by hand: right ones, and ones that are wrong in a known way.

use std::net::Ipv4Addr;

const MARKER: [u8; 16] = [0xFF; 16];
const HEADER: usize = 19;

pub const OPEN: u8 = 1;
pub const UPDATE: u8 = 2;
pub const NOTIFICATION: u8 = 3;
pub const KEEPALIVE: u8 = 4;
pub const ROUTE_REFRESH: u8 = 5;

/// A message of that type.
pub fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(HEADER + body.len()).unwrap_or(u16::MAX);
    [&MARKER[..], &length.to_be_bytes(), &[kind], body].concat()
}

/// An OPEN with the capabilities of IPv4 unicast, route refresh, and 4-octet AS numbers.
pub fn open(asn: u16, hold_time_secs: u16, identifier: Ipv4Addr) -> Vec<u8> {
    let [high, low] = asn.to_be_bytes();
    let capabilities = [1, 4, 0, 1, 0, 1, 2, 0, 65, 4, 0, 0, high, low];
    let parameter = [&[2, 14][..], &capabilities].concat();
    let body = [&[4, high, low][..], &hold_time_secs.to_be_bytes(), &identifier.octets(), &[16], &parameter].concat();
    message(OPEN, &body)
}

/// A Cease.
pub fn notification() -> Vec<u8> {
    message(NOTIFICATION, &[6, 4])
}

/// Asks for IPv4 unicast again.
pub fn route_refresh() -> Vec<u8> {
    message(ROUTE_REFRESH, &[0, 1, 0, 1])
}

/// An attribute with an extended length.
pub fn attribute(flags: u8, code: u8, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
    [&[flags | 0x10, code][..], &length.to_be_bytes(), value].concat()
}

/// ORIGIN IGP.
pub fn origin() -> Vec<u8> {
    attribute(0x40, 1, &[0])
}

/// An AS_PATH of AS_SEQUENCEs.
pub fn as_path(asns: &[u32]) -> Vec<u8> {
    let segment = |part: &[u32]| {
        let count = u8::try_from(part.len()).unwrap_or(u8::MAX);
        let asns = part.iter().flat_map(|asn| asn.to_be_bytes());
        [2, count].into_iter().chain(asns).collect::<Vec<u8>>()
    };
    attribute(0x40, 2, &asns.chunks(255).flat_map(segment).collect::<Vec<u8>>())
}

/// A next hop on a tunnel of ours.
pub fn next_hop() -> Vec<u8> {
    attribute(0x40, 3, &[169, 254, 66, 2])
}

/// An UPDATE that announces prefixes, each as its octets on the wire.
pub fn update(attributes: &[Vec<u8>], nlri: &[u8]) -> Vec<u8> {
    let attributes = attributes.concat();
    let length = u16::try_from(attributes.len()).unwrap_or(u16::MAX);
    message(UPDATE, &[&[0, 0][..], &length.to_be_bytes(), &attributes, nlri].concat())
}

/// The /32 with that number, counted from 1.0.0.0 on.
pub fn host(number: u32) -> [u8; 5] {
    let [a, b, c, d] = (0x0100_0000 + number).to_be_bytes();
    [32, a, b, c, d]
}

/// Numbers that look random and are the same in each run (xorshift).
#[derive(Debug)]
pub struct Noise(pub u64);

impl Noise {
    pub fn octets(&mut self, count: usize) -> Vec<u8> {
        let mut octets = Vec::with_capacity(count + 8);
        while octets.len() < count {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            octets.extend(self.0.to_be_bytes());
        }
        octets.truncate(count);
        octets
    }
}
