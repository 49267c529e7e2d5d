//! A sorted map in pieces that its versions share: a changed copy costs the pieces that change, and so does the difference of
//! two.

use std::cmp::Ordering;
use std::fmt;
use std::slice;
use std::sync::Arc;

/// Entries of a piece at most.
const PIECE_MAX: usize = if cfg!(test) { 8 } else { 256 };

/// Entries of a piece when many come at once: single ones find room later.
const PIECE_FILLED: usize = PIECE_MAX / 4 * 3;

/// A piece of fewer entries is joined with the next, where both are few.
const PIECE_MIN: usize = PIECE_MAX / 4;

/// Of so many entries one is few enough to be put into its place by itself.
const FEW: usize = 8;

type Piece<K, V> = Arc<Vec<(K, V)>>;

/// A sorted map that is cheap to keep in several versions.
///
/// A clone shares all pieces. A change of a clone copies one piece, of at most 256 entries. [`changes`](Self::changes) of
/// two versions passes over what they share.
#[derive(Clone)]
pub struct SharedMap<K, V> {
    /// None is empty, keys ascend from each to the next.
    pieces: Arc<Vec<Piece<K, V>>>,
    len: usize,
}

impl<K, V> Default for SharedMap<K, V> {
    fn default() -> Self {
        Self { pieces: Arc::default(), len: 0 }
    }
}

impl<K: Ord + Clone, V: Clone> SharedMap<K, V> {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Entries.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether both are one version, with one look: it may say no of versions that are equal.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.pieces, &other.pieces)
    }

    /// The value of `key`.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<&V> {
        self.get_key_value(key).map(|(_, value)| value)
    }

    /// The entry of `key`.
    #[must_use]
    pub fn get_key_value(&self, key: &K) -> Option<(&K, &V)> {
        let piece = self.pieces.get(self.place(key))?;
        let at = piece.binary_search_by(|(known, _)| known.cmp(key)).ok()?;
        piece.get(at).map(|(key, value)| (key, value))
    }

    /// Whether `key` has a value.
    #[must_use]
    pub fn contains_key(&self, key: &K) -> bool {
        self.get(key).is_some()
    }

    /// The last entry.
    #[must_use]
    pub fn last_key_value(&self) -> Option<(&K, &V)> {
        self.iter().next_back()
    }

    /// All entries, ascending.
    #[must_use]
    pub fn iter(&self) -> Entries<'_, K, V> {
        Entries { front: [].iter(), pieces: self.pieces.iter(), back: [].iter() }
    }

    /// All keys, ascending.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> + Clone {
        self.iter().map(|(key, _)| key)
    }

    /// All values, by ascending keys.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> + Clone {
        self.iter().map(|(_, value)| value)
    }

    /// The entries after `key`, ascending.
    #[must_use]
    pub fn after(&self, key: &K) -> Entries<'_, K, V> {
        self.from(|one| one <= key)
    }

    /// The entries from the first of which the key is not `before`, ascending. None is before that comes after one that is
    /// not.
    #[must_use]
    pub fn from(&self, before: impl Fn(&K) -> bool) -> Entries<'_, K, V> {
        let (place, at) = self.find(before);
        let mut pieces = self.pieces.get(place..).unwrap_or_default().iter();
        let front = pieces.next().and_then(|piece| piece.get(at..)).unwrap_or_default().iter();
        Entries { front, pieces, back: [].iter() }
    }

    /// The entries of which the key is `before`, ascending.
    #[must_use]
    pub fn until(&self, before: impl Fn(&K) -> bool) -> Entries<'_, K, V> {
        let (place, at) = self.find(before);
        let pieces = self.pieces.get(..place).unwrap_or_default().iter();
        let back = self.pieces.get(place).and_then(|piece| piece.get(..at)).unwrap_or_default().iter();
        Entries { front: [].iter(), pieces, back }
    }

    /// How many entries there are from the first of which the key is not `before` the first to that of which it is not before
    /// the second. Looks at the length of each piece between them.
    #[must_use]
    pub fn count(&self, first: impl Fn(&K) -> bool, end: impl Fn(&K) -> bool) -> usize {
        let ((first, skipped), (end, at)) = (self.find(first), self.find(end));
        let between = self.pieces.get(first..end).unwrap_or_default();
        (between.iter().map(|piece| piece.len()).sum::<usize>() + at).saturating_sub(skipped)
    }

    /// The pieces that hold the entries from the first of which the key is not before the first to that of which it is not
    /// before the second: a map that may have others besides, at both ends.
    #[must_use]
    pub fn around(&self, first: impl Fn(&K) -> bool, end: impl Fn(&K) -> bool) -> Self {
        let ((first, _), (end, at)) = (self.find(first), self.find(end));
        let pieces = self.pieces.get(first..end + usize::from(at > 0)).unwrap_or_default();
        Self { pieces: Arc::new(pieces.to_vec()), len: pieces.iter().map(|piece| piece.len()).sum() }
    }

    /// Gives `key` the value, and returns the one it had.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let place = self.place(&key).min(self.pieces.len().saturating_sub(1));
        let is_last = place + 1 >= self.pieces.len();
        let pieces = Arc::make_mut(&mut self.pieces);
        let Some(piece) = pieces.get_mut(place) else {
            pieces.push(Arc::new(vec![(key, value)]));
            self.len = 1;
            return None;
        };
        match piece.binary_search_by(|(known, _)| known.cmp(&key)) {
            Ok(at) => Arc::make_mut(piece).get_mut(at).map(|(_, known)| std::mem::replace(known, value)),
            Err(at) => {
                self.len += 1;
                // What comes in order fills one piece after the other.
                if is_last && at == piece.len() && at >= PIECE_FILLED {
                    pieces.push(Arc::new(vec![(key, value)]));
                    return None;
                }
                let entries = Arc::make_mut(piece);
                entries.insert(at, (key, value));
                if entries.len() > PIECE_MAX {
                    let rest = entries.split_off(entries.len() / 2);
                    pieces.insert(place + 1, Arc::new(rest));
                }
                None
            }
        }
    }

    /// Takes the value of `key`.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let place = self.place(key);
        let at = self.pieces.get(place)?.binary_search_by(|(known, _)| known.cmp(key)).ok()?;
        let pieces = Arc::make_mut(&mut self.pieces);
        let piece = pieces.get_mut(place)?;
        let entries = Arc::make_mut(piece);
        let (_, value) = entries.remove(at);
        self.len -= 1;
        let left = entries.len();
        let next = pieces.get(place + 1).map(|next| next.len());
        if left == 0 {
            pieces.remove(place);
        } else if left < PIECE_MIN && next.is_some_and(|next| next <= PIECE_MAX / 2) {
            let next = pieces.remove(place + 1);
            if let Some(piece) = pieces.get_mut(place) {
                Arc::make_mut(piece).extend(next.iter().cloned());
            }
        }
        Some(value)
    }

    /// Every key of which the value may differ between `self` and `new`, with what it has in both; ascending. Passes over
    /// pieces that both share; what stands in others is compared by nobody here.
    pub fn changes<'a>(&'a self, new: &'a Self) -> impl Iterator<Item = Change<'a, K, V>> {
        let is_same = self.is_same(new);
        let rest = |pieces: &'a [Piece<K, V>]| if is_same { Cursor::new(&[]) } else { Cursor::new(pieces) };
        let (mut before, mut after) = (rest(&self.pieces), rest(&new.pieces));
        std::iter::from_fn(move || {
            while before.is_at_the_same_piece(&after) {
                before.pass_piece();
                after.pass_piece();
            }
            let (old, new) = (before.peek(), after.peek());
            let order = match (old, new) {
                (Some((old, _)), Some((new, _))) => old.cmp(new),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => return None,
            };
            let old = old.filter(|_| order.is_le());
            let new = new.filter(|_| order.is_ge());
            before.pass(old.is_some());
            after.pass(new.is_some());
            let key = old.or(new).map(|(key, _)| key)?;
            Some(Change { key, before: old.map(|(_, value)| value), after: new.map(|(_, value)| value) })
        })
    }

    /// The piece that `key` stands in, if it is there.
    fn place(&self, key: &K) -> usize {
        self.pieces.partition_point(|piece| piece.last().is_some_and(|(last, _)| last < key))
    }

    /// Where the first stands that is not `before`: a piece, and a place in it.
    fn find(&self, before: impl Fn(&K) -> bool) -> (usize, usize) {
        let place = self.pieces.partition_point(|piece| piece.last().is_some_and(|(last, _)| before(last)));
        let at = self.pieces.get(place).map_or(0, |piece| piece.partition_point(|(key, _)| before(key)));
        (place, at)
    }
}

/// Entries of a [`SharedMap`], by their keys.
#[derive(Clone, Debug)]
pub struct Entries<'a, K, V> {
    front: slice::Iter<'a, (K, V)>,
    pieces: slice::Iter<'a, Piece<K, V>>,
    back: slice::Iter<'a, (K, V)>,
}

impl<'a, K, V> Iterator for Entries<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((key, value)) = self.front.next() {
                return Some((key, value));
            }
            match self.pieces.next() {
                Some(piece) => self.front = piece.iter(),
                None => return self.back.next().map(|(key, value)| (key, value)),
            }
        }
    }
}

impl<K, V> DoubleEndedIterator for Entries<'_, K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((key, value)) = self.back.next_back() {
                return Some((key, value));
            }
            match self.pieces.next_back() {
                Some(piece) => self.back = piece.iter(),
                None => return self.front.next_back().map(|(key, value)| (key, value)),
            }
        }
    }
}

impl<'a, K: Ord + Clone, V: Clone> IntoIterator for &'a SharedMap<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Entries<'a, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// What a key has in two versions: in one of them at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change<'a, K, V> {
    /// The key.
    pub key: &'a K,
    /// What it has in the old one.
    pub before: Option<&'a V>,
    /// What it has in the new one.
    pub after: Option<&'a V>,
}

struct Cursor<'a, K, V> {
    pieces: &'a [Piece<K, V>],
    at: usize,
}

impl<'a, K, V> Cursor<'a, K, V> {
    const fn new(pieces: &'a [Piece<K, V>]) -> Self {
        Self { pieces, at: 0 }
    }

    fn is_at_the_same_piece(&self, other: &Self) -> bool {
        let same = self.pieces.first().zip(other.pieces.first()).is_some_and(|(one, other)| Arc::ptr_eq(one, other));
        same && self.at == 0 && other.at == 0
    }

    fn peek(&self) -> Option<(&'a K, &'a V)> {
        self.pieces.first()?.get(self.at).map(|(key, value)| (key, value))
    }

    fn pass_piece(&mut self) {
        self.pieces = self.pieces.get(1..).unwrap_or_default();
        self.at = 0;
    }

    fn pass(&mut self, one: bool) {
        self.at += usize::from(one);
        if self.pieces.first().is_some_and(|piece| piece.len() == self.at) {
            self.pass_piece();
        }
    }
}

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
        SharedMap { pieces: Arc::new(self.pieces.into_iter().map(Arc::new).collect()), len: self.len }
    }
}

/// The entries of one version, by their keys.
#[derive(Debug)]
pub struct IntoEntries<K, V> {
    pieces: Arc<Vec<Piece<K, V>>>,
    /// The piece and the place in it of the next one.
    place: usize,
    at: usize,
}

impl<K: Clone, V: Clone> Iterator for IntoEntries<K, V> {
    type Item = (K, V);

    fn next(&mut self) -> Option<(K, V)> {
        loop {
            let piece = self.pieces.get(self.place)?;
            if let Some(entry) = piece.get(self.at) {
                self.at += 1;
                return Some(entry.clone());
            }
            (self.place, self.at) = (self.place + 1, 0);
        }
    }
}

impl<K: Ord + Clone, V: Clone> IntoIterator for SharedMap<K, V> {
    type Item = (K, V);
    type IntoIter = IntoEntries<K, V>;

    fn into_iter(self) -> IntoEntries<K, V> {
        IntoEntries { pieces: self.pieces, place: 0, at: 0 }
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

impl<K: Ord + Clone, V: Clone + PartialEq> PartialEq for SharedMap<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.changes(other).all(|change| change.before == change.after)
    }
}

impl<K: Ord + Clone, V: Clone + Eq> Eq for SharedMap<K, V> {}

impl<K: fmt::Debug + Ord + Clone, V: fmt::Debug + Clone> fmt::Debug for SharedMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// Keys of which some are given a value and the others lose theirs.
    fn steps() -> impl Strategy<Value = Vec<(u8, Option<u8>)>> {
        prop::collection::vec((any::<u8>(), prop::option::of(any::<u8>())), 0..200)
    }

    fn take(map: &mut SharedMap<u8, u8>, model: &mut BTreeMap<u8, u8>, steps: &[(u8, Option<u8>)]) {
        for (key, value) in steps {
            let (one, other) = match value {
                Some(value) => (map.insert(*key, *value), model.insert(*key, *value)),
                None => (map.remove(key), model.remove(key)),
            };
            assert_eq!(one, other);
        }
    }

    fn assert_is(map: &SharedMap<u8, u8>, model: &BTreeMap<u8, u8>) {
        assert!(map.iter().eq(model), "{map:?} is not {model:?}");
        assert!(map.iter().rev().eq(model.iter().rev()));
        assert_eq!(map.len(), model.len());
        assert!(map.pieces.iter().all(|piece| !piece.is_empty() && piece.len() <= PIECE_MAX));
        assert_eq!(map, &model.iter().map(|(key, value)| (*key, *value)).collect());
        for key in 0..=u8::MAX {
            assert_eq!(map.get(&key), model.get(&key));
            assert!(map.from(|one| *one < key).eq(model.range(key..)));
            assert!(map.after(&key).eq(model.iter().filter(|(one, _)| **one > key)));
            assert!(map.until(|one| *one < key).eq(model.range(..key)));
            assert!(map.until(|one| *one < key).rev().eq(model.range(..key).rev()));
            assert_eq!(map.count(|one| *one < key / 2, |one| *one < key), model.range(key / 2..key).count());
        }
    }

    proptest! {
        #[test]
        fn joins_as_maps_do(one in steps(), other in steps()) {
            let entries = |steps: Vec<(u8, Option<u8>)>| steps.into_iter().filter_map(|(key, value)| Some((key, value?)));
            let (one, other): (Vec<_>, Vec<_>) = (entries(one).collect(), entries(other).collect());
            let mut map: SharedMap<u8, u8> = one.iter().copied().collect();
            let shared = map.clone();
            map.join(other.iter().copied().collect());
            assert_is(&map, &one.iter().chain(&other).copied().collect());
            prop_assert!(map.clone().into_iter().eq(map.iter().map(|(key, value)| (*key, *value))));
            assert_is(&shared, &one.into_iter().collect());
        }

        #[test]
        fn is_a_map_in_every_version(entries in steps(), first in steps(), second in steps()) {
            let entries = entries.into_iter().filter_map(|(key, value)| Some((key, value?)));
            let (map, model): (SharedMap<u8, u8>, BTreeMap<u8, u8>) = (entries.clone().collect(), entries.collect());
            assert_is(&map, &model);
            let (mut one, mut model_of_one) = (map.clone(), model.clone());
            take(&mut one, &mut model_of_one, &first);
            let (mut other, mut model_of_other) = (one.clone(), model_of_one.clone());
            take(&mut other, &mut model_of_other, &second);
            assert_is(&map, &model);
            assert_is(&one, &model_of_one);
            assert_is(&other, &model_of_other);
            prop_assert_eq!(map == other, model == model_of_other);
            let differing = map.changes(&other).filter(|change| change.before != change.after);
            let differing: Vec<_> = differing.map(|change| (*change.key, change.before, change.after)).collect();
            let expected = (0..=u8::MAX).map(|key| (key, model.get(&key), model_of_other.get(&key)));
            prop_assert_eq!(differing, expected.filter(|(_, before, after)| before != after).collect::<Vec<_>>());
        }
    }

    #[test]
    fn versions_share_what_does_not_change() {
        let map: SharedMap<u32, u32> = (0..1000).map(|key| (key * 2, 0)).collect();
        let mut changed = map.clone();
        changed.insert(1001, 1);
        changed.remove(&500);
        let looked_at: Vec<u32> = map.changes(&changed).map(|change| *change.key).collect();
        assert!(looked_at.len() <= 2 * PIECE_MAX + 1, "{looked_at:?}");
        assert!(looked_at.contains(&500) && looked_at.contains(&1001));
        let shared = map.pieces.iter().filter(|piece| changed.pieces.iter().any(|other| Arc::ptr_eq(piece, other)));
        assert_eq!(shared.count(), map.pieces.len() - 2);
    }

    #[test]
    fn entries_in_order_fill_pieces() {
        let mut map = SharedMap::new();
        (0..1000).for_each(|key| assert_eq!(map.insert(key, ()), None));
        assert!(map.pieces.len() <= 1000 / PIECE_FILLED + 1);
        (0..1000).for_each(|key| assert_eq!(map.remove(&key), Some(())));
        assert_eq!((map.pieces.len(), map.len()), (0, 0));
    }
}
