//! All objects of all files, before anything is known of how they fit together.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::findings::{FaultLog, NoteLog};
use super::object::{self, Interface, Interner, Kind, Object, ObjectReader, Reservation, Subnetwork, Written};
use super::{InventoryFault, ResourcePath};

/// An object, by what it is and what it is called.
pub(super) type ObjectId = (Kind, Arc<ResourcePath>);

/// The objects of one file.
#[derive(Clone, Debug)]
pub(super) struct FileObjects {
    /// The file's name.
    pub file: Arc<str>,
    /// What was in it, whichever network it belongs to.
    pub objects: Vec<ObjectId>,
}

/// Something and the file it was read from, an index into [`Collection::files`].
#[derive(Debug)]
pub(super) struct FromFile<T> {
    pub file: u32,
    pub value: T,
}

/// What was read, and what is wrong with it.
#[derive(Debug, Default)]
pub(super) struct Collection {
    pub files: Vec<FileObjects>,
    pub subnetworks: Vec<FromFile<Subnetwork>>,
    pub interfaces: Vec<FromFile<Interface>>,
    pub reservations: Vec<FromFile<Reservation>>,
    pub faults: FaultLog,
    pub notes: NoteLog,
    /// Whether something could not be read, so that what seems to be missing may stand there.
    pub is_incomplete: bool,
    /// Every object and the file it stands in.
    seen: HashMap<ObjectId, u32>,
    interner: Interner,
}

impl Collection {
    /// Begins a file: the objects that follow are its own.
    pub fn begin_file(&mut self, file: &str) -> FileCollector<'_> {
        let index = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
        let name: Arc<str> = Arc::from(file);
        self.files.push(FileObjects { file: Arc::clone(&name), objects: Vec::new() });
        FileCollector { file: name, index, collection: self }
    }

    /// The name of a file.
    pub fn file_name(&self, file: u32) -> &str {
        let place = usize::try_from(file).ok();
        place.and_then(|place| self.files.get(place)).map_or("", |objects| &objects.file)
    }

    /// Whether the object was read from any file.
    pub fn contains(&self, id: &ObjectId) -> bool {
        self.seen.contains_key(id)
    }
}

/// Takes in the objects of one file.
pub(super) struct FileCollector<'a> {
    pub file: Arc<str>,
    index: u32,
    collection: &'a mut Collection,
}

impl FileCollector<'_> {
    /// The file, or a part of it, is not what it should be.
    pub fn fault(&mut self, fault: InventoryFault) {
        self.collection.is_incomplete = true;
        self.collection.faults.push(fault);
    }

    /// A fault of the file at that place in it.
    pub fn fault_at(&mut self, field: impl Into<String>, value: Option<String>, expected: impl Into<String>) {
        self.fault(InventoryFault {
            file: Some(self.file.to_string()),
            line: None,
            object: None,
            field: Some(field.into()),
            value,
            expected: expected.into(),
        });
    }

    /// Something worth knowing about the file.
    pub fn note(&mut self, note: &str) {
        self.collection.notes.push(format!("{}: {note}", self.file));
    }

    /// Takes one object in. `kind` is what the place it stands in says; `place` is how that is shown.
    pub fn object(&mut self, kind: Option<Kind>, place: String, written: &Written<Object>) {
        const EXPECTED: &str = "expected an object";
        let object = match written {
            Written::Given(object) => object,
            Written::Absent => return self.fault_at(place, Some("null".to_owned()), EXPECTED),
            Written::Wrong(value) => return self.fault_at(place, Some(value.clone()), EXPECTED),
        };
        let Some(kind) = self.kind(kind, &place, object) else { return };
        let Some((id, first)) = self.identify(kind, place, object) else { return };
        if let Some(first) = first {
            return self.stands_twice(&id, first);
        }
        self.read(&id, object);
    }

    fn kind(&mut self, of_place: Option<Kind>, place: &str, object: &Object) -> Option<Kind> {
        const KINDS: &str = "compute#subnetwork, compute#instance, compute#address or compute#forwardingRule";
        let said = match &object.kind {
            Written::Absent => None,
            Written::Given(kind) => match Kind::of_object(kind) {
                Some(kind) => Some(kind),
                None => {
                    self.fault_at(format!("{place}.kind"), Some(kind.clone()), format!("expected {KINDS}"));
                    return None;
                }
            },
            Written::Wrong(value) => {
                self.fault_at(format!("{place}.kind"), Some(value.clone()), format!("expected {KINDS}"));
                return None;
            }
        };
        if let (Some(said), Some(of_place)) = (said, of_place)
            && said != of_place
        {
            let expected = format!("expected compute#{}", of_place.api_name());
            self.fault_at(format!("{place}.kind"), Some(format!("compute#{}", said.api_name())), expected);
            return None;
        }
        let kind = said.or(of_place).or_else(|| Kind::guess(object));
        if kind.is_none() {
            let expected = format!("not an object that is known here; expected kind {KINDS}");
            self.fault_at(place, None, expected);
        }
        kind
    }

    /// Names the object; with the file that it already stands in.
    fn identify(&mut self, kind: Kind, place: String, object: &Object) -> Option<(ObjectId, Option<u32>)> {
        let Some(path) = object::identity(kind, object, &mut self.reader(place)) else {
            self.collection.is_incomplete = true;
            return None;
        };
        let id = (kind, Arc::new(path));
        match self.collection.seen.entry(id.clone()) {
            Entry::Occupied(first) => Some((id, Some(*first.get()))),
            Entry::Vacant(place) => {
                place.insert(self.index);
                if let Some(file) = self.collection.files.last_mut() {
                    file.objects.push(id.clone());
                }
                Some((id, None))
            }
        }
    }

    fn stands_twice(&mut self, (kind, path): &ObjectId, first: u32) {
        let first = match first == self.index {
            true => "this file".to_owned(),
            false => self.collection.file_name(first).to_owned(),
        };
        self.collection.faults.push(InventoryFault {
            file: Some(self.file.to_string()),
            line: None,
            object: Some(format!("{kind} {path}")),
            field: None,
            value: None,
            expected: format!("stands twice, first in {first}; expected each object once"),
        });
    }

    fn read(&mut self, (kind, path): &ObjectId, object: &Object) {
        let file = self.index;
        let mut reader = self.reader(format!("{kind} {path}"));
        match kind {
            Kind::Subnetwork => {
                let value = object::subnetwork(path, object, &mut reader);
                self.collection.subnetworks.push(FromFile { file, value });
            }
            Kind::Instance => {
                let interfaces = object::instance(path, object, &mut reader);
                let interfaces = interfaces.into_iter().map(|value| FromFile { file, value });
                self.collection.interfaces.extend(interfaces);
            }
            Kind::Address => {
                let reservation = object::address(path, object, &mut reader);
                self.collection.reservations.extend(reservation.map(|value| FromFile { file, value }));
            }
            Kind::ForwardingRule => {
                let reservation = object::forwarding_rule(path, object, &mut reader);
                self.collection.reservations.extend(reservation.map(|value| FromFile { file, value }));
            }
        }
    }

    fn reader(&mut self, label: String) -> ObjectReader<'_> {
        ObjectReader {
            file: &self.file,
            label,
            faults: &mut self.collection.faults,
            notes: &mut self.collection.notes,
            interner: &mut self.collection.interner,
            is_sound: true,
        }
    }
}
