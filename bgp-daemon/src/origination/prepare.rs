//! The one way of a running daemon to what is originated next.

use std::sync::Arc;
use std::time::SystemTime;

use bgp_core::types::Prefix;

use super::advance::advance_with;
use super::guard::{Guard, Hold};
use super::originate::{grow, originate_after};
use super::{Advance, Current, Memory, OriginationSet, Owners};
use crate::config::Config;
use crate::inventory::Snapshot;

/// What is wanted next.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// From what.
    pub snapshot: Arc<Snapshot>,
    /// By whose `[[advertise]]`, `[[range_role]]` and `router.region`.
    pub rules: &'a Config,
    /// By whose `[[peer]]` it is told, and by whose `[guard]` it is judged.
    pub config: Arc<Config>,
    /// The hash of what a person lets go.
    pub released: Option<&'a str>,
}

/// The step from `current` (nothing, at first) to what is `wanted`, judged at `now`; `owners` tells whose a prefix of
/// `current` was, as [`Current::owners`] does.
///
/// `memory` is that of the steps before: one that knows nothing holds nothing down.
#[must_use]
pub fn prepare(
    owners: impl Fn(&Prefix) -> Owners,
    current: Option<&Current>,
    memory: &mut Memory,
    wanted: Wanted<'_>,
    guard: &Guard,
    now: SystemTime,
) -> Advance {
    let Wanted { snapshot, rules, config, released } = wanted;
    let before = current.map(|current| &*current.set);
    let target = originate_after(before, memory, snapshot, rules, now);
    let grow = |target: &OriginationSet, hold: &Hold| grow(memory, before?, target, hold, rules);
    advance_with(owners, grow, current, target, config, guard, released, now)
}
