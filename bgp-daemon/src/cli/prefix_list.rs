//! Prefixes as routers and firewalls want them. Pure: the same prefixes give the same text, so that two of them can be compared.
//!
//! A list is never written empty: one vendor lets everything through then, another nothing. The caller says so instead.

use std::fmt::Write as _;

use bgp_core::types::{AddressFamily, Prefix};
use clap::ValueEnum;
use serde_json::json;

/// Whose language a list is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Syntax {
    /// BIRD 2 and later: prefix sets
    Bird,
    /// FRR: prefix lists
    Frr,
    /// Cisco IOS and IOS XE: prefix lists
    Cisco,
    /// Junos: prefix lists, for `load replace`
    Junos,
    /// Arista EOS: prefix lists
    Eos,
    /// nftables: sets of addresses, for `nft -f`
    Nft,
    /// A JSON object
    Json,
}

/// The name of a list: letters, digits, `-` and `_`, a letter first, at most 48 of them, which every vendor takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListName(String);

impl ListName {
    /// Checks a name.
    ///
    /// # Errors
    /// What it should have been.
    pub fn parse(text: &str) -> Result<Self, String> {
        let fits = |one: char| one.is_ascii_alphanumeric() || matches!(one, '-' | '_');
        let is_name = text.starts_with(|first: char| first.is_ascii_alphabetic()) && text.chars().all(fits);
        match is_name && text.len() <= 48 {
            true => Ok(Self(text.to_owned())),
            false => Err("expected a letter and up to 47 letters, digits, '-' and '_'".to_owned()),
        }
    }

    /// The name for the prefixes of a role, or of all of them.
    pub fn of_role(role: Option<&str>) -> Self {
        let mut name = "aliasd".to_owned();
        if let Some(role) = role {
            name.push('-');
            name.extend(role.chars().map(|one| if one.is_ascii_alphanumeric() { one } else { '-' }).take(40));
        }
        Self(name)
    }
}

/// The list as text. `head` says in a comment what it is of.
pub fn written(name: &ListName, head: &str, prefixes: &[Prefix], syntax: Syntax) -> String {
    let of = |family: AddressFamily| prefixes.iter().filter(move |prefix| prefix.family() == family);
    let families = AddressFamily::ALL.map(|family| (family, of(family).copied().collect::<Vec<Prefix>>()));
    let there = families.into_iter().filter(|(_, prefixes)| !prefixes.is_empty());
    let mut out = String::new();
    let comment = match syntax {
        Syntax::Bird | Syntax::Nft => "#",
        Syntax::Frr | Syntax::Cisco | Syntax::Eos => "!",
        Syntax::Junos => "##",
        Syntax::Json => return json_text(name, head, prefixes),
    };
    // Writing to text does not fail.
    let _written = writeln!(out, "{comment} {head}");
    if syntax == Syntax::Junos {
        out.push_str("policy-options {\n");
    }
    for (family, prefixes) in there {
        let _written = match syntax {
            Syntax::Bird => bird(&mut out, name, family, &prefixes),
            Syntax::Frr | Syntax::Cisco => one_a_line(&mut out, name, family, &prefixes),
            Syntax::Eos => eos(&mut out, name, family, &prefixes),
            Syntax::Junos => junos(&mut out, name, family, &prefixes),
            Syntax::Nft => nft(&mut out, name, family, &prefixes),
            Syntax::Json => Ok(()),
        };
    }
    if syntax == Syntax::Junos {
        out.push_str("}\n");
    }
    out
}

fn version(family: AddressFamily) -> u8 {
    match family {
        AddressFamily::Ipv4Unicast => 4,
        AddressFamily::Ipv6Unicast => 6,
    }
}

/// A name where `-` would be taken for a minus.
pub fn symbol(name: &ListName, family: AddressFamily) -> String {
    format!("{}_v{}", name.0.replace('-', "_"), version(family))
}

fn joined(prefixes: &[Prefix], between: &str) -> String {
    prefixes.iter().map(ToString::to_string).collect::<Vec<_>>().join(between)
}

fn bird(out: &mut String, name: &ListName, family: AddressFamily, prefixes: &[Prefix]) -> std::fmt::Result {
    writeln!(out, "define {} = [\n\t{}\n];", symbol(name, family), joined(prefixes, ",\n\t"))
}

fn keyword(family: AddressFamily) -> &'static str {
    match family {
        AddressFamily::Ipv4Unicast => "ip",
        AddressFamily::Ipv6Unicast => "ipv6",
    }
}

/// Each with its number, with room between them.
fn numbered(prefixes: &[Prefix]) -> impl Iterator<Item = (usize, &Prefix)> {
    (1..).map(|place| place * 5).zip(prefixes)
}

fn one_a_line(out: &mut String, name: &ListName, family: AddressFamily, prefixes: &[Prefix]) -> std::fmt::Result {
    for (number, prefix) in numbered(prefixes) {
        writeln!(out, "{} prefix-list {} seq {number} permit {prefix}", keyword(family), name.0)?;
    }
    Ok(())
}

fn eos(out: &mut String, name: &ListName, family: AddressFamily, prefixes: &[Prefix]) -> std::fmt::Result {
    writeln!(out, "{} prefix-list {}", keyword(family), name.0)?;
    for (number, prefix) in numbered(prefixes) {
        writeln!(out, "   seq {number} permit {prefix}")?;
    }
    writeln!(out, "!")
}

fn junos(out: &mut String, name: &ListName, family: AddressFamily, prefixes: &[Prefix]) -> std::fmt::Result {
    writeln!(out, "    replace: prefix-list {}-v{} {{", name.0, version(family))?;
    for prefix in prefixes {
        writeln!(out, "        {prefix};")?;
    }
    writeln!(out, "    }}")
}

/// In one transaction: whoever loads it has the old set or the new one, and never half of it.
fn nft(out: &mut String, name: &ListName, family: AddressFamily, prefixes: &[Prefix]) -> std::fmt::Result {
    let (set, version) = (symbol(name, family), version(family));
    writeln!(out, "add table inet aliasd")?;
    writeln!(out, "add set inet aliasd {set} {{ type ipv{version}_addr; flags interval; }}")?;
    writeln!(out, "flush set inet aliasd {set}")?;
    writeln!(out, "add element inet aliasd {set} {{\n\t{}\n}}", joined(prefixes, ",\n\t"))
}

fn json_text(name: &ListName, head: &str, prefixes: &[Prefix]) -> String {
    let prefixes: Vec<String> = prefixes.iter().map(ToString::to_string).collect();
    format!("{:#}\n", json!({ "name": name.0, "description": head, "prefixes": prefixes }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(syntax: Syntax) -> String {
        let prefixes: Vec<Prefix> =
            ["10.4.0.0/21", "10.4.8.0/22", "fd00:4::/64"].iter().map(|text| text.parse().unwrap()).collect();
        written(&ListName::of_role(Some("pod")), "aliasd, role pod", &prefixes, syntax)
    }

    #[test]
    fn bird_gets_a_set_for_each_family() {
        let expected = "# aliasd, role pod\ndefine aliasd_pod_v4 = [\n\t10.4.0.0/21,\n\t10.4.8.0/22\n];\n\
                        define aliasd_pod_v6 = [\n\tfd00:4::/64\n];\n";
        assert_eq!(shown(Syntax::Bird), expected);
    }

    #[test]
    fn frr_and_cisco_get_a_line_for_each_prefix() {
        let expected = "! aliasd, role pod\nip prefix-list aliasd-pod seq 5 permit 10.4.0.0/21\n\
                        ip prefix-list aliasd-pod seq 10 permit 10.4.8.0/22\n\
                        ipv6 prefix-list aliasd-pod seq 5 permit fd00:4::/64\n";
        assert_eq!(shown(Syntax::Frr), expected);
        assert_eq!(shown(Syntax::Cisco), expected);
    }

    #[test]
    fn eos_gets_lines_under_the_list() {
        let expected = "! aliasd, role pod\nip prefix-list aliasd-pod\n   seq 5 permit 10.4.0.0/21\n   seq 10 permit 10.4.8.0/22\n!\n\
                        ipv6 prefix-list aliasd-pod\n   seq 5 permit fd00:4::/64\n!\n";
        assert_eq!(shown(Syntax::Eos), expected);
    }

    #[test]
    fn junos_replaces_its_lists() {
        let expected = "## aliasd, role pod\npolicy-options {\n    replace: prefix-list aliasd-pod-v4 {\n        10.4.0.0/21;\n        \
                        10.4.8.0/22;\n    }\n    replace: prefix-list aliasd-pod-v6 {\n        fd00:4::/64;\n    }\n}\n";
        assert_eq!(shown(Syntax::Junos), expected);
    }

    #[test]
    fn nftables_exchanges_its_sets_at_once() {
        let expected = "# aliasd, role pod\nadd table inet aliasd\n\
                        add set inet aliasd aliasd_pod_v4 { type ipv4_addr; flags interval; }\n\
                        flush set inet aliasd aliasd_pod_v4\n\
                        add element inet aliasd aliasd_pod_v4 {\n\t10.4.0.0/21,\n\t10.4.8.0/22\n}\n\
                        add table inet aliasd\n\
                        add set inet aliasd aliasd_pod_v6 { type ipv6_addr; flags interval; }\n\
                        flush set inet aliasd aliasd_pod_v6\nadd element inet aliasd aliasd_pod_v6 {\n\tfd00:4::/64\n}\n";
        assert_eq!(shown(Syntax::Nft), expected);
    }

    #[test]
    fn json_has_them_all_in_one() {
        let read: serde_json::Value = serde_json::from_str(&shown(Syntax::Json)).unwrap();
        assert_eq!(read["name"], "aliasd-pod");
        assert_eq!(read["prefixes"], serde_json::json!(["10.4.0.0/21", "10.4.8.0/22", "fd00:4::/64"]));
    }

    #[test]
    fn a_name_is_one_that_every_vendor_takes() {
        assert_eq!(ListName::of_role(Some("gke pods/a")), ListName::parse("aliasd-gke-pods-a").unwrap());
        assert_eq!(ListName::of_role(None), ListName::parse("aliasd").unwrap());
        for text in ["", "1pods", "pods;", "a b", "pods\n", &"p".repeat(49)] {
            assert!(ListName::parse(text).is_err(), "{text:?}");
        }
        assert!(ListName::parse(&ListName::of_role(Some(&"r".repeat(500))).0).is_ok());
    }
}
