//! A file system that forgets what was not synced, and that stops or fails at any operation.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::journal::disk::{Disk, NewFile};

/// What one file holds.
#[derive(Clone, Debug, Default)]
struct Content {
    written: Vec<u8>,
    /// How much of it is on the disk for sure.
    synced: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum NameChange {
    Create(PathBuf, usize),
    Rename(PathBuf, PathBuf),
}

fn apply(names: &mut BTreeMap<PathBuf, usize>, change: &NameChange) {
    match change {
        NameChange::Create(path, file) => drop(names.insert(path.clone(), *file)),
        NameChange::Rename(from, to) => {
            if let Some(file) = names.remove(from) {
                names.insert(to.clone(), file);
            }
        }
    }
}

#[derive(Clone, Debug, Default)]
struct Model {
    files: Vec<Content>,
    names: BTreeMap<PathBuf, usize>,
    /// The names that are on the disk for sure, and the changes since, in order.
    synced_names: BTreeMap<PathBuf, usize>,
    unsynced: Vec<NameChange>,
    operations: usize,
    /// The operation that is broken off, and whether none after it happens.
    trouble: Option<(usize, bool)>,
}

/// What of that which was not synced is there after the machine stopped.
#[derive(Clone, Copy, Debug)]
pub enum Unsynced {
    Nothing,
    Half,
    All,
}

/// The file system; clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct ModelDisk(Arc<Mutex<Model>>);

impl ModelDisk {
    /// Operations so far.
    pub fn operations(&self) -> usize {
        self.locked().operations
    }

    /// The operation of that number is broken off; with `stops`, none after it happens.
    pub fn breaks_at(&self, operation: usize, stops: bool) {
        self.locked().trouble = Some((operation, stops));
    }

    /// How many changes of names are not on the disk for sure.
    pub fn unsynced_names(&self) -> usize {
        self.locked().unsynced.len()
    }

    /// What is found when the machine runs again, with the first `names` changes of names that were not synced.
    pub fn after_a_crash(&self, contents: Unsynced, names: usize) -> Self {
        let mut model = self.locked().clone();
        model.names = model.synced_names.clone();
        model.unsynced.iter().take(names).for_each(|change| apply(&mut model.names, change));
        for file in &mut model.files {
            let unsynced = file.written.len() - file.synced;
            file.written.truncate(match contents {
                Unsynced::Nothing => file.synced,
                Unsynced::Half => file.synced + unsynced / 2,
                Unsynced::All => file.written.len(),
            });
            file.synced = file.written.len();
        }
        model.synced_names = model.names.clone();
        model.unsynced.clear();
        model.trouble = None;
        Self(Arc::new(Mutex::new(model)))
    }

    fn locked(&self) -> MutexGuard<'_, Model> {
        self.0.lock().unwrap()
    }

    /// Counts an operation; whether it happens.
    fn begins(&self) -> io::Result<MutexGuard<'_, Model>> {
        let mut model = self.locked();
        model.operations += 1;
        match model.trouble {
            Some((at, stops)) if model.operations == at || (stops && model.operations > at) => {
                Err(io::Error::other("broken off"))
            }
            _ => Ok(model),
        }
    }

    fn change_name(&self, change: NameChange) -> io::Result<()> {
        let mut model = self.begins()?;
        apply(&mut model.names, &change);
        model.unsynced.push(change);
        Ok(())
    }
}

/// A file that is being written.
struct ModelFile {
    disk: ModelDisk,
    file: usize,
}

impl Write for ModelFile {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        match self.disk.begins() {
            Ok(mut model) => {
                model.files[self.file].written.extend_from_slice(octets);
                Ok(octets.len())
            }
            Err(error) => {
                // A write that is broken off may have done its half.
                let mut model = self.disk.locked();
                if model.trouble.is_some_and(|(at, _)| at == model.operations) {
                    model.files[self.file].written.extend_from_slice(&octets[..octets.len() / 2]);
                }
                Err(error)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl NewFile for ModelFile {
    fn sync(&mut self) -> io::Result<()> {
        let mut model = self.disk.begins()?;
        let file = &mut model.files[self.file];
        file.synced = file.written.len();
        Ok(())
    }
}

impl Disk for ModelDisk {
    fn open(&self, path: &Path) -> io::Result<Box<dyn Read>> {
        let model = self.locked();
        let file = model.names.get(path).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        Ok(Box::new(io::Cursor::new(model.files[*file].written.clone())))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn NewFile>> {
        let file = self.locked().files.len();
        self.locked().files.push(Content::default());
        self.change_name(NameChange::Create(path.to_owned(), file))?;
        Ok(Box::new(ModelFile { disk: self.clone(), file }))
    }

    fn append(&self, path: &Path) -> io::Result<Box<dyn NewFile>> {
        let file = self.begins()?.names.get(path).copied().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        Ok(Box::new(ModelFile { disk: self.clone(), file }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        if !self.locked().names.contains_key(from) {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.change_name(NameChange::Rename(from.to_owned(), to.to_owned()))
    }

    fn create_directory(&self, _: &Path) -> io::Result<()> {
        self.begins().map(drop)
    }

    fn sync_directory(&self, _: &Path) -> io::Result<()> {
        let mut model = self.begins()?;
        model.synced_names = model.names.clone();
        model.unsynced.clear();
        Ok(())
    }
}
