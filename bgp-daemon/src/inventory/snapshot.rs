//! One immutable, validated inventory: ranges, and what is allocated in each.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use bgp_core::types::Prefix;

use super::{ResourcePath, Trust};
use crate::shared_map::SharedMap;

/// A whole inventory. Each part of it passed validation; what could not be read or did not pass is what it was in the
/// snapshot before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Counts the snapshots, from 1; a higher one is newer. Goes on over a restart where there is a journal.
    pub revision: u64,
    /// Whether what it lacks is proven gone.
    pub trust: Trust,
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
    /// Where it comes from: what the next state is held against.
    pub provenance: Provenance,
}

/// Where a snapshot comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    /// The directory or file it was read from; empty when it was read offline.
    pub path: PathBuf,
    /// The network that was selected (`inventory.network`).
    pub network: Option<String>,
    /// The files that it was read from, and how many objects stood in each.
    pub files: BTreeMap<String, usize>,
    /// How many selected objects each collection holds, as `projects/p/zones/z/instances`.
    pub collections: BTreeMap<String, usize>,
    /// What its manifest said; `None` without one.
    pub manifest: Option<ManifestMark>,
}

impl Provenance {
    /// Keeps in mind what was there before, because that it is gone is not proven.
    pub(super) fn remember(&mut self, before: &Self) {
        let grow = |now: &mut BTreeMap<String, usize>, before: &BTreeMap<String, usize>| {
            for (name, count) in before {
                let count_now = now.entry(name.clone()).or_default();
                *count_now = (*count_now).max(*count);
            }
        };
        grow(&mut self.files, &before.files);
        grow(&mut self.collections, &before.collections);
        self.manifest.clone_from(&before.manifest);
    }
}

/// What is kept of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestMark {
    /// Its `revision`, if it has one.
    pub revision: Option<u64>,
    /// Its `createdAt`, if it has one.
    pub created_at: Option<SystemTime>,
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
    /// seen twice, as an address resource and the instance that uses it. Snapshots share what has not changed.
    pub allocations: Allocations,
}

/// What is allocated in a range.
pub type Allocations = SharedMap<Allocation, ()>;

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
    /// What they are given to: one for all that an interface has, since there may be a million.
    pub owner: Arc<Owner>,
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

impl ObjectCounts {
    /// What these ranges hold.
    pub(super) fn of(files: usize, ranges: &[Range]) -> Self {
        let mut counts = Self { files, ..Self::default() };
        let mut subnetworks: Vec<&ResourcePath> = ranges.iter().map(|range| &range.subnetwork.path).collect();
        subnetworks.sort_unstable();
        subnetworks.dedup();
        counts.subnetworks = subnetworks.len();
        let mut instances = HashSet::new();
        for owner in ranges.iter().flat_map(|range| range.allocations.keys()).map(|allocation| &allocation.owner) {
            match &**owner {
                Owner::AliasRange { instance, .. } => {
                    counts.alias_ranges += 1;
                    instances.insert(instance);
                }
                Owner::Interface { instance, .. } => {
                    instances.insert(instance);
                }
                Owner::Address(_) => counts.addresses += 1,
                Owner::ForwardingRule(_) => counts.forwarding_rules += 1,
            }
        }
        counts.instances = instances.len();
        counts
    }
}

impl Owner {
    /// The resource that it is or belongs to.
    #[must_use]
    pub const fn resource(&self) -> &Arc<ResourcePath> {
        match self {
            Self::Interface { instance: path, .. }
            | Self::AliasRange { instance: path, .. }
            | Self::Address(path)
            | Self::ForwardingRule(path) => path,
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
