//! The whole way, shown once: an inventory, what two real routers make of it, a change, a question, a mishap. Everything
//! that is shown is also checked.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::Value;

use crate::aliasctl::Aliasctl;
use crate::debian::Programs;
use crate::inventory::{INSTANCES, Inventory, Node};
use crate::lab::Lab;
use crate::patience::{eventually, eventually_since};
use crate::report::Report;
use crate::router::{Family, Route, Router, Software};
use crate::run::Places;

/// How long a session and a first table may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is promised: how long a change may take from the inventory to a router's table.
const PROMISE: Duration = Duration::from_secs(1);

/// What configs/demo/inventory comes to: each prefix, and what is behind it.
const EXPECTED: &[(&str, &str)] = &[
    ("10.4.0.0/21", "pods of web-node-1 to -8, a /24 each"),
    ("10.4.8.0/22", "pods of web-node-9 to -12"),
    ("10.5.0.0/23", "pods of 8 batch nodes, a /26 each"),
    ("10.6.0.0/24", "256 pods on container hosts, a /32 each"),
    ("10.6.1.0/27", "32 more of them"),
    ("10.128.0.0/24", "subnetwork web-nodes"),
    ("10.128.1.0/24", "subnetwork batch-nodes"),
    ("10.128.2.0/24", "subnetwork container-hosts"),
    ("10.129.0.0/22", "subnetwork vms"),
];

const NEW_NODE: Node<'_> =
    Node { name: "web-node-13", address: "10.128.0.14", pods: &["10.4.32.0/24"], like: "web-node-1" };
const NEW_PODS: &str = "10.4.32.0/24";

/// Runs it.
pub fn run(report: &mut Report) -> Result<()> {
    let since = Instant::now();
    report.head("aliasd: a cloud's alias IP ranges, announced over BGP to two on-prem routers")?;
    let places = Places::find()?;
    let programs =
        Programs::provide(report, &places.target, &["bird2", "frr"], &["bird", "birdc", "frr/bgpd", "vtysh"])?;
    places.build_aliasd(report)?;
    let mut lab = Lab::new(&places, "demo")?;
    let configs = places.interop.join("../configs/demo");
    let inventory = Inventory::copy_of(&configs.join("inventory"), lab.folder().join("inventory"))?;
    let routers = [lab.router(Software::Bird, &programs)?, lab.router(Software::Frr, &programs)?];
    let aliasctl = lab.aliasd(&configs.join("aliasd.toml"))?;
    let demo = Demo { inventory, routers, aliasctl };

    demo.sessions(report)?;
    demo.what_routers_see(report)?;
    demo.what_is_learned(report)?;
    demo.a_node_comes_and_goes(report)?;
    demo.why(report)?;
    demo.a_broken_inventory(report)?;

    report.head("The end")?;
    lab.stop_aliasd()?;
    for router in &demo.routers {
        eventually("a stopped aliasd's routes go", PATIENCE, || router.has_exactly(Family::Ipv4, &[]))?;
    }
    lab.close()?;
    report.good(&format!(
        "aliasd took its leave, its routes are gone, nothing is left running ({} s in all)",
        since.elapsed().as_secs()
    ))
}

struct Demo {
    inventory: Inventory,
    routers: [Router; 2],
    aliasctl: Aliasctl,
}

impl Demo {
    fn sessions(&self, report: &mut Report) -> Result<()> {
        report.head(
            "The cloud: configs/demo/inventory, as gcloud lists it. On-prem: BIRD in AS 65001, FRR in AS 65002",
        )?;
        for router in &self.routers {
            eventually("the session with aliasd", PATIENCE, || router.session())?;
        }
        let status = self.aliasctl.json(&["status"])?;
        let count =
            |what: &str| status.pointer(&format!("/inventory/counts/{what}")).and_then(Value::as_u64).unwrap_or(0);
        let counts = [count("subnetworks"), count("instances"), count("aliasIpRanges")];
        ensure!(counts == [4, 50, 308], "the inventory was not read in full: {counts:?}");
        report.good("4 subnetworks, 50 instances, 308 alias IP ranges read")?;
        self.show(report, &["peers"], &["Established"])
    }

    fn what_routers_see(&self, report: &mut Report) -> Result<()> {
        report.head("What BIRD and FRR see: 308 alias IP ranges in 5 prefixes, and each subnetwork as a whole")?;
        let prefixes: Vec<&str> = EXPECTED.iter().map(|(prefix, _)| *prefix).collect();
        for router in &self.routers {
            eventually("routes from aliasd", PATIENCE, || router.has_exactly(Family::Ipv4, &prefixes))?;
        }
        report.line(&format!(
            "     {:<15} {:<7} {:>3}  {:<10} {:<12} {:<12}",
            "prefix", "AS path", "MED", "community", "BIRD via", "FRR via"
        ))?;
        for (prefix, meaning) in EXPECTED {
            let [bird, frr] = &self.routers;
            let (bird, frr) = (bird.route(Family::Ipv4, prefix)?, frr.route(Family::Ipv4, prefix)?);
            let same = |route: &Route| (route.as_path.clone(), route.med, route.communities.clone());
            ensure!(same(&bird) == same(&frr), "{prefix}: BIRD has {bird:?}, FRR {frr:?}");
            let med = bird.med.map(|med| med.to_string()).unwrap_or_default();
            let (path, communities) = (&bird.as_path, bird.communities.join(" "));
            let (b, f) = (&bird.next_hop, &frr.next_hop);
            report
                .line(&format!("     {prefix:<15} {path:<7} {med:>3}  {communities:<10} {b:<12} {f:<12} {meaning}"))?;
        }
        report.good("both have exactly these routes")
    }

    fn what_is_learned(&self, report: &mut Report) -> Result<()> {
        report.head("What aliasd learns")?;
        let expected: Vec<&str> =
            self.routers.iter().flat_map(|router| router.announces(Family::Ipv4)).copied().collect();
        eventually("aliasd learns", PATIENCE, || self.aliasctl.says(&["routes", "--learned"], &expected))?;
        self.show(report, &["routes", "--learned"], &expected)
    }

    fn a_node_comes_and_goes(&self, report: &mut Report) -> Result<()> {
        report.head(&format!("A node with the pod range {NEW_PODS} joins, and leaves again"))?;
        self.inventory.add_node(NEW_NODE)?;
        self.race(report, "has the route", |router| {
            router.routes(Family::Ipv4)?.remove(NEW_PODS).map(drop).context("no route")
        })?;
        self.inventory.remove_instance(NEW_NODE.name)?;
        self.race(report, "lost the route", |router| {
            ensure!(!router.routes(Family::Ipv4)?.contains_key(NEW_PODS), "the route is still there");
            Ok(())
        })
    }

    /// Waits for the same at both routers, each watched by a thread of its own, and holds the time against the promise.
    fn race(&self, report: &mut Report, what: &str, look: impl Fn(&Router) -> Result<()> + Sync) -> Result<()> {
        let since = Instant::now();
        let look = &look;
        let times: Vec<Result<Duration>> = std::thread::scope(|scope| {
            let watch = |router| scope.spawn(move || eventually_since(since, what, PATIENCE, || look(router)));
            let watchers: Vec<_> = self.routers.iter().map(watch).collect();
            let joined = watchers.into_iter().map(|watcher| watcher.join().map_err(|_| anyhow!("a watcher panicked")));
            joined.map(|time| time.flatten().map(|((), time)| time)).collect()
        });
        for (router, time) in self.routers.iter().zip(times) {
            let time = time?;
            ensure!(time < PROMISE, "{} {what} only after {} ms", router.name(), time.as_millis());
            report.good(&format!(
                "{:<4} {what:<14} {:>4} ms after the inventory changed",
                router.name(),
                time.as_millis()
            ))?;
        }
        Ok(())
    }

    fn why(&self, report: &mut Report) -> Result<()> {
        report.head("Why is a pod's address announced, and why is a service's not?")?;
        let links = ["web-node-4", "web-pods", "10.4.0.0/21", "dc1-bird", "dc2-frr"];
        self.show(report, &["explain", "10.4.3.17"], &links)?;
        self.show(report, &["explain", "10.8.0.10"], &["web-services"])
    }

    fn a_broken_inventory(&self, report: &mut Report) -> Result<()> {
        report.head("The inventory breaks: instances.json is cut in half")?;
        let seen = |router: &Router| Ok((router.session()?, router.routes(Family::Ipv4)?));
        let table = || self.routers.iter().map(seen).collect::<Result<Vec<_>>>();
        let before = table()?;
        let whole = self.inventory.read(INSTANCES)?;
        let (half, _) = whole.split_at_checked(whole.len() / 2).context("no half")?;
        self.inventory.replace(INSTANCES, half)?;
        eventually("aliasd notices", PATIENCE, || self.aliasctl.says(&["status"], &[INSTANCES]))?;
        ensure!(table()? == before, "routes were touched");
        report.good("nothing was withdrawn: both routers hold the same routes, none taken anew")?;
        self.show(report, &["status"], &[INSTANCES])?;
        self.inventory.replace(INSTANCES, &whole)?;
        eventually("aliasd takes the repaired inventory", PATIENCE, || {
            let faults = self.aliasctl.json(&["status"])?.pointer("/inventory/faultsTotal").and_then(Value::as_u64);
            ensure!(faults == Some(0), "{faults:?} faults");
            Ok(())
        })?;
        ensure!(table()? == before, "routes were touched when the inventory was repaired");
        report.good("repaired: aliasd is content again, and still no route was touched")
    }

    /// Shows a question to aliasctl and its answer, in which each of `words` must be.
    fn show(&self, report: &mut Report, question: &[&str], words: &[&str]) -> Result<()> {
        let answer = self.aliasctl.says(question, words)?;
        report.line(&format!("  $ aliasctl {}", question.join(" ")))?;
        answer.lines().try_for_each(|line| report.line(format!("    {line}").trim_end()))
    }
}
