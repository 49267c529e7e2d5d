//! Where the cloud's resources are read from: files in, immutable snapshots out. Knows no BGP but prefixes.
//!
//! ```text
//! directory  which files there are, and their octets
//! form       the forms a file can have: gcloud's lists, the API's pages, a bundle
//! object/    one kind of object a file: what is written -> what is meant
//! collection all objects of all files
//! manifest   what a directory says that there must be
//! trust      whether a state is proven complete, and what a fault costs
//! shape      what a complete state cannot lack: files, scopes, kinds that were there
//! validation pure: objects, and the snapshot before -> ranges and what is allocated in them
//! read       all of the above in one look
//! watch/     looks again and again; what is not proven gone stays
//! ```

mod collection;
mod directory;
mod findings;
mod form;
mod hashes;
mod manifest;
mod object;
mod read;
mod resource;
mod selection;
mod shape;
mod snapshot;
mod status;
mod trust;
mod validation;
mod watch;

pub use read::{read, read_octets, read_octets_over};
pub use resource::ResourcePath;
pub use selection::Selection;
pub use snapshot::{
    Allocation, Allocations, ManifestMark, ObjectCounts, Owner, Provenance, Range, RangeName, Snapshot, SubnetworkRef,
};
pub use status::{InventoryFault, InventoryFaults, InventoryStatus};
pub use trust::{Doubt, Effect, Trust};
pub use watch::{Changed, InventoryControl, InventoryWatch, Judgement, Looker, watch};

#[cfg(test)]
mod tests;
