//! What was allocated a while ago and is not any more.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use bgp_core::types::Prefix;

/// What was allocated in the ranges of one rule, and since when it is not.
#[derive(Clone, Debug, Default)]
pub(super) struct HoldDown {
    /// What was allocated when this was asked last; ascending.
    before: Vec<Prefix>,
    /// What is not allocated any more, and since when.
    gone: BTreeMap<Prefix, SystemTime>,
}

impl HoldDown {
    /// What was allocated less than `time` before `now`, is not among `allocated`, which ascends, and is still `owned`;
    /// ascending.
    pub fn beside(
        &mut self,
        allocated: &[Prefix],
        owned: impl Fn(&Prefix) -> bool,
        time: Duration,
        now: SystemTime,
    ) -> Vec<Prefix> {
        let is_gone = |prefix: &Prefix| allocated.binary_search(prefix).is_err();
        for prefix in self.before.iter().filter(|prefix| is_gone(prefix)) {
            self.gone.entry(*prefix).or_insert(now);
        }
        self.gone.retain(|prefix, since| {
            // By a clock that was set back it is gone since now, and not until that time comes again.
            *since = now.min(*since);
            let is_recent = now.duration_since(*since).unwrap_or_default() < time;
            is_gone(prefix) && owned(prefix) && is_recent
        });
        allocated.clone_into(&mut self.before);
        self.gone.keys().copied().collect()
    }

    /// When the first of it was allocated `time` ago.
    pub fn next_end(&self, time: Duration) -> Option<SystemTime> {
        self.gone.values().min()?.checked_add(time)
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn a_clock_that_was_ahead_holds_nothing_down_until_its_time_comes() {
        let one: Prefix = "10.0.0.0/24".parse().unwrap();
        let (mut hold_down, minute) = (HoldDown::default(), Duration::from_secs(60));
        let now = UNIX_EPOCH + Duration::from_secs(1_000_000);
        let ahead = now + Duration::from_secs(86_400);
        hold_down.beside(&[one], |_| true, minute, ahead);
        assert_eq!(hold_down.beside(&[], |_| true, minute, ahead), [one]);
        assert_eq!(hold_down.beside(&[], |_| true, minute, now), [one], "it is set back");
        assert_eq!(hold_down.next_end(minute), Some(now + minute));
        assert_eq!(hold_down.beside(&[], |_| true, minute, now + minute), []);
    }
}
