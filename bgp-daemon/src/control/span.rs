//! A part of the table in the order of [`Prefix`]: one family, or one prefix with what lies inside it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bgp_core::types::{AddressFamily, Prefix};

/// The prefixes of a family, or the prefix and everything inside it. They stand next to each other in every list.
#[derive(Clone, Copy, Debug, Default)]
pub struct Span {
    /// Only this family.
    pub family: Option<AddressFamily>,
    /// Only this prefix and what lies inside it.
    pub within: Option<Prefix>,
}

impl Span {
    /// Where to start a list: the last prefix that sorts before the span; `None` for the very beginning.
    pub fn before(&self) -> Option<Prefix> {
        match (self.within, self.family) {
            (Some(prefix), _) => predecessor(&prefix),
            (None, Some(AddressFamily::Ipv6Unicast)) => Some(last_ipv4()),
            (None, _) => None,
        }
    }

    /// Whether the prefix is in the span.
    pub fn holds(&self, prefix: &Prefix) -> bool {
        self.family.is_none_or(|family| prefix.family() == family)
            && self.within.is_none_or(|within| within.covers(prefix))
    }
}

/// The last IPv4 prefix there is.
fn last_ipv4() -> Prefix {
    Prefix::from(Ipv4Addr::BROADCAST)
}

/// The prefix that sorts right before this one; `None` for 0.0.0.0/0, the first.
fn predecessor(prefix: &Prefix) -> Option<Prefix> {
    let Some(shorter) = prefix.len().checked_sub(1) else {
        return (prefix.family() == AddressFamily::Ipv6Unicast).then(last_ipv4);
    };
    let shorter = Prefix::new(prefix.network(), shorter).ok()?;
    if shorter.network() == prefix.network() {
        return Some(shorter);
    }
    let address = match prefix.network() {
        IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits().checked_sub(1)?).into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits().checked_sub(1)?).into(),
    };
    Some(Prefix::host(address))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn prefix() -> impl Strategy<Value = Prefix> {
        let v4 = (any::<u32>(), 0..=32u8).prop_map(|(bits, len)| Prefix::new(Ipv4Addr::from_bits(bits).into(), len));
        let v6 = (any::<u128>(), 0..=128u8).prop_map(|(bits, len)| Prefix::new(Ipv6Addr::from_bits(bits).into(), len));
        prop_oneof![v4, v6].prop_map(|made| made.unwrap())
    }

    #[test]
    fn starts_right_before_the_first_prefix_that_is_wanted() {
        let before = |text: &str| predecessor(&text.parse().unwrap()).map(|found| found.to_string());
        assert_eq!(before("0.0.0.0/0"), None);
        assert_eq!(before("::/0"), Some("255.255.255.255/32".to_owned()));
        assert_eq!(before("10.0.0.0/8"), Some("10.0.0.0/7".to_owned()));
        assert_eq!(before("10.1.0.0/16"), Some("10.0.255.255/32".to_owned()));
        assert_eq!(before("fd00:0:1::/48"), Some("fd00::ffff:ffff:ffff:ffff:ffff/128".to_owned()));
    }

    proptest! {
        #[test]
        fn nothing_stands_between_a_prefix_and_what_is_before_it(wanted in prefix(), other in prefix()) {
            let span = Span { within: Some(wanted), family: None };
            let before = span.before();
            prop_assert!(before < Some(wanted));
            prop_assert!(Some(other) <= before || other >= wanted);
        }

        #[test]
        fn what_lies_inside_a_prefix_stands_together(wanted in prefix(), mut others in prop::collection::vec(prefix(), 0..50)) {
            others.sort();
            let span = Span { within: Some(wanted), family: None };
            let after: Vec<_> = others.iter().filter(|other| Some(**other) > span.before()).collect();
            let taken = after.iter().take_while(|other| span.holds(other)).count();
            prop_assert_eq!(taken, others.iter().filter(|other| span.holds(other)).count());
        }
    }
}
