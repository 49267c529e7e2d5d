//! Peers on the network: how their connections are made, who may connect, and the task that drives each one's session.
//! Knows no table but its door.

mod connection;
mod faults;
mod inbox;
mod keeper;
pub mod listener;
pub mod roster;
mod runner;
mod settings;
pub mod socket;
mod task;
#[cfg(test)]
mod tests;

pub use settings::{PeerSettings, PeerStatus};
pub use task::{PeerTask, StatusDoor};
