//! What bgp-core's own tests of decoding are made of.

#[path = "../../../bgp-core/tests/differential/generate.rs"]
pub mod generate;
#[path = "../../../bgp-core/tests/differential/ours.rs"]
pub mod ours;
#[path = "../../../bgp-core/tests/differential/reading.rs"]
pub mod reading;
#[path = "../../../bgp-core/tests/differential/settled.rs"]
pub mod settled;
#[path = "../../../bgp-core/tests/differential/theirs.rs"]
pub mod theirs;
