//! An instance: the addresses and alias IP ranges of its network interfaces.
//!
//! `status` is not read: an instance that is stopped keeps its addresses.

use std::sync::Arc;

use bgp_core::types::{AddressFamily, Prefix};
use serde::Deserialize;
use serde::de::MapAccess;

use super::claims::Claims;
use super::{Field, Object, ObjectReader, Readable, Written, WrittenList, reader, written};
use crate::inventory::{RangeName, ResourcePath};

/// An entry of `networkInterfaces`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::inventory) struct NetworkInterface {
    name: Written<String>,
    network: Written<String>,
    subnetwork: Written<String>,
    #[serde(rename = "networkIP")]
    network_ip: Written<String>,
    stack_type: Written<String>,
    alias_ip_ranges: WrittenList<AliasIpRange>,
    alias_ipv6_ranges: WrittenList<AliasIpRange>,
    ipv6_address: Written<String>,
    internal_ipv6_prefix_length: Written<u64>,
    ipv6_access_configs: WrittenList<Ipv6AccessConfig>,
}

/// An entry of `aliasIpRanges` or `aliasIpv6Ranges`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct AliasIpRange {
    ip_cidr_range: Written<String>,
    subnetwork_range_name: Written<String>,
    /// Where the range was really taken from, when several were asked for.
    effective_subnetwork_range_name: Written<String>,
}

/// An entry of `ipv6AccessConfigs`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Ipv6AccessConfig {
    external_ipv6: Written<String>,
    external_ipv6_prefix_length: Written<u64>,
}

macro_rules! read_as_objects {
    ($($name:ident)*) => {$(
        impl<'de> Readable<'de> for $name {
            fn from_object<A: MapAccess<'de>>(object: A) -> Result<Written<Self>, A::Error> {
                written::read_object(object)
            }
        }
    )*};
}
read_as_objects! { NetworkInterface AliasIpRange Ipv6AccessConfig }

/// A network interface that was read.
#[derive(Debug)]
pub(in crate::inventory) struct Interface {
    pub instance: Arc<ResourcePath>,
    /// Its place in `networkInterfaces`.
    pub index: u32,
    pub name: Arc<str>,
    pub network: Option<Arc<ResourcePath>>,
    pub subnetwork: Option<Arc<ResourcePath>>,
    pub claims: Claims,
    /// Alias ranges that have a length but no address yet.
    pub pending: Vec<(Field, String)>,
}

/// Reads the interfaces of an instance.
pub(in crate::inventory) fn instance(
    path: &Arc<ResourcePath>,
    object: &Object,
    reader: &mut ObjectReader<'_>,
) -> Vec<Interface> {
    if !object.network_interfaces.is_written() {
        reader.fault("networkInterfaces", None, "missing; expected a list of network interfaces");
    }
    let written = reader.entries("networkInterfaces", &object.network_interfaces, "a network interface");
    written.into_iter().filter_map(|(index, written)| interface(path, index, written, reader)).collect()
}

fn interface(
    instance: &Arc<ResourcePath>,
    index: u32,
    written: &NetworkInterface,
    reader: &mut ObjectReader<'_>,
) -> Option<Interface> {
    let at = |field: &str| format!("networkInterfaces[{index}].{field}");
    let name = match reader.optional(at("name"), &written.name, "the interface's name as in nic0") {
        Some(name) => reader.interner.word(name),
        None => reader.interner.word(&format!("nic{index}")),
    };
    let network = reader.link(at("network"), &written.network, "networks");
    let subnetwork = reader.link(at("subnetwork"), &written.subnetwork, "subnetworks");
    if !written.network.is_written() && !written.subnetwork.is_written() {
        let expected = "missing; expected a subnetwork as in projects/p/regions/r/subnetworks/s";
        reader.fault(at("subnetwork"), None, expected);
    }
    let mut interface = Interface {
        instance: Arc::clone(instance),
        index,
        name,
        network,
        subnetwork,
        claims: Claims::default(),
        pending: Vec::new(),
    };
    interface.ipv4_address(written, reader);
    interface.ipv6_addresses(written, reader);
    let (v4, v6) = (AddressFamily::Ipv4Unicast, AddressFamily::Ipv6Unicast);
    interface.aliases("aliasIpRanges", &written.alias_ip_ranges, v4, reader);
    interface.aliases("aliasIpv6Ranges", &written.alias_ipv6_ranges, v6, reader);
    interface.claims.close();
    // A link that is wrong has its fault; without any the interface can be joined with nothing.
    let is_read = |link: &Option<_>, written: &Written<_>| link.is_some() || !written.is_written();
    let joins = is_read(&interface.network, &written.network)
        && is_read(&interface.subnetwork, &written.subnetwork)
        && (interface.network.is_some() || interface.subnetwork.is_some());
    joins.then_some(interface)
}

impl Interface {
    fn ipv4_address(&mut self, written: &NetworkInterface, reader: &mut ObjectReader<'_>) {
        let field = Field::NetworkIp { interface: self.index };
        let ipv6_only = written.stack_type.given().is_some_and(|stack| stack == "IPV6_ONLY");
        if ipv6_only && !written.network_ip.is_written() {
            return;
        }
        let family = AddressFamily::Ipv4Unicast;
        let text = reader.required(field, &written.network_ip, reader::address_of(family));
        if let Some(address) = text.and_then(|text| reader.address(field, text, family)) {
            self.claims.push(Prefix::host(address), RangeName::Primary, field);
        }
    }

    /// Without a length only the address itself is the interface's: never more than is said.
    fn ipv6_addresses(&mut self, written: &NetworkInterface, reader: &mut ObjectReader<'_>) {
        let at = format!("networkInterfaces[{}]", self.index);
        let field = Field::Ipv6Address { interface: self.index };
        let length = (format!("{at}.internalIpv6PrefixLength"), &written.internal_ipv6_prefix_length);
        self.ipv6_address(field, &written.ipv6_address, length, reader);
        let expected = "an object with externalIpv6 and externalIpv6PrefixLength";
        let configs = format!("{at}.ipv6AccessConfigs");
        for (config, entry) in reader.entries(&configs, &written.ipv6_access_configs, expected) {
            let field = Field::ExternalIpv6 { interface: self.index, config };
            let length = (format!("{configs}[{config}].externalIpv6PrefixLength"), &entry.external_ipv6_prefix_length);
            self.ipv6_address(field, &entry.external_ipv6, length, reader);
        }
    }

    fn ipv6_address(
        &mut self,
        field: Field,
        address: &Written<String>,
        (length_field, length): (String, &Written<u64>),
        reader: &mut ObjectReader<'_>,
    ) {
        const EXPECTED: &str = "a prefix length from 1 to 128";
        let family = AddressFamily::Ipv6Unicast;
        let text = reader.optional(field, address, reader::address_of(family));
        // "" is how the API writes an address that is not there.
        let text = text.filter(|text| !text.is_empty());
        let length = reader.optional(&length_field, length, EXPECTED).copied();
        let Some(address) = text.and_then(|text| reader.address(field, text, family)) else { return };
        let length = match length {
            // 0 is how the API writes a length that is not there.
            None | Some(0) => 128,
            Some(length) => u8::try_from(length).unwrap_or(u8::MAX),
        };
        match Prefix::new(address, length) {
            Ok(prefix) => self.claims.push(prefix, RangeName::Ipv6, field),
            Err(_) => reader.fault(length_field, Some(&length.to_string()), format!("expected {EXPECTED}")),
        }
    }

    fn aliases(
        &mut self,
        list: &str,
        written: &WrittenList<AliasIpRange>,
        family: AddressFamily,
        reader: &mut ObjectReader<'_>,
    ) {
        if !written.is_written() {
            return;
        }
        let at = format!("networkInterfaces[{}].{list}", self.index);
        let interface = self.index;
        for (alias, entry) in reader.entries(&at, written, "an object with ipCidrRange") {
            let field = match family {
                AddressFamily::Ipv4Unicast => Field::AliasIpRange { interface, alias },
                AddressFamily::Ipv6Unicast => Field::AliasIpv6Range { interface, alias },
            };
            let range = self.range_of_alias(&at, alias, entry, family, reader);
            let Some(text) = reader.required(field, &entry.ip_cidr_range, reader::range_of(family)) else { continue };
            if is_netmask(text, family) {
                self.pending.push((field, text.clone()));
            } else if let (Some(prefix), Some(range)) = (alias_prefix(field, text, family, reader), range) {
                self.claims.push(prefix, range, field);
            }
        }
    }

    /// The range that an alias range is taken from; `None` when its name is at fault.
    fn range_of_alias(
        &self,
        at: &str,
        alias: u32,
        entry: &AliasIpRange,
        family: AddressFamily,
        reader: &mut ObjectReader<'_>,
    ) -> Option<RangeName> {
        let effective = &entry.effective_subnetwork_range_name;
        let (field, written) = match effective {
            Written::Absent => ("subnetworkRangeName", &entry.subnetwork_range_name),
            _ => ("effectiveSubnetworkRangeName", effective),
        };
        match written {
            Written::Given(name) if !name.is_empty() => Some(RangeName::Secondary(reader.interner.word(name))),
            Written::Wrong(value) => {
                reader.fault(format_args!("{at}[{alias}].{field}"), Some(value), "expected the name of a range");
                None
            }
            _ if family == AddressFamily::Ipv6Unicast => Some(RangeName::Ipv6),
            _ => Some(RangeName::Primary),
        }
    }
}

/// Whether the text is a length without an address, as `/24`: asked for and not yet allocated.
fn is_netmask(text: &str, family: AddressFamily) -> bool {
    let length = text.strip_prefix('/').and_then(|length| length.parse::<u8>().ok());
    length.is_some_and(|length| length <= family.max_prefix_len())
}

/// A range as in `10.4.0.0/24`; a bare address stands for itself alone.
fn alias_prefix(field: Field, text: &str, family: AddressFamily, reader: &mut ObjectReader<'_>) -> Option<Prefix> {
    match text.parse() {
        Ok(address) if Prefix::host(address).family() == family => Some(Prefix::host(address)),
        _ => reader.range(field, text, family),
    }
}
