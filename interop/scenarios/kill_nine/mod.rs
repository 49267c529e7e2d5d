//! SIGKILL again and again while the inventory changes: after each start the routers have what the last inventory says.

use anyhow::Result;
use serde_json::json;

use super::FROM_SAMPLE;
use crate::inventory::INSTANCES;
use crate::patience::eventually;
use crate::project::{PATIENCE, Project};
use crate::router::Family;

const ROUNDS: usize = 10;

const ALIAS: &str = "/networkInterfaces/0/aliasIpRanges/0/ipCidrRange";

pub fn check(project: &Project) -> Result<()> {
    project.converge(Family::Ipv4, FROM_SAMPLE)?;
    for round in 0..ROUNDS {
        let range = |change: usize| format!("10.4.{}.0/26", 4 + 2 * ((round + change) % 8));
        // The kill falls where it falls: while a file is read, a set decided, a route sent or the journal written.
        for change in 0..=round {
            project.inventory.set_in_instance("node-3", ALIAS, json!(range(change)))?;
        }
        project.signal("aliasd", "KILL")?;
        if round % 3 == 2 {
            // It changes once more while nobody looks.
            project.inventory.set_in_instance("node-3", ALIAS, json!(range(round + 1)))?;
        }
        let last = if round % 3 == 2 { range(round + 1) } else { range(round) };
        project.start_again("aliasd")?;
        project.converge(Family::Ipv4, &["10.4.0.0/23", &last, "10.128.0.0/24"])?;
        eventually("aliasd trusts its inventory", PATIENCE, || {
            let status = project.aliasctl()?.json(&["status"])?;
            let state = status.pointer("/inventory/state").cloned().unwrap_or_default();
            anyhow::ensure!(state == "CURRENT", "{INSTANCES} is {state}");
            Ok(())
        })?;
    }
    Ok(())
}
