//! How values are written that have no form of their own in JSON: prefixes and large numbers as text, times in seconds.

/// A number that JSON would round, as text.
pub(super) mod number {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(number: &u128, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(number)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u128, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|_| D::Error::custom(format!("{text:?} is no whole number")))
    }
}

/// A prefix as text.
pub(super) mod prefix {
    use bgp_core::types::Prefix;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(prefix: &Prefix, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(prefix)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Prefix, D::Error> {
        let text = String::deserialize(deserializer)?;
        Prefix::parse_exact(&text).map_err(D::Error::custom)
    }
}

/// A time as milliseconds since 1970; what lies before reads as 1970.
pub(super) mod time {
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        serializer.serialize_u64(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SystemTime, D::Error> {
        let millis = u64::deserialize(deserializer)?;
        // A time that this system cannot hold is the end of time, and so never in the past.
        let last = UNIX_EPOCH + Duration::from_secs(253_402_300_799);
        Ok(UNIX_EPOCH.checked_add(Duration::from_millis(millis)).map_or(last, |time| time.min(last)))
    }
}
