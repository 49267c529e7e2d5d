//! Any number of prefixes in order: row numbers in blocks, and blocks in chunks. Both are split when full and joined when nearly
//! empty, so that no order of insertion costs more than a short move.

use super::super::family_prefix::FamilyPrefix;
use super::super::table::RowId;
use super::{Place, Start, search};

/// Places of a block at most. A full block of IPv4 is half a KiB.
pub(super) const BLOCK_MAX: usize = 64;

/// A block of fewer places is joined with the next one, where both have room in one.
const BLOCK_MIN: usize = BLOCK_MAX / 4;

/// Blocks of a chunk at most; few in tests, so that they split and join many.
pub(super) const CHUNK_MAX: usize = if cfg!(test) { 8 } else { 128 };

/// A chunk of fewer blocks is joined with the next one, where both have room in one.
const CHUNK_MIN: usize = CHUNK_MAX / 4;

type Key<N> = <N as FamilyPrefix>::Key;

/// Blocks in order; none is empty.
struct Chunk<N: FamilyPrefix> {
    /// The first prefix of each block.
    firsts: Vec<Key<N>>,
    blocks: Vec<Vec<Place<N::Address>>>,
}

/// Row numbers in the order of their prefixes.
pub(super) struct Blocks<N: FamilyPrefix> {
    /// The first prefix of each chunk.
    firsts: Vec<Key<N>>,
    /// None is empty.
    chunks: Vec<Chunk<N>>,
}

/// The chunk, and the block in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Block(usize, usize);

/// Where a prefix is, or would be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    block: Block,
    place: usize,
}

impl<N: FamilyPrefix> Chunk<N> {
    fn begin_block(&mut self, at: usize, first: N, places: Vec<Place<N::Address>>) {
        self.firsts.insert(at.min(self.firsts.len()), first.key());
        self.blocks.insert(at.min(self.blocks.len()), places);
    }

    fn end_block(&mut self, block: usize) {
        self.firsts.remove(block);
        self.blocks.remove(block);
    }

    fn insert(&mut self, net: N, new: Place<N::Address>, (block, place): (usize, usize), net_of: impl Fn(RowId) -> N) {
        let Some(places) = self.blocks.get_mut(block) else {
            self.begin_block(block, net, vec![new]);
            return;
        };
        if places.len() < BLOCK_MAX {
            places.insert(place.min(places.len()), new);
            if place == 0
                && let Some(first) = self.firsts.get_mut(block)
            {
                *first = net.key();
            }
        } else if place >= places.len() {
            // Prefixes that come in order leave full blocks behind.
            self.begin_block(block + 1, net, vec![new]);
        } else {
            let mut upper = Vec::with_capacity(BLOCK_MAX);
            upper.extend(places.drain(BLOCK_MAX / 2..));
            if let Some(first) = upper.first().map(|first| net_of(first.row)) {
                self.begin_block(block + 1, first, upper);
            }
            let position = match place.checked_sub(BLOCK_MAX / 2) {
                Some(place) if place > 0 => (block + 1, place),
                _ => (block, place),
            };
            self.insert(net, new, position, net_of);
        }
    }

    fn remove(&mut self, block: usize, place: usize, net_of: impl Fn(RowId) -> N) {
        let Some(places) = self.blocks.get_mut(block) else { return };
        places.remove(place);
        let left = places.len();
        match places.first().map(|first| net_of(first.row)) {
            None => self.end_block(block),
            Some(first) if place == 0 => {
                if let Some(old) = self.firsts.get_mut(block) {
                    *old = first.key();
                }
            }
            Some(_) => {}
        }
        if left > 0 && left < BLOCK_MIN {
            self.join_with_next(block);
        }
    }

    fn join_with_next(&mut self, block: usize) {
        let len = |at: usize| self.blocks.get(at).map(Vec::len);
        // Not to the brim, so that the next insertion does not split it again.
        if len(block).zip(len(block + 1)).is_none_or(|(one, next)| one + next > BLOCK_MAX / 2) {
            return;
        }
        let next = self.blocks.remove(block + 1);
        self.firsts.remove(block + 1);
        if let Some(places) = self.blocks.get_mut(block) {
            places.extend(next);
        }
    }

    /// What follows from a block on, as a chunk of its own.
    fn split_off(&mut self, block: usize) -> Self {
        Self { firsts: self.firsts.split_off(block), blocks: self.blocks.split_off(block) }
    }
}

impl<N: FamilyPrefix> Blocks<N> {
    /// The blocks of some places in order, none of them twice.
    pub fn of(places: Vec<Place<N::Address>>, net_of: impl Fn(RowId) -> N) -> Self {
        let mut blocks = Self { firsts: Vec::new(), chunks: Vec::new() };
        for place in places {
            let net = net_of(place.row);
            if let Err(position) = blocks.find(&net, &net_of) {
                blocks.insert(net, place.row, position, &net_of);
            }
        }
        blocks
    }

    /// The row of a prefix.
    ///
    /// # Errors
    /// Where it would stand, when there is none.
    pub fn find(&self, net: &N, net_of: impl Fn(RowId) -> N) -> Result<RowId, Position> {
        let block = self.block_of(&net.key());
        search(self.places(block), net, net_of).map(|(_, row)| row).map_err(|place| Position { block, place })
    }

    fn places(&self, Block(chunk, block): Block) -> &[Place<N::Address>] {
        self.chunks.get(chunk).and_then(|chunk| chunk.blocks.get(block)).map_or(&[], Vec::as_slice)
    }

    /// The block of a prefix.
    fn block_of(&self, key: &Key<N>) -> Block {
        let at = |firsts: &[Key<N>]| firsts.partition_point(|first| first <= key).saturating_sub(1);
        let chunk = at(&self.firsts);
        Block(chunk, self.chunks.get(chunk).map_or(0, |chunk| at(&chunk.firsts)))
    }

    /// Puts a prefix where [`find`](Self::find) said it would stand.
    pub fn insert(&mut self, net: N, row: RowId, position: Position, net_of: impl Fn(RowId) -> N) {
        let Position { block: Block(at, block), place } = position;
        let new = Place { address: net.address(), row };
        let Some(chunk) = self.chunks.get_mut(at) else {
            self.firsts.push(net.key());
            self.chunks.push(Chunk { firsts: vec![net.key()], blocks: vec![vec![new]] });
            return;
        };
        chunk.insert(net, new, (block, place), net_of);
        if chunk.blocks.len() > CHUNK_MAX {
            // Prefixes that come in order leave full chunks behind.
            let ascending = chunk.blocks.last().is_some_and(|last| last.len() == 1);
            let upper = chunk.split_off(if ascending { CHUNK_MAX } else { CHUNK_MAX / 2 });
            if let Some(first) = upper.firsts.first() {
                self.firsts.insert(at + 1, *first);
                self.chunks.insert(at + 1, upper);
            }
        }
        self.note_first(at);
    }

    /// The first prefix of a chunk may be another one.
    fn note_first(&mut self, at: usize) {
        let first = self.chunks.get(at).and_then(|chunk| chunk.firsts.first());
        if let Some((first, known)) = first.zip(self.firsts.get_mut(at)) {
            *known = *first;
        }
    }

    /// Forgets a prefix.
    pub fn remove(&mut self, net: &N, net_of: impl Fn(RowId) -> N) {
        let block = self.block_of(&net.key());
        let (Ok((place, _)), Block(at, block)) = (search(self.places(block), net, &net_of), block) else { return };
        let Some(chunk) = self.chunks.get_mut(at) else { return };
        chunk.remove(block, place, net_of);
        let left = chunk.blocks.len();
        if left == 0 {
            self.firsts.remove(at);
            self.chunks.remove(at);
            return;
        }
        self.note_first(at);
        if left < CHUNK_MIN {
            self.join_with_next(at);
        }
    }

    /// All places, when they are so few that they need no blocks.
    pub fn when_few(&self) -> Option<Vec<Place<N::Address>>> {
        match &self.chunks[..] {
            [] => Some(Vec::new()),
            [chunk] => match &chunk.blocks[..] {
                [places] if places.len() <= BLOCK_MIN => Some(places.clone()),
                _ => None,
            },
            _ => None,
        }
    }

    fn join_with_next(&mut self, at: usize) {
        let len = |at: usize| self.chunks.get(at).map(|chunk| chunk.blocks.len());
        if len(at).zip(len(at + 1)).is_none_or(|(one, next)| one + next > CHUNK_MAX / 2) {
            return;
        }
        let next = self.chunks.remove(at + 1);
        self.firsts.remove(at + 1);
        if let Some(chunk) = self.chunks.get_mut(at) {
            chunk.firsts.extend(next.firsts);
            chunk.blocks.extend(next.blocks);
        }
    }

    /// The rows in order: all, from a prefix on, or from after it on.
    pub fn rows(&self, from: Option<(N, Start)>, net_of: impl Fn(RowId) -> N) -> impl Iterator<Item = RowId> {
        let (Block(chunk, block), place) = match from {
            None => (Block(0, 0), 0),
            Some((net, start)) => {
                let block = self.block_of(&net.key());
                (block, start.place_in(self.places(block), &net, net_of))
            }
        };
        let blocks = |chunk: usize| self.chunks.get(chunk).map_or(&[][..], |chunk| &chunk.blocks);
        let first = blocks(chunk).get(block).and_then(|places| places.get(place..)).unwrap_or(&[]);
        let others = blocks(chunk).get(block + 1..).unwrap_or(&[]).iter();
        let beyond = self.chunks.get(chunk + 1..).unwrap_or(&[]).iter().flat_map(|chunk| &chunk.blocks);
        first.iter().chain(others.chain(beyond).flatten()).map(|place| place.row)
    }

    /// How many places each block has, by chunk.
    #[cfg(test)]
    pub fn lengths(&self) -> Vec<Vec<usize>> {
        self.chunks.iter().map(|chunk| chunk.blocks.iter().map(Vec::len).collect()).collect()
    }
}
