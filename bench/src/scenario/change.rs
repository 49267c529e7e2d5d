//! S5: one route after the other changes in a full table.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};

use super::Stage;
use super::cast::{announcer, feeder, receiver};
use super::play::Play;
use crate::daemon::{Program, Scene};
use crate::measure::{Figures, Metric, millis, quantile};
use crate::speakers::Keep;

/// Changes, or as many as there is time for.
const CHANGES: usize = 1000;
/// See [`CHANGES`].
const TIME: Duration = Duration::from_secs(20);

/// S5. Each change gives the first prefix of a set the attributes of the next set.
pub fn one_by_one(stage: &Stage, program: &Program) -> Result<Figures> {
    let announcer = announcer(1)?;
    let announcement = stage.feed.announcement(&announcer);
    let neighbors = vec![feeder(1)?, receiver(2)?];
    let mut play = Play::begin(stage, program, &Scene { neighbors, ..Scene::default() })?;
    play.establish(0..2)?;
    play.load(&announcement, stage.feed.len())?;
    let sets = stage.feed.sets();
    let meter = play.meter(1..2, Keep::Count)?;
    let mut delays = Vec::new();
    for ((_, prefixes), (other, _)) in sets.iter().zip(sets.iter().skip(1)).take(CHANGES) {
        let mut octets = Vec::new();
        announcer.announce(other, prefixes.get(..1).context("a set without a prefix")?, &mut octets);
        let octets: Arc<[u8]> = octets.into();
        let before = play.speakers.peer(1)?.heard.announced;
        let start = std::time::Instant::now();
        play.speakers.peer_mut(0)?.say(octets);
        play.until("the change is there", |peers| peers.get(1).is_some_and(|peer| peer.heard.announced > before))?;
        let heard_at = play.speakers.peer(1)?.heard.last_update.context("no UPDATE came")?;
        delays.push(millis(heard_at.duration_since(start)));
        if meter.start.elapsed() > TIME {
            break;
        }
    }
    let of = |percent| quantile(&delays, percent).context("no change");
    Ok(vec![
        (Metric::ChangeP50Millis, of(50)?),
        (Metric::ChangeP99Millis, of(99)?),
        (Metric::CpuSecs, meter.cpu_secs()?),
    ])
}
