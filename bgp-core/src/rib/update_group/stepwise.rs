//! What is pulled by a peer that takes so many prefixes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Announcing, UpdateGroup};
use crate::nlri::Nlri;
use crate::rib::attribute_store::AttributeStore;
use crate::rib::family_prefix::FamilyPrefix;
use crate::rib::limit::{self, Differing, Step};
use crate::rib::out_entry::Pending;
use crate::rib::seats::{Mask, Slot};
use crate::rib::table::{RowId, Table};
use crate::rib::update_batch::Announcements;
use crate::rib::version::Places;

impl UpdateGroup {
    /// Takes the next step toward a peer that takes `most` prefixes, about `max_routes` routes; how many it took.
    pub fn take_step<N: FamilyPrefix>(
        &mut self,
        slot: Slot,
        most: usize,
        max_routes: usize,
        (table, store): (&Table<N>, &AttributeStore),
        now: u64,
        (announce, withdraw): (&mut Vec<Arc<Announcements>>, &mut Vec<Nlri>),
    ) -> usize {
        let Some((told, owed)) = self.seats.seat(slot).map(|seat| (seat.told, seat.owed)) else { return 0 };
        let is_owed = |row: &RowId| {
            let entry = self.entry(*row);
            self.pending(&entry).announce.has(slot) && !entry.has.has(slot)
        };
        let has = |net: &N| table.find(net).is_some_and(|row| self.entry(row).has.has(slot));
        let step = match owed.filter(is_owed) {
            Some(row) => Some(Step::announcing(vec![row])),
            None => limit::next_step(&self.differing(slot, table), (told, most), max_routes, has),
        };
        let full_at = if step.is_none() { Some(now) } else { None };
        let step = step.unwrap_or_else(|| Step::announcing(Vec::new()));
        let path_id = self.profile.path_id();
        let mut routes: Announcing = Vec::new();
        let (mut places, mut fresh) = (Places::with_room_for(0), 0);
        for row in &step.announce {
            let entry = self.entry(*row);
            fresh += usize::from(!entry.has.has(slot));
            let (Some(version), Some(net)) = (entry.version(), table.net(*row)) else { continue };
            let (_, place) = places.of(version, Mask::EMPTY.with(slot), || {
                routes.push((Arc::new(version.sent(&self.profile, store)), Vec::new()));
                (0, routes.len() - 1)
            });
            if let Some((_, nlri)) = routes.get_mut(place) {
                nlri.push(Nlri { prefix: net.into(), path_id });
            }
            self.told_of_announcement(*row, entry, slot);
        }
        if !routes.is_empty() {
            announce.push(Arc::new(Announcements::new(routes)));
        }
        for row in &step.withdraw {
            self.told_of_withdrawal(*row, self.entry(*row), slot);
            withdraw.extend(table.net(*row).map(|net| Nlri { prefix: net.into(), path_id }));
        }
        if let Some(seat) = self.seats.seat_mut(slot) {
            seat.pending_announcements = seat.pending_announcements.saturating_sub(step.announce.len());
            seat.told += fresh;
            seat.full_at = full_at;
            seat.owed = step.owed;
        }
        self.sweep();
        step.len()
    }

    /// Announcements for which the peer in the slot has no room.
    pub fn held_back(&self, slot: Slot, now: u64) -> usize {
        let full = self.seats.seat(slot).filter(|seat| seat.full_at == Some(now));
        full.map_or(0, |seat| seat.pending_announcements)
    }

    /// What of the slot is pending.
    fn differing<N: FamilyPrefix>(&self, slot: Slot, table: &Table<N>) -> Differing<N, RowId> {
        let mut differing = Differing { fresh: BTreeMap::new(), gone: BTreeMap::new(), again: Vec::new() };
        for (log, bits) in [(&self.announce, true), (&self.withdraw, false)] {
            let mut position = 0;
            let of = |pending: Pending| if bits { pending.announce } else { pending.withdraw };
            while let Some((at, row, entry)) = self.next_pending(log, position, slot, of) {
                position = at + 1;
                let Some(net) = table.net(row) else { continue };
                match (bits, entry.has.has(slot)) {
                    (true, true) => differing.again.push(row),
                    (true, false) => drop(differing.fresh.insert(net, row)),
                    (false, _) => drop(differing.gone.insert(net, row)),
                }
            }
        }
        differing
    }
}
