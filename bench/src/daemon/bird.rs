//! BIRD 2.

use anyhow::Result;
use interop::process::Process;

use super::{ASN, Place, Scene, sent_next_hop};
use crate::speakers::DAEMON;

pub fn start(place: &Place<'_>, scene: &Scene) -> Result<Process> {
    configure(place, scene)?;
    place.start("bird", &["-f", "-c", "bird.conf", "-s", "bird.ctl", "-P", "bird.pid"])
}

pub fn configure(place: &Place<'_>, scene: &Scene) -> Result<()> {
    place.write("bird.conf", &configuration(place.port, scene))
}

fn configuration(port: u16, scene: &Scene) -> String {
    // Next hops are looked up, since no neighbour is on a network of ours; one route leads to all of them.
    let mut text = format!(
        "router id {DAEMON};\nlog stderr all;\nprotocol device {{\n\tscan time 3600;\n}}\n\
         protocol static hops {{\n\tipv4;\n\troute 10.255.0.0/16 via \"lo\";\n}}\n"
    );
    let next_hop = sent_next_hop(scene.mark);
    for neighbor in &scene.neighbors {
        let who = &neighbor.identity;
        let export = if neighbor.exports { "export where source = RTS_BGP" } else { "export none" };
        text += &format!(
            "protocol bgp {} {{\n\tlocal {DAEMON} port {port} as {ASN};\n\tneighbor {} as {};\n\tpassive;\n\tstrict bind;\n\
             \tmultihop;\n\thold time {};\n\tipv4 {{ import all; {export}; next hop address {next_hop}; }};\n}}\n",
            who.name, who.address, who.asn, who.hold_time_secs
        );
    }
    text
}
