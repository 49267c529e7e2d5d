//! What the way of a route through bgp-core costs: decoded, stored, decided, grouped, packed, in one thread and without a
//! socket.
//!
//! `core-cost check` counts instructions by callgrind and octets by the allocator, and fails where one of them is more than the
//! stored baseline allows; `core-cost update` stores what it counts. Neither depends on how busy the machine is. It calls
//! itself with the name of a scenario to be counted.

mod baseline;
mod router;
mod scenario;

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Result, bail, ensure};

use crate::baseline::{Baseline, Cost};
use crate::scenario::Scenario;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Routes played under callgrind, which takes fifty times as long.
const COUNTED_ROUTES: usize = 20_000;

/// Routes played for the memory they take: enough for the table to outweigh what it stands on.
const HELD_ROUTES: usize = 200_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        [order @ ("check" | "update"), file] => count_all(*order == "update", Path::new(file)),
        ["play", scenario, routes] => play(scenario, routes),
        _ => Err(anyhow::anyhow!("core-cost check|update BASELINE, or core-cost play SCENARIO ROUTES")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // With standard error gone there is nobody left to tell.
            let _told = writeln!(std::io::stderr(), "core-cost: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Plays one scenario and says how many octets more are allocated at its end than at its begin.
fn play(scenario: &str, routes: &str) -> Result<()> {
    let scenario = Scenario::called(scenario)?;
    let stage = scenario.prepare(routes.parse()?)?;
    let before = allocated()?;
    let held = scenario.play(stage)?;
    let after = allocated()?;
    drop(held);
    writeln!(std::io::stdout(), "{}", after.saturating_sub(before))?;
    Ok(())
}

/// Octets that are allocated. Not the memory of the process, which depends on when the allocator gives some back.
fn allocated() -> Result<usize> {
    let failed = |error| anyhow::anyhow!("jemalloc does not say what is allocated: {error}");
    tikv_jemalloc_ctl::epoch::advance().map_err(failed)?;
    tikv_jemalloc_ctl::stats::allocated::read().map_err(failed)
}

fn count_all(store: bool, file: &Path) -> Result<()> {
    let compiler = baseline::compiler()?;
    let stored = if store { None } else { Some(Baseline::read(file)?) };
    let mut out = std::io::stdout();
    if let Some(stored) = &stored
        && stored.compiler != compiler
    {
        writeln!(out, "SKIPPED: instructions: the baseline is of {}, this is {compiler}", stored.compiler)?;
    }
    let mut counted = Baseline { compiler: compiler.clone(), scenario: Default::default() };
    let mut worse = Vec::new();
    writeln!(out, "{:<14} {:>16} {:>16}", "scenario", "instr. a route", "octets a route")?;
    for scenario in Scenario::ALL {
        let cost = Cost { instructions: instructions(scenario)?, octets: octets(scenario)? };
        let shown = |count: Option<u64>| count.map_or_else(|| "–".to_owned(), |count| count.to_string());
        writeln!(out, "{:<14} {:>16} {:>16}", scenario.name(), shown(cost.instructions), shown(cost.octets))?;
        if let Some(stored) = &stored {
            worse.extend(stored.judge(scenario.name(), &cost, stored.compiler == compiler)?);
        }
        counted.scenario.insert(scenario.name().to_owned(), cost);
    }
    if store {
        ensure!(counted.scenario.values().all(|cost| cost.instructions.is_some()), "valgrind is needed for a baseline");
        counted.write(file)?;
    } else if counted.scenario.values().any(|cost| cost.instructions.is_none()) {
        writeln!(out, "SKIPPED: instructions: valgrind is not installed (apt-get install valgrind)")?;
    }
    ensure!(worse.is_empty(), "{}", worse.join("; "));
    Ok(())
}

/// Instructions a route; `None` where there is no valgrind.
fn instructions(scenario: Scenario) -> Result<Option<u64>> {
    let only_what_counts = ["--collect-atstart=no", "--toggle-collect=core_cost::scenario::counted*"];
    let all = callgrind::instructions(&only_what_counts, &["play", scenario.name(), &COUNTED_ROUTES.to_string()])?;
    let routes = u64::try_from(scenario.routes(COUNTED_ROUTES))?;
    Ok(all.map(|all| all / routes))
}

/// Octets a route; `None` where the scenario leaves nothing behind.
fn octets(scenario: Scenario) -> Result<Option<u64>> {
    if !scenario.holds_routes() {
        return Ok(None);
    }
    let mut program = Command::new(std::env::current_exe()?);
    let output = program.args(["play", scenario.name(), &HELD_ROUTES.to_string()]).output()?;
    if !output.status.success() {
        bail!("{}: {}", scenario.name(), String::from_utf8_lossy(&output.stderr));
    }
    let octets: u64 = String::from_utf8(output.stdout)?.trim().parse()?;
    Ok(Some(octets / u64::try_from(scenario.routes(HELD_ROUTES))?))
}
