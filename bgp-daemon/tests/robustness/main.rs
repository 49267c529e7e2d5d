//! Whatever stands in a file: the properties of `harness`, with the seeds that the fuzzers start from and small damage to
//! them. Property tests with texts of our own making are beside the code of `config` and `inventory`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

#[path = "../harness/mod.rs"]
mod harness;

use std::fs;
use std::panic::{RefUnwindSafe, catch_unwind};
use std::path::Path;

use proptest::prelude::*;

use harness::{configuration, inventory};

/// The seeds of a fuzz target, by their names.
fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let read = |path: &Path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(path).unwrap());
    let mut seeds: Vec<(String, Vec<u8>)> = files.map(|file| read(&file.unwrap().path())).collect();
    seeds.sort();
    assert!(seeds.len() >= 10, "{} has only {} seeds", folder.display(), seeds.len());
    seeds
}

fn every_seed(target: &str, holds: impl Fn(&[u8]) + RefUnwindSafe) {
    for (name, octets) in seeds(target) {
        let held = catch_unwind(|| holds(&octets));
        assert!(held.is_ok(), "fuzz/corpus/{target}/{name} fails, as said above");
    }
}

#[test]
fn every_configuration_among_the_seeds() {
    every_seed("configuration", configuration::holds);
}

#[test]
fn every_inventory_among_the_seeds() {
    every_seed("inventory", inventory::holds);
}

/// One seed, with a few of its octets replaced and its end cut off.
fn damaged(target: &str) -> impl Strategy<Value = Vec<u8>> + use<> {
    let whole: Vec<Vec<u8>> = seeds(target).into_iter().map(|(_, octets)| octets).collect();
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
