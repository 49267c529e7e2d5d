//! Addresses and the prefixes that cover them, counted without a walk over more than what is asked about.

use std::net::IpAddr;

use bgp_core::types::Prefix;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};

use super::written;
use crate::shared_map::SharedMap;

/// How many addresses of each family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addresses {
    /// Of IPv4.
    pub ipv4: u64,
    /// Of IPv6; 2^128 is one less.
    #[serde(with = "written::number")]
    pub ipv6: u128,
}

impl Addresses {
    /// None.
    pub const NONE: Self = Self { ipv4: 0, ipv6: 0 };

    /// Whether there is none.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.ipv4 == 0 && self.ipv6 == 0
    }

    fn of(is_ipv4: bool, count: u128) -> Self {
        match is_ipv4 {
            true => Self { ipv4: u64::try_from(count).unwrap_or(u64::MAX), ipv6: 0 },
            false => Self { ipv4: 0, ipv6: count },
        }
    }
}

impl std::ops::Sub for Addresses {
    type Output = Self;

    /// What is left, of either family none at least.
    fn sub(self, other: Self) -> Self {
        Self { ipv4: self.ipv4.saturating_sub(other.ipv4), ipv6: self.ipv6.saturating_sub(other.ipv6) }
    }
}

impl std::ops::AddAssign for Addresses {
    fn add_assign(&mut self, other: Self) {
        self.ipv4 = self.ipv4.saturating_add(other.ipv4);
        self.ipv6 = self.ipv6.saturating_add(other.ipv6);
    }
}

impl std::iter::Sum for Addresses {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::NONE, |mut sum, one| {
            sum += one;
            sum
        })
    }
}

/// First and last address as numbers, and whether they are of IPv4.
fn span(prefix: &Prefix) -> (bool, u128, u128) {
    let host_bits = u32::from(prefix.family().max_prefix_len() - prefix.len());
    let hosts = 1_u128.checked_shl(host_bits).map_or(u128::MAX, |count| count - 1);
    match prefix.network() {
        IpAddr::V4(address) => (true, u32::from(address).into(), u128::from(u32::from(address)) + hosts),
        IpAddr::V6(address) => (false, address.into(), u128::from(address) | hosts),
    }
}

/// How many addresses the prefixes hold, each counted once. They are ascending; one may lie inside another.
pub(super) fn addresses<'a>(ascending: impl IntoIterator<Item = &'a Prefix>) -> Addresses {
    let (mut sum, mut around): (_, Option<Prefix>) = (Addresses::NONE, None);
    for prefix in ascending {
        if !around.is_some_and(|around| around.covers(prefix)) {
            let (is_ipv4, first, last) = span(prefix);
            sum += Addresses::of(is_ipv4, (last - first).saturating_add(1));
            around = Some(*prefix);
        }
    }
    sum
}

/// Prefixes of one family that own what they are made of.
type Of<N> = std::iter::Map<std::vec::IntoIter<N>, fn(N) -> Prefix>;

/// The fewest prefixes that hold just the addresses of `all`, ascending.
pub(super) fn joined<'a>(all: impl IntoIterator<Item = &'a Prefix>) -> std::iter::Chain<Of<Ipv4Net>, Of<Ipv6Net>> {
    let (mut ipv4, mut ipv6) = (Vec::new(), Vec::new());
    for prefix in all {
        match prefix.net() {
            IpNet::V4(net) => ipv4.push(net),
            IpNet::V6(net) => ipv6.push(net),
        }
    }
    let ipv4: Of<Ipv4Net> = Ipv4Net::aggregate(&ipv4).into_iter().map(Prefix::from);
    let ipv6: Of<Ipv6Net> = Ipv6Net::aggregate(&ipv6).into_iter().map(Prefix::from);
    ipv4.chain(ipv6)
}

/// How many addresses of `prefix` lie in none of `cover`, which is ascending and holds nothing that shares no address with
/// it.
pub(super) fn uncovered<'a>(prefix: &Prefix, cover: impl IntoIterator<Item = &'a Prefix>) -> Addresses {
    let (is_ipv4, first, last) = span(prefix);
    let (mut count, mut next) = (0_u128, Some(first));
    for one in cover {
        let (_, begin, end) = span(one);
        let Some(at) = next.filter(|at| *at <= last) else { break };
        count = count.saturating_add(begin.saturating_sub(at));
        next = end.checked_add(1).map(|after| after.max(at));
    }
    if let Some(at) = next.filter(|at| *at <= last) {
        count = count.saturating_add((last - at).saturating_add(1));
    }
    Addresses::of(is_ipv4, count)
}

/// What of `all` shares an address with `target`, ascending. One may lie inside another.
pub(super) fn overlapping<'a, T: Clone>(
    all: &'a SharedMap<Prefix, T>,
    target: &Prefix,
) -> impl Iterator<Item = (&'a Prefix, &'a T)> {
    let target = *target;
    let supernets = (0..=target.len()).filter_map(move |length| Prefix::new(target.network(), length).ok());
    let around = supernets.filter_map(|supernet| all.get_key_value(&supernet));
    let inside = all.after(&target);
    around.chain(inside.take_while(move |(prefix, _)| target.covers(prefix)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn prefix(text: &str) -> Prefix {
        Prefix::parse_exact(text).unwrap()
    }

    fn small() -> impl Strategy<Value = Prefix> {
        let families = prop::sample::select(vec!["10.0.0.0/28", "fd00::/124"]);
        (families, 0_u8..16, 0_u8..=4).prop_map(|(space, offset, bits)| {
            let space = prefix(space);
            let first = match space.network() {
                IpAddr::V4(address) => IpAddr::V4((u32::from(address) + u32::from(offset)).into()),
                IpAddr::V6(address) => IpAddr::V6((u128::from(address) + u128::from(offset)).into()),
            };
            Prefix::new(first, space.len() + bits).unwrap()
        })
    }

    fn hosts(prefix: &Prefix) -> BTreeSet<IpAddr> {
        prefix.net().subnets(prefix.family().max_prefix_len()).unwrap().map(|host| host.network()).collect()
    }

    fn counted(hosts: &BTreeSet<IpAddr>) -> Addresses {
        let ipv4 = hosts.iter().filter(|host| host.is_ipv4()).count();
        Addresses { ipv4: ipv4.try_into().unwrap(), ipv6: (hosts.len() - ipv4).try_into().unwrap() }
    }

    proptest! {
        #[test]
        fn counts_as_one_that_lists_every_address(
            all in prop::collection::btree_set(small(), 0..12), target in small()
        ) {
            let every: BTreeSet<IpAddr> = all.iter().flat_map(hosts).collect();
            prop_assert_eq!(addresses(&all), counted(&every));
            let map: SharedMap<Prefix, ()> = all.iter().map(|prefix| (*prefix, ())).collect();
            let found: Vec<Prefix> = overlapping(&map, &target).map(|(prefix, ())| *prefix).collect();
            let expected: Vec<Prefix> = all.iter().filter(|prefix| prefix.overlaps(&target)).copied().collect();
            prop_assert_eq!(&found, &expected);
            let left: BTreeSet<IpAddr> = hosts(&target).difference(&every).copied().collect();
            prop_assert_eq!(uncovered(&target, &found), counted(&left));
        }
    }

    #[test]
    fn counts_whole_families() {
        assert_eq!(addresses(&[prefix("0.0.0.0/0"), prefix("10.0.0.0/8")]), Addresses { ipv4: 1 << 32, ipv6: 0 });
        assert_eq!(addresses(&[prefix("::/0")]).ipv6, u128::MAX);
        assert_eq!(uncovered(&prefix("::/0"), &[prefix("8000::/1")]).ipv6, 1 << 127);
        assert!(uncovered(&prefix("255.255.255.0/24"), &[prefix("255.255.0.0/16")]).is_none());
    }
}
