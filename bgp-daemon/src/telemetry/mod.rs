//! Logs: `tracing` events to standard error, as text for people or as JSON for collectors.
//!
//! Knows no BGP; it is set up once, before anything else runs.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One readable line; colours only on a terminal, no timestamp under journald, which has its own.
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts logging to standard error. `ALIASD_LOG` overrides `level`; both are `tracing_subscriber::EnvFilter` directives
/// such as `info` or `info,bgp_daemon::peer=debug`.
///
/// # Errors
/// [`ParseError`] when the directives are malformed.
pub fn start(format: LogFormat, level: &str) -> Result<(), ParseError> {
    let directives = std::env::var("ALIASD_LOG").unwrap_or_else(|_| level.to_owned());
    let filter = EnvFilter::try_new(directives)?;
    let journald = std::env::var_os("JOURNAL_STREAM").is_some();
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    // A second subscriber in one process is refused by `tracing`; the first one stays, which is what tests want.
    let _already_started = match (format, journald) {
        (LogFormat::Json, _) => builder.json().flatten_event(true).try_init(),
        (LogFormat::Text, true) => builder.without_time().with_ansi(false).try_init(),
        (LogFormat::Text, false) => builder.with_ansi(io::stderr().is_terminal()).try_init(),
    };
    Ok(())
}
