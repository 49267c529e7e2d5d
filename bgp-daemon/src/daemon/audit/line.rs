//! What a line says.

use std::io;
use std::time::SystemTime;

use bgp_core::types::Prefix;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::file::LogFile;
use super::{CHUNK_LEN, Entry};
use crate::control::rfc3339;
use crate::origination::report::{RouteChange, RouteFacts};
use crate::origination::{Advance, Origination, Plan};

/// What a step was made from; the same on each of its lines.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cause {
    /// The revision of the snapshot.
    revision: u64,
    /// The digest of the snapshot.
    digest: String,
    /// The digest of the configuration by which peers are told.
    config_digest: String,
    /// Names the changes of this step: 16 hexadecimal digits.
    plan_hash: String,
    /// What is held after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    held: Option<String>,
    /// Who released what goes by a release.
    #[serde(skip_serializing_if = "Option::is_none")]
    released_by: Option<String>,
}

impl Cause {
    #[cfg(test)]
    pub fn for_tests() -> Self {
        let (digest, config_digest, plan_hash) = (String::new(), String::new(), String::new());
        Self { revision: 7, digest, config_digest, plan_hash, held: None, released_by: None }
    }

    pub fn of(step: &Advance, released_by: Option<String>) -> Self {
        let snapshot = &step.next.set.snapshot;
        Self {
            revision: snapshot.revision,
            digest: snapshot.digest.clone(),
            config_digest: step.next.config.written.digest(),
            plan_hash: plan_hash(&step.change),
            held: step.verdict.hold.as_ref().map(|hold| hold.hash.clone()),
            released_by,
        }
    }
}

fn plan_hash(plan: &Plan) -> String {
    let mut hash = Sha256::new();
    for (prefix, one) in plan.announce.iter() {
        let RouteFacts { role, med, communities, large_communities, cost, rule: _ } = RouteFacts::of(one);
        let cost = if cost == 0 { String::new() } else { format!(" cost {cost}") };
        hash.update(format!("+{prefix} {role} {med:?} {communities:?} {large_communities:?}{cost}\n"));
    }
    plan.withdraw.iter().for_each(|prefix| hash.update(format!("-{prefix}\n")));
    hash.finalize().iter().take(8).map(|octet| format!("{octet:02x}")).collect()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a, T: Serialize> {
    time: &'a str,
    #[serde(flatten)]
    what: T,
    #[serde(flatten)]
    cause: &'a Cause,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Short {
    prefix: String,
    change: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<RouteFacts>,
}

/// The lines of one entry, on their way into the file.
pub(super) struct Lines<'a> {
    pub entry: &'a Entry,
    pub file: &'a mut LogFile,
    pub octets: &'a mut String,
}

impl Lines<'_> {
    pub fn full(&mut self, route: &RouteChange) -> io::Result<()> {
        self.line(route)
    }

    /// One of very many: announced or changed, or withdrawn.
    pub fn bulk(&mut self, prefix: &Prefix, after: Option<&Origination>) -> io::Result<()> {
        let change = if after.is_some() { "ANNOUNCE" } else { "WITHDRAW" };
        self.line(Short { prefix: prefix.to_string(), change, after: after.map(RouteFacts::of) })
    }

    fn line(&mut self, what: impl Serialize) -> io::Result<()> {
        let time = moment(self.entry.at);
        *self.octets += &serde_json::to_string(&Line { time: &time, what, cause: &self.entry.cause })?;
        self.octets.push('\n');
        if self.octets.len() >= CHUNK_LEN { self.hand_over() } else { Ok(()) }
    }

    fn hand_over(&mut self) -> io::Result<()> {
        let written = self.file.append(self.octets.as_bytes());
        self.octets.clear();
        written
    }

    pub fn end(mut self) -> io::Result<()> {
        self.hand_over()?;
        self.file.sync()
    }
}

fn moment(at: SystemTime) -> String {
    rfc3339(at)
}
