//! Makes a map of many entries at once.

use std::sync::Arc;

use super::{GROUP_FILLED, PIECE_MAX, SharedMap};

/// Entries of a piece when many come at once: single ones find room later.
pub(super) const PIECE_FILLED: usize = PIECE_MAX / 4 * 3;

/// Of so many entries one is few enough to be put into its place by itself.
const FEW: usize = 8;

/// From entries in any order; of those with equal keys the last stays. What comes in order goes into its place at once.
impl<K: Ord + Clone, V: Clone> FromIterator<(K, V)> for SharedMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut entries = entries.into_iter();
        let mut filled = Filled { pieces: Vec::new(), len: 0 };
        while let Some(entry) = entries.next() {
            if let Some(early) = filled.push(entry) {
                let before = filled.pieces.into_iter().flatten();
                return Self::sorted(before.chain(std::iter::once(early)).chain(entries).collect());
            }
        }
        filled.map()
    }
}

impl<K: Ord + Clone, V: Clone> SharedMap<K, V> {
    fn sorted(mut entries: Vec<(K, V)>) -> Self {
        entries.reverse();
        entries.sort_by(|(one, _), (next, _)| one.cmp(next));
        entries.dedup_by(|(one, _), (next, _)| one == next);
        entries.into_iter().collect()
    }

    /// Takes in all that another one holds; of keys that both have, its values stay.
    pub fn join(&mut self, other: Self) {
        if self.is_empty() {
            *self = other;
        } else if other.len < self.len / FEW {
            self.extend(other);
        } else {
            let (mut own, mut other) = (self.clone().into_iter().peekable(), other.into_iter().peekable());
            let next = || match (own.peek(), other.peek()) {
                (Some((one, _)), Some((new, _))) if one == new => {
                    own.next();
                    other.next()
                }
                (Some((one, _)), Some((new, _))) if one > new => other.next(),
                (Some(_), _) => own.next(),
                (None, _) => other.next(),
            };
            *self = std::iter::from_fn(next).collect();
        }
    }
}

/// Pieces that are being filled with what ascends.
struct Filled<K, V> {
    pieces: Vec<Vec<(K, V)>>,
    len: usize,
}

impl<K: Ord, V> Filled<K, V> {
    /// Takes an entry in; gives it back when its key is not greater than all before.
    fn push(&mut self, entry: (K, V)) -> Option<(K, V)> {
        if let Some(piece) = self.pieces.last_mut() {
            if piece.last().is_some_and(|(last, _)| *last >= entry.0) {
                return Some(entry);
            }
            if piece.len() < PIECE_FILLED {
                piece.push(entry);
                self.len += 1;
                return None;
            }
        }
        let mut piece = Vec::with_capacity(PIECE_FILLED);
        piece.push(entry);
        self.pieces.push(piece);
        self.len += 1;
        None
    }

    fn map(mut self) -> SharedMap<K, V> {
        if let Some(piece) = self.pieces.last_mut() {
            piece.shrink_to_fit();
        }
        let mut pieces = self.pieces.into_iter().map(Arc::new);
        let groups = std::iter::from_fn(|| {
            let group: Vec<_> = pieces.by_ref().take(GROUP_FILLED).collect();
            (!group.is_empty()).then(|| Arc::new(group))
        });
        SharedMap { groups: Arc::new(groups.collect()), len: self.len }
    }
}

impl<K: Ord + Clone> SharedMap<K, ()> {
    /// A set of keys, given in any order.
    pub fn of_keys(keys: impl IntoIterator<Item = K>) -> Self {
        keys.into_iter().map(|key| (key, ())).collect()
    }
}

impl<K: Ord + Clone, V: Clone> Extend<(K, V)> for SharedMap<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}
