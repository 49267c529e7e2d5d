//! A state that is validated by what has changed comes to what it comes to from the beginning.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use tempfile::TempDir;

use super::{SUBNETWORK, list, node};
use crate::inventory::read::{Cache, Look, Question, State, look};
use crate::inventory::{Selection, Snapshot};

/// What happens to the files between two looks.
#[derive(Clone, Debug)]
enum Step {
    /// An instance stands in that file with these blocks, and in no other.
    Stands { node: usize, file: usize, blocks: Vec<u8> },
    /// It goes.
    Goes { node: usize },
    /// It stands in that file beside the one that it stands in.
    Twice { node: usize, file: usize },
    /// Its first range lies outside, or waits for its allocation, or stands there twice.
    Odd { node: usize, alias: &'static str },
    /// A reserved address comes or goes.
    Reserves { block: u8 },
    /// The second subnetwork grows or shrinks.
    Resizes,
    /// A file is cut short until something else happens to it.
    Cut { file: usize },
}

const FILES: usize = 3;
const NODES: usize = 9;

fn step() -> impl Strategy<Value = Step> {
    let (node, file) = (0..NODES, 0..FILES);
    let stands = (node.clone(), file.clone(), prop::collection::vec(0_u8..40, 0..4));
    let odd = prop::sample::select(vec!["10.200.0.0/28", "/28", "10.4.0.0/28"]);
    prop_oneof![
        24 => stands.prop_map(|(node, file, blocks)| Step::Stands { node, file, blocks }),
        4 => node.clone().prop_map(|node| Step::Goes { node }),
        1 => (node.clone(), file.clone()).prop_map(|(node, file)| Step::Twice { node, file }),
        1 => (node, odd).prop_map(|(node, alias)| Step::Odd { node, alias }),
        1 => (0_u8..40).prop_map(|block| Step::Reserves { block }),
        1 => Just(Step::Resizes),
        1 => file.prop_map(|file| Step::Cut { file }),
    ]
}

#[derive(Default)]
struct Cloud {
    /// File and alias ranges of each node.
    nodes: BTreeMap<usize, (usize, Vec<String>)>,
    twice: Option<(usize, usize)>,
    reserved: Option<u8>,
    large: bool,
    cut: Option<usize>,
}

/// The one that everybody is in, and one without anybody.
fn two_subnetworks(large: bool) -> String {
    let length = if large { 19 } else { 20 };
    let other = format!(
        r#"{{"kind": "compute#subnetwork", "selfLink": "projects/p/regions/r/subnetworks/other",
        "network": "projects/p/global/networks/n", "ipCidrRange": "10.96.0.0/{length}"}}"#
    );
    list(&[SUBNETWORK, &other])
}

/// Some of the blocks touch each other, and wider ones lie around others.
fn alias(block: u8) -> String {
    match block {
        0..32 => format!("10.4.0.{}/29", block * 8),
        _ => format!("10.4.0.{}/27", (block - 32) * 32),
    }
}

impl Cloud {
    fn takes(&mut self, step: Step) {
        (self.twice, self.cut) = (None, None);
        match step {
            Step::Stands { node, file, blocks } => {
                // Mostly nobody else's: what is at fault takes the other way.
                let taken: Vec<&String> = self
                    .nodes
                    .iter()
                    .filter(|(other, _)| **other != node)
                    .flat_map(|(_, (_, aliases))| aliases)
                    .collect();
                let free = |block: &u8| block.is_multiple_of(13) || !taken.contains(&&alias(*block));
                let aliases = blocks.into_iter().filter(free).map(alias).collect();
                self.nodes.insert(node, (file, aliases));
            }
            Step::Goes { node } => drop(self.nodes.remove(&node)),
            Step::Twice { node, file } => self.twice = Some((node, file)),
            Step::Odd { node, alias } => {
                if let Some((_, aliases)) = self.nodes.get_mut(&node) {
                    aliases.push(alias.to_owned());
                }
            }
            Step::Reserves { block } => self.reserved = self.reserved.xor(Some(block)),
            Step::Resizes => self.large = !self.large,
            Step::Cut { file } => self.cut = Some(file),
        }
    }

    fn written(&self, folder: &Path) {
        std::fs::write(folder.join("subnetworks.json"), two_subnetworks(self.large)).unwrap();
        let reserved = self.reserved.map(|block| {
            format!(
                r#"{{"kind": "compute#address", "selfLink": "projects/p/regions/r/addresses/a", "address": "10.4.0.{}", "prefixLength": 29, "addressType": "INTERNAL", "subnetwork": "projects/p/regions/r/subnetworks/s"}}"#,
                block % 32 * 8
            )
        });
        std::fs::write(folder.join("addresses.json"), format!("[{}]", reserved.unwrap_or_default())).unwrap();
        for file in 0..FILES {
            let mut own: Vec<String> = Vec::new();
            for (name, (stands, aliases)) in &self.nodes {
                if *stands == file || self.twice == Some((*name, file)) {
                    let aliases: Vec<&str> = aliases.iter().map(String::as_str).collect();
                    own.push(node(&format!("n{name}"), &format!("10.0.0.{}", name + 2), &aliases));
                }
            }
            let mut text = list(&own.iter().map(String::as_str).collect::<Vec<_>>());
            if self.cut == Some(file) {
                text.truncate(text.len() / 2);
            }
            let path = folder.join(format!("instances-{file}.json"));
            if std::fs::read_to_string(&path).ok().as_ref() != Some(&text) {
                std::fs::write(path, text).unwrap();
            }
        }
    }
}

fn looked(folder: &Path, last: Option<&Snapshot>, cache: &mut Cache) -> State {
    let selection = Selection::default();
    let question = Question {
        path: folder,
        selection: &selection,
        last,
        same_place: last,
        now: SystemTime::UNIX_EPOCH,
        clock: &|| Duration::ZERO,
    };
    match look(&question, cache, |_| false) {
        Look::Read(state) => *state,
        other => panic!("{other:?}"),
    }
}

/// All that a state comes to.
fn said(state: State) -> impl PartialEq + std::fmt::Debug {
    let snapshot = state.snapshot.map(|snapshot| Snapshot { taken_at: SystemTime::UNIX_EPOCH, ..snapshot });
    (state.digest, state.trust, state.faults, state.quarantined, state.created_at, snapshot)
}

/// Lives through the steps; how many of the looks after a change were not from the beginning.
fn lives(steps: Vec<Step>) -> Result<usize, TestCaseError> {
    let folder = TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).unwrap();
    let (mut cloud, mut cache, mut last) = (Cloud::default(), Cache::default(), None::<Snapshot>);
    let mut shared = 0;
    for step in steps {
        cloud.takes(step.clone());
        cloud.written(folder.path());
        let state = looked(folder.path(), last.as_ref(), &mut cache);
        let snapshot = state.snapshot.clone();
        let in_full = looked(folder.path(), last.as_ref(), &mut Cache::default());
        prop_assert_eq!(said(state), said(in_full), "after {:?}", step);
        if let (Some(before), Some(now)) = (&last, &snapshot) {
            // The second subnetwork has nobody: only a state that was not built anew shares what it holds with the last.
            let is_shared = before
                .ranges
                .iter()
                .any(|range| now.ranges.iter().any(|other| range.allocations.is_same(&other.allocations)));
            shared += usize::from(is_shared);
        }
        last = snapshot.or(last);
    }
    Ok(shared)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn a_change_alone_comes_to_what_everything_comes_to(steps in prop::collection::vec(step(), 1..24)) {
        lives(steps)?;
    }
}

#[test]
fn a_change_of_an_instance_shares_what_has_not_changed_and_any_other_does_not() {
    let stands = |node, block| Step::Stands { node, file: node % FILES, blocks: vec![block] };
    let start = || vec![stands(0, 13), stands(1, 3), stands(2, 5)];
    let after = |more: Vec<Step>| lives([start(), more].concat()).unwrap();
    let before = lives(start()).unwrap();
    assert_eq!(before, 2, "all but the first");
    assert_eq!(after(vec![stands(3, 7), Step::Goes { node: 1 }, stands(3, 9)]), before + 3);
    assert_eq!(after(vec![Step::Resizes]), before);
    assert_eq!(after(vec![Step::Reserves { block: 20 }]), before);
    assert_eq!(after(vec![stands(3, 13)]), before, "somebody else has it");
    assert_eq!(after(vec![stands(3, 33)]), before, "and wider ones lie around others");
    assert_eq!(after(vec![Step::Cut { file: 0 }]), before);
    assert_eq!(after(vec![Step::Odd { node: 0, alias: "/28" }]), before, "a note is for the full way");
    // Once all is right again it goes on from there.
    assert_eq!(after(vec![Step::Cut { file: 0 }, stands(3, 7), stands(3, 9)]), before + 1);
}

#[test]
fn what_an_interface_has_is_of_one_owner() {
    let node = node("a", "10.0.0.2", &["10.4.0.0/24", "10.4.8.0/24", "10.4.16.0/24"]);
    let snapshot = super::read_objects(&[SUBNETWORK, &node]).unwrap();
    let owners: Vec<_> =
        snapshot.ranges.iter().flat_map(|range| range.allocations.keys()).map(|one| &one.owner).collect();
    assert_eq!(owners.len(), 4);
    assert!(owners[2..].iter().all(|owner| Arc::ptr_eq(owner, owners[1])));
}
