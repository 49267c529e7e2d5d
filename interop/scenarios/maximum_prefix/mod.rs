//! Both routers take eight prefixes and close the session at the ninth, while inventory after inventory makes thousands of changes:
//! no session ends, no router is ever sent a ninth, and no address that stays in use is without a route.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::FROM_SAMPLE;
use super::make_before_break::space::{Chance, Units, covers_unit, minimal_cover, some_of, unit_name};
use crate::patience::eventually;
use crate::project::{PATIENCE, Project};
use crate::router::Family;
use crate::sent::Sent;

/// What the configurations of this folder say.
const MOST: usize = 8;

/// UPDATEs to each router that are enough.
const UPDATES: u64 = 1500;

/// Inventories, one after the other as fast as they can be written, until one is seen through, and how often at most. aliasd
/// does not see each of them.
const UNTIL_SEEN: usize = 100;
const ROUNDS: usize = 1000;

/// What stays in use all the time, whatever comes and goes beside it.
const LASTING: [u32; 6] = [1, 4, 11, 18, 22, 29];

/// The nodes that have all of it.
const NODES: usize = 8;

pub fn check(project: &Project) -> Result<()> {
    project.converge(Family::Ipv4, FROM_SAMPLE)?;
    let nodes = project.inventory.add_pool(NODES)?;
    let mut chance = Chance::new(20_260_202);
    let (mut in_use, mut was_coarse, mut windows) = (Units::new(), false, Vec::new());
    let (mut lasting, mut round) = (Units::new(), 0);
    while updates(project)? < UPDATES {
        for _ in 0..UNTIL_SEEN {
            in_use = some_of(&some_of(&in_use, &mut chance), &mut chance);
            in_use.extend(LASTING);
            lasting.retain(|unit| in_use.contains(unit));
            project.inventory.set_pods(&pods(&nodes, &in_use))?;
        }
        was_coarse |= seen_through(project, &in_use).with_context(|| format!("round {round}"))?;
        let until = SystemTime::now().duration_since(UNIX_EPOCH)?;
        windows.push(Window { until, lasting: std::mem::replace(&mut lasting, in_use.clone()) });
        round += 1;
        ensure!(round < ROUNDS, "{} UPDATEs were sent, and never as many as are enough", updates(project)?);
    }
    ensure!(was_coarse, "it was never coarsened");
    // Without a capture, which the report says, that the sessions go on is all that can be seen.
    let Some(sent) = project.sent()? else { return Ok(()) };
    for router in &project.routers {
        let address = project.address(if router.name() == "BIRD" { 3 } else { 4 });
        let to_it: Vec<&Sent> = sent.iter().filter(|sent| sent.to == address).collect();
        replay(&to_it, &windows).with_context(|| format!("what {} was sent", router.name()))?;
    }
    Ok(())
}

/// UPDATEs to the router that was sent the fewest, in the one session that each has had.
fn updates(project: &Project) -> Result<u64> {
    let shown = project.aliasctl()?.json(&["peers"])?;
    let peers = shown.pointer("/bgpPeerStatus").and_then(Value::as_array).context("no peers")?;
    let mut fewest = u64::MAX;
    for peer in peers {
        let number = |pointer: &str| peer.pointer(pointer).and_then(Value::as_u64);
        ensure!(
            number("/establishedCount") == Some(1) && peer.pointer("/status") == Some(&Value::from("UP")),
            "{peer}"
        );
        fewest = fewest.min(number("/messagesSent/update").context("no count of UPDATEs")?);
    }
    Ok(fewest)
}

/// The time from one inventory that was seen through to the next, and what is in use in all of them between.
struct Window {
    until: Duration,
    lasting: Units,
}

/// Every node with what it has.
fn pods(nodes: &[String], in_use: &Units) -> BTreeMap<String, Vec<String>> {
    let mut pods: BTreeMap<String, Vec<String>> = nodes.iter().map(|node| (node.clone(), Vec::new())).collect();
    for (range, node) in minimal_cover(in_use).into_iter().zip(nodes.iter().cycle()) {
        pods.entry(node.clone()).or_default().push(range);
    }
    pods
}

/// Waits until both routers have what aliasd originates, which covers all that is in use; whether that is coarsened.
fn seen_through(project: &Project, in_use: &Units) -> Result<bool> {
    eventually("what is in use is at the routers", PATIENCE, || {
        let shown = project.aliasctl()?.json(&["routes", "--originated"])?;
        let routes = shown.pointer("/result").and_then(Value::as_array).context("no routes")?;
        let originated = routes.iter().filter_map(|route| route.pointer("/destination/prefix")?.as_str());
        let originated: Vec<&str> = originated.filter(|prefix| !prefix.contains(':')).collect();
        let dark = in_use.iter().find(|unit| !originated.iter().any(|prefix| covers_unit(prefix, **unit)));
        ensure!(dark.is_none(), "{dark:?} of {originated:?}");
        let is_of_use = |prefix: &str| in_use.iter().any(|unit| covers_unit(prefix, *unit));
        let strange = originated.iter().find(|prefix| !FROM_SAMPLE.contains(prefix) && !is_of_use(prefix));
        ensure!(strange.is_none(), "{strange:?} holds nothing that is in use");
        for router in &project.routers {
            router.has_exactly(Family::Ipv4, &originated)?;
        }
        Ok(!minimal_cover(in_use).iter().all(|block| originated.contains(&block.as_str())))
    })
}

/// Fails when the router has more prefixes than it takes, or an address that lasts is without a route, after any single
/// UPDATE.
fn replay(sent: &[&Sent], windows: &[Window]) -> Result<()> {
    let mut view: BTreeSet<&str> = BTreeSet::new();
    let mut windows = windows.iter().peekable();
    for Sent { at, connection, withdrawn, announced, .. } in sent.iter().copied() {
        ensure!(sent.first().is_none_or(|first| first.connection == *connection), "a second session began");
        while windows.next_if(|window| window.until < *at).is_some() {}
        for prefix in withdrawn {
            ensure!(view.remove(prefix.as_str()), "{prefix} is withdrawn and was not announced");
        }
        view.extend(announced.iter().map(String::as_str));
        ensure!(view.len() <= MOST, "it has {} at {at:?}: {view:?}", view.len());
        let lasting = windows.peek().map(|window| &window.lasting);
        let dark =
            lasting.and_then(|units| units.iter().find(|unit| !view.iter().any(|prefix| covers_unit(prefix, **unit))));
        ensure!(
            dark.is_none(),
            "{} is dark at {at:?}: {view:?}",
            dark.map(|unit| unit_name(*unit)).unwrap_or_default()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(at: u64, withdrawn: &[&str], announced: &[&str]) -> Sent {
        let set = |prefixes: &[&str]| prefixes.iter().map(|prefix| (*prefix).to_owned()).collect();
        let (to, connection) = ("a".to_owned(), "0".to_owned());
        Sent { at: Duration::from_secs(at), to, connection, withdrawn: set(withdrawn), announced: set(announced) }
    }

    #[test]
    fn a_ninth_prefix_and_a_dark_address_are_seen() {
        let windows = [
            Window { until: Duration::from_secs(10), lasting: Units::new() },
            Window { until: Duration::from_secs(20), lasting: Units::from([0]) },
        ];
        let judged = |updates: &[Sent]| replay(&updates.iter().collect::<Vec<_>>(), &windows);
        let first = update(1, &[], &["10.4.16.0/25"]);
        let good = [first.clone(), update(11, &[], &["10.4.16.0/24"]), update(12, &["10.4.16.0/25"], &[])];
        judged(&good).unwrap();
        let dark = [first.clone(), update(11, &["10.4.16.0/25"], &[]), update(12, &[], &["10.4.16.0/24"])];
        assert!(judged(&dark).unwrap_err().to_string().contains("10.4.16.0/25 is dark"));
        let many: Vec<String> = (0..8).map(|number| format!("10.9.{number}.0/24")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(judged(&[first, update(11, &[], &many)]).unwrap_err().to_string().contains("it has 9"));
    }
}
