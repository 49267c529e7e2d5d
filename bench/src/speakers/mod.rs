//! Our side of all sessions with a daemon under test: feeders, receivers and idle observers in one thread, so that on a small
//! machine the daemon has the rest of it.

mod heard;
mod open;
mod peer;

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use interop::patience::not_interrupted;
use mio::{Events, Interest, Poll, Token};

pub use heard::{Heard, Keep};
pub use open::UPDATE;
pub use peer::{Identity, Peer, first_message};

/// Octets that are read at once.
const ROOM: usize = 256 * 1024;
/// Reads of one session before the others have their turn.
const READS: usize = 8;
/// How long nothing may happen before conditions are looked at again.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// How often sessions are asked for what time brings: keepalives and another dial.
const TIMERS_EVERY: Duration = Duration::from_millis(50);
/// Dials without an answer: as many as the queue of BIRD's listening socket has room for, or they are lost.
const UNANSWERED: usize = 8;
/// How long until a refused connection is tried again.
const DIAL_AGAIN: Duration = Duration::from_millis(20);

/// All our sessions with one daemon.
#[derive(Debug)]
pub struct Speakers {
    poll: Poll,
    events: Events,
    to: SocketAddr,
    peers: Vec<Peer>,
    room: Vec<u8>,
    timers_at: Instant,
}

impl Speakers {
    /// Speakers for the daemon at `to`; none of them dials yet.
    pub fn new(to: SocketAddr, identities: impl IntoIterator<Item = Identity>) -> Result<Self> {
        let peers = identities.into_iter().map(Peer::new).collect();
        Ok(Self {
            poll: Poll::new()?,
            events: Events::with_capacity(1024),
            to,
            peers,
            room: vec![0; ROOM],
            timers_at: Instant::now(),
        })
    }

    /// The one at a place.
    pub fn peer(&self, place: usize) -> Result<&Peer> {
        self.peers.get(place).context("no such speaker")
    }

    /// The one at a place.
    pub fn peer_mut(&mut self, place: usize) -> Result<&mut Peer> {
        self.peers.get_mut(place).context("no such speaker")
    }

    /// Lets the speaker at a place dial, and dial again while it is refused.
    pub fn dial(&mut self, place: usize) -> Result<()> {
        let to = self.to;
        let peer = self.peers.get_mut(place).context("no such speaker")?;
        peer.dial(to)?;
        (peer.readable, peer.writable) = (false, false);
        let stream = peer.stream.as_mut().context("no connection")?;
        Ok(self.poll.registry().register(stream, Token(place), Interest::READABLE | Interest::WRITABLE)?)
    }

    /// Brings the sessions of these places up.
    ///
    /// # Errors
    /// When one is not up within `limit`.
    pub fn establish(&mut self, places: Range<usize>, limit: Duration) -> Result<Instant> {
        let since = Instant::now();
        let mut next = places.start;
        loop {
            let dialled = self.peers.iter().take(next).skip(places.start);
            let unanswered = dialled.filter(|peer| !peer.is_answered()).count();
            for _ in unanswered..UNANSWERED {
                if next < places.end {
                    self.dial(next)?;
                    next += 1;
                }
            }
            self.turn()?;
            if next == places.end && self.peers.iter().take(next).skip(places.start).all(Peer::is_established) {
                return Ok(Instant::now());
            }
            if since.elapsed() > limit {
                bail!("waited {} s in vain until sessions come up: {}", limit.as_secs(), self.summary());
            }
        }
    }

    /// Lets the sessions go on until `done` says so; returns when that was.
    ///
    /// # Errors
    /// When a session breaks, or `limit` is over: who heard how much is said.
    pub fn drive(&mut self, what: &str, limit: Duration, mut done: impl FnMut(&mut [Peer]) -> bool) -> Result<Instant> {
        let since = Instant::now();
        loop {
            self.turn()?;
            if done(&mut self.peers) {
                return Ok(Instant::now());
            }
            if since.elapsed() > limit {
                bail!("waited {} s in vain until {what}: {}", limit.as_secs(), self.summary());
            }
        }
    }

    /// Lets the sessions go on for that long.
    pub fn drive_for(&mut self, time: Duration) -> Result<()> {
        let end = Instant::now() + time;
        self.drive("time passes", time * 2 + Duration::from_secs(10), |_| Instant::now() >= end).map(drop)
    }

    /// One look at the sockets.
    fn turn(&mut self) -> Result<()> {
        let waits = self.peers.iter().any(Peer::can_go_on);
        let timeout = if waits { Duration::ZERO } else { LOOK_EVERY };
        match self.poll.poll(&mut self.events, Some(timeout)) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
        not_interrupted()?;
        for event in &self.events {
            let Some(peer) = self.peers.get_mut(event.token().0) else { continue };
            peer.readable |= event.is_readable() || event.is_read_closed() || event.is_error();
            peer.writable |= event.is_writable() || event.is_error();
        }
        for place in 0..self.peers.len() {
            if let Err(error) = self.serve(place) {
                self.failed(place, error)?;
            }
        }
        self.timers()
    }

    fn serve(&mut self, place: usize) -> Result<()> {
        let Some(peer) = self.peers.get_mut(place) else { return Ok(()) };
        if peer.writable {
            peer.write()?;
        }
        for _ in 0..READS {
            // Before it is connected there is nothing to read.
            if !(peer.readable && peer.reads) || peer.is_idle() || !peer.read(&mut self.room)? {
                break;
            }
        }
        // What was heard may have been answered.
        if peer.writable { peer.write() } else { Ok(()) }
    }

    /// A daemon that does not listen yet, or is not ready for us, is dialled again.
    fn failed(&mut self, place: usize, error: anyhow::Error) -> Result<()> {
        let peer = self.peers.get_mut(place).context("no such speaker")?;
        ensure!(!peer.is_established(), error);
        peer.hang_up();
        peer.failure = Some(format!("{error:#}"));
        peer.dial_at = Some(Instant::now() + DIAL_AGAIN);
        Ok(())
    }

    fn timers(&mut self) -> Result<()> {
        let now = Instant::now();
        if now < self.timers_at {
            return Ok(());
        }
        self.timers_at = now + TIMERS_EVERY;
        for place in 0..self.peers.len() {
            let Some(peer) = self.peers.get_mut(place) else { continue };
            peer.keep_alive(now);
            if peer.dial_at.is_some_and(|at| at <= now) {
                self.dial(place)?;
            }
        }
        Ok(())
    }

    /// Those whose session is not up come first.
    fn summary(&self) -> String {
        const SHOWN: usize = 12;
        let one = |peer: &Peer| {
            let heard = &peer.heard;
            format!(
                "{} is {:?}{} and heard {} announced, {} withdrawn, {} reachable",
                peer.identity.name,
                peer.state,
                peer.failure.as_ref().map(|why| format!(" ({why})")).unwrap_or_default(),
                heard.announced,
                heard.withdrawn,
                heard.reachable.len()
            )
        };
        let (up, down): (Vec<&Peer>, Vec<&Peer>) = self.peers.iter().partition(|peer| peer.is_established());
        let shown: Vec<String> = down.iter().chain(&up).take(SHOWN).map(|peer| one(peer)).collect();
        format!("{} of {} sessions are up; {}", up.len(), self.peers.len(), shown.join("; "))
    }
}

/// The address of the speaker of that number, from 1 on. The daemon is at [`DAEMON`].
pub fn address(number: usize) -> Result<Ipv4Addr> {
    let (high, low) = (u8::try_from(1 + number / 250)?, u8::try_from(1 + number % 250)?);
    Ok(Ipv4Addr::new(127, 77, high, low))
}

/// Where daemons under test listen: an address of loopback that nothing else uses.
pub const DAEMON: Ipv4Addr = Ipv4Addr::new(127, 77, 0, 1);
