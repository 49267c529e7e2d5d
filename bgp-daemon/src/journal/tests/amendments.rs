//! Amendments: what changes a little, written behind the record that it changes.

use proptest::prelude::*;

use super::*;

/// A set of which nothing is held, so that it can be amended.
pub fn free(revision: u64, aliases: u32) -> Arc<OriginationSet> {
    let mut set = whole_set(revision, aliases);
    set.guard.hold = None;
    // What is in use of what is not held follows from the snapshot, and is not written.
    let follows = |(prefix, one): (&Prefix, &Origination)| (*prefix, one.with(|one| one.in_use = None));
    set.originations = set.originations.iter().map(follows).collect();
    Arc::new(set)
}

/// What changes from one set to the next.
#[derive(Clone, Debug)]
enum Step {
    Aliases(u32),
    /// The origination of this block goes, or comes as this rule's, of these ranges.
    Origination(u8, Option<(usize, bool)>),
    Attributes(u32),
    Window,
    Files(usize),
    Ranges,
    Configuration(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let origination = (0..4_u8, prop::option::of((0..3_usize, any::<bool>())));
    prop_oneof![
        3 => (150..250_u32).prop_map(Step::Aliases),
        1 => (0..60_u32).prop_map(Step::Aliases),
        4 => origination.prop_map(|(block, made)| Step::Origination(block, made)),
        1 => (0..3_u32).prop_map(Step::Attributes),
        1 => Just(Step::Window),
        1 => (0..4_usize).prop_map(Step::Files),
        1 => Just(Step::Ranges),
        1 => (0..3_u8).prop_map(Step::Configuration),
    ]
}

fn next(set: &OriginationSet, step: &Step) -> Arc<OriginationSet> {
    let revision = set.snapshot.revision + 1;
    let (mut set, mut snapshot) = (set.clone(), Snapshot::clone(&set.snapshot));
    snapshot.revision = revision;
    match step {
        Step::Aliases(aliases) => {
            let other = whole_set(revision, *aliases);
            // As a snapshot that follows another: what does not change is shared.
            for (range, other) in snapshot.ranges.iter_mut().zip(&other.snapshot.ranges) {
                let before = range.allocations.clone();
                for change in before.changes(&other.allocations) {
                    match change.after {
                        Some(()) => drop(range.allocations.insert(change.key.clone(), ())),
                        None => drop(range.allocations.remove(change.key)),
                    }
                }
            }
        }
        Step::Origination(block, made) => {
            let prefix = prefix(&format!("10.4.{block}.0/24"));
            match made {
                Some((rule, both)) => {
                    let ranges: &[usize] = if *both { &[0, 1] } else { &[1] };
                    let (role, ranges) = ("pod".into(), ranges.into());
                    let one = Originated {
                        attributes: Arc::default(),
                        role,
                        cost: u32::from(*both) * 250,
                        rule: Some(*rule),
                        ranges,
                        in_use: None,
                    };
                    set.originations.insert(prefix, one.into());
                }
                None => drop(set.originations.remove(&prefix)),
            }
        }
        Step::Attributes(med) => {
            let attributes = Arc::new(PathAttributes { multi_exit_disc: Some(*med), ..PathAttributes::default() });
            let first = set.originations.iter().next().map(|(prefix, one)| (*prefix, one.clone()));
            set.originations.extend(first.map(|(prefix, one)| (prefix, one.with(|one| one.attributes = attributes))));
        }
        Step::Window => {
            let tallies = Tallies::from([("dc1".to_owned(), Tally { prefixes: revision, ..Tally::default() })]);
            set.guard.window.add(&tallies, Duration::from_secs(600), UNIX_EPOCH + Duration::from_secs(revision * 100));
        }
        Step::Files(files) => {
            snapshot.provenance.files = (0..*files).map(|file| (format!("{file}.json"), file)).collect();
        }
        Step::Ranges => {
            snapshot.ranges.pop();
        }
        Step::Configuration(number) => {
            let (path, text) = ("/etc/aliasd/aliasd.toml".into(), format!("# {number}"));
            set.told_by = Arc::new(Written { path, files: vec![], environment: vec![("A".to_owned(), text)] });
        }
    }
    set.snapshot = Arc::new(snapshot);
    Arc::new(set)
}

fn sequence(steps: &[Step]) -> Vec<Arc<OriginationSet>> {
    let mut sets = vec![free(1, 200)];
    for step in steps {
        sets.push(next(sets.last().unwrap(), step));
    }
    sets
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn whatever_changes_what_is_read_is_what_was_written_last(steps in prop::collection::vec(step(), 1..20)) {
        let directory = TempDir::new().unwrap();
        let mut journal = Journal::new(directory.path());
        for set in sequence(&steps) {
            journal.save(&set).unwrap();
            let (read, faults) = restored(directory.path());
            let told_by = read.as_ref().and_then(|read| read.told_by.clone()).unwrap();
            prop_assert!(told_by.is_same_text(&set.told_by), "{:?}", told_by);
            prop_assert_eq!((read, faults), (Some(record(&set)), Vec::new()));
        }
    }
}

/// A journal of a record with two amendments, what it says with each of them, and where each ends.
fn amended() -> (TempDir, Vec<Record>, Vec<usize>) {
    let directory = TempDir::new().unwrap();
    let (mut journal, mut ends) = (Journal::new(directory.path()), Vec::new());
    let sets = sequence(&[Step::Aliases(201), Step::Origination(3, Some((2, true)))]);
    for set in &sets {
        journal.save(set).unwrap();
        ends.push(fs::read(directory.path().join("journal")).unwrap().len());
    }
    (directory, sets.iter().map(|set| record(set)).collect(), ends)
}

#[test]
fn what_changes_a_little_is_written_behind_what_there_is() {
    let (directory, records, ends) = amended();
    assert!(!directory.path().join("journal.previous").exists(), "the record was replaced");
    assert!(ends[1] - ends[0] < ends[0] / 3, "{ends:?}");
    assert_eq!(restored(directory.path()), (records.last().cloned(), Vec::new()));
}

#[test]
fn a_file_that_ends_anywhere_says_what_stands_whole_in_it() {
    let (directory, records, ends) = amended();
    let path = directory.path().join("journal");
    let text = fs::read(&path).unwrap();
    for len in (0..ends[0]).step_by(61).chain((ends[0]..text.len()).step_by(3)) {
        fs::write(&path, &text[..len]).unwrap();
        let whole = ends.iter().take_while(|end| **end <= len).count();
        let (record, faults) = restored(directory.path());
        assert_eq!(record.as_ref(), whole.checked_sub(1).map(|last| &records[last]), "of {len} octets");
        assert_eq!(faults.is_empty(), whole > 0, "of {len} octets: {faults:?}");
    }
}

#[test]
fn damage_behind_a_record_is_said_and_costs_what_follows_it() {
    let (directory, records, ends) = amended();
    let path = directory.path().join("journal");
    let text = fs::read(&path).unwrap();
    for place in (ends[0]..text.len()).step_by(3) {
        let mut damaged = text.clone();
        damaged[place] ^= 1;
        fs::write(&path, &damaged).unwrap();
        let whole = ends.iter().take_while(|end| **end <= place).count();
        let (record, faults) = restored(directory.path());
        assert_eq!(record.as_ref(), Some(&records[whole - 1]), "at {place}");
        // The last line break may be what is damaged: then it looks as if it was broken off.
        assert!(!faults.is_empty() || place >= text.len() - 2, "at {place}");
    }
    // What is written next is a record of its own, and the damaged one is the one before it.
    let mut journal = Journal::new(directory.path());
    journal.restore();
    journal.save(&set(9, 1)).unwrap();
    assert_eq!(restored(directory.path()), (Some(record(&set(9, 1))), Vec::new()));
}

#[test]
fn a_journal_that_somebody_removes_is_written_anew() {
    let directory = TempDir::new().unwrap();
    let (mut journal, sets) = (Journal::new(directory.path()), sequence(&[Step::Aliases(201), Step::Aliases(202)]));
    journal.save(&sets[0]).unwrap();
    fs::remove_file(directory.path().join("journal")).unwrap();
    let error = journal.save(&sets[1]).unwrap_err().to_string();
    assert!(error.contains("journal: "), "{error}");
    journal.save(&sets[2]).unwrap();
    assert_eq!(restored(directory.path()), (Some(record(&sets[2])), Vec::new()));
}

#[test]
fn a_file_does_not_grow_beyond_twice_what_it_says() {
    let directory = TempDir::new().unwrap();
    let (mut journal, mut set, mut longest) = (Journal::new(directory.path()), free(1, 200), 0);
    journal.save(&set).unwrap();
    let len = || usize::try_from(fs::metadata(directory.path().join("journal")).unwrap().len()).unwrap();
    let first = len();
    for number in 0..100 {
        set = next(&set, &Step::Aliases(200 + number % 2));
        journal.save(&set).unwrap();
        longest = longest.max(len());
    }
    assert!(longest > first && longest < first * 2, "{first} {longest}");
    assert_eq!(restored(directory.path()), (Some(record(&set)), Vec::new()));
}
