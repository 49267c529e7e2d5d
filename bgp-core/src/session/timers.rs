//! The timers of one connection (RFC 4271 section 8, RFC 9687), and the jitter of RFC 4271 section 10.

use std::time::{Duration, Instant};

/// A timer of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timer {
    /// Until a dial is given up or made again.
    ConnectRetry,
    /// Until a silent peer is given up.
    Hold,
    /// Until our next KEEPALIVE.
    Keepalive,
    /// Until a peer that takes nothing is given up.
    SendHold,
}

/// Which timers run, and until when.
#[derive(Clone, Debug, Default)]
pub(super) struct Timers {
    running: Vec<(Timer, Instant)>,
}

impl Timers {
    pub fn set(&mut self, timer: Timer, at: Instant) {
        self.stop(timer);
        self.running.push((timer, at));
    }

    pub fn stop(&mut self, timer: Timer) {
        self.running.retain(|(running, _)| *running != timer);
    }

    pub fn stop_all(&mut self) {
        self.running.clear();
    }

    /// When the first of them expires.
    pub fn next(&self) -> Option<Instant> {
        self.running.iter().map(|(_, at)| *at).min()
    }

    /// Takes the one that expired first.
    pub fn take_expired(&mut self, now: Instant) -> Option<Timer> {
        let (timer, _) = *self.running.iter().filter(|(_, at)| *at <= now).min_by_key(|(_, at)| *at)?;
        self.stop(timer);
        Some(timer)
    }
}

/// Numbers that differ from session to session, so that many do not act at one instant (SplitMix64).
#[derive(Clone, Debug)]
pub(super) struct Jitter(u64);

impl Jitter {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// The duration times a number from 0.75 to 1 (RFC 4271 section 10).
    pub fn apply(&mut self, duration: Duration) -> Duration {
        let thousandths = 750 + u32::try_from(self.draw() % 251).unwrap_or(0);
        duration * thousandths / 1000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_27_jitter_spreads_over_three_quarters_to_the_whole() {
        let mut jitter = Jitter::new(7);
        let whole = Duration::from_secs(120);
        let mut drawn: Vec<_> = (0..10_000).map(|_| jitter.apply(whole)).collect();
        drawn.sort();
        assert!(drawn[0] >= whole * 3 / 4 && drawn[0] < whole * 76 / 100, "{:?}", drawn[0]);
        assert!(drawn[9_999] <= whole && drawn[9_999] > whole * 99 / 100);
        let median = drawn[5_000];
        assert!(median > whole * 86 / 100 && median < whole * 89 / 100, "{median:?}");
    }
}
