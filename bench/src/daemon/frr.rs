//! FRR: bgpd alone, without zebra.

use anyhow::Result;
use interop::process::Process;

use super::{ASN, Place, Scene};
use crate::speakers::DAEMON;

pub fn start(place: &Place<'_>, scene: &Scene) -> Result<Process> {
    configure(place, scene)?;
    let (address, port, folder) = (DAEMON.to_string(), place.port.to_string(), place.folder.display().to_string());
    let args = ["--skip_runas", "--no_kernel", "--no_zebra", "-f", "frr.conf", "-l", &address, "-p", &port, "-P", "0"];
    place.start("frr", &[&args[..], &["--vty_socket", &folder, "-i", "bgpd.pid"]].concat())
}

pub fn configure(place: &Place<'_>, scene: &Scene) -> Result<()> {
    place.write("frr.conf", &configuration(scene))
}

fn configuration(scene: &Scene) -> String {
    let mut text = format!(
        "hostname frr\nlog stdout errors\nrouter bgp {ASN}\n bgp router-id {DAEMON}\n no bgp ebgp-requires-policy\n \
         no bgp network import-check\n no bgp default ipv4-unicast\n"
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
    for neighbor in &scene.neighbors {
        let address = neighbor.identity.address;
        text += &format!("  neighbor {address} activate\n");
        if !neighbor.exports {
            text += &format!("  neighbor {address} route-map nothing out\n");
        }
    }
    text + " exit-address-family\n!\nroute-map nothing deny 10\n!\nline vty\n"
}
