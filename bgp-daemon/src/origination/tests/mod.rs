//! What origination promises: snapshots and rules in, prefixes and explanations out, against models that count
//! addresses.

mod aggregation;
mod bound;
mod change;
mod costs;
mod custom;
mod explain;
mod guard;
mod originate;
mod plan;
mod report;
mod resume;
mod room;
mod sessions;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::SystemTime;

use bgp_core::types::Prefix;
use proptest::prelude::*;

use super::OriginationSet;
use crate::config::Config;
use crate::inventory::{
    Allocation, Allocations, ObjectCounts, Owner, Provenance, Range, RangeName, ResourcePath, Snapshot, SubnetworkRef,
    Trust,
};

/// A configuration with this text after the sections that are required; `region` is a line of `[router]`.
fn config_of_region(region: &str, text: &str) -> Config {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("aliasd.toml");
    let router =
        format!("[router]\nasn = 64512\nrouter_id = \"10.0.0.1\"\n{region}\n[inventory]\npath = \".\"\n{text}");
    std::fs::write(&path, router).unwrap();
    Config::load_with(&path, Vec::<(OsString, OsString)>::new()).unwrap()
}

fn config(text: &str) -> Config {
    config_of_region("", text)
}

fn prefix(text: &str) -> Prefix {
    Prefix::parse_exact(text).unwrap()
}

fn resource(text: &str) -> Arc<ResourcePath> {
    Arc::new(ResourcePath::parse(text).unwrap())
}

/// `region/name` of a subnetwork in the host project.
fn subnetwork(place: &str) -> Arc<SubnetworkRef> {
    let (region, name) = place.split_once('/').unwrap();
    Arc::new(SubnetworkRef {
        path: ResourcePath::parse(&format!("projects/host/regions/{region}/subnetworks/{name}")).unwrap(),
        network: ResourcePath::parse("projects/host/global/networks/vpc").unwrap(),
        region: region.to_owned(),
    })
}

fn range_name(text: &str) -> RangeName {
    match text {
        "primary" => RangeName::Primary,
        "ipv6" => RangeName::Ipv6,
        name => RangeName::Secondary(Arc::from(name)),
    }
}

/// A range of `us-central1/gke` with aliases of instance `vm-0`, `vm-1` and so on.
fn range(name: &str, cidr: &str, allocated: &[&str]) -> Range {
    let allocated = allocated.iter().enumerate().map(|(index, text)| {
        let instance = resource(&format!("projects/p/zones/us-central1-a/instances/vm-{index}"));
        let owner = Owner::AliasRange { instance, interface: Arc::from("nic0") };
        Allocation { prefix: prefix(text), owner: owner.into() }
    });
    let (subnetwork, allocations) = (subnetwork("us-central1/gke"), Allocations::of_keys(allocated));
    Range { subnetwork, name: range_name(name), prefix: prefix(cidr), allocations }
}

fn snapshot(mut ranges: Vec<Range>) -> Arc<Snapshot> {
    ranges.sort_by_key(|range| range.prefix);
    Arc::new(Snapshot {
        revision: 7,
        trust: Trust::Trusted,
        taken_at: SystemTime::UNIX_EPOCH,
        digest: String::new(),
        ranges,
        counts: ObjectCounts::default(),
        notes: Vec::new(),
        provenance: Provenance::default(),
    })
}

/// The originated prefixes as text, ascending.
fn originated(set: &OriginationSet) -> Vec<String> {
    set.originations.keys().map(ToString::to_string).collect()
}

/// Sixty-four addresses of each family, small enough to count.
const SPACES: [&str; 2] = ["10.0.0.0/26", "fd00::/122"];

/// Blocks of a space, as first address and length in bits from the space's, that lie side by side without a gap.
const BLOCKS: [(u8, u8); 7] = [(0, 2), (16, 3), (24, 3), (32, 4), (36, 4), (40, 3), (48, 2)];

fn block(space: &str, offset: u8, bits: u8) -> Prefix {
    let space = prefix(space);
    let first = match space.network() {
        IpAddr::V4(address) => IpAddr::V4((u32::from(address) + u32::from(offset)).into()),
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) + u128::from(offset)).into()),
    };
    Prefix::new(first, space.len() + bits).unwrap()
}

/// Every address of the space as a prefix.
fn hosts(space: &str) -> Vec<Prefix> {
    (0..64).map(|offset| block(space, offset, 6)).collect()
}

/// Every prefix that lies in the space.
fn prefixes(space: &str) -> Vec<Prefix> {
    let blocks = (0..=6).flat_map(|bits| (0..64).map(move |offset| block(space, offset, bits)));
    blocks.collect::<BTreeSet<_>>().into_iter().collect()
}

/// Snapshots of one space: some of its blocks are ranges, of three names, with allocations of any size and nesting.
fn snapshots() -> impl Strategy<Value = (&'static str, Arc<Snapshot>)> {
    let names = prop::sample::select(vec!["pods-a", "pods-b", "svc", "other"]);
    let allocations = prop::collection::vec((0_u8..64, 2_u8..=6), 0..10);
    let perhaps = prop::option::weighted(0.8, (names, allocations, prop::bool::weighted(0.3)));
    (prop::sample::select(SPACES.to_vec()), prop::collection::vec(perhaps, BLOCKS.len())).prop_map(|(space, ranges)| {
        let present = BLOCKS.into_iter().zip(ranges).filter_map(|(block, range)| Some((block, range?)));
        let ranges = present.map(|((offset, bits), (name, mut wanted, whole))| {
            let cidr = block(space, offset, bits);
            wanted.extend(whole.then_some((offset, bits)));
            let inside = wanted.into_iter().map(|(offset, bits)| block(space, offset, bits));
            let inside = inside.filter(|prefix| cidr.covers(prefix)).map(|prefix| prefix.to_string());
            let texts: BTreeSet<String> = inside.collect();
            range(name, &cidr.to_string(), &texts.iter().map(String::as_str).collect::<Vec<_>>())
        });
        (space, snapshot(ranges.collect()))
    })
}

/// Pods by what is in use, the rest of the names as a whole or not at all.
const RULES: &str = r#"
[[advertise]]
role = "pod"
aggregation = { mode = "in-use" }
[[advertise]]
range = "other"
aggregation = { mode = "subnet-ranges" }
"#;

/// The same names, otherwise.
const OTHER_RULES: &str = r#"
[[advertise]]
range = "pods-a"
aggregation = { mode = "subnet-ranges" }
med = 9
[[advertise]]
range = "*"
aggregation = { mode = "in-use" }
"#;
