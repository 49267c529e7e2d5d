//! All objects of all files, before anything is known of how they fit together.
//!
//! A file is read by itself, so that what was read of one that has not changed can be used again.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::findings::{FaultLog, NoteLog};
use super::object::{self, Interface, Interner, Kind, Object, ObjectReader, Reservation, Subnetwork, Written};
use super::{Doubt, Effect, InventoryFault, ResourcePath};

/// Scopes that are kept of one file: more than all clouds have zones and regions.
const MAX_SCOPES: usize = 1000;

/// Most octets of the name of a scope that is kept.
const MAX_SCOPE_LEN: usize = 100;

/// An object, by what it is and what it is called.
pub(super) type ObjectId = (Kind, Arc<ResourcePath>);

/// What stands in one file.
#[derive(Debug)]
pub(super) struct FileObjects {
    /// The file's name.
    pub file: Arc<str>,
    /// Which objects, each once, whichever network they belong to.
    pub objects: Vec<ObjectId>,
    pub subnetworks: Vec<Subnetwork>,
    pub interfaces: Vec<Interface>,
    pub reservations: Vec<Reservation>,
    /// The collections that they stand in, as `projects/p/zones/z/instances`; ascending.
    pub parents: BTreeSet<String>,
    /// The zones and regions that it says it holds all of, as `zones/us-central1-a`, whether or not there is anything.
    pub scopes: Vec<String>,
    pub notes: NoteLog,
}

impl FileObjects {
    /// How many claims to addresses stand in it.
    pub fn claims(&self) -> usize {
        self.reservations.len() + self.interfaces.iter().map(|interface| interface.claims.len()).sum::<usize>()
    }
}

/// A file that was read.
#[derive(Debug)]
pub(super) struct FileRead {
    pub objects: FileObjects,
    pub faults: FaultLog,
    /// Objects at fault.
    faulty: Vec<ObjectId>,
}

/// A file as it is taken in.
#[derive(Debug)]
pub(super) struct FileTaken {
    pub objects: Arc<FileObjects>,
    pub faults: FaultLog,
    faulty: Vec<ObjectId>,
}

impl From<FileRead> for FileTaken {
    fn from(FileRead { objects, faults, faulty }: FileRead) -> Self {
        Self { objects: Arc::new(objects), faults, faulty }
    }
}

/// One of which nothing was wrong when it was read, which it has not changed since.
impl From<Arc<FileObjects>> for FileTaken {
    fn from(objects: Arc<FileObjects>) -> Self {
        Self { objects, faults: FaultLog::default(), faulty: Vec::new() }
    }
}

/// Where every object stands.
#[derive(Debug, Default)]
pub(super) struct ObjectIndex {
    files: Vec<Arc<FileObjects>>,
    /// Every object and the file it stands in, an index into `files`. A path says of which kind it is.
    seen: HashMap<Arc<ResourcePath>, u32>,
    repeated: Vec<Repeated>,
}

/// An object that stands in a file too, and first in another.
#[derive(Debug)]
struct Repeated {
    file: u32,
    id: ObjectId,
    first: u32,
}

impl ObjectIndex {
    fn of(files: &[Arc<FileObjects>]) -> Self {
        let mut index = Self { files: files.to_vec(), ..Self::default() };
        for (file, objects) in (0..).zip(files) {
            index.add(file, objects);
        }
        index
    }

    /// That of `files`, if they are the same ones and no object stands twice; looks only at those that have changed.
    fn exchanged(mut self, files: &[Arc<FileObjects>]) -> Option<Self> {
        let same_names = self.files.len() == files.len()
            && self.files.iter().zip(files).all(|(before, now)| before.file == now.file);
        if !same_names || !self.repeated.is_empty() {
            return None;
        }
        let before = std::mem::replace(&mut self.files, files.to_vec());
        let pairs = (0..).zip(before.iter().zip(files));
        let changed: Vec<_> = pairs.filter(|(_, (before, now))| !Arc::ptr_eq(before, now)).collect();
        for (_, (before, _)) in &changed {
            for id in &before.objects {
                self.seen.remove(&id.1);
            }
        }
        for (file, (_, now)) in changed {
            self.add(file, now);
        }
        // Which of two counts depends on the order of all files.
        self.repeated.is_empty().then_some(self)
    }

    fn add(&mut self, file: u32, objects: &FileObjects) {
        for id in &objects.objects {
            match self.seen.entry(Arc::clone(&id.1)) {
                Entry::Vacant(place) => drop(place.insert(file)),
                Entry::Occupied(first) => {
                    let first = *first.get();
                    self.repeated.push(Repeated { file, id: id.clone(), first });
                }
            }
        }
    }
}

/// What was read, and what is wrong with it.
#[derive(Debug, Default)]
pub(super) struct Collection {
    pub files: Vec<Arc<FileObjects>>,
    pub faults: FaultLog,
    pub notes: NoteLog,
    /// Objects at fault: each keeps what it had.
    pub quarantine: HashSet<ObjectId>,
    pub index: ObjectIndex,
    /// Objects that stand in this file too, and first in another.
    repeated: HashSet<(u32, ObjectId)>,
}

impl Collection {
    /// These files. `index` is that of others, of which most are the same perhaps.
    pub fn new(files: Vec<FileTaken>, index: Option<ObjectIndex>) -> Self {
        let objects: Vec<Arc<FileObjects>> = files.iter().map(|file| Arc::clone(&file.objects)).collect();
        let index = index.and_then(|index| index.exchanged(&objects)).unwrap_or_else(|| ObjectIndex::of(&objects));
        let mut all = Self { files: objects, ..Self::default() };
        let mut repeated = index.repeated.iter().peekable();
        for (number, FileTaken { objects, faults, faulty }) in (0..).zip(files) {
            all.faults.absorb(faults);
            all.quarantine.extend(faulty);
            while let Some(Repeated { id, first, .. }) = repeated.next_if(|one| one.file == number) {
                let first = all.file_name(*first);
                all.faults.push(stands_twice(&objects.file, id, first));
                all.quarantine.insert(id.clone());
                all.repeated.insert((number, id.clone()));
            }
            all.notes.absorb(&objects.notes);
        }
        all.index = index;
        all
    }

    /// The name of a file.
    pub fn file_name(&self, file: u32) -> &str {
        let place = usize::try_from(file).ok();
        place.and_then(|place| self.files.get(place)).map_or("", |objects| &objects.file)
    }

    /// The files with their indices.
    pub fn indexed(&self) -> impl Iterator<Item = (u32, Arc<FileObjects>)> + use<> {
        (0..).zip(self.files.clone())
    }

    /// Whether the object was read from any file.
    pub fn contains(&self, path: &ResourcePath) -> bool {
        self.index.seen.contains_key(path)
    }

    /// Whether the object counts as it stands in this file: not when another file has it already.
    pub fn counts(&self, file: u32, kind: Kind, path: &Arc<ResourcePath>) -> bool {
        self.repeated.is_empty() || !self.repeated.contains(&(file, (kind, Arc::clone(path))))
    }

    /// Whether something could not be read, so that what seems to be missing may stand there.
    pub fn is_incomplete(&self) -> bool {
        [Doubt::Unreadable, Doubt::Partial, Doubt::MorePages].iter().any(|doubt| self.faults.has(*doubt))
    }

    /// Whether something speaks against the state.
    pub fn is_doubtful(&self) -> bool {
        !self.faults.trust().is_trusted()
    }
}

fn stands_twice(file: &str, (kind, path): &ObjectId, first: &str) -> InventoryFault {
    InventoryFault {
        effect: Effect::Quarantine,
        file: Some(file.to_owned()),
        line: None,
        object: Some(format!("{kind} {path}")),
        field: None,
        value: None,
        expected: format!("stands twice, first in {first}; expected each object once"),
    }
}

/// Takes in the objects of one file.
pub(super) struct FileCollector<'a> {
    pub file: Arc<str>,
    read: FileRead,
    seen: HashSet<ObjectId>,
    interner: &'a mut Interner,
}

impl<'a> FileCollector<'a> {
    /// Begins a file.
    pub fn new(file: &str, interner: &'a mut Interner) -> Self {
        let file: Arc<str> = Arc::from(file);
        let objects = FileObjects {
            file: Arc::clone(&file),
            objects: Vec::new(),
            parents: BTreeSet::new(),
            subnetworks: Vec::new(),
            interfaces: Vec::new(),
            reservations: Vec::new(),
            scopes: Vec::new(),
            notes: NoteLog::default(),
        };
        let read = FileRead { objects, faults: FaultLog::default(), faulty: Vec::new() };
        Self { file, read, seen: HashSet::new(), interner }
    }

    /// Ends the file.
    pub fn finish(mut self) -> FileRead {
        // They stay as long as the file.
        self.read.objects.objects.shrink_to_fit();
        self.read.objects.interfaces.shrink_to_fit();
        self.read
    }

    /// The file, or a part of it, is not what it should be.
    pub fn fault(&mut self, fault: InventoryFault) {
        self.read.faults.push(fault);
    }

    /// A fault of the file at that place in it.
    pub fn fault_at(
        &mut self,
        doubt: Doubt,
        field: impl Into<String>,
        value: Option<String>,
        expected: impl Into<String>,
    ) {
        let fault = InventoryFault::of_file(doubt, &*self.file, expected);
        self.fault(InventoryFault { field: Some(field.into()), value, ..fault });
    }

    /// Something worth knowing about the file.
    pub fn note(&mut self, note: &str) {
        self.read.objects.notes.push(format!("{}: {note}", self.file));
    }

    /// The file says that it holds all of that zone or region.
    pub fn holds_all_of(&mut self, scope: String) {
        if self.read.objects.scopes.len() < MAX_SCOPES && scope.len() <= MAX_SCOPE_LEN {
            self.read.objects.scopes.push(scope);
        }
    }

    /// Takes one object in. `kind` is what the place it stands in says; `place` is how that is shown.
    pub fn object(&mut self, kind: Option<Kind>, place: String, written: &Written<Object>) {
        const EXPECTED: &str = "expected an object";
        let object = match written {
            Written::Given(object) => object,
            Written::Absent => return self.fault_at(Doubt::Unreadable, place, Some("null".to_owned()), EXPECTED),
            Written::Wrong(value) => return self.fault_at(Doubt::Unreadable, place, Some(value.clone()), EXPECTED),
        };
        let Some(kind) = self.kind(kind, &place, object) else { return };
        // Without a name it may be any object: none of them can be said to be gone.
        let mut reader = self.reader(place, Effect::Untrusted(Doubt::Unreadable));
        let Some(path) = object::identity(kind, object, &mut reader) else { return };
        let id = (kind, Arc::new(path));
        if !self.seen.insert(id.clone()) {
            self.read.faults.push(stands_twice(&self.file, &id, "this file"));
            self.read.faulty.push(id);
            return;
        }
        let FileObjects { objects, parents, .. } = &mut self.read.objects;
        if !parents.contains(id.1.parent()) {
            parents.insert(id.1.parent().to_owned());
        }
        objects.push(id.clone());
        self.read(&id, object);
    }

    fn kind(&mut self, of_place: Option<Kind>, place: &str, object: &Object) -> Option<Kind> {
        const KINDS: &str = "compute#subnetwork, compute#instance, compute#address or compute#forwardingRule";
        let mut fault = |value: &str, expected: String| {
            self.fault_at(Doubt::Unreadable, format!("{place}.kind"), Some(value.to_owned()), expected);
        };
        let said = match &object.kind {
            Written::Absent => None,
            Written::Given(kind) => match Kind::of_object(kind) {
                Some(kind) => Some(kind),
                None => {
                    fault(kind, format!("expected {KINDS}"));
                    return None;
                }
            },
            Written::Wrong(value) => {
                fault(value, format!("expected {KINDS}"));
                return None;
            }
        };
        if let (Some(said), Some(of_place)) = (said, of_place)
            && said != of_place
        {
            fault(&format!("compute#{}", said.api_name()), format!("expected compute#{}", of_place.api_name()));
            return None;
        }
        let kind = said.or(of_place).or_else(|| Kind::guess(object));
        if kind.is_none() {
            let expected = format!("not an object that is known here; expected kind {KINDS}");
            self.fault_at(Doubt::Unreadable, place, None, expected);
        }
        kind
    }

    fn read(&mut self, id: &ObjectId, object: &Object) {
        let (kind, path) = id;
        let effect = match kind {
            // What lies in it cannot be judged without it.
            Kind::Subnetwork => Effect::Untrusted(Doubt::Subnetwork),
            Kind::Instance | Kind::Address | Kind::ForwardingRule => Effect::Quarantine,
        };
        let mut reader = self.reader(format!("{kind} {path}"), effect);
        let (mut subnetwork, mut interfaces, mut reservation) = (None, Vec::new(), None);
        match kind {
            Kind::Subnetwork => subnetwork = Some(object::subnetwork(path, object, &mut reader)),
            Kind::Instance => interfaces = object::instance(path, object, &mut reader),
            Kind::Address => reservation = object::address(path, object, &mut reader),
            Kind::ForwardingRule => reservation = object::forwarding_rule(path, object, &mut reader),
        }
        let is_faulty = !reader.is_sound && effect == Effect::Quarantine;
        let FileRead { objects, faulty, .. } = &mut self.read;
        objects.subnetworks.extend(subnetwork);
        objects.interfaces.extend(interfaces);
        objects.reservations.extend(reservation);
        faulty.extend(is_faulty.then(|| id.clone()));
    }

    fn reader(&mut self, label: String, effect: Effect) -> ObjectReader<'_> {
        ObjectReader {
            file: &self.file,
            label,
            effect,
            faults: &mut self.read.faults,
            notes: &mut self.read.objects.notes,
            interner: self.interner,
            is_sound: true,
        }
    }
}
