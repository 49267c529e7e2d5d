//! Waiting for what other processes do: by condition and deadline, never by a fixed sleep, and never past Ctrl-C.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(10);

static INTERRUPTED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// From now on SIGINT, SIGTERM and SIGHUP make every wait fail, so that what was started is stopped on the way out.
pub fn catch_signals() -> Result<()> {
    let flag = INTERRUPTED.get_or_init(|| Arc::new(AtomicBool::new(false)));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(flag)).context("signals cannot be caught")?;
    }
    Ok(())
}

/// Fails once a signal asked to stop.
pub fn not_interrupted() -> Result<()> {
    if INTERRUPTED.get().is_some_and(|flag| flag.load(Ordering::Relaxed)) {
        bail!("interrupted");
    }
    Ok(())
}

/// Waits until `look` succeeds, and says how long that took from `since`. After `limit` it fails with the last word of
/// `look`.
pub fn eventually_since<T>(
    since: Instant,
    what: &str,
    limit: Duration,
    mut look: impl FnMut() -> Result<T>,
) -> Result<(T, Duration)> {
    loop {
        not_interrupted()?;
        match look() {
            Ok(found) => return Ok((found, since.elapsed())),
            Err(error) if since.elapsed() >= limit => {
                return Err(error.context(format!("waited {} s in vain: {what}", limit.as_secs())));
            }
            Err(_) => std::thread::sleep(LOOK_EVERY),
        }
    }
}

/// Waits until `look` succeeds.
pub fn eventually<T>(what: &str, limit: Duration, look: impl FnMut() -> Result<T>) -> Result<T> {
    eventually_since(Instant::now(), what, limit, look).map(|(found, _)| found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_it_waited_for_and_what_was_last_seen() {
        let error = eventually("the sun", Duration::ZERO, || -> Result<()> { bail!("it is night") }).unwrap_err();
        assert_eq!(format!("{error:#}"), "waited 0 s in vain: the sun: it is night");
    }

    #[test]
    fn looks_again_until_it_is_so() {
        let mut looks = 0;
        let found = eventually("three", Duration::from_secs(60), || {
            looks += 1;
            if looks < 3 { bail!("{looks}") } else { Ok(looks) }
        });
        assert_eq!(found.unwrap(), 3);
    }
}
