//! FRR: bgpd alone, without zebra.

use anyhow::Result;
use interop::command::Tool;
use interop::process::Process;

use super::{ASN, Change, Export, Place, Scene};
use crate::speakers::DAEMON;

pub fn start(place: &Place<'_>, scene: &Scene) -> Result<Process> {
    place.write("frr.conf", &configuration(scene))?;
    let (address, port, folder) = (DAEMON.to_string(), place.port.to_string(), place.folder.display().to_string());
    let args = ["--skip_runas", "--no_kernel", "--no_zebra", "-f", "frr.conf", "-l", &address, "-p", &port, "-P", "0"];
    place.start("frr", &[&args[..], &["--vty_socket", &folder, "-i", "bgpd.pid"]].concat())
}

/// It has no reload of its own: it is told the whole configuration again, and what is no longer in it.
pub fn prepare(place: &Place<'_>, old: &Scene, new: &Scene) -> Result<Change> {
    let mut text = configuration(new);
    let gone: Vec<String> = old
        .originated
        .iter()
        .zip(&new.originated)
        .filter(|(old, new)| old != new)
        .map(|(old, _)| format!("  no network {old}\n"))
        .collect();
    if !gone.is_empty() {
        text += &format!("router bgp {ASN}\n address-family ipv4 unicast\n{} exit-address-family\n", gone.concat());
    }
    place.write("frr.new", &text)?;
    let folder = place.folder.display().to_string();
    let tool = Tool::new(["vtysh", "--vty_socket", &folder, "-d", "bgpd", "-f", "frr.new"]).within(place.folder);
    Ok(Change::Command(tool))
}

fn configuration(scene: &Scene) -> String {
    // Without that, another route map is heeded after 5 s.
    let mut text = format!(
        "hostname frr\nlog stdout errors\nbgp route-map delay-timer 1\nrouter bgp {ASN}\n bgp router-id {DAEMON}\n \
         no bgp ebgp-requires-policy\n no bgp network import-check\n no bgp default ipv4-unicast\n"
    );
    for neighbor in &scene.neighbors {
        let who = &neighbor.identity;
        let (address, hold) = (who.address, who.hold_time_secs);
        text += &format!(
            " neighbor {address} remote-as {}\n neighbor {address} passive\n neighbor {address} ebgp-multihop 255\n \
             neighbor {address} disable-connected-check\n neighbor {address} timers {} {hold}\n \
             neighbor {address} advertisement-interval 0\n",
            who.asn,
            hold / 3
        );
    }
    text += " address-family ipv4 unicast\n";
    for prefix in &scene.originated {
        text += &format!("  network {prefix}\n");
    }
    for neighbor in &scene.neighbors {
        let address = neighbor.identity.address;
        text += &format!("  neighbor {address} activate\n");
        match (neighbor.export, scene.mark) {
            (Export::Nothing, _) => text += &format!("  neighbor {address} route-map nothing out\n"),
            (Export::Originated | Export::Learned, Some(_)) => {
                text += &format!("  neighbor {address} route-map marked out\n");
            }
            (Export::Originated | Export::Learned, None) => {}
        }
    }
    text += " exit-address-family\n!\nroute-map nothing deny 10\n!\n";
    if let Some(mark) = scene.mark {
        text += &format!("route-map marked permit 10\n set community 65000:{mark} additive\n!\n");
    }
    text + "line vty\n"
}
