//! What was withdrawn within the last window of time, in a bounded number of buckets however much that was.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::origination::coverage::Addresses;
use crate::origination::sizes::Size;
use crate::origination::written;

/// Into so many buckets a window is divided; a withdrawal counts for at most one of them longer than the window.
const BUCKETS: u32 = 60;

/// What went, and out of how much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    /// Prefixes.
    pub prefixes: u64,
    /// Addresses that lost their route.
    pub lost: Addresses,
    /// The most prefixes that there were before one of the withdrawals.
    pub of_prefixes: u64,
    /// The most addresses that there were before one of them.
    pub of_addresses: Addresses,
}

impl Tally {
    /// Nothing, out of that much.
    #[must_use]
    pub const fn nothing_of(size: &Size) -> Self {
        Self { prefixes: 0, lost: Addresses::NONE, of_prefixes: size.prefixes, of_addresses: size.addresses }
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.prefixes = self.prefixes.saturating_add(other.prefixes);
        self.lost += other.lost;
        self.of_prefixes = self.of_prefixes.max(other.of_prefixes);
        self.of_addresses.ipv4 = self.of_addresses.ipv4.max(other.of_addresses.ipv4);
        self.of_addresses.ipv6 = self.of_addresses.ipv6.max(other.of_addresses.ipv6);
    }
}

/// What was withdrawn from whom, by the peer's name; "" for everybody together.
pub type Tallies = BTreeMap<String, Tally>;

/// The withdrawals of the last window.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Window {
    buckets: VecDeque<Bucket>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Bucket {
    #[serde(with = "written::time")]
    begun: SystemTime,
    #[serde(with = "written::time")]
    ended: SystemTime,
    tallies: Tallies,
}

impl Window {
    /// What was withdrawn from `scope` in the `window` before `now`. What was withdrawn after it, by a clock that was set
    /// back, counts too.
    #[must_use]
    pub fn total(&self, scope: &str, window: Duration, now: SystemTime) -> Tally {
        let mut total = Tally::default();
        for bucket in self.buckets.iter().filter(|bucket| !is_over(bucket, window, now)) {
            if let Some(tally) = bucket.tallies.get(scope) {
                total += *tally;
            }
        }
        total
    }

    /// Everybody of whom something was withdrawn in the `window` before `now`, with what.
    #[must_use]
    pub fn totals(&self, window: Duration, now: SystemTime) -> Tallies {
        let scopes = self.buckets.iter().flat_map(|bucket| bucket.tallies.keys());
        let total = |scope: &String| (scope.clone(), self.total(scope, window, now));
        scopes.map(total).filter(|(_, tally)| tally.prefixes > 0).collect()
    }

    /// Counts what is withdrawn now, and forgets what is older than the `window`.
    pub fn add(&mut self, tallies: &Tallies, window: Duration, now: SystemTime) {
        self.buckets.retain(|bucket| !is_over(bucket, window, now));
        if tallies.is_empty() {
            return;
        }
        let width = window / BUCKETS;
        let open =
            self.buckets.back_mut().filter(|bucket| now.duration_since(bucket.begun).unwrap_or_default() < width);
        let bucket = match open {
            Some(bucket) => bucket,
            None => {
                self.buckets.push_back(Bucket { begun: now, ended: now, tallies: Tallies::new() });
                let Some(bucket) = self.buckets.back_mut() else { return };
                bucket
            }
        };
        bucket.ended = bucket.ended.max(now);
        for (scope, tally) in tallies {
            *bucket.tallies.entry(scope.clone()).or_default() += *tally;
        }
    }

    /// What was let go by a person's word is no part any more of what withdrawals are measured by: what is left would be a
    /// small part of it, and go as a whole.
    pub fn forget(&mut self, let_go: &Tallies) {
        for (scope, gone) in let_go {
            for tally in self.buckets.iter_mut().filter_map(|bucket| bucket.tallies.get_mut(scope)) {
                tally.of_prefixes = tally.of_prefixes.saturating_sub(gone.prefixes);
                tally.of_addresses.ipv4 = tally.of_addresses.ipv4.saturating_sub(gone.lost.ipv4);
                tally.of_addresses.ipv6 = tally.of_addresses.ipv6.saturating_sub(gone.lost.ipv6);
            }
        }
    }

    /// Its parts, each small, from which [`Window::append`] makes it again.
    pub fn buckets(&self) -> impl Iterator<Item = Self> {
        self.buckets.iter().map(|bucket| Self { buckets: VecDeque::from([bucket.clone()]) })
    }

    /// Adds what was withdrawn later.
    pub fn append(&mut self, later: Self) {
        self.buckets.extend(later.buckets);
    }

    /// The same at a clock that shows `now`: what was withdrawn after that counts from now on, so that it ends to count.
    #[must_use]
    pub fn restored(mut self, now: SystemTime) -> Self {
        for bucket in &mut self.buckets {
            bucket.begun = bucket.begun.min(now);
            bucket.ended = bucket.ended.min(now);
        }
        self
    }
}

fn is_over(bucket: &Bucket, window: Duration, now: SystemTime) -> bool {
    now.duration_since(bucket.ended).is_ok_and(|age| age >= window)
}
