//! What a restart starts from: the snapshot in use and what is originated, on disk. Knows no BGP but the types it stores.
//!
//! ```text
//! record  the file's text, line by line, with a checksum at its end, and amendments behind it
//! disk    what is asked of a file system: small, so that a test can stop it at any operation
//! lock    one daemon a directory
//! store   amends the record by what has changed; or writes one beside it and puts it in its place, and the last one stays as
//!         the one before
//! keeper  writes what is published last, on a thread of its own, never the same twice
//! ```
//!
//! A file that is damaged, foreign or of another version is never an error that ends anything: the one before it is taken,
//! or none, and the status says so.

mod disk;
mod keeper;
mod lock;
mod record;
mod store;

pub use keeper::{JournalKeeper, JournalStatus, keep};
pub use lock::{JournalLock, LockError};
pub use record::Record;
pub use store::{Journal, Restored};

#[cfg(test)]
mod tests;
