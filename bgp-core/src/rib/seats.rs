//! Who is in an update group: sixteen seats, and sets of them in two octets.

use super::change_log::Tick;
use super::peers::{PeerIndex, PeerMap};
use super::table::RowId;

/// As many peers as a mask holds; more peers with one profile make another group.
const SEATS: usize = 16;

/// A seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot(u8);

impl Slot {
    const fn bit(self) -> u16 {
        1 << self.0
    }

    fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// A set of seats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Mask(u16);

impl Mask {
    /// Nobody.
    pub const EMPTY: Self = Self(0);

    /// Whether nobody is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether there are at least two in it.
    pub const fn is_more_than_one(self) -> bool {
        self.0.count_ones() > 1
    }

    /// Whether the seat is in it.
    pub const fn has(self, slot: Slot) -> bool {
        self.0 & slot.bit() != 0
    }

    /// Who is in both.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Who is in either.
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Who is in this and not in the other.
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The set with a seat more.
    pub const fn with(self, slot: Slot) -> Self {
        Self(self.0 | slot.bit())
    }

    /// The set without a seat.
    pub const fn less(self, slot: Slot) -> Self {
        Self(self.0 & !slot.bit())
    }

    fn each(self) -> impl Iterator<Item = usize> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let next = usize::try_from(left.trailing_zeros()).ok().filter(|_| left != 0)?;
            left &= left - 1;
            Some(next)
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Occupant {
    Nobody,
    Member(PeerIndex),
    /// It left; its bits are being cleared.
    Leaving(PeerIndex),
}

/// What there is about one seat.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seat {
    occupant: Occupant,
    /// Announcements noted before this are not pending.
    pub announce_from: u64,
    /// Withdrawals noted before this are not pending.
    pub withdraw_from: u64,
    /// Announcements not yet pulled.
    pub pending_announcements: usize,
    /// Withdrawals not yet pulled.
    pub pending_withdrawals: usize,
    /// Prefixes of which the peer has some version.
    pub told: usize,
    /// There was room for nothing of what is pending, and nothing has come since that could change that; of a peer that
    /// takes so many prefixes.
    pub full: bool,
    /// What it must be told of next, since what that covers was withdrawn to make room for it.
    pub owed: Option<RowId>,
}

/// The seats of a group.
#[derive(Debug, Default)]
pub(super) struct Seats {
    seats: Vec<Seat>,
    members: Mask,
    /// The seats of each peer, of those that leave too.
    of_peer: PeerMap<Mask>,
    /// When something was noted last.
    latest: u64,
    /// What was noted before this, somebody has taken or was not to have.
    furthest: u64,
}

impl Seats {
    /// Gives the peer a seat at a time; `None` when all are taken.
    pub fn join(&mut self, peer: PeerIndex, now: u64) -> Option<Slot> {
        let place = self.seats.iter().position(|seat| seat.occupant == Occupant::Nobody).unwrap_or(self.seats.len());
        let slot = Slot(u8::try_from(place).ok().filter(|_| place < SEATS)?);
        let seat = Seat {
            occupant: Occupant::Member(peer),
            announce_from: now,
            withdraw_from: now,
            pending_announcements: 0,
            pending_withdrawals: 0,
            told: 0,
            full: false,
            owed: None,
        };
        match self.seats.get_mut(place) {
            Some(free) => *free = seat,
            None => self.seats.push(seat),
        }
        self.members = self.members.with(slot);
        let mask = self.of_peer.get(peer).copied().unwrap_or_default();
        self.of_peer.insert(peer, mask.with(slot));
        Some(slot)
    }

    /// The peer in the seat is no member any more.
    pub fn leave(&mut self, slot: Slot) {
        self.members = self.members.less(slot);
        if let Some(seat) = self.seats.get_mut(slot.index())
            && let Occupant::Member(peer) = seat.occupant
        {
            seat.occupant = Occupant::Leaving(peer);
        }
    }

    /// The seat may be given away again.
    pub fn vacate(&mut self, slot: Slot) {
        let Some(seat) = self.seats.get_mut(slot.index()) else { return };
        if let Occupant::Member(peer) | Occupant::Leaving(peer) = seat.occupant
            && let Some(mask) = self.of_peer.get_mut(peer)
        {
            *mask = mask.less(slot);
        }
        seat.occupant = Occupant::Nobody;
    }

    /// Whether the seat is (still) this peer's.
    pub fn seats_peer(&self, slot: Slot, peer: PeerIndex) -> bool {
        self.seat(slot).is_some_and(|seat| seat.occupant == Occupant::Member(peer))
    }

    /// All members.
    pub const fn members(&self) -> Mask {
        self.members
    }

    /// Every seat but those of this peer.
    pub fn all_but(&self, peer: PeerIndex) -> Mask {
        Mask(u16::MAX).without(self.of_peer.get(peer).copied().unwrap_or_default())
    }

    /// A seat.
    pub fn seat(&self, slot: Slot) -> Option<&Seat> {
        self.seats.get(slot.index())
    }

    /// A seat, to be changed.
    pub fn seat_mut(&mut self, slot: Slot) -> Option<&mut Seat> {
        self.seats.get_mut(slot.index())
    }

    /// Something was noted at a time after all before.
    pub const fn noted(&mut self, time: u64) {
        self.latest = time;
    }

    /// Whether anybody has taken announcements that were noted after this.
    pub fn anybody_is_beyond(&self, tick: Tick) -> bool {
        tick.time(self.latest) < self.furthest
    }

    /// Who of these has.
    pub fn beyond(&self, tick: Tick, of: Mask) -> Mask {
        let time = tick.time(self.latest);
        let is_beyond = |place: &usize| self.seats.get(*place).is_some_and(|seat| time < seat.announce_from);
        of.each().filter(is_beyond).fold(Mask::EMPTY, |mask, place| mask.or(Mask(1 << place)))
    }

    /// The seat has taken so many announcements, all that were noted before a time, of which so many were of prefixes
    /// that it had no version of.
    pub fn took_announcements(&mut self, slot: Slot, until: u64, count: usize, fresh: usize) {
        if let Some(seat) = self.seats.get_mut(slot.index()) {
            seat.pending_announcements = seat.pending_announcements.saturating_sub(count);
            seat.told += fresh;
            seat.announce_from = until;
            self.furthest = self.furthest.max(until);
        }
    }

    /// What was noted before this, no member waits for as an announcement.
    pub fn earliest_announcement(&self) -> u64 {
        let members = self.members.each().filter_map(|place| self.seats.get(place));
        // Who waits for nothing may have taken its last one long ago.
        let waiting = members.filter(|seat| seat.pending_announcements > 0);
        waiting.map(|seat| seat.announce_from).min().unwrap_or(u64::MAX)
    }

    /// Announcements and withdrawals not yet pulled by the slot.
    pub fn pending_count(&self, slot: Slot) -> usize {
        self.seat(slot).map_or(0, |seat| seat.pending_announcements + seat.pending_withdrawals)
    }

    /// Counts for an entry whose announcements were pending for some and are for others.
    pub fn recount_announcements(&mut self, before: Mask, after: Mask) {
        self.recount(before, after, |seat| &mut seat.pending_announcements);
    }

    /// The same for withdrawals.
    pub fn recount_withdrawals(&mut self, before: Mask, after: Mask) {
        self.recount(before, after, |seat| &mut seat.pending_withdrawals);
    }

    /// An entry is to be announced to some, of whom these have it already, and withdrawn from others: for whom more than a
    /// prefix without room comes of that, may find room again.
    pub fn reconsider(&mut self, announce: Mask, has: Mask, withdraw: Mask) {
        for place in announce.or(withdraw).each() {
            if let Some(seat) = self.seats.get_mut(place) {
                let bit = Mask(1 << place);
                let is_sure = !announce.and(has).or(withdraw).and(bit).is_empty();
                seat.full &= !is_sure && seat.pending_withdrawals == 0;
            }
        }
    }

    fn recount(&mut self, before: Mask, after: Mask, count: impl Fn(&mut Seat) -> &mut usize) {
        for place in after.without(before).each() {
            if let Some(seat) = self.seats.get_mut(place) {
                *count(seat) += 1;
            }
        }
        for place in before.without(after).each() {
            if let Some(seat) = self.seats.get_mut(place) {
                let count = count(seat);
                *count = count.saturating_sub(1);
            }
        }
    }
}
