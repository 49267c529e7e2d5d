//! Whatever is wrong with the newest state of the inventory, no route is touched; status says what is wrong and where.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::FROM_SAMPLE;
use super::faults::{neighbours, unchanged};
use crate::inventory::{INSTANCES, Inventory};
use crate::patience::eventually;
use crate::project::{PATIENCE, Project};
use crate::router::Family;

/// A way to spoil the inventory, and what the fault must name: file, object, field, value, and what is wrong; "" for any.
struct Spoiled {
    what: &'static str,
    spoil: fn(&Inventory) -> Result<()>,
    names: [&'static str; 5],
}

const ALIAS: &str = "/networkInterfaces/0/aliasIpRanges/0/ipCidrRange";

const SPOILED: &[Spoiled] = &[
    Spoiled {
        what: "truncated JSON",
        spoil: |inventory| {
            let text = inventory.read(INSTANCES)?;
            let (half, _) = text.split_at_checked(text.len() / 2).context("no half")?;
            inventory.replace(INSTANCES, half)
        },
        names: [INSTANCES, "", "", "", "cut short"],
    },
    Spoiled {
        what: "an alias range outside its secondary range",
        spoil: |inventory| inventory.set_in_instance("node-2", ALIAS, json!("10.9.1.0/24")),
        names: [INSTANCES, "node-2", "ipCidrRange", "10.9.1.0/24", "range gke-pods"],
    },
    Spoiled {
        what: "two instances with the same alias range",
        spoil: |inventory| inventory.set_in_instance("node-2", ALIAS, json!("10.4.0.0/24")),
        names: [INSTANCES, "node-", "ipCidrRange", "10.4.0.0/24", ""],
    },
    Spoiled {
        what: "a file replaced by an empty one",
        spoil: |inventory| inventory.replace(INSTANCES, ""),
        names: [INSTANCES, "", "", "", "empty"],
    },
    Spoiled {
        what: "a directory that is unreadable",
        spoil: |inventory| Ok(fs::set_permissions(inventory.directory(), Permissions::from_mode(0o000))?),
        names: ["inventory", "", "", "", "ermission denied"],
    },
    Spoiled {
        what: "a directory replaced by an empty one",
        spoil: |inventory| {
            fs::rename(inventory.directory(), inventory.directory().with_extension("old"))?;
            Ok(fs::create_dir(inventory.directory())?)
        },
        names: [INSTANCES, "", "", "", "is gone"],
    },
];

pub fn check(project: &Project) -> Result<()> {
    project.converge(Family::Ipv4, FROM_SAMPLE)?;
    let before = neighbours(project)?;
    let instances = project.inventory.read(INSTANCES)?;
    for spoiled in SPOILED {
        (spoiled.spoil)(&project.inventory).with_context(|| spoiled.what)?;
        eventually(spoiled.what, PATIENCE, || names_the_fault(project, spoiled.names))?;
        unchanged(project, &before, spoiled.what)?;
        restore(&project.inventory, &instances)?;
        eventually("a good inventory is taken again", PATIENCE, || {
            let faults = faults(project)?;
            ensure!(faults.is_empty(), "{faults:?}");
            Ok(())
        })?;
        unchanged(project, &before, &format!("the way back from {}", spoiled.what))?;
    }
    Ok(())
}

fn restore(inventory: &Inventory, instances: &str) -> Result<()> {
    fs::set_permissions(inventory.directory(), Permissions::from_mode(0o755))?;
    let old = inventory.directory().with_extension("old");
    if old.exists() {
        fs::remove_dir(inventory.directory())?;
        fs::rename(old, inventory.directory())?;
    }
    inventory.replace(INSTANCES, instances)
}

fn faults(project: &Project) -> Result<Vec<Value>> {
    let status = project.aliasctl()?.json(&["status"])?;
    Ok(status.pointer("/inventory/faults").and_then(Value::as_array).context("no inventory.faults")?.clone())
}

fn names_the_fault(project: &Project, names: [&str; 5]) -> Result<()> {
    let faults = faults(project)?;
    let named = |fault: &Value| {
        ["file", "object", "field", "value", "expected"].iter().zip(names).all(|(part, expected)| {
            let said = fault.get(part).and_then(Value::as_str).unwrap_or_default();
            said.contains(expected)
        })
    };
    ensure!(faults.iter().any(named), "no fault names {names:?}: {faults:?}");
    Ok(())
}
