//! The one thread that owns the [`Rib`](bgp_core::rib::Rib), and the only door to it.
//!
//! The table is never locked: every change and every question is a message to this thread, and everything that leaves
//! it is a value. It knows no socket and no session.

mod handle;
mod owner;

pub use handle::{FromPeer, Gone, Hold, OriginationChange, PeerIntake, RibEvent, RibHandle, Route, Routes};
pub use owner::start;

/// UPDATE batches a peer may have on their way to the owner. A peer that sends faster waits for its own, not for others.
pub const INTAKE_BATCHES: usize = 4;

/// Routes handed to a peer at a time: as many as a flood brings while the peer takes those before, so that what waits does not
/// pile up; few enough that a change is no more than some milliseconds behind them.
pub const PULL_ROUTES: usize = 32_768;

#[cfg(test)]
mod tests;
