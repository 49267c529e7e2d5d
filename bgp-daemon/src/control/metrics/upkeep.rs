//! The process, its configuration, the journal and the audit log.

use crate::config::Config;
use crate::control::view::{AuditStatus, DaemonView, ReloadOutcome};
use crate::journal::JournalStatus;
use crate::telemetry::exposition::Exposition;

/// Who this is, and since when.
pub fn process(out: &mut Exposition, view: &DaemonView, config: &Config) {
    let version = env!("CARGO_PKG_VERSION");
    out.gauge("aliasd_build_info", "1; the version is a label.").put(&[("version", version)], true);
    let (asn, router_id) = (config.router.asn.0.to_string(), config.router.router_id.to_string());
    out.gauge("aliasd_router_info", "1; our AS number and our BGP Identifier are labels.")
        .put(&[("asn", &asn), ("router_id", &router_id)], true);
    out.gauge("aliasd_start_time_seconds", "When the daemon was started, Unix time.").only(view.started_at);
    out.gauge(
        "aliasd_ready",
        "Whether what is originated was made from a trusted inventory, or comes from the journal, as /readyz says.",
    )
    .only(*view.ready.borrow());
}

/// Where a restart would start from.
pub fn journal(out: &mut Exposition, status: &JournalStatus) {
    out.gauge("aliasd_journal_enabled", "Whether a journal is kept ([journal]).").only(status.path.is_some());
    out.gauge("aliasd_journal_fault", "Whether what is originated now could not be written to the journal.")
        .only(status.fault.is_some());
    out.gauge("aliasd_journal_damaged_records", "Records that could not be read at the start.")
        .only(status.damaged.len());
    let mut restored = out.gauge(
        "aliasd_journal_restored_revision",
        "The revision of the snapshot that this process started from; absent when it started from none.",
    );
    if let Some(revision) = status.restored_revision {
        restored.only(revision);
    }
    let mut written = out.gauge(
        "aliasd_journal_written_revision",
        "The revision of the snapshot that this process wrote last; absent until it wrote one.",
    );
    if let Some(revision) = status.written_revision {
        written.only(revision);
    }
    let mut at = out.gauge("aliasd_journal_written_timestamp_seconds", "When that was, Unix time.");
    if let Some(written_at) = status.written_at {
        at.only(written_at);
    }
}

/// How writing the audit log goes.
pub fn audit(out: &mut Exposition, status: &AuditStatus, is_enabled: bool) {
    out.gauge("aliasd_audit_enabled", "Whether changes of routes are written down ([audit]).").only(is_enabled);
    out.gauge("aliasd_audit_fault", "Whether the audit log cannot be written now.").only(status.fault.is_some());
    out.counter("aliasd_audit_lost_changes_total", "Changes that could not be written, since the log was opened.")
        .only(status.lost);
}

/// How the last reload went, and what stands in the configuration in force.
pub fn reload(out: &mut Exposition, outcome: Option<&ReloadOutcome>, config: &Config) {
    let is_done = |outcome: &ReloadOutcome| !outcome.refused && outcome.faults.is_empty();
    out.gauge(
        "aliasd_config_last_reload_successful",
        "Whether all of the configuration read last is in force; 1 before the first reload.",
    )
    .only(outcome.is_none_or(is_done));
    out.gauge("aliasd_config_last_reload_refused", "Whether it was refused as a whole, so that the one before stays.")
        .only(outcome.is_some_and(|outcome| outcome.refused));
    out.gauge(
        "aliasd_config_held",
        "Whether it waits for a release, for the sessions that it would end; see aliasctl guard.",
    )
    .only(outcome.is_some_and(|outcome| outcome.held.is_some()));
    out.gauge("aliasd_config_restart_needed_keys", "Keys of it whose change takes effect only after a restart.")
        .only(outcome.map_or(0, |outcome| outcome.restart_needed.len()));
    let mut at = out.gauge(
        "aliasd_config_last_reload_timestamp_seconds",
        "When the configuration was read again last, Unix time; absent before the first reload.",
    );
    if let Some(outcome) = outcome {
        at.only(outcome.at);
    }
    out.gauge("aliasd_config_warnings", "What is legal in the configuration in force and probably not meant.")
        .only(config.warnings.len());
}
