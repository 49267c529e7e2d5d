//! The text that Prometheus scrapes: the exposition format 0.0.4, written. Knows no metric.
//!
//! <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>

use std::fmt::{self, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The `Content-Type` of the text.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What a sample says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// How many.
    Count(u128),
    /// How long, or when since 1970; written in seconds.
    Time(Duration),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Time(time) => write!(f, "{}.{:03}", time.as_secs(), time.subsec_millis()),
        }
    }
}

impl From<bool> for Value {
    /// 1 for what is so, 0 for what is not.
    fn from(is_so: bool) -> Self {
        Self::Count(is_so.into())
    }
}

impl From<u128> for Value {
    fn from(count: u128) -> Self {
        Self::Count(count)
    }
}

impl From<u64> for Value {
    fn from(count: u64) -> Self {
        Self::Count(count.into())
    }
}

impl From<u32> for Value {
    fn from(count: u32) -> Self {
        Self::Count(count.into())
    }
}

impl From<usize> for Value {
    fn from(count: usize) -> Self {
        Self::Count(u128::try_from(count).unwrap_or(u128::MAX))
    }
}

impl From<Duration> for Value {
    fn from(duration: Duration) -> Self {
        Self::Time(duration)
    }
}

impl From<SystemTime> for Value {
    /// Since 1970; a clock that stands before reads as 1970.
    fn from(time: SystemTime) -> Self {
        Self::Time(time.duration_since(UNIX_EPOCH).unwrap_or_default())
    }
}

/// A text that grows metric by metric.
#[derive(Debug, Default)]
pub struct Exposition(String);

impl Exposition {
    /// Begins a metric that goes up and down. `name` ends in its unit; `help` is one line.
    pub fn gauge(&mut self, name: &'static str, help: &'static str) -> Samples<'_> {
        self.begin(name, "gauge", help)
    }

    /// Begins a metric that only goes up, but for a new start. `name` ends in `_total`; `help` is one line.
    pub fn counter(&mut self, name: &'static str, help: &'static str) -> Samples<'_> {
        self.begin(name, "counter", help)
    }

    fn begin(&mut self, name: &'static str, kind: &str, help: &str) -> Samples<'_> {
        self.0.extend(["# HELP ", name, " ", help, "\n# TYPE ", name, " ", kind, "\n"]);
        Samples { name, text: &mut self.0 }
    }

    /// The whole text.
    #[must_use]
    pub fn into_text(self) -> String {
        self.0
    }
}

/// A metric that has begun.
#[derive(Debug)]
pub struct Samples<'a> {
    name: &'static str,
    text: &'a mut String,
}

impl Samples<'_> {
    /// One sample. No two of a metric may have the same labels.
    pub fn put(&mut self, labels: &[(&'static str, &str)], value: impl Into<Value>) {
        self.text.push_str(self.name);
        for (index, (label, text)) in labels.iter().enumerate() {
            self.text.extend([if index == 0 { "{" } else { "," }, label, "=\""]);
            text.chars().for_each(|char| match char {
                '\\' => self.text.push_str("\\\\"),
                '"' => self.text.push_str("\\\""),
                '\n' => self.text.push_str("\\n"),
                other => self.text.push(other),
            });
            self.text.push('"');
        }
        let close = if labels.is_empty() { "" } else { "}" };
        // Writing to a text does not fail.
        let _written = writeln!(self.text, "{close} {}", value.into());
    }

    /// One sample without labels.
    pub fn only(&mut self, value: impl Into<Value>) {
        self.put(&[], value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_metrics_as_the_format_wants_them() {
        let mut out = Exposition::default();
        out.gauge("up", "Whether it is up.").only(true);
        let mut octets = out.counter("octets_total", "Octets.");
        octets.put(&[("to", "a\"b\\c\nd é"), ("by", "")], u128::MAX);
        octets.put(&[("to", "b"), ("by", "x")], 7_usize);
        out.gauge("age_seconds", "Its age.").only(Duration::from_micros(1_234_567));
        out.gauge("begun_timestamp_seconds", "When.").only(UNIX_EPOCH - Duration::from_secs(1));
        out.gauge("nothing", "Nothing to tell.");
        let text = "# HELP up Whether it is up.\n# TYPE up gauge\nup 1\n\
                    # HELP octets_total Octets.\n# TYPE octets_total counter\n\
                    octets_total{to=\"a\\\"b\\\\c\\nd é\",by=\"\"} 340282366920938463463374607431768211455\n\
                    octets_total{to=\"b\",by=\"x\"} 7\n\
                    # HELP age_seconds Its age.\n# TYPE age_seconds gauge\nage_seconds 1.234\n\
                    # HELP begun_timestamp_seconds When.\n# TYPE begun_timestamp_seconds gauge\n\
                    begun_timestamp_seconds 0.000\n\
                    # HELP nothing Nothing to tell.\n# TYPE nothing gauge\n";
        assert_eq!(out.into_text(), text);
    }
}
