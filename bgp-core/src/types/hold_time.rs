//! The hold time (RFC 4271 section 4.2): 0, or at least 3 seconds.

use std::fmt;
use std::time::Duration;

/// A legal hold time in seconds: 0 (no keepalives, no hold timer) or 3 to 65535.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HoldTime(u16);

/// 1 or 2 seconds, which RFC 4271 section 4.2 forbids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("hold time {0} s is not allowed (expected 0, or 3 to 65535)")]
pub struct InvalidHoldTime(pub u16);

impl HoldTime {
    /// 90 seconds, as suggested by RFC 4271 section 10.
    pub const DEFAULT: Self = Self(90);

    /// A hold time of `seconds`.
    ///
    /// # Errors
    /// [`InvalidHoldTime`] for 1 and 2.
    pub const fn from_secs(seconds: u16) -> Result<Self, InvalidHoldTime> {
        match seconds {
            1 | 2 => Err(InvalidHoldTime(seconds)),
            _ => Ok(Self(seconds)),
        }
    }

    /// The value in seconds.
    #[must_use]
    pub const fn as_secs(self) -> u16 {
        self.0
    }

    /// How long to wait for the peer; `None` when 0 turns the timer off.
    #[must_use]
    pub const fn hold_duration(self) -> Option<Duration> {
        match self.0 {
            0 => None,
            seconds => Some(Duration::from_secs(seconds as u64)),
        }
    }

    /// The time between KEEPALIVEs before jitter: a third of the hold time, `None` when it is 0.
    #[must_use]
    pub fn keepalive_duration(self) -> Option<Duration> {
        self.hold_duration().map(|hold| hold / 3)
    }
}

impl fmt::Display for HoldTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", self.0)
    }
}
