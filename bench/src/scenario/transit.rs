//! S1, S2, S3: what is fed to a daemon goes out to receivers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::Stage;
use crate::daemon::{Neighbor, Program, Running, Scene};
use crate::feed::{Announcer, AttributeSet, Feed, Ipv4Prefix, next_hop};
use crate::idle::wait_until_idle;
use crate::measure::{Figures, Metric, figure, mib, millis, quantile};
use crate::speakers::{Identity, Keep, Speakers, address};
use crate::status::StatusPoller;
use crate::usage::our_cpu;
use crate::verify;

/// How long sessions may take to come up.
const UP: Duration = Duration::from_secs(60);
/// The hold time of speakers that have something to do.
const HOLD_SECS: u16 = 90;
/// The shortest hold time there is: a keepalive each second.
pub const OBSERVER_HOLD_SECS: u16 = 3;

/// S1.
pub fn one_to_one(stage: &Stage, program: &Program) -> Result<Figures> {
    play(stage, program, std::slice::from_ref(&stage.feed), 1, false)
}

/// S2. That all feeds were taken, and not only the first, is seen by a route of its own at the end of each.
pub fn the_same_from_ten(stage: &Stage, program: &Program) -> Result<Figures> {
    let tenth = stage.feed.split(10).into_iter().next().context("no routes")?;
    play(stage, program, &vec![tenth; 10], 1, true)
}

/// S3.
pub fn four_to_ten(stage: &Stage, program: &Program) -> Result<Figures> {
    play(stage, program, &stage.feed.split(4), 10, false)
}

/// An idle neighbour to which nothing is exported.
pub fn observer(number: usize) -> Result<Neighbor> {
    let identity = Identity {
        name: format!("observer{number}"),
        address: address(number)?,
        asn: asn(number)?,
        hold_time_secs: OBSERVER_HOLD_SECS,
        refresh: false,
    };
    Ok(Neighbor { identity, exports: false })
}

/// A neighbour that speaks or listens.
pub fn speaker(kind: &str, number: usize, exports: bool) -> Result<Neighbor> {
    let identity = Identity {
        name: format!("{kind}{number}"),
        address: address(number)?,
        asn: asn(number)?,
        hold_time_secs: HOLD_SECS,
        refresh: false,
    };
    Ok(Neighbor { identity, exports })
}

/// The AS of the speaker of that number.
pub fn asn(number: usize) -> Result<u32> {
    Ok(4_200_000_000 + u32::try_from(number)?)
}

/// The announcer that the speaker of that number is.
pub fn announcer(number: usize) -> Result<Announcer> {
    Ok(Announcer { asn: asn(number)?, next_hop: next_hop(u8::try_from(number)?) })
}

/// A route that only the feeder of that number has.
fn sentinel(feeder: usize) -> Result<(AttributeSet, Ipv4Prefix)> {
    let set = AttributeSet { origin: 0, path: vec![], med: None, aggregator: None, communities: vec![] };
    Ok((set, Ipv4Prefix::of(std::net::Ipv4Addr::new(198, 18, u8::try_from(feeder)?, 0), 24)))
}

fn play(stage: &Stage, program: &Program, feeds: &[Feed], receivers: usize, same: bool) -> Result<Figures> {
    let feeders: Vec<Neighbor> = (1..=feeds.len()).map(|n| speaker("feeder", n, false)).collect::<Result<_>>()?;
    let listeners: Vec<Neighbor> =
        (1..=receivers).map(|n| speaker("receiver", feeds.len() + n, true)).collect::<Result<_>>()?;
    let observer = observer(feeds.len() + receivers + 1)?;
    let neighbors = [feeders, listeners, vec![observer]].concat();
    let mut octets: Vec<Arc<[u8]>> = Vec::new();
    for (number, feed) in (1..).zip(feeds) {
        let announcer = announcer(number)?;
        let mut said = feed.announcement(&announcer).to_vec();
        if same {
            let (set, prefix) = sentinel(number)?;
            announcer.announce(&set, &[prefix], &mut said);
        }
        octets.push(said.into());
    }
    let different = if same { feeds.first().map_or(0, Feed::len) + feeds.len() } else { stage.feed.len() };
    let keep = if stage.verify {
        Keep::Octets
    } else if same {
        Keep::Prefixes
    } else {
        Keep::Count
    };

    let mut running = Running::start(program, &Scene { neighbors: neighbors.clone(), mark: 0 }, &stage.folder)?;
    let identities = neighbors.iter().map(|neighbor| neighbor.identity.clone());
    let mut speakers = Speakers::new(running.address(), identities)?;
    speakers.establish(UP).or_else(|error| running.still_runs().and(Err(error)))?;
    let group = running.group();
    wait_until_idle(&mut speakers, group)?;
    let (cpu, ours, memory) = (group.cpu()?, our_cpu()?, group.memory_now()?);
    let places = feeds.len()..feeds.len() + receivers;
    for place in places.clone() {
        speakers.peer_mut(place)?.heard.reset(keep);
    }
    let watched = neighbors.len() - 1;
    speakers.peer_mut(watched)?.heard.reset(Keep::Count);
    let poller = StatusPoller::start(&running);

    let start = Instant::now();
    for (place, said) in octets.into_iter().enumerate() {
        speakers.peer_mut(place)?.say(said);
    }
    let all = u64::try_from(different)?;
    speakers
        .drive("all routes are there", stage.limit, |peers| {
            let mut receivers = peers.iter().skip(places.start).take(places.len());
            receivers.all(|peer| match keep {
                Keep::Count => peer.heard.balance() >= all,
                _ => peer.heard.reachable.len() >= different,
            })
        })
        .or_else(|error| running.still_runs().and(Err(error)))?;
    let status = poller.stop()?;
    let late = keepalive_late(&speakers, watched, Instant::now())?;
    let ours = our_cpu()?.saturating_sub(ours);
    wait_until_idle(&mut speakers, group)?;

    let heard: Vec<_> =
        places.clone().map(|place| speakers.peer(place).map(|peer| &peer.heard)).collect::<Result<_>>()?;
    let first = heard.iter().filter_map(|heard| heard.first_update).min().context("no UPDATE came")?;
    let last = heard.iter().filter_map(|heard| heard.last_update).max().context("no UPDATE came")?;
    ensure!(speakers.peer(watched)?.heard.updates == 0, "the idle neighbour was sent routes");
    if stage.verify {
        for heard in &heard {
            verify::is_what_was_announced(feeds, same, &heard.kept)?;
        }
    }
    let peak = group.peak_memory()?;
    let routes = figure(u64::try_from(feeds.iter().map(Feed::len).sum::<usize>())?);
    let mut figures = vec![
        (Metric::CpuSecs, group.cpu()?.saturating_sub(cpu).as_secs_f64()),
        (Metric::WallSecs, last.duration_since(start).as_secs_f64()),
        (Metric::FirstUpdateMillis, millis(first.duration_since(start))),
        (Metric::PeakMib, mib(peak)),
        (Metric::OctetsARoute, figure(peak.saturating_sub(memory)) / routes),
        (Metric::KeepaliveLateMillis, millis(late)),
        (Metric::Updates, figure(heard.iter().map(|heard| heard.updates).sum::<u64>() / u64::try_from(receivers)?)),
        (Metric::OurCpuSecs, ours.as_secs_f64()),
    ];
    figures.extend(quantile(&status, 99).map(|p99| (Metric::StatusP99Millis, p99)));
    Ok(figures)
}

/// How much longer than agreed nothing came to an idle neighbour.
pub fn keepalive_late(speakers: &Speakers, place: usize, now: Instant) -> Result<Duration> {
    let peer = speakers.peer(place)?;
    Ok(peer.heard.silence(now).saturating_sub(peer.hold_time / 3))
}
