//! Where aggregates may lie: what is owned, without what is forbidden.

use bgp_core::types::{AddressFamily, Prefix};

use super::super::coverage::joined;
use super::block::Block;

/// The longest prefixes that hold only addresses which may be announced, disjoint and ascending. Whatever may be announced
/// lies in just one of them, and whatever lies in one may be announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Territory {
    pub(super) seats: Vec<Seat>,
}

/// One of these prefixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Seat {
    pub family: AddressFamily,
    pub block: Block,
}

impl Territory {
    /// `owned` without `forbidden`. A whole family is never one prefix: a default route is no aggregate.
    ///
    /// Parts of `owned` are joined where they make a larger prefix together, those of one `owned` only: pass what must not
    /// lie under one aggregate to [`Territory::join`] instead.
    #[must_use]
    pub fn new(owned: &[Prefix], forbidden: &[Prefix]) -> Self {
        let mut seats = Vec::new();
        for prefix in joined(owned) {
            let near: Vec<Block> = forbidden.iter().filter(|one| one.overlaps(&prefix)).map(Block::of).collect();
            without(prefix.family(), Block::of(&prefix), &near, &mut seats);
        }
        seats.sort_unstable();
        Self { seats }
    }

    /// This and others beside it, whose parts are not joined with one another. No two may share an address.
    #[must_use]
    pub fn join(all: impl IntoIterator<Item = Self>) -> Self {
        let mut seats: Vec<Seat> = all.into_iter().flat_map(|territory| territory.seats).collect();
        seats.sort_unstable();
        Self { seats }
    }

    /// The prefixes, ascending.
    pub fn prefixes(&self) -> impl Iterator<Item = Prefix> {
        self.seats.iter().map(|seat| seat.block.prefix(seat.family))
    }

    /// By how many bits an IPv4 address weighs more than an IPv6 address: so many that what is owned of either family weighs
    /// about the same. 0 when only one is.
    #[must_use]
    pub fn ipv4_weight_bits(&self) -> u32 {
        let bits = |family: AddressFamily| {
            let of_family = self.seats.iter().filter(|seat| seat.family == family);
            let total = of_family.fold(0_u128, |sum, seat| sum.saturating_add(seat.block.size(family)));
            u128::BITS - total.leading_zeros()
        };
        match (bits(AddressFamily::Ipv4Unicast), bits(AddressFamily::Ipv6Unicast)) {
            (0, _) | (_, 0) => 0,
            (ipv4, ipv6) => ipv6.saturating_sub(ipv4),
        }
    }
}

fn without(family: AddressFamily, block: Block, forbidden: &[Block], seats: &mut Vec<Seat>) {
    if forbidden.iter().any(|one| one.covers(block)) {
        return;
    }
    if block.len > 0 && !forbidden.iter().any(|one| block.covers(*one)) {
        seats.push(Seat { family, block });
        return;
    }
    for half in block.halves().into_iter().flatten() {
        without(family, half, forbidden, seats);
    }
}
