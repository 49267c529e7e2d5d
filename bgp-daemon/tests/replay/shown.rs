//! A route as `aliasctl` shows it, in the words that both decoders share.

use std::net::Ipv4Addr;

use bgp_core::types::Prefix;
use bgp_daemon::control::reply::{Origin, Route};
use serde_json::Value;

use crate::differential::reading::{Attributes, Key, hex};

pub fn route(shown: &Value) -> (Key, Attributes) {
    let route: Route = serde_json::from_value(shown.clone()).unwrap();
    let prefix: Prefix = route.destination.prefix.parse().unwrap();
    let mut named = Attributes::new();
    let mut put = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            named.insert(name.to_owned(), value);
        }
    };
    let origin = match route.origin {
        Origin::Igp => "IGP",
        Origin::Egp => "EGP",
        Origin::Incomplete => "INCOMPLETE",
    };
    put("origin", Some(origin.to_owned()));
    put("as path", Some(route.as_path_text()));
    let next_hop = match (route.next_hop, route.link_local_next_hop) {
        (Some(next_hop), Some(link_local)) => Some(format!("{next_hop} {link_local}")),
        (next_hop, _) => next_hop,
    };
    put("next hop", next_hop);
    put("med", route.med.map(|med| med.to_string()));
    put("local pref", route.local_pref.map(|preference| preference.to_string()));
    put("atomic aggregate", route.atomic_aggregate.then(String::new));
    put("aggregator", route.aggregator);
    put("communities", list(route.communities.iter().map(|text| community(text))));
    let mut extended: Vec<String> = route.extended_communities.iter().map(|text| extended_community(text)).collect();
    extended.sort();
    put("extended communities", list(extended.into_iter()));
    let ipv6_extended = route.ipv6_extended_communities.iter().map(|text| text.trim_start_matches("0x").to_owned());
    put("ipv6 extended communities", list(ipv6_extended));
    put("large communities", list(route.large_communities.into_iter()));
    put("originator id", route.originator_id);
    let clusters = route.cluster_list.iter().map(|id| id.parse::<Ipv4Addr>().unwrap().to_bits().to_string());
    put("cluster list", list(clusters));
    put("only to customer", route.only_to_customer.map(|asn| asn.to_string()));
    put("partial", list(route.partial.iter().map(|name| code(name).to_string())));
    for unknown in route.unknown {
        put(&format!("attribute {}", unknown.code), Some(unknown.hex));
    }
    ((prefix, route.destination.path_id), named)
}

fn list(values: impl Iterator<Item = String>) -> Option<String> {
    let values: Vec<String> = values.collect();
    (!values.is_empty()).then(|| values.join(" "))
}

fn community(text: &str) -> String {
    let (high, low) = text.split_once(':').unwrap();
    format!("{:04x}{:04x}", high.parse::<u16>().unwrap(), low.parse::<u16>().unwrap())
}

/// `rt:65001:1`, `rt:192.0.2.1:1`, `rt:65001L:1`, or all octets after `0x`.
fn extended_community(text: &str) -> String {
    if let Some(octets) = text.strip_prefix("0x") {
        return octets.to_owned();
    }
    let [name, administrator, number] = text.split(':').collect::<Vec<_>>()[..] else { panic!("{text}") };
    let sub = match name {
        "rt" => 2,
        "ro" => 3,
        _ => panic!("{text}"),
    };
    let (kind, rest) = if let Ok(address) = administrator.parse::<Ipv4Addr>() {
        (1, [&address.octets()[..], &number.parse::<u16>().unwrap().to_be_bytes()].concat())
    } else if let Ok(two) = administrator.parse::<u16>() {
        (0, [&two.to_be_bytes()[..], &number.parse::<u32>().unwrap().to_be_bytes()].concat())
    } else {
        let four: u32 = administrator.trim_end_matches('L').parse().unwrap();
        (2, [&four.to_be_bytes()[..], &number.parse::<u16>().unwrap().to_be_bytes()].concat())
    };
    hex(&[&[kind, sub][..], &rest].concat())
}

fn code(name: &str) -> u8 {
    bgp_core::attribute::spec::SPECS.iter().find(|spec| spec.name == name).unwrap().code
}
