//! Objects of the Compute API, as far as they are read: from what is written to what is meant.
//!
//! One file a kind. Nothing here knows files, the network that was selected, or any other object.

mod address;
mod claims;
mod forwarding_rule;
mod identity;
mod instance;
mod kind;
mod reader;
mod subnetwork;
mod written;

use serde::{Deserialize, de::MapAccess};

pub(super) use claims::Claim;
pub(super) use instance::Interface;
pub(super) use kind::Kind;
pub(super) use reader::{Interner, ObjectReader};
pub(super) use subnetwork::{Subnetwork, SubnetworkRange};
pub(super) use written::{Readable, Written, WrittenList};
pub(super) use {address::address, forwarding_rule::forwarding_rule, identity::identity};
pub(super) use {instance::instance, subnetwork::subnetwork};

use std::fmt;
use std::sync::Arc;

use bgp_core::types::Prefix;

use super::{Owner, ResourcePath};
use instance::NetworkInterface;
use subnetwork::SecondaryRange;

/// An object of any kind: which one it is is known only when it has been read to its end. Fields that are not read here
/// are ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Object {
    pub kind: Written<String>,
    pub self_link: Written<String>,
    pub name: Written<String>,
    /// Not of the API: the project of an object that has no `selfLink`.
    pub project: Written<String>,
    pub zone: Written<String>,
    pub region: Written<String>,
    pub network: Written<String>,
    pub subnetwork: Written<String>,
    // Subnetwork
    pub ip_cidr_range: Written<String>,
    pub secondary_ip_ranges: WrittenList<SecondaryRange>,
    pub stack_type: Written<String>,
    pub internal_ipv6_prefix: Written<String>,
    pub external_ipv6_prefix: Written<String>,
    pub ipv6_cidr_range: Written<String>,
    // Instance
    pub network_interfaces: WrittenList<NetworkInterface>,
    // Address
    pub address: Written<String>,
    pub prefix_length: Written<u64>,
    pub address_type: Written<String>,
    pub status: Written<String>,
    // ForwardingRule
    #[serde(rename = "IPAddress")]
    pub ip_address: Written<String>,
    pub load_balancing_scheme: Written<String>,
}

impl<'de> Readable<'de> for Object {
    fn from_object<A: MapAccess<'de>>(object: A) -> Result<Written<Self>, A::Error> {
        written::read_object(object)
    }
}

/// An address or a forwarding rule.
#[derive(Debug)]
pub(super) struct Reservation {
    pub owner: Arc<Owner>,
    pub prefix: Prefix,
    pub field: Field,
    /// When given, the address must lie in it.
    pub subnetwork: Option<Arc<ResourcePath>>,
    pub network: Option<Arc<ResourcePath>>,
}

/// The field that a claim stands in: small, because there are a million of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Field {
    NetworkIp { interface: u32 },
    Ipv6Address { interface: u32 },
    ExternalIpv6 { interface: u32, config: u32 },
    AliasIpRange { interface: u32, alias: u32 },
    AliasIpv6Range { interface: u32, alias: u32 },
    Address,
    IpAddress,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NetworkIp { interface } => write!(f, "networkInterfaces[{interface}].networkIP"),
            Self::Ipv6Address { interface } => write!(f, "networkInterfaces[{interface}].ipv6Address"),
            Self::ExternalIpv6 { interface, config } => {
                write!(f, "networkInterfaces[{interface}].ipv6AccessConfigs[{config}].externalIpv6")
            }
            Self::AliasIpRange { interface, alias } => {
                write!(f, "networkInterfaces[{interface}].aliasIpRanges[{alias}].ipCidrRange")
            }
            Self::AliasIpv6Range { interface, alias } => {
                write!(f, "networkInterfaces[{interface}].aliasIpv6Ranges[{alias}].ipCidrRange")
            }
            Self::Address => f.write_str("address"),
            Self::IpAddress => f.write_str("IPAddress"),
        }
    }
}

impl Field {
    /// The value as it is usually written there: a lone address without its length, but for alias ranges.
    pub fn shown(self, prefix: &Prefix) -> String {
        let alias = matches!(self, Self::AliasIpRange { .. } | Self::AliasIpv6Range { .. });
        if !alias && prefix.len() == prefix.family().max_prefix_len() {
            prefix.network().to_string()
        } else {
            prefix.to_string()
        }
    }
}
