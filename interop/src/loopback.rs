//! The scenarios establish, originate, learn and withdraw with a real BIRD on loopback: where there is no container engine,
//! and fast where there is one.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::debian::Programs;
use crate::inventory::{Inventory, Node};
use crate::lab::Lab;
use crate::patience::eventually;
use crate::report::Report;
use crate::router::Family;
use crate::run::Places;

const PATIENCE: Duration = Duration::from_secs(20);

/// Runs them.
pub fn check(report: &mut Report, places: &Places) -> Result<()> {
    let programs = Programs::provide(report, &places.target, &["bird2"], &["bird", "birdc"])?;
    let mut lab = Lab::new(places, "loopback")?;
    let inventory = Inventory::copy_of(&places.interop.join("cloud/inventory"), lab.folder().join("inventory"))?;
    let bird = lab.bird(&programs)?;
    let aliasctl = lab.aliasd(&places.interop.join("loopback/aliasd.toml"))?;

    eventually("the session with aliasd", PATIENCE, || bird.session())?;
    let exactly =
        |what: &str, prefixes: &[&str]| eventually(what, PATIENCE, || bird.has_exactly(Family::Ipv4, prefixes));
    exactly("the first routes", &["10.4.0.0/23", "10.4.4.0/26", "10.128.0.0/24"])?;
    let pods = bird.route(Family::Ipv4, "10.4.0.0/23")?;
    ensure!(pods.next_hop == "169.254.10.1" && pods.communities == ["64512:200"], "{pods:?}");

    let node = Node { name: "node-4", address: "10.128.0.5", pods: &["10.4.9.0/24"], like: "node-1" };
    inventory.add_node(node)?;
    exactly("a new node's prefix", &["10.4.0.0/23", "10.4.4.0/26", "10.4.9.0/24", "10.128.0.0/24"])?;
    inventory.remove_instance("node-4")?;
    exactly("its withdrawal", &["10.4.0.0/23", "10.4.4.0/26", "10.128.0.0/24"])?;

    eventually("aliasd learns", PATIENCE, || aliasctl.says(&["routes", "--best"], bird.announces(Family::Ipv4)))?;
    bird.announce_later()?;
    eventually("aliasd learns one more", PATIENCE, || aliasctl.says(&["routes", "--best"], &[bird.later()]))?;
    bird.withdraw_later()?;
    eventually("aliasd forgets it", PATIENCE, || {
        ensure!(!aliasctl.text(&["routes", "--learned"])?.contains(bird.later()), "aliasd still has {}", bird.later());
        Ok(())
    })?;
    lab.stop_aliasd()?;
    exactly("the routes of a stopped aliasd go", &[])?;
    lab.close()
}
