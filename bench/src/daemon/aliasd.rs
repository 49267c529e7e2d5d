//! aliasd: transit between all its neighbours.

use std::fs;

use anyhow::Result;
use interop::process::Process;

use super::{ASN, Place, Scene, sent_next_hop};
use crate::speakers::DAEMON;

/// A cloud with one range that nothing announces: without an inventory there is no aliasd.
const EMPTY_CLOUD: &str = r#"[{"kind": "compute#subnetwork", "name": "empty", "region": "regions/r", "network": "global/networks/vpc",
"selfLink": "projects/p/regions/r/subnetworks/empty", "ipCidrRange": "10.0.0.0/24"}]
"#;

pub fn start(place: &Place<'_>, scene: &Scene) -> Result<Process> {
    fs::create_dir_all(place.folder.join("inventory"))?;
    place.write("inventory/subnetworks.json", EMPTY_CLOUD)?;
    configure(place, scene)?;
    place.start("aliasd", &["--config", "aliasd.toml"])
}

pub fn configure(place: &Place<'_>, scene: &Scene) -> Result<()> {
    place.write("aliasd.toml", &configuration(place.port, scene))
}

fn configuration(port: u16, scene: &Scene) -> String {
    let mut text = format!(
        "[router]\nasn = {ASN}\nrouter_id = \"{DAEMON}\"\nlisten = [\"{DAEMON}:{port}\"]\n\n\
         [inventory]\npath = \"inventory\"\n\n\
         [control]\nsocket = \"aliasd.sock\"\n"
    );
    let names: Vec<String> = scene.neighbors.iter().map(|one| format!("\"{}\"", one.identity.name)).collect();
    let next_hop = sent_next_hop(scene.mark);
    for neighbor in &scene.neighbors {
        let who = &neighbor.identity;
        text += &format!(
            "\n[[peer]]\nname = \"{}\"\naddress = \"{}\"\nlocal_address = \"{DAEMON}\"\nasn = {}\nconnect = \"passive\"\n\
             hold_time_secs = {}\nnext_hop_self_v4 = \"{next_hop}\"\nimport = {{ allow = [\"0.0.0.0/0 le 32\"] }}\n",
            who.name, who.address, who.asn, who.hold_time_secs
        );
        if neighbor.exports {
            let others: Vec<&str> =
                names.iter().map(String::as_str).filter(|name| name.trim_matches('"') != who.name).collect();
            text += &format!("export = {{ roles = [\"*\"], learned_from = [{}] }}\n", others.join(", "));
        }
    }
    text
}
