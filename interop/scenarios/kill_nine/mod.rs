//! SIGKILL again and again while the inventory changes, with the guard as it is by default: after each start the routers have
//! exactly what the last trusted inventory says, and what the guard holds is held by the same hash.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::FROM_SAMPLE;
use crate::inventory::{INSTANCES, Node};
use crate::patience::eventually;
use crate::project::{PATIENCE, Project};
use crate::router::Family;

const ROUNDS: usize = 12;

/// Nodes whose ranges touch nobody's: three of them go by themselves, for the guard lets a fifth of all prefixes go.
const FLEET: usize = 20;

pub fn check(project: &Project) -> Result<()> {
    project.converge(Family::Ipv4, FROM_SAMPLE)?;
    let mut cloud = Cloud { project, fleet: (0..FLEET).collect(), pool: 0 };
    for number in 0..FLEET {
        cloud.add(&fleet_name(number), &fleet_range(number), 20 + number)?;
    }
    cloud.is_told()?;
    for round in 0..ROUNDS {
        // The kill falls where it falls: while a file is read, a set decided, a route sent or the journal written.
        for _ in 0..=round {
            cloud.grows()?;
        }
        match round % 3 {
            0 => project.signal("aliasd", "KILL")?,
            1 => starts_over_a_half_written_file(&cloud)?,
            _ => {
                project.signal("aliasd", "KILL")?;
                // It changes once more while nobody looks.
                cloud.shrinks()?;
            }
        }
        project.start_again("aliasd")?;
        cloud.is_told().with_context(|| format!("round {round}"))?;
        if round % 3 == 1 {
            project.inventory.replace(INSTANCES, &whole(project)?)?;
        }
        eventually("aliasd trusts its inventory", PATIENCE, || stands_at(project, "/inventory/state", "CURRENT"))?;
        cloud.is_told().with_context(|| format!("round {round}, after a look"))?;
    }
    what_is_held_stays_held(&cloud)
}

/// The truth, as the files say it.
struct Cloud<'a> {
    project: &'a Project,
    fleet: Vec<usize>,
    /// Nodes of a pool whose ranges touch, so that each one changes the shape of what is announced.
    pool: usize,
}

fn fleet_name(number: usize) -> String {
    format!("fleet-{number}")
}

fn fleet_range(number: usize) -> String {
    format!("10.4.{}.0/26", 32 + 2 * number)
}

impl Cloud<'_> {
    fn add(&self, name: &str, range: &str, host: usize) -> Result<()> {
        let address = format!("10.128.0.{host}");
        self.project.inventory.add_node(Node { name, address: &address, pods: &[range], like: "node-1" })
    }

    /// A node joins the pool, in the place after the last one's.
    fn grows(&mut self) -> Result<()> {
        let range = format!("10.4.{}.{}/26", 128 + self.pool / 4, self.pool % 4 * 64);
        self.add(&format!("pool-{}", self.pool), &range, 100 + self.pool)?;
        self.pool += 1;
        Ok(())
    }

    /// A node of the fleet goes.
    fn shrinks(&mut self) -> Result<()> {
        let number = self.fleet.pop().context("nobody is left")?;
        self.project.inventory.remove_instance(&fleet_name(number))
    }

    /// Waits until the routers have exactly what is there: of the pool the fewest prefixes, which are the powers of two
    /// that its size is the sum of.
    fn is_told(&self) -> Result<()> {
        let mut routes: Vec<String> = FROM_SAMPLE.iter().map(|prefix| (*prefix).to_owned()).collect();
        routes.extend(self.fleet.iter().map(|number| fleet_range(*number)));
        let mut done = 0;
        for bit in (0..usize::BITS).rev().filter(|bit| self.pool >> bit & 1 == 1) {
            routes.push(format!("10.4.{}.{}/{}", 128 + done / 4, done % 4 * 64, 26 - bit));
            done += 1 << bit;
        }
        self.project.converge(Family::Ipv4, &routes.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

/// The routes come from the journal alone, for nothing can be read.
fn starts_over_a_half_written_file(cloud: &Cloud<'_>) -> Result<()> {
    let project = cloud.project;
    cloud.is_told()?;
    is_written_down(project)?;
    project.signal("aliasd", "KILL")?;
    let text = project.inventory.read(INSTANCES)?;
    fs::write(kept(project), &text)?;
    let half = text.split_at_checked(text.len() / 2).context("no half")?.0;
    fs::write(project.inventory.directory().join(INSTANCES), half)?;
    Ok(())
}

/// Where the whole file is meanwhile.
fn kept(project: &Project) -> std::path::PathBuf {
    project.inventory.directory().with_extension("whole")
}

fn whole(project: &Project) -> Result<String> {
    fs::read_to_string(kept(project)).context("the whole file")
}

/// Waits until a restart would start from what is originated now.
fn is_written_down(project: &Project) -> Result<()> {
    eventually("the journal is written", PATIENCE, || {
        let status = project.aliasctl()?.json(&["status"])?;
        let at = |pointer| status.pointer(pointer).and_then(Value::as_u64);
        let (written, revision) = (at("/journal/writtenRevision"), at("/inventory/revision"));
        ensure!(written.is_some() && written == revision, "revision {revision:?}, written is {written:?}");
        Ok(())
    })
}

fn stands_at(project: &Project, pointer: &str, expected: &str) -> Result<()> {
    let status = project.aliasctl()?.json(&["status"])?;
    let found = status.pointer(pointer).cloned().unwrap_or_default();
    ensure!(found == expected, "{pointer} is {found}");
    Ok(())
}

/// Most of the fleet goes at once: it is held, and so it is after each kill, until the fleet is back.
fn what_is_held_stays_held(cloud: &Cloud<'_>) -> Result<()> {
    let project = cloud.project;
    let good = project.inventory.read(INSTANCES)?;
    let mut nodes: Vec<Value> = serde_json::from_str(&good)?;
    let goes: Vec<String> = cloud.fleet.iter().skip(3).map(|number| fleet_name(*number)).collect();
    nodes.retain(|node| !goes.iter().any(|name| node.pointer("/name") == Some(&json!(name))));
    project.inventory.replace(INSTANCES, &serde_json::to_string_pretty(&nodes)?)?;
    let held = eventually("the guard holds", PATIENCE, || held(project)?.context("nothing is held"))?;
    eventually("aliasd trusts its inventory", PATIENCE, || stands_at(project, "/inventory/state", "CURRENT"))?;
    let before = routes(project)?;
    is_written_down(project)?;
    for round in 0..3 {
        project.signal("aliasd", "KILL")?;
        project.start_again("aliasd")?;
        eventually("the session with aliasd", PATIENCE, || {
            project.routers.iter().try_for_each(|one| one.session().map(drop))
        })?;
        eventually("what was held is there", PATIENCE, || {
            let now = routes(project)?;
            ensure!(now == before, "{now:?}, not {before:?}");
            Ok(())
        })
        .with_context(|| format!("kill {round}"))?;
        eventually("aliasd trusts its inventory", PATIENCE, || stands_at(project, "/inventory/state", "CURRENT"))?;
        let now = self::held(project)?;
        ensure!(now.as_ref() == Some(&held), "held was {held}, is {now:?}");
        ensure!(routes(project)? == before, "the first look took what is held");
    }
    project.inventory.replace(INSTANCES, &good)?;
    eventually("the hold dissolves", PATIENCE, || {
        let held = self::held(project)?;
        ensure!(held.is_none(), "{held:?} is held");
        Ok(())
    })?;
    cloud.is_told()
}

/// The hash of what the guard holds.
fn held(project: &Project) -> Result<Option<String>> {
    let guard = project.aliasctl()?.json(&["guard"])?;
    ensure!(guard.pointer("/state") != Some(&json!("OFF")), "the guard is off");
    Ok(guard.pointer("/hold/hash").and_then(Value::as_str).map(str::to_owned))
}

/// The prefixes that each router has from aliasd.
fn routes(project: &Project) -> Result<BTreeMap<&'static str, Vec<String>>> {
    let of = |router: &crate::router::Router| Ok((router.name(), router.routes(Family::Ipv4)?.into_keys().collect()));
    project.routers.iter().map(of).collect()
}
