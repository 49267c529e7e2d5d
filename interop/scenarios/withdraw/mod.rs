//! A node that is gone takes its prefix with it, and no other route is touched.

use anyhow::{Result, ensure};

use super::FROM_SAMPLE;
use crate::patience::eventually;
use crate::project::{PATIENCE, Project};
use crate::router::Family;

pub fn check(project: &Project) -> Result<()> {
    project.converge(Family::Ipv4, FROM_SAMPLE)?;
    let before = project.routers.iter().map(|router| router.routes(Family::Ipv4)).collect::<Result<Vec<_>>>()?;
    project.inventory.remove_instance("node-3")?;
    for (router, mut before) in project.routers.iter().zip(before) {
        eventually("the withdrawal", PATIENCE, || router.has_exactly(Family::Ipv4, &["10.4.0.0/23", "10.128.0.0/24"]))?;
        before.remove("10.4.4.0/26");
        let after = router.routes(Family::Ipv4)?;
        ensure!(after == before, "{}: other routes were touched: {before:?} became {after:?}", router.name());
    }
    Ok(())
}
