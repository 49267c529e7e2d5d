//! Networks of routers, each with sessions and a table, on a virtual clock: whatever goes wrong on the way, when nothing
//! does any more everybody has one session with every neighbour and the routes of a naive model.
//!
//! A seed that fails is printed with the command that runs it alone; then the panic ends with what happened in that world.
//! `SIMULATION_SEEDS` is how many seeds of each network are run.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test that panics has failed"
)]

mod dice;
mod router;
mod stream;
mod topology;
mod world;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use topology::{Topology, topologies};
use world::World;

const SEEDS: u64 = 100;

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{variable}={text} is no number")))
}

/// Runs the seeds of a network, or the one that is asked for.
fn every_seed(name: &str, run: impl Fn(&mut World)) {
    let topologies = topologies();
    let topology = topologies.iter().find(|topology| topology.name == name).expect("a network of that name");
    let asked = number("SIMULATION_SEED");
    let seeds = asked.map_or(0..number("SIMULATION_SEEDS").unwrap_or(SEEDS), |seed| seed..seed + 1);
    for seed in seeds {
        let mut world = World::new(topology, seed, asked.is_some());
        let ran = catch_unwind(AssertUnwindSafe(|| run(&mut world)));
        assert!(
            ran.is_ok(),
            "seed {seed} of {name:?} fails, as said above; alone and with all that happens: SIMULATION_SEED={seed} \
             cargo test -p bgp-core --test simulation {}\n{}",
            name.replace(' ', "_"),
            world.trace()
        );
    }
}

/// What must hold when there is no trouble any more and nothing is left to be said.
fn is_as_it_should_be(world: &World, topology: &Topology) {
    for &(a, b) in &topology.adjacencies {
        let open = world.open_between(a, b);
        assert_eq!(open.len(), 1, "connections of {a} and {b}: {open:?}");
        assert!(world.is_whole(open[0]));
        for (router, neighbour) in [(a, b), (b, a)] {
            let port = &world.routers[router].ports[&neighbour];
            let up = port.up.as_ref().unwrap_or_else(|| panic!("{router} has no session with {neighbour}"));
            assert_eq!(up.connection, open[0]);
            assert_eq!(up.identifier(), world.identifiers[neighbour]);
            assert!(world.routers[router].is_quiet(neighbour), "{router} and {neighbour} have more to say");
            let (told, heard) = (world.routers[router].advertised(neighbour), world.routers[neighbour].learned(router));
            assert_eq!(heard, told, "{neighbour} has heard something else than {router} has told");
        }
    }
    let own: Vec<_> = world.routers.iter().map(|router| router.own.clone()).collect();
    let expected = topology.settled(&world.identifiers, &own);
    for (number, router) in world.routers.iter().enumerate() {
        assert_eq!(router.loc_rib(), expected[number], "the routes of {number}");
    }
}

fn network(name: &str) {
    let topologies = topologies();
    let topology = topologies.iter().find(|topology| topology.name == name).expect("a network of that name");
    every_seed(name, |world| {
        world.live();
        is_as_it_should_be(world, topology);
    });
}

#[test]
fn pair() {
    network("pair");
}

#[test]
fn internal_pair() {
    network("internal pair");
}

#[test]
fn line() {
    network("line");
}

#[test]
fn triangle() {
    network("triangle");
}

#[test]
fn ring() {
    network("ring");
}

#[test]
fn two_gateways() {
    network("two gateways");
}

#[test]
fn a_network_without_trouble_is_up_within_ten_seconds_and_stays_so() {
    every_seed("ring", |world| {
        world.run(Duration::from_secs(10));
        let ports = |world: &World| -> Vec<(bool, u32)> {
            let ports = world.routers.iter().flat_map(|router| router.ports.values());
            ports.map(|port| (port.up.is_some(), port.times_up)).collect()
        };
        // Each side may have settled a collision for another connection while both were on their way: then both are lost
        // and the session comes up a second time.
        let before = ports(world);
        assert!(before.iter().all(|(up, times)| *up && *times <= 2), "{before:?}");
        world.run(Duration::from_mins(30));
        assert_eq!(ports(world), before);
    });
}

#[test]
fn there_is_trouble_of_every_kind() {
    let seen = RefCell::new(BTreeSet::new());
    every_seed("two gateways", |world| {
        world.live();
        seen.borrow_mut().extend(world.ends.iter().cloned());
    });
    let seen = seen.into_inner();
    for expected in [
        "connection: closed",
        "sent 4/0 ",
        "sent 1/1 ",
        "sent 3/",
        "received 6/2 ",
        "received 6/4 ",
        "closed for a restart",
    ] {
        assert!(seen.iter().any(|end| end.starts_with(expected)), "{expected:?} is not in {seen:#?}");
    }
}
