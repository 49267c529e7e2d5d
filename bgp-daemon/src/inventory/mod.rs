//! Where the cloud's resources are read from: files in, immutable snapshots out. Knows no BGP but prefixes.
//!
//! ```text
//! directory  which files there are, and their octets
//! form       the forms a file can have: gcloud's lists, the API's pages, a bundle
//! object/    one kind of object a file: what is written -> what is meant
//! collection all objects of all files
//! validation pure: objects -> ranges and what is allocated in them
//! read       all of the above in one look
//! watch/     looks again and again; the last good snapshot stays whatever comes after it
//! ```

mod collection;
mod directory;
mod findings;
mod form;
mod object;
mod read;
mod resource;
mod selection;
mod snapshot;
mod status;
mod validation;
mod watch;

pub use read::{read, read_octets};
pub use resource::ResourcePath;
pub use selection::Selection;
pub use snapshot::{Allocation, ObjectCounts, Owner, Range, RangeName, Snapshot, SubnetworkRef};
pub use status::{InventoryFault, InventoryFaults, InventoryStatus};
pub use watch::{InventoryControl, InventoryWatch, watch};

#[cfg(test)]
mod tests;
