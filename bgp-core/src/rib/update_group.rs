//! Adj-RIB-Out: what the peers of one update group are to have, and who has been told (RFC 4271 sections 3.2 and 9.1.3).
//!
//! Pending output is state, not a queue: for each prefix the route, who has *some* version of it (`has`) and who must be
//! told of the present one (`needs`). Two logs give the order, one for announcements and one for withdrawals. So flaps
//! merge, a peer that was never told of a prefix is never sent its withdrawal, and a stuck peer costs two bits a prefix.

use std::collections::HashMap;
use std::sync::Arc;

use prefix_trie::PrefixMap;

use super::attribute_store::{AttributeId, AttributeStore};
use super::change_log::ChangeLog;
use super::export::ExportProfile;
use super::family_prefix::FamilyPrefix;
use super::peers::PeerIndex;
use crate::attribute::PathAttributes;
use crate::nlri::Nlri;

/// As many peers as a bitmap of an entry holds; more peers with one profile make another group.
const SLOTS: usize = 32;

/// The most remembered transformations; the memory is emptied when it is full.
const MEMO_MAX: usize = 65_536;

/// One bit of the bitmaps of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot(u8);

impl Slot {
    const fn bit(self) -> u32 {
        1 << self.0
    }

    fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// One prefix of the Adj-RIB-Out. Without attributes it is a tombstone that lives until everyone has been told.
#[derive(Clone, Copy, Debug)]
struct OutEntry {
    attributes: Option<AttributeId>,
    from: PeerIndex,
    has: u32,
    needs: u32,
    number: u64,
}

impl OutEntry {
    const TOMBSTONE: Self = Self { attributes: None, from: PeerIndex::LOCAL, has: 0, needs: 0, number: 0 };
}

/// What of an entry is pending: for whom it is an announcement, for whom a withdrawal.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Pending {
    announce: u32,
    withdraw: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Occupant {
    Nobody,
    Member(PeerIndex),
    /// It left; its bits are being cleared.
    Leaving(PeerIndex),
}

#[derive(Clone, Copy, Debug)]
struct Seat {
    occupant: Occupant,
    announce_from: u64,
    withdraw_from: u64,
    pending_announcements: usize,
    pending_withdrawals: usize,
}

/// Routes grouped by their attributes, as they are pulled.
pub(super) type Announcements = Vec<(Arc<PathAttributes>, Vec<Nlri>)>;

/// The shared Adj-RIB-Out of peers with one profile.
pub(super) struct UpdateGroup<N> {
    /// What its routes passed.
    pub profile: ExportProfile,
    /// Nobody is left: it is being freed and takes no members.
    pub abandoned: bool,
    table: PrefixMap<N, OutEntry>,
    announce: ChangeLog<N>,
    withdraw: ChangeLog<N>,
    seats: Vec<Seat>,
    /// Routes in the table by who sent them; the rest of the entries are tombstones.
    present: HashMap<PeerIndex, usize>,
    present_total: usize,
    memo: HashMap<(AttributeId, usize, bool), AttributeId>,
}

/// What a peer that moves to another group takes along for a prefix.
pub(super) struct Luggage {
    /// The version it has, if that is known exactly.
    pub version: Option<AttributeId>,
}

impl<N: FamilyPrefix> UpdateGroup<N> {
    /// A group without members and routes.
    pub fn new(profile: ExportProfile) -> Self {
        Self {
            profile,
            abandoned: false,
            table: PrefixMap::new(),
            announce: ChangeLog::default(),
            withdraw: ChangeLog::default(),
            seats: Vec::new(),
            present: HashMap::new(),
            present_total: 0,
            memo: HashMap::new(),
        }
    }

    // --- members ---

    /// Gives the peer a slot; `None` when the group is full.
    pub fn join(&mut self, peer: PeerIndex, now: u64) -> Option<Slot> {
        let place = self.seats.iter().position(|seat| seat.occupant == Occupant::Nobody).unwrap_or(self.seats.len());
        let slot = Slot(u8::try_from(place).ok().filter(|number| usize::from(*number) < SLOTS)?);
        let seat = Seat {
            occupant: Occupant::Member(peer),
            announce_from: now,
            withdraw_from: now,
            pending_announcements: 0,
            pending_withdrawals: 0,
        };
        match self.seats.get_mut(place) {
            Some(free) => *free = seat,
            None => self.seats.push(seat),
        }
        Some(slot)
    }

    /// The peer in the slot leaves; the slot is free once [`clear`](Self::clear) went over all entries and
    /// [`vacate`](Self::vacate) was called. True when that was the last member.
    pub fn leave(&mut self, slot: Slot) -> bool {
        if let Some(seat) = self.seats.get_mut(slot.index())
            && let Occupant::Member(peer) = seat.occupant
        {
            seat.occupant = Occupant::Leaving(peer);
        }
        self.abandoned = self.members() == 0;
        self.abandoned
    }

    /// The slot may be given away again.
    pub fn vacate(&mut self, slot: Slot) {
        if let Some(seat) = self.seats.get_mut(slot.index()) {
            seat.occupant = Occupant::Nobody;
        }
    }

    /// Whether the slot is (still) this peer's.
    pub fn seats_peer(&self, slot: Slot, peer: PeerIndex) -> bool {
        self.seats.get(slot.index()).is_some_and(|seat| seat.occupant == Occupant::Member(peer))
    }

    fn members(&self) -> u32 {
        let member = |seat: &Seat| matches!(seat.occupant, Occupant::Member(_));
        let bits = self.seats.iter().zip(0u8..).filter(|(seat, _)| member(seat)).map(|(_, place)| Slot(place).bit());
        bits.fold(0, |mask, bit| mask | bit)
    }

    // --- routes ---

    /// The entry's peers that are to have the route: all but the one that sent it (split horizon).
    fn entitled(&self, entry: &OutEntry) -> u32 {
        if entry.attributes.is_none() {
            return 0;
        }
        let sender = |seat: &Seat| match seat.occupant {
            Occupant::Member(peer) | Occupant::Leaving(peer) => peer == entry.from,
            Occupant::Nobody => false,
        };
        let senders = self.seats.iter().zip(0u8..).filter(|(seat, _)| sender(seat));
        !senders.fold(0, |mask, (_, place)| mask | Slot(place).bit())
    }

    fn pending(&self, entry: &OutEntry) -> Pending {
        let entitled = self.entitled(entry);
        Pending { announce: entry.needs & entitled, withdraw: entry.needs & !entitled }
    }

    /// Makes `route` what the group's peers are to have for the prefix, and notes who must be told. Takes its own
    /// reference to the attributes.
    pub fn set(
        &mut self,
        net: N,
        route: Option<(AttributeId, PeerIndex)>,
        clock: &mut u64,
        store: &mut AttributeStore,
    ) {
        let before = self.table.get(&net).copied();
        if before.is_none() && route.is_none() {
            return;
        }
        let old = before.unwrap_or(OutEntry::TOMBSTONE);
        let (attributes, from) = route.map_or((None, PeerIndex::LOCAL), |(id, from)| (Some(id), from));
        if old.attributes == attributes && (attributes.is_none() || old.from == from) {
            return;
        }
        let current = if old.attributes == attributes { old.has & !old.needs } else { 0 };
        let members = self.members();
        let mut new = OutEntry { attributes, from, has: old.has & members, ..old };
        let entitled = self.entitled(&new);
        new.needs = members & ((entitled & !current) | (new.has & !entitled));
        if let Some(id) = attributes {
            store.retain(id);
        }
        self.count_presence(&old, &new);
        self.store(net, old, new, true, clock);
        if let Some(id) = old.attributes {
            store.release(id);
        }
    }

    fn count_presence(&mut self, old: &OutEntry, new: &OutEntry) {
        if old.attributes.is_some() {
            self.present_total = self.present_total.saturating_sub(1);
            if let Some(count) = self.present.get_mut(&old.from) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    self.present.remove(&old.from);
                }
            }
        }
        if new.attributes.is_some() {
            self.present_total += 1;
            *self.present.entry(new.from).or_default() += 1;
        }
    }

    /// Writes an entry back, keeps every count right, and gives it a place in the logs when `renumber`.
    fn store(&mut self, net: N, old: OutEntry, mut new: OutEntry, renumber: bool, clock: &mut u64) {
        let (before, after) = (self.pending(&old), self.pending(&new));
        self.count_pending(before, after);
        if renumber && new.needs != 0 {
            *clock += 1;
            new.number = *clock;
            if after.announce != 0 {
                self.announce.push(new.number, net);
            }
            if after.withdraw != 0 {
                self.withdraw.push(new.number, net);
            }
        }
        if new.attributes.is_none() && new.has == 0 && new.needs == 0 {
            self.table.remove(&net);
        } else {
            self.table.insert(net, new);
        }
        self.sweep();
    }

    fn count_pending(&mut self, before: Pending, after: Pending) {
        for (log, was, is) in [
            (&mut self.announce, before.announce, after.announce),
            (&mut self.withdraw, before.withdraw, after.withdraw),
        ] {
            match (was != 0, is != 0) {
                (false, true) => log.born(),
                (true, false) => log.died(),
                _ => {}
            }
        }
        for (seat, place) in self.seats.iter_mut().zip(0u8..) {
            let bit = Slot(place).bit();
            recount(&mut seat.pending_announcements, before.announce & bit != 0, after.announce & bit != 0);
            recount(&mut seat.pending_withdrawals, before.withdraw & bit != 0, after.withdraw & bit != 0);
        }
    }

    fn sweep(&mut self) {
        let (mut announce, mut withdraw) = (std::mem::take(&mut self.announce), std::mem::take(&mut self.withdraw));
        let pending = |number: u64, net: &N| {
            let entry = self.table.get(net).filter(|entry| entry.number == number);
            entry.map(|entry| self.pending(entry))
        };
        announce.sweep(|number, net| pending(number, net).is_some_and(|pending| pending.announce != 0));
        withdraw.sweep(|number, net| pending(number, net).is_some_and(|pending| pending.withdraw != 0));
        (self.announce, self.withdraw) = (announce, withdraw);
    }

    // --- pulling ---

    /// Whether an announcement waits for the peer in the slot.
    pub fn has_announcements(&self, slot: Slot) -> bool {
        self.seats.get(slot.index()).is_some_and(|seat| seat.pending_announcements > 0)
    }

    /// Takes up to `max_routes` pending announcements for the slot; how many it took.
    pub fn take_announcements(
        &mut self,
        slot: Slot,
        max_routes: usize,
        store: &AttributeStore,
        clock: &mut u64,
        out: &mut Announcements,
    ) -> usize {
        let Some(mut number) = self.seats.get(slot.index()).map(|seat| seat.announce_from) else { return 0 };
        let (mut taken, mut places) = (0, HashMap::new());
        while taken < max_routes
            && let Some((net, entry)) = self.next_pending(&self.announce, number, slot, |pending| pending.announce)
        {
            number = entry.number + 1;
            let Some(id) = entry.attributes else { continue };
            let told = OutEntry { has: entry.has | slot.bit(), needs: entry.needs & !slot.bit(), ..entry };
            self.store(net, entry, told, false, clock);
            let place = *places.entry(id).or_insert_with(|| {
                out.push((Arc::clone(store.attributes(id)), Vec::new()));
                out.len() - 1
            });
            if let Some((_, nlri)) = out.get_mut(place) {
                nlri.push(Nlri { prefix: net.into(), path_id: self.profile.path_id() });
            }
            taken += 1;
        }
        if let Some(seat) = self.seats.get_mut(slot.index()) {
            seat.announce_from = number;
        }
        taken
    }

    /// Whether a withdrawal noted before `until` waits for the peer in the slot.
    pub fn has_withdrawals(&self, slot: Slot, until: u64) -> bool {
        let Some(seat) = self.seats.get(slot.index()) else { return false };
        let next = || self.next_pending(&self.withdraw, seat.withdraw_from, slot, |pending| pending.withdraw);
        seat.pending_withdrawals > 0 && next().is_some_and(|(_, entry)| entry.number < until)
    }

    /// Takes up to `max_routes` withdrawals for the slot that were noted before `until`.
    pub fn take_withdrawals(
        &mut self,
        slot: Slot,
        max_routes: usize,
        until: u64,
        clock: &mut u64,
        out: &mut Vec<Nlri>,
    ) -> usize {
        let Some(mut number) = self.seats.get(slot.index()).map(|seat| seat.withdraw_from) else { return 0 };
        let mut taken = 0;
        while taken < max_routes
            && let Some((net, entry)) = self.next_pending(&self.withdraw, number, slot, |pending| pending.withdraw)
            && entry.number < until
        {
            number = entry.number + 1;
            let told = OutEntry { has: entry.has & !slot.bit(), needs: entry.needs & !slot.bit(), ..entry };
            self.store(net, entry, told, false, clock);
            out.push(Nlri { prefix: net.into(), path_id: self.profile.path_id() });
            taken += 1;
        }
        if let Some(seat) = self.seats.get_mut(slot.index()) {
            seat.withdraw_from = number;
        }
        taken
    }

    fn next_pending(
        &self,
        log: &ChangeLog<N>,
        from: u64,
        slot: Slot,
        bits: impl Fn(Pending) -> u32,
    ) -> Option<(N, OutEntry)> {
        let mut position = log.position(from);
        loop {
            let (number, net) = log.at(position)?;
            let entry = self.table.get(&net).filter(|entry| entry.number == number);
            if let Some(entry) = entry.filter(|entry| bits(self.pending(entry)) & slot.bit() != 0) {
                return Some((net, *entry));
            }
            position += 1;
        }
    }

    // --- walks over all entries ---

    /// Up to `limit` prefixes of the table after `after`, tombstones included.
    pub fn prefixes_after(&self, after: Option<N>, limit: usize) -> Vec<N> {
        match after {
            None => self.table.iter().take(limit).map(|(net, _)| net).collect(),
            Some(after) => self.table.iter_from(&after, false).take(limit).map(|(net, _)| net).collect(),
        }
    }

    /// The peer in the slot is to be told of the prefix: when it was not told yet, or in any case when `again`.
    pub fn tell(&mut self, net: N, slot: Slot, again: bool, clock: &mut u64) {
        let Some(entry) = self.table.get(&net).copied() else { return };
        let told = (entry.has | entry.needs) & slot.bit() != 0;
        if self.entitled(&entry) & slot.bit() != 0 && (again || !told) {
            let new = OutEntry { needs: entry.needs | slot.bit(), ..entry };
            self.store(net, entry, new, true, clock);
        }
    }

    /// Clears the slot's bits of a prefix; what the peer had of it, if anything.
    pub fn clear(&mut self, net: N, slot: Slot, clock: &mut u64) -> Option<Luggage> {
        let entry = self.table.get(&net).copied()?;
        let (has, needs) = (entry.has & slot.bit() != 0, entry.needs & slot.bit() != 0);
        if !has && !needs {
            return None;
        }
        let new = OutEntry { has: entry.has & !slot.bit(), needs: entry.needs & !slot.bit(), ..entry };
        self.store(net, entry, new, false, clock);
        has.then_some(Luggage { version: entry.attributes.filter(|_| !needs) })
    }

    /// The peer in the slot comes from another group with this luggage: only the difference is to be told.
    pub fn take_in(&mut self, net: N, slot: Slot, luggage: &Luggage, clock: &mut u64) {
        let old = self.table.get(&net).copied().unwrap_or(OutEntry::TOMBSTONE);
        let mut new = OutEntry { has: old.has | slot.bit(), ..old };
        let entitled = self.entitled(&old) & slot.bit() != 0;
        if entitled && old.attributes == luggage.version {
            new.needs &= !slot.bit();
            self.store(net, old, new, false, clock);
        } else {
            new.needs |= slot.bit();
            self.store(net, old, new, true, clock);
        }
    }

    /// Frees a prefix of an abandoned group.
    pub fn free(&mut self, net: N, store: &mut AttributeStore) {
        if let Some(id) = self.table.remove(&net).and_then(|entry| entry.attributes) {
            store.release(id);
        }
    }

    // --- transformations ---

    /// The attributes a route leaves with: see [`ExportProfile::transform`]. The caller gets a reference.
    pub fn transform(
        &mut self,
        id: AttributeId,
        term: usize,
        originated: bool,
        store: &mut AttributeStore,
    ) -> AttributeId {
        if let Some(known) = self.memo.get(&(id, term, originated)).copied() {
            store.retain(known);
            return known;
        }
        if self.memo.len() >= MEMO_MAX {
            self.forget(store);
        }
        let sent = self.profile.transform(term, originated, store.attributes(id));
        let made = store.intern(&sent);
        store.retain(id);
        store.retain(made);
        self.memo.insert((id, term, originated), made);
        made
    }

    /// Forgets the remembered transformations and their references.
    pub fn forget(&mut self, store: &mut AttributeStore) {
        for ((id, _, _), made) in std::mem::take(&mut self.memo) {
            store.release(id);
            store.release(made);
        }
    }

    // --- questions ---

    /// Routes the peer in the slot is to have.
    pub fn advertised_count(&self, peer: PeerIndex) -> usize {
        self.present_total - self.present.get(&peer).copied().unwrap_or(0)
    }

    /// Announcements and withdrawals not yet pulled by the slot.
    pub fn pending_count(&self, slot: Slot) -> usize {
        self.seats.get(slot.index()).map_or(0, |seat| seat.pending_announcements + seat.pending_withdrawals)
    }

    /// The routes the slot is to have, from after `after`: prefix, attributes if any, and whether it was told.
    pub fn routes_after(&self, after: Option<N>, slot: Slot) -> impl Iterator<Item = (N, Option<(AttributeId, bool)>)> {
        let entries = match after {
            None => self.table.iter(),
            Some(after) => self.table.iter_from(&after, false),
        };
        entries.map(move |(net, entry)| {
            let entitled = self.entitled(entry) & slot.bit() != 0;
            let told = entry.has & !entry.needs & slot.bit() != 0;
            (net, entry.attributes.filter(|_| entitled).map(|id| (id, told)))
        })
    }
}

fn recount(count: &mut usize, was: bool, is: bool) {
    match (was, is) {
        (false, true) => *count += 1,
        (true, false) => *count = count.saturating_sub(1),
        _ => {}
    }
}
