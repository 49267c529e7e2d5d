//! A restart with another configuration takes nothing from anybody before the guard was asked.

use std::sync::Arc;
use std::time::SystemTime;

use super::super::audience::Exports;
use super::super::{Current, Memory, Resumption, resume};
use super::guard::{PEERS, World, nodes, pods};
use super::{config, snapshot};

/// The same after a restart with this configuration.
fn restarted(world: &World, text: &str) -> Current {
    let set = &world.current.as_ref().unwrap().set;
    let before = Resumption {
        snapshot: Arc::clone(&set.snapshot),
        originations: set.originations.clone(),
        guard: set.guard.clone(),
        told_by: Some(Arc::clone(&set.told_by)),
    };
    resume(before, &mut Memory::default(), Arc::new(config(text)), SystemTime::UNIX_EPOCH)
}

/// How many prefixes a peer is told.
fn told(current: &Current, peer: &str) -> usize {
    let exports = Exports::of(current.config.peer(peer).unwrap(), current.held_exports.get(peer));
    current.set.originations.iter().filter(|(prefix, origination)| exports.admit(prefix, origination)).count()
}

#[test]
fn a_restart_with_another_export_takes_nothing_and_gives_at_once() {
    let world = World::new("", snapshot(pods(&nodes(30))));
    let turned = PEERS.replace("roles = [\"pod\"]", "roles = [\"vm\"]").replace("roles = [\"*\"]", "roles = [\"pod\"]");
    let current = restarted(&world, &turned);
    assert_eq!((told(&current, "dc1"), told(&current, "dc2")), (30, 30));
    let silent = PEERS.replace("roles = [\"pod\"]", "roles = [\"vm\"]");
    let mut world = World::new_with(&silent, snapshot(pods(&nodes(30))));
    assert_eq!(told(world.current.as_ref().unwrap(), "dc1"), 0);
    let current = restarted(&world, PEERS);
    assert_eq!(told(&current, "dc1"), 30, "what is more goes out before the source was read");
    assert!(current.held_exports.is_empty());
    // The first look is a step like any other, and the guard holds what it takes away.
    world = World::new("", snapshot(pods(&nodes(30))));
    world.current = Some(restarted(&world, &turned));
    world.config = Arc::new(config(&turned));
    let step = world.step(None);
    assert_eq!(step.verdict.hold.as_ref().unwrap().routes.len(), 30);
    assert_eq!(told(&step.next, "dc1"), 30, "it still has them");
    let hash = step.verdict.hold.unwrap().hash.clone();
    assert_eq!(told(&world.step(Some(&hash)).next, "dc1"), 0, "and loses them by a person's word");
}

#[test]
fn a_restart_with_the_same_configuration_changes_nothing_for_anybody() {
    let mut world = World::new("", snapshot(pods(&nodes(30))));
    world.becomes(pods(&nodes(3)));
    assert_eq!(world.current.as_ref().unwrap().set.guard.hold.as_ref().unwrap().routes.len(), 27);
    let current = restarted(&world, PEERS);
    assert_eq!(current.held_exports, world.current.as_ref().unwrap().held_exports);
    assert_eq!(current.set.originations.len(), 30);
    assert!(world.step(None).change.is_empty());
}

#[test]
fn a_peer_that_was_not_told_before_gets_by_a_restart_what_is_not_held() {
    let before = PEERS.replace("asn = 65001\n", "asn = 65001\nenabled = false\n");
    let mut world = World::new_with(&before, snapshot(pods(&nodes(30))));
    world.becomes(pods(&nodes(3)));
    let current = restarted(&world, PEERS);
    assert_eq!((told(&current, "dc1"), told(&current, "dc2")), (3, 30));
}

#[test]
fn a_configuration_of_before_that_cannot_be_read_counts_as_that_of_now() {
    let world = World::new("", snapshot(pods(&nodes(30))));
    let set = &world.current.as_ref().unwrap().set;
    let mut written = (*set.told_by).clone();
    written.files.iter_mut().for_each(|file| file.text.push_str("\n[what]\n"));
    let silent = PEERS.replace("roles = [\"pod\"]", "roles = [\"vm\"]");
    let before = |told_by| Resumption {
        snapshot: Arc::clone(&set.snapshot),
        originations: set.originations.clone(),
        guard: set.guard.clone(),
        told_by,
    };
    for unknown in [Some(Arc::new(written)), None] {
        let current =
            resume(before(unknown), &mut Memory::default(), Arc::new(config(&silent)), SystemTime::UNIX_EPOCH);
        assert_eq!((told(&current, "dc1"), told(&current, "dc2")), (0, 30));
    }
}
