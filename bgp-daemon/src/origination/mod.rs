//! From a snapshot and the rules to what we originate, and why. Pure: it knows no file, no peer's task and no table.
//!
//! | step | module |
//! |---|---|
//! | a range to its role | `role`, `glob` |
//! | a range and its role to the `[[advertise]]` that it falls under | `rule` |
//! | the ranges of one rule and role to prefixes | `aggregation` |
//! | all of that, with attributes | [`originate`] |
//! | two results to what must change | [`Plan`] |
//! | an address back to all of that | [`explain()`] |

mod aggregation;
pub mod explain;
mod glob;
mod originate;
mod plan;
mod role;
mod rule;
mod set;
#[cfg(test)]
mod tests;

pub use explain::{Chain, explain};
pub use originate::{originate, own_ranges};
pub use plan::Plan;
pub use set::{Origination, OriginationSet, RangeOutcome, Treatment};
