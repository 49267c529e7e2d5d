//! The machine stops, or the disk fails, at each operation of a write in turn: what is found then is a whole record, the
//! last one or the new one, and the journal goes on from there.

use super::amendments::free;
use super::model::{ModelDisk, Unsynced};
use super::*;

/// Enough for several writes a record, …
const ALIASES: u32 = 20;

/// … of this many octets.
const BUFFER_LEN: usize = 1024;

fn open(disk: &ModelDisk) -> Journal {
    Journal::on(Box::new(disk.clone()), Path::new("/state"), BUFFER_LEN)
}

fn found(disk: &ModelDisk) -> Option<u64> {
    open(disk).restore().record.map(|record| record.snapshot.revision)
}

/// Every state that a crash can leave of this disk, checked for one of these revisions, from which the journal goes on.
fn each_crash_leaves(disk: &ModelDisk, expected: &[Option<u64>], next: &Arc<OriginationSet>) {
    for names in 0..=disk.unsynced_names() {
        for contents in [Unsynced::Nothing, Unsynced::Half, Unsynced::All] {
            let after = disk.after_a_crash(contents, names);
            let found_now = found(&after);
            assert!(expected.contains(&found_now), "{found_now:?} with {contents:?} and {names} names");
            let mut journal = open(&after);
            journal.restore();
            journal.save(next).unwrap();
            assert_eq!(found(&after.after_a_crash(Unsynced::Nothing, 0)), Some(next.snapshot.revision));
        }
    }
}

#[test]
fn a_write_that_is_broken_off_at_any_point_leaves_a_whole_record() {
    each_point_leaves_a_whole_record(&[set(1, ALIASES), set(2, ALIASES), set(3, 1)], &[5, 5, 5]);
}

#[test]
fn an_amendment_that_is_broken_off_at_any_point_leaves_the_one_before_it() {
    let sets = [free(1, 200), free(2, 201), free(3, 199), free(4, 200), set(5, 200)];
    each_point_leaves_a_whole_record(&sets, &[5, 3, 3, 3, 5]);
}

/// With so many operations at least for each.
fn each_point_leaves_a_whole_record(sets: &[Arc<OriginationSet>], operations: &[usize]) {
    let next = set(9, 1);
    for (number, set) in sets.iter().enumerate() {
        let written = |until: usize| {
            let disk = ModelDisk::default();
            let mut journal = open(&disk);
            journal.restore();
            sets.iter().take(until).for_each(|set| journal.save(set).unwrap());
            (disk, journal)
        };
        assert_eq!(found(&written(number + 1).0), Some(set.snapshot.revision));
        let begin = written(number).0.operations();
        let end = written(number + 1).0.operations();
        assert!(end - begin >= operations[number], "{} operations", end - begin);
        assert!(operations[number] > 3 || end - begin == 3, "it is no amendment: {} operations", end - begin);
        let before = number.checked_sub(1).map(|before| sets[before].snapshot.revision);
        let expected = [before, Some(set.snapshot.revision)];
        for operation in begin + 1..=end {
            for stops in [true, false] {
                let (disk, mut journal) = written(number);
                disk.breaks_at(operation, stops);
                journal.save(set).unwrap_err();
                each_crash_leaves(&disk, &expected, &next);
                if !stops {
                    // The disk works again.
                    each_crash_leaves(&disk, &expected, &next);
                    journal.save(&next).unwrap();
                    assert_eq!(found(&disk.after_a_crash(Unsynced::Nothing, 0)), Some(9));
                    assert_eq!(found(&disk), Some(9));
                }
            }
        }
    }
}

#[test]
fn what_was_not_synced_would_be_found_out() {
    // The model is one that can fail: a name given before its content was synced leads to nothing.
    let disk = ModelDisk::default();
    let at = |name: &str| Path::new("/state").join(name);
    let mut file = crate::journal::disk::Disk::create(&disk, &at("journal")).unwrap();
    std::io::Write::write_all(&mut file, b"aliasd-journal 1\n").unwrap();
    let after = disk.after_a_crash(Unsynced::Nothing, 1);
    let restored = open(&after).restore();
    assert!(restored.record.is_none() && restored.faults.len() == 1, "{restored:?}");
}
