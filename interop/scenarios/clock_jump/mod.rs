//! The time of day jumps by a month, ahead and back, and with it the age of the inventory's manifest. No route is touched, the
//! alarm is raised, a node that went meanwhile stays told, and one that came is told.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::FROM_SAMPLE;
use super::faults::{Seen, neighbours, unchanged};
use crate::inventory::{INSTANCES, Node};
use crate::patience::eventually;
use crate::project::{PATIENCE, Project};
use crate::router::{Family, Mark};

pub fn check(project: &Project) -> Result<()> {
    project.converge(Family::Ipv4, FROM_SAMPLE)?;
    // The time of writing is the container's, whose clock is not that of the test when a machine is in between.
    let now = project.exec("bird", &["date", "-u", "+%Y-%m-%dT%H:%M:%SZ"], PATIENCE)?;
    let files = json!([{"name": INSTANCES}, {"name": "subnetworks.json"}]);
    let manifest = json!({"kind": "aliasd#inventoryManifest", "createdAt": now.trim(), "files": files});
    project.inventory.replace("manifest.json", &manifest.to_string())?;
    eventually("the manifest is trusted", PATIENCE, || stands_at(project, "real", &[]))?;
    let good = project.inventory.read(INSTANCES)?;
    for (jump, node) in [("+30d", "after"), ("-30d", "before")] {
        let before = neighbours(project)?;
        clock(project, jump)?;
        eventually(&format!("a clock of {jump} is an alarm"), PATIENCE, || stands_at(project, jump, &["AGE"]))?;
        unchanged(project, &before, &format!("a clock of {jump}"))?;
        // A node goes, which is not believed now, and one comes.
        project.inventory.remove_instance("node-3")?;
        project.inventory.add_node(Node {
            name: node,
            address: "10.128.0.9",
            pods: &["10.4.9.0/24"],
            like: "node-1",
        })?;
        let grown: Vec<&str> = FROM_SAMPLE.iter().copied().chain(["10.4.9.0/24"]).collect();
        project.converge(Family::Ipv4, &grown)?;
        project.inventory.replace(INSTANCES, &good)?;
        clock(project, "+0")?;
        eventually("the clock is right again", PATIENCE, || stands_at(project, "real", &[]))?;
        project.converge(Family::Ipv4, FROM_SAMPLE)?;
        ensure!(session(&neighbours(project)?) == session(&before), "a clock of {jump} cost a session");
    }
    Ok(())
}

/// That of BIRD: FRR's mark changes with every UPDATE.
fn session(seen: &Seen) -> Option<&Mark> {
    seen.first().map(|(session, _)| session)
}

/// Sets aliasd's clock that much beside the real one.
fn clock(project: &Project, offset: &str) -> Result<()> {
    let cloud = project.inventory.directory().parent().context("no folder of the cloud")?;
    fs::write(cloud.join("clock"), offset).context("the clock")
}

/// Whether aliasd says just that of its inventory.
fn stands_at(project: &Project, jump: &str, doubts: &[&str]) -> Result<()> {
    let status = project.aliasctl()?.json(&["status"])?;
    let found = status.pointer("/inventory/doubts").cloned().unwrap_or_default();
    ensure!(found == json!(doubts), "after {jump}: {found:?}");
    let health = if doubts.is_empty() { "OK" } else { "DEGRADED" };
    ensure!(status.pointer("/health").and_then(Value::as_str) == Some(health), "{status}");
    Ok(())
}
