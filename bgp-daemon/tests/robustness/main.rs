//! Whatever stands in a file: the properties of `harness`, with the seeds that the fuzzers start from and small damage to
//! them. Property tests with texts of our own making are beside the code of `config` and `inventory`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

#[path = "../harness/mod.rs"]
mod harness;
#[path = "../../../bgp-core/tests/robustness/seeds.rs"]
mod seeds;

use proptest::prelude::*;

use harness::{configuration, inventory};

#[test]
fn every_configuration_among_the_seeds() {
    seeds::each("configuration", configuration::holds);
}

#[test]
fn every_inventory_among_the_seeds() {
    seeds::each("inventory", inventory::holds);
}

/// One seed, with a few of its octets replaced and its end cut off.
fn damaged(target: &str) -> impl Strategy<Value = Vec<u8>> + use<> {
    let whole: Vec<Vec<u8>> = seeds::of(target).into_iter().map(|(_, octets)| octets).collect();
    let damage = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
    (prop::sample::select(whole), damage, any::<prop::sample::Index>(), any::<bool>()).prop_map(
        |(mut octets, damage, end, cut)| {
            if octets.is_empty() {
                return octets;
            }
            for (place, octet) in damage {
                *place.get_mut(&mut octets) = octet;
            }
            if cut {
                octets.truncate(end.index(octets.len()));
            }
            octets
        },
    )
}

proptest! {
    #[test]
    fn any_damage_to_a_configuration(octets in damaged("configuration")) {
        configuration::holds(&octets);
    }

    #[test]
    fn any_damage_to_an_inventory(octets in damaged("inventory")) {
        inventory::holds(&octets);
    }
}
