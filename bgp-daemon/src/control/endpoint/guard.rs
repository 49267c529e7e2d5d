//! `/v1/guard`.

use std::ops::Bound;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use bgp_core::types::Prefix;

use super::limit;
use crate::config;
use crate::control::fault::Fault;
use crate::control::parameters::Parameters;
use crate::control::reply::{ApiVersion, Budgets, GuardReply, GuardStanding, HeldEntry, HoldSummary, Withdrawn};
use crate::control::time::rfc3339;
use crate::control::view::DaemonView;
use crate::origination::guard::Hold;

/// What the guard holds and why.
pub async fn guard(State(view): State<DaemonView>, uri: Uri) -> Result<Json<GuardReply>, Fault> {
    let mut parameters = Parameters::of(&uri)?;
    let after = parameters.prefix("after");
    let limit = limit(&mut parameters);
    parameters.finish()?;
    let (state, config, now) = (view.guard.borrow().clone(), view.config.borrow().clone(), view.clock.now());
    let withdrawn = state.window.totals(config.guard.window, now);
    let withdrawn = withdrawn
        .into_iter()
        .map(|(peer, tally)| Withdrawn { peer: Some(peer).filter(|peer| !peer.is_empty()), tally });
    let (routes, next_page_token) = state.hold.as_ref().map_or_else(Default::default, |hold| page(hold, after, limit));
    let held_configuration = view.reload.borrow().as_ref().and_then(|outcome| outcome.held.as_deref().cloned());
    Ok(Json(GuardReply {
        api_version: ApiVersion,
        state: match (state.hold.is_some() || held_configuration.is_some(), config.guard.enabled) {
            (true, _) => GuardStanding::Holding,
            (false, true) => GuardStanding::Passing,
            (false, false) => GuardStanding::Off,
        },
        time: rfc3339(now),
        time_millis: millis(now),
        budgets: budgets(&config.guard),
        withdrawn: withdrawn.collect(),
        window: state.window.clone(),
        hold: state.hold.as_ref().map(|hold| summary(hold, now)),
        held_configuration,
        routes,
        next_page_token,
    }))
}

/// What is held as a whole.
pub fn summary(hold: &Hold, now: SystemTime) -> HoldSummary {
    HoldSummary {
        hash: hold.hash.clone(),
        since: rfc3339(hold.since),
        since_millis: millis(hold.since),
        held_seconds: now.duration_since(hold.since).unwrap_or_default().as_secs(),
        withdrawals: hold.routes.len(),
        why: hold.reasons.iter().map(ToString::to_string).collect(),
        reasons: hold.reasons.clone(),
    }
}

fn millis(time: SystemTime) -> u64 {
    u64::try_from(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}

fn budgets(guard: &config::Guard) -> Budgets {
    Budgets {
        max_withdraw_prefixes: guard.max_withdraw_prefixes,
        max_withdraw_percent: guard.max_withdraw_percent,
        max_withdraw_addresses_percent: guard.max_withdraw_addresses_percent,
        always_allowed_prefixes: guard.always_allowed_prefixes,
        window_secs: guard.window.as_secs(),
        protected: guard.protected.iter().map(ToString::to_string).collect(),
    }
}

fn page(hold: &Hold, after: Option<Prefix>, limit: usize) -> (Vec<HeldEntry>, Option<String>) {
    let begin = after.map_or(Bound::Unbounded, Bound::Excluded);
    let mut rest = hold.routes.range((begin, Bound::Unbounded));
    let entry = |(prefix, route): (&Prefix, &_)| HeldEntry { prefix: prefix.to_string(), route: Clone::clone(route) };
    let routes: Vec<HeldEntry> = rest.by_ref().take(limit).map(entry).collect();
    let next = rest.next().and(routes.last()).map(|last| last.prefix.clone());
    (routes, next)
}
