//! The physical limit: what the same octets cost that only go through TCP on loopback and are framed and counted. No speaker
//! can do with less.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};

use crate::speakers::{DAEMON, Heard, Keep, first_message};
use crate::usage::our_cpu;

/// CPU time of both ends, and wall time.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    pub cpu: Duration,
    pub wall: Duration,
}

/// Sends these UPDATEs, which have so many routes, and counts what comes out.
pub fn measure(octets: &[u8], routes: usize) -> Result<Limit> {
    let listener = TcpListener::bind((DAEMON, 0))?;
    let mut sender = TcpStream::connect(listener.local_addr()?)?;
    let (receiver, _) = listener.accept()?;
    let (cpu, start) = (our_cpu()?, Instant::now());
    let heard = std::thread::scope(|scope| {
        let sending = scope.spawn(move || {
            sender.write_all(octets)?;
            sender.shutdown(Shutdown::Write)
        });
        let heard = receive(receiver);
        sending.join().map_err(|_| anyhow!("the sender panicked"))??;
        heard
    })?;
    let limit = Limit { cpu: our_cpu()?.saturating_sub(cpu), wall: start.elapsed() };
    ensure!(heard.announced == u64::try_from(routes)?, "{} of {routes} routes came", heard.announced);
    Ok(limit)
}

fn receive(mut receiver: TcpStream) -> Result<Heard> {
    let mut heard = Heard::new(Keep::Count);
    let mut room = vec![0; 256 * 1024];
    let mut carried = 0;
    loop {
        let read = receiver.read(room.get_mut(carried..).unwrap_or_default())?;
        if read == 0 {
            return Ok(heard);
        }
        let now = Instant::now();
        let whole = carried + read;
        let mut rest = room.get(..whole).unwrap_or_default();
        while let Some((message, after)) = first_message(rest)? {
            heard.message(message.len(), now);
            heard.update(message, message.get(19..).unwrap_or_default(), now).context("a broken UPDATE")?;
            rest = after;
        }
        carried = rest.len();
        room.copy_within(whole - carried..whole, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use feed::{Announcer, Feed, next_hop};

    #[test]
    fn every_route_comes_through() {
        let feed = Feed::generate(20_000, 1);
        let octets = feed.announcement(&Announcer { asn: 65001, next_hop: next_hop(1) });
        measure(&octets, 20_000).unwrap();
        assert!(measure(&octets, 20_001).is_err());
    }
}
