//! aliasd learns what the routers announce, and only what import allows; what is withdrawn goes. Nothing learned is
//! passed on.

use anyhow::{Result, ensure};

use super::FROM_SAMPLE;
use crate::patience::eventually;
use crate::project::{PATIENCE, Project};
use crate::router::Family;

pub fn check(project: &Project) -> Result<()> {
    project.converge(Family::Ipv4, FROM_SAMPLE)?;
    let aliasctl = project.aliasctl()?;
    for router in &project.routers {
        eventually("aliasd learns", PATIENCE, || {
            aliasctl.says(&["routes", "--learned"], router.announces(Family::Ipv4))
        })?;
        let later = router.later();
        router.announce_later()?;
        eventually("aliasd learns one more", PATIENCE, || aliasctl.says(&["routes", "--best"], &[later]))?;
        router.withdraw_later()?;
        eventually("aliasd forgets it", PATIENCE, || {
            let routes = aliasctl.text(&["routes", "--learned"])?;
            ensure!(!routes.contains(later), "aliasd still has {later}");
            Ok(())
        })?;
    }
    project.converge(Family::Ipv4, FROM_SAMPLE)
}
