//! What was there a while ago and is not any more.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use bgp_core::types::Prefix;

use super::Prefixes;

/// What is there, and for a while what was.
#[derive(Clone, Debug, Default)]
pub(super) struct HoldDown {
    /// What was there when this was asked last.
    there: Prefixes,
    /// What is there no more, and since when.
    gone: BTreeMap<Prefix, SystemTime>,
    /// Both.
    all: Prefixes,
}

impl HoldDown {
    /// What is `there`, and what was less than `time` before `now` and is still `owned`. Looks only at what differs from the
    /// last time, and at what is gone.
    pub fn beside(
        &mut self,
        there: &Prefixes,
        owned: impl Fn(&Prefix) -> bool,
        time: Duration,
        now: SystemTime,
    ) -> &Prefixes {
        for change in self.there.changes(there) {
            match (change.before, change.after) {
                (Some(()), None) => drop(self.gone.entry(*change.key).or_insert(now)),
                (None, Some(())) => {
                    self.gone.remove(change.key);
                    self.all.insert(*change.key, ());
                }
                _ => {}
            }
        }
        self.there = there.clone();
        let all = &mut self.all;
        self.gone.retain(|prefix, since| {
            // By a clock that was set back it is gone since now, and not until that time comes again.
            *since = now.min(*since);
            let stays = owned(prefix) && now.duration_since(*since).unwrap_or_default() < time;
            if !stays {
                all.remove(prefix);
            }
            stays
        });
        &self.all
    }

    /// What is not there any more, ascending.
    pub fn gone(&self) -> impl Iterator<Item = &Prefix> {
        self.gone.keys()
    }

    /// When the first of it was there `time` ago; `None` when all is there.
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
        let (there, nothing) = (Prefixes::of_keys([one]), Prefixes::new());
        let (mut hold_down, minute) = (HoldDown::default(), Duration::from_secs(60));
        let now = UNIX_EPOCH + Duration::from_secs(1_000_000);
        let ahead = now + Duration::from_secs(86_400);
        hold_down.beside(&there, |_| true, minute, ahead);
        assert_eq!(*hold_down.beside(&nothing, |_| true, minute, ahead), there);
        assert_eq!(*hold_down.beside(&nothing, |_| true, minute, now), there, "it is set back");
        assert_eq!(hold_down.next_end(minute), Some(now + minute));
        assert_eq!(*hold_down.beside(&nothing, |_| true, minute, now + minute), nothing);
    }
}
