//! One session of ours: it says what it was given to say, and counts what it hears.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use mio::net::TcpStream;
use socket2::{Domain, Protocol, Socket, Type};

use super::heard::{Heard, Keep};
use super::open::{self, HEADER, LONGEST};

/// Who one of our speakers is.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Its name in configurations.
    pub name: String,
    /// Its address and BGP Identifier.
    pub address: Ipv4Addr,
    /// Its AS.
    pub asn: u32,
    /// The hold time that it offers.
    pub hold_time_secs: u16,
}

/// How far a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// There is no connection, or not yet.
    Idle,
    /// We said who we are.
    OpenSent,
    /// They said who they are.
    OpenConfirm,
    /// Routes can be said.
    Established,
}

/// A speaker of ours.
#[derive(Debug)]
pub struct Peer {
    pub identity: Identity,
    pub state: State,
    pub heard: Heard,
    /// What is agreed; a third of it is how often we say that we are there.
    pub hold_time: Duration,
    /// When a connection that failed is tried again.
    pub dial_at: Option<Instant>,
    /// Why the last connection came to nothing.
    pub failure: Option<String>,
    /// Whether it reads; one that does not fills the other side's buffers.
    pub reads: bool,
    pub(super) readable: bool,
    pub(super) writable: bool,
    pub(super) stream: Option<TcpStream>,
    /// A message that is not whole yet.
    carry: Vec<u8>,
    outbox: VecDeque<(Arc<[u8]>, usize)>,
    said_at: Instant,
}

impl Peer {
    pub fn new(identity: Identity) -> Self {
        Self {
            identity,
            state: State::Idle,
            heard: Heard::new(Keep::Count),
            hold_time: Duration::ZERO,
            dial_at: None,
            failure: None,
            reads: true,
            readable: false,
            writable: false,
            stream: None,
            carry: Vec::new(),
            outbox: VecDeque::new(),
            said_at: Instant::now(),
        }
    }

    /// Says this after all that was given before.
    pub fn say(&mut self, octets: Arc<[u8]>) {
        self.outbox.push_back((octets, 0));
    }

    /// Whether it can read or write right now, without another word from the kernel.
    pub(super) fn can_go_on(&self) -> bool {
        self.readable && self.reads || self.writable && !self.has_said_all()
    }

    /// Whether there is no connection yet.
    pub(super) fn is_idle(&self) -> bool {
        self.state == State::Idle
    }

    /// Whether the other side said who it is.
    pub(super) fn is_answered(&self) -> bool {
        matches!(self.state, State::OpenConfirm | State::Established)
    }

    /// Whether routes can be said.
    pub fn is_established(&self) -> bool {
        self.state == State::Established
    }

    /// Whether all was written that was given.
    pub fn has_said_all(&self) -> bool {
        self.outbox.is_empty()
    }

    /// Begins a connection from our address.
    pub(super) fn dial(&mut self, to: SocketAddr) -> Result<()> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        socket.bind(&SocketAddr::new(self.identity.address.into(), 0).into())?;
        match socket.connect(&to.into()) {
            Ok(()) => {}
            Err(error) if error.raw_os_error() == Some(nix::libc::EINPROGRESS) => {}
            Err(error) => return Err(error).with_context(|| format!("{}: cannot dial {to}", self.identity.name)),
        }
        self.stream = Some(TcpStream::from_std(socket.into()));
        self.carry.clear();
        self.outbox.clear();
        self.state = State::Idle;
        self.dial_at = None;
        Ok(())
    }

    /// Ends the connection without a word.
    pub fn hang_up(&mut self) {
        self.stream = None;
        self.outbox.clear();
        self.state = State::Idle;
        (self.readable, self.writable) = (false, false);
    }

    /// Writes what fits. The connection is there once it can be written to.
    pub(super) fn write(&mut self) -> Result<()> {
        let Some(stream) = &mut self.stream else { return Ok(()) };
        if self.state == State::Idle {
            if let Some(error) = stream.take_error()? {
                return Err(error.into());
            }
            match stream.peer_addr() {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::NotConnected => {
                    self.writable = false;
                    return Ok(());
                }
                Err(error) => return Err(error.into()),
            }
            let who = &self.identity;
            self.outbox.push_front((open::open(who.asn, who.hold_time_secs, who.address).into(), 0));
            self.state = State::OpenSent;
        }
        while let Some((octets, at)) = self.outbox.front_mut() {
            let rest = octets.get(*at..).unwrap_or_default();
            if rest.is_empty() {
                self.outbox.pop_front();
                continue;
            }
            match stream.write(rest) {
                Ok(written) => *at += written,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.writable = false;
                    break;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error).with_context(|| format!("{}: cannot write", self.identity.name)),
            }
            self.said_at = Instant::now();
        }
        Ok(())
    }

    /// Says that we are there, when it is time.
    pub(super) fn keep_alive(&mut self, now: Instant) {
        let due = !self.hold_time.is_zero() && now.duration_since(self.said_at) >= self.hold_time / 3;
        if self.state == State::Established && due && self.has_said_all() {
            self.said_at = now;
            self.say(open::keepalive().into());
        }
    }

    /// Reads once, with `room` to read into; whether there may be more.
    pub(super) fn read(&mut self, room: &mut [u8]) -> Result<bool> {
        let Some(stream) = &mut self.stream else { return Ok(false) };
        let carried = self.carry.len();
        room.get_mut(..carried).context("a carry that is too long")?.copy_from_slice(&self.carry);
        let read = match stream.read(room.get_mut(carried..).unwrap_or_default()) {
            Ok(0) => bail!("{}: the other side closed the connection", self.identity.name),
            Ok(read) => read,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
                self.readable = error.kind() == ErrorKind::Interrupted;
                return Ok(self.readable);
            }
            Err(error) => return Err(error).with_context(|| format!("{}: cannot read", self.identity.name)),
        };
        let now = Instant::now();
        let mut rest = room.get(..carried + read).unwrap_or_default();
        while let Some((message, after)) = first_message(rest)? {
            self.hear(message, now)?;
            rest = after;
        }
        self.carry.clear();
        self.carry.extend_from_slice(rest);
        Ok(true)
    }

    fn hear(&mut self, message: &[u8], now: Instant) -> Result<()> {
        let (header, body) = message.split_at_checked(HEADER).context("a message without a header")?;
        self.heard.message(message.len(), now);
        match (header.last().copied().unwrap_or_default(), self.state) {
            (open::UPDATE, State::Established) => {
                self.heard
                    .update(message, body, now)
                    .with_context(|| format!("{}: a broken UPDATE", self.identity.name))?;
            }
            (open::OPEN, State::OpenSent) => {
                let theirs = open::hold_time_secs(body).context("a short OPEN")?;
                self.hold_time = Duration::from_secs(theirs.min(self.identity.hold_time_secs).into());
                self.state = State::OpenConfirm;
                self.say(open::keepalive().into());
            }
            (open::KEEPALIVE, State::OpenConfirm) => {
                self.state = State::Established;
            }
            (open::KEEPALIVE, State::Established) => {}
            (open::NOTIFICATION, _) => bail!("{}: NOTIFICATION {body:?}", self.identity.name),
            (kind, state) => bail!("{}: a message of type {kind} in {state:?}", self.identity.name),
        }
        Ok(())
    }
}

/// The first message and what follows it; `None` until it is whole.
pub fn first_message(octets: &[u8]) -> Result<Option<(&[u8], &[u8])>> {
    let Some(header) = octets.first_chunk::<HEADER>() else { return Ok(None) };
    let [.., high, low, _] = header;
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    ensure!((HEADER..=LONGEST).contains(&length), "a message of {length} octets");
    Ok(octets.split_at_checked(length))
}
