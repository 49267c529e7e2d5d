//! Aggregation with a bound: at most so many prefixes over what is in use, and as few addresses besides as that allows.
//!
//! Pure: it knows prefixes and numbers, no range, rule or peer. IPv4 and IPv6 share one bound.
//!
//! | step | module |
//! |---|---|
//! | what is owned, without what is forbidden, to the largest prefixes there may be | [`Territory`] |
//! | what is in use in one of them, as a trie that knows its own costs | `trie` |
//! | what two parts cost together, and how they share a number of prefixes | `knapsack` |
//! | all parts side by side | `forest` |
//! | the cover that is announced, and how it is kept | `kept` |
//! | all of it as one value that is changed step by step | [`Aggregator`] |
//!
//! What is computed is optimal, and what is kept is within a factor of it: see docs/decisions/0100-aggregation-with-a-bound.md
//! for why.

mod aggregator;
mod block;
mod forest;
mod kept;
mod knapsack;
mod territory;
#[cfg(test)]
mod tests;
mod trie;

pub use aggregator::{Aggregator, Covered};
pub use territory::Territory;

/// What a cover must keep to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most prefixes, 1 and up; `None` for as many as it takes to cover nothing besides.
    pub max_prefixes: Option<u32>,
    /// Lengths of IPv4 prefixes, 0 to 32.
    pub ipv4: Lengths,
    /// Lengths of IPv6 prefixes, 0 to 128.
    pub ipv6: Lengths,
    /// How many addresses a cover may have that is kept, in thousandths of what the best one has; 1000 and up. 1000 keeps
    /// nothing: the cover is always the best one.
    pub keep_permille: u32,
}

/// Lengths that prefixes may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lengths {
    /// The shortest. What is in use is split into prefixes of this length where it is larger, unless that takes more than
    /// 256 of them.
    pub shortest: u8,
    /// The longest, not less than the shortest. What is in use is rounded up to it, as far as the territory goes.
    pub longest: u8,
}
