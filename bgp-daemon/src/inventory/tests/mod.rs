//! What the inventory promises, said from outside: files in, a snapshot or exact messages out.

mod change;
mod faults;
mod files;
mod forms;
mod manifest;
mod robustness;
mod rules;
mod trust;
mod watching;

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{Selection, Snapshot, read};

/// A subnetwork with a pod range, and what tests put beside it.
const SUBNETWORK: &str = r#"{"kind": "compute#subnetwork", "selfLink": "projects/p/regions/r/subnetworks/s",
    "network": "projects/p/global/networks/n", "ipCidrRange": "10.0.0.0/20",
    "secondaryIpRanges": [{"rangeName": "pods", "ipCidrRange": "10.4.0.0/14"}]}"#;

/// An instance of it with this interface.
fn instance(name: &str, interface: &str) -> String {
    format!(
        r#"{{"kind": "compute#instance", "selfLink": "projects/p/zones/z/instances/{name}", "networkInterfaces": [{{
            "network": "projects/p/global/networks/n", "subnetwork": "projects/p/regions/r/subnetworks/s",
            {interface}}}]}}"#
    )
}

/// An instance with this address and these alias ranges of pods.
fn node(name: &str, address: &str, aliases: &[&str]) -> String {
    let alias = |range: &&str| format!(r#"{{"ipCidrRange": "{range}", "subnetworkRangeName": "pods"}}"#);
    let aliases: Vec<String> = aliases.iter().map(alias).collect();
    instance(name, &format!(r#""networkIP": "{address}", "aliasIpRanges": [{}]"#, aliases.join(", ")))
}

/// A list of objects as a file.
fn list(objects: &[&str]) -> String {
    format!("[{}]", objects.join(",\n"))
}

/// A directory with these files.
fn directory(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    files.iter().for_each(|(name, text)| std::fs::write(folder.path().join(name), text).unwrap());
    folder
}

/// What a directory with these files is read as; messages name paths in the directory.
fn read_files(files: &[(&str, &str)], selection: &Selection) -> Result<Snapshot, String> {
    let folder = directory(files);
    let prefix = folder.path().display().to_string();
    read(folder.path(), selection).map_err(|faults| faults.to_string().replace(&prefix, "DIR"))
}

/// The same with all networks.
fn read_all(files: &[(&str, &str)]) -> Result<Snapshot, String> {
    read_files(files, &Selection::default())
}

/// These objects in one file.
fn read_objects(objects: &[&str]) -> Result<Snapshot, String> {
    read_all(&[("all.json", &list(objects))])
}

fn network(name: &str) -> Selection {
    Selection { network: Some(name.to_owned()), ..Selection::default() }
}

/// A sample that is kept as files.
fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/inventory").join(name)
}

/// The ranges of a snapshot and what is allocated in each, one a line.
fn shown(snapshot: &Snapshot) -> String {
    let mut text = String::new();
    for range in &snapshot.ranges {
        text.push_str(&format!("{} {} of {}\n", range.prefix, range.name, range.subnetwork.path.short_name()));
        for allocation in range.allocations.keys() {
            text.push_str(&format!("  {} {}\n", allocation.prefix, allocation.owner));
        }
    }
    text
}
