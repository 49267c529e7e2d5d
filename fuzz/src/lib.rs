//! The properties that the targets try: those of the property tests, as they are.

#[path = "../../bgp-core/tests/harness/mod.rs"]
pub mod core;
#[path = "../../bgp-daemon/tests/harness/mod.rs"]
pub mod daemon;
