//! From a snapshot and the rules to what we originate, and why. Pure: it knows no file, no peer's task and no table.
//!
//! | step | module |
//! |---|---|
//! | a range to its role | `role`, `glob` |
//! | a range and its role to the `[[advertise]]` that it falls under | `rule` |
//! | and to what its region costs | `cost` |
//! | the ranges of one rule, role and cost to prefixes | `aggregation` |
//! | and under a bound | [`bounded`] |
//! | for the sake of a peer that takes so many | `room` |
//! | all of that, with attributes | [`originate`] |
//! | the same from what has changed | `change` |
//! | with the prefixes that the configuration says | `custom` |
//! | two results to what must change | [`Plan`] |
//! | that, to what it takes from whom | [`audience`], [`losses`], `sizes`, `coverage` |
//! | and to what of it must wait for a person | [`guard`] |
//! | how much of a prefix is allocated at all | [`Contribution`] |
//! | a step as people read it | [`mod@report`] |
//! | all of the above, as one step from what is originated to what shall be | [`prepare()`], [`advance()`] |
//! | an address back to all of that | [`explain()`] |

mod advance;
mod aggregation;
pub mod audience;
mod blocks;
pub mod bounded;
mod change;
mod contribution;
mod cost;
mod coverage;
mod custom;
pub mod explain;
mod glob;
pub mod guard;
pub mod losses;
mod originate;
mod owners;
mod plan;
mod prepare;
pub mod report;
mod resume;
mod role;
mod room;
mod rule;
mod sessions;
mod set;
mod sizes;
#[cfg(test)]
mod tests;
mod written;

pub use advance::{Advance, Current, advance};
pub use aggregation::Memory;
pub use blocks::Blocks;
pub use contribution::Contribution;
pub use coverage::Addresses;
pub use explain::{Chain, explain};
pub use originate::{originate, originate_after, own_ranges};
pub use owners::Owners;
pub use plan::Plan;
pub use prepare::{Wanted, prepare};
pub use resume::{Resumption, resume};
pub use sessions::{Ended, EndedSessions, ended_sessions};
pub use set::{
    BoundOutcome, Originated, Origination, OriginationSet, Originations, RangeOutcome, RuleOutcome, Treatment,
};
pub use sizes::Size;
