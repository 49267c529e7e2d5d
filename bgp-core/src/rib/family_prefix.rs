//! Prefixes of one family as keys of a table: smaller and quicker than a [`Prefix`] of either.

use std::hash::Hash;
use std::net::Ipv6Addr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::announcements::Nets;
use crate::types::{AddressFamily, Prefix};

/// A key of a table of one family.
pub(super) trait FamilyPrefix: prefix_trie::Prefix + Copy + Default + Ord + Hash + Into<Prefix> {
    /// An address of the family, as numbers in the order of its octets.
    type Address: Copy + Ord;

    /// A prefix in as few numbers as hold it, in the same order.
    type Key: Copy + Ord;

    /// The family.
    const FAMILY: AddressFamily;

    /// The network address.
    fn address(&self) -> Self::Address;

    /// Address and length.
    fn key(&self) -> Self::Key;

    /// A list of prefixes of the family.
    fn nets(list: Vec<Self>) -> Nets;

    /// The first two octets of the address.
    fn first_octets(&self) -> [u8; 2];

    /// The prefix as a key, if it is of this family.
    fn of(prefix: &Prefix) -> Option<Self>;

    /// Whether no unicast route can lead there. The default route is no martian.
    fn is_martian(&self) -> bool;
}

/// 0/8, loopback, link-local, multicast and reserved (RFC 6890).
const MARTIANS_V4: [([u8; 4], u8); 5] =
    [([0, 0, 0, 0], 8), ([127, 0, 0, 0], 8), ([169, 254, 0, 0], 16), ([224, 0, 0, 0], 4), ([240, 0, 0, 0], 4)];

/// Unspecified, loopback and IPv4-compatible; IPv4-mapped; link-local; multicast (RFC 4291, RFC 6890).
const MARTIANS_V6: [([u16; 8], u8); 4] = [
    ([0; 8], 96),
    ([0, 0, 0, 0, 0, 0xFFFF, 0, 0], 96),
    ([0xFE80, 0, 0, 0, 0, 0, 0, 0], 10),
    ([0xFF00, 0, 0, 0, 0, 0, 0, 0], 8),
];

impl FamilyPrefix for Ipv4Net {
    type Address = u32;
    type Key = u64;
    const FAMILY: AddressFamily = AddressFamily::Ipv4Unicast;

    fn address(&self) -> u32 {
        self.addr().to_bits()
    }

    fn key(&self) -> u64 {
        u64::from(self.address()) << 8 | u64::from(self.prefix_len())
    }

    fn nets(list: Vec<Self>) -> Nets {
        Nets::V4(list)
    }

    fn first_octets(&self) -> [u8; 2] {
        let [first, second, ..] = self.addr().octets();
        [first, second]
    }

    fn of(prefix: &Prefix) -> Option<Self> {
        match prefix.net() {
            IpNet::V4(net) => Some(net),
            IpNet::V6(_) => None,
        }
    }

    fn is_martian(&self) -> bool {
        let (address, len) = (self.addr().to_bits(), self.prefix_len());
        MARTIANS_V4
            .iter()
            .any(|(network, martian_len)| inside(address, len, u32::from_be_bytes(*network), *martian_len))
    }
}

impl FamilyPrefix for Ipv6Net {
    // Not one u128, which would be aligned to 16 octets.
    type Address = [u64; 2];
    type Key = ([u64; 2], u8);
    const FAMILY: AddressFamily = AddressFamily::Ipv6Unicast;

    fn address(&self) -> [u64; 2] {
        let bits = self.addr().to_bits();
        [bits >> 64, bits & u128::from(u64::MAX)].map(|half| u64::try_from(half).unwrap_or_default())
    }

    fn key(&self) -> ([u64; 2], u8) {
        (self.address(), self.prefix_len())
    }

    fn nets(list: Vec<Self>) -> Nets {
        Nets::V6(list)
    }

    fn first_octets(&self) -> [u8; 2] {
        let [first, second, ..] = self.addr().octets();
        [first, second]
    }

    fn of(prefix: &Prefix) -> Option<Self> {
        match prefix.net() {
            IpNet::V4(_) => None,
            IpNet::V6(net) => Some(net),
        }
    }

    fn is_martian(&self) -> bool {
        MARTIANS_V6.iter().any(|(network, len)| {
            let outer = Ipv6Addr::from(*network).to_bits();
            *len <= self.prefix_len() && (self.addr().to_bits() ^ outer).leading_zeros() >= u32::from(*len)
        })
    }
}

fn inside(address: u32, len: u8, outer: u32, outer_len: u8) -> bool {
    outer_len <= len && (address ^ outer).leading_zeros() >= u32::from(outer_len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_martians_and_leaves_unicast_and_the_default_route_alone() {
        for text in [
            "0.0.0.0/8",
            "0.1.0.0/16",
            "127.0.0.1/32",
            "169.254.10.0/30",
            "224.0.0.0/4",
            "239.1.1.1/32",
            "240.0.0.0/8",
            "255.255.255.255/32",
        ] {
            assert!(text.parse::<Ipv4Net>().unwrap().is_martian(), "{text}");
        }
        for text in ["0.0.0.0/0", "0.0.0.0/1", "10.0.0.0/8", "169.0.0.0/8", "192.168.0.0/16", "223.255.255.0/24"] {
            assert!(!text.parse::<Ipv4Net>().unwrap().is_martian(), "{text}");
        }
        for text in ["::/128", "::1/128", "::ffff:10.0.0.0/104", "fe80::/10", "fe80:1::/32", "ff02::/16"] {
            assert!(text.parse::<Ipv6Net>().unwrap().is_martian(), "{text}");
        }
        for text in ["::/0", "64:ff9b::/96", "fd00::/8", "2001:db8::/32"] {
            assert!(!text.parse::<Ipv6Net>().unwrap().is_martian(), "{text}");
        }
    }
}
