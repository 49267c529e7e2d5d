//! What attackers do, each from an address of its own, all at once. A move fails where aliasd answers otherwise than it
//! should.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::hostile::{Hostile, Wire};
use super::octets::{self, Noise};
use crate::patience::not_interrupted;

/// How long aliasd may take to say something, on a machine that is busy being attacked.
const PATIENCE: Duration = Duration::from_secs(30);

/// What each attacker may announce.
pub const MAX_PREFIXES: usize = 50_000;

/// Attempts of those who try again and again.
const ATTEMPTS: usize = 300;

/// A move.
#[derive(Clone, Copy)]
pub struct Move {
    pub name: &'static str,
    /// What it does; the connections that it leaves open are returned.
    pub make: fn(Hostile) -> Result<Vec<Wire>>,
    /// What aliasd must say of the peer afterwards, by the member of its status.
    pub leaves: &'static [(&'static str, u64)],
}

/// All of them.
pub const ALL: &[Move] = &[
    Move { name: "garbage", make: garbage, leaves: &[] },
    Move { name: "connections", make: connections, leaves: &[] },
    Move { name: "silence", make: silence, leaves: &[] },
    Move { name: "half-an-open", make: half_an_open, leaves: &[] },
    Move { name: "half-an-update", make: half_an_update, leaves: &[] },
    Move { name: "slow-octets", make: slow_octets, leaves: &[] },
    Move { name: "notifications", make: notifications, leaves: &[] },
    Move {
        name: "bad-updates",
        make: bad_updates,
        leaves: &[("faultyUpdates", BAD_UPDATES as u64), ("numLearnedRoutes", BAD_UPDATES as u64)],
    },
    Move { name: "long-paths", make: long_paths, leaves: &[("numLearnedRoutes", LONG_PATHS as u64)] },
    Move { name: "prefixes", make: prefixes, leaves: &[("numLearnedRoutes", 0)] },
    Move { name: "refreshes", make: refreshes, leaves: &[("numLearnedRoutes", 0)] },
];

/// Noise; where aliasd listens at all, it says Connection Not Synchronized.
fn garbage(hostile: Hostile) -> Result<Vec<Wire>> {
    let mut noise = Noise(0x9E37_79B9);
    let mut told = 0_usize;
    for _ in 0..ATTEMPTS {
        not_interrupted()?;
        let mut wire = hostile.connect()?;
        // It may have closed already.
        let _heard = wire.say(&noise.octets(4096));
        for notification in wire.end(PATIENCE)? {
            ensure!(notification == (1, 1), "garbage is answered with {notification:?}");
            told += 1;
        }
    }
    ensure!(told > 0, "aliasd never spoke of garbage");
    Ok(vec![])
}

/// Connections as fast as they go, a hundred of them open at a time.
fn connections(hostile: Hostile) -> Result<Vec<Wire>> {
    let mut open = std::collections::VecDeque::new();
    for _ in 0..ATTEMPTS * 10 {
        not_interrupted()?;
        open.push_back(hostile.connect()?);
        if open.len() > 100 {
            open.pop_front();
        }
    }
    Ok(vec![])
}

/// Connections that say nothing. aliasd keeps two of them at most.
fn silence(hostile: Hostile) -> Result<Vec<Wire>> {
    let mut wires = (0..2 * ATTEMPTS).map(|_| hostile.connect()).collect::<Result<Vec<Wire>>>()?;
    let since = Instant::now();
    loop {
        not_interrupted()?;
        let open = wires.iter_mut().filter_map(|wire| (!wire.is_closed()).then_some(())).count();
        if open <= 2 {
            return Ok(wires);
        }
        ensure!(since.elapsed() < PATIENCE, "{open} silent connections are kept");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The first half of an OPEN, and nothing more.
fn half_an_open(hostile: Hostile) -> Result<Vec<Wire>> {
    let open = octets::open(super::hostile::ASN, 90, hostile.from);
    let mut wires = Vec::new();
    for _ in 0..20 {
        let mut wire = hostile.connect()?;
        let _heard = wire.say(open.get(..20).unwrap_or_default());
        wires.push(wire);
    }
    Ok(wires)
}

/// The first half of an UPDATE, and nothing more: after the hold time aliasd gives up.
fn half_an_update(hostile: Hostile) -> Result<Vec<Wire>> {
    let mut wire = hostile.establish(3)?;
    let update = octets::update(&[octets::origin()], &octets::host(1));
    wire.say(update.get(..25).unwrap_or_default())?;
    gives_up(wire, Instant::now())
}

/// An octet a second of a message is no message: after the hold time aliasd gives up.
fn slow_octets(hostile: Hostile) -> Result<Vec<Wire>> {
    let mut wire = hostile.establish(3)?;
    let since = Instant::now();
    for octet in octets::message(octets::KEEPALIVE, &[]) {
        not_interrupted()?;
        if wire.say(&[octet]).is_err() || since.elapsed() > Duration::from_secs(5) {
            break;
        }
        std::thread::sleep(Duration::from_secs(1));
    }
    gives_up(wire, since)
}

/// Hold Timer Expired, neither early nor much too late.
fn gives_up(mut wire: Wire, since: Instant) -> Result<Vec<Wire>> {
    let told = wire.end(PATIENCE)?;
    ensure!(told == [(4, 0)], "not Hold Timer Expired but {told:?}");
    let after = since.elapsed();
    ensure!(after >= Duration::from_millis(2500), "the hold time is 3 s, given up after {} ms", after.as_millis());
    Ok(vec![])
}

/// NOTIFICATIONs before and after an OPEN. None is ever answered with another.
fn notifications(hostile: Hostile) -> Result<Vec<Wire>> {
    let flood = octets::notification().repeat(100);
    for attempt in 0..ATTEMPTS {
        not_interrupted()?;
        let mut wire = hostile.connect()?;
        if attempt % 2 == 0 {
            let _heard = wire.say(&octets::open(super::hostile::ASN, 90, hostile.from));
        }
        let _heard = wire.say(&flood);
        let told = wire.end(PATIENCE)?;
        // A connection beside another may be refused, but for no fault in what it said.
        ensure!(told.iter().all(|(code, _)| *code == 6), "a NOTIFICATION is answered with {told:?}");
    }
    Ok(vec![])
}

/// UPDATEs of [`bad_updates`].
const BAD_UPDATES: usize = 5_000;

/// Attributes that are wrong in ways that cost the routes of the UPDATE and nothing else (RFC 7606). Between them are right
/// ones: they count.
fn bad_updates(hostile: Hostile) -> Result<Vec<Wire>> {
    let path = || octets::as_path(&[u32::from(super::hostile::ASN)]);
    let faults: [Vec<Vec<u8>>; 8] = [
        // ORIGIN of two octets, and of no known value.
        vec![octets::attribute(0x40, 1, &[0, 0]), path(), octets::next_hop()],
        vec![octets::attribute(0x40, 1, &[9]), path(), octets::next_hop()],
        // AS_PATH with a segment of no known type, and one that is cut short.
        vec![octets::origin(), octets::attribute(0x40, 2, &[9, 1, 0, 0, 254, 42]), octets::next_hop()],
        vec![octets::origin(), octets::attribute(0x40, 2, &[2, 200, 0, 0, 254, 42]), octets::next_hop()],
        // NEXT_HOP of three octets, and none at all.
        vec![octets::origin(), path(), octets::attribute(0x40, 3, &[169, 254, 66])],
        vec![octets::origin(), path()],
        // MULTI_EXIT_DISC of one octet, COMMUNITIES of seven.
        vec![octets::origin(), path(), octets::next_hop(), octets::attribute(0x80, 4, &[1])],
        vec![octets::origin(), path(), octets::next_hop(), octets::attribute(0xC0, 8, &[0; 7])],
    ];
    let good = [octets::origin(), path(), octets::next_hop()];
    let mut wire = hostile.establish(90)?;
    for (number, fault) in faults.iter().cycle().take(BAD_UPDATES).enumerate() {
        let number = u32::try_from(number)?;
        let pair =
            [octets::update(fault, &octets::host(2 * number)), octets::update(&good, &octets::host(2 * number + 1))];
        wire.say(&pair.concat()).context("the session is gone")?;
    }
    Ok(vec![wire])
}

/// UPDATEs of [`long_paths`].
const LONG_PATHS: usize = 3_000;

/// AS_PATHs of 960 numbers, each another one: what fits into a message.
fn long_paths(hostile: Hostile) -> Result<Vec<Wire>> {
    let mut wire = hostile.establish(90)?;
    for number in 0..u32::try_from(LONG_PATHS)? {
        let mut asns = vec![u32::from(super::hostile::ASN); 960];
        asns.extend([number + 1]);
        let attributes = [octets::origin(), octets::as_path(&asns), octets::next_hop()];
        wire.say(&octets::update(&attributes, &octets::host(number))).context("the session is gone")?;
    }
    Ok(vec![wire])
}

/// A million prefixes: Cease, Maximum Number of Prefixes Reached.
fn prefixes(hostile: Hostile) -> Result<Vec<Wire>> {
    const PREFIXES: u32 = 1_000_000;
    const IN_A_MESSAGE: u32 = 800;
    let path = octets::as_path(&[u32::from(super::hostile::ASN)]);
    let attributes = [octets::origin(), path, octets::next_hop()];
    let mut wire = hostile.establish(90)?;
    for first in (0..PREFIXES).step_by(usize::try_from(IN_A_MESSAGE)?) {
        let nlri: Vec<u8> = (first..first + IN_A_MESSAGE).flat_map(octets::host).collect();
        if wire.say(&octets::update(&attributes, &nlri)).is_err() {
            let told = wire.end(PATIENCE)?;
            ensure!(told == [(6, 1)], "not Maximum Number of Prefixes Reached but {told:?}");
            return Ok(vec![]);
        }
    }
    let told = wire.end(PATIENCE)?;
    ensure!(told == [(6, 1)], "not Maximum Number of Prefixes Reached but {told:?}");
    Ok(vec![])
}

/// Asks for all routes again and again, and reads none of them until the end.
fn refreshes(hostile: Hostile) -> Result<Vec<Wire>> {
    let mut wire = hostile.establish(6)?;
    let many = octets::route_refresh().repeat(1000);
    for _ in 0..100 {
        not_interrupted()?;
        wire.say(&many).context("the session is gone")?;
    }
    let since = Instant::now();
    while since.elapsed() < PATIENCE {
        match wire.hear(PATIENCE)? {
            // By then all that was asked for has been sent.
            Some((octets::KEEPALIVE, _)) => return Ok(vec![wire]),
            Some((octets::UPDATE, _)) => {}
            other => bail!("{other:?}"),
        }
    }
    Ok(vec![wire])
}
