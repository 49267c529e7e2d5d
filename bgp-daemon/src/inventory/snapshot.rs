//! One immutable, validated inventory: ranges, and what is allocated in each.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use bgp_core::types::Prefix;

use super::ResourcePath;

/// A whole inventory that passed validation. What speaks against it never gets this far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Counts the snapshots of this process, from 1; a higher one is newer.
    pub revision: u64,
    /// When its files were read.
    pub taken_at: SystemTime,
    /// A hash of all that was read, in hexadecimal: equal for equal content.
    pub digest: String,
    /// Every range of every subnetwork that was selected, ascending by prefix. No two share an address.
    pub ranges: Vec<Range>,
    /// What was read.
    pub counts: ObjectCounts,
    /// What is legal and probably worth knowing, as an alias range that waits for its allocation.
    pub notes: Vec<String>,
}

/// How many objects of each kind were read and selected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ObjectCounts {
    /// Files.
    pub files: usize,
    /// Subnetworks.
    pub subnetworks: usize,
    /// Instances.
    pub instances: usize,
    /// Alias IP ranges that are allocated.
    pub alias_ranges: usize,
    /// Reserved addresses.
    pub addresses: usize,
    /// Forwarding rules.
    pub forwarding_rules: usize,
}

/// One range of a subnetwork.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// Whose it is.
    pub subnetwork: Arc<SubnetworkRef>,
    /// Which of its ranges.
    pub name: RangeName,
    /// The range itself (`ipCidrRange`).
    pub prefix: Prefix,
    /// What is allocated in it, ascending by prefix. Two entries may share addresses only when they are the same thing
    /// seen twice, as an address resource and the instance that uses it.
    pub allocations: Vec<Allocation>,
}

/// A subnetwork, as its ranges refer to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SubnetworkRef {
    /// Its path, as `projects/host/regions/us-central1/subnetworks/gke`.
    pub path: ResourcePath,
    /// The path of its VPC network.
    pub network: ResourcePath,
    /// The short name of its region.
    pub region: String,
}

/// Which range of a subnetwork.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RangeName {
    /// `ipCidrRange`.
    Primary,
    /// `secondaryIpRanges[]` of this `rangeName`.
    Secondary(Arc<str>),
    /// `internalIpv6Prefix`, or `externalIpv6Prefix`: the subnetwork's IPv6 range.
    Ipv6,
}

impl fmt::Display for RangeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Primary => "primary",
            Self::Secondary(name) => name,
            Self::Ipv6 => "ipv6",
        })
    }
}

/// Addresses of a range that are given to something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Allocation {
    /// The addresses.
    pub prefix: Prefix,
    /// What they are given to.
    pub owner: Owner,
}

/// What addresses are given to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// `networkInterfaces[].networkIP`, `ipv6Address` or the like of an instance.
    Interface {
        /// The instance.
        instance: Arc<ResourcePath>,
        /// The interface's name, as `nic0`.
        interface: Arc<str>,
    },
    /// `networkInterfaces[].aliasIpRanges[]` of an instance.
    AliasRange {
        /// The instance.
        instance: Arc<ResourcePath>,
        /// The interface's name, as `nic0`.
        interface: Arc<str>,
    },
    /// A reserved address.
    Address(Arc<ResourcePath>),
    /// A forwarding rule.
    ForwardingRule(Arc<ResourcePath>),
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interface { instance, interface } => write!(f, "instance {instance} {interface}"),
            Self::AliasRange { instance, interface } => write!(f, "alias range of instance {instance} {interface}"),
            Self::Address(path) => write!(f, "address {path}"),
            Self::ForwardingRule(path) => write!(f, "forwarding rule {path}"),
        }
    }
}

impl Snapshot {
    /// The range that holds the whole of `prefix`.
    #[must_use]
    pub fn range_of(&self, prefix: &Prefix) -> Option<&Range> {
        // Ranges are disjoint and ascending: only the last that starts at or before can hold it.
        let place = self.ranges.partition_point(|range| range.prefix.network() <= prefix.network());
        let range = self.ranges.get(place.checked_sub(1)?)?;
        range.prefix.covers(prefix).then_some(range)
    }
}
