//! Waiting until a daemon has nothing more to do: work that it does after all routes are out counts too.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::speakers::Speakers;
use crate::usage::Group;

/// How long it must have been quiet.
const QUIET: Duration = Duration::from_millis(300);
/// CPU time in that time that is still quiet: timers and keepalives.
const NOISE: Duration = Duration::from_millis(6);
/// A daemon that is not quiet by then never will be.
const LIMIT: Duration = Duration::from_secs(15);

/// Lets the sessions go on until the daemon is idle, or [`LIMIT`] is over.
pub fn wait_until_idle(speakers: &mut Speakers, group: Group) -> Result<()> {
    let since = Instant::now();
    loop {
        let before = group.cpu()?;
        speakers.drive_for(QUIET)?;
        if group.cpu()?.saturating_sub(before) <= NOISE || since.elapsed() > LIMIT {
            return Ok(());
        }
    }
}
