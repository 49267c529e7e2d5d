//! Telling people of UPDATEs with faults (RFC 7606 section 6): each is counted, the last are kept whole, and as many are
//! logged as a log can bear.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use bgp_core::session::{FaultyUpdate, FaultyUpdates};
use tracing::warn;

/// Which faulty UPDATEs were told of. A peer must not be able to fill the log: of 1, 2, 4, 8… and of whatever ended a
/// session.
#[derive(Debug, Default)]
pub struct Herald {
    looked_at: u64,
}

impl Herald {
    /// Logs the newest, when it is time to.
    pub fn look_at(&mut self, faulty: &FaultyUpdates) {
        if let Some(update) = self.due(faulty) {
            tell(update, faulty.count());
        }
    }

    /// The newest, when it is time to tell of it.
    pub fn due<'a>(&mut self, faulty: &'a FaultyUpdates) -> Option<&'a FaultyUpdate> {
        let looked_at = std::mem::replace(&mut self.looked_at, faulty.count());
        let newest = faulty.kept().next_back().filter(|newest| newest.number > looked_at)?;
        let passed = (looked_at + 1).checked_next_power_of_two().is_some_and(|power| power <= faulty.count());
        (passed || newest.error.is_some()).then_some(newest)
    }
}

fn tell(update: &FaultyUpdate, count: u64) {
    let octets = update.octets.iter().map(|octet| format!("{octet:02x}")).collect::<String>();
    let routes: Vec<String> = update.routes.iter().map(|nlri| nlri.prefix.to_string()).collect();
    let faults: Vec<String> = update.faults.iter().map(ToString::to_string).collect();
    warn!(
        faulty_updates = count,
        disposition = %update.disposition,
        error = update.error.as_deref().unwrap_or_default(),
        faults = faults.join("; "),
        fault_count = update.fault_count,
        routes = routes.join(" "),
        route_count = update.route_count,
        octets,
        "faulty UPDATE"
    );
}

/// The last of them by the clock on the wall, oldest first.
pub fn dated(faulty: &FaultyUpdates, now: Instant) -> Vec<(SystemTime, Arc<FaultyUpdate>)> {
    let today = SystemTime::now();
    let came = |update: &FaultyUpdate| today.checked_sub(now.saturating_duration_since(update.at)).unwrap_or(today);
    faulty.kept().map(|update| (came(update), Arc::clone(update))).collect()
}
