//! From a snapshot and the rules to what we originate, and why. Pure: it knows no file, no peer's task and no table.

mod plan;
mod set;

pub use plan::Plan;
pub use set::{Origination, OriginationSet, RangeOutcome, Treatment};
