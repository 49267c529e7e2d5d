//! S9: a receiver stops reading while the table changes over and over, then reads again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::Stage;
use super::cast::{announcer, feeder, observer, receiver};
use super::play::{Play, Watch};
use crate::daemon::{Program, Scene};
use crate::measure::{Figures, Metric, figure};
use crate::speakers::{Keep, Peer};
use crate::verify;
use feed::Feed;

/// How many other ways there are to announce the table.
const SHIFTS: usize = 4;

/// S9. The whole table is announced anew, each time with the attributes of other sets, until the time is over.
pub fn one_does_not_read(stage: &Stage, program: &Program) -> Result<Figures> {
    let announcer = announcer(1)?;
    let announcement = stage.feed.announcement(&announcer);
    let shifted: Vec<Feed> = (1..=SHIFTS).map(|by| shifted(&stage.feed, by)).collect();
    let said: Vec<Arc<[u8]>> = shifted.iter().map(|feed| feed.announcement(&announcer)).collect();
    let neighbors = vec![feeder(1)?, receiver(2)?, receiver(3)?, observer(4)?];
    let mut play = Play::begin(stage, program, &Scene { neighbors, ..Scene::default() })?;
    play.establish(0..4)?;
    let all = u64::try_from(stage.feed.len())?;
    play.load(&announcement, stage.feed.len())?;
    play.until("both have the table", |peers| peers.get(2).is_some_and(|peer| peer.heard.balance() >= all))?;
    play.settle()?;
    let before = play.group.peak_memory()?;
    let meter = play.meter(1..3, Keep::Count)?;
    if stage.verify {
        play.speakers.peer_mut(2)?.heard.reset(Keep::Octets);
    }
    let watch = Watch::start(&mut play, 3)?;
    play.speakers.peer_mut(2)?.reads = false;
    let end = Instant::now() + Duration::from_secs(stage.stall_secs);
    let (mut rounds, mut slowest, mut last) = (0_u64, Duration::ZERO, None);
    let mut turns = shifted.iter().zip(&said).cycle();
    while Instant::now() < end {
        rounds += 1;
        let (feed, said) = turns.next().context("no feeds")?;
        last = Some(feed);
        let start = Instant::now();
        play.speakers.peer_mut(0)?.say(Arc::clone(said));
        play.until("the one that reads has all", |peers| {
            peers.get(1).is_some_and(|peer| peer.heard.announced >= rounds * all)
        })?;
        slowest = slowest.max(start.elapsed());
        ensure!(play.speakers.peer(2)?.is_established(), "the one that does not read was dropped");
    }
    let stalled_cpu = meter.cpu_secs()?;
    let memory = figure(play.group.peak_memory()?.saturating_sub(before)) / 1024.0 / 1024.0;
    let resumed = Instant::now();
    play.speakers.peer_mut(2)?.reads = true;
    // The last of what was announced is there when nothing more comes.
    play.settle()?;
    play.until("the slow one has the table", |peers| peers.get(2).is_some_and(has_something))?;
    let watched = watch.stop(&play)?;
    let slow = &play.speakers.peer(2)?.heard;
    let caught_up = slow.last_update.context("nothing came")?.duration_since(resumed);
    ensure!(slow.announced >= all, "the slow one got {} of {all} routes", slow.announced);
    if stage.verify {
        verify::is_what_was_announced(last.map(std::slice::from_ref).unwrap_or_default(), false, &slow.kept)?;
    }
    let mut figures = vec![
        (Metric::CpuSecs, stalled_cpu / figure(rounds)),
        (Metric::RoundWallSecs, slowest.as_secs_f64()),
        (Metric::MoreMib, memory),
        (Metric::CatchUpSecs, caught_up.as_secs_f64()),
        (Metric::TimesAnnounced, figure(slow.announced) / figure(all)),
        (Metric::Rounds, figure(rounds)),
    ];
    figures.extend(watched);
    Ok(figures)
}

fn has_something(peer: &Peer) -> bool {
    peer.heard.announced > 0
}

/// The same prefixes with the attributes of the set so many further on.
fn shifted(feed: &Feed, by: usize) -> Feed {
    let sets = feed.sets();
    let others = sets.iter().cycle().skip(by);
    sets.iter().zip(others).map(|((_, prefixes), (set, _))| (set.clone(), prefixes.clone())).collect()
}
