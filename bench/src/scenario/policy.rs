//! S10: another policy, so that every route goes out anew.

use anyhow::{Context, Result};

use super::Stage;
use super::cast::{announcer, feeder, observer, receiver};
use super::play::{Play, Watch};
use crate::daemon::{Program, Scene};
use crate::measure::{Figures, Metric};
use crate::speakers::Keep;

/// S10.
pub fn another(stage: &Stage, program: &Program) -> Result<Figures> {
    let announcement = stage.feed.announcement(&announcer(1)?);
    let neighbors = vec![feeder(1)?, receiver(2)?, observer(3)?];
    let mut scene = Scene { neighbors, mark: Some(1), ..Scene::default() };
    let mut play = Play::begin(stage, program, &scene)?;
    play.establish(0..3)?;
    play.load(&announcement, stage.feed.len())?;
    scene.mark = Some(2);
    let change = play.running.prepare(&scene)?;
    let meter = play.meter(1..2, Keep::Prefixes)?;
    let watch = Watch::start(&mut play, 2)?;
    play.running.change(&change)?;
    let all = stage.feed.len();
    play.until("all routes came anew", |peers| peers.get(1).is_some_and(|peer| peer.heard.reachable.len() >= all))?;
    let last = play.speakers.peer(1)?.heard.last_update.context("no UPDATE came")?;
    let watched = watch.stop(&play)?;
    play.settle()?;
    let mut figures =
        vec![(Metric::CpuSecs, meter.cpu_secs()?), (Metric::WallSecs, last.duration_since(meter.start).as_secs_f64())];
    figures.extend(meter.memory(all)?);
    figures.extend(watched);
    Ok(figures)
}
