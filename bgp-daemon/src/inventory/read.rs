//! One look at the files of an inventory: a state that nobody was writing to, and what it amounts to.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::collection::{Collection, FileCollector, FileObjects, FileTaken, ObjectIndex};
use super::directory::{self, Digest, ListedFile, Listing};
use super::form::Syntax;
use super::hashes::Hashes;
use super::manifest::{Manifest, check_age, check_mark};
use super::object::Interner;
use super::shape::Shape;
use super::validation::{Sound, Validated, validate};
use super::{Doubt, InventoryFault, InventoryFaults, ManifestMark, Provenance, Selection, Snapshot, Trust, form};

/// How often a state that changes while it is read is read again.
pub(super) const MAX_ATTEMPTS: usize = 10;

/// Reads and validates the inventory at `path`, a directory or a single file, once and offline, with nothing before it.
/// The snapshot's revision is 1.
///
/// # Errors
/// Every fault of the inventory, whatever it would cost a daemon that runs, or that it never stood still.
pub fn read(path: &Path, selection: &Selection) -> Result<Snapshot, InventoryFaults> {
    let mut changed = None;
    for _ in 0..MAX_ATTEMPTS {
        let question = Question {
            path,
            selection,
            last: None,
            same_place: None,
            now: SystemTime::now(),
            clock: &|| Duration::ZERO,
        };
        match look(&question, &mut Cache::default(), |_| false) {
            Look::Changed(file) => changed = Some(file),
            Look::Known => {}
            Look::Read(state) => return state.whole(),
        }
    }
    Err(InventoryFaults::new(changed.map(unsteady).into_iter().collect()))
}

/// Reads and validates `octets` as if they were the only file of an inventory, without a look at any file system. A `name`
/// in `.yaml` or `.yml` makes them YAML, any other JSON. The snapshot's revision is 1.
///
/// # Errors
/// Every fault of the inventory, whatever it would cost a daemon that runs.
pub fn read_octets(name: &str, octets: &[u8], selection: &Selection) -> Result<Snapshot, InventoryFaults> {
    octets_over(name, octets, selection, None).whole()
}

/// The same over the snapshot before: what a daemon that runs takes up, and whether that is proven complete. `None` when
/// nothing of it can be used.
#[must_use]
pub fn read_octets_over(
    name: &str,
    octets: &[u8],
    selection: &Selection,
    last: Option<&Snapshot>,
) -> (Option<Snapshot>, Trust) {
    let state = octets_over(name, octets, selection, last);
    (state.snapshot, state.trust)
}

fn octets_over(name: &str, octets: &[u8], selection: &Selection, last: Option<&Snapshot>) -> State {
    let taken_at = SystemTime::now();
    let syntax = directory::syntax_of(name.as_ref()).unwrap_or(Syntax::Json);
    let mut interner = Interner::default();
    let mut collector = FileCollector::new(name, &mut interner);
    form::read_file(syntax, octets, &mut collector);
    let collection = Collection::new(vec![collector.finish().into()], None);
    let question = Question {
        path: Path::new(""),
        selection,
        last,
        same_place: last,
        now: SystemTime::now(),
        clock: &|| Duration::ZERO,
    };
    let files = Files { notes: Vec::new(), taken_at, digest: Digest::of(name, octets), manifest: None };
    judge(collection, files, &question, &mut None).0
}

/// The file was written to each time it was read.
pub(super) fn unsteady(file: String) -> InventoryFault {
    let expected = format!(
        "changed each of the {MAX_ATTEMPTS} times it was read; expected files that are replaced whole, by renaming"
    );
    InventoryFault::of_file(Doubt::Unsteady, file, expected)
}

/// What is to be looked at, and what it is held against.
pub(super) struct Question<'a> {
    pub path: &'a Path,
    pub selection: &'a Selection,
    /// The snapshot before, which stays where the new state is in doubt.
    pub last: Option<&'a Snapshot>,
    /// The same, when it is of this place and network: what is gone from it may be gone by mistake.
    pub same_place: Option<&'a Snapshot>,
    /// The time.
    pub now: SystemTime,
    /// The time since some moment, by a clock that nobody sets.
    pub clock: &'a dyn Fn() -> Duration,
}

/// What one look came to.
#[derive(Debug)]
pub(super) enum Look {
    /// Somebody was writing: this file changed meanwhile.
    Changed(String),
    /// The content is of a digest that the caller knows.
    Known,
    /// A state that stood still.
    Read(Box<State>),
}

/// One state of the files.
#[derive(Debug)]
pub(super) struct State {
    /// Of the contents; empty when there was nothing to read.
    pub digest: String,
    /// Whether it is proven complete.
    pub trust: Trust,
    /// All that is wrong with it.
    pub faults: InventoryFaults,
    /// How many objects are in quarantine.
    pub quarantined: usize,
    /// When its manifest says that it was written.
    pub created_at: Option<SystemTime>,
    /// What it amounts to, over what must stay; `None` when nothing of it can be used. Its revision is 1.
    pub snapshot: Option<Snapshot>,
}

impl State {
    /// Nothing of it can be used.
    fn unusable(faults: InventoryFaults, trust: Trust) -> Self {
        Self { digest: String::new(), trust, faults, quarantined: 0, created_at: None, snapshot: None }
    }

    /// The snapshot when nothing at all is wrong.
    fn whole(self) -> Result<Snapshot, InventoryFaults> {
        self.snapshot.filter(|_| self.faults.is_empty()).ok_or(self.faults)
    }
}

/// What need not be done again.
#[derive(Debug, Default)]
pub(super) struct Cache {
    /// Files that were read without a fault, by name, with the digests of their contents.
    pub files: HashMap<String, (String, Arc<FileObjects>)>,
    /// What files hashed to.
    hashes: Hashes,
    /// Where the objects of the last state stood.
    index: Option<ObjectIndex>,
    /// The last state, when nothing was wrong with it.
    sound: Option<Sound>,
}

/// Looks at the files once. Content whose digest `is_known` is not judged again; of files in the `cache` that have not
/// changed nothing is read again.
pub(super) fn look(question: &Question<'_>, cache: &mut Cache, is_known: impl FnOnce(&str) -> bool) -> Look {
    let path = question.path;
    let listing = match directory::list(path) {
        Ok(listing) => listing,
        Err(expected) => return unreadable(path, expected),
    };
    if let Some(expected) = listing.too_much() {
        return unreadable(path, expected);
    }
    let mut all = Digest::default();
    let manifest = listing.manifest.as_ref().map(|file| (file.name.clone(), manifest(file, &mut all)));
    let known = manifest.as_ref().and_then(|(_, manifest)| manifest.as_ref().ok());
    let (by_file, hashes) = cache.hashes.of(&listing, known, &mut all, (question.clock)());
    let digest = all.finish();
    if is_known(&digest) {
        return changed(path, &listing).map_or(Look::Known, Look::Changed);
    }
    let taken_at = SystemTime::now();
    let collected = collect(&listing, &by_file, cache);
    if let Some(file) = changed(path, &listing) {
        return Look::Changed(file);
    }
    let Some(collection) = collected else {
        // Written to faster than the clock of the file system can tell.
        cache.hashes.forget();
        return Look::Changed(path.display().to_string());
    };
    let manifest = manifest.map(|(name, read)| ReadManifest { name, read, hashes });
    let files = Files { notes: listing.notes, taken_at, digest, manifest };
    let (state, index) = judge(collection, files, question, &mut cache.sound);
    cache.index = Some(index);
    Look::Read(Box::new(state))
}

/// What is known of the files beside the objects in them.
struct Files {
    notes: Vec<String>,
    taken_at: SystemTime,
    digest: String,
    manifest: Option<ReadManifest>,
}

/// A manifest, what came of reading it, and the hashes of the files whose hash it gives.
struct ReadManifest {
    name: String,
    read: Result<Manifest, Box<InventoryFault>>,
    hashes: BTreeMap<String, String>,
}

fn manifest(file: &ListedFile, digest: &mut Digest) -> Result<Manifest, Box<InventoryFault>> {
    let octets = file.octets(digest);
    let fault = |expected| InventoryFault::of_file(Doubt::Manifest, file.name.as_str(), expected);
    let octets = octets.map_err(fault)?;
    Manifest::read(&file.name, file.syntax, &octets)
}

fn unreadable(path: &Path, expected: String) -> Look {
    let fault = InventoryFault::of_file(Doubt::Unreadable, path.display().to_string(), expected);
    let trust = Trust::Untrusted(vec![Doubt::Unreadable]);
    Look::Read(Box::new(State::unusable(InventoryFaults::new(vec![fault]), trust)))
}

/// The first file that is not as it was listed.
fn changed(path: &Path, listing: &Listing) -> Option<String> {
    match directory::list(path) {
        Ok(now) if now == *listing => None,
        Ok(now) => Some(listing.first_difference(&now).map_or_else(|| path.display().to_string(), str::to_owned)),
        Err(_) => Some(path.display().to_string()),
    }
}

/// Reads every file that is not known, one after the other, so that only one is in memory at a time; `None` when one is
/// not what it was when it was hashed.
fn collect(listing: &Listing, by_file: &[String], cache: &mut Cache) -> Option<Collection> {
    let (mut interner, mut known, mut taken) = (Interner::default(), HashMap::new(), Vec::new());
    for (file, digest) in listing.files.iter().zip(by_file) {
        let cached = cache.files.get(&file.name).filter(|(cached, _)| cached == digest);
        let file_taken = match cached {
            Some((_, objects)) => FileTaken::from(Arc::clone(objects)),
            None => {
                let mut collector = FileCollector::new(&file.name, &mut interner);
                let mut read = Digest::default();
                match file.octets(&mut read) {
                    Ok(octets) => form::read_file(file.syntax, &octets, &mut collector),
                    Err(expected) => {
                        collector.fault(InventoryFault::of_file(Doubt::Unreadable, file.name.as_str(), expected));
                    }
                }
                if read.finish() != *digest {
                    return None;
                }
                FileTaken::from(collector.finish())
            }
        };
        if file_taken.faults.is_empty() {
            known.insert(file.name.clone(), (digest.clone(), Arc::clone(&file_taken.objects)));
        }
        taken.push(file_taken);
    }
    cache.files = known;
    Some(Collection::new(taken, cache.index.take()))
}

fn judge(
    mut collection: Collection,
    files: Files,
    question: &Question<'_>,
    sound: &mut Option<Sound>,
) -> (State, ObjectIndex) {
    let Files { notes, taken_at, digest, manifest } = files;
    notes.into_iter().for_each(|note| collection.notes.push(note));
    let Question { selection, last, same_place, .. } = *question;
    let (mark, has_manifest) = check_manifest(&mut collection, manifest, question);
    let shape = Shape { scopes: &selection.scopes, allow_empty: selection.allow_empty, last: same_place, has_manifest };
    let validated = validate(&mut collection, selection, last, &shape, sound);
    let Collection { files, faults, notes, quarantine, index, .. } = collection;
    let trust = faults.trust();
    let faults = faults.into_faults();
    let created_at = mark.as_ref().and_then(|mark| mark.created_at);
    let Some(Validated { ranges, counts, collections }) = validated else {
        return (State { digest, created_at, ..State::unusable(faults, trust) }, index);
    };
    let files = files.iter().map(|objects| (objects.file.to_string(), objects.objects.len())).collect();
    let (path, network) = (question.path.to_owned(), selection.network.clone());
    let mut provenance = Provenance { path, network, files, collections, manifest: mark };
    if let Some(last) = same_place.filter(|_| !trust.is_trusted()) {
        provenance.remember(&last.provenance);
    }
    let snapshot = Snapshot {
        revision: 1,
        trust: trust.clone(),
        taken_at,
        digest: digest.clone(),
        ranges,
        counts,
        notes: notes.into_notes(),
        provenance,
    };
    let (quarantined, snapshot) = (quarantine.len(), Some(snapshot));
    (State { digest, trust, faults, quarantined, created_at, snapshot }, index)
}

/// What is kept of the manifest, and whether all is as it says.
fn check_manifest(
    collection: &mut Collection,
    manifest: Option<ReadManifest>,
    question: &Question<'_>,
) -> (Option<ManifestMark>, bool) {
    let (mut faults, mut mark, mut name) = (Vec::new(), None, None);
    if let Some(ReadManifest { name: file, read, hashes }) = manifest {
        name = Some(file);
        match read {
            Ok(manifest) => {
                faults.extend(manifest.check(collection, &hashes));
                mark = Some(manifest.mark);
            }
            Err(fault) => faults.push(*fault),
        }
    }
    faults.extend(check_mark(name.as_deref(), mark.as_ref(), question.selection, question.same_place));
    let created_at = mark.as_ref().and_then(|mark| mark.created_at);
    let is_as_said = mark.is_some() && faults.is_empty();
    faults.extend(check_age(created_at, question.selection, question.now));
    faults.into_iter().for_each(|fault| collection.faults.push(fault));
    (mark, is_as_said)
}
