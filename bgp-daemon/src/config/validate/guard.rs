//! `[guard]` and `[audit]`.

use std::time::Duration;

use bgp_core::policy::PrefixRangeError;

use super::Checker;
use crate::config::key::KeyPath;
use crate::config::model::{Audit, Guard};
use crate::config::shape;

/// Octets of a MiB.
const MIB: u64 = 1024 * 1024;

pub(super) fn guard(written: shape::Guard, checker: &mut Checker<'_>) -> Option<Guard> {
    let at = KeyPath::section("guard");
    let enabled = written.enabled.unwrap_or(true);
    if !enabled {
        checker.warn(&at.key("enabled"), "the guard is off: any number of routes is withdrawn without asking");
    }
    let percent = percent(&at.key("max_withdraw_percent"), written.max_withdraw_percent, checker);
    let addresses =
        self::percent(&at.key("max_withdraw_addresses_percent"), written.max_withdraw_addresses_percent, checker);
    let window = written.window_secs.unwrap_or(600);
    let window =
        checker.legal(&at.key("window_secs"), window, |window| (1..=604_800).contains(window), "1 to 604800 seconds");
    let protected = written.protected.unwrap_or_default();
    Some(Guard {
        enabled,
        max_withdraw_prefixes: written.max_withdraw_prefixes.unwrap_or(50).into(),
        max_withdraw_percent: percent?,
        max_withdraw_addresses_percent: addresses?,
        always_allowed_prefixes: written.always_allowed_prefixes.unwrap_or(1).into(),
        window: Duration::from_secs(window?.into()),
        protected: checker.distinct_list(&at.key("protected"), &protected, |error: PrefixRangeError| error.expected),
    })
}

fn percent(at: &KeyPath, written: Option<u16>, checker: &mut Checker<'_>) -> Option<u8> {
    let percent = checker.legal(at, written.unwrap_or(20), |percent| *percent <= 100, "0 to 100 percent")?;
    u8::try_from(percent).ok()
}

pub(super) fn audit(written: shape::Audit, checker: &mut Checker<'_>) -> Option<Audit> {
    let at = KeyPath::section("audit");
    let path = checker.required(&at.key("path"), written.path, "the file that changes of routes are appended to");
    let path = path.and_then(|path| checker.resolved(&at.key("path"), &path));
    let size = written.max_file_mib.unwrap_or(64);
    let size = checker.legal(&at.key("max_file_mib"), size, |size| (1..=1024).contains(size), "1 to 1024 MiB");
    let files = written.max_files.unwrap_or(10);
    let files = checker.legal(&at.key("max_files"), files, |files| (1..=1000).contains(files), "1 to 1000 files");
    Some(Audit { path: path?, max_file_octets: u64::from(size?) * MIB, max_files: files? })
}
