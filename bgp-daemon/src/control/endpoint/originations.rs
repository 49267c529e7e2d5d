//! `/v1/originations` and `/v1/config`.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;

use super::{limit, no_parameters};
use crate::control::fault::Fault;
use crate::control::parameters::Parameters;
use crate::control::reply::{ApiVersion, ConfigReply, OriginationEntry, OriginationsReply, Stand};
use crate::control::view::DaemonView;
use crate::origination::Owners;
use crate::origination::report::RouteFacts;

/// A page of what is originated, and what it was made from.
pub async fn originations(State(view): State<DaemonView>, uri: Uri) -> Result<Json<OriginationsReply>, Fault> {
    let mut parameters = Parameters::of(&uri)?;
    let after = parameters.prefix("after");
    let limit = limit(&mut parameters);
    parameters.finish()?;
    let (set, config) = (view.originations.borrow().clone(), view.config.borrow().clone());
    let stand = Stand {
        revision: set.as_ref().map(|set| set.snapshot.revision),
        digest: set.as_ref().map(|set| set.snapshot.digest.clone()),
        config_digest: config.written.digest(),
        held: set.as_ref().and_then(|set| Some(set.guard.hold.as_ref()?.hash.clone())),
    };
    let mut rest = set.iter().flat_map(|set| set.originations.from(|prefix| Some(*prefix) <= after));
    let owners = |prefix| {
        let held = set.as_ref().and_then(|set| Some(set.guard.hold.as_ref()?.routes.get(prefix)?.owners.clone()));
        held.or_else(|| set.as_ref().map(|set| Owners::of(prefix, &set.snapshot))).unwrap_or_default()
    };
    let page = rest.by_ref().take(limit).map(|(prefix, one)| OriginationEntry {
        prefix: prefix.to_string(),
        facts: RouteFacts::of(one),
        owners: owners(prefix),
        in_use: one.in_use.as_ref().map(|all| all.iter().map(ToString::to_string).collect()),
    });
    let originations: Vec<OriginationEntry> = page.collect();
    let next_page_token = rest.next().and(originations.last()).map(|last| last.prefix.clone());
    Ok(Json(OriginationsReply { api_version: ApiVersion, stand, originations, next_page_token }))
}

/// The configuration in force.
pub async fn config(State(view): State<DaemonView>, uri: Uri) -> Result<Json<ConfigReply>, Fault> {
    no_parameters(&uri)?;
    let written = view.config.borrow().written.clone();
    Ok(Json(ConfigReply { api_version: ApiVersion, digest: written.digest(), config: (*written).clone() }))
}
