//! A router that crashes and comes back gets all routes again, and aliasd learns its routes again; the other router's
//! session does not notice.

use anyhow::{Result, ensure};

use super::FROM_SAMPLE;
use crate::patience::eventually;
use crate::project::{PATIENCE, Project};
use crate::router::{Family, Software};

pub fn check(project: &Project) -> Result<()> {
    project.converge(Family::Ipv4, FROM_SAMPLE)?;
    let aliasctl = project.aliasctl()?;
    for router in &project.routers {
        let others = project.routers.iter().filter(|other| other.software != router.software);
        let before = others.clone().map(|other| other.session()).collect::<Result<Vec<_>>>()?;
        let service = if router.software == Software::Bird { "bird" } else { "frr" };
        project.signal(service, "KILL")?;
        eventually("aliasd forgets the routes of a dead router", PATIENCE, || {
            let best = aliasctl.text(&["routes", "--best"])?;
            ensure!(!router.announces(Family::Ipv4).iter().any(|prefix| best.contains(prefix)), "{best}");
            Ok(())
        })?;
        project.start_again(service)?;
        project.converge(Family::Ipv4, FROM_SAMPLE)?;
        eventually("aliasd learns again", PATIENCE, || {
            aliasctl.says(&["routes", "--best"], router.announces(Family::Ipv4))
        })?;
        let after = others.map(|other| other.session()).collect::<Result<Vec<_>>>()?;
        ensure!(
            before == after,
            "the restart of {} cost the other router its session: {before:?}, {after:?}",
            router.name()
        );
    }
    Ok(())
}
