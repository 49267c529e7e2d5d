//! The addresses that an interface says it has, in few octets each: an inventory may hold a million of them for as long as its
//! files stay as they are.

use std::net::Ipv4Addr;

use bgp_core::types::Prefix;
use ipnet::IpNet;

use super::Field;
use crate::inventory::RangeName;

/// Addresses that an interface says it has.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::inventory) struct Claim<'a> {
    pub prefix: Prefix,
    /// The range of the subnetwork that they must lie in.
    pub range: &'a RangeName,
    pub field: Field,
}

/// All of them.
#[derive(Debug, Default)]
pub(in crate::inventory) struct Claims {
    /// The ranges that they must lie in, mostly each once.
    ranges: Vec<RangeName>,
    short: Vec<Short>,
    long: Vec<Long>,
}

/// `networkIP` or an alias range of IPv4.
#[derive(Clone, Copy, Debug)]
struct Short {
    address: Ipv4Addr,
    length: u8,
    /// Its place among the ranges.
    range: u8,
    /// Its place among the alias ranges, or [`Short::NETWORK_IP`].
    alias: u16,
}

impl Short {
    const NETWORK_IP: u16 = u16::MAX;

    /// The claim where that is enough to say it.
    fn of(prefix: &Prefix, range: usize, field: Field) -> Option<Self> {
        let IpNet::V4(net) = prefix.net() else { return None };
        let alias = match field {
            Field::NetworkIp { .. } => Self::NETWORK_IP,
            Field::AliasIpRange { alias, .. } => {
                u16::try_from(alias).ok().filter(|alias| *alias != Self::NETWORK_IP)?
            }
            _ => return None,
        };
        Some(Self { address: net.network(), length: net.prefix_len(), range: u8::try_from(range).ok()?, alias })
    }

    fn field(self, interface: u32) -> Field {
        match self.alias {
            Self::NETWORK_IP => Field::NetworkIp { interface },
            alias => Field::AliasIpRange { interface, alias: alias.into() },
        }
    }
}

/// Any claim.
#[derive(Debug)]
struct Long {
    prefix: Prefix,
    /// Its place among the ranges.
    range: usize,
    field: Field,
}

impl Claims {
    /// How many there are.
    pub const fn len(&self) -> usize {
        self.short.len() + self.long.len()
    }

    /// Takes one more in.
    pub fn push(&mut self, prefix: Prefix, range: RangeName, field: Field) {
        // Beyond what a short claim can name, one that stands twice costs less than a search.
        let known = self.ranges.iter().take(usize::from(u8::MAX) + 1).position(|known| *known == range);
        let range = known.unwrap_or_else(|| {
            self.ranges.push(range);
            self.ranges.len() - 1
        });
        match Short::of(&prefix, range, field) {
            Some(short) => self.short.push(short),
            None => self.long.push(Long { prefix, range, field }),
        }
    }

    /// Gives back what was kept for more of them.
    pub fn close(&mut self) {
        self.ranges.shrink_to_fit();
        self.short.shrink_to_fit();
        self.long.shrink_to_fit();
    }

    /// All of them, which are those of that interface, in no order.
    pub fn iter(&self, interface: u32) -> impl Iterator<Item = Claim<'_>> {
        let short = self.short.iter().filter_map(move |short| {
            let range = self.ranges.get(usize::from(short.range))?;
            Some(Claim { prefix: Prefix::v4(short.address, short.length)?, range, field: short.field(interface) })
        });
        let long = self.long.iter().filter_map(|long| {
            Some(Claim { prefix: long.prefix, range: self.ranges.get(long.range)?, field: long.field })
        });
        short.chain(long)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn every_claim_comes_out_as_it_went_in() {
        let named = |name: &str| RangeName::Secondary(Arc::from(name));
        let alias = |alias| Field::AliasIpRange { interface: 3, alias };
        let mut all: Vec<(&str, RangeName, Field)> = vec![
            ("10.0.0.2/32", RangeName::Primary, Field::NetworkIp { interface: 3 }),
            ("10.4.0.0/24", named("pods"), alias(0)),
            ("10.4.1.0/28", RangeName::Primary, alias(65_534)),
            ("10.4.2.0/24", named("pods"), alias(65_535)),
            ("10.4.3.0/24", named("pods"), alias(65_536)),
            ("fd00::/96", RangeName::Ipv6, Field::AliasIpv6Range { interface: 3, alias: 1 }),
            ("fd00::1/128", RangeName::Ipv6, Field::ExternalIpv6 { interface: 3, config: 2 }),
        ];
        // One range more than an octet can number.
        let ranges: Vec<String> = (0..=256).map(|number| format!("range-{number}")).collect();
        all.extend(ranges.iter().map(|name| ("10.5.0.0/24", named(name), alias(9))));
        let mut claims = Claims::default();
        for (prefix, range, field) in &all {
            claims.push(prefix.parse().unwrap(), range.clone(), *field);
        }
        claims.close();
        assert_eq!(claims.len(), all.len());
        let mut found: Vec<_> =
            claims.iter(3).map(|one| (one.prefix.to_string(), one.range.clone(), one.field)).collect();
        let mut expected: Vec<_> =
            all.into_iter().map(|(prefix, range, field)| (prefix.to_owned(), range, field)).collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected);
    }

    #[test]
    fn an_alias_range_takes_eight_octets() {
        assert_eq!(size_of::<Short>(), 8);
    }
}
