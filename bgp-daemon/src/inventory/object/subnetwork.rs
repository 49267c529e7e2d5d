//! A subnetwork: its primary range, its secondary ranges and its IPv6 range.
//!
//! Subnetworks of every purpose count: proxies and NAT (`REGIONAL_MANAGED_PROXY`, `PRIVATE_NAT`, …) send from their
//! ranges, so that on-prem routers need the way back. No instance has an address there, so that such a range is
//! announced as a whole or not at all.

use std::sync::Arc;

use bgp_core::types::{AddressFamily, Prefix};
use serde::Deserialize;
use serde::de::MapAccess;

use super::{Object, ObjectReader, Readable, Written, written};
use crate::inventory::{RangeName, ResourcePath, SubnetworkRef};

/// An entry of `secondaryIpRanges`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::inventory) struct SecondaryRange {
    range_name: Written<String>,
    ip_cidr_range: Written<String>,
}

impl<'de> Readable<'de> for SecondaryRange {
    fn from_object<A: MapAccess<'de>>(object: A) -> Result<Written<Self>, A::Error> {
        written::read_object(object)
    }
}

/// A subnetwork that was read.
#[derive(Debug)]
pub(in crate::inventory) struct Subnetwork {
    /// What its ranges refer to; `None` when its network could not be read.
    pub about: Option<Arc<SubnetworkRef>>,
    pub path: Arc<ResourcePath>,
    pub ranges: Vec<SubnetworkRange>,
    /// Whether it was read without a fault; else its ranges may be missing, and nothing is concluded from that.
    pub is_sound: bool,
}

/// One range of it.
#[derive(Debug)]
pub(in crate::inventory) struct SubnetworkRange {
    pub name: RangeName,
    pub prefix: Prefix,
    pub field: String,
}

/// Reads a subnetwork.
pub(in crate::inventory) fn subnetwork(
    path: &Arc<ResourcePath>,
    object: &Object,
    reader: &mut ObjectReader<'_>,
) -> Subnetwork {
    let network = match object.network {
        Written::Absent => {
            let expected = "missing; expected a network as in projects/p/global/networks/vpc";
            reader.fault("network", None, expected);
            None
        }
        _ => reader.link("network", &object.network, "networks"),
    };
    let region = path.named_in("regions").unwrap_or_default().to_owned();
    let about = network.map(|network| {
        Arc::new(SubnetworkRef { path: ResourcePath::clone(path), network: ResourcePath::clone(&network), region })
    });
    let mut ranges = Vec::new();
    ranges.extend(primary(object, reader));
    secondary(object, reader, &mut ranges);
    ipv6(object, reader, &mut ranges);
    Subnetwork { about, path: Arc::clone(path), ranges, is_sound: reader.is_sound }
}

fn primary(object: &Object, reader: &mut ObjectReader<'_>) -> Option<SubnetworkRange> {
    let ipv6_only = object.stack_type.given().is_some_and(|stack| stack == "IPV6_ONLY");
    if ipv6_only && !object.ip_cidr_range.is_written() {
        return None;
    }
    let family = AddressFamily::Ipv4Unicast;
    let text = reader.required("ipCidrRange", &object.ip_cidr_range, super::reader::range_of(family))?;
    let prefix = reader.range("ipCidrRange", text, family)?;
    Some(SubnetworkRange { name: RangeName::Primary, prefix, field: "ipCidrRange".to_owned() })
}

fn secondary(object: &Object, reader: &mut ObjectReader<'_>, ranges: &mut Vec<SubnetworkRange>) {
    const EXPECTED: &str = "an object with rangeName and ipCidrRange";
    for (index, written) in reader.entries("secondaryIpRanges", &object.secondary_ip_ranges, EXPECTED) {
        let at = |field: &str| format!("secondaryIpRanges[{index}].{field}");
        let name = reader.required(at("rangeName"), &written.range_name, "the range's name");
        let text = reader.required(at("ipCidrRange"), &written.ip_cidr_range, "a range as in 10.4.0.0/14");
        // IPv6 secondary ranges stand in the same list.
        let family = match text {
            Some(text) if text.contains(':') => AddressFamily::Ipv6Unicast,
            _ => AddressFamily::Ipv4Unicast,
        };
        let prefix = text.and_then(|text| reader.range(at("ipCidrRange"), text, family));
        let Some(name) = name.map(|name| RangeName::Secondary(reader.interner.word(name))) else { continue };
        if ranges.iter().any(|range| range.name == name) {
            reader.fault(at("rangeName"), Some(&name.to_string()), "stands twice; expected each name once");
        } else if let Some(prefix) = prefix {
            ranges.push(SubnetworkRange { name, prefix, field: at("ipCidrRange") });
        }
    }
}

/// The API repeats the internal or external prefix in `ipv6CidrRange`.
fn ipv6(object: &Object, reader: &mut ObjectReader<'_>, ranges: &mut Vec<SubnetworkRange>) {
    let family = AddressFamily::Ipv6Unicast;
    for (field, written) in [
        ("internalIpv6Prefix", &object.internal_ipv6_prefix),
        ("externalIpv6Prefix", &object.external_ipv6_prefix),
        ("ipv6CidrRange", &object.ipv6_cidr_range),
    ] {
        let text = reader.optional(field, written, super::reader::range_of(family));
        let Some(prefix) = text.and_then(|text| reader.range(field, text, family)) else { continue };
        if !ranges.iter().any(|range| range.name == RangeName::Ipv6 && range.prefix == prefix) {
            ranges.push(SubnetworkRange { name: RangeName::Ipv6, prefix, field: field.to_owned() });
        }
    }
}
