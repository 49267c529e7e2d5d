//! The world around bgp-core.

pub mod config;
