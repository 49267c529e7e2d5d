//! Runs aliasd against real routers: the scenarios in containers, BIRD on loopback, and the demo.

mod aliasctl;
mod attack;
mod capture;
mod collisions;
mod demo;
mod docker;
mod inventory;
mod lab;
mod loopback;
mod project;
mod relay;
mod router;
mod run;
#[path = "../scenarios/mod.rs"]
mod scenarios;
mod sent;
mod speaker;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use interop::{command, debian, patience, process, report};

use crate::docker::Docker;
use crate::report::Report;

#[derive(Debug, Parser)]
#[command(about, version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the scenarios of these names, or all of them, and BIRD on loopback.
    Scenarios { names: Vec<String> },
    /// Let aliasd and each router dial each other at the same moment, many times.
    Collisions {
        /// How often each router and each order of the identifiers.
        #[arg(default_value_t = 100)]
        times: usize,
        /// Only this router.
        #[arg(long, value_enum)]
        router: Option<router::Software>,
    },
    /// Show the whole way from an inventory to two routers.
    Demo,
    /// Remove the images that the scenarios run, and what dead runs left.
    Clean,
    /// Be a peer that does not behave; the scenarios run this in a container.
    #[command(hide = true)]
    Speak(speaker::Speech),
}

fn main() -> ExitCode {
    let mut report = Report::new();
    match run(&mut report, Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // With standard output gone there is nobody left to tell.
            let _told = report.bad(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(report: &mut Report, command: Command) -> Result<()> {
    patience::catch_signals()?;
    match command {
        Command::Scenarios { names } => run::run(report, &names),
        Command::Collisions { times, router } => {
            let places = run::Places::find()?;
            places.build_aliasd(report)?;
            collisions::check_times(
                report,
                &places,
                &router.map_or(router::Software::ALL.to_vec(), |one| vec![one]),
                times,
            )
        }
        Command::Demo => demo::run(report),
        Command::Clean => {
            docker::remove_dead_folders(&run::Places::find()?.target)?;
            let docker = Docker::find()?;
            docker.remove_leftovers(report)?;
            docker.remove_images()
        }
        Command::Speak(speech) => report.line(&speaker::speak(&speech)?.json()),
    }
}
