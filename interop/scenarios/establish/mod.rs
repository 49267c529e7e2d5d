//! Each router has a session with aliasd, and both ends say so.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::patience::eventually;
use crate::project::{PATIENCE, Project};

pub fn check(project: &Project) -> Result<()> {
    for router in &project.routers {
        eventually("the session with aliasd", PATIENCE, || router.session())?;
    }
    let aliasctl = project.aliasctl()?;
    eventually("aliasctl says that every peer is up", PATIENCE, || {
        let reply = aliasctl.json(&["peers"])?;
        let peers = reply.get("bgpPeerStatus").and_then(Value::as_array).context("no bgpPeerStatus")?;
        let states: Vec<_> = peers.iter().map(|peer| (peer.get("name"), peer.get("state"))).collect();
        let up = peers.iter().filter(|peer| peer.get("state").and_then(Value::as_str) == Some("Established")).count();
        ensure!(up == project.routers.len() && peers.len() == up, "{states:?}");
        Ok(())
    })
}
