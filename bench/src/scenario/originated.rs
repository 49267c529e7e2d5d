//! S4 and S6: routes of the daemon's own. aliasd makes them from an inventory of one alias range each, the others from static
//! routes.

use std::net::Ipv4Addr;

use anyhow::{Context, Result, ensure};

use super::Stage;
use super::cast::client;
use super::play::{Meter, Play};
use crate::daemon::{Program, Scene};
use crate::measure::{Figures, Metric, millis};
use crate::speakers::Keep;
use feed::Ipv4Prefix;

/// Sessions that come at once.
const AT_ONCE: usize = 10;

/// `count` prefixes of which no two make a greater one.
fn prefixes(count: usize) -> Result<Vec<Ipv4Prefix>> {
    const MOST: usize = 1 << 20;
    ensure!(count <= MOST, "at most {MOST} routes can be originated");
    let network = |number: u32| Ipv4Prefix::of(Ipv4Addr::from_bits(0x0A00_0000 + number * 16), 29);
    Ok((0..u32::try_from(count)?).map(network).collect())
}

/// S4: one session to a loaded daemon, then ten more at once.
pub fn new_sessions(stage: &Stage, program: &Program) -> Result<Figures> {
    let originated = prefixes(stage.feed.len())?;
    let neighbors = (1..=1 + AT_ONCE).map(client).collect::<Result<_>>()?;
    let scene = Scene { neighbors, originated, ..Scene::default() };
    let mut play = Play::begin(stage, program, &scene)?;
    loaded(&mut play, scene.originated.len())?;
    let loading = play.group.cpu()?.as_secs_f64();
    let [cpu, wall, first] = dump(&mut play, 0..1, scene.originated.len())?;
    let peak = play.group.peak_memory()?;
    let [ten_cpu, ten_wall, _] = dump(&mut play, 1..1 + AT_ONCE, scene.originated.len())?;
    Ok(vec![
        (Metric::LoadCpuSecs, loading),
        (Metric::CpuSecs, cpu),
        (Metric::WallSecs, wall),
        (Metric::FirstUpdateMillis, first),
        (Metric::PeakMib, crate::measure::mib(peak)),
        (Metric::TenCpuSecs, ten_cpu),
        (Metric::TenWallSecs, ten_wall),
    ])
}

/// A daemon may still read what it originates when it listens already: it is loaded when it says so, or is quiet.
fn loaded(play: &mut Play, count: usize) -> Result<()> {
    play.settle()?;
    play.running.originates(count)?;
    play.settle()
}

/// What it costs to bring these sessions up and tell them everything: CPU s, wall s from the first dial on, and ms until the
/// first UPDATE.
fn dump(play: &mut Play, places: std::ops::Range<usize>, count: usize) -> Result<[f64; 3]> {
    let meter = play.meter(places.clone(), Keep::Count)?;
    play.establish(places.clone())?;
    let all = u64::try_from(count)?;
    play.until("all routes are there", |peers| {
        peers.iter().skip(places.start).take(places.len()).all(|peer| peer.heard.balance() >= all)
    })?;
    play.settle()?;
    let heard: Vec<_> = places.map(|place| play.speakers.peer(place).map(|peer| &peer.heard)).collect::<Result<_>>()?;
    let first = heard.iter().filter_map(|heard| heard.first_update).min().context("no UPDATE came")?;
    let last = heard.iter().filter_map(|heard| heard.last_update).max().context("no UPDATE came")?;
    Ok([meter.cpu_secs()?, last.duration_since(meter.start).as_secs_f64(), millis(first.duration_since(meter.start))])
}

/// S6: of a tenth of the routes, one becomes another one.
pub fn one_change(stage: &Stage, program: &Program) -> Result<Figures> {
    let mut originated = prefixes(stage.feed.len().div_ceil(10) + 1)?;
    let new = originated.pop().context("no routes")?;
    let mut scene = Scene { neighbors: vec![client(1)?], originated, ..Scene::default() };
    let mut play = Play::begin(stage, program, &scene)?;
    loaded(&mut play, scene.originated.len())?;
    dump(&mut play, 0..1, scene.originated.len())?;
    *scene.originated.first_mut().context("no routes")? = new;
    let change = play.running.prepare(&scene)?;
    play.speakers.peer_mut(0)?.heard.reset(Keep::Count);
    let meter = Meter::start(play.group)?;
    play.running.change(&change)?;
    play.until("the change is there", |peers| {
        peers.first().is_some_and(|peer| peer.heard.announced > 0 && peer.heard.withdrawn > 0)
    })?;
    let heard = &play.speakers.peer(0)?.heard;
    ensure!(
        heard.announced == 1 && heard.withdrawn == 1,
        "{} announced, {} withdrawn",
        heard.announced,
        heard.withdrawn
    );
    let last = heard.last_update.context("no UPDATE came")?;
    play.settle()?;
    Ok(vec![(Metric::CpuSecs, meter.cpu_secs()?), (Metric::WallSecs, last.duration_since(meter.start).as_secs_f64())])
}
