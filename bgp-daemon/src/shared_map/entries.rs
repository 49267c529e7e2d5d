//! Walks along a map.

use std::slice;
use std::sync::Arc;

use super::{Group, Piece, SharedMap};

/// Entries of a [`SharedMap`], by their keys.
#[derive(Clone, Debug)]
pub struct Entries<'a, K, V> {
    pub(super) front: slice::Iter<'a, (K, V)>,
    pub(super) pieces: slice::Iter<'a, Piece<K, V>>,
    pub(super) groups: slice::Iter<'a, Group<K, V>>,
    pub(super) last_pieces: slice::Iter<'a, Piece<K, V>>,
    pub(super) back: slice::Iter<'a, (K, V)>,
}

impl<K, V> Entries<'_, K, V> {
    pub(super) fn none() -> Self {
        let (front, back) = ([].iter(), [].iter());
        Entries { front, pieces: [].iter(), groups: [].iter(), last_pieces: [].iter(), back }
    }
}

impl<'a, K, V> Iterator for Entries<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((key, value)) = self.front.next() {
                return Some((key, value));
            }
            if let Some(piece) = self.pieces.next() {
                self.front = piece.iter();
            } else if let Some(group) = self.groups.next() {
                self.pieces = group.iter();
            } else if let Some(piece) = self.last_pieces.next() {
                self.front = piece.iter();
            } else {
                return self.back.next().map(|(key, value)| (key, value));
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
            if let Some(piece) = self.last_pieces.next_back() {
                self.back = piece.iter();
            } else if let Some(group) = self.groups.next_back() {
                self.last_pieces = group.iter();
            } else if let Some(piece) = self.pieces.next_back() {
                self.back = piece.iter();
            } else {
                return self.front.next_back().map(|(key, value)| (key, value));
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

/// The entries of one version, by their keys.
#[derive(Debug)]
pub struct IntoEntries<K, V> {
    groups: Arc<Vec<Group<K, V>>>,
    /// The group, the piece and the place in it of the next one.
    group: usize,
    piece: usize,
    at: usize,
}

impl<K: Clone, V: Clone> Iterator for IntoEntries<K, V> {
    type Item = (K, V);

    fn next(&mut self) -> Option<(K, V)> {
        loop {
            let group = self.groups.get(self.group)?;
            let Some(piece) = group.get(self.piece) else {
                (self.group, self.piece) = (self.group + 1, 0);
                continue;
            };
            if let Some(entry) = piece.get(self.at) {
                self.at += 1;
                return Some(entry.clone());
            }
            (self.piece, self.at) = (self.piece + 1, 0);
        }
    }
}

impl<K: Ord + Clone, V: Clone> IntoIterator for SharedMap<K, V> {
    type Item = (K, V);
    type IntoIter = IntoEntries<K, V>;

    fn into_iter(self) -> IntoEntries<K, V> {
        IntoEntries { groups: self.groups, group: 0, piece: 0, at: 0 }
    }
}
