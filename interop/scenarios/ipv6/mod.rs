//! IPv6 routes go both ways over sessions of IPv6.

use anyhow::{Result, ensure};

use crate::patience::eventually;
use crate::project::{PATIENCE, Project};
use crate::router::Family;

const NODES: &str = "fd20:a:1::/64";

pub fn check(project: &Project) -> Result<()> {
    let aliasctl = project.aliasctl()?;
    for router in &project.routers {
        let router = router.over(project.address6(2));
        eventually("the session with aliasd", PATIENCE, || router.session())?;
        eventually("routes from aliasd", PATIENCE, || router.has_exactly(Family::Ipv6, &[NODES]))?;
        let route = router.route(Family::Ipv6, NODES)?;
        let right =
            route.next_hop == project.address6(2) && route.as_path == "64512" && route.communities == ["64512:100"];
        ensure!(right, "{}: {route:?}", router.name());
        eventually("aliasd learns", PATIENCE, || aliasctl.says(&["routes", "--best"], router.announces(Family::Ipv6)))?;
    }
    Ok(())
}
