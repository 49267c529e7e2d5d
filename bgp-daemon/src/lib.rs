//! The world around bgp-core.

pub mod cli;
pub mod config;
pub mod control;
pub mod daemon;
pub mod inventory;
pub mod journal;
pub mod origination;
pub mod peer;
pub mod rib_owner;
pub mod shared_map;
pub mod telemetry;
