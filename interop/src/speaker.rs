//! A peer that does not behave: says one wrong thing over TCP and reports what it hears.
//!
//! It reads and writes octets by itself, so that a mistake in our own codec cannot hide one of aliasd.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use serde_json::{Value, json};

const MARKER: [u8; 16] = [0xFF; 16];
/// Of RFC 4271 section 4.1: the shortest message is a header, none is longer than this.
const LENGTHS: std::ops::RangeInclusive<usize> = 19..=4096;
const OPEN: u8 = 1;
const NOTIFICATION: u8 = 3;

/// What to say.
#[derive(Debug, Args)]
pub struct Speech {
    /// Whom to connect to.
    #[arg(long)]
    to: SocketAddr,
    /// How long to listen.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// Say nothing.
    #[arg(long)]
    silent: bool,
    /// Say what is no BGP.
    #[arg(long, conflicts_with = "silent")]
    garbage: bool,
    /// The AS number of the OPEN.
    #[arg(long, default_value_t = 65010)]
    asn: u16,
    /// The hold time of the OPEN.
    #[arg(long, default_value_t = 90)]
    hold_time_secs: u16,
}

/// What was heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Whether an OPEN came.
    pub opened: bool,
    /// The NOTIFICATIONs that came, as code and subcode.
    pub notifications: Vec<(u8, u8)>,
    /// Whether the other side closed the connection.
    pub closed: bool,
    /// When listening ended, after the connection came up.
    pub seconds: u64,
}

impl Heard {
    /// Reads what [`Heard::json`] wrote.
    pub fn read(text: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(text).with_context(|| format!("not what a speaker says: {text}"))?;
        let flag = |name| value.get(name).and_then(Value::as_bool).unwrap_or_default();
        let pair = |pair: &Value| {
            let octet = |index| pair.get(index).and_then(Value::as_u64).and_then(|octet| u8::try_from(octet).ok());
            Some((octet(0)?, octet(1)?))
        };
        let listed = value.get("notifications").and_then(Value::as_array).context("no notifications")?;
        Ok(Self {
            opened: flag("opened"),
            notifications: listed.iter().map(pair).collect::<Option<_>>().context("a notification that is no pair")?,
            closed: flag("closed"),
            seconds: value.get("seconds").and_then(Value::as_u64).context("no seconds")?,
        })
    }

    /// As one line.
    pub fn json(&self) -> String {
        json!({"opened": self.opened, "notifications": self.notifications, "closed": self.closed, "seconds": self.seconds})
            .to_string()
    }
}

/// Connects, speaks, and listens until the connection is closed or time is up.
pub fn speak(speech: &Speech) -> Result<Heard> {
    let mut stream = TcpStream::connect_timeout(&speech.to, Duration::from_secs(5))?;
    let since = Instant::now();
    if speech.garbage {
        stream.write_all(b"GET / HTTP/1.1\r\nHost: is this a web server?\r\n\r\n")?;
    } else if !speech.silent {
        stream.write_all(&open(speech.asn, speech.hold_time_secs))?;
    }
    let (octets, closed) = listen(&mut stream, since, Duration::from_secs(speech.seconds))?;
    let mut heard = Heard { closed, seconds: since.elapsed().as_secs(), ..Heard::default() };
    let mut rest = octets.as_slice();
    while !rest.is_empty() {
        let (kind, body, after) = message(rest)?;
        match kind {
            OPEN => heard.opened = true,
            NOTIFICATION => match body {
                [code, subcode, ..] => heard.notifications.push((*code, *subcode)),
                _ => bail!("a NOTIFICATION of {} octets", body.len()),
            },
            _ => {}
        }
        rest = after;
    }
    Ok(heard)
}

fn listen(stream: &mut TcpStream, since: Instant, limit: Duration) -> Result<(Vec<u8>, bool)> {
    let mut octets = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let Some(left) = limit.checked_sub(since.elapsed()).filter(|left| !left.is_zero()) else {
            return Ok((octets, false));
        };
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut buffer) {
            Ok(0) => return Ok((octets, true)),
            Ok(count) => octets.extend(buffer.iter().take(count)),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok((octets, true)),
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// An OPEN of RFC 4271 section 4.2 without capabilities.
fn open(asn: u16, hold_time_secs: u16) -> Vec<u8> {
    let mut octets = MARKER.to_vec();
    octets.extend(29_u16.to_be_bytes());
    octets.extend([OPEN, 4]);
    octets.extend(asn.to_be_bytes());
    octets.extend(hold_time_secs.to_be_bytes());
    octets.extend([192, 0, 2, 1, 0]);
    octets
}

/// The first message: its type, its body, and what follows it.
fn message(octets: &[u8]) -> Result<(u8, &[u8], &[u8])> {
    let (header, _) = octets.split_first_chunk::<19>().context("less than a header at the end")?;
    let [marker @ .., high, low, kind] = header;
    ensure!(*marker == MARKER, "no marker");
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    ensure!(LENGTHS.contains(&length), "a message of {length} octets");
    let (whole, rest) = octets.split_at_checked(length).context("a message that is cut short")?;
    Ok((*kind, whole.get(19..).unwrap_or_default(), rest))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn hears_open_and_notification_and_the_end() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let to = listener.local_addr().unwrap();
        let other = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut said = [0; 29];
            stream.read_exact(&mut said).unwrap();
            assert_eq!(said.to_vec(), open(65099, 1));
            stream.write_all(&open(64512, 90)).unwrap();
            stream.write_all(&[&MARKER[..], &[0, 21, 3, 2, 6]].concat()).unwrap();
        });
        let speech = Speech { to, seconds: 20, silent: false, garbage: false, asn: 65099, hold_time_secs: 1 };
        let heard = speak(&speech).unwrap();
        other.join().unwrap();
        let expected = Heard { opened: true, notifications: vec![(2, 6)], closed: true, seconds: heard.seconds };
        assert_eq!(heard, expected);
        assert_eq!(Heard::read(&heard.json()).unwrap(), heard);
    }
}
