//! BIRD 2.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use interop::command::Tool;
use interop::process::Process;

use super::{ASN, Change, Export, Place, Scene, sent_next_hop};
use crate::speakers::DAEMON;

pub fn start(place: &Place<'_>, scene: &Scene) -> Result<Process> {
    place.write("bird.conf", &configuration(place.port, scene))?;
    place.start("bird", &["-f", "-c", "bird.conf", "-s", "bird.ctl", "-P", "bird.pid"])
}

pub fn prepare(place: &Place<'_>, scene: &Scene) -> Result<Change> {
    place.write("bird.conf", &configuration(place.port, scene))?;
    Ok(Change::Command(birdc(place.folder).with(["configure"])))
}

/// How many routes of its own it has.
pub fn originated(folder: &Path) -> Result<usize> {
    // As in "1000000 of 1000001 routes for 1000001 networks in table master4".
    let answer = birdc(folder).run(&["show", "route", "count", "protocol", "own"])?;
    let line = answer.lines().find(|line| line.contains(" routes for ")).context("no count of routes")?;
    let count = line.split_whitespace().next().context("no count of routes")?;
    ensure!(!count.is_empty(), "no count of routes: {line}");
    Ok(count.parse()?)
}

fn birdc(folder: &Path) -> Tool {
    Tool::new(["birdc", "-s", "bird.ctl"]).within(folder)
}

fn configuration(port: u16, scene: &Scene) -> String {
    // Next hops are looked up, since no neighbour is on a network of ours; one route in a table of its own leads to all, so that
    // no route that is learned can be on the way to one.
    let mut text = format!(
        "router id {DAEMON};\nlog stderr all;\nprotocol device {{\n\tscan time 3600;\n}}\n\
         ipv4 table hops;\nprotocol static resolver {{\n\tipv4 {{ table hops; }};\n\troute 0.0.0.0/0 via \"lo\";\n}}\n"
    );
    if !scene.originated.is_empty() {
        let routes: Vec<String> =
            scene.originated.iter().map(|prefix| format!("\troute {prefix} blackhole;\n")).collect();
        text += &format!("protocol static own {{\n\tipv4;\n{}}}\n", routes.concat());
    }
    let next_hop = sent_next_hop(None);
    for neighbor in &scene.neighbors {
        let who = &neighbor.identity;
        let export = match (neighbor.export, scene.mark) {
            (Export::Nothing, _) => "export none".to_owned(),
            (Export::Originated, _) => "export where proto = \"own\"".to_owned(),
            (Export::Learned, None) => "export where source = RTS_BGP".to_owned(),
            (Export::Learned, Some(mark)) => format!(
                "export filter {{ if source != RTS_BGP then reject; bgp_community.add((65000, {mark})); accept; }}"
            ),
        };
        text += &format!(
            "protocol bgp {} {{\n\tlocal {DAEMON} port {port} as {ASN};\n\tneighbor {} as {};\n\tpassive;\n\tstrict bind;\n\
             \tmultihop;\n\thold time {};\n\tipv4 {{ igp table hops; import all; {export}; next hop address {next_hop}; }};\n}}\n",
            who.name, who.address, who.asn, who.hold_time_secs
        );
    }
    text
}
