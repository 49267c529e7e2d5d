//! A peer that connects and says nothing is given up after four minutes (RFC 4271 section 8.2.2) with Hold Timer Expired;
//! until then it costs the others nothing.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::FROM_SAMPLE;
use super::faults::{neighbours, speak, unchanged};
use crate::patience::eventually;
use crate::project::{PATIENCE, Project};
use crate::router::Family;

pub fn check(project: &Project) -> Result<()> {
    project.converge(Family::Ipv4, FROM_SAMPLE)?;
    let before = neighbours(project)?;
    let heard = eventually("aliasd talks to the silent peer", PATIENCE, || {
        let heard = speak(project, "silent", &["--silent"], Duration::from_secs(280))?;
        ensure!(heard.opened, "aliasd sent no OPEN: {heard:?}");
        Ok(heard)
    })?;
    ensure!(heard.notifications == [(4, 0)], "not Hold Timer Expired: {heard:?}");
    ensure!(heard.closed, "the connection stays open: {heard:?}");
    ensure!((235..=260).contains(&heard.seconds), "given up after {} s, not four minutes", heard.seconds);
    unchanged(project, &before, "the silence of another")
}
