//! Runs aliasd against real routers: the scenarios in containers, BIRD on loopback, and the demo.

mod aliasctl;
mod capture;
mod command;
mod debian;
mod demo;
mod docker;
mod inventory;
mod lab;
mod loopback;
mod patience;
mod process;
mod project;
mod report;
mod router;
mod run;
#[path = "../scenarios/mod.rs"]
mod scenarios;
mod speaker;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

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
