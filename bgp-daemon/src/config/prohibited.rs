//! What is never announced, whoever asks for it.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// What is never announced, nor anything that shares an address with it: "this" network, loopback, link-local and
/// multicast, which the cloud does not give to a subnetwork either. A default route shares addresses with them.
pub const PROHIBITED: [IpNet; 7] = [
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::UNSPECIFIED, 8)),
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8)),
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(169, 254, 0, 0), 16)),
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(224, 0, 0, 0), 4)),
    IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::UNSPECIFIED, 8)),
    IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::new(0xFE80, 0, 0, 0, 0, 0, 0, 0), 10)),
    IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::new(0xFF00, 0, 0, 0, 0, 0, 0, 0), 8)),
];
