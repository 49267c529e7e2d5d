//! S7: many sessions that say nothing but that they are there.

use std::time::Duration;

use anyhow::Result;

use super::Stage;
use super::cast::neighbor;
use super::play::{Meter, Play};
use crate::daemon::{Export, Program, Scene};
use crate::measure::{Figures, Metric, figure};

/// The hold time: a keepalive each 5 s in both directions.
const HOLD_SECS: u16 = 15;

/// S7.
pub fn idle(stage: &Stage, program: &Program) -> Result<Figures> {
    let neighbors: Vec<_> =
        (1..=stage.peers).map(|n| neighbor("peer", n, HOLD_SECS, Export::Originated)).collect::<Result<_>>()?;
    let mut play = Play::begin(stage, program, &Scene { neighbors, ..Scene::default() })?;
    // What it holds before anybody is there, its configuration among it.
    let empty = Meter::start(play.group)?;
    let up = play.establish(0..stage.peers)?;
    play.settle()?;
    let memory = empty.grown()?;
    let meter = Meter::start(play.group)?;
    play.speakers.drive_for(Duration::from_secs(stage.idle_secs))?;
    let minutes = figure(stage.idle_secs) / 60.0;
    let kib = figure(memory) / 1024.0 / figure(u64::try_from(stage.peers)?);
    Ok(vec![
        (Metric::CpuSecsAMinute, meter.cpu_secs()? / minutes),
        (Metric::KibAPeer, kib),
        (Metric::UpSecs, up.as_secs_f64()),
        (Metric::UpCpuSecs, empty.cpu_secs()? - meter.cpu_secs()?),
    ])
}
