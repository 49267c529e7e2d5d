//! What has taken networks down, one after the other: an empty answer, a lost filter, a missing zone, half an answer, an
//! emptied file, a clone, a crash over a half-written file. No route is touched, and each raises its alarm.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::FROM_SAMPLE;
use super::faults::{neighbours, unchanged};
use crate::inventory::INSTANCES;
use crate::patience::eventually;
use crate::project::{PATIENCE, Project};
use crate::router::Family;

/// Zones of three nodes each, beside that of the sample.
const ZONES: [&str; 2] = ["us-central1-b", "us-central1-c"];

/// The routes of the sample and of these nodes, none of which touches another.
const ROUTES: [&str; 9] = [
    "10.4.0.0/23",
    "10.4.4.0/26",
    "10.128.0.0/24",
    "10.4.16.0/24",
    "10.4.18.0/24",
    "10.4.20.0/24",
    "10.4.22.0/24",
    "10.4.24.0/24",
    "10.4.26.0/24",
];

/// What happens to the file of the instances, the doubt that it raises, and how many objects go into quarantine.
struct Row {
    what: &'static str,
    spoil: fn(&[Value]) -> Result<String>,
    doubt: Option<&'static str>,
    quarantined: u64,
}

const ROWS: &[Row] = &[
    Row { what: "an empty answer", spoil: |_| Ok("[]".to_owned()), doubt: Some("EMPTY"), quarantined: 0 },
    Row {
        what: "a selector that was removed",
        spoil: |nodes| {
            let others = |node: &Value| node.to_string().replace("projects/", "projects/other-");
            Ok(format!("[{}]", nodes.iter().map(others).collect::<Vec<_>>().join(",")))
        },
        doubt: Some("VANISHED"),
        quarantined: 9,
    },
    Row {
        what: "a zone that is missing",
        spoil: |nodes| {
            let rest = |node: &&Value| !node.to_string().contains(ZONES[0]);
            Ok(serde_json::to_string(&nodes.iter().filter(rest).collect::<Vec<_>>())?)
        },
        doubt: Some("VANISHED"),
        quarantined: 0,
    },
    Row {
        what: "a page after which more follow",
        spoil: |nodes| Ok(page(nodes, json!({"nextPageToken": "page-2"}))),
        doubt: Some("MORE_PAGES"),
        quarantined: 0,
    },
    Row {
        what: "a zone that cannot be reached",
        spoil: |nodes| Ok(page(nodes, json!({"unreachables": ["projects/example-svc/zones/us-central1-c"]}))),
        doubt: Some("PARTIAL"),
        quarantined: 0,
    },
    Row {
        what: "a page that is cut short",
        spoil: |nodes| half(&serde_json::to_string_pretty(nodes)?),
        doubt: Some("UNREADABLE"),
        quarantined: 0,
    },
    Row { what: "a file that was emptied", spoil: |_| Ok(String::new()), doubt: Some("UNREADABLE"), quarantined: 0 },
    Row {
        what: "an instance that was duplicated",
        spoil: |nodes| {
            let clone = nodes.first().context("no node")?.to_string().replace("node-1", "a-clone");
            let nodes = nodes.iter().map(ToString::to_string).chain([clone]);
            Ok(format!("[{}]", nodes.collect::<Vec<_>>().join(",")))
        },
        doubt: None,
        quarantined: 1,
    },
];

pub fn check(project: &Project) -> Result<()> {
    project.converge(Family::Ipv4, FROM_SAMPLE)?;
    let nodes = fleet(&project.inventory.read(INSTANCES)?)?;
    let good = serde_json::to_string_pretty(&nodes)?;
    project.inventory.replace(INSTANCES, &good)?;
    project.converge(Family::Ipv4, &ROUTES)?;
    let before = neighbours(project)?;
    for Row { what, spoil, doubt, quarantined } in ROWS {
        project.inventory.replace(INSTANCES, &spoil(&nodes)?)?;
        eventually(what, PATIENCE, || stands_at(project, *doubt, *quarantined, "DEGRADED"))?;
        unchanged(project, &before, what)?;
        project.inventory.replace(INSTANCES, &good)?;
        eventually("a good inventory is trusted", PATIENCE, || stands_at(project, None, 0, "OK"))?;
        unchanged(project, &before, &format!("the way back from {what}"))?;
    }
    a_crash_over_a_half_written_file(project, &good)
}

fn a_crash_over_a_half_written_file(project: &Project, good: &str) -> Result<()> {
    project.signal("aliasd", "KILL")?;
    fs::write(project.inventory.directory().join(INSTANCES), half(good)?)?;
    project.start_again("aliasd")?;
    eventually("the half-written file is not trusted", PATIENCE, || {
        stands_at(project, Some("UNREADABLE"), 0, "DEGRADED")
    })?;
    project.converge(Family::Ipv4, &ROUTES)?;
    let before = neighbours(project)?;
    project.inventory.replace(INSTANCES, good)?;
    eventually("the whole file is trusted", PATIENCE, || stands_at(project, None, 0, "OK"))?;
    unchanged(project, &before, "the file's other half")
}

/// The nodes of the sample, and three in each of the other zones.
fn fleet(sample: &str) -> Result<Vec<Value>> {
    let mut nodes: Vec<Value> = serde_json::from_str(sample)?;
    let like = nodes.first().context("no node")?.clone();
    for (place, zone) in ZONES.iter().enumerate() {
        for number in 0..3 {
            let index = place * 3 + number;
            let name = format!("node-{}", 10 + index);
            let text = like.to_string().replace("us-central1-a", zone).replace("node-1", &name);
            let mut node: Value = serde_json::from_str(&text)?;
            let interface = node.pointer_mut("/networkInterfaces/0").and_then(Value::as_object_mut);
            let interface = interface.context("no interface")?;
            interface.insert("networkIP".to_owned(), json!(format!("10.128.0.{}", 100 + index)));
            let alias =
                json!({"ipCidrRange": format!("10.4.{}.0/24", 16 + index * 2), "subnetworkRangeName": "gke-pods"});
            interface.insert("aliasIpRanges".to_owned(), json!([alias]));
            interface.retain(|field, _| !field.contains("pv6"));
            nodes.push(node);
        }
    }
    Ok(nodes)
}

/// A page of the API with the first of the nodes.
fn page(nodes: &[Value], more: Value) -> String {
    let mut page = more;
    if let Some(page) = page.as_object_mut() {
        page.insert("items".to_owned(), json!(nodes.iter().take(3).collect::<Vec<_>>()));
        page.insert("kind".to_owned(), json!("compute#instanceList"));
    }
    page.to_string()
}

fn half(text: &str) -> Result<String> {
    Ok(text.split_at_checked(text.len() / 2).context("no half")?.0.to_owned())
}

/// Whether aliasd says just that of its inventory, and of itself.
fn stands_at(project: &Project, doubt: Option<&str>, quarantined: u64, health: &str) -> Result<()> {
    let status = project.aliasctl()?.json(&["status"])?;
    let at = |pointer: &str| status.pointer(pointer).cloned().unwrap_or_default();
    let found = (at("/inventory/doubts"), at("/inventory/quarantined"), at("/health"));
    let doubts: Vec<&str> = doubt.into_iter().collect();
    ensure!(found == (json!(doubts), json!(quarantined), json!(health)), "{found:?}");
    Ok(())
}
