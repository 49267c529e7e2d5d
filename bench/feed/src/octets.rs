//! Feeds in octets (RFC 4271 section 4.3): written before the clock starts, and by itself, so that a mistake in our own codec
//! cannot hide one of aliasd.

use std::net::Ipv4Addr;

use super::{AttributeSet, Ipv4Prefix};

const MARKER: [u8; 16] = [0xFF; 16];
const UPDATE: u8 = 2;
/// The longest message of RFC 4271.
const LONGEST: usize = 4096;
/// Octets of header and the two lengths.
const FIXED: usize = 23;

/// Who announces routes.
#[derive(Clone, Copy, Debug)]
pub struct Announcer {
    /// Its AS, the first of each path.
    pub asn: u32,
    /// Where it says that its routes lead.
    pub next_hop: Ipv4Addr,
}

impl Announcer {
    /// Appends the UPDATEs that announce `prefixes` with `set`.
    pub fn announce(&self, set: &AttributeSet, prefixes: &[Ipv4Prefix], out: &mut Vec<u8>) {
        let attributes = self.attributes(set);
        let room = LONGEST.saturating_sub(FIXED + attributes.len());
        for part in parts(prefixes, room) {
            update(&[], &attributes, part, out);
        }
    }

    fn attributes(&self, set: &AttributeSet) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        attribute(0x40, 1, &[set.origin], &mut out);
        let mut path = vec![2, octet(set.path_len())];
        path.extend(self.asn.to_be_bytes());
        path.extend(set.path.iter().flat_map(|asn| asn.to_be_bytes()));
        attribute(0x40, 2, &path, &mut out);
        attribute(0x40, 3, &self.next_hop.octets(), &mut out);
        if let Some(med) = set.med {
            attribute(0x80, 4, &med.to_be_bytes(), &mut out);
        }
        if let Some(local_pref) = set.local_pref {
            attribute(0x40, 5, &local_pref.to_be_bytes(), &mut out);
        }
        if let Some((asn, address)) = set.aggregator {
            attribute(0x40, 6, &[], &mut out);
            attribute(0xC0, 7, &[asn.to_be_bytes(), address].concat(), &mut out);
        }
        if !set.communities.is_empty() {
            let communities: Vec<u8> = set.communities.iter().flat_map(|one| one.to_be_bytes()).collect();
            attribute(0xC0, 8, &communities, &mut out);
        }
        out
    }
}

/// Appends the UPDATEs that withdraw `prefixes`.
pub fn withdraw(prefixes: &[Ipv4Prefix], out: &mut Vec<u8>) {
    for part in parts(prefixes, LONGEST - FIXED) {
        update(part, &[], &[], out);
    }
}

/// As many prefixes as fit so many octets, however long they are.
fn parts(prefixes: &[Ipv4Prefix], room: usize) -> std::slice::Chunks<'_, Ipv4Prefix> {
    prefixes.chunks((room / 5).max(1))
}

fn octet(length: usize) -> u8 {
    u8::try_from(length).unwrap_or(u8::MAX)
}

fn two_octets(length: usize) -> [u8; 2] {
    u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes()
}

/// Values of up to 255 octets: a path of 63 ASes, 63 communities.
fn attribute(flags: u8, code: u8, value: &[u8], out: &mut Vec<u8>) {
    out.extend([flags, code, octet(value.len())]);
    out.extend(value);
}

fn routes(prefixes: &[Ipv4Prefix]) -> Vec<u8> {
    let mut out = Vec::with_capacity(prefixes.len() * 5);
    for prefix in prefixes {
        out.push(prefix.len());
        out.extend(prefix.network().octets().iter().take(usize::from(prefix.len().div_ceil(8))));
    }
    out
}

fn update(withdrawn: &[Ipv4Prefix], attributes: &[u8], announced: &[Ipv4Prefix], out: &mut Vec<u8>) {
    let (withdrawn, announced) = (routes(withdrawn), routes(announced));
    out.extend(MARKER);
    out.extend(two_octets(FIXED + withdrawn.len() + attributes.len() + announced.len()));
    out.push(UPDATE);
    out.extend(two_octets(withdrawn.len()));
    out.extend(&withdrawn);
    out.extend(two_octets(attributes.len()));
    out.extend(attributes);
    out.extend(&announced);
}
