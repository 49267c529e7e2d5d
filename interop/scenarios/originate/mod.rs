//! The prefixes of the inventory arrive, all of them and no other, with the attributes of their rules; a new node's
//! prefix follows, joined to its neighbour's. The routers read the prefix lists that are exported for them.

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
    exported_lists_are_read(project)
}

/// What `aliasctl export` writes for a router, the router reads.
fn exported_lists_are_read(project: &Project) -> Result<()> {
    let aliasctl = project.aliasctl()?;
    let list =
        |format| aliasctl.says(&["export", "prefix-list", "--role", "pod", "--format", format], &["10.4.4.0/25"]);
    let filter = "protocol device {}\nfilter pods { if net ~ aliasd_pod_v4 then accept; reject; }\n";
    let bird = format!("router id 192.0.2.1;\n{}{filter}", list("bird")?);
    let check = "printf %s \"$1\" > /tmp/list.conf && bird -p -c /tmp/list.conf";
    project.exec("bird", &["sh", "-c", check, "sh", &bird], PATIENCE)?;
    let load =
        "printf %s \"$1\" > /tmp/list.conf && vtysh -f /tmp/list.conf && vtysh -c 'show ip prefix-list aliasd-pod'";
    let shown = project.exec("frr", &["sh", "-c", load, "sh", &list("frr")?], PATIENCE)?;
    let missing = ["permit 10.4.0.0/23", "permit 10.4.4.0/25"].into_iter().find(|permit| !shown.contains(permit));
    ensure!(missing.is_none(), "FRR does not have {missing:?}:\n{shown}");
    let routes = |format| aliasctl.says(&["export", "discard-routes", "--format", format], &["10.4.4.0/25"]);
    let bird = format!("router id 192.0.2.1;\nprotocol device {{}}\n{}", routes("bird")?);
    project.exec("bird", &["sh", "-c", check, "sh", &bird], PATIENCE)?;
    let dry = "printf %s \"$1\" > /tmp/routes.conf && vtysh -C -f /tmp/routes.conf";
    project.exec("frr", &["sh", "-c", dry, "sh", &routes("frr")?], PATIENCE)?;
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
