//! Where the cloud's resources are read from: files in, immutable snapshots out. Knows no BGP but prefixes.

mod resource;
mod snapshot;
mod status;

pub use resource::ResourcePath;
pub use snapshot::{Allocation, ObjectCounts, Owner, Range, RangeName, Snapshot, SubnetworkRef};
pub use status::{InventoryFault, InventoryFaults, InventoryStatus};
