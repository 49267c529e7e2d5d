//! A recorded session out of an MRT file (RFC 6396, section 4.4): the UPDATEs of the peer that sent the most of them, octet
//! for octet.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::speakers::{Heard, Keep, UPDATE, first_message};

/// Types of BGP4MP without and with microseconds; the subtype of messages with AS numbers of four octets.
const BGP4MP: u16 = 16;
const BGP4MP_ET: u16 = 17;
const MESSAGE_AS4: u16 = 4;

/// What one peer said.
#[derive(Clone, Debug)]
pub struct Recording {
    /// Its AS.
    pub asn: u32,
    /// Whether it was in the AS of who recorded it: then its paths do not begin with its AS.
    pub internal: bool,
    /// Its UPDATEs.
    pub updates: Vec<u8>,
    /// How many prefixes are reachable at the end.
    pub reachable: usize,
}

impl Recording {
    /// Reads a file, which may be compressed with gzip.
    pub fn read(file: &Path) -> Result<Self> {
        let octets = if file.extension().is_some_and(|extension| extension == "gz") {
            let output = Command::new("gzip").arg("-dc").arg(file).output().context("gzip cannot be started")?;
            ensure!(output.status.success(), "{}: {}", file.display(), String::from_utf8_lossy(&output.stderr));
            output.stdout
        } else {
            fs::read(file).with_context(|| file.display().to_string())?
        };
        Self::of(&octets).with_context(|| file.display().to_string())
    }

    fn of(mut octets: &[u8]) -> Result<Self> {
        let mut by_peer: BTreeMap<(u32, bool), Vec<u8>> = BTreeMap::new();
        while !octets.is_empty() {
            let (header, rest) = octets.split_first_chunk::<12>().context("a record that is cut short")?;
            let [_, _, _, _, kind @ .., l0, l1, l2, l3] = header;
            let [k0, k1, s0, s1] = *kind;
            let length = usize::try_from(u32::from_be_bytes([*l0, *l1, *l2, *l3]))?;
            let (body, rest) = rest.split_at_checked(length).context("a record that is cut short")?;
            octets = rest;
            let (kind, subtype) = (u16::from_be_bytes([k0, k1]), u16::from_be_bytes([s0, s1]));
            let skipped = if kind == BGP4MP_ET { 4 } else { 0 };
            if !matches!(kind, BGP4MP | BGP4MP_ET) || subtype != MESSAGE_AS4 {
                continue;
            }
            let (peer, message) = peer_message(body.get(skipped..).unwrap_or_default())?;
            if message.get(18) == Some(&UPDATE) {
                by_peer.entry(peer).or_default().extend(message);
            }
        }
        let ((asn, internal), updates) = by_peer
            .into_iter()
            .max_by_key(|(_, updates)| updates.len())
            .context("no UPDATE with AS numbers of four octets")?;
        let reachable = reachable(&updates)?;
        Ok(Self { asn, internal, updates, reachable })
    }
}

/// The peer's AS, whether it is the other one's too, and the message of a record: two AS numbers, interface, family, two addresses, message.
fn peer_message(body: &[u8]) -> Result<((u32, bool), &[u8])> {
    let (head, rest) = body.split_first_chunk::<12>().context("a short record")?;
    let [a, b, c, d, local @ .., _, _, f0, f1] = *head;
    let addresses = if u16::from_be_bytes([f0, f1]) == 1 { 8 } else { 32 };
    let asn = [a, b, c, d];
    Ok(((u32::from_be_bytes(asn), asn == local), rest.get(addresses..).context("a short record")?))
}

fn reachable(mut updates: &[u8]) -> Result<usize> {
    let mut heard = Heard::new(Keep::Prefixes);
    while let Some((message, rest)) = first_message(updates)? {
        heard.update(message, message.get(19..).unwrap_or_default(), Instant::now()).context("a broken UPDATE")?;
        updates = rest;
    }
    Ok(heard.reachable.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use feed::{Announcer, Feed, next_hop};

    fn record(kind: u16, asn: u32, message: &[u8]) -> Vec<u8> {
        let mut body = if kind == BGP4MP_ET { vec![0; 4] } else { vec![] };
        body.extend(asn.to_be_bytes());
        body.extend([0, 0, 0, 1, 0, 0, 0, 1, 10, 0, 0, 1, 10, 0, 0, 2]);
        body.extend(message);
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&[0; 4][..], &kind.to_be_bytes(), &MESSAGE_AS4.to_be_bytes(), &length, &body].concat()
    }

    #[test]
    fn the_updates_of_the_peer_that_says_most_come_out_as_they_went_in() {
        let feed = Feed::generate(80, 1);
        let said = feed.announcement(&Announcer { asn: 3856, next_hop: next_hop(1) });
        let mut file = record(BGP4MP, 65001, &[&[0xFF; 16][..], &[0, 23, UPDATE, 0, 0, 0, 0]].concat());
        let mut rest = &*said;
        while let Some((message, after)) = first_message(rest).unwrap() {
            file.extend(record(BGP4MP_ET, 3856, message));
            rest = after;
        }
        let recording = Recording::of(&file).unwrap();
        assert_eq!((recording.asn, recording.internal, recording.reachable), (3856, false, 80));
        assert_eq!(recording.updates, *said);
        assert!(Recording::of(&file[..file.len() - 1]).is_err());
    }
}
