//! The journal: what it promises of a record, of files that are damaged, and of a machine that stops at any moment.

mod amendments;
mod crash;
mod model;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use bgp_core::attribute::PathAttributes;
use bgp_core::types::{Community, LargeCommunity, Prefix};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::config::{CUSTOM_RANGE, Written, WrittenFile};
use crate::inventory::{
    Allocation, Allocations, Doubt, ManifestMark, ObjectCounts, Owner, Provenance, Range, RangeName, ResourcePath,
    Snapshot, SubnetworkRef, Trust,
};
use crate::origination::guard::{Budget, GuardState, Hold, Reason, Tallies, Tally, Window};
use crate::origination::{Blocks, Originated, Origination, OriginationSet, Originations};

fn path(text: &str) -> Arc<ResourcePath> {
    Arc::new(ResourcePath::parse(text).unwrap())
}

fn prefix(text: &str) -> Prefix {
    text.parse().unwrap()
}

/// Something of everything that a record can hold, and as many alias ranges.
fn set(revision: u64, aliases: u32) -> Arc<OriginationSet> {
    Arc::new(whole_set(revision, aliases))
}

fn whole_set(revision: u64, aliases: u32) -> OriginationSet {
    let subnetwork = Arc::new(SubnetworkRef {
        path: ResourcePath::clone(&path("projects/p/regions/r/subnetworks/s")),
        network: ResourcePath::clone(&path("projects/p/global/networks/n")),
        region: "r".to_owned(),
    });
    let (instance, interface) = (path("projects/p/zones/z/instances/a"), Arc::from("nic 0\n\"[\u{2603}"));
    let range = |name, text, allocations| Range {
        subnetwork: Arc::clone(&subnetwork),
        name,
        prefix: prefix(text),
        allocations: Allocations::of_keys(allocations),
    };
    let alias = |number: u32| {
        let instance = path(&format!("projects/p/zones/z/instances/n{}", number / 8));
        let address = std::net::Ipv4Addr::from_bits(0x0A04_0000 + number * 16);
        let owner = Owner::AliasRange { instance, interface: Arc::from("nic0") };
        Allocation { prefix: Prefix::new(address.into(), 28).unwrap(), owner: owner.into() }
    };
    let fixed = vec![
        Allocation {
            prefix: prefix("10.0.0.2/32"),
            owner: Owner::Interface { instance: Arc::clone(&instance), interface: Arc::clone(&interface) }.into(),
        },
        Allocation {
            prefix: prefix("10.0.0.3/32"),
            owner: Owner::Address(path("projects/p/global/addresses/x")).into(),
        },
        Allocation {
            prefix: prefix("10.0.0.3/32"),
            owner: Owner::ForwardingRule(path("projects/p/regions/r/forwardingRules/f")).into(),
        },
    ];
    let snapshot = Snapshot {
        revision,
        trust: Trust::Untrusted(vec![Doubt::Partial, Doubt::Vanished]),
        taken_at: UNIX_EPOCH + Duration::new(1_764_097_147, 5),
        digest: "9f86d081884c7d65".to_owned(),
        ranges: vec![
            range(RangeName::Primary, "10.0.0.0/20", fixed),
            range(RangeName::Secondary(Arc::from("pods")), "10.4.0.0/14", (0..aliases).map(alias).collect()),
            range(RangeName::Ipv6, "fd20::/64", Vec::new()),
        ],
        counts: ObjectCounts { files: 2, subnetworks: 1, alias_ranges: 3, ..ObjectCounts::default() },
        notes: vec!["a note".to_owned()],
        provenance: Provenance {
            path: "/etc/aliasd/inventory".into(),
            network: Some("n".to_owned()),
            files: BTreeMap::from([("all.json".to_owned(), 5)]),
            collections: BTreeMap::from([("projects/p/zones/z/instances".to_owned(), 3)]),
            manifest: Some(ManifestMark { revision: Some(9), created_at: Some(UNIX_EPOCH) }),
        },
    };
    let large = LargeCommunity { global_administrator: 1, local_data_1: 2, local_data_2: u32::MAX };
    let attributes = Arc::new(PathAttributes {
        multi_exit_disc: Some(7),
        communities: vec![Community(1), Community(u32::MAX)],
        large_communities: vec![large],
        ..PathAttributes::default()
    });
    let origination = |ranges: &[usize]| {
        Origination::from(Originated {
            attributes: Arc::clone(&attributes),
            role: "pod".into(),
            cost: 250,
            rule: Some(1),
            ranges: ranges.into(),
            in_use: None,
        })
    };
    let in_use = Blocks::of_list(&prefix("10.4.2.0/24"), [prefix("10.4.2.0/28"), prefix("10.4.2.64/26")]);
    let held = origination(&[1]).with(|one| one.in_use = Some(in_use));
    let plain = Origination::from(Originated {
        attributes: Arc::default(),
        role: "vm".into(),
        cost: 0,
        rule: Some(0),
        ranges: [0, 1].into(),
        in_use: None,
    });
    let custom = plain.with(|one| (one.role, one.rule, one.ranges) = (CUSTOM_RANGE.into(), None, [].into()));
    OriginationSet {
        snapshot: Arc::new(snapshot),
        originations: Originations::from_iter([
            (prefix("10.0.0.0/8"), custom),
            (prefix("10.0.0.0/20"), plain),
            (prefix("10.4.0.0/24"), origination(&[1])),
            (prefix("10.4.2.0/24"), held),
        ]),
        guard: guard(),
        told_by: Arc::new(configuration()),
        ranges: Arc::default(),
        rules: Vec::new(),
    }
}

/// Two files with everything that text may have, and a variable.
fn configuration() -> Written {
    let file = |path: &str, text: &str| WrittenFile { path: path.into(), text: text.to_owned() };
    Written {
        path: "/etc/aliasd/aliasd.toml".into(),
        files: vec![
            file("/etc/aliasd/aliasd.toml", "[router] # \"ours\"\nasn = 64512\r\n\t\u{1F680}\n"),
            file("/etc/aliasd/conf.d/peers.toml", ""),
        ],
        environment: vec![("ALIASD__GUARD__ENABLED".to_owned(), "false".to_owned())],
    }
}

/// One withdrawal that is held, and two that were made.
fn guard() -> GuardState {
    let mut window = Window::default();
    let tallies = Tallies::from([(String::new(), Tally { prefixes: 3, ..Tally::default() })]);
    for seconds in [1000, 1300] {
        window.add(&tallies, Duration::from_secs(600), UNIX_EPOCH + Duration::from_secs(seconds));
    }
    let route = serde_json::json!({
        "role": "pod", "everywhere": true, "peers": ["dc1"], "lost": {"ipv4": 256, "ipv6": "0"}, "protected": false,
        "owners": {"shown": ["10.4.2.0/24 of vm-1"], "total": 1},
    });
    let hold = Hold {
        hash: "02de62528e2cdd51".to_owned(),
        since: UNIX_EPOCH + Duration::from_secs(1400),
        reasons: vec![Reason { budget: Budget::Prefixes, peer: None, wanted: 9, allowed: 5, of: 10 }],
        routes: BTreeMap::from([(prefix("10.4.2.0/24"), serde_json::from_value(route).unwrap())]),
    };
    GuardState { window, hold: Some(Arc::new(hold)) }
}

fn record(set: &OriginationSet) -> Record {
    Record {
        snapshot: Arc::clone(&set.snapshot),
        originations: set.originations.clone(),
        guard: set.guard.clone(),
        told_by: Some(Arc::clone(&set.told_by)),
    }
}

fn restored(directory: &Path) -> (Option<Record>, Vec<String>) {
    let Restored { record, faults } = Journal::new(directory).restore();
    (record, faults)
}

#[test]
fn the_configuration_is_restored_word_for_word_however_long() {
    let folder = TempDir::new().unwrap();
    let mut set = whole_set(1, 3);
    let mut configuration = configuration();
    // As long as a file of a configuration may be, of what takes the most octets in JSON.
    let text = "\u{1}".repeat(4 << 20);
    configuration.files.push(WrittenFile { path: "/etc/aliasd/conf.d/long.toml".into(), text });
    set.told_by = Arc::new(configuration.clone());
    Journal::new(folder.path()).save(&Arc::new(set)).unwrap();
    let (record, faults) = restored(folder.path());
    assert_eq!(faults, Vec::<String>::new());
    let told_by = record.unwrap().told_by.unwrap();
    let Written { path, files, environment } = &*told_by;
    assert_eq!((path, environment), (&configuration.path, &configuration.environment));
    assert!(*files == configuration.files);
}

#[test]
fn a_directory_is_for_one_alone_until_that_one_ends() {
    let folder = TempDir::new().unwrap();
    let directory = folder.path().join("state");
    let lock = JournalLock::take(&directory).unwrap();
    let said = JournalLock::take(&directory).unwrap_err().to_string();
    let file = directory.join("journal.lock");
    let us = format!("{} is locked by another aliasd (process {}", file.display(), std::process::id());
    assert!(said.starts_with(&us), "{said}");
    drop(lock);
    // What the last one wrote, longer than what comes, says nothing of the next one.
    fs::write(&file, "process 1234567890 on a-host-with-a-long-name\n".repeat(9)).unwrap();
    let _next = JournalLock::take(&directory).unwrap();
    assert!(fs::read_to_string(&file).unwrap().starts_with(&format!("process {}", std::process::id())));
    let in_the_way = folder.path().join("file");
    fs::write(&in_the_way, "").unwrap();
    assert!(matches!(JournalLock::take(&in_the_way).unwrap_err(), LockError::Unlockable { .. }));
}

/// A journal of two records, of the revisions 1 and 2.
fn two_records() -> (TempDir, Record, Record) {
    let directory = TempDir::new().unwrap();
    let mut journal = Journal::new(&directory.path().join("state"));
    let (first, second) = (set(1, 3), set(2, 5));
    journal.save(&first).unwrap();
    journal.save(&second).unwrap();
    (directory, record(&first), record(&second))
}

#[test]
fn what_is_written_is_read_and_the_one_before_it_is_kept() {
    let (directory, first, second) = two_records();
    let state = directory.path().join("state");
    assert_eq!(restored(&state), (Some(second), Vec::new()));
    fs::remove_file(state.join("journal")).unwrap();
    assert_eq!(restored(&state), (Some(first), Vec::new()));
    fs::remove_file(state.join("journal.previous")).unwrap();
    assert_eq!(restored(&state), (None, Vec::new()));
    assert_eq!(restored(&directory.path().join("nowhere")), (None, Vec::new()));
}

#[test]
fn a_record_that_is_damaged_or_foreign_gives_way_to_the_one_before_it() {
    let (directory, first, _) = two_records();
    let state = directory.path().join("state");
    let whole = fs::read(state.join("journal")).unwrap();
    let mut cases: Vec<Vec<u8>> = vec![
        Vec::new(),
        b"foreign".to_vec(),
        b"foreign\n".to_vec(),
        [b"aliasd-journal 2\n", &whole[17..]].concat(),
        [b"aliasd-journal 1\n", vec![b'x'; 1 << 21].as_slice()].concat(),
        whole[17..].to_vec(),
    ];
    for place in (0..whole.len()).step_by(7) {
        cases.push(whole[..place].to_vec());
        let mut flipped = whole.clone();
        flipped[place] ^= 1;
        cases.push(flipped);
        let mut longer = whole.clone();
        longer.insert(place, b'[');
        cases.push(longer);
    }
    for damaged in cases {
        fs::write(state.join("journal"), &damaged).unwrap();
        let (record, faults) = restored(&state);
        assert_eq!(record.as_ref(), Some(&first), "{faults:?}");
        assert!(faults.len() == 1 && faults[0].contains("/journal: "), "{faults:?}");
    }
    // With both damaged there is nothing, and both are named; what is written next is whole again.
    fs::write(state.join("journal.previous"), "foreign").unwrap();
    let mut journal = Journal::new(&state);
    let Restored { record: none, faults } = journal.restore();
    assert!(none.is_none() && faults.len() == 2, "{faults:?}");
    journal.save(&set(3, 1)).unwrap();
    assert_eq!(restored(&state), (Some(record(&set(3, 1))), Vec::new()));
}

#[test]
fn a_damaged_record_does_not_take_the_place_of_the_one_before_it() {
    let (directory, first, _) = two_records();
    let state = directory.path().join("state");
    fs::write(state.join("journal"), "damaged").unwrap();
    let mut journal = Journal::new(&state);
    journal.restore();
    journal.save(&set(3, 1)).unwrap();
    fs::remove_file(state.join("journal")).unwrap();
    assert_eq!(restored(&state), (Some(first), Vec::new()));
}

#[test]
fn what_is_no_file_is_named() {
    let directory = TempDir::new().unwrap();
    fs::create_dir(directory.path().join("journal")).unwrap();
    let (record, faults) = restored(directory.path());
    assert!(record.is_none() && faults[0].contains("not a regular file"), "{faults:?}");
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let error = Journal::new(&file.join("state")).save(&set(1, 1)).unwrap_err();
    assert!(error.to_string().starts_with(&file.join("state").display().to_string()), "{error}");
}

/// What is written by a keeper of this directory when these are published one after the other.
async fn kept(directory: &Path, sets: Vec<Arc<OriginationSet>>) -> JournalStatus {
    let (publisher, published) = watch::channel(None);
    let stop = CancellationToken::new();
    let status = JournalStatus { path: Some(directory.to_owned()), ..JournalStatus::default() };
    let JournalKeeper { status, task } = keep(Journal::new(directory), published, status, stop.clone());
    for set in sets {
        publisher.send_replace(Some(set));
    }
    stop.cancel();
    task.await.unwrap();
    let status = status.borrow();
    JournalStatus::clone(&status)
}

#[tokio::test]
async fn what_is_published_last_is_written_before_the_end() {
    let directory = TempDir::new().unwrap();
    let status = kept(directory.path(), vec![set(1, 1), set(2, 1), set(3, 1)]).await;
    assert_eq!((status.written_revision, status.fault), (Some(3), None));
    assert_eq!(restored(directory.path()).0, Some(record(&set(3, 1))));
}

#[tokio::test]
async fn what_cannot_be_written_is_said() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let status = kept(&file, vec![set(1, 1)]).await;
    assert_eq!(status.written_revision, None);
    assert!(status.fault.unwrap().contains("file"));
}

#[test]
fn what_is_the_same_of_many_is_restored_once() {
    let folder = TempDir::new().unwrap();
    let mut set = whole_set(1, 8);
    let one = set.originations.get(&prefix("10.4.0.0/24")).unwrap().clone();
    set.originations.extend([(prefix("10.4.0.0/25"), one.clone()), (prefix("10.4.0.128/25"), one)]);
    Journal::new(folder.path()).save(&Arc::new(set)).unwrap();
    let record = restored(folder.path()).0.unwrap();
    let same = |text: &str| &**record.originations.get(&prefix(text)).unwrap();
    assert!(std::ptr::eq(same("10.4.0.0/24"), same("10.4.0.0/25")));
    assert!(std::ptr::eq(same("10.4.0.0/24"), same("10.4.0.128/25")));
    let ranges = record.snapshot.ranges.iter();
    let aliases: Vec<_> =
        ranges.flat_map(|range| range.allocations.keys()).filter(|one| one.prefix.len() == 28).collect();
    assert_eq!(aliases.len(), 8);
    assert!(aliases.iter().all(|one| Arc::ptr_eq(&one.owner, &aliases[0].owner)));
}
