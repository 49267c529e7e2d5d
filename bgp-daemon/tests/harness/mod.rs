//! What must hold of the daemon's files whatever octets stand in them: each property is one function from octets to
//! nothing, which panics where the property does not hold.
//!
//! The property tests beside this folder call them with generated texts and with the seeds in `fuzz/corpus`, the fuzz
//! targets in `fuzz/targets` with octets that a fuzzer makes up. They use nothing but the public API.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "what does not hold is to panic")]
#![allow(dead_code, reason = "each user has its own part")]

pub mod configuration;
pub mod inventory;
