//! The files of the journal: `journal`, and `journal.previous`, the one before it.
//!
//! A record is written to `journal.new` and is on the disk before it gets its name. Whenever that is broken off, a whole
//! record is there: the one being replaced is `journal` or `journal.previous`.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::disk::{Disk, LocalDisk};
use super::record::{self, Record};
use crate::origination::OriginationSet;

/// Octets that are written at a time.
const BUFFER_LEN: usize = 1 << 18;

/// A journal on disk.
pub struct Journal {
    directory: PathBuf,
    disk: Box<dyn Disk>,
    /// Octets that are written at a time.
    buffer_len: usize,
    /// Whether `journal` is a whole record; else it must not take the place of the one before.
    is_whole: bool,
}

/// What a journal held.
#[derive(Debug, Default)]
pub struct Restored {
    /// The newest record that could be read; `None` when there is none.
    pub record: Option<Record>,
    /// What was wrong with records, one line each.
    pub faults: Vec<String>,
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Journal").field("directory", &self.directory).finish_non_exhaustive()
    }
}

impl Journal {
    /// The journal in that directory, which need not be there.
    #[must_use]
    pub fn new(directory: &Path) -> Self {
        Self::on(Box::new(LocalDisk), directory, BUFFER_LEN)
    }

    pub(super) fn on(disk: Box<dyn Disk>, directory: &Path, buffer_len: usize) -> Self {
        Self { directory: directory.to_owned(), disk, buffer_len, is_whole: false }
    }

    /// Where it is.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Reads the newest record that is whole. To be called before the first [`Journal::save`].
    pub fn restore(&mut self) -> Restored {
        let mut restored = Restored::default();
        for name in ["journal", "journal.previous"] {
            let path = self.directory.join(name);
            match self.disk.open(&path).and_then(record::read) {
                Ok(record) => {
                    self.is_whole = name == "journal";
                    restored.record = Some(record);
                    return restored;
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => restored.faults.push(format!("{}: {error}", path.display())),
            }
        }
        restored
    }

    /// Writes what is originated, and the snapshot it was made from. Returns when it is on the disk.
    ///
    /// # Errors
    /// What the file system says, and of which file. The last record that is whole stays.
    pub fn save(&mut self, set: &OriginationSet) -> io::Result<()> {
        let at = |name: &str| self.directory.join(name);
        let (new, current, previous) = (at("journal.new"), at("journal"), at("journal.previous"));
        let named =
            |path: &Path, error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        self.disk.create_directory(&self.directory).map_err(|error| named(&self.directory, error))?;
        self.write(&new, set).map_err(|error| named(&new, error))?;
        if self.is_whole {
            self.disk.rename(&current, &previous).map_err(|error| named(&current, error))?;
            self.is_whole = false;
        }
        self.disk.rename(&new, &current).map_err(|error| named(&new, error))?;
        self.is_whole = true;
        self.disk.sync_directory(&self.directory).map_err(|error| named(&self.directory, error))
    }

    fn write(&self, path: &Path, set: &OriginationSet) -> io::Result<()> {
        let mut file = BufWriter::with_capacity(self.buffer_len, self.disk.create(path)?);
        record::write(&mut file, set)?;
        file.flush()?;
        file.get_mut().sync()
    }
}
