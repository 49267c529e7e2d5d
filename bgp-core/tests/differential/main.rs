//! bgp-core against a second implementation, bgpkit-parser: the same octets are the same routes with the same attributes,
//! or both find something wrong with them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed"
)]

mod generate;
mod ours;
mod reading;
mod settled;
mod theirs;

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use serde::Deserialize;

use generate::Routes;
use reading::{How, difference, hex};
use settled::{SETTLED, Settled};

/// Both agree, or it is settled who is right.
fn agree(body: &[u8], how: How) {
    let (ours, theirs) = (ours::read(body, how), theirs::read(body, how));
    if let Some(found) = difference(&ours, &theirs) {
        let settled = settled::explains(body, how, &ours, &theirs);
        assert!(settled.is_some(), "{found} in {how:?} {}", hex(body));
    }
}

fn octets(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

#[test]
fn every_settled_disagreement_still_is_one_and_is_written_down() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let decision = fs::read_to_string(top.join("docs/decisions/0041-differential-decoding.md")).unwrap();
    for Settled { name, example: (how, example), .. } in &SETTLED {
        let body = octets(example);
        let (ours, theirs) = (ours::read(&body, *how), theirs::read(&body, *how));
        let explained = settled::explains(&body, *how, &ours, &theirs).map(|settled| settled.name);
        assert_eq!(explained, Some(*name), "{ours:?}\n{theirs:?}");
        assert!(decision.contains(&format!("**{name}**")), "{name} is not in the decision");
    }
}

#[derive(Deserialize)]
struct Vectors {
    case: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    hex: String,
}

/// The UPDATEs among the vectors of `aliasctl decode` and among the seeds of the fuzzers, read in every way.
#[test]
fn on_vectors_and_seeds() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let vectors = fs::read_to_string(top.join("bgp-daemon/tests/data/decode/messages.toml")).unwrap();
    let vectors: Vectors = toml::from_str(&vectors).unwrap();
    let messages = vectors.case.iter().map(|vector| octets(&vector.hex));
    let mut bodies: Vec<Vec<u8>> =
        messages.filter(|message| message.get(18) == Some(&2)).map(|message| message[19..].to_vec()).collect();
    for seed in fs::read_dir(top.join("fuzz/corpus/message")).unwrap() {
        let octets = fs::read(seed.unwrap().path()).unwrap();
        bodies.extend(octets.strip_prefix(&[0, 2]).map(<[u8]>::to_vec));
    }
    assert!(bodies.len() > 20, "{}", bodies.len());
    for body in bodies {
        for (four_octet_asn, add_path) in [(true, false), (false, false), (true, true), (false, true)] {
            agree(&body, How { four_octet_asn, add_path });
        }
    }
}

proptest! {
    #[test]
    fn on_good_updates((how, body) in generate::how().prop_flat_map(|how| (Just(how), generate::good(how, Routes::Any)))) {
        agree(&body, how);
    }

    #[test]
    fn on_good_updates_that_name_routes_twice(
        (how, body) in generate::how().prop_flat_map(|how| (Just(how), generate::good(how, Routes::Few)))
    ) {
        agree(&body, how);
    }

    #[test]
    fn on_damaged_updates((how, body) in generate::how().prop_flat_map(|how| (Just(how), generate::damaged(how)))) {
        agree(&body, how);
    }
}
