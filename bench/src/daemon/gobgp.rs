//! GoBGP.

use anyhow::Result;
use interop::process::Process;

use super::{ASN, Export, Place, Scene};
use crate::speakers::DAEMON;

pub fn start(place: &Place<'_>, scene: &Scene) -> Result<Process> {
    place.write("gobgpd.toml", &configuration(place.port, scene))?;
    let socket = format!("unix://{}", place.folder.join("gobgpd.sock").display());
    place.start("gobgpd", &["-f", "gobgpd.toml", "--api-hosts", &socket, "--pprof-disable", "--log-level", "error"])
}

fn configuration(port: u16, scene: &Scene) -> String {
    let mut text = format!(
        "[global.config]\nas = {ASN}\nrouter-id = \"{DAEMON}\"\nport = {port}\nlocal-address-list = [\"{DAEMON}\"]\n"
    );
    let silent: Vec<String> = scene
        .neighbors
        .iter()
        .filter(|one| one.export == Export::Nothing)
        .map(|one| format!("\"{}\"", one.identity.address))
        .collect();
    if !silent.is_empty() {
        text += &format!(
            "[global.apply-policy.config]\nexport-policy-list = [\"observers\"]\ndefault-export-policy = \"accept-route\"\n\
             [[defined-sets.neighbor-sets]]\nneighbor-set-name = \"observers\"\nneighbor-info-list = [{}]\n\
             [[policy-definitions]]\nname = \"observers\"\n[[policy-definitions.statements]]\nname = \"nothing\"\n\
             [policy-definitions.statements.conditions.match-neighbor-set]\nneighbor-set = \"observers\"\n\
             [policy-definitions.statements.actions]\nroute-disposition = \"reject-route\"\n",
            silent.join(", ")
        );
    }
    for neighbor in &scene.neighbors {
        let who = &neighbor.identity;
        text += &format!(
            "[[neighbors]]\n[neighbors.config]\nneighbor-address = \"{}\"\npeer-as = {}\n\
             [neighbors.transport.config]\npassive-mode = true\n[neighbors.ebgp-multihop.config]\nenabled = true\nmultihop-ttl = 10\n\
             [neighbors.timers.config]\nhold-time = {}\nkeepalive-interval = {}\n\
             [[neighbors.afi-safis]]\n[neighbors.afi-safis.config]\nafi-safi-name = \"ipv4-unicast\"\n",
            who.address,
            who.asn,
            who.hold_time_secs,
            who.hold_time_secs / 3
        );
    }
    text
}
