//! Thousands of lives of a gateway, on a virtual clock: its cloud changes, its files lie, it crashes and starts again, is
//! reloaded and told to let go. Everything between the files and what peers see is the daemon's own code.
//!
//! What must hold is said in `check`; a life that breaks it is named by its seed. `SIMULATION_SEED=7` lives that one life,
//! `SIMULATION_LIVES=10000` as many as that, from `SIMULATION_FIRST` on.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail")]

mod chance;
mod cloud;
mod gateway;
mod ledger;
mod peer;
mod settings;
mod space;

use chance::Chance;
use cloud::{Cloud, Written};
use gateway::Gateway;

/// Lives when nothing else is asked for.
const LIVES: u64 = 400;

/// What happens in one life.
const STEPS: usize = 24;

fn live(seed: u64) {
    let mut chance = Chance::new(seed);
    let mut cloud = Cloud::new(&mut chance);
    let mut gateway = Gateway::start(&mut chance);
    let mut story = Vec::new();
    for _ in 0..STEPS {
        let event = chance.below(100);
        let said = match event {
            0..42 => {
                let change = if chance.one_in(8) { "nothing".to_owned() } else { cloud.change(&mut chance) };
                let written = cloud.written(Written::Whole, &mut chance);
                format!("{change}; {}", gateway.looks(&written, &mut chance))
            }
            42..60 => {
                let change = if chance.one_in(2) { cloud.change(&mut chance) } else { "nothing".to_owned() };
                let fault = Written::fault(&mut chance);
                let written = cloud.written(fault, &mut chance);
                format!("{change}, written as {fault:?}; {}", gateway.looks(&written, &mut chance))
            }
            60..71 => gateway.reloads(&mut chance),
            71..80 => gateway.is_released(&mut chance),
            80..89 => gateway.crashes(&mut chance),
            _ => gateway.waits(&mut chance),
        };
        story.push(format!("{}: {said}", story.len()));
        if let Err(broken) = gateway.check() {
            panic!("SIMULATION_SEED={seed}: {broken}\n{}", story.join("\n"));
        }
    }
    let whole = cloud.written(Written::Whole, &mut chance);
    if let Err(broken) = gateway.comes_to(&whole, &mut chance) {
        panic!("SIMULATION_SEED={seed}: at the end: {broken}\n{}", story.join("\n"));
    }
}

fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

#[test]
fn whatever_happens_nothing_is_lost_without_proof_or_word() {
    match asked("SIMULATION_SEED") {
        Some(seed) => live(seed),
        None => {
            let first = asked("SIMULATION_FIRST").unwrap_or(0);
            (first..first + asked("SIMULATION_LIVES").unwrap_or(LIVES)).for_each(live);
        }
    }
}
