//! The one thread that owns the [`Rib`](bgp_core::rib::Rib), and the only door to it.
//!
//! The table is never locked: every change and every question is a message to this thread, and everything that leaves
//! it is a value. It knows no socket and no session.

mod handle;
mod owner;

pub use handle::{FromPeer, Gone, Hold, OriginationChange, PeerIntake, RibEvent, RibHandle};
pub use owner::start;

/// UPDATE batches a peer may have on their way to the owner. A peer that sends faster waits for its own, not for others.
pub const INTAKE_BATCHES: usize = 4;

/// Routes handed to a peer at a time: large enough to fill messages, small enough that a change is never far behind.
pub const PULL_ROUTES: usize = 8192;

#[cfg(test)]
mod tests;
