//! S1, S2, S3 and recorded sessions: what is fed to a daemon goes out to receivers.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};

use super::Stage;
use super::cast::{announcer, feeder, observer, receiver};
use super::play::{Play, Watch};
use crate::daemon::{Program, Scene};
use crate::feed::{AttributeSet, Feed, Ipv4Prefix};
use crate::measure::{Figures, Metric, figure, millis};
use crate::mrt::Recording;
use crate::speakers::Keep;
use crate::verify;

/// What feeders say, and what must come of it.
struct Script {
    feeds: Vec<Arc<[u8]>>,
    receivers: usize,
    /// Routes that are announced by all feeders together.
    routes: usize,
    /// Different prefixes among them.
    different: usize,
    keep: Keep,
}

/// S1.
pub fn one_to_one(stage: &Stage, program: &Program) -> Result<Figures> {
    play_disjoint(stage, program, std::slice::from_ref(&stage.feed), 1)
}

/// S3.
pub fn four_to_ten(stage: &Stage, program: &Program) -> Result<Figures> {
    play_disjoint(stage, program, &stage.feed.split(4), 10)
}

fn play_disjoint(stage: &Stage, program: &Program, feeds: &[Feed], receivers: usize) -> Result<Figures> {
    let said = (1..).zip(feeds).map(|(number, feed)| Ok(feed.announcement(&announcer(number)?)));
    let script = Script {
        feeds: said.collect::<Result<_>>()?,
        receivers,
        routes: stage.feed.len(),
        different: stage.feed.len(),
        keep: if stage.verify { Keep::Octets } else { Keep::Count },
    };
    play(stage, program, &script, |octets| verify::is_what_was_announced(feeds, false, octets))
}

/// S2. That all feeds were taken, and not only the first, is seen by a route of its own at the end of each.
pub fn the_same_from_ten(stage: &Stage, program: &Program) -> Result<Figures> {
    let tenth = stage.feed.split(10).into_iter().next().context("no routes")?;
    let feeds = vec![tenth; 10];
    let said = (1..).zip(&feeds).map(|(number, feed)| {
        let announcer = announcer(number)?;
        let mut said = feed.announcement(&announcer).to_vec();
        announcer.announce(&AttributeSet::bare(), &[sentinel(number)?], &mut said);
        Ok(said.into())
    });
    let script = Script {
        feeds: said.collect::<Result<_>>()?,
        receivers: 1,
        routes: feeds.iter().map(Feed::len).sum::<usize>() + feeds.len(),
        different: feeds.first().map_or(0, Feed::len) + feeds.len(),
        keep: if stage.verify { Keep::Octets } else { Keep::Prefixes },
    };
    play(stage, program, &script, |octets| verify::is_what_was_announced(&feeds, true, octets))
}

/// A session as it was recorded, from one feeder to one receiver.
pub fn recorded(stage: &Stage, program: &Program, file: &Path) -> Result<Figures> {
    let recording = Recording::read(file)?;
    let mut said = recording.updates.clone();
    let mut announcer = announcer(1)?;
    announcer.asn = recording.asn;
    announcer.announce(&AttributeSet::bare(), &[sentinel(1)?], &mut said);
    let script = Script {
        feeds: vec![said.into()],
        receivers: 1,
        routes: recording.reachable + 1,
        different: recording.reachable + 1,
        keep: Keep::Prefixes,
    };
    play_as(stage, program, &script, Some(recording.asn), |_| Ok(()))
}

/// A route that only the feeder of that number has.
fn sentinel(feeder: usize) -> Result<Ipv4Prefix> {
    Ok(Ipv4Prefix::of(Ipv4Addr::new(198, 18, u8::try_from(feeder)?, 0), 24))
}

fn play(stage: &Stage, program: &Program, script: &Script, check: impl Fn(&[u8]) -> Result<()>) -> Result<Figures> {
    play_as(stage, program, script, None, check)
}

/// `asn`: the AS of the feeders, if it is not that of their number.
fn play_as(
    stage: &Stage,
    program: &Program,
    script: &Script,
    asn: Option<u32>,
    check: impl Fn(&[u8]) -> Result<()>,
) -> Result<Figures> {
    let Script { feeds, receivers, routes, different, keep } = script;
    let (last_feeder, last_receiver) = (feeds.len(), feeds.len() + receivers);
    let mut neighbors = Vec::new();
    for number in 1..=last_receiver + 1 {
        neighbors.push(match number {
            _ if number <= last_feeder => feeder(number)?,
            _ if number <= last_receiver => receiver(number)?,
            _ => observer(number)?,
        });
    }
    for feeder in neighbors.iter_mut().take(last_feeder) {
        feeder.identity.asn = asn.unwrap_or(feeder.identity.asn);
    }
    let mut play = Play::begin(stage, program, &Scene { neighbors, ..Scene::default() })?;
    play.establish(0..last_receiver + 1)?;
    play.settle()?;
    let places = last_feeder..last_receiver;
    let meter = play.meter(places.clone(), *keep)?;
    let watch = Watch::start(&mut play, last_receiver)?;
    for (place, said) in feeds.iter().enumerate() {
        play.speakers.peer_mut(place)?.say(Arc::clone(said));
    }
    let all = u64::try_from(*different)?;
    play.until("all routes are there", |peers| {
        let mut receivers = peers.iter().skip(places.start).take(places.len());
        receivers.all(|peer| match keep {
            Keep::Count => peer.heard.balance() >= all,
            _ => peer.heard.reachable.len() >= *different,
        })
    })?;
    let watched = watch.stop(&play)?;
    let ours = meter.our_cpu_secs()?;
    play.settle()?;

    let heard: Vec<_> = places.map(|place| play.speakers.peer(place).map(|peer| &peer.heard)).collect::<Result<_>>()?;
    let first = heard.iter().filter_map(|heard| heard.first_update).min().context("no UPDATE came")?;
    let last = heard.iter().filter_map(|heard| heard.last_update).max().context("no UPDATE came")?;
    if *keep == Keep::Octets {
        heard.iter().try_for_each(|heard| check(&heard.kept))?;
    }
    let updates: u64 = heard.iter().map(|heard| heard.updates).sum();
    let mut figures = vec![
        (Metric::CpuSecs, meter.cpu_secs()?),
        (Metric::WallSecs, last.duration_since(meter.start).as_secs_f64()),
        (Metric::FirstUpdateMillis, millis(first.duration_since(meter.start))),
        (Metric::Updates, figure(updates / u64::try_from(*receivers)?)),
        (Metric::OurCpuSecs, ours),
    ];
    figures.extend(meter.memory(*routes)?);
    figures.extend(watched);
    Ok(figures)
}
