//! A sorted map in pieces that its versions share: a changed copy costs the pieces that change, and so does the difference of
//! two.
//!
//! Pieces stand in groups, so that a copy does not touch every piece: of a million entries it takes a list of a hundred
//! groups, one group and one piece.

mod build;
mod entries;

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use build::PIECE_FILLED;
pub use entries::{Entries, IntoEntries};

/// Entries of a piece at most.
const PIECE_MAX: usize = if cfg!(test) { 8 } else { 256 };

/// A piece of fewer entries is joined with the next, where both are few.
const PIECE_MIN: usize = PIECE_MAX / 4;

/// Entries for which a full piece makes room at a time: one that doubled would stay half empty, and so in the end would all.
const PIECE_ROOM: usize = if cfg!(test) { 1 } else { PIECE_MAX / 16 };

/// Pieces of a group at most.
const GROUP_MAX: usize = if cfg!(test) { 4 } else { 64 };

/// Pieces of a group when many come at once.
const GROUP_FILLED: usize = GROUP_MAX / 4 * 3;

/// A group of fewer pieces is joined with the next, where both are few.
const GROUP_MIN: usize = GROUP_MAX / 4;

type Piece<K, V> = Arc<Vec<(K, V)>>;

type Group<K, V> = Arc<Vec<Piece<K, V>>>;

/// A sorted map that is cheap to keep in several versions.
///
/// A clone shares all pieces. A change of a clone copies one piece, of at most 256 entries. [`changes`](Self::changes) of
/// two versions passes over what they share.
#[derive(Clone)]
pub struct SharedMap<K, V> {
    /// None is empty, nor is any piece; keys ascend from each to the next.
    groups: Arc<Vec<Group<K, V>>>,
    len: usize,
}

/// A place among pieces: the group, and the piece in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    group: usize,
    piece: usize,
}

impl<K, V> Default for SharedMap<K, V> {
    fn default() -> Self {
        Self { groups: Arc::default(), len: 0 }
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
        Arc::ptr_eq(&self.groups, &other.groups)
    }

    /// The value of `key`.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<&V> {
        self.get_key_value(key).map(|(_, value)| value)
    }

    /// The entry of `key`.
    #[must_use]
    pub fn get_key_value(&self, key: &K) -> Option<(&K, &V)> {
        let piece = self.piece(self.place(|known| known < key))?;
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
        Entries { groups: self.groups.iter(), ..Entries::none() }
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
        let mut groups = self.groups.get(place.group..).unwrap_or_default().iter();
        let mut pieces = groups.next().and_then(|group| group.get(place.piece..)).unwrap_or_default().iter();
        let front = pieces.next().and_then(|piece| piece.get(at..)).unwrap_or_default().iter();
        Entries { front, pieces, groups, ..Entries::none() }
    }

    /// The entries of which the key is `before`, ascending.
    #[must_use]
    pub fn until(&self, before: impl Fn(&K) -> bool) -> Entries<'_, K, V> {
        let (place, at) = self.find(before);
        let groups = self.groups.get(..place.group).unwrap_or_default().iter();
        let last_pieces = self.pieces(place.group).get(..place.piece).unwrap_or_default().iter();
        let back = self.piece(place).and_then(|piece| piece.get(..at)).unwrap_or_default().iter();
        Entries { groups, last_pieces, back, ..Entries::none() }
    }

    /// How many entries there are from the first of which the key is not `before` the first to that of which it is not before
    /// the second. Looks at the length of each piece between them.
    #[must_use]
    pub fn count(&self, first: impl Fn(&K) -> bool, end: impl Fn(&K) -> bool) -> usize {
        let ((first, skipped), (end, at)) = (self.find(first), self.find(end));
        let between = self.between(first, end).map(|pieces| pieces.iter().map(|piece| piece.len()).sum::<usize>());
        (between.sum::<usize>() + at).saturating_sub(skipped)
    }

    /// The pieces that hold the entries from the first of which the key is not before the first to that of which it is not
    /// before the second: a map that may have others besides, at both ends.
    #[must_use]
    pub fn around(&self, first: impl Fn(&K) -> bool, end: impl Fn(&K) -> bool) -> Self {
        let ((first, _), (end, at)) = (self.find(first), self.find(end));
        let end = Place { piece: end.piece + usize::from(at > 0), ..end };
        let shared = |(number, pieces): (usize, &[Piece<K, V>])| match self.groups.get(number) {
            Some(whole) if whole.len() == pieces.len() => Arc::clone(whole),
            _ => Arc::new(pieces.to_vec()),
        };
        let parts = (first.group..).zip(self.between(first, end)).filter(|(_, pieces)| !pieces.is_empty());
        let groups: Vec<Group<K, V>> = parts.map(shared).collect();
        let len = groups.iter().flat_map(|group| group.iter()).map(|piece| piece.len()).sum();
        Self { groups: Arc::new(groups), len }
    }

    /// Gives `key` the value, and returns the one it had.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let mut place = self.place(|known| *known < key);
        if place.group == self.groups.len() {
            // Behind all that is there: in the last piece, if there is any.
            let last = self.groups.last().map_or(0, |group| group.len().saturating_sub(1));
            place = Place { group: place.group.saturating_sub(1), piece: last };
        }
        let is_last_group = place.group + 1 >= self.groups.len();
        let groups = Arc::make_mut(&mut self.groups);
        let Some(group) = groups.get_mut(place.group) else {
            groups.push(Arc::new(vec![Arc::new(vec![(key, value)])]));
            self.len = 1;
            return None;
        };
        let is_last = is_last_group && place.piece + 1 >= group.len();
        let pieces = Arc::make_mut(group);
        let piece = pieces.get_mut(place.piece)?;
        match piece.binary_search_by(|(known, _)| known.cmp(&key)) {
            Ok(at) => Arc::make_mut(piece).get_mut(at).map(|(_, known)| std::mem::replace(known, value)),
            Err(at) => {
                self.len += 1;
                // What comes in order fills one piece after the other, and one group.
                if is_last && at == piece.len() && at >= PIECE_FILLED {
                    let next = Arc::new(vec![(key, value)]);
                    match pieces.len() < GROUP_FILLED {
                        true => pieces.push(next),
                        false => groups.push(Arc::new(vec![next])),
                    }
                    return None;
                }
                let entries = Arc::make_mut(piece);
                if entries.len() == entries.capacity() {
                    entries.reserve_exact(PIECE_ROOM);
                }
                entries.insert(at, (key, value));
                if entries.len() > PIECE_MAX {
                    let rest = entries.split_off(entries.len() / 2);
                    entries.shrink_to_fit();
                    pieces.insert(place.piece + 1, Arc::new(rest));
                    if pieces.len() > GROUP_MAX {
                        let rest = pieces.split_off(pieces.len() / 2);
                        groups.insert(place.group + 1, Arc::new(rest));
                    }
                }
                None
            }
        }
    }

    /// Takes the value of `key`.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let place = self.place(|known| known < key);
        let at = self.piece(place)?.binary_search_by(|(known, _)| known.cmp(key)).ok()?;
        let groups = Arc::make_mut(&mut self.groups);
        let pieces = Arc::make_mut(groups.get_mut(place.group)?);
        let entries = Arc::make_mut(pieces.get_mut(place.piece)?);
        let (_, value) = entries.remove(at);
        self.len -= 1;
        let is_small = (entries.is_empty(), entries.len() < PIECE_MIN);
        join_next(pieces, place.piece, is_small, PIECE_MAX);
        let is_small = (pieces.is_empty(), pieces.len() < GROUP_MIN);
        join_next(groups, place.group, is_small, GROUP_MAX);
        Some(value)
    }

    /// Every key of which the value may differ between `self` and `new`, with what it has in both; ascending. Passes over
    /// pieces that both share; what stands in others is compared by nobody here.
    pub fn changes<'a>(&'a self, new: &'a Self) -> impl Iterator<Item = Change<'a, K, V>> {
        let is_same = self.is_same(new);
        let rest = |groups: &'a [Group<K, V>]| if is_same { Cursor::new(&[]) } else { Cursor::new(groups) };
        let (mut before, mut after) = (rest(&self.groups), rest(&new.groups));
        std::iter::from_fn(move || {
            before.pass_what_is_shared(&mut after);
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

    fn pieces(&self, group: usize) -> &[Piece<K, V>] {
        self.groups.get(group).map(|group| group.as_slice()).unwrap_or_default()
    }

    fn piece(&self, place: Place) -> Option<&Piece<K, V>> {
        self.pieces(place.group).get(place.piece)
    }

    /// The pieces from the first place up to the second, group by group.
    fn between(&self, first: Place, end: Place) -> impl Iterator<Item = &[Piece<K, V>]> {
        let groups = (first.group..).zip(self.groups.get(first.group..).unwrap_or_default());
        groups.take_while(move |(number, _)| *number <= end.group).map(move |(number, group)| {
            let begin = if number == first.group { first.piece } else { 0 };
            let end = if number == end.group { end.piece } else { group.len() };
            group.get(begin..end).unwrap_or_default()
        })
    }

    /// The piece of the first entry of which the key is not `before`.
    fn place(&self, before: impl Fn(&K) -> bool) -> Place {
        let is_before = |piece: &Piece<K, V>| piece.last().is_some_and(|(last, _)| before(last));
        let group = self.groups.partition_point(|group| group.last().is_some_and(is_before));
        Place { group, piece: self.pieces(group).partition_point(is_before) }
    }

    /// Where the first stands that is not `before`: a piece, and a place in it.
    fn find(&self, before: impl Fn(&K) -> bool) -> (Place, usize) {
        let place = self.place(&before);
        (place, self.piece(place).map_or(0, |piece| piece.partition_point(|(key, _)| before(key))))
    }
}

/// Takes the part at `place` out when it is empty, and joins it with the next one when it is small and that has room.
fn join_next<T: Clone>(parts: &mut Vec<Arc<Vec<T>>>, place: usize, (is_empty, is_small): (bool, bool), most: usize) {
    let has_room = parts.get(place + 1).is_some_and(|next| next.len() <= most / 2);
    if is_empty {
        parts.remove(place);
    } else if is_small && has_room {
        let next = parts.remove(place + 1);
        if let Some(part) = parts.get_mut(place) {
            Arc::make_mut(part).extend(next.iter().cloned());
        }
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

/// An entry among those of all groups, or the end.
struct Cursor<'a, K, V> {
    groups: &'a [Group<K, V>],
    /// The rest of the first group.
    pieces: &'a [Piece<K, V>],
    at: usize,
}

impl<'a, K, V> Cursor<'a, K, V> {
    fn new(groups: &'a [Group<K, V>]) -> Self {
        Self { groups, pieces: groups.first().map(|group| group.as_slice()).unwrap_or_default(), at: 0 }
    }

    fn pass_what_is_shared(&mut self, other: &mut Self) {
        while self.at == 0 && other.at == 0 {
            if self.is_at_a_group() && other.is_at_a_group() && is_same(self.groups.first(), other.groups.first()) {
                (*self, *other) = (self.after_group(), other.after_group());
            } else if is_same(self.pieces.first(), other.pieces.first()) {
                self.pass_piece();
                other.pass_piece();
            } else {
                return;
            }
        }
    }

    fn is_at_a_group(&self) -> bool {
        self.groups.first().is_some_and(|group| group.len() == self.pieces.len())
    }

    fn after_group(&self) -> Self {
        Self::new(self.groups.get(1..).unwrap_or_default())
    }

    fn peek(&self) -> Option<(&'a K, &'a V)> {
        self.pieces.first()?.get(self.at).map(|(key, value)| (key, value))
    }

    fn pass_piece(&mut self) {
        self.pieces = self.pieces.get(1..).unwrap_or_default();
        self.at = 0;
        if self.pieces.is_empty() {
            *self = self.after_group();
        }
    }

    fn pass(&mut self, one: bool) {
        self.at += usize::from(one);
        if self.pieces.first().is_some_and(|piece| piece.len() == self.at) {
            self.pass_piece();
        }
    }
}

fn is_same<T>(one: Option<&Arc<T>>, other: Option<&Arc<T>>) -> bool {
    one.zip(other).is_some_and(|(one, other)| Arc::ptr_eq(one, other))
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
mod tests;
