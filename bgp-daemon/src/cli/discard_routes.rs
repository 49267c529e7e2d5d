//! Routes to nowhere for what is announced. Pure: the same prefixes give the same text.
//!
//! An aggregate leads to addresses that nobody has. A gateway that has a default route toward whoever sent a packet to one
//! of them sends it back there, again and again; a route that drops it, less wanted than any other of the same prefix, ends that.

use std::fmt::Write as _;

use bgp_core::types::{AddressFamily, Prefix};
use clap::ValueEnum;

use super::prefix_list::{ListName, symbol};

/// Whose language the routes are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DiscardSyntax {
    /// BIRD 2 and later: a static protocol a family
    Bird,
    /// FRR: static routes to Null0 with the largest distance that is used
    Frr,
    /// Linux: commands for `ip -batch -`, with the largest metric
    Iproute2,
}

/// The routes as text. `head` says in a comment what they are of.
pub fn written(name: &ListName, head: &str, prefixes: &[Prefix], syntax: DiscardSyntax) -> String {
    let mut out = String::new();
    let comment = if syntax == DiscardSyntax::Frr { "!" } else { "#" };
    // Writing to text does not fail.
    let _written = writeln!(out, "{comment} {head}");
    for family in AddressFamily::ALL {
        let of_family: Vec<&Prefix> = prefixes.iter().filter(|prefix| prefix.family() == family).collect();
        if !of_family.is_empty() {
            let _written = match syntax {
                DiscardSyntax::Bird => bird(&mut out, name, family, &of_family),
                DiscardSyntax::Frr => frr(&mut out, family, &of_family),
                DiscardSyntax::Iproute2 => iproute2(&mut out, &of_family),
            };
        }
    }
    out
}

fn bird(out: &mut String, name: &ListName, family: AddressFamily, prefixes: &[&Prefix]) -> std::fmt::Result {
    let channel = match family {
        AddressFamily::Ipv4Unicast => "ipv4",
        AddressFamily::Ipv6Unicast => "ipv6",
    };
    writeln!(out, "protocol static {}_discard {{\n\t{channel} {{ preference 1; }};", symbol(name, family))?;
    for prefix in prefixes {
        writeln!(out, "\troute {prefix} blackhole;")?;
    }
    writeln!(out, "}}")
}

fn frr(out: &mut String, family: AddressFamily, prefixes: &[&Prefix]) -> std::fmt::Result {
    let keyword = match family {
        AddressFamily::Ipv4Unicast => "ip",
        AddressFamily::Ipv6Unicast => "ipv6",
    };
    // A distance of 255 is never used.
    prefixes.iter().try_for_each(|prefix| writeln!(out, "{keyword} route {prefix} Null0 254"))
}

/// The family follows from the prefix.
fn iproute2(out: &mut String, prefixes: &[&Prefix]) -> std::fmt::Result {
    prefixes.iter().try_for_each(|prefix| writeln!(out, "route replace blackhole {prefix} metric 4294967295"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(syntax: DiscardSyntax) -> String {
        let prefixes: Vec<Prefix> =
            ["10.4.0.0/21", "10.4.8.0/22", "fd00:4::/64"].map(|text| text.parse().unwrap()).into();
        written(&ListName::of_role(Some("pod")), "aliasd, role pod", &prefixes, syntax)
    }

    #[test]
    fn each_language_drops_each_prefix() {
        let bird = "# aliasd, role pod\nprotocol static aliasd_pod_v4_discard {\n\tipv4 { preference 1; };\n\troute 10.4.0.0/21 \
                    blackhole;\n\troute 10.4.8.0/22 blackhole;\n}\nprotocol static aliasd_pod_v6_discard {\n\tipv6 { preference \
                    1; };\n\troute fd00:4::/64 blackhole;\n}\n";
        assert_eq!(shown(DiscardSyntax::Bird), bird);
        let frr = "! aliasd, role pod\nip route 10.4.0.0/21 Null0 254\nip route 10.4.8.0/22 Null0 254\nipv6 route fd00:4::/64 \
                   Null0 254\n";
        assert_eq!(shown(DiscardSyntax::Frr), frr);
        let iproute2 = "# aliasd, role pod\nroute replace blackhole 10.4.0.0/21 metric 4294967295\nroute replace blackhole \
                        10.4.8.0/22 metric 4294967295\nroute replace blackhole fd00:4::/64 metric 4294967295\n";
        assert_eq!(shown(DiscardSyntax::Iproute2), iproute2);
    }
}
