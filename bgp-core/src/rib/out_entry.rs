//! One prefix of an Adj-RIB-Out.

use super::attribute_store::AttributeId;
use super::change_log::Tick;
use super::peers::PeerIndex;
use super::seats::{Mask, Seats};
use super::version::Version;

/// One prefix of the Adj-RIB-Out. Without attributes it is a tombstone that lives until everyone has been told. Owns a
/// reference to its attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OutEntry {
    /// The attributes in the Loc-RIB.
    pub attributes: Option<AttributeId>,
    /// When it changed last.
    pub noted: Tick,
    /// The policy term that lets it out.
    pub term: u16,
    /// Who sent it.
    pub from: PeerIndex,
    /// Who has some version of it.
    pub has: Mask,
    /// Who must be told of the present one.
    pub needs: Mask,
}

impl OutEntry {
    /// Nothing is known.
    pub const NOTHING: Self = Self {
        attributes: None,
        noted: Tick::ZERO,
        term: 0,
        from: PeerIndex::LOCAL,
        has: Mask::EMPTY,
        needs: Mask::EMPTY,
    };

    /// The route, if there is one.
    pub fn version(&self) -> Option<Version> {
        let originated = self.from == PeerIndex::LOCAL;
        self.attributes.map(|attributes| Version { attributes, term: self.term, originated })
    }

    /// Whether it may be forgotten.
    pub fn is_nothing(&self) -> bool {
        self.attributes.is_none() && self.has.is_empty() && self.needs.is_empty()
    }
}

impl Default for OutEntry {
    fn default() -> Self {
        Self::NOTHING
    }
}

/// What of an entry is pending: for whom it is an announcement, for whom a withdrawal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Pending {
    /// Whom it is to be announced to.
    pub announce: Mask,
    /// Whom it is to be withdrawn from.
    pub withdraw: Mask,
}

impl Pending {
    /// Nothing.
    pub const NOTHING: Self = Self { announce: Mask::EMPTY, withdraw: Mask::EMPTY };
}

/// The peers that are to have the route: all but the one that sent it (split horizon).
pub(super) fn entitled(seats: &Seats, entry: &OutEntry) -> Mask {
    if entry.attributes.is_none() { Mask::EMPTY } else { seats.all_but(entry.from) }
}

/// What is pending of an entry.
pub(super) fn pending(seats: &Seats, entry: &OutEntry) -> Pending {
    if entry.needs.is_empty() {
        return Pending::NOTHING;
    }
    let entitled = entitled(seats, entry);
    Pending { announce: entry.needs.and(entitled), withdraw: entry.needs.without(entitled) }
}

/// The entry with those noted as told who took what came after it in the log of announcements.
pub(super) fn brought_up_to_date(seats: &Seats, entry: OutEntry) -> OutEntry {
    if entry.needs.is_empty() || !seats.anybody_is_beyond(entry.noted) {
        return entry;
    }
    let told = seats.beyond(entry.noted, entry.needs.and(entitled(seats, &entry)));
    OutEntry { has: entry.has.or(told), needs: entry.needs.without(told), ..entry }
}
