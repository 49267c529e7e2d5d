//! What `aliasctl plan` says of another inventory is exactly what the routers then see. A mass deletion is held: no route is
//! touched until it is released by its hash.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::FROM_SAMPLE;
use super::faults::{neighbours, unchanged};
use crate::inventory::{INSTANCES, Inventory, Node};
use crate::patience::eventually;
use crate::project::{PATIENCE, Project};
use crate::router::{Family, Router};

/// How long a command of aliasd may take.
const COMMAND: Duration = Duration::from_secs(20);

pub fn check(project: &Project) -> Result<()> {
    project.converge(Family::Ipv4, FROM_SAMPLE)?;
    let next = Inventory::copy_of(project.inventory.directory(), project.inventory.directory().with_file_name("next"))?;
    ensure!(plan(project, 0)?.pointer("/result") == Some(&json!("NO_CHANGE")), "a plan of the same is a change");
    a_change(project, &next)?;
    a_mass_deletion(project, &next)
}

/// Two nodes come, of which one joins another's range, and one goes.
fn a_change(project: &Project, next: &Inventory) -> Result<()> {
    next.remove_instance("node-3")?;
    next.add_node(Node { name: "node-4", address: "10.128.0.5", pods: &["10.4.2.0/23"], like: "node-1" })?;
    next.add_node(Node { name: "node-5", address: "10.128.0.6", pods: &["10.4.9.0/24"], like: "node-1" })?;
    let planned = plan(project, 10)?;
    let before = project.routers.iter().map(seen).collect::<Result<Vec<_>>>()?;
    project.inventory.replace(INSTANCES, &next.read(INSTANCES)?)?;
    for (router, before) in project.routers.iter().zip(before) {
        let expected = applied(&planned, router.name(), before)?;
        eventually("what was planned, and nothing else", PATIENCE, || {
            let now = seen(router)?;
            ensure!(now == expected, "{}: {now:?}, planned was {expected:?}", router.name());
            Ok(())
        })?;
    }
    Ok(())
}

/// Every node but one goes, and with them most of the routes.
fn a_mass_deletion(project: &Project, next: &Inventory) -> Result<()> {
    for node in ["node-1", "node-2", "node-4"] {
        next.remove_instance(node)?;
    }
    let planned = plan(project, 11)?;
    let (before, seen_before) = (neighbours(project)?, project.routers.iter().map(seen).collect::<Result<Vec<_>>>()?);
    project.inventory.replace(INSTANCES, &next.read(INSTANCES)?)?;
    let guard = || project.aliasctl()?.json(&["guard"]);
    eventually("the guard holds it", PATIENCE, || {
        let held = guard()?;
        ensure!(held.pointer("/hold/hash") == planned.pointer("/hold/hash"), "{held}, planned was {planned}");
        Ok(())
    })?;
    let status = project.aliasctl()?.json(&["status"])?;
    ensure!(status.pointer("/health") == Some(&json!("DEGRADED")), "{status}");
    unchanged(project, &before, "what is held")?;
    let held = guard()?;
    let hash = held.pointer("/hold/hash").and_then(Value::as_str).context("no hash")?;
    release(project, "0123456789abcdef").err().context("released by a wrong hash")?;
    unchanged(project, &before, "a wrong hash")?;
    let gone: BTreeSet<&str> =
        held.pointer("/routes").and_then(Value::as_array).into_iter().flatten().filter_map(prefix).collect();
    ensure!(!gone.is_empty(), "nothing is held: {held}");
    release(project, hash)?;
    for (router, mut expected) in project.routers.iter().zip(seen_before) {
        expected.retain(|prefix| !gone.contains(prefix.as_str()));
        eventually("what was released goes", PATIENCE, || {
            let now = seen(router)?;
            ensure!(now == expected, "{}: {now:?}, not {expected:?}", router.name());
            Ok(())
        })?;
    }
    Ok(())
}

fn release(project: &Project, hash: &str) -> Result<String> {
    project.exec("aliasd", &["aliasd", "release", "--socket", "/run/aliasd-admin.sock", hash], COMMAND)
}

/// The plan for the inventory beside the one in use, whose exit code must be that.
fn plan(project: &Project, code: u8) -> Result<Value> {
    let script = format!(
        "code=0; aliasctl --socket /run/aliasd.sock -o json plan --inventory /cloud/next || code=$?; [ $code = {code} ]"
    );
    let said = project.exec("aliasd", &["sh", "-c", &script], COMMAND)?;
    serde_json::from_str(&said).with_context(|| said.clone())
}

fn prefix(route: &Value) -> Option<&str> {
    route.pointer("/prefix").and_then(Value::as_str)
}

/// The prefixes that a router has from aliasd.
fn seen(router: &Router) -> Result<BTreeSet<String>> {
    let mut prefixes = BTreeSet::new();
    for family in [Family::Ipv4, Family::Ipv6] {
        prefixes.extend(router.routes(family)?.into_keys());
    }
    Ok(prefixes)
}

/// What a router has once the plan is done.
fn applied(plan: &Value, router: &str, mut seen: BTreeSet<String>) -> Result<BTreeSet<String>> {
    let router = router.to_lowercase();
    for route in plan.pointer("/routes").and_then(Value::as_array).context("a plan without routes")? {
        let prefix = prefix(route).context("a route without a prefix")?;
        let names = |list: &str| {
            let peers = route.pointer(list).and_then(Value::as_array).into_iter().flatten();
            peers.filter_map(Value::as_str).any(|peer| peer == router)
        };
        if names("/announcedTo") {
            ensure!(seen.insert(prefix.to_owned()), "{prefix} is announced, and {router} has it already");
        }
        if names("/withdrawnFrom") {
            ensure!(seen.remove(prefix), "{prefix} is withdrawn, and {router} does not have it");
        }
    }
    Ok(seen)
}
