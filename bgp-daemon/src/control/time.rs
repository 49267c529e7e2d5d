//! Times as replies carry them.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The time of day as it was when the daemon started, and since then by a clock that nobody sets: a jump of the time of day
/// neither makes what was done a moment ago old, nor what is old new.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    started_at: SystemTime,
    started: Instant,
}

impl Clock {
    /// Starts it.
    #[must_use]
    pub fn start() -> Self {
        Self { started_at: SystemTime::now(), started: Instant::now() }
    }

    /// The time by it.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.started_at + self.started.elapsed()
    }
}

/// RFC 3339 in UTC, to the second, as `2026-11-25T18:59:07Z`. A clock that stands before 1970 reads as 1970.
pub fn rfc3339(time: SystemTime) -> String {
    // The crate panics on times that it cannot write; a date out of its range is the end of it.
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs().min(LAST_SECOND);
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(seconds)).to_string()
}

/// Whole seconds since then; 0 when the clock was set back meanwhile.
pub fn seconds_since(time: SystemTime) -> u64 {
    time.elapsed().unwrap_or_default().as_secs()
}

/// The last second of the year 9999.
const LAST_SECOND: u64 = 253_402_300_799;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_any_time_a_clock_can_show() {
        let after = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(rfc3339(after(1_764_097_147)), "2025-11-25T18:59:07Z");
        assert_eq!(rfc3339(after(951_782_400)), "2000-02-29T00:00:00Z");
        assert_eq!(rfc3339(UNIX_EPOCH - Duration::from_secs(5)), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(after(LAST_SECOND + 1)), "9999-12-31T23:59:59Z");
        assert_eq!(seconds_since(SystemTime::now() + Duration::from_secs(60)), 0);
    }
}
