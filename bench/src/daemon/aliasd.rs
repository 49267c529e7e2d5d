//! aliasd: transit between its neighbours, and routes from an inventory with one alias range for each.

use std::fmt::Write;
use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use interop::process::Process;

use super::{ASN, Change, Export, Place, Scene, sent_next_hop};
use crate::speakers::DAEMON;
use crate::status;
use feed::Ipv4Prefix;

/// The cloud's one subnetwork.
const SUBNETWORK: &str = r#"[{"kind": "compute#subnetwork", "name": "nodes", "region": "projects/p/regions/r",
"network": "projects/p/global/networks/vpc", "selfLink": "projects/p/regions/r/subnetworks/nodes", "ipCidrRange": "172.16.0.0/12",
"secondaryIpRanges": [{"rangeName": "pods", "ipCidrRange": "10.0.0.0/8"}]}]
"#;

/// Alias ranges of one instance, and instances in one file.
const RANGES: usize = 100;
/// See [`RANGES`].
const INSTANCES: usize = 100;

pub fn start(place: &Place<'_>, scene: &Scene) -> Result<Process> {
    fs::create_dir_all(place.folder.join("inventory"))?;
    place.write("inventory/subnetworks.json", SUBNETWORK)?;
    for number in 0..scene.originated.len().div_ceil(RANGES * INSTANCES) {
        place.write(&instances_file(number), &instances(number, &scene.originated)?)?;
    }
    place.write("aliasd.toml", &configuration(place.port, scene))?;
    place.start("aliasd", &["--config", "aliasd.toml"])
}

/// Another policy is a reload, another inventory is one file that is replaced.
pub fn prepare(place: &Place<'_>, old: &Scene, new: &Scene) -> Result<Change> {
    if old.mark != new.mark {
        place.write("aliasd.toml", &configuration(place.port, new))?;
        return Ok(Change::HangUp);
    }
    let differs = old.originated.iter().zip(&new.originated).position(|(old, new)| old != new);
    let number = differs.context("nothing differs")? / (RANGES * INSTANCES);
    place.write("instances.new", &instances(number, &new.originated)?)?;
    Ok(Change::Rename { from: place.folder.join("instances.new"), to: place.folder.join(instances_file(number)) })
}

/// How many routes of its own it has.
pub fn originated(folder: &Path) -> Result<usize> {
    let answer = status::answer(&folder.join("aliasd.sock"))?;
    let answer = String::from_utf8(answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("no answer")?;
    ensure!(head.starts_with("HTTP/1.1 200"), "status: {head}");
    let status: serde_json::Value = serde_json::from_str(body)?;
    let count = status.pointer("/routes/originated").and_then(serde_json::Value::as_u64);
    Ok(usize::try_from(count.context("no count of originated routes")?)?)
}

fn instances_file(number: usize) -> String {
    format!("inventory/instances-{number}.json")
}

/// The instances of one file, each with its part of the routes as alias ranges.
fn instances(number: usize, routes: &[Ipv4Prefix]) -> Result<String> {
    let mut text = String::from("[");
    let parts = routes.chunks(RANGES).enumerate().skip(number * INSTANCES).take(INSTANCES);
    for (place, (instance, routes)) in parts.enumerate() {
        let address = Ipv4Addr::from_bits(0xAC10_0002 + u32::try_from(instance)?);
        let ranges: Vec<String> = routes
            .iter()
            .map(|prefix| format!("{{\"ipCidrRange\": \"{prefix}\", \"subnetworkRangeName\": \"pods\"}}"))
            .collect();
        write!(
            text,
            "{}{{\"kind\": \"compute#instance\", \"id\": \"{}\", \"name\": \"node-{instance}\", \"zone\": \"projects/p/zones/r-a\",\n\
             \"selfLink\": \"projects/p/zones/r-a/instances/node-{instance}\", \"status\": \"RUNNING\", \"canIpForward\": true,\n\
             \"networkInterfaces\": [{{\"name\": \"nic0\", \"network\": \"projects/p/global/networks/vpc\",\n\
             \"subnetwork\": \"projects/p/regions/r/subnetworks/nodes\", \"networkIP\": \"{address}\", \"stackType\": \"IPV4_ONLY\",\n\
             \"aliasIpRanges\": [{}]}}]}}",
            if place == 0 { "" } else { ",\n" },
            1_000_000 + instance,
            ranges.join(",\n")
        )?;
    }
    text.push_str("]\n");
    Ok(text)
}

fn configuration(port: u16, scene: &Scene) -> String {
    let mut text = format!(
        "[router]\nasn = {ASN}\nrouter_id = \"{DAEMON}\"\nlisten = [\"{DAEMON}:{port}\"]\n\n\
         [inventory]\npath = \"inventory\"\nsettle_ms = 0\n\n\
         [control]\nsocket = \"aliasd.sock\"\n"
    );
    if !scene.originated.is_empty() {
        text += "\n[[advertise]]\nrole = \"pod\"\naggregation = { mode = \"in-use\" }\n";
    }
    let next_hop = sent_next_hop(scene.mark);
    for neighbor in &scene.neighbors {
        let who = &neighbor.identity;
        text += &format!(
            "\n[[peer]]\nname = \"{}\"\naddress = \"{}\"\nlocal_address = \"{DAEMON}\"\nasn = {}\nconnect = \"passive\"\n\
             hold_time_secs = {}\nnext_hop_self_v4 = \"{next_hop}\"\nimport = {{ allow = [\"0.0.0.0/0 le 32\"] }}\n",
            who.name, who.address, who.asn, who.hold_time_secs
        );
        match neighbor.export {
            Export::Nothing => {}
            Export::Originated => text += "export = { roles = [\"*\"] }\n",
            Export::Learned => text += "export = { learned_from = [\"*\"] }\n",
        }
    }
    text
}
