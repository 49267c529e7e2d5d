//! Prefixes change shape again and again: ranges are split, joined, moved to other nodes, come and go. At no moment has an
//! address that stays in use no route at BIRD or FRR: every UPDATE that aliasd sends is replayed.

pub mod space;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};

use self::space::{Chance, Units, covers_unit, minimal_cover, shared_out, some_of};
use super::FROM_SAMPLE;
use crate::patience::eventually;
use crate::project::{PATIENCE, Project};
use crate::router::Family;
use crate::sent::Sent;

/// Changes of which each is seen through, and then changes as fast as they can be written.
const STEPS: usize = 40;
const BURST: usize = 20;

/// The nodes that have all of it.
const NODES: usize = 8;

/// What is in use from a moment on.
struct Moment {
    since: Duration,
    in_use: Units,
    /// Whether the routers had exactly that, before the next moment began.
    settled: bool,
}

pub fn check(project: &Project) -> Result<()> {
    project.converge(Family::Ipv4, FROM_SAMPLE)?;
    let nodes = project.inventory.add_pool(NODES)?;
    let mut chance = Chance::new(20_260_101);
    let mut moments = vec![Moment { since: now()?, in_use: Units::new(), settled: true }];
    for step in 0..STEPS + BURST {
        let in_use = some_of(&moments.last().context("no moment")?.in_use, &mut chance);
        let since = now()?;
        project.inventory.set_pods(&pods(&nodes, &in_use, &mut chance))?;
        let settled = step < STEPS || step + 1 == STEPS + BURST;
        if settled {
            let cover = minimal_cover(&in_use);
            let expected: Vec<&str> = FROM_SAMPLE.iter().copied().chain(cover.iter().map(String::as_str)).collect();
            project.converge(Family::Ipv4, &expected).with_context(|| format!("step {step}"))?;
        }
        moments.push(Moment { since, in_use, settled });
    }
    // Without a capture, which the report says, the routes after each step are all that can be seen.
    let Some(sent) = project.sent()? else { return Ok(()) };
    for router in &project.routers {
        let address = project.address(if router.name() == "BIRD" { 3 } else { 4 });
        let to_it: Vec<&Sent> = sent.iter().filter(|sent| sent.to == address).collect();
        let reshaped = replay(&to_it, &moments).with_context(|| format!("what {} was sent", router.name()))?;
        ensure!(reshaped >= STEPS / 4, "only {reshaped} prefixes gave way to others at {}", router.name());
    }
    eventually("aliasd is content", PATIENCE, || {
        let status = project.aliasctl()?.json(&["status"])?;
        ensure!(status.pointer("/inventory/quarantined") == Some(&serde_json::json!(0)), "{status}");
        Ok(())
    })
}

fn now() -> Result<Duration> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?)
}

/// Every node with what it has.
fn pods(nodes: &[String], in_use: &Units, chance: &mut Chance) -> BTreeMap<String, Vec<String>> {
    let mut pods: BTreeMap<String, Vec<String>> = nodes.iter().map(|node| (node.clone(), Vec::new())).collect();
    for range in shared_out(in_use, chance) {
        let node = nodes.get(chance.below(nodes.len()));
        if let Some(ranges) = node.and_then(|node| pods.get_mut(node)) {
            ranges.push(range);
        }
    }
    pods
}

/// Fails when an address that is in use before and after a change is without a route at any moment between. Returns how many
/// routes were withdrawn of which something stays in use.
fn replay(sent: &[&Sent], moments: &[Moment]) -> Result<usize> {
    let mut sent = sent.iter().peekable();
    let (mut view, mut connection): (BTreeSet<String>, Option<&str>) = (BTreeSet::new(), None);
    let mut reshaped = 0;
    for (index, moment) in moments.iter().enumerate() {
        let until = moments.get(index + 1).map(|next| next.since);
        // Of a burst nobody knows which of its states aliasd saw: what is in use in all of them must be covered.
        let begin = moments.iter().take(index).rposition(|before| before.settled).unwrap_or(0);
        let lasting = moments
            .iter()
            .take(index)
            .skip(begin)
            .fold(moment.in_use.clone(), |lasting, before| lasting.intersection(&before.in_use).copied().collect());
        while let Some(update) = sent.next_if(|update| until.is_none_or(|until| update.at < until)) {
            if connection != Some(update.connection.as_str()) {
                ensure!(index == 0, "a second session began");
                view.clear();
                connection = Some(&update.connection);
            }
            for prefix in &update.withdrawn {
                ensure!(view.remove(prefix), "{prefix} is withdrawn and was not announced");
                reshaped += usize::from(lasting.iter().any(|unit| covers_unit(prefix, *unit)));
                let dark = lasting.iter().find(|unit| !view.iter().any(|route| covers_unit(route, **unit)));
                if let Some(unit) = dark {
                    let unit = space::unit_name(*unit);
                    anyhow::bail!(
                        "withdrawing {prefix} at {:?} in step {index} leaves {unit} dark: {view:?}",
                        update.at
                    );
                }
            }
            view.extend(update.announced.iter().cloned());
        }
        if moment.settled {
            let mut expected: BTreeSet<String> = minimal_cover(&moment.in_use).into_iter().collect();
            expected.extend(FROM_SAMPLE.iter().map(|prefix| (*prefix).to_owned()));
            ensure!(view == expected, "after step {index} the UPDATEs come to {view:?}, not {expected:?}");
        }
    }
    Ok(reshaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(second: u64, withdrawn: &[&str], announced: &[&str]) -> Sent {
        let set = |prefixes: &[&str]| prefixes.iter().map(|prefix| (*prefix).to_owned()).collect();
        Sent {
            at: Duration::from_secs(second),
            to: "10.0.0.3".to_owned(),
            connection: "0".to_owned(),
            withdrawn: set(withdrawn),
            announced: set(announced),
        }
    }

    fn judged(updates: &[Sent]) -> Result<usize> {
        let moment = |second, units: &[u32], settled| Moment {
            since: Duration::from_secs(second),
            in_use: units.iter().copied().collect(),
            settled,
        };
        let moments = [moment(0, &[], true), moment(10, &[0, 1], true), moment(20, &[0, 1, 2, 3], true)];
        replay(&updates.iter().collect::<Vec<_>>(), &moments)
    }

    #[test]
    fn passes_what_is_made_before_it_is_broken_and_nothing_else() {
        let start = || vec![update(1, &[], FROM_SAMPLE), update(11, &[], &["10.4.16.0/24"])];
        let with = |more: &[Sent]| [start(), more.to_vec()].concat();
        let good = [update(21, &[], &["10.4.16.0/23"]), update(22, &["10.4.16.0/24"], &[])];
        assert_eq!(judged(&with(&good)).unwrap(), 1);
        let broken = [update(21, &["10.4.16.0/24"], &[]), update(22, &[], &["10.4.16.0/23"])];
        assert!(judged(&with(&broken)).unwrap_err().to_string().contains("leaves 10.4.16.0/25 dark"));
        // Withdrawn Routes come first in a message.
        let at_once = [update(21, &["10.4.16.0/24"], &["10.4.16.0/23"])];
        assert!(judged(&with(&at_once)).unwrap_err().to_string().contains("dark"));
        let incomplete = [update(21, &[], &["10.4.16.0/23"])];
        assert!(judged(&with(&incomplete)).unwrap_err().to_string().contains("come to"));
        let mut other = good[1].clone();
        other.connection = "1".to_owned();
        assert!(judged(&with(&[good[0].clone(), other])).unwrap_err().to_string().contains("second session"));
    }
}
