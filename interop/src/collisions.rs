//! Simultaneous open (RFC 4271 section 6.8): aliasd and a router dial each other at the same moment, again and again, with our
//! BGP Identifier the lower and the higher one. Each time there must be one session, soon.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::capture::Wireshark;
use crate::debian::Programs;
use crate::inventory::Inventory;
use crate::lab::{ALIASD, Lab, PACKAGES, PROGRAMS, runnable};
use crate::patience::{eventually, eventually_since};
use crate::relay::{Delays, Dialler, Relay, Route, Seen};
use crate::report::Report;
use crate::router::{Family, Software};
use crate::run::Places;

/// How soon there must be one session.
const PROMISE: Duration = Duration::from_secs(10);

/// How long both may take to start and dial.
const PATIENCE: Duration = Duration::from_secs(30);

/// How much later the first octets of aliasd's connection and of the router's pass, in milliseconds; taken in turn.
const DELAYS: &[(u64, u64)] = &[(0, 0), (0, 2), (2, 0), (0, 20), (20, 0)];

/// Each of the routers has an identifier between these.
const IDENTIFIERS: &[(&str, &str)] = &[("lower", "1.0.0.1"), ("higher", "223.255.255.1")];

const ROUTES: &[&str] = &["10.4.0.0/23", "10.4.4.0/26"];

/// A few times each.
pub fn check(report: &mut Report, places: &Places) -> Result<()> {
    check_times(report, places, &Software::ALL, 5)
}

/// That many times each of those; prints a line for each router and identifier.
pub fn check_times(report: &mut Report, places: &Places, routers: &[Software], times: usize) -> Result<()> {
    let programs = Programs::provide(report, &places.target, PACKAGES, PROGRAMS)?;
    let wireshark = Wireshark::provide(report, places)?;
    for head in HEAD {
        report.line(&line(&head))?;
    }
    let series = |software: Software, relation: &str, identifier: &str| -> Result<()> {
        let setting = Setting { places, programs: &programs, wireshark: wireshark.as_ref(), software, relation };
        let runs = setting.series(identifier, times)?;
        Report::new().line(&row(software, relation, &runs))
    };
    std::thread::scope(|scope| {
        let series = &series;
        let mut all = Vec::new();
        for software in routers.iter().copied() {
            if let Err(why) = runnable(software) {
                report.skip(&format!("collisions: {}: {why:#}", software.name()))?;
                continue;
            }
            for (relation, identifier) in IDENTIFIERS {
                let went = scope.spawn(move || series(software, relation, identifier));
                all.push((format!("{}, our identifier {relation}", software.name()), went));
            }
        }
        let all = all.into_iter().map(|(name, went)| (name, went.join().unwrap_or_else(|_| bail!("panicked"))));
        let failed: Vec<String> =
            all.filter_map(|(name, went)| went.err().map(|error| format!("{name}: {error:#}"))).collect();
        ensure!(failed.is_empty(), "{}", failed.join("\n"));
        Ok(())
    })
}

/// What one simultaneous open came to.
struct Run {
    took: Duration,
    /// How many sessions came up at aliasd until one stayed. Each end may settle the collision for its own part before it
    /// hears of the other's choice: then both connections are lost, as RFC 4271 has it, and the next attempt counts.
    sessions: u64,
    seen: Seen,
}

/// What the columns are.
const HEAD: [[&str; 10]; 2] = [
    ["router", "our id", "runs", "one in", "two conns", "two conns", "second", "median", "slowest", "kept ours"],
    ["", "", "", "10 s", "at aliasd", "at router", "attempt", "", "", "/ theirs"],
];

fn line(columns: &[&str; 10]) -> String {
    let [router, id, rest @ ..] = columns;
    let rest: Vec<String> = rest.iter().map(|column| format!("{column:>11}")).collect();
    format!("    {router:<9} {id:<7}{}", rest.join(""))
}

fn row(software: Software, relation: &str, runs: &[Run]) -> String {
    let count = |test: &dyn Fn(&Run) -> bool| runs.iter().filter(|run| test(run)).count();
    let kept = |dialler: Dialler| count(&|run| run.seen.survivor() == Some(dialler));
    let mut took: Vec<Duration> = runs.iter().map(|run| run.took).collect();
    took.sort_unstable();
    let millis = |time: Option<&Duration>| format!("{} ms", time.map_or(0, Duration::as_millis));
    line(&[
        software.name(),
        relation,
        &runs.len().to_string(),
        &count(&|run| run.took <= PROMISE).to_string(),
        &count(&|run| run.seen.collided()).to_string(),
        &count(&|run| run.seen.collided_at_router()).to_string(),
        &count(&|run| run.sessions > 1).to_string(),
        &millis(took.get(took.len() / 2)),
        &millis(took.last()),
        &format!("{} / {}", kept(Dialler::Aliasd), kept(Dialler::Router)),
    ])
}

struct Setting<'a> {
    places: &'a Places,
    programs: &'a Programs,
    wireshark: Option<&'a Wireshark>,
    software: Software,
    /// Whether our identifier is the lower or the higher one.
    relation: &'a str,
}

impl Setting<'_> {
    fn series(&self, identifier: &str, times: usize) -> Result<Vec<Run>> {
        let mut lab =
            Lab::new(self.places, &format!("collisions-{}-{}", self.software.name().to_lowercase(), self.relation))?;
        lab.dials_elsewhere()?;
        lab.word("@ID@", identifier);
        lab.word("@ROUTER@", &self.software.loopback().to_string());
        lab.word("@ASN@", &self.software.asn().to_string());
        Inventory::copy_of(&self.places.interop.join("cloud/inventory"), lab.folder().join("inventory"))?;
        if let Some(wireshark) = self.wireshark {
            lab.capture(wireshark)?;
        }
        let delays = DELAYS.iter().cycle().take(times).enumerate();
        let runs = delays
            .map(|(index, delays)| {
                let run = self.once(&mut lab, *delays);
                lab.stop_all();
                run.with_context(|| format!("run {} of {times}, delays of {delays:?} ms", index + 1))
            })
            .collect::<Result<Vec<Run>>>()?;
        lab.close()?;
        Ok(runs)
    }

    fn once(&self, lab: &mut Lab, delays: (u64, u64)) -> Result<Run> {
        let route =
            Route { aliasd: ALIASD, router: self.software.loopback(), port: lab.port(), dial_port: lab.dial_port() };
        let (of_aliasd, of_router) = delays;
        let delays =
            Delays { of_aliasd: Duration::from_millis(of_aliasd), of_router: Duration::from_millis(of_router) };
        let relay = Relay::start(route, delays)?;
        let router = lab.router(self.software, self.programs)?;
        lab.start_aliasd(&self.places.interop.join("loopback/collision.toml"))?;
        let released =
            eventually("both dial", PATIENCE, || relay.seen().released.context("one of them does not dial"))?;
        let one_session = || -> Result<u64> {
            relay.seen().survivor().with_context(|| format!("not one connection: {:?}", relay.seen().carried))?;
            let answer = lab.aliasctl().json(&["peers"])?;
            let told = |what| answer.pointer(&format!("/bgpPeerStatus/0/{what}"));
            ensure!(told("state") == Some(&Value::from("Established")), "aliasd is {:?}", told("state"));
            router.session()?;
            router.has_exactly(Family::Ipv4, ROUTES)?;
            told("establishedCount").and_then(Value::as_u64).context("no establishedCount")
        };
        let (sessions, took) = eventually_since(released, "one session", PROMISE, one_session)?;
        let seen = relay.seen();
        ensure!(seen.collided(), "there was no collision: {:?}", seen.carried);
        Ok(Run { took, sessions, seen })
    }
}
