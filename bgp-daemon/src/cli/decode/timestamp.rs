//! Seconds since 1970 as a date and time of UTC (RFC 3339).

use std::fmt;

/// A moment of an MRT record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Timestamp {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub seconds: u32,
    /// Microseconds after that, below a million, where the record has them.
    pub microseconds: Option<u32>,
}

/// As in `2015-10-23T02:01:18.509481Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date(self.seconds / 86_400);
        let second = self.seconds % 86_400;
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        match self.microseconds {
            Some(microseconds) => write!(f, ".{microseconds:06}Z"),
            None => f.write_str("Z"),
        }
    }
}

/// Year, month and day, `days` after 1970-01-01. Years are counted from March, so that the leap day ends one.
const fn date(days: u32) -> (u32, u32, u32) {
    /// Days from 0000-03-01 to 1970-01-01.
    const TO_1970: u32 = 719_468;
    const DAYS_PER_400_YEARS: u32 = 146_097;
    let days = days + TO_1970;
    let (era, day_of_era) = (days / DAYS_PER_400_YEARS, days % DAYS_PER_400_YEARS);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let year = era * 400 + year_of_era;
    match month_from_march {
        0..=9 => (year, month_from_march + 3, day),
        _ => (year + 1, month_from_march - 9, day),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(seconds: u32, microseconds: Option<u32>) -> String {
        Timestamp { seconds, microseconds }.to_string()
    }

    #[test]
    fn says_date_and_time_as_utc() {
        assert_eq!(shown(0, None), "1970-01-01T00:00:00Z");
        assert_eq!(shown(951_782_399, Some(7)), "2000-02-28T23:59:59.000007Z");
        assert_eq!(shown(951_782_400, None), "2000-02-29T00:00:00Z");
        assert_eq!(shown(1_445_565_678, Some(509_481)), "2015-10-23T02:01:18.509481Z");
        assert_eq!(shown(u32::MAX, None), "2106-02-07T06:28:15Z");
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut before = date(0);
        for days in 1..=u32::MAX / 86_400 {
            let (year, month, day) = date(days);
            let next_day = (year, month, day) == (before.0, before.1, before.2 + 1);
            let next_month = day == 1 && (28..=31).contains(&before.2);
            assert!(next_day || next_month, "{before:?} then {year}-{month}-{day}");
            before = (year, month, day);
        }
    }
}
