//! A stop is announced as one and takes the routes back; after a start, and after a crash, they are there again.

use anyhow::{Result, ensure};

use super::FROM_SAMPLE;
use crate::patience::eventually;
use crate::project::{PATIENCE, Project};
use crate::router::Family;

pub fn check(project: &Project) -> Result<()> {
    project.converge(Family::Ipv4, FROM_SAMPLE)?;
    project.signal("aliasd", "TERM")?;
    for router in &project.routers {
        eventually("the routes of a stopped aliasd go", PATIENCE, || router.has_exactly(Family::Ipv4, &[]))?;
        let reason = router.last_error()?.to_lowercase();
        ensure!(
            reason.contains("administrative shutdown") || reason.contains("cease/administrative"),
            "{} was not told of an administrative shutdown: {reason}",
            router.name()
        );
    }
    project.start_again("aliasd")?;
    project.converge(Family::Ipv4, FROM_SAMPLE)?;
    let before = project.routers.iter().map(crate::router::Router::session).collect::<Result<Vec<_>>>()?;
    project.signal("aliasd", "KILL")?;
    project.start_again("aliasd")?;
    for (router, before) in project.routers.iter().zip(before) {
        eventually("a new session", PATIENCE, || {
            ensure!(router.session()? != before, "{} still has the old session", router.name());
            Ok(())
        })?;
    }
    project.converge(Family::Ipv4, FROM_SAMPLE)
}
