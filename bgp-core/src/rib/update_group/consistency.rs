//! What must hold of a group between any two calls, for tests.

use super::UpdateGroup;
use crate::rib::change_log::{ChangeLog, Tick};
use crate::rib::out_entry::OutEntry;
use crate::rib::seats::{Mask, Slot};
use crate::rib::table::RowId;

impl UpdateGroup {
    fn rows(&self) -> impl Iterator<Item = (RowId, OutEntry)> {
        (0..self.entries.len()).map(RowId::of).map(|row| (row, self.entry(row)))
    }

    /// The logs hold what is live in them, in order, and not much more; what others were made is what is pending.
    pub fn check(&self, now: u64) {
        let entries = |log: &ChangeLog| (0..log.len()).filter_map(|at| log.at(at)).collect::<Vec<(Tick, RowId)>>();
        let (announced, withdrawn) = (entries(&self.announce), entries(&self.withdraw));
        let (mut announce, mut withdraw) = (0, 0);
        for (row, _) in self.rows() {
            let entry = self.stored(row);
            let pending = self.pending(&entry);
            for (bits, log, count) in
                [(pending.announce, &announced, &mut announce), (pending.withdraw, &withdrawn, &mut withdraw)]
            {
                if !bits.is_empty() {
                    *count += 1;
                    assert!(log.contains(&(entry.noted, row)), "{row:?} is pending and in no log: {entry:?}");
                }
            }
        }
        assert_eq!((self.announce.live(), self.withdraw.live()), (announce, withdraw), "live in the logs");
        for log in [announced, withdrawn] {
            assert!(log.is_sorted_by_key(|(tick, _)| tick.time(now)));
            assert!(log.len() <= 128 + 2 * self.entries.len(), "{} in a log of {} rows", log.len(), self.entries.len());
        }
        let present = self.rows().filter(|(_, entry)| entry.attributes.is_some()).count();
        assert_eq!(self.present_total, present);
    }

    /// What is counted for a member is so.
    pub fn check_seat(&self, slot: Slot, now: u64) {
        let count = |is_it: &dyn Fn(&OutEntry) -> bool| self.rows().filter(|(_, entry)| is_it(entry)).count();
        let seat = self.seats.seat(slot).copied().unwrap();
        let announcements = count(&|entry| self.pending(entry).announce.has(slot));
        let withdrawals = count(&|entry| self.pending(entry).withdraw.has(slot));
        assert_eq!(
            (seat.pending_announcements, seat.pending_withdrawals, seat.told),
            (announcements, withdrawals, count(&|entry| entry.has.has(slot))),
            "announcements, withdrawals and prefixes told, of {slot:?}"
        );
        let time = |entry: &OutEntry| entry.noted.time(now);
        for batch in self.sharing.all() {
            let within = |entry: &OutEntry| {
                self.pending(entry).announce.has(slot) && (batch.first..=batch.last).contains(&time(entry))
            };
            if count(&|entry| within(entry) && time(entry) == batch.first) == 0 {
                continue;
            }
            let fresh = count(&|entry| within(entry) && !entry.has.has(slot));
            assert_eq!(
                (batch.routes_for(slot), batch.fresh_for(slot)),
                (count(&within), fresh),
                "of a batch for {slot:?}"
            );
        }
        let before = |entry: &OutEntry| {
            let pending = self.pending(entry);
            let is = |mask: Mask, from: u64| mask.has(slot) && time(entry) < from;
            is(pending.announce, seat.announce_from) || is(pending.withdraw, seat.withdraw_from)
        };
        assert_eq!(count(&before), 0, "pending and passed over by {slot:?}");
    }

    /// How many routes are remembered for those who come after.
    pub fn remembered(&self) -> usize {
        self.sharing.all().map(|batch| batch.routes).sum()
    }
}
