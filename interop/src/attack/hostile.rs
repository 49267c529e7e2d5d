//! One attacker: an address of its own, from which it connects to aliasd and says what it likes.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use socket2::{Domain, Protocol, Socket, Type};

use super::octets;
use crate::patience::eventually;

/// The AS of every attacker.
pub const ASN: u16 = 65066;

const PATIENCE: Duration = Duration::from_secs(30);

/// An attacker.
#[derive(Clone, Copy, Debug)]
pub struct Hostile {
    pub from: Ipv4Addr,
    pub aliasd: SocketAddr,
}

impl Hostile {
    /// A connection.
    pub fn connect(&self) -> Result<Wire> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
        socket.bind(&SocketAddr::from((self.from, 0)).into())?;
        socket.connect_timeout(&self.aliasd.into(), PATIENCE).context("aliasd does not accept")?;
        Ok(Wire { stream: socket.into(), unread: Vec::new() })
    }

    /// A session that is Established.
    pub fn establish(&self, hold_time_secs: u16) -> Result<Wire> {
        // Refused while aliasd has not heard of its peers yet.
        eventually("a session for an attacker", PATIENCE, || {
            let mut wire = self.connect()?;
            wire.say(&octets::open(ASN, hold_time_secs, self.from))?;
            let (kind, _) = wire.hear(PATIENCE)?.context("closed before an OPEN")?;
            ensure!(kind == octets::OPEN, "message {kind}, not an OPEN");
            wire.say(&octets::message(octets::KEEPALIVE, &[]))?;
            let (kind, _) = wire.hear(PATIENCE)?.context("closed before a KEEPALIVE")?;
            ensure!(kind == octets::KEEPALIVE, "message {kind}, not a KEEPALIVE");
            Ok(wire)
        })
    }
}

/// A connection of an attacker.
#[derive(Debug)]
pub struct Wire {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Wire {
    /// Says something; fails once aliasd has closed.
    pub fn say(&mut self, octets: &[u8]) -> Result<()> {
        Ok(self.stream.write_all(octets)?)
    }

    /// The next message of aliasd: type and body; nothing once it has closed.
    pub fn hear(&mut self, limit: Duration) -> Result<Option<(u8, Vec<u8>)>> {
        let until = Instant::now() + limit;
        loop {
            if let Some(message) = self.take()? {
                return Ok(Some(message));
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                bail!("silence for {} s", limit.as_secs());
            }
            self.stream.set_read_timeout(Some(left))?;
            let mut buffer = [0; 16 * 1024];
            match self.stream.read(&mut buffer) {
                Ok(0) => return Ok(None),
                Ok(count) => self.unread.extend(buffer.iter().take(count)),
                Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => {
                    return Ok(None);
                }
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => {
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Hears aliasd out until it closes: code and subcode of each NOTIFICATION.
    pub fn end(&mut self, limit: Duration) -> Result<Vec<(u8, u8)>> {
        let mut notifications = Vec::new();
        while let Some((kind, body)) = self.hear(limit)? {
            if let (octets::NOTIFICATION, [code, subcode, ..]) = (kind, body.as_slice()) {
                notifications.push((*code, *subcode));
            }
        }
        Ok(notifications)
    }

    /// Whether aliasd has closed, as far as is known without waiting; what it said is forgotten.
    pub fn is_closed(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        if self.stream.set_nonblocking(true).is_err() {
            return true;
        }
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) => return error.kind() != ErrorKind::WouldBlock,
            }
        }
    }

    fn take(&mut self) -> Result<Option<(u8, Vec<u8>)>> {
        let Some((header, rest)) = self.unread.split_first_chunk::<19>() else { return Ok(None) };
        let [marker @ .., high, low, kind] = header;
        ensure!(*marker == [0xFF; 16], "aliasd said what is no BGP: {header:?}");
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let Some(body) = length.checked_sub(19).and_then(|length| rest.get(..length)) else { return Ok(None) };
        let message = (*kind, body.to_vec());
        self.unread.drain(..length);
        Ok(Some(message))
    }
}
