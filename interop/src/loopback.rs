//! The scenarios establish, originate, learn, withdraw and ipv6 with real routers on loopback: where there is no container
//! engine, and fast where there is one. What aliasd sends meanwhile is captured and read by another decoder.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::aliasctl::Aliasctl;
use crate::capture::Wireshark;
use crate::debian::Programs;
use crate::inventory::{Inventory, Node};
use crate::lab::{Lab, PACKAGES, PROGRAMS, runnable};
use crate::patience::eventually;
use crate::report::Report;
use crate::router::{Family, Router, Software};
use crate::run::Places;

const PATIENCE: Duration = Duration::from_secs(20);

/// What aliasd makes of the sample cloud.
pub const FROM_SAMPLE: &[&str] = &["10.4.0.0/23", "10.4.4.0/26", "10.128.0.0/24"];
const FROM_SAMPLE_V6: &[&str] = &["fd20:a:1::/64"];

/// Runs them.
pub fn check(report: &mut Report, places: &Places) -> Result<()> {
    let programs = Programs::provide(report, &places.target, PACKAGES, PROGRAMS)?;
    let mut lab = Lab::new(places, "loopback")?;
    if let Some(wireshark) = Wireshark::provide(report, places)? {
        lab.capture(&wireshark)?;
    }
    let inventory = Inventory::copy_of(&places.interop.join("cloud/inventory"), lab.folder().join("inventory"))?;
    let mut routers = Vec::new();
    for software in Software::ALL {
        match runnable(software) {
            Ok(()) => routers.push(lab.router(software, &programs)?),
            Err(why) => report.skip(&format!("loopback: {}: {why:#}", software.name()))?,
        }
    }
    let aliasctl = lab.aliasd(&places.interop.join("loopback/aliasd.toml"))?;
    let all = All { routers, aliasctl };

    all.originate(&inventory)?;
    all.learn()?;
    lab.stop_aliasd()?;
    all.have_exactly("the routes of a stopped aliasd go", Family::Ipv4, &[])?;
    all.have_exactly("the routes of a stopped aliasd go", Family::Ipv6, &[])?;
    let names: Vec<&str> = all.routers.iter().map(Router::name).collect();
    report.note(&format!("{} agree with aliasd", names.join(", ")))?;
    match lab.close()? {
        Some(messages) => report.note(&format!("tshark reads {messages} messages of aliasd, none malformed")),
        None => Ok(()),
    }
}

struct All {
    routers: Vec<Router>,
    aliasctl: Aliasctl,
}

impl All {
    fn originate(&self, inventory: &Inventory) -> Result<()> {
        for router in &self.routers {
            eventually("the session with aliasd", PATIENCE, || router.session())?;
        }
        self.have_exactly("the first routes", Family::Ipv4, FROM_SAMPLE)?;
        self.have_exactly("the first routes", Family::Ipv6, FROM_SAMPLE_V6)?;
        for router in &self.routers {
            let link = link(router.software);
            let pods = router.route(Family::Ipv4, "10.4.0.0/23")?;
            let right = pods.next_hop == format!("169.254.{link}.1")
                && pods.as_path == "64512"
                && pods.med == Some(100)
                && pods.communities == ["64512:200"];
            ensure!(right, "{}: {pods:?}", router.name());
            let nodes = router.route(Family::Ipv6, "fd20:a:1::/64")?;
            let right = nodes.next_hop == format!("fd00:{link}::1") && nodes.communities == ["64512:100"];
            ensure!(right, "{}: {nodes:?}", router.name());
        }
        inventory.add_node(Node { name: "node-4", address: "10.128.0.5", pods: &["10.4.9.0/24"], like: "node-1" })?;
        let more = &["10.4.0.0/23", "10.4.4.0/26", "10.4.9.0/24", "10.128.0.0/24"];
        self.have_exactly("a new node's prefix", Family::Ipv4, more)?;
        inventory.remove_instance("node-4")?;
        self.have_exactly("its withdrawal", Family::Ipv4, FROM_SAMPLE)
    }

    fn learn(&self) -> Result<()> {
        for router in &self.routers {
            for family in [Family::Ipv4, Family::Ipv6] {
                let announced = router.announces(family);
                eventually("aliasd learns", PATIENCE, || self.aliasctl.says(&["routes", "--best"], announced))?;
            }
            let later = router.later();
            router.announce_later()?;
            eventually("aliasd learns one more", PATIENCE, || self.aliasctl.says(&["routes", "--best"], &[later]))?;
            router.withdraw_later()?;
            eventually("aliasd forgets it", PATIENCE, || {
                ensure!(!self.aliasctl.text(&["routes", "--learned"])?.contains(later), "aliasd still has {later}");
                Ok(())
            })?;
        }
        Ok(())
    }

    fn have_exactly(&self, what: &str, family: Family, prefixes: &[&str]) -> Result<()> {
        self.routers.iter().try_for_each(|router| eventually(what, PATIENCE, || router.has_exactly(family, prefixes)))
    }
}

/// The tunnel to a router: 169.254.N.0/30 and fd00:N::/64.
const fn link(software: Software) -> u8 {
    match software {
        Software::Bird => 10,
        Software::Frr => 20,
        Software::Gobgp => 30,
        Software::Openbgpd => 40,
    }
}
