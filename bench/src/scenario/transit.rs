//! S1, S2, S3 and recorded sessions: what is fed to a daemon goes out to receivers.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};

use super::Stage;
use super::cast::{announcer, feeder, observer, receiver};
use super::play::{Play, Watch};
use crate::daemon::{ASN, Program, Scene};
use crate::measure::{Figures, Metric, figure, millis};
use crate::mrt::Recording;
use crate::speakers::{Heard, Keep};
use crate::verify;
use feed::{AttributeSet, Feed, Ipv4Prefix};

/// What feeders say, and what must come of it.
struct Script {
    feeds: Vec<Arc<[u8]>>,
    receivers: usize,
    /// Routes that are announced by all feeders together.
    routes: usize,
    /// When all is there.
    whole: Whole,
    keep: Keep,
}

/// When a receiver has everything.
#[derive(Clone, Copy)]
enum Whole {
    /// It was announced so many routes.
    Announced(usize),
    /// So many prefixes are reachable.
    Reachable(usize),
    /// This prefix is reachable, and the daemon is quiet. It may have held some routes back.
    Last(Ipv4Prefix),
}

impl Whole {
    fn is_heard(self, heard: &Heard) -> bool {
        match self {
            Self::Announced(count) => heard.balance() >= u64::try_from(count).unwrap_or(u64::MAX),
            Self::Reachable(count) => heard.reachable.len() >= count,
            Self::Last(prefix) => heard.reachable.contains(prefix.network().to_bits(), prefix.len()),
        }
    }
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
        whole: if stage.verify { Whole::Reachable(stage.feed.len()) } else { Whole::Announced(stage.feed.len()) },
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
        whole: Whole::Reachable(feeds.first().map_or(0, Feed::len) + feeds.len()),
        keep: if stage.verify { Keep::Octets } else { Keep::Prefixes },
    };
    play(stage, program, &script, |octets| verify::is_what_was_announced(&feeds, true, octets))
}

/// A session as it was recorded, from one feeder to one receiver.
pub fn recorded(stage: &Stage, program: &Program, file: &Path) -> Result<Figures> {
    let recording = Recording::read(file)?;
    let mut said = recording.updates.clone();
    let mut announcer = announcer(1)?;
    // A path of ours with our own AS in it would be a loop.
    let feeder_asn = if recording.internal { ASN } else { recording.asn };
    announcer.asn = if recording.internal { announcer.asn } else { recording.asn };
    let last = AttributeSet { local_pref: recording.internal.then_some(100), ..AttributeSet::bare() };
    announcer.announce(&last, &[sentinel(1)?], &mut said);
    let script = Script {
        feeds: vec![said.into()],
        receivers: 1,
        routes: recording.reachable + 1,
        whole: Whole::Last(sentinel(1)?),
        keep: Keep::Prefixes,
    };
    play_as(stage, program, &script, Some(feeder_asn), |_| Ok(()))
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
    let Script { feeds, receivers, routes, whole, keep } = script;
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
    play.until("all routes are there", |peers| {
        peers.iter().skip(places.start).take(places.len()).all(|peer| whole.is_heard(&peer.heard))
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
    if let Whole::Last(_) = whole {
        let through = heard.first().map_or(0, |heard| heard.reachable.len());
        figures.push((Metric::RoutesThrough, figure(u64::try_from(through)?)));
    }
    figures.extend(watched);
    Ok(figures)
}
