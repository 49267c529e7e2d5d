//! `/v1/inventory`.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use bgp_core::types::Prefix;

use super::limit;
use crate::control::fault::Fault;
use crate::control::parameters::Parameters;
use crate::control::reply::{
    ApiVersion, Counts, Fault as FaultEntry, FaultEffect, InventoryReply, InventoryState, InventorySummary, RangeEntry,
    RangeTreatment,
};
use crate::control::time::{rfc3339, seconds_since};
use crate::control::view::DaemonView;
use crate::inventory::{Allocations, Effect, InventoryFault, InventoryStatus, ObjectCounts, Range, Snapshot};
use crate::origination::{OriginationSet, Treatment};

/// The inventory and a page of its ranges.
pub async fn inventory(State(view): State<DaemonView>, uri: Uri) -> Result<Json<InventoryReply>, Fault> {
    let mut parameters = Parameters::of(&uri)?;
    let after = parameters.prefix("after");
    let limit = limit(&mut parameters);
    parameters.finish()?;
    let status = view.inventory.borrow().clone();
    let set = view.originations.borrow().clone();
    let (ranges, next) = match (&set, &status.snapshot) {
        // What is originated says more, so its snapshot is shown even when a newer one is about to replace it.
        (Some(set), _) => page(&set.snapshot, Some(set), after, limit),
        (None, Some(snapshot)) => page(snapshot, None, after, limit),
        (None, None) => (Vec::new(), None),
    };
    let next_page_token = next.map(|next| next.to_string());
    Ok(Json(InventoryReply { api_version: ApiVersion, inventory: summary(&status), ranges, next_page_token }))
}

/// The inventory as a whole.
pub fn summary(status: &InventoryStatus) -> InventorySummary {
    let snapshot: Option<&Arc<Snapshot>> = status.snapshot.as_ref();
    let notes = snapshot.map_or(&[][..], |snapshot| snapshot.notes.as_slice());
    InventorySummary {
        path: status.path.display().to_string(),
        state: match (snapshot, status.checked_at, status.trust.is_trusted()) {
            (None, _, _) => InventoryState::None,
            (Some(_), None, _) => InventoryState::Restored,
            (Some(_), Some(_), true) => InventoryState::Current,
            (Some(_), Some(_), false) => InventoryState::Untrusted,
        },
        doubts: status.trust.doubts().iter().map(ToString::to_string).collect(),
        quarantined: status.quarantined,
        revision: snapshot.map(|snapshot| snapshot.revision),
        digest: snapshot.map(|snapshot| snapshot.digest.clone()),
        taken_at: snapshot.map(|snapshot| rfc3339(snapshot.taken_at)),
        age_seconds: snapshot.map(|snapshot| seconds_since(snapshot.taken_at)),
        checked_at: status.checked_at.map(rfc3339),
        untrusted_since: status.untrusted_since.map(rfc3339),
        faults: status.faults.shown.iter().map(fault).collect(),
        faults_total: status.faults.total,
        counts: snapshot.map(|snapshot| counts(&snapshot.counts)),
        notes: notes.iter().take(InventorySummary::NOTES_SHOWN).cloned().collect(),
        notes_total: notes.len(),
    }
}

fn fault(fault: &InventoryFault) -> FaultEntry {
    let (effect, doubt) = match fault.effect {
        Effect::Untrusted(doubt) => (FaultEffect::Untrusted, Some(doubt.to_string())),
        Effect::Quarantine => (FaultEffect::Quarantine, None),
    };
    FaultEntry {
        effect,
        doubt,
        file: fault.file.clone(),
        line: fault.line,
        object: fault.object.clone(),
        field: fault.field.clone(),
        value: fault.value.clone(),
        expected: fault.expected.clone(),
        text: fault.to_string(),
    }
}

const fn counts(counts: &ObjectCounts) -> Counts {
    Counts {
        files: counts.files,
        subnetworks: counts.subnetworks,
        instances: counts.instances,
        alias_ip_ranges: counts.alias_ranges,
        addresses: counts.addresses,
        forwarding_rules: counts.forwarding_rules,
    }
}

fn page(
    snapshot: &Snapshot,
    set: Option<&OriginationSet>,
    after: Option<Prefix>,
    limit: usize,
) -> (Vec<RangeEntry>, Option<Prefix>) {
    let begin = snapshot.ranges.partition_point(|range| Some(range.prefix) <= after);
    let shown: Vec<(usize, &Range)> = snapshot.ranges.iter().enumerate().skip(begin).take(limit).collect();
    let more = begin + shown.len() < snapshot.ranges.len();
    let next = shown.last().map(|(_, range)| range.prefix).filter(|_| more);
    let originated = set.map(originated_by_range).unwrap_or_default();
    let entry = |(index, range): (usize, &Range)| entry(index, range, set, originated.get(&index).copied());
    (shown.into_iter().map(entry).collect(), next)
}

fn originated_by_range(set: &OriginationSet) -> HashMap<usize, usize> {
    let mut counts = HashMap::new();
    for index in set.originations.values().flat_map(|origination| origination.ranges.iter()) {
        *counts.entry(*index).or_default() += 1;
    }
    counts
}

fn entry(index: usize, range: &Range, set: Option<&OriginationSet>, originated: Option<usize>) -> RangeEntry {
    let outcome = set.and_then(|set| set.ranges.get(index));
    let (treatment, rule) = match outcome.map(|outcome| outcome.treatment) {
        None => (RangeTreatment::Undecided, None),
        Some(Treatment::Advertised { rule }) => (RangeTreatment::Advertised, Some(rule)),
        Some(Treatment::NoRule) => (RangeTreatment::NoRule, None),
        Some(Treatment::OtherRegion) => (RangeTreatment::OtherRegion, None),
        Some(Treatment::Prohibited) => (RangeTreatment::Prohibited, None),
    };
    RangeEntry {
        ip_cidr_range: range.prefix.to_string(),
        range_name: range.name.to_string(),
        subnetwork: range.subnetwork.path.to_string(),
        network: range.subnetwork.network.to_string(),
        region: range.subnetwork.region.clone(),
        role: outcome.map(|outcome| outcome.role.to_string()),
        treatment,
        rule,
        allocations: range.allocations.len(),
        total_allocated_ip: allocated(&range.allocations).to_string(),
        originated_prefixes: originated.unwrap_or(0),
    }
}

/// Addresses that the allocations cover, each counted once.
fn allocated(allocations: &Allocations) -> u128 {
    let mut sum = 0_u128;
    let mut last: Option<Prefix> = None;
    for prefix in allocations.keys().map(|allocation| allocation.prefix) {
        // Ascending: what shares addresses with an earlier one lies inside the last that was counted.
        if !last.is_some_and(|last| last.covers(&prefix)) {
            let host_bits = u32::from(prefix.family().max_prefix_len() - prefix.len());
            sum = sum.saturating_add(1_u128.checked_shl(host_bits).unwrap_or(u128::MAX));
            last = Some(prefix);
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::{Allocation, Owner, ResourcePath};

    #[test]
    fn counts_an_address_once_that_is_seen_twice() {
        let path = Arc::new(ResourcePath::parse("projects/p/zones/z/instances/vm-1").unwrap());
        let allocation =
            |text: &str| Allocation { prefix: text.parse().unwrap(), owner: Owner::Address(path.clone()).into() };
        let of = |texts: &[&str]| allocated(&texts.iter().map(|text| (allocation(text), ())).collect());
        assert_eq!(of(&["10.0.0.0/24", "10.0.0.7/32", "10.0.1.0/32", "10.0.1.0/32"]), 257);
        assert_eq!(of(&["fd00::/64"]), 1 << 64);
        assert_eq!(of(&["::/0"]), u128::MAX);
    }
}
