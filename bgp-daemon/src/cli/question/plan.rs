//! `aliasctl plan`: what other files or another configuration would change, computed here from what the daemon says of
//! itself. The daemon reads nothing for it and changes nothing.

mod state;
mod text;

use std::path::Path;
use std::sync::Arc;

use bgp_core::types::Prefix;
use serde::{Deserialize, Serialize};

use crate::cli::Ending;
use crate::cli::arguments::PlanArguments;
use crate::cli::client::Client;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::config::{Config, ConfigChange};
use crate::control::reply::{ApiVersion, ConfigReply, HoldSummary, Stand};
use crate::inventory::{self, Selection};
use crate::origination::report::{Report, report};
use crate::origination::{EndedSessions, Memory, Owners, Wanted, ended_sessions, prepare};
use state::State;

/// What would change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanReply {
    /// The version of the reply.
    pub api_version: ApiVersion,
    /// How it would go.
    pub result: PlanResult,
    /// What the daemon originates now, and from what.
    pub from: Stand,
    /// What it is compared with.
    pub to: Target,
    /// Sessions that start, end or would be reset.
    pub sessions: Vec<SessionChange>,
    /// Keys whose change takes effect only after a restart.
    pub restart_needed: Vec<String>,
    /// What the guard would hold; absent when all would pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<HoldSummary>,
    /// Why the guard would hold the configuration as a whole; absent when it would not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_configuration: Option<EndedSessions>,
    /// What changes.
    #[serde(flatten)]
    pub report: Report,
}

/// How a plan would go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PlanResult {
    /// No route and no session changes.
    NoChange,
    /// Something changes, and all of it would be done.
    Change,
    /// The guard would hold withdrawals.
    Held,
}

/// The other side of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// Where the inventory was read.
    pub inventory: String,
    /// The digest of what was read there.
    pub digest: String,
    /// The configuration file, when it is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<String>,
    /// The digest of the configuration.
    pub config_digest: String,
}

/// What happens to a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionChange {
    /// The peer.
    pub peer: String,
    /// What.
    pub change: SessionChangeKind,
    /// The keys that differ.
    pub keys: Vec<String>,
}

/// What happens to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum SessionChangeKind {
    /// There was none.
    Start,
    /// It ends.
    End,
    /// It ends and comes up again.
    Reset,
}

pub async fn ask(client: &Client, console: &mut Console<'_>, asked: &PlanArguments) -> Result<Ending, Failure> {
    let running: ConfigReply = client.ask("/v1/config", &[]).await?;
    let reply = plan(client, running, asked).await?;
    if !console.structured(&reply)? {
        text::write(console, &reply)?;
    }
    Ok(match reply.result {
        PlanResult::NoChange => Ending::Fine,
        PlanResult::Change => Ending::Change,
        PlanResult::Held => Ending::Held,
    })
}

async fn plan(client: &Client, running: ConfigReply, asked: &PlanArguments) -> Result<PlanReply, Failure> {
    let environment = running.config.environment.clone();
    let in_force = running.config.read().map_err(|faults| {
        Failure::Failed(format!(
            "the configuration in force cannot be read here; is aliasctl of its version?\n{faults}"
        ))
    })?;
    let mut next = match &asked.config {
        None => in_force.clone(),
        Some(path) => {
            let environment = environment.into_iter().map(|(name, value)| (name.into(), value.into()));
            Config::load_with(path, environment).map_err(|faults| Failure::Failed(faults.to_string()))?
        }
    };
    let change = ConfigChange::between(&in_force, &next);
    next.keep_until_restart(&in_force);
    let config_digest = next.written.digest();
    let (in_force, next) = (Arc::new(in_force), Arc::new(next));
    let place = asked.inventory.as_deref().unwrap_or(&next.inventory.path).to_owned();
    let snapshot = read(&place, &next)?;
    let target = Target {
        inventory: place.display().to_string(),
        digest: snapshot.digest.clone(),
        config: asked.config.as_ref().map(|path| path.display().to_string()),
        config_digest,
    };
    let state = State::ask(client, &in_force, &running.digest).await?;
    let owners = |prefix: &Prefix| state.owners.get(prefix).cloned().unwrap_or_default();
    // What the daemon holds down it knows alone: here it goes at once.
    let (mut memory, snapshot) = (Memory::default(), Arc::new(snapshot));
    let wanted = Wanted { snapshot, rules: &next, config: Arc::clone(&next), released: None };
    let step = prepare(owners, state.current.as_ref(), &mut memory, wanted, &state.guard, state.now);
    let report = report(state.current.as_ref(), &step, owners);
    let sessions = sessions(&change);
    let ended = state.current.as_ref().and_then(|current| ended_sessions(current, &next, &state.guard, state.now).held);
    let hold = step.verdict.hold.as_ref().map(|hold| crate::control::hold_summary(hold, state.now));
    let result = match (hold.is_some() || ended.is_some(), report.routes.is_empty() && sessions.is_empty()) {
        (true, _) => PlanResult::Held,
        (false, true) => PlanResult::NoChange,
        (false, false) => PlanResult::Change,
    };
    let restart_needed = change.restart.iter().map(|key| (*key).to_owned()).collect();
    Ok(PlanReply {
        api_version: ApiVersion,
        result,
        from: state.stand,
        to: target,
        sessions,
        restart_needed,
        hold,
        held_configuration: ended,
        report,
    })
}

fn read(place: &Path, config: &Config) -> Result<inventory::Snapshot, Failure> {
    inventory::read(place, &Selection::from(&config.inventory)).map_err(|faults| {
        let place = place.display();
        Failure::Failed(format!("the inventory {place} is not usable, and nothing would change:\n{faults}"))
    })
}

fn sessions(change: &ConfigChange) -> Vec<SessionChange> {
    let one = |peer: &str, change, keys: &[&str]| SessionChange {
        peer: peer.to_owned(),
        change,
        keys: keys.iter().map(|key| (*key).to_owned()).collect(),
    };
    let started = change.peers_added.iter().map(|peer| one(peer, SessionChangeKind::Start, &[]));
    let ended = change.peers_removed.iter().map(|peer| one(peer, SessionChangeKind::End, &[]));
    let reset = change.peers_changed.iter().filter(|peer| peer.needs_reset());
    let reset = reset.map(|peer| one(&peer.name, SessionChangeKind::Reset, &peer.session));
    started.chain(ended).chain(reset).collect()
}

/// Whose a prefix is, by name of the prefix.
type OwnersByPrefix = std::collections::BTreeMap<Prefix, Owners>;
