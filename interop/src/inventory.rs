//! The cloud of a scenario: a directory of files as `gcloud … list --format=json` writes them, which changes while aliasd
//! looks at it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};

/// The file with the instances.
pub const INSTANCES: &str = "instances.json";

/// An inventory directory that belongs to the caller.
#[derive(Clone, Debug)]
pub struct Inventory {
    directory: PathBuf,
}

/// A node of a cluster, as an instance with an alias range for its pods.
#[derive(Clone, Copy, Debug)]
pub struct Node<'a> {
    pub name: &'a str,
    /// Its primary address.
    pub address: &'a str,
    /// Its alias ranges in the secondary range of the pods.
    pub pods: &'a [&'a str],
    /// Whose zone, network and subnetwork it shares: an instance that is there.
    pub like: &'a str,
}

impl Inventory {
    /// A copy of the files in `sample`, in the new directory `directory`.
    pub fn copy_of(sample: &Path, directory: PathBuf) -> Result<Self> {
        fs::create_dir_all(&directory)?;
        for entry in fs::read_dir(sample).with_context(|| sample.display().to_string())? {
            let entry = entry?;
            fs::copy(entry.path(), directory.join(entry.file_name()))?;
        }
        Ok(Self { directory })
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The text of a file.
    pub fn read(&self, file: &str) -> Result<String> {
        fs::read_to_string(self.directory.join(file)).with_context(|| file.to_owned())
    }

    /// Replaces a file at once, as a careful exporter does.
    pub fn replace(&self, file: &str, text: &str) -> Result<()> {
        // The new file is written outside the directory: a half-written one is never looked at.
        let new = self.directory.with_extension("new");
        fs::write(&new, text)?;
        fs::rename(&new, self.directory.join(file)).with_context(|| file.to_owned())
    }

    /// Adds so many nodes without pods, as "pool-0"; their names.
    pub fn add_pool(&self, count: usize) -> Result<Vec<String>> {
        let names: Vec<String> = (0..count).map(|number| format!("pool-{number}")).collect();
        for (number, name) in names.iter().enumerate() {
            let address = format!("10.128.0.{}", 100 + number);
            self.add_node(Node { name, address: &address, pods: &[], like: "node-1" })?;
        }
        Ok(names)
    }

    /// Adds a node.
    pub fn add_node(&self, node: Node<'_>) -> Result<()> {
        self.edit_instances(|instances| {
            let like = instances.iter().find(|instance| name(instance) == node.like);
            let mut instance = like.with_context(|| format!("no instance {}", node.like))?.clone();
            let old = instance.get("selfLink").and_then(Value::as_str).unwrap_or_default();
            let link = old.rsplit_once('/').map(|(scope, _)| format!("{scope}/{}", node.name));
            set(&mut instance, "/name", json!(node.name))?;
            set(&mut instance, "/id", json!("7000000000000000001"))?;
            set(&mut instance, "/selfLink", json!(link))?;
            set(&mut instance, "/networkInterfaces/0/networkIP", json!(node.address))?;
            let range = instance.pointer("/networkInterfaces/0/aliasIpRanges/0/subnetworkRangeName").cloned();
            let range = range.with_context(|| format!("{} has no alias range", node.like))?;
            let alias = |cidr: &&str| json!({"ipCidrRange": cidr, "subnetworkRangeName": range});
            let aliases: Vec<Value> = node.pods.iter().map(alias).collect();
            set(&mut instance, "/networkInterfaces/0/aliasIpRanges", json!(aliases))?;
            if let Some(interface) = instance.pointer_mut("/networkInterfaces/0").and_then(Value::as_object_mut) {
                interface.remove("ipv6Address");
                interface.remove("internalIpv6PrefixLength");
            }
            instances.push(instance);
            Ok(())
        })
    }

    /// Removes an instance.
    pub fn remove_instance(&self, gone: &str) -> Result<()> {
        self.edit_instances(|instances| {
            let before = instances.len();
            instances.retain(|instance| name(instance) != gone);
            anyhow::ensure!(instances.len() < before, "no instance {gone}");
            Ok(())
        })
    }

    /// Sets a member of an instance, by its JSON pointer.
    pub fn set_in_instance(&self, instance: &str, pointer: &str, value: Value) -> Result<()> {
        self.edit_instances(|instances| {
            let found = instances.iter_mut().find(|candidate| name(candidate) == instance);
            set(found.with_context(|| format!("no instance {instance}"))?, pointer, value)
        })
    }

    /// Sets the alias ranges of several instances at once, in the secondary range of the pods.
    pub fn set_pods(&self, pods: &BTreeMap<String, Vec<String>>) -> Result<()> {
        self.edit_instances(|instances| {
            for (node, cidrs) in pods {
                let instance = instances.iter_mut().find(|instance| name(instance) == node);
                let instance = instance.with_context(|| format!("no instance {node}"))?;
                let alias = |cidr: &String| json!({"ipCidrRange": cidr, "subnetworkRangeName": "gke-pods"});
                let aliases: Vec<Value> = cidrs.iter().map(alias).collect();
                set(instance, "/networkInterfaces/0/aliasIpRanges", json!(aliases))?;
            }
            Ok(())
        })
    }

    fn edit_instances(&self, edit: impl FnOnce(&mut Vec<Value>) -> Result<()>) -> Result<()> {
        let mut instances: Vec<Value> = serde_json::from_str(&self.read(INSTANCES)?).context(INSTANCES)?;
        edit(&mut instances)?;
        self.replace(INSTANCES, &serde_json::to_string_pretty(&instances)?)
    }
}

fn name(instance: &Value) -> &str {
    instance.get("name").and_then(Value::as_str).unwrap_or_default()
}

fn set(object: &mut Value, pointer: &str, value: Value) -> Result<()> {
    let place = object.pointer_mut(pointer).with_context(|| format!("nothing at {pointer}"))?;
    *place = value;
    Ok(())
}
