//! The files of the journal: `journal`, and `journal.previous`, the one before it.
//!
//! A record is written to `journal.new` and is on the disk before it gets its name. Whenever that is broken off, a whole
//! record is there: the one being replaced is `journal` or `journal.previous`. What changes a little is written behind the
//! record, until that is half as long as the record; an amendment that is broken off is passed over.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::disk::{Disk, LocalDisk};
use super::record::{self, Checksum, Record, Whole};
use crate::origination::OriginationSet;

/// Octets that are written at a time.
const BUFFER_LEN: usize = 1 << 18;

/// Amendments of a record at most.
const MAX_AMENDMENTS: usize = 500;

/// A journal on disk.
pub struct Journal {
    directory: PathBuf,
    disk: Box<dyn Disk>,
    /// Octets that are written at a time.
    buffer_len: usize,
    /// Whether `journal` is a whole record; else it must not take the place of the one before.
    is_whole: bool,
    /// What `journal` says, while it can be amended.
    written: Option<WrittenRecord>,
}

/// What the file says, as it was written by this process.
struct WrittenRecord {
    set: Arc<OriginationSet>,
    checksum: Checksum,
    /// Octets of the record, and of its amendments.
    len: usize,
    amended: usize,
    amendments: usize,
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
        Self { directory: directory.to_owned(), disk, buffer_len, is_whole: false, written: None }
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
                Ok(Whole { record, fault }) => {
                    // With a part that is damaged it is worth as much as the one before it, which it is newer than.
                    self.is_whole = name == "journal";
                    restored.record = Some(record);
                    restored.faults.extend(fault.map(|fault| format!("{}: {fault}", path.display())));
                    return restored;
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => restored.faults.push(format!("{}: {error}", path.display())),
            }
        }
        restored
    }

    /// Writes what is originated, and the snapshot it was made from: what has changed since the last time, where that is
    /// little, and else all of it. Returns when it is on the disk.
    ///
    /// # Errors
    /// What the file system says, and of which file. The last record that is whole stays.
    pub fn save(&mut self, set: &Arc<OriginationSet>) -> io::Result<()> {
        // Whatever fails, what the file says is not known any more.
        if let Some(mut written) = self.written.take()
            && let Some((octets, checksum)) = amendment(&written, set)?
        {
            let path = self.directory.join("journal");
            let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
            let mut file = self.disk.append(&path).map_err(named)?;
            file.write_all(&octets).and_then(|()| file.sync()).map_err(named)?;
            written.amended += octets.len();
            written.amendments += 1;
            (written.set, written.checksum) = (Arc::clone(set), checksum);
            self.written = Some(written);
            return Ok(());
        }
        self.replace(set)
    }

    fn replace(&mut self, set: &Arc<OriginationSet>) -> io::Result<()> {
        let at = |name: &str| self.directory.join(name);
        let (new, current, previous) = (at("journal.new"), at("journal"), at("journal.previous"));
        let named =
            |path: &Path, error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        self.disk.create_directory(&self.directory).map_err(|error| named(&self.directory, error))?;
        let (len, checksum) = self.write(&new, set).map_err(|error| named(&new, error))?;
        if self.is_whole {
            match self.disk.rename(&current, &previous) {
                // Somebody took it away.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                renamed => renamed.map_err(|error| named(&current, error))?,
            }
            self.is_whole = false;
        }
        self.disk.rename(&new, &current).map_err(|error| named(&new, error))?;
        self.is_whole = true;
        self.disk.sync_directory(&self.directory).map_err(|error| named(&self.directory, error))?;
        self.written = Some(WrittenRecord { set: Arc::clone(set), checksum, len, amended: 0, amendments: 0 });
        Ok(())
    }

    fn write(&self, path: &Path, set: &OriginationSet) -> io::Result<(usize, Checksum)> {
        let file = BufWriter::with_capacity(self.buffer_len, self.disk.create(path)?);
        let mut file = Counted { file, len: 0 };
        let checksum = record::write(&mut file, set)?;
        file.flush()?;
        file.file.get_mut().sync()?;
        Ok((file.len, checksum))
    }
}

/// What to write behind what is written, so that it says `set`; `None` where all of it is to be written anew.
fn amendment(written: &WrittenRecord, set: &OriginationSet) -> io::Result<Option<(Vec<u8>, Checksum)>> {
    // The record before it is what damage leads back to, and each takes its time after a restart.
    if written.amendments >= MAX_AMENDMENTS || !record::can_amend(&written.set, set) {
        return Ok(None);
    }
    // A file that is read after a restart is not to be much longer than what it says.
    let longest = usize::try_from(record::MAX_LEN).unwrap_or(usize::MAX).saturating_sub(written.len);
    let room = (written.len / 2).min(longest).saturating_sub(written.amended);
    let mut octets = Bounded { octets: Vec::new(), room };
    match record::amend(&mut octets, written.checksum.clone(), &written.set, set) {
        Ok(checksum) => Ok(Some((octets.octets, checksum))),
        Err(error) if error.kind() == io::ErrorKind::StorageFull => Ok(None),
        Err(error) => Err(error),
    }
}

/// Octets, as many as there is room for.
struct Bounded {
    octets: Vec<u8>,
    room: usize,
}

impl Write for Bounded {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        if self.octets.len() + octets.len() > self.room {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.octets.extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Counts what is written.
struct Counted<W> {
    file: W,
    len: usize,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let len = self.file.write(octets)?;
        self.len += len;
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
