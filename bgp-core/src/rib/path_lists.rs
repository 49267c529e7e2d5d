//! Lists of paths, for prefixes that have more than one.
//!
//! Paths of a list stand side by side in a slab of lists of the same room, so that there is nothing to be allocated for a
//! prefix and a decision reads memory in one piece. A list that outgrows its room moves to the next slab.

use std::num::NonZeroU32;

use super::path::Path;
use super::peers::PeerIndex;

/// The number of a list.
#[derive(Clone, Copy, Debug)]
pub(super) struct ListId(NonZeroU32);

impl ListId {
    fn of(index: usize) -> Self {
        Self(u32::try_from(index).ok().and_then(|index| NonZeroU32::new(index + 1)).unwrap_or(NonZeroU32::MAX))
    }

    fn index(self) -> usize {
        usize::try_from(self.0.get()).unwrap_or(usize::MAX).saturating_sub(1)
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct List {
    /// Which slab, …
    slab: u8,
    /// … and the number of the room there.
    room: u32,
    len: u32,
    best: Option<NonZeroU32>,
}

/// Rooms of one size.
#[derive(Debug, Default)]
struct Slab {
    paths: Vec<Path>,
    free: Vec<u32>,
}

/// All lists.
#[derive(Debug, Default)]
pub(super) struct PathLists {
    lists: Vec<List>,
    free: Vec<ListId>,
    slabs: Vec<Slab>,
}

/// Paths that a room of a slab holds: 1, 2, 3, 4, 6, 8, 12, 16, …
fn room_size(slab: u8) -> usize {
    match slab.checked_sub(1) {
        None => 1,
        Some(step) => (2 + usize::from(step & 1)) << (step >> 1),
    }
}

fn place(index: u32) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}

fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

impl PathLists {
    /// A list of one path, which is the best one or not, in a room for one or for two.
    pub fn begin(&mut self, path: Path, is_best: bool, more_follow: bool) -> ListId {
        let slab = u8::from(more_follow);
        let list = List { slab, room: self.take_room(slab, path), len: 1, best: is_best.then_some(NonZeroU32::MIN) };
        if let Some(first) = self.path_mut(list, 0) {
            *first = path;
        }
        let id = self.free.pop().unwrap_or_else(|| ListId::of(self.lists.len()));
        match self.lists.get_mut(id.index()) {
            Some(free) => *free = list,
            None => self.lists.push(list),
        }
        id
    }

    /// The paths of a list.
    pub fn paths(&self, id: ListId) -> &[Path] {
        self.lists.get(id.index()).map_or(&[], |list| self.paths_of(list))
    }

    fn paths_of(&self, list: &List) -> &[Path] {
        let from = place(list.room) * room_size(list.slab);
        let paths = self.slabs.get(usize::from(list.slab)).map_or(&[][..], |slab| &slab.paths);
        paths.get(from..from + place(list.len)).unwrap_or(&[])
    }

    fn path_mut(&mut self, list: List, at: usize) -> Option<&mut Path> {
        let from = place(list.room) * room_size(list.slab);
        self.slabs.get_mut(usize::from(list.slab))?.paths.get_mut(from + at)
    }

    fn list(&self, id: ListId) -> List {
        self.lists.get(id.index()).copied().unwrap_or_default()
    }

    /// The best path of a list.
    pub fn best(&self, id: ListId) -> Option<Path> {
        let list = self.lists.get(id.index())?;
        self.paths_of(list).get(place(list.best?.get()) - 1).copied()
    }

    /// Says which path of a list is the best.
    pub fn set_best(&mut self, id: ListId, best: Option<usize>) {
        if let Some(list) = self.lists.get_mut(id.index()) {
            list.best = best.and_then(|best| NonZeroU32::new(number(best + 1)));
        }
    }

    /// Puts a path in the place of the one of the same key, which is returned, or behind all others.
    pub fn put(&mut self, id: ListId, path: Path) -> Option<Path> {
        let list = self.list(id);
        let known = self.paths_of(&list).iter().position(|old| old.key() == path.key());
        if let Some(place) = known.and_then(|at| self.path_mut(list, at)) {
            return Some(std::mem::replace(place, path));
        }
        let list = if place(list.len) < room_size(list.slab) { list } else { self.moved(list, path) };
        if let Some(free) = self.path_mut(list, place(list.len)) {
            *free = path;
        }
        if let Some(place) = self.lists.get_mut(id.index()) {
            *place = List { len: list.len + 1, ..list };
        }
        None
    }

    /// The list in the next larger room.
    fn moved(&mut self, list: List, filler: Path) -> List {
        let slab = list.slab + 1;
        let room = self.take_room(slab, filler);
        let moved = List { slab, room, ..list };
        let (from, len) = (place(list.room) * room_size(list.slab), place(list.len));
        let to = place(room) * room_size(slab);
        if let Some((before, after)) = self.slabs.split_at_mut_checked(usize::from(slab))
            && let (Some(old), Some(new)) = (before.last(), after.first_mut())
            && let (Some(old), Some(new)) = (old.paths.get(from..from + len), new.paths.get_mut(to..to + len))
        {
            new.copy_from_slice(old);
        }
        self.give_room(list);
        moved
    }

    fn take_room(&mut self, slab: u8, filler: Path) -> u32 {
        while self.slabs.len() <= usize::from(slab) {
            self.slabs.push(Slab::default());
        }
        let size = room_size(slab);
        let Some(slab) = self.slabs.get_mut(usize::from(slab)) else { return u32::MAX };
        slab.free.pop().unwrap_or_else(|| {
            let room = number(slab.paths.len() / size);
            slab.paths.resize(slab.paths.len() + size, filler);
            room
        })
    }

    fn give_room(&mut self, list: List) {
        if let Some(slab) = self.slabs.get_mut(usize::from(list.slab)) {
            slab.free.push(list.room);
            if slab.free.len() * room_size(list.slab) == slab.paths.len() {
                *slab = Slab::default();
            }
        }
    }

    /// Removes the path of this key; `None` when there is none. The list ends with its last path.
    pub fn remove(&mut self, id: ListId, key: (PeerIndex, u32)) -> Option<Path> {
        let list = self.list(id);
        let paths = self.paths_of(&list);
        let at = paths.iter().position(|path| path.key() == key)?;
        let (gone, last) = (*paths.get(at)?, *paths.last()?);
        if let Some(place) = self.path_mut(list, at) {
            *place = last;
        }
        let left = List { len: list.len - 1, ..list };
        let best = match left.best.map(|best| place(best.get()) - 1) {
            Some(best) if best == at => None,
            Some(best) if best == place(left.len) => NonZeroU32::new(number(at + 1)),
            _ => left.best,
        };
        if let Some(place) = self.lists.get_mut(id.index()) {
            *place = List { best, ..left };
        }
        if left.len == 0 {
            self.give_room(left);
            self.free.push(id);
        }
        Some(gone)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::adj_rib_in::CompactVerdict;
    use super::super::attribute_store::{AttributeId, AttributeStore};
    use super::*;
    use crate::attribute::PathAttributes;

    fn path(attributes: AttributeId, path_id: u32) -> Path {
        let peer = PeerIndex::LOCAL;
        Path { received: attributes, effective: attributes, path_id, peer, verdict: CompactVerdict::OWN }
    }

    #[test]
    fn rooms_grow_by_a_third_or_a_half() {
        let sizes: Vec<usize> = (0..9).map(room_size).collect();
        assert_eq!(sizes, [1, 2, 3, 4, 6, 8, 12, 16, 24]);
    }

    proptest! {
        #[test]
        fn lists_hold_what_was_put(changes in prop::collection::vec((0usize..3, 0u32..40, 0u8..4), 0..300)) {
            let attributes = AttributeStore::default().intern(&PathAttributes::default());
            let mut lists = PathLists::default();
            let mut ids: [Option<ListId>; 3] = [None; 3];
            let mut models: [Vec<u32>; 3] = Default::default();
            let mut bests: [Option<u32>; 3] = [None; 3];
            for (which, key, change) in changes {
                let (model, best) = (&mut models[which], &mut bests[which]);
                match (change, ids[which]) {
                    (0, Some(id)) => {
                        let gone = lists.remove(id, (PeerIndex::LOCAL, key));
                        prop_assert_eq!(gone.map(|path| path.path_id), model.iter().copied().find(|known| *known == key));
                        model.retain(|known| *known != key);
                        *best = best.filter(|best| *best != key);
                        if model.is_empty() {
                            ids[which] = None;
                        }
                    }
                    (0, None) => {}
                    (1, Some(id)) => {
                        let at = lists.paths(id).iter().position(|path| path.path_id == key);
                        lists.set_best(id, at);
                        *best = at.map(|_| key);
                    }
                    (_, Some(id)) => {
                        prop_assert_eq!(lists.put(id, path(attributes, key)).is_some(), model.contains(&key));
                        if !model.contains(&key) {
                            model.push(key);
                        }
                    }
                    (_, None) => {
                        ids[which] = Some(lists.begin(path(attributes, key), false, key % 2 == 0));
                        model.push(key);
                    }
                }
                for ((id, model), best) in ids.iter().zip(&models).zip(bests) {
                    let mut held: Vec<u32> = id.map_or(vec![], |id| lists.paths(id).iter().map(|path| path.path_id).collect());
                    let mut model = model.clone();
                    held.sort_unstable();
                    model.sort_unstable();
                    prop_assert_eq!(held, model);
                    prop_assert_eq!(id.and_then(|id| lists.best(id)).map(|path| path.path_id), best);
                }
            }
        }
    }
}
