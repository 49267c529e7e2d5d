//! Blocks of addresses as numbers, in one form for both families.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bgp_core::types::{AddressFamily, Prefix};

/// A prefix of some family: its bits from the most significant one on, all others clear.
///
/// Ordered by first address, then shorter first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Block {
    pub bits: u128,
    pub len: u8,
}

/// Bits of an IPv6 address that an IPv4 address does not have.
const IPV4_SHIFT: u32 = 96;

impl Block {
    /// The block of a prefix, whose family is left to the caller.
    pub fn of(prefix: &Prefix) -> Self {
        let bits = match prefix.network() {
            IpAddr::V4(address) => u128::from(u32::from(address)) << IPV4_SHIFT,
            IpAddr::V6(address) => address.into(),
        };
        Self { bits, len: prefix.len() }
    }

    pub fn prefix(self, family: AddressFamily) -> Prefix {
        let address = match family {
            AddressFamily::Ipv4Unicast => {
                let bits = u32::try_from(self.bits >> IPV4_SHIFT).unwrap_or(u32::MAX);
                IpAddr::V4(Ipv4Addr::from_bits(bits))
            }
            AddressFamily::Ipv6Unicast => IpAddr::V6(Ipv6Addr::from_bits(self.bits)),
        };
        // A block is no longer than the addresses of its family.
        Prefix::new(address, self.len).unwrap_or_else(|_| Prefix::host(address))
    }

    /// The block of `len` bits around this one, or this one when it is no longer.
    pub fn shortened(self, len: u8) -> Self {
        let len = len.min(self.len);
        Self { bits: self.bits & mask(len), len }
    }

    pub fn covers(self, other: Self) -> bool {
        self.len <= other.len && other.bits & mask(self.len) == self.bits
    }

    /// The longest block that covers both.
    pub fn common(self, other: Self) -> Self {
        let equal = u8::try_from((self.bits ^ other.bits).leading_zeros()).unwrap_or(u8::MAX);
        self.shortened(equal.min(other.len))
    }

    /// Whether the bit after the first `len` is set: which half of a block of that length this one lies in.
    pub fn half(self, len: u8) -> usize {
        usize::from(self.bits & (mask(len.saturating_add(1)) ^ mask(len)) != 0)
    }

    /// Both halves; `None` for a single IPv6 address. An IPv4 address must not be asked.
    pub fn halves(self) -> Option<[Self; 2]> {
        let len = self.len.checked_add(1).filter(|len| *len <= 128)?;
        Some([Self { bits: self.bits, len }, Self { bits: self.bits | (mask(len) ^ mask(self.len)), len }])
    }

    /// How many addresses of `family` it holds; 2^128 is one less.
    pub fn size(self, family: AddressFamily) -> u128 {
        size(family, self.len)
    }
}

/// How many addresses of `family` a block of this length holds; 2^128 is one less.
pub(super) fn size(family: AddressFamily, len: u8) -> u128 {
    let host_bits = family.max_prefix_len().saturating_sub(len);
    1_u128.checked_shl(host_bits.into()).unwrap_or(u128::MAX)
}

fn mask(len: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(len.min(128))).unwrap_or(0)
}
