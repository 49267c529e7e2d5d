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
        // By a clock that was set back, nothing has been gone for long.
        let is_recent = |since: &SystemTime| now.duration_since(*since).unwrap_or_default() < time;
        self.gone.retain(|prefix, since| is_gone(prefix) && owned(prefix) && is_recent(since));
        allocated.clone_into(&mut self.before);
        self.gone.keys().copied().collect()
    }

    /// When the first of it was allocated `time` ago.
    pub fn next_end(&self, time: Duration) -> Option<SystemTime> {
        self.gone.values().min()?.checked_add(time)
    }
}
