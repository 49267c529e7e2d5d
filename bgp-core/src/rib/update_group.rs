//! Adj-RIB-Out: what the peers of one update group are to have, and who has been told (RFC 4271 sections 3.2 and 9.1.3).
//!
//! Pending output is state, not a queue: for each prefix the route, who has *some* version of it (`has`) and who must be
//! told of the present one (`needs`). Two logs give the order, one for announcements and one for withdrawals. So flaps
//! merge, a peer that was never told of a prefix is never sent its withdrawal, and a stuck peer costs two bits a prefix.
//!
//! A route is kept as it is in the Loc-RIB, with the policy term that lets it out; what it becomes on the way is made when a
//! peer pulls, and not kept.

#[cfg(test)]
mod consistency;
mod pulling;
mod stepwise;

use std::sync::Arc;

use super::attribute_store::{AttributeId, AttributeStore};
use super::change_log::{ChangeLog, Tick};
use super::export::ExportProfile;
use super::out_entry::{OutEntry, Pending, brought_up_to_date, entitled, pending};
use super::pages::Pages;
use super::peers::{Epoch, PeerIndex, PeerMap};
use super::seats::{Mask, Seats, Slot};
use super::sharing::Sharing;
use super::table::RowId;
use super::version::{OutRoute, Version, sent_alike};

/// What is asked of a profile: attributes and source, the latter as peer and path identifier.
pub(super) type Question = (AttributeId, PeerIndex, u32);

/// The shared Adj-RIB-Out of peers with one profile.
pub(super) struct UpdateGroup {
    /// What its routes passed.
    pub profile: Arc<ExportProfile>,
    /// Nobody is left: it is being freed and takes no members.
    pub abandoned: bool,
    /// Who is in it.
    pub seats: Seats,
    /// By number of row; it ends where nothing follows.
    entries: Pages<OutEntry>,
    announce: ChangeLog,
    withdraw: ChangeLog,
    /// Rows that a peer with a limit has and must be told of again: they are not looked for among what waits for room.
    again: Vec<RowId>,
    /// Routes by who sent them; other entries are tombstones.
    present: PeerMap<usize>,
    present_total: usize,
    /// Rows that the group needs no more, until somebody looks whether anybody does.
    left: Vec<RowId>,
    sharing: Sharing,
    /// What was admitted last, and by which term: many routes with the same attributes come one behind the other.
    memo: Option<(Question, Epoch, Option<u16>)>,
}

/// What a peer that moves to another group takes along for a prefix.
#[derive(Clone, Copy, Debug)]
pub(super) struct Luggage {
    /// The version it has, if that is known exactly.
    pub version: Option<Version>,
}

impl UpdateGroup {
    /// A group without members and routes.
    pub fn new(profile: ExportProfile) -> Self {
        Self {
            profile: Arc::new(profile),
            abandoned: false,
            seats: Seats::default(),
            entries: Pages::default(),
            announce: ChangeLog::default(),
            withdraw: ChangeLog::default(),
            again: Vec::new(),
            present: PeerMap::default(),
            present_total: 0,
            left: Vec::new(),
            sharing: Sharing::default(),
            memo: None,
        }
    }

    /// The term that lets such a route out, if any does, where that is known and does not depend on the prefix.
    pub fn admitted(&self, question: &Question, epoch: Epoch) -> Option<Option<u16>> {
        let (asked, then, term) = self.memo?;
        (asked == *question && then == epoch).then_some(term)
    }

    /// Remembers that.
    pub fn remember_admitted(&mut self, question: Question, epoch: Epoch, term: Option<u16>) {
        if !self.profile.looks_at_prefixes {
            self.memo = Some((question, epoch, term));
        }
    }

    /// The peer in the slot leaves; the slot is free once [`clear`](Self::clear) went over all entries and it was vacated.
    /// True when that was the last member.
    pub fn leave(&mut self, slot: Slot) -> bool {
        self.seats.leave(slot);
        self.forget_what_nobody_waits_for();
        self.abandoned = self.seats.members().is_empty();
        self.abandoned
    }

    // --- routes ---

    /// What is known of a row.
    fn entry(&self, row: RowId) -> OutEntry {
        brought_up_to_date(&self.seats, self.stored(row))
    }

    /// The same as it is stored: who was told of an announcement by way of its place in the log may not be noted yet.
    fn stored(&self, row: RowId) -> OutEntry {
        self.entries.get(row.index()).copied().unwrap_or(OutEntry::NOTHING)
    }

    /// Whether the group knows anything of a row.
    pub fn needs_row(&self, row: RowId) -> bool {
        !self.stored(row).is_nothing()
    }

    /// The rows it needs no more since this was asked last.
    pub fn take_left(&mut self) -> Vec<RowId> {
        std::mem::take(&mut self.left)
    }

    fn entitled(&self, entry: &OutEntry) -> Mask {
        entitled(&self.seats, entry)
    }

    fn pending(&self, entry: &OutEntry) -> Pending {
        pending(&self.seats, entry)
    }

    /// Makes `route` what the group's peers are to have for the prefix, and notes who must be told. Takes its own
    /// reference to the attributes.
    pub fn set(&mut self, row: RowId, route: Option<OutRoute>, clock: &mut u64, store: &mut AttributeStore) {
        let old = self.entry(row);
        if old == OutEntry::NOTHING {
            if let Some(route) = route {
                self.begin(row, route, clock, store);
            }
            return;
        }
        let mut new = match route {
            None => OutEntry { attributes: None, term: 0, from: PeerIndex::LOCAL, ..old },
            Some(OutRoute { version, from }) => {
                OutEntry { attributes: Some(version.attributes), term: version.term, from, ..old }
            }
        };
        if new == old {
            return;
        }
        let members = self.seats.members();
        let current = if self.says_the_same(&old, &new, store) { old.has.without(old.needs) } else { Mask::EMPTY };
        new.has = old.has.and(members);
        let entitled = self.entitled(&new);
        new.needs = members.and(entitled.without(current).or(new.has.without(entitled)));
        if let Some(id) = new.attributes {
            store.retain(id);
        }
        self.count_presence(&old, &new);
        self.write(row, old, new, true, clock);
        if let Some(id) = old.attributes {
            store.release(id);
        }
    }

    /// As [`set`](Self::set), where nothing is known of the row: nobody has it, and whoever may have it is to be told.
    fn begin(&mut self, row: RowId, route: OutRoute, clock: &mut u64, store: &mut AttributeStore) {
        let OutRoute { version, from } = route;
        let needs = self.seats.members().and(self.seats.all_but(from));
        let mut new =
            OutEntry { attributes: Some(version.attributes), term: version.term, from, needs, ..OutEntry::NOTHING };
        store.retain(version.attributes);
        self.count_presence(&OutEntry::NOTHING, &new);
        if !needs.is_empty() {
            self.announce.born();
            self.seats.recount_announcements(Mask::EMPTY, needs);
            if self.profile.max_prefixes_out.is_some() {
                self.seats.reconsider(needs, Mask::EMPTY, Mask::EMPTY);
            }
            *clock += 1;
            new.noted = Tick::at(*clock);
            self.seats.noted(*clock);
            self.announce.push(new.noted, row);
        }
        self.store(row, new);
    }

    fn store(&mut self, row: RowId, new: OutEntry) {
        self.entries.set(row.index(), new);
    }

    /// Whether peers that were told of one need not be told of the other. Nobody is told what makes no difference to him.
    fn says_the_same(&self, old: &OutEntry, new: &OutEntry, store: &AttributeStore) -> bool {
        let (Some(was), Some(is)) = (old.version(), new.version()) else { return false };
        was == is || !old.has.is_empty() && sent_alike((&self.profile, was), (&self.profile, is), store)
    }

    fn count_presence(&mut self, old: &OutEntry, new: &OutEntry) {
        if old.attributes.is_some() {
            self.present_total = self.present_total.saturating_sub(1);
            if let Some(count) = self.present.get_mut(old.from) {
                *count = count.saturating_sub(1);
            }
        }
        if new.attributes.is_some() {
            self.present_total += 1;
            match self.present.get_mut(new.from) {
                Some(count) => *count += 1,
                None => {
                    self.present.insert(new.from, 1);
                }
            }
        }
    }

    /// Writes an entry back, keeps every count right, and gives it a place in the logs when `renumber`.
    fn write(&mut self, row: RowId, old: OutEntry, mut new: OutEntry, renumber: bool, clock: &mut u64) {
        let (before, after) = (self.pending(&old), self.pending(&new));
        // What was pending has an entry in a log, which is dead now if it is not renumbered in place.
        let leaves_dead = before != Pending::NOTHING;
        self.seats.recount_announcements(before.announce, after.announce);
        self.seats.recount_withdrawals(before.withdraw, after.withdraw);
        if let Some(most) = self.profile.max_prefixes_out {
            self.seats.reconsider(after.announce, new.has, after.withdraw);
            let again = (before.announce.and(old.has), after.announce.and(new.has));
            self.note_again(row, again, most);
        }
        if renumber && !self.sharing.is_empty() {
            self.sharing.forget(old.noted.time(*clock));
        }
        if renumber && !new.needs.is_empty() {
            *clock += 1;
            new.noted = Tick::at(*clock);
            self.seats.noted(*clock);
            if !after.announce.is_empty() {
                self.announce.push(new.noted, row);
            }
            if !after.withdraw.is_empty() {
                self.withdraw.push(new.noted, row);
            }
        }
        self.replace(row, new);
        if leaves_dead {
            self.sweep();
        }
    }

    /// Stores an entry, and says in the logs whether it is live there.
    fn replace(&mut self, row: RowId, new: OutEntry) {
        let stored = self.stored(row);
        let (before, after) = (self.pending(&stored), self.pending(&new));
        let logs = [
            (&mut self.announce, before.announce, after.announce),
            (&mut self.withdraw, before.withdraw, after.withdraw),
        ];
        for (log, was, is) in logs {
            match (was.is_empty(), is.is_empty()) {
                (true, false) => log.born(),
                (false, true) => log.died(),
                _ => {}
            }
        }
        if new.is_nothing() && !stored.is_nothing() {
            self.left.push(row);
        }
        self.store(row, if new.is_nothing() { OutEntry::NOTHING } else { new });
    }

    /// Drops what is dead in the logs: at their fronts, and everywhere where it is due.
    fn sweep(&mut self) {
        let Self { entries, seats, announce, withdraw, .. } = self;
        while let Some((tick, row)) = announce.front() {
            if let Some(entry) = entries.get_mut(row.index()).filter(|entry| entry.noted == tick) {
                let whom = pending(seats, entry).announce;
                let told = seats.beyond(tick, whom);
                if told != whom {
                    break;
                }
                if !whom.is_empty() {
                    (entry.has, entry.needs) = (entry.has.or(told), entry.needs.without(told));
                    announce.died();
                }
            }
            announce.pop();
        }
        let pending = |tick: Tick, row: RowId| {
            let entry = entries.get(row.index()).filter(|entry| entry.noted == tick);
            entry.map_or(Pending::NOTHING, |entry| pending(seats, entry))
        };
        announce.sweep(|tick, row| !pending(tick, row).announce.is_empty());
        withdraw.sweep(|tick, row| !pending(tick, row).withdraw.is_empty());
    }

    // --- walks over all entries ---

    /// Up to `limit` rows from this number on of which the group knows something, and the number to go on with; none
    /// follow when that is [`len`](Self::len).
    pub fn rows_from(&self, from: usize, limit: usize) -> (Vec<RowId>, usize) {
        let (entries, next) = self.entries.some_from(from, limit);
        let known = entries.iter().zip(from..).filter(|(entry, _)| !entry.is_nothing());
        (known.map(|(_, place)| RowId::of(place)).collect(), next)
    }

    /// Rows that it has room for.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// These peers are to be told of the prefix: who was not told yet, or all when `again`.
    pub fn tell(&mut self, row: RowId, whom: Mask, again: bool, clock: &mut u64) {
        let entry = self.entry(row);
        let told = if again { Mask::EMPTY } else { entry.has.or(entry.needs) };
        let tell = self.entitled(&entry).and(whom).without(told);
        if !tell.is_empty() {
            let new = OutEntry { needs: entry.needs.or(tell), ..entry };
            self.write(row, entry, new, true, clock);
        }
    }

    /// Clears the slot's bits of a prefix; what the peer had of it, if anything.
    pub fn clear(&mut self, row: RowId, slot: Slot, clock: &mut u64) -> Option<Luggage> {
        let entry = self.entry(row);
        let (has, needs) = (entry.has.has(slot), entry.needs.has(slot));
        if !has && !needs {
            return None;
        }
        let new = OutEntry { has: entry.has.less(slot), needs: entry.needs.less(slot), ..entry };
        self.write(row, entry, new, false, clock);
        has.then_some(Luggage { version: entry.version().filter(|_| !needs) })
    }

    /// The peer in the slot comes from a group of profile `then` with this luggage: only the difference is to be told.
    pub fn take_in(
        &mut self,
        row: RowId,
        slot: Slot,
        (luggage, then): (Luggage, &ExportProfile),
        clock: &mut u64,
        store: &AttributeStore,
    ) {
        let old = self.entry(row);
        let mut new = OutEntry { has: old.has.with(slot), ..old };
        if let Some(seat) = self.seats.seat_mut(slot) {
            seat.told += usize::from(!old.has.has(slot));
        }
        let alike = || match (luggage.version, old.version()) {
            (Some(was), Some(is)) => sent_alike((then, was), (&self.profile, is), store),
            _ => false,
        };
        if self.entitled(&old).has(slot) && alike() {
            new.needs = old.needs.less(slot);
            // What others were made while he was to be told all of it is not what he is to be told.
            self.sharing.forget(old.noted.time(*clock));
            self.write(row, old, new, false, clock);
        } else {
            new.needs = old.needs.with(slot);
            self.write(row, old, new, true, clock);
        }
    }

    /// Frees a prefix of an abandoned group.
    pub fn free(&mut self, row: RowId, store: &mut AttributeStore) {
        let Some(entry) = self.entries.get_mut(row.index()) else { return };
        let gone = std::mem::replace(entry, OutEntry::NOTHING);
        self.left.push(row);
        if let Some(id) = gone.attributes {
            store.release(id);
        }
    }

    // --- questions ---

    /// Routes the peer is to have.
    pub fn advertised_count(&self, peer: PeerIndex) -> usize {
        self.present_total - self.present.get(peer).copied().unwrap_or(0)
    }

    /// The route that the slot is to have for a prefix, if any, and whether it was told.
    pub fn route(&self, row: RowId, slot: Slot) -> Option<(Version, bool)> {
        let entry = self.entry(row);
        let told = entry.has.without(entry.needs).has(slot);
        entry.version().filter(|_| self.entitled(&entry).has(slot)).map(|version| (version, told))
    }
}
