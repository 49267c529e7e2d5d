//! One look at the files of an inventory: a state that nobody was writing to, and what it amounts to.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use super::collection::{Collection, FileObjects};
use super::directory::{self, Digest, Listing};
use super::form::Syntax;
use super::validation::{Validated, validate};
use super::{InventoryFault, InventoryFaults, ObjectCounts, Range, Selection, Snapshot, form};

/// How often a state that changes while it is read is read again.
pub(super) const MAX_ATTEMPTS: usize = 10;

/// Reads and validates the inventory at `path`, a directory or a single file, once and offline. The snapshot's revision
/// is 1.
///
/// # Errors
/// Every fault of the inventory, or that it never stood still.
pub fn read(path: &Path, selection: &Selection) -> Result<Snapshot, InventoryFaults> {
    let mut changed = None;
    for _ in 0..MAX_ATTEMPTS {
        match look(path, selection, None, |_| false) {
            Look::Changed(file) => changed = Some(file),
            Look::Known(_) => {}
            Look::Read(state) => {
                let State { digest, verdict } = *state;
                return verdict.map(|contents| contents.into_snapshot(1, digest));
            }
        }
    }
    Err(InventoryFaults::new(changed.map(unsteady).into_iter().collect()))
}

/// Reads and validates `octets` as if they were the only file of an inventory, without a look at any file system. A `name`
/// in `.yaml` or `.yml` makes them YAML, any other JSON. The snapshot's revision is 1.
///
/// # Errors
/// Every fault of the inventory.
pub fn read_octets(name: &str, octets: &[u8], selection: &Selection) -> Result<Snapshot, InventoryFaults> {
    let taken_at = SystemTime::now();
    let mut collection = Collection::default();
    let syntax = directory::syntax_of(name.as_ref()).unwrap_or(Syntax::Json);
    form::read_file(syntax, octets, &mut collection.begin_file(name));
    let contents = judge(collection, Vec::new(), taken_at, selection, None)?;
    Ok(contents.into_snapshot(1, Digest::of(name, octets)))
}

/// The file was written to each time it was read.
pub(super) fn unsteady(file: String) -> InventoryFault {
    let expected = format!(
        "changed each of the {MAX_ATTEMPTS} times it was read; expected files that are replaced whole, by renaming"
    );
    InventoryFault::of_file(file, expected)
}

/// What one look came to.
#[derive(Debug)]
pub(super) enum Look {
    /// Somebody was writing: this file changed meanwhile.
    Changed(String),
    /// The content is of this digest, which the caller knows.
    Known(String),
    /// A state that stood still.
    Read(Box<State>),
}

/// One state of the files.
#[derive(Debug)]
pub(super) struct State {
    /// Of the contents; empty when there was nothing to read.
    pub digest: String,
    pub verdict: Result<Contents, InventoryFaults>,
}

/// A valid inventory.
#[derive(Debug)]
pub(super) struct Contents {
    pub taken_at: SystemTime,
    pub ranges: Vec<Range>,
    pub counts: ObjectCounts,
    pub notes: Vec<String>,
    /// The objects of each file.
    pub files: Arc<[FileObjects]>,
}

impl Contents {
    /// The snapshot of that revision.
    pub fn into_snapshot(self, revision: u64, digest: String) -> Snapshot {
        let Self { taken_at, ranges, counts, notes, files: _ } = self;
        Snapshot { revision, taken_at, digest, ranges, counts, notes }
    }
}

/// Looks at the files once. Content whose digest `is_known` is not judged again; `previous` are the objects of the last
/// good state of the same place: a file of theirs that is gone is no proof that its objects are.
pub(super) fn look(
    path: &Path,
    selection: &Selection,
    previous: Option<&[FileObjects]>,
    is_known: impl FnOnce(&str) -> bool,
) -> Look {
    let listing = match directory::list(path) {
        Ok(listing) => listing,
        Err(expected) => return unreadable(path, expected),
    };
    if let Some(expected) = listing.too_much() {
        return unreadable(path, expected);
    }
    let digest = digest(&listing);
    if is_known(&digest) {
        return changed(path, &listing).map_or(Look::Known(digest), Look::Changed);
    }
    let taken_at = SystemTime::now();
    let (collection, read) = collect(&listing);
    if let Some(file) = changed(path, &listing) {
        return Look::Changed(file);
    }
    if read != digest {
        // Written to faster than the clock of the file system can tell.
        return Look::Changed(path.display().to_string());
    }
    let verdict = judge(collection, listing.notes, taken_at, selection, previous);
    Look::Read(Box::new(State { digest, verdict }))
}

fn unreadable(path: &Path, expected: String) -> Look {
    let fault = InventoryFault::of_file(path.display().to_string(), expected);
    Look::Read(Box::new(State { digest: String::new(), verdict: Err(InventoryFaults::new(vec![fault])) }))
}

/// The first file that is not as it was listed.
fn changed(path: &Path, listing: &Listing) -> Option<String> {
    match directory::list(path) {
        Ok(now) if now == *listing => None,
        Ok(now) => Some(listing.first_difference(&now).map_or_else(|| path.display().to_string(), str::to_owned)),
        Err(_) => Some(path.display().to_string()),
    }
}

fn digest(listing: &Listing) -> String {
    let mut digest = Digest::default();
    for file in &listing.files {
        // What is wrong with a file is part of the digest, and is said when the files are read for good.
        let _in_digest = file.hash(&mut digest, |_| {});
    }
    digest.finish()
}

/// Reads every file, one after the other, so that only one is in memory at a time.
fn collect(listing: &Listing) -> (Collection, String) {
    let mut collection = Collection::default();
    let mut digest = Digest::default();
    for file in &listing.files {
        let mut collector = collection.begin_file(&file.name);
        match file.octets(&mut digest) {
            Ok(octets) => form::read_file(file.syntax, &octets, &mut collector),
            Err(expected) => collector.fault(InventoryFault::of_file(file.name.as_str(), expected)),
        }
    }
    (collection, digest.finish())
}

fn judge(
    mut collection: Collection,
    passed_over: Vec<String>,
    taken_at: SystemTime,
    selection: &Selection,
    previous: Option<&[FileObjects]>,
) -> Result<Contents, InventoryFaults> {
    passed_over.into_iter().for_each(|note| collection.notes.push(note));
    check_gone(previous.unwrap_or_default(), &mut collection);
    let Validated { ranges, counts } = validate(&mut collection, selection);
    if !collection.faults.is_empty() {
        return Err(collection.faults.into_faults());
    }
    let (notes, files) = (collection.notes.into_notes(), collection.files.into());
    Ok(Contents { taken_at, ranges, counts, notes, files })
}

/// A file that is gone is believed only when all of its objects stand in other files.
fn check_gone(previous: &[FileObjects], collection: &mut Collection) {
    for before in previous {
        if collection.files.iter().any(|now| now.file == before.file) {
            continue;
        }
        let mut missing = before.objects.iter().filter(|object| !collection.contains(object));
        let Some((kind, path)) = missing.next() else { continue };
        let others = match missing.count() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let expected =
            format!("is gone, and with it {kind} {path}{others}; put an empty list [] in its place if its objects are");
        collection.faults.push(InventoryFault::of_file(&*before.file, expected));
    }
}
