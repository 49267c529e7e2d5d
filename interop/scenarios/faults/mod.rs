//! Peers that do not behave are refused as RFC 4271 section 6 says, each with its NOTIFICATION; BIRD and FRR keep their
//! sessions and their routes.

use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::FROM_SAMPLE;
use crate::patience::eventually;
use crate::project::{PATIENCE, Project};
use crate::router::{Family, Mark, Router, Routes};
use crate::speaker::Heard;

/// Who speaks, what, and the NOTIFICATION that is due.
const FAULTS: &[(&str, &[&str], (u8, u8))] = &[
    // OPEN Message Error: Bad Peer AS, Unacceptable Hold Time.
    ("wrong-asn", &["--asn", "65099", "--hold-time-secs", "90"], (2, 2)),
    ("hold-time-1", &["--asn", "65010", "--hold-time-secs", "1"], (2, 6)),
    ("hold-time-2", &["--asn", "65010", "--hold-time-secs", "2"], (2, 6)),
    // Message Header Error: Connection Not Synchronized.
    ("garbage", &["--garbage"], (1, 1)),
];

pub fn check(project: &Project) -> Result<()> {
    project.converge(Family::Ipv4, FROM_SAMPLE)?;
    let before = neighbours(project)?;
    for (speaker, says, expected) in FAULTS {
        let heard = eventually(&format!("aliasd talks to {speaker}"), PATIENCE, || {
            let heard = speak(project, speaker, says, Duration::from_secs(20))?;
            ensure!(!heard.notifications.is_empty(), "no NOTIFICATION: {heard:?}");
            Ok(heard)
        })?;
        ensure!(heard.notifications == [*expected], "{speaker} was told {:?}, not {expected:?}", heard.notifications);
        ensure!(heard.closed, "the connection of {speaker} stays open");
        let state = project.aliasctl()?.json(&["peers", speaker])?;
        let state = state.pointer("/bgpPeerStatus/0/state").and_then(serde_json::Value::as_str).context("no state")?;
        ensure!(state != "Established", "{speaker} is Established");
    }
    let heard = speak(project, "stranger", &["--garbage"], Duration::from_secs(20))?;
    ensure!(heard.closed && !heard.opened, "a host that is no peer was not turned away: {heard:?}");
    unchanged(project, &before, "the faults of others")
}

/// Each router's session with aliasd, and its routes from it.
pub type Seen = Vec<(Mark, Routes)>;

/// Fails unless each router has the same session and the same routes as `before`, none taken anew.
pub fn unchanged(project: &Project, before: &Seen, by: &str) -> Result<()> {
    let now = neighbours(project)?;
    ensure!(now == *before, "a session or routes were touched by {by}: {before:?} became {now:?}");
    Ok(())
}

/// What BIRD and FRR see.
pub fn neighbours(project: &Project) -> Result<Seen> {
    let seen = |router: &Router| Ok((router.session()?, router.routes(Family::Ipv4)?));
    project.routers.iter().map(seen).collect()
}

/// Lets the host `speaker` talk to aliasd.
pub fn speak(project: &Project, speaker: &str, says: &[&str], limit: Duration) -> Result<Heard> {
    let to = format!("{}:179", project.address(2));
    let seconds = limit.as_secs().to_string();
    let argv = [&["interop", "speak", "--to", &to, "--seconds", &seconds], says].concat();
    let answer = project.exec(speaker, &argv, limit + Duration::from_secs(20))?;
    Heard::read(&answer)
}
