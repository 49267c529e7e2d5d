//! The prefixes of the inventory arrive, all of them and no other, with the attributes of their rules; a new node's
//! prefix follows, joined to its neighbour's.

use anyhow::{Result, ensure};

use super::FROM_SAMPLE;
use crate::inventory::Node;
use crate::patience::eventually;
use crate::project::{PATIENCE, Project};
use crate::router::{Family, Route, Router};

pub fn check(project: &Project) -> Result<()> {
    project.converge(Family::Ipv4, FROM_SAMPLE)?;
    for router in &project.routers {
        let pods = router.route(Family::Ipv4, "10.4.0.0/23")?;
        expect(router, project, &pods, 100, "64512:200")?;
        let nodes = router.route(Family::Ipv4, "10.128.0.0/24")?;
        expect(router, project, &nodes, 50, "64512:100")?;
    }
    project.inventory.add_node(Node {
        name: "node-4",
        address: "10.128.0.5",
        pods: &["10.4.4.64/26"],
        like: "node-1",
    })?;
    let joined = &["10.4.0.0/23", "10.4.4.0/25", "10.128.0.0/24"];
    for router in &project.routers {
        eventually("the new node's pods", PATIENCE, || router.has_exactly(Family::Ipv4, joined))?;
    }
    Ok(())
}

fn expect(router: &Router, project: &Project, route: &Route, med: u64, community: &str) -> Result<()> {
    let right = route.as_path == "64512"
        && route.next_hop == project.address(2)
        && route.med == Some(med)
        && route.communities == [community];
    ensure!(right, "{}: {route:?}, not MED {med} and community {community} from {}", router.name(), project.address(2));
    Ok(())
}
