//! One daemon a directory: two that kept one journal would each restart from what the other one originated.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The file that is locked. It stays when the lock goes: to remove it would let a third one lock another file of its name.
const NAME: &str = "journal.lock";

/// Octets of a holder's name that are shown.
const MAX_HOLDER_LEN: u64 = 200;

/// The directory of a journal, for one process alone until this is dropped, or the process ends however it does.
#[derive(Debug)]
pub struct JournalLock {
    _file: File,
}

/// Why the directory is not ours.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody else keeps a journal in it.
    #[error("{path} is locked by another aliasd ({holder}); each needs a directory of its own")]
    Held {
        /// The file.
        path: PathBuf,
        /// What the other one wrote into it.
        holder: String,
    },
    /// It cannot be locked, as on some network file systems.
    #[error("{path}: {error}")]
    Unlockable {
        /// The file.
        path: PathBuf,
        /// What the file system says.
        error: io::Error,
    },
}

impl JournalLock {
    /// Locks `directory`, which need not be there, without waiting.
    ///
    /// # Errors
    /// See [`LockError`].
    pub fn take(directory: &Path) -> Result<Self, LockError> {
        let path = directory.join(NAME);
        let unlockable = |error| LockError::Unlockable { path: path.clone(), error };
        fs::create_dir_all(directory).map_err(unlockable)?;
        // A pipe in its place would block the opening without O_NONBLOCK.
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.custom_flags(libc::O_NONBLOCK).open(&path).map_err(unlockable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LockError::Held { holder: holder(&mut file), path }),
            Err(TryLockError::Error(error)) => return Err(unlockable(error)),
        }
        // Who holds it is for people; on a full disk it is held all the same.
        let _told = file.set_len(0).and_then(|()| file.write_all(ourselves().as_bytes()));
        Ok(Self { _file: file })
    }
}

/// As the next one is to be told.
fn ourselves() -> String {
    // In a container each is the first process: the name of the host tells them apart.
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match host.trim() {
        "" => format!("process {}\n", std::process::id()),
        host => format!("process {} on {host}\n", std::process::id()),
    }
}

fn holder(file: &mut File) -> String {
    let mut text = Vec::new();
    // It is told for what it is worth: the lock is what counts.
    let _read = file.take(MAX_HOLDER_LEN).read_to_end(&mut text);
    let text = String::from_utf8_lossy(&text).trim().replace(char::is_control, "\u{fffd}");
    if text.is_empty() { "it has not said which".to_owned() } else { text }
}
