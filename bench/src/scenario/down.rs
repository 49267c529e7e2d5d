//! S8: everything goes at once, by withdrawal and by the loss of the peer that announced it, and comes back.

use anyhow::{Context, Result};

use super::Stage;
use super::cast::{announcer, feeder, observer, receiver};
use super::play::{Play, Watch};
use crate::daemon::{Program, Scene};
use crate::measure::{Figures, Metric};
use crate::speakers::{Keep, Peer};

/// S8.
pub fn withdraw_and_lose(stage: &Stage, program: &Program) -> Result<Figures> {
    let announcement = stage.feed.announcement(&announcer(1)?);
    let withdrawal = stage.feed.withdrawal();
    let neighbors = vec![feeder(1)?, receiver(2)?, observer(3)?];
    let mut play = Play::begin(stage, program, &Scene { neighbors, ..Scene::default() })?;
    play.establish(0..3)?;
    play.load(&announcement, stage.feed.len())?;
    let watch = Watch::start(&mut play, 2)?;
    let mut figures = step(&mut play, stage, false, [Metric::WithdrawCpuSecs, Metric::WithdrawWallSecs], |play| {
        play.speakers.peer_mut(0)?.say(withdrawal);
        Ok(())
    })?;
    play.speakers.peer_mut(1)?.heard.reset(Keep::Count);
    play.load(&announcement, stage.feed.len())?;
    figures.extend(step(&mut play, stage, false, [Metric::DownCpuSecs, Metric::DownWallSecs], |play| {
        play.speakers.peer_mut(0)?.hang_up();
        Ok(())
    })?);
    figures.extend(step(&mut play, stage, true, [Metric::AgainCpuSecs, Metric::AgainWallSecs], |play| {
        play.establish(0..1)?;
        play.speakers.peer_mut(0)?.say(announcement);
        Ok(())
    })?);
    figures.extend(watch.stop(&play)?);
    Ok(figures)
}

/// Does something that takes all routes away or brings all back, and measures it until the receiver knows.
fn step(
    play: &mut Play,
    stage: &Stage,
    back: bool,
    [cpu, wall]: [Metric; 2],
    act: impl FnOnce(&mut Play) -> Result<()>,
) -> Result<Figures> {
    let meter = play.meter(1..2, Keep::Count)?;
    act(play)?;
    let all = u64::try_from(stage.feed.len())?;
    let told = |peer: &Peer| if back { peer.heard.announced >= all } else { peer.heard.withdrawn >= all };
    play.until("the receiver knows", |peers| peers.get(1).is_some_and(told))?;
    let last = play.speakers.peer(1)?.heard.last_update.context("no UPDATE came")?;
    play.settle()?;
    Ok(vec![(cpu, meter.cpu_secs()?), (wall, last.duration_since(meter.start).as_secs_f64())])
}
