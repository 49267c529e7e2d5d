//! What a peer takes of a group: announcements as they come in the log, those that others get too with them, then
//! withdrawals.

use std::sync::Arc;

use super::UpdateGroup;
use crate::nlri::Nlri;
use crate::rib::announcements::{Announcements, Collector};
use crate::rib::attribute_store::AttributeStore;
use crate::rib::change_log::ChangeLog;
use crate::rib::family_prefix::FamilyPrefix;
use crate::rib::out_entry::{OutEntry, Pending};
use crate::rib::seats::{Mask, Slot};
use crate::rib::sharing::{Fresh, SharedBatch};
use crate::rib::table::{RowId, Table};
use crate::rib::version::Places;

/// Octets of attributes in a batch, counted with every route, until no more come into it: they leave with every message, and
/// at worst a message holds one route. Most routes have a hundred or so, and who makes up thousands does not make us hold
/// them for all routes of a batch at once.
const OCTETS_MAX: usize = 16 << 20;

impl UpdateGroup {
    /// Whether an announcement waits for the peer in the slot.
    pub fn has_announcements(&self, slot: Slot) -> bool {
        self.seats.seat(slot).is_some_and(|seat| seat.pending_announcements > 0 && !seat.full)
    }

    /// Takes up to `max_routes` pending announcements for the slot; how many it took. Peers at the same point share them.
    pub fn take_announcements<N: FamilyPrefix>(
        &mut self,
        slot: Slot,
        max_routes: usize,
        (table, store): (&Table<N>, &AttributeStore),
        now: u64,
        out: &mut Vec<Arc<Announcements>>,
    ) -> usize {
        let waiting = self.seats.seat(slot).filter(|seat| seat.pending_announcements > 0);
        let Some(from) = waiting.map(|seat| seat.announce_from).filter(|_| max_routes > 0) else {
            self.forget_what_nobody_waits_for();
            return 0;
        };
        let position = self.announce.position(from, now);
        let next = self.next_pending(&self.announce, position, slot, |pending| pending.announce);
        let Some((position, _, entry)) = next else { return 0 };
        let first = entry.noted.time(now);
        let known = self.sharing.beginning_at(first).filter(|batch| batch.routes <= max_routes).cloned();
        let batch = match known {
            Some(batch) => batch,
            None => {
                let made = self.batch(slot, position, max_routes, (table, store), now);
                if self.seats.members().is_more_than_one() {
                    self.sharing.remember(made.clone());
                }
                made
            }
        };
        out.extend(batch.parts_for(slot).cloned());
        let (taken, fresh) = (batch.routes_for(slot), batch.fresh_for(slot));
        // That is all: entries are brought up to date when they are looked at, or leave the log.
        self.seats.took_announcements(slot, batch.last + 1, taken, fresh);
        self.sweep();
        self.forget_what_nobody_waits_for();
        taken
    }

    /// Of the batches that were made last, those that no member comes to any more.
    pub(super) fn forget_what_nobody_waits_for(&mut self) {
        if !self.sharing.is_empty() {
            self.sharing.forget_before(self.seats.earliest_announcement());
        }
    }

    /// The announcements from a position of the log on, for all peers for whom they are pending, at most `max_routes`, and fewer
    /// where their attributes are long.
    fn batch<N: FamilyPrefix>(
        &self,
        slot: Slot,
        mut position: usize,
        max_routes: usize,
        (table, store): (&Table<N>, &AttributeStore),
        now: u64,
    ) -> SharedBatch {
        // A few routes mostly share a version.
        const ROUTES_A_VERSION: usize = 4;
        let alone = !self.seats.members().is_more_than_one();
        let versions = max_routes.min(self.announce.len()) / ROUTES_A_VERSION;
        let (mut parts, mut places) = (Vec::<(Mask, Collector<N>)>::new(), Places::with_room_for(versions));
        // Whoever comes from elsewhere goes on with what others were made.
        let end = self.announce.at(position).map_or(u64::MAX, |(first, _)| self.sharing.next_after(first.time(now)));
        let (mut times, mut routes, mut fresh) = (None, 0, Fresh::default());
        let (mut octets, mut last_set) = (0, None);
        while routes < max_routes
            && octets < OCTETS_MAX
            && let Some((tick, row)) = self.announce.at(position)
        {
            position += 1;
            let entry = self.entry(row);
            let pending = self.pending(&entry).announce;
            if entry.noted != tick || pending.is_empty() || alone && !pending.has(slot) {
                continue;
            }
            let time = tick.time(now);
            if time >= end {
                break;
            }
            times = Some((times.map_or(time, |(first, _)| first), time));
            let (Some(version), Some(net)) = (entry.version(), table.net(row)) else { continue };
            fresh.add(pending.without(entry.has));
            let (_, length) = last_set
                .filter(|(set, _)| *set == version.attributes)
                .unwrap_or_else(|| (version.attributes, store.encoded(version.attributes).len()));
            last_set = Some((version.attributes, length));
            octets += length;
            let (part, place) = places.of(version, pending, || {
                let known = parts.iter().position(|(mask, _)| *mask == pending);
                let part = known.unwrap_or(parts.len());
                if known.is_none() {
                    parts.push((pending, Collector::new()));
                }
                (part, parts.get_mut(part).map_or(0, |(_, routes)| routes.place(version)))
            });
            if let Some((_, routes)) = parts.get_mut(part) {
                routes.add(place, net);
            }
            routes += 1;
        }
        let (first, last) = times.unwrap_or((now, now));
        let finished = |(mask, routes): (Mask, Collector<N>)| (mask, Arc::new(routes.finish(&self.profile, store)));
        SharedBatch { first, last, routes, octets, parts: parts.into_iter().map(finished).collect(), fresh }
    }

    pub(super) fn told_of_announcement(&mut self, row: RowId, entry: OutEntry, slot: Slot) {
        self.replace(row, OutEntry { has: entry.has.with(slot), needs: entry.needs.less(slot), ..entry });
    }

    /// Whether a withdrawal noted before `until` waits for the peer in the slot.
    pub fn has_withdrawals(&self, slot: Slot, until: u64, now: u64) -> bool {
        let Some(seat) = self.seats.seat(slot) else { return false };
        let next = || {
            let position = self.withdraw.position(seat.withdraw_from, now);
            self.next_pending(&self.withdraw, position, slot, |pending| pending.withdraw)
        };
        seat.pending_withdrawals > 0 && !seat.full && next().is_some_and(|(_, _, entry)| entry.noted.time(now) < until)
    }

    /// Takes up to `max_routes` withdrawals for the slot that were noted before `until`.
    pub fn take_withdrawals<N: FamilyPrefix>(
        &mut self,
        slot: Slot,
        max_routes: usize,
        until: u64,
        (table, now): (&Table<N>, u64),
        out: &mut Vec<Nlri>,
    ) -> usize {
        let waiting = self.seats.seat(slot).filter(|seat| seat.pending_withdrawals > 0);
        let Some(mut time) = waiting.map(|seat| seat.withdraw_from) else { return 0 };
        let (mut taken, path_id) = (0, self.profile.path_id());
        let mut position = self.withdraw.position(time, now);
        while taken < max_routes
            && let Some((at, row, entry)) =
                self.next_pending(&self.withdraw, position, slot, |pending| pending.withdraw)
            && entry.noted.time(now) < until
        {
            time = entry.noted.time(now) + 1;
            position = at + 1;
            self.told_of_withdrawal(row, entry, slot);
            let Some(net) = table.net(row) else { continue };
            out.push(Nlri { prefix: net.into(), path_id });
            taken += 1;
        }
        if let Some(seat) = self.seats.seat_mut(slot) {
            seat.withdraw_from = time;
        }
        self.sweep();
        taken
    }

    /// The peer in the slot is told that it is to have the prefix no more.
    pub(super) fn told_of_withdrawal(&mut self, row: RowId, entry: OutEntry, slot: Slot) {
        if let Some(seat) = self.seats.seat_mut(slot) {
            seat.pending_withdrawals = seat.pending_withdrawals.saturating_sub(1);
            seat.told = seat.told.saturating_sub(usize::from(entry.has.has(slot)));
        }
        self.replace(row, OutEntry { has: entry.has.less(slot), needs: entry.needs.less(slot), ..entry });
    }

    pub(super) fn next_pending(
        &self,
        log: &ChangeLog,
        mut position: usize,
        slot: Slot,
        bits: impl Fn(Pending) -> Mask,
    ) -> Option<(usize, RowId, OutEntry)> {
        loop {
            let (tick, row) = log.at(position)?;
            let entry = self.entry(row);
            if entry.noted == tick && bits(self.pending(&entry)).has(slot) {
                return Some((position, row, entry));
            }
            position += 1;
        }
    }
}
