//! Logs: `tracing` events to standard error, as text for people or as JSON for collectors; and the [text](exposition) of
//! metrics.
//!
//! Knows no BGP; logging is set up once, before anything else runs.

pub mod exposition;

use std::io::{self, IsTerminal};

use tracing_subscriber::filter::ParseError;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, reload};

/// Goes before the configured filter.
const VARIABLE: &str = "ALIASD_LOG";

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One readable line; colours only on a terminal, no timestamp under journald, which has its own.
    Text,
    /// One JSON object a line.
    Json,
}

/// Changes what is logged while the daemon runs.
#[derive(Clone, Debug)]
pub struct LogControl(reload::Handle<EnvFilter, Registry>);

/// Starts logging to standard error. The environment's `ALIASD_LOG` overrides `level`; both are
/// `tracing_subscriber::EnvFilter` directives such as `info` or `info,bgp_daemon::peer=debug`.
///
/// # Errors
/// [`ParseError`] when the directives are malformed.
pub fn start(format: LogFormat, level: &str) -> Result<LogControl, ParseError> {
    let (filter, handle) = reload::Layer::new(filter(level)?);
    let journald = std::env::var_os("JOURNAL_STREAM").is_some();
    let lines = fmt::layer().with_writer(io::stderr);
    let lines = match (format, journald) {
        (LogFormat::Json, _) => lines.json().flatten_event(true).boxed(),
        (LogFormat::Text, true) => lines.without_time().with_ansi(false).boxed(),
        (LogFormat::Text, false) => lines.with_ansi(io::stderr().is_terminal()).boxed(),
    };
    // A second subscriber in one process is refused by `tracing`; the first one stays, which is what tests want.
    let _already_started = tracing_subscriber::registry().with(filter).with(lines).try_init();
    Ok(LogControl(handle))
}

impl LogControl {
    /// Logs by these directives from now on, unless `ALIASD_LOG` says otherwise.
    ///
    /// # Errors
    /// [`ParseError`] when the directives are malformed; then nothing changes.
    pub fn change(&self, level: &str) -> Result<(), ParseError> {
        let filter = filter(level)?;
        // The subscriber lives as long as the process; without one there is nothing to change.
        let _no_subscriber = self.0.reload(filter);
        Ok(())
    }
}

fn filter(level: &str) -> Result<EnvFilter, ParseError> {
    EnvFilter::try_new(std::env::var(VARIABLE).unwrap_or_else(|_| level.to_owned()))
}
