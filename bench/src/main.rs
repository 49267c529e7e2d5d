//! The load tool: plays the same scenarios to aliasd and to other BGP speakers, one at a time, and writes one table of what
//! each of them cost.

mod daemon;
mod host;
mod idle;
mod limit;
mod measure;
mod mrt;
mod options;
mod prefix_set;
mod scenario;
mod speakers;
mod status;
mod table;
mod usage;
mod verify;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use interop::patience;
use interop::report::Report;

use crate::daemon::{Program, Software};
use crate::measure::Results;
use crate::options::Options;
use crate::scenario::{Scenario, Stage};
use feed::Feed;

#[derive(Debug, Parser)]
#[command(about, version)]
struct Arguments {
    #[command(flatten)]
    options: Options,
}

fn main() -> ExitCode {
    let mut report = Report::new();
    match run(&mut report, &Arguments::parse().options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // With standard output gone there is nobody left to tell.
            let _told = report.bad(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(report: &mut Report, options: &Options) -> Result<()> {
    patience::catch_signals()?;
    if let Some(file) = &options.write_feed {
        return write_feed(options, file);
    }
    let place = std::env::current_exe()?;
    let binaries = match &options.binaries {
        Some(folder) => fs::canonicalize(folder)?,
        None => place.parent().context("no folder of this program")?.to_owned(),
    };
    let target = place.ancestors().nth(2).context("no target folder")?.join("bench");
    let folder = target.join(format!("run-{}", std::process::id()));
    remove_leftovers(&target)?;
    fs::create_dir_all(&folder)?;
    let programs = programs(report, options, &binaries)?;
    let host =
        format!("{}; {} routes, seed {}; commit {}", host::describe(), options.routes, options.seed, host::commit());
    report.head(&host)?;
    let stage = Stage {
        feed: Feed::generate(options.routes, options.seed),
        folder: folder.join("daemon"),
        limit: Duration::from_secs(options.limit_secs),
        verify: options.verify,
        peers: options.peers,
        idle_secs: options.idle_secs,
        stall_secs: options.stall_secs,
        mrt: options.mrt.clone(),
    };
    let results = play(report, options, &programs, &stage)?;
    let columns: Vec<Software> = programs.iter().map(|program| program.software).collect();
    let rows = table::rows(&results, &columns);
    report.line(&format!("\n{}{}", table::plain(&rows), table::limit(&results)))?;
    write(&target, &host, &programs, &rows, &results)?;
    fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
    ensure!(results.failures.is_empty(), "{} runs came to nothing", results.failures.len());
    Ok(())
}

/// What runs left that were interrupted.
fn remove_leftovers(target: &Path) -> Result<()> {
    for entry in fs::read_dir(target).into_iter().flatten() {
        let entry = entry?;
        let pid = entry.file_name().to_str().and_then(|name| name.strip_prefix("run-")?.parse::<u32>().ok());
        if pid.is_some_and(|pid| !Path::new("/proc").join(pid.to_string()).exists()) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// Keeps what a daemon wrote before it failed.
fn keep_logs(stage: &Stage, scenario: Scenario, name: &str) -> Result<PathBuf> {
    let target = stage.folder.ancestors().nth(2).context("no target folder")?;
    let kept = target.join(format!("failed-{scenario:?}-{name}"));
    if kept.exists() {
        fs::remove_dir_all(&kept)?;
    }
    fs::rename(&stage.folder, &kept)?;
    Ok(kept)
}

fn write_feed(options: &Options, file: &Path) -> Result<()> {
    let feed = Feed::generate(options.routes, options.seed);
    fs::write(file, feed.announcement(&scenario::announcer(1)?)).with_context(|| file.display().to_string())
}

fn programs(report: &mut Report, options: &Options, binaries: &Path) -> Result<Vec<Program>> {
    let mut programs = Vec::new();
    for software in options.daemons() {
        match software.find(binaries) {
            Ok(program) => {
                report.note(&format!("{}: {}", software.name(), program.version))?;
                programs.push(program);
            }
            Err(why) => report.skip(&format!("{}: {why:#}", software.name()))?,
        }
    }
    ensure!(!programs.is_empty(), "no daemon to be tested is here");
    Ok(programs)
}

/// In each round all daemons play one after the other, so that what the machine does besides falls on all of them.
fn play(report: &mut Report, options: &Options, programs: &[Program], stage: &Stage) -> Result<Results> {
    let mut results = Results::default();
    for scenario in options.scenarios() {
        report.head(scenario.title())?;
        for round in 1..=options.runs {
            if scenario == Scenario::S1 {
                results.limits.push(stage.limit_of_feed()?);
            }
            for program in programs {
                let name = program.software.name();
                if let Some(why) = scenario.lacks(program.software) {
                    if round == 1 {
                        report.note(&format!("{name} does not play: {why}"))?;
                    }
                    continue;
                }
                if stage.folder.exists() {
                    fs::remove_dir_all(&stage.folder)?;
                }
                match scenario.play(stage, program) {
                    Ok(figures) => {
                        let said: Vec<String> =
                            figures.iter().map(|(metric, value)| format!("{} {value:.3}", metric.name())).collect();
                        report.note(&format!("{round} {name}: {}", said.join(", ")))?;
                        results.add(scenario, program.software, figures);
                    }
                    Err(error) => {
                        if patience::not_interrupted().is_err() {
                            results.failures.push("interrupted: what follows was not played".to_owned());
                            return Ok(results);
                        }
                        let logs = keep_logs(stage, scenario, name)?;
                        let title = scenario.title();
                        let failure =
                            format!("{title} with {name}, round {round}: {error:#}; its files: {}", logs.display());
                        report.bad(&failure)?;
                        results.failures.push(failure);
                    }
                }
            }
        }
    }
    Ok(results)
}

fn write(target: &Path, host: &str, programs: &[Program], rows: &[Vec<String>], results: &Results) -> Result<()> {
    let file: PathBuf = target.join("table.md");
    let mut text = format!("{host}\n\n");
    for program in programs {
        text += &format!("- {}: {}\n", program.software.name(), program.version);
    }
    text += &format!("\n{}\n{}", table::markdown(rows), table::limit(results));
    for failure in &results.failures {
        text += &format!("\nCame to nothing: {failure}\n");
    }
    fs::write(&file, text).with_context(|| file.display().to_string())
}
