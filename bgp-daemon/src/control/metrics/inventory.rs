//! The inventory, and whether it is trusted.

use std::time::SystemTime;

use super::age;
use crate::config;
use crate::inventory::{Doubt, InventoryStatus};
use crate::telemetry::exposition::Exposition;

/// Where the inventory stands.
pub fn inventory(out: &mut Exposition, status: &InventoryStatus, config: &config::Inventory, started_at: SystemTime) {
    let is_read = status.checked_at.is_some();
    let is_trusted = is_read && status.trust.is_trusted();
    out.gauge(
        "aliasd_inventory_trusted",
        "Whether the newest state of the inventory was read and is trusted; while it is not, nothing is withdrawn.",
    )
    .only(is_trusted);
    let mut doubts =
        out.gauge("aliasd_inventory_doubt", "1 for each reason that speaks against the newest state, 0 for others.");
    for doubt in Doubt::ALL {
        let is_there = is_read && status.trust.doubts().contains(&doubt);
        doubts.put(&[("reason", &doubt.name().to_ascii_lowercase())], is_there);
    }
    let last_trusted = if is_trusted { status.checked_at } else { status.untrusted_since };
    out.gauge(
        "aliasd_inventory_last_trusted_age_seconds",
        "How long ago the newest state was trusted: at the last look while it is, else before the first that was not, or \
         at the start.",
    )
    .only(age(last_trusted.unwrap_or(started_at)));
    out.gauge(
        "aliasd_inventory_last_look_age_seconds",
        "How long ago the inventory was read last, by whatever outcome; before the first time, since the start.",
    )
    .only(age(status.checked_at.unwrap_or(started_at)));
    out.gauge(
        "aliasd_inventory_poll_interval_seconds",
        "How often it is read at least (inventory.poll_interval_secs).",
    )
    .only(config.poll_interval);
    out.gauge("aliasd_inventory_quarantined_objects", "Objects at fault, each of which keeps what it had.")
        .only(status.quarantined);
    out.gauge("aliasd_inventory_faults", "What is wrong with the newest state, in all.").only(status.faults.total);
    let snapshot = status.snapshot.as_deref();
    let mut taken = out.gauge(
        "aliasd_inventory_snapshot_timestamp_seconds",
        "When the files of the snapshot in use were read, Unix time; absent until there is one.",
    );
    if let Some(snapshot) = snapshot {
        taken.only(snapshot.taken_at);
    }
    let mut revision =
        out.gauge("aliasd_inventory_revision", "The number of the snapshot in use; a new one has a higher one.");
    if let Some(snapshot) = snapshot {
        revision.only(snapshot.revision);
    }
    let mut objects = out.gauge("aliasd_inventory_objects", "Objects of the snapshot in use, by kind.");
    if let Some(counts) = snapshot.map(|snapshot| snapshot.counts) {
        for (kind, count) in [
            ("subnetwork", counts.subnetworks),
            ("instance", counts.instances),
            ("alias_ip_range", counts.alias_ranges),
            ("address", counts.addresses),
            ("forwarding_rule", counts.forwarding_rules),
        ] {
            objects.put(&[("kind", kind)], count);
        }
    }
    let mut files = out.gauge("aliasd_inventory_files", "Files that the snapshot in use was read from.");
    if let Some(snapshot) = snapshot {
        files.only(snapshot.counts.files);
    }
}
