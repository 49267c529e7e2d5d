//! The world around bgp-core.

pub mod config;
pub mod peer;
pub mod rib_owner;
pub mod telemetry;
