//! Runs scenarios side by side, says how each went, and keeps the logs of those that failed.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::attack;
use crate::capture::Wireshark;
use crate::collisions;
use crate::command::Tool;
use crate::docker::{Docker, collect_binaries, remove_dead_folders};
use crate::loopback;
use crate::patience::not_interrupted;
use crate::project::Project;
use crate::report::Report;
use crate::scenarios::{ALL, Scenario};

/// Scenarios at a time. They wait more than they compute, one of them four minutes.
const AT_A_TIME: usize = 3;

/// Where things are.
#[derive(Clone, Debug)]
pub struct Places {
    /// The folder `interop` of the clone.
    pub interop: PathBuf,
    /// Everything that a run writes is under here.
    pub target: PathBuf,
    /// Where cargo puts `aliasd` and `aliasctl`.
    pub binaries: PathBuf,
}

impl Places {
    /// As cargo lays them out.
    pub fn find() -> Result<Self> {
        let interop = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let program = std::env::current_exe()?;
        let binaries = program.parent().context("no folder of this program")?.to_owned();
        let target = binaries.parent().context("no target folder")?.join("interop");
        fs::create_dir_all(&target)?;
        Ok(Self { interop, target, binaries })
    }

    /// Builds aliasd and aliasctl as this program was built: with or without optimisation.
    pub fn build_aliasd(&self, report: &mut Report) -> Result<()> {
        let release = self.binaries.ends_with("release");
        report.note(if release { "building aliasd, optimised" } else { "building aliasd" })?;
        let manifest = self.interop.join("../Cargo.toml").display().to_string();
        let mut args = vec!["build", "--locked", "-q", "-p", "bgp-daemon", "--bins", "--manifest-path", &manifest];
        if release {
            args.push("--release");
        }
        Tool::new(["cargo"]).limit(Duration::from_mins(20)).run(&args).map(drop)
    }
}

/// A scenario on loopback.
type OnLoopback = fn(&mut Report, &Places) -> Result<()>;

/// The scenarios on loopback.
const ON_LOOPBACK: &[(&str, OnLoopback)] =
    &[("loopback", loopback::check), ("collisions", collisions::check), ("attack", attack::check)];

/// Runs the scenarios called `names`, all of them when none is named.
pub fn run(report: &mut Report, names: &[String]) -> Result<()> {
    let containers = ALL.iter().map(|scenario| scenario.name);
    let known: Vec<&str> = ON_LOOPBACK.iter().map(|(name, _)| *name).chain(containers).collect();
    let unknown: Vec<&String> = names.iter().filter(|name| !known.contains(&name.as_str())).collect();
    ensure!(unknown.is_empty(), "no scenario {unknown:?}; there are {}", known.join(", "));
    let is_wanted = |name: &str| names.is_empty() || names.iter().any(|wanted| wanted == name);
    let places = Places::find()?;
    places.build_aliasd(report)?;
    let mut tally = Tally::default();
    report.head("On loopback")?;
    for (name, check) in ON_LOOPBACK.iter().filter(|(name, _)| is_wanted(name)) {
        let since = Instant::now();
        let went = check(report, &places);
        tally.count(report, name, since, went)?;
        not_interrupted()?;
    }
    let wanted: Vec<&Scenario> = ALL.iter().filter(|scenario| is_wanted(scenario.name)).collect();
    if !wanted.is_empty() {
        report.head("BIRD and FRR in containers")?;
        match Docker::find() {
            Err(why) => {
                report.skip(&format!("interop: {why:#}: {} scenarios", wanted.len()))?;
            }
            Ok(docker) => in_containers(report, &docker, &places, &wanted, &mut tally)?,
        }
    }
    report.line(&format!(
        "\ninterop: {} passed, {} failed, {} skipped",
        tally.passed,
        tally.failed,
        Report::skipped()
    ))?;
    ensure!(tally.failed == 0, "{} of the scenarios failed", tally.failed);
    Ok(())
}

/// How many went how.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    passed: usize,
    failed: usize,
}

impl Tally {
    fn count(&mut self, report: &mut Report, name: &str, since: Instant, went: Result<()>) -> Result<()> {
        let seconds = since.elapsed().as_secs_f64();
        match went {
            Ok(()) => {
                self.passed += 1;
                report.good(&format!("{name:<16} {seconds:6.1} s"))
            }
            Err(error) => {
                self.failed += 1;
                report.bad(&format!("{name:<16} {seconds:6.1} s: {error:#}"))
            }
        }
    }
}

fn in_containers(
    report: &mut Report,
    docker: &Docker,
    places: &Places,
    wanted: &[&Scenario],
    tally: &mut Tally,
) -> Result<()> {
    docker.remove_leftovers(report)?;
    remove_dead_folders(&places.target)?;
    let context = collect_binaries(&places.binaries, &places.target.join("image"))?;
    docker.build_images(report, &places.interop, &context)?;
    let wireshark = match docker.bridges_are_here()? {
        true => Wireshark::provide(report, places)?,
        false => report.skip("capture: the bridges of the Docker engine are not on this machine").map(|()| None)?,
    };
    let next = AtomicUsize::new(0);
    let shared = Mutex::new((report, tally));
    let messages = AtomicUsize::new(0);
    let written = std::thread::scope(|scope| {
        let worker = || -> Result<()> {
            while let Some(scenario) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
                let since = Instant::now();
                let went = not_interrupted().and_then(|()| one(docker, places, scenario, wireshark.as_ref()));
                let went = went.map(|sent| {
                    messages.fetch_add(sent.unwrap_or(0), Ordering::Relaxed);
                });
                let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
                let (report, tally) = &mut *shared;
                tally.count(report, scenario.name, since, went)?;
            }
            Ok(())
        };
        let workers: Vec<_> = (0..AT_A_TIME).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().unwrap_or_else(|_| bail!("a scenario panicked")))
    });
    not_interrupted()?;
    written?;
    let (report, _) = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
    match wireshark {
        Some(_) => report
            .note(&format!("tshark reads {} messages of aliasd, none malformed", messages.load(Ordering::Relaxed))),
        None => Ok(()),
    }
}

/// Returns how many messages aliasd sent, where they were captured.
fn one(docker: &Docker, places: &Places, scenario: &Scenario, wireshark: Option<&Wireshark>) -> Result<Option<usize>> {
    let folder = places.interop.join("scenarios").join(scenario.name);
    let mut project = Project::up(docker, &folder, &places.target, wireshark);
    // Another run may have taken the same free network at the same time.
    for _ in 0..3 {
        match &project {
            Err(error) if format!("{error:#}").contains("overlaps") => {
                project = Project::up(docker, &folder, &places.target, wireshark);
            }
            _ => break,
        }
    }
    let mut project = project?;
    let kept = places.target.join(format!("{}.pcapng", scenario.name));
    (scenario.check)(&project)
        .and_then(|()| project.check_capture(&kept))
        .map_err(|error| keep_logs(&project, &places.target, scenario.name, error))
}

fn keep_logs(project: &Project, target: &Path, name: &str, error: anyhow::Error) -> anyhow::Error {
    let file = target.join(format!("{name}.log"));
    match project.save_logs(&file) {
        Ok(()) => error.context(format!("logs in {}", file.display())),
        Err(lost) => error.context(format!("no logs: {lost:#}")),
    }
}
