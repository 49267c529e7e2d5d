//! What a receiver keeps of what it hears: as little as it takes to tell that all has come.

use std::time::{Duration, Instant};

use crate::prefix_set::PrefixSet;

/// How much is kept of routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// How many were announced and withdrawn.
    Count,
    /// Which prefixes are reachable.
    Prefixes,
    /// The UPDATEs as they came, to be decoded later.
    Octets,
}

/// What came on one session.
#[derive(Debug)]
pub struct Heard {
    keep: Keep,
    /// UPDATEs that were more than the end of a dump.
    pub updates: u64,
    /// Announcements of prefixes.
    pub announced: u64,
    /// Withdrawals of prefixes.
    pub withdrawn: u64,
    /// Prefixes that are reachable, unless only counted.
    pub reachable: PrefixSet,
    /// Octets of all messages.
    pub octets: u64,
    /// UPDATEs as they came, if kept.
    pub kept: Vec<u8>,
    /// When the first UPDATE with a route came.
    pub first_update: Option<Instant>,
    /// When the last one came.
    pub last_update: Option<Instant>,
    /// When the last message of any kind came.
    pub last_message: Option<Instant>,
    /// The longest time between two messages.
    pub longest_silence: Duration,
}

impl Heard {
    pub fn new(keep: Keep) -> Self {
        Self {
            keep,
            updates: 0,
            announced: 0,
            withdrawn: 0,
            reachable: PrefixSet::new(),
            octets: 0,
            kept: Vec::new(),
            first_update: None,
            last_update: None,
            last_message: None,
            longest_silence: Duration::ZERO,
        }
    }

    /// Starts anew: what follows is another measurement on the same session.
    pub fn reset(&mut self, keep: Keep) {
        let last_message = self.last_message;
        *self = Self { last_message, ..Self::new(keep) };
    }

    /// Announced and not withdrawn, as far as that can be told from counting.
    pub fn balance(&self) -> u64 {
        self.announced.saturating_sub(self.withdrawn)
    }

    /// The longest time without a message until now.
    pub fn silence(&self, now: Instant) -> Duration {
        self.last_message.map_or(Duration::ZERO, |last| now.duration_since(last)).max(self.longest_silence)
    }

    /// Notes that a message came.
    pub fn message(&mut self, octets: usize, now: Instant) {
        self.longest_silence = self.silence(now);
        self.last_message = Some(now);
        self.octets += u64::try_from(octets).unwrap_or(u64::MAX);
    }

    /// Takes an UPDATE: the message, and its body. `None` when its lengths are wrong.
    pub fn update(&mut self, message: &[u8], body: &[u8], now: Instant) -> Option<()> {
        let (withdrawn, rest) = length_value(body)?;
        let (attributes, announced) = length_value(rest)?;
        if withdrawn.is_empty() && announced.is_empty() && attributes.is_empty() {
            return Some(());
        }
        if !announced.is_empty() && self.first_update.is_none() {
            self.first_update = Some(now);
        }
        self.last_update = Some(now);
        self.updates += 1;
        if self.keep == Keep::Count {
            self.withdrawn += routes(withdrawn, |_, _| ())?;
            self.announced += routes(announced, |_, _| ())?;
            return Some(());
        }
        let reachable = &mut self.reachable;
        self.withdrawn += routes(withdrawn, |bits, len| {
            reachable.remove(bits, len);
        })?;
        self.announced += routes(announced, |bits, len| {
            reachable.insert(bits, len);
        })?;
        if self.keep == Keep::Octets {
            self.kept.extend_from_slice(message);
        }
        Some(())
    }
}

/// A length of two octets, so many octets, and the rest.
fn length_value(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = octets.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

/// Calls `each` with the address and length of each prefix; how many there are.
fn routes(mut octets: &[u8], mut each: impl FnMut(u32, u8)) -> Option<u64> {
    let mut count = 0;
    while let Some((len, rest)) = octets.split_first() {
        let (network, rest) = rest.split_at_checked(usize::from(len.div_ceil(8)))?;
        let bits = match network {
            [] => 0,
            [a] => u32::from_be_bytes([*a, 0, 0, 0]),
            [a, b] => u32::from_be_bytes([*a, *b, 0, 0]),
            [a, b, c] => u32::from_be_bytes([*a, *b, *c, 0]),
            [a, b, c, d] => u32::from_be_bytes([*a, *b, *c, *d]),
            _ => return None,
        };
        each(bits, *len);
        count += 1;
        octets = rest;
    }
    Some(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use feed::{Announcer, Feed, next_hop};

    fn hear(heard: &mut Heard, mut octets: &[u8]) {
        while let [_, ..] = octets {
            let length = usize::from(u16::from_be_bytes([octets[16], octets[17]]));
            let (message, rest) = octets.split_at(length);
            heard.update(message, &message[19..], Instant::now()).unwrap();
            octets = rest;
        }
    }

    #[test]
    fn a_feed_is_heard_whole_and_gone_after_its_withdrawal() {
        let feed = Feed::generate(5000, 7);
        let announcement = feed.announcement(&Announcer { asn: 65001, next_hop: next_hop(1) });
        for keep in [Keep::Count, Keep::Prefixes, Keep::Octets] {
            let mut heard = Heard::new(keep);
            hear(&mut heard, &announcement);
            assert_eq!((heard.announced, heard.updates), (5000, 625));
            assert_eq!(heard.reachable.len(), if keep == Keep::Count { 0 } else { 5000 });
            assert_eq!(heard.kept == *announcement, keep == Keep::Octets);
            hear(&mut heard, &feed.withdrawal());
            assert_eq!((heard.balance(), heard.reachable.len()), (0, 0));
        }
    }
}
