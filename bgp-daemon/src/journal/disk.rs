//! What the journal asks of a file system.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// A file that is being written.
pub(super) trait NewFile: Write {
    /// Returns when what was written is on the disk.
    fn sync(&mut self) -> io::Result<()>;
}

/// A file system. Names that are given to files are on the disk only after [`Disk::sync_directory`].
pub(super) trait Disk: Send + Sync {
    /// Opens a file to be read.
    fn open(&self, path: &Path) -> io::Result<Box<dyn Read>>;
    /// Makes a file that is empty, in place of any.
    fn create(&self, path: &Path) -> io::Result<Box<dyn NewFile>>;
    /// Opens a file to be written behind what it holds.
    fn append(&self, path: &Path) -> io::Result<Box<dyn NewFile>>;
    /// Gives a file another name, in place of any of that name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Makes a directory and those above it, unless they are there.
    fn create_directory(&self, path: &Path) -> io::Result<()>;
    /// Returns when the names in a directory are on the disk.
    fn sync_directory(&self, path: &Path) -> io::Result<()>;
}

/// That of the operating system.
#[derive(Debug)]
pub(super) struct LocalDisk;

impl NewFile for File {
    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}

impl Disk for LocalDisk {
    fn open(&self, path: &Path) -> io::Result<Box<dyn Read>> {
        // Whatever was put in its place, opening it cannot block.
        let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
        match file.metadata()?.is_file() {
            true => Ok(Box::new(file)),
            false => Err(io::Error::other("not a regular file")),
        }
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn NewFile>> {
        // The inventory is nobody else's to read.
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        Ok(Box::new(file))
    }

    fn append(&self, path: &Path) -> io::Result<Box<dyn NewFile>> {
        Ok(Box::new(OpenOptions::new().append(true).open(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn create_directory(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }
}
