//! What is pulled by a peer that takes so many prefixes.
//!
//! A pull looks at no more than some multiples of that many prefixes, however many there are for which there is no room: the
//! thread that does it serves all peers.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::UpdateGroup;
use crate::nlri::Nlri;
use crate::rib::announcements::{Announcements, Collector};
use crate::rib::attribute_store::AttributeStore;
use crate::rib::family_prefix::FamilyPrefix;
use crate::rib::limit::{self, Differing, Step};
use crate::rib::seats::{Mask, Slot};
use crate::rib::table::{RowId, Table};
use crate::rib::version::Places;

/// Beyond so many times what the peer takes, what waits cannot find room by any change of shape, and is not compared.
const SURPLUS: usize = 4;

impl UpdateGroup {
    /// A row whose peers must be told again: of these before, of those now.
    pub(super) fn note_again(&mut self, row: RowId, (before, now): (Mask, Mask), most: usize) {
        if now.without(before).is_empty() {
            return;
        }
        self.again.push(row);
        if self.again.len() > SURPLUS.saturating_mul(most.max(16)) {
            self.again.sort_unstable();
            self.again.dedup();
        }
    }

    /// Takes the next step toward a peer that takes `most` prefixes, about `max_routes` routes; how many it took.
    pub fn take_step<N: FamilyPrefix>(
        &mut self,
        slot: Slot,
        most: usize,
        max_routes: usize,
        (table, store): (&Table<N>, &AttributeStore),
        (announce, withdraw): (&mut Vec<Arc<Announcements>>, &mut Vec<Nlri>),
    ) -> usize {
        let Some(seat) = self.seats.seat(slot).copied() else { return 0 };
        let (told, owed) = (seat.told, seat.owed);
        let looked_at = SURPLUS.saturating_mul(most);
        let differing = self.differing(slot, looked_at, table);
        let is_owed = |row: &RowId| {
            let entry = self.entry(*row);
            self.pending(&entry).announce.has(slot) && !entry.has.has(slot)
        };
        let has = |net: &N| table.find(net).is_some_and(|row| self.entry(row).has.has(slot));
        let step = match owed.filter(is_owed) {
            Some(row) => Some(Step::announcing(vec![row])),
            None if seat.pending_announcements > looked_at => {
                limit::next_of_surplus(&differing, (told, most), max_routes)
            }
            None => limit::next_step(&differing, (told, most), max_routes, has),
        };
        let full = step.is_none() && seat.pending_announcements + seat.pending_withdrawals > 0;
        let step = step.unwrap_or_else(|| Step::announcing(Vec::new()));
        let path_id = self.profile.path_id();
        let mut routes = Collector::new();
        let (mut places, mut fresh) = (Places::with_room_for(0), 0);
        for row in &step.announce {
            let entry = self.entry(*row);
            fresh += usize::from(!entry.has.has(slot));
            let (Some(version), Some(net)) = (entry.version(), table.net(*row)) else { continue };
            let (_, place) = places.of(version, Mask::EMPTY.with(slot), || (0, routes.place(version)));
            routes.add(place, net);
            self.told_of_announcement(*row, entry, slot);
        }
        if !routes.is_empty() {
            announce.push(Arc::new(routes.finish(&self.profile, store)));
        }
        for row in &step.withdraw {
            self.told_of_withdrawal(*row, self.entry(*row), slot);
            withdraw.extend(table.net(*row).map(|net| Nlri { prefix: net.into(), path_id }));
        }
        if let Some(seat) = self.seats.seat_mut(slot) {
            seat.pending_announcements = seat.pending_announcements.saturating_sub(step.announce.len());
            seat.told += fresh;
            seat.full = full;
            seat.owed = step.owed;
        }
        self.sweep();
        step.len()
    }

    /// Announcements for which the peer in the slot has no room.
    pub fn held_back(&self, slot: Slot) -> usize {
        let full = self.seats.seat(slot).filter(|seat| seat.full);
        full.map_or(0, |seat| seat.pending_announcements)
    }

    /// What of the slot is pending; of what it does not have, the first so many.
    fn differing<N: FamilyPrefix>(&mut self, slot: Slot, fresh: usize, table: &Table<N>) -> Differing<N, RowId> {
        let mut differing = Differing { fresh: BTreeMap::new(), gone: BTreeMap::new(), again: Vec::new() };
        let again = std::mem::take(&mut self.again);
        for row in again {
            let entry = self.entry(row);
            let announce = self.pending(&entry).announce.and(entry.has);
            if announce.has(slot) {
                differing.again.push(row);
            }
            if !announce.is_empty() {
                self.again.push(row);
            }
        }
        differing.again.sort_unstable();
        differing.again.dedup();
        let mut position = 0;
        while differing.fresh.len() < fresh
            && let Some((at, row, entry)) =
                self.next_pending(&self.announce, position, slot, |pending| pending.announce)
        {
            position = at + 1;
            if let Some(net) = table.net(row).filter(|_| !entry.has.has(slot)) {
                differing.fresh.insert(net, row);
            }
        }
        let mut position = 0;
        while let Some((at, row, _)) = self.next_pending(&self.withdraw, position, slot, |pending| pending.withdraw) {
            position = at + 1;
            if let Some(net) = table.net(row) {
                differing.gone.insert(net, row);
            }
        }
        differing
    }
}
