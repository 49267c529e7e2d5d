//! `/v1/status`.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;

use super::inventory::summary;
use super::no_parameters;
use super::peers::status_of_all;
use crate::control::fault::Fault;
use crate::control::reply::{
    ApiVersion, BgpPeerStatus, ConfigWarning, FaultEffect, Health, HoldSummary, InventoryState, InventorySummary,
    JournalSummary, Reload, ReloadResult, RouteCounts, StatusReply, UpDown,
};
use crate::control::time::{rfc3339, seconds_since};
use crate::control::view::{DaemonView, ReloadOutcome};
use crate::journal::JournalStatus;
use crate::origination::OriginationSet;

/// The daemon as a whole.
pub async fn status(State(view): State<DaemonView>, uri: Uri) -> Result<Json<StatusReply>, Fault> {
    no_parameters(&uri)?;
    let peers = status_of_all(&view).await?;
    let table = view.rib.ask_now(|rib| rib.counters()).await?;
    let config = view.config.borrow().clone();
    let inventory = summary(&view.inventory.borrow().clone());
    let last_reload = view.reload.borrow().as_deref().map(reload);
    let hold = view.guard.borrow().hold.as_ref().map(|hold| super::guard::summary(hold, view.clock.now()));
    let mut health_reasons = reasons(&peers, &inventory, last_reload.as_ref());
    health_reasons.extend(hold.as_ref().map(held));
    let audit = view.audit.borrow().clone();
    health_reasons.extend(
        audit
            .fault
            .as_ref()
            .map(|fault| format!("the audit log cannot be written ({} changes lost so far): {fault}", audit.lost)),
    );
    health_reasons.extend(view.originations.borrow().iter().flat_map(|set| of_rules(set)));
    let journal = journal(&view.journal.borrow());
    health_reasons.extend(journal.iter().flat_map(of_journal));
    let warning =
        |warning: &crate::config::Warning| ConfigWarning { key: warning.key.clone(), text: warning.text.clone() };
    Ok(Json(StatusReply {
        api_version: ApiVersion,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        router_id: config.router.router_id.to_string(),
        asn: config.router.asn.0,
        region: config.router.region.clone(),
        start_time: rfc3339(view.started_at),
        uptime_seconds: seconds_since(view.started_at).to_string(),
        health: if health_reasons.is_empty() { Health::Ok } else { Health::Degraded },
        health_reasons,
        peers_up: peers.iter().filter(|peer| peer.status == UpDown::Up).count(),
        peers_enabled: peers.iter().filter(|peer| peer.enabled).count(),
        peers_configured: peers.len(),
        routes: RouteCounts {
            originated: table.originated,
            learned: peers.iter().map(|peer| peer.num_learned_routes).sum(),
            accepted: peers.iter().map(|peer| peer.num_accepted_routes).sum(),
            best: table.best,
            advertised: peers.iter().map(|peer| peer.num_advertised_routes).sum(),
        },
        inventory,
        hold,
        journal,
        config_warnings: config.warnings.iter().map(warning).collect(),
        last_reload,
        bgp_peer_status: peers,
    }))
}

fn journal(status: &JournalStatus) -> Option<JournalSummary> {
    Some(JournalSummary {
        path: status.path.as_ref()?.display().to_string(),
        restored_revision: status.restored_revision,
        damaged: status.damaged.clone(),
        written_revision: status.written_revision,
        written_at: status.written_at.map(rfc3339),
        fault: status.fault.clone(),
    })
}

/// What rules could not keep to.
fn of_rules(set: &OriginationSet) -> Vec<String> {
    let rules = set.rules.iter().enumerate();
    rules
        .flat_map(|(rule, outcome)| outcome.faults.iter().map(move |fault| format!("advertise[{rule}]: {fault}")))
        .collect()
}

/// Why a restart would not start from what is originated now, or this one did not from what was.
fn of_journal(journal: &JournalSummary) -> Vec<String> {
    let fault = journal.fault.iter().map(|fault| format!("the journal cannot be written: {fault}"));
    // What was damaged is replaced by what is written.
    let damaged = journal.damaged.iter().filter(|_| journal.written_revision.is_none());
    fault.chain(damaged.map(|damaged| format!("the journal was damaged: {damaged}"))).collect()
}

fn reload(outcome: &ReloadOutcome) -> Reload {
    Reload {
        time: rfc3339(outcome.at),
        result: match (outcome.refused, outcome.faults.is_empty()) {
            (true, _) => ReloadResult::Refused,
            (false, true) => ReloadResult::Applied,
            (false, false) => ReloadResult::Partial,
        },
        faults: outcome.faults.clone(),
        restart_needed: outcome.restart_needed.iter().map(|key| (*key).to_owned()).collect(),
    }
}

fn held(hold: &HoldSummary) -> String {
    let why = hold.why.first().map_or("", String::as_str);
    let HoldSummary { withdrawals, since, hash, .. } = hold;
    format!("the guard holds {withdrawals} withdrawals since {since} under {hash}: {why}; see aliasctl guard")
}

/// Why not everything is as configured. What the operator has configured to be silent is a warning, and no reason.
fn reasons(peers: &[BgpPeerStatus], inventory: &InventorySummary, reload: Option<&Reload>) -> Vec<String> {
    let mut reasons = Vec::new();
    let first = |effect: FaultEffect| {
        let fault = inventory.faults.iter().find(|fault| fault.effect == effect);
        fault.map_or(String::new(), |fault| format!(": {}", fault.text))
    };
    match inventory.state {
        InventoryState::Current => {}
        InventoryState::None => {
            reasons.push(format!("there is no inventory yet{}", first(FaultEffect::Untrusted)));
        }
        InventoryState::Restored => reasons.push("the inventory was not read since the restart".to_owned()),
        InventoryState::Untrusted => {
            let since = inventory.untrusted_since.as_deref().unwrap_or("its last change");
            let (doubts, fault) = (inventory.doubts.join(", "), first(FaultEffect::Untrusted));
            let text =
                format!("the inventory has not been trusted since {since}, nothing is withdrawn ({doubts}){fault}");
            reasons.push(text);
        }
    }
    match inventory.quarantined {
        0 => {}
        1 => reasons.push(format!("an object is in quarantine{}", first(FaultEffect::Quarantine))),
        count => reasons.push(format!("{count} objects are in quarantine{}", first(FaultEffect::Quarantine))),
    }
    for peer in peers.iter().filter(|peer| peer.enabled && peer.status != UpDown::Up) {
        let why = peer.status_reason.as_deref().unwrap_or("no reason is known");
        reasons.push(format!("peer {} is {}: {why}", peer.name, peer.state));
    }
    if let Some(reload) = reload {
        let fault = reload.faults.first().map_or("", String::as_str);
        match reload.result {
            ReloadResult::Applied => {}
            ReloadResult::Partial => {
                reasons.push(format!("the configuration of {} was not applied in all: {fault}", reload.time));
            }
            ReloadResult::Refused => {
                reasons.push(format!("the configuration of {} was refused, the old one stays: {fault}", reload.time));
            }
        }
    }
    reasons
}
