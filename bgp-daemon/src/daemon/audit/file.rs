//! A file that is appended to, and set aside when it is large.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::config::Audit;

/// The mode of a new file: for its owner to write, for its group to read.
const MODE: u32 = 0o640;

/// The file that is written to; opened when there is something to write, and again after every fault.
#[derive(Debug)]
pub(super) struct LogFile {
    config: Audit,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    file: File,
    octets: u64,
    /// The last line is not whole: what follows begins with the end of it.
    torn: bool,
}

impl LogFile {
    pub const fn new(config: Audit) -> Self {
        Self { config, open: None }
    }

    pub fn path(&self) -> &Path {
        &self.config.path
    }

    /// Appends whole lines.
    ///
    /// # Errors
    /// What the system says; what was written of it by then stays, and what follows begins on a line of its own.
    pub fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        let full = self.open.as_ref().is_some_and(|open| open.octets >= self.config.max_file_octets);
        if full || self.was_moved() {
            self.open = None;
        }
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.open()?,
        };
        if open.octets > 0 && open.octets.saturating_add(len(lines)) > self.config.max_file_octets {
            drop(open);
            self.set_aside()?;
            open = self.open()?;
        }
        if open.torn {
            open.file.write_all(b"\n")?;
            open.octets += 1;
        }
        // Left closed by a fault: how much of it was written is seen when it is opened again.
        open.file.write_all(lines)?;
        self.open = Some(Open { octets: open.octets + len(lines), torn: false, file: open.file });
        Ok(())
    }

    /// Returns when what was appended is on the disk.
    pub fn sync(&mut self) -> io::Result<()> {
        let Some(open) = &self.open else { return Ok(()) };
        match open.file.sync_data() {
            // A pipe or a terminal has no disk.
            Err(error) if error.kind() == ErrorKind::InvalidInput => Ok(()),
            done => done,
        }
    }

    /// Somebody has moved or removed it, as other programs that rotate logs do.
    fn was_moved(&self) -> bool {
        self.open.is_some() && fs::symlink_metadata(&self.config.path).is_err()
    }

    fn open(&self) -> io::Result<Open> {
        let mut file = OpenOptions::new().append(true).read(true).create(true).mode(MODE).open(&self.config.path)?;
        let octets = file.metadata()?.len();
        let mut last = *b"\n";
        if octets > 0 {
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
        }
        Ok(Open { file, octets, torn: last != *b"\n" })
    }

    /// `audit.jsonl` becomes `audit.jsonl.1`, that becomes `.2`, and the last one goes.
    fn set_aside(&self) -> io::Result<()> {
        let oldest = self.config.max_files.saturating_sub(1);
        if oldest == 0 {
            return fs::remove_file(&self.config.path);
        }
        for number in (1..oldest).rev() {
            match fs::rename(self.numbered(number), self.numbered(number + 1)) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        fs::rename(&self.config.path, self.numbered(1))
    }

    fn numbered(&self, number: u32) -> PathBuf {
        let mut name = self.config.path.clone().into_os_string();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    }
}

fn len(lines: &[u8]) -> u64 {
    u64::try_from(lines.len()).unwrap_or(u64::MAX)
}
