//! `/v1/peers/{name}/faults`.

use std::time::{Duration, SystemTime};

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::Uri;
use bgp_core::attribute::{AttributeFault, spec};
use bgp_core::nlri::Nlri;
use bgp_core::session::FaultyUpdate;

use super::{Peers, no_parameters};
use crate::control::fault::Fault;
use crate::control::reply::{ApiVersion, FaultEntry, FaultyUpdateEntry, PeerFaultsReply};
use crate::control::time::rfc3339;
use crate::control::view::DaemonView;

/// How long the peer's task may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// The last UPDATEs of a peer that had faults.
pub async fn faults(
    State(view): State<DaemonView>,
    name: Result<Path<String>, PathRejection>,
    uri: Uri,
) -> Result<Json<PeerFaultsReply>, Fault> {
    no_parameters(&uri)?;
    let name = name.map(|Path(name)| name).unwrap_or_default();
    let peers = Peers::of(&view);
    let entry = peers.named(&name)?;
    let mut reply = PeerFaultsReply { api_version: ApiVersion, peer: name, faulty_updates: 0, result: Vec::new() };
    if let Some(door) = &entry.status {
        let answer = tokio::time::timeout(PATIENCE, door.status()).await.ok().flatten();
        let status = answer.ok_or_else(|| Fault::unavailable("the task of the peer did not answer"))?;
        reply.faulty_updates = status.statistics.faulty_updates.count();
        reply.result = status.faulty_updates.iter().rev().map(|(came, update)| faulty_update(*came, update)).collect();
    }
    Ok(Json(reply))
}

fn faulty_update(came: SystemTime, update: &FaultyUpdate) -> FaultyUpdateEntry {
    FaultyUpdateEntry {
        number: update.number,
        time: rfc3339(came),
        disposition: update.disposition.to_string(),
        error: update.error.clone(),
        faults: update.faults.iter().map(fault).collect(),
        fault_count: update.fault_count,
        routes: update.routes.iter().map(route).collect(),
        route_count: update.route_count,
        length: update.octets.len(),
        hex: update.octets.iter().map(|octet| format!("{octet:02x}")).collect(),
    }
}

fn fault(fault: &AttributeFault) -> FaultEntry {
    FaultEntry {
        code: fault.code,
        name: spec::of(fault.code).map(|spec| spec.name.to_owned()),
        text: fault.reason.clone(),
        disposition: fault.disposition.to_string(),
    }
}

fn route(nlri: &Nlri) -> String {
    match nlri.path_id {
        0 => nlri.prefix.to_string(),
        id => format!("{}#{id}", nlri.prefix),
    }
}
