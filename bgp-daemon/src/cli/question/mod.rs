//! The questions, one file each.

pub mod aggregation;
mod agreement;
pub mod explain;
pub mod export;
pub mod faults;
pub mod guard;
pub mod inventory;
pub mod lookup;
mod paged;
pub mod peers;
pub mod plan;
pub mod routes;
pub mod status;

use std::time::Duration;

/// A value that may be missing.
fn or_dash(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// A time of so many seconds, for people, as `2h 3m 4s`.
fn duration(seconds: u64) -> String {
    humantime::format_duration(Duration::from_secs(seconds)).to_string()
}
