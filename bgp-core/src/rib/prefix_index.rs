//! Where the row of a prefix is: an ordered list of row numbers in blocks, the prefixes themselves being in the rows.
//!
//! A place holds the address and the row number only (8 octets for IPv4); the length is looked up in the row, and only where
//! addresses are equal. Blocks stand in chunks. Both are split when full and joined when nearly empty, so that no order of
//! insertion costs more than a short move.

use smallvec::SmallVec;

use super::family_prefix::FamilyPrefix;
use super::table::RowId;

/// Places of a block at most. A full block of IPv4 is half a KiB.
const BLOCK_MAX: usize = 64;

/// A block of fewer places is joined with the next one, where both have room in one.
const BLOCK_MIN: usize = BLOCK_MAX / 4;

/// Blocks of a chunk at most; few in tests, so that they split and join many.
const CHUNK_MAX: usize = if cfg!(test) { 8 } else { 128 };

/// A chunk of fewer blocks is joined with the next one, where both have room in one.
const CHUNK_MIN: usize = CHUNK_MAX / 4;

/// Address and length.
type Key<N> = (<N as FamilyPrefix>::Address, u8);

/// One prefix: its address, and where the rest is.
#[derive(Clone, Copy, Debug)]
struct Place<A> {
    address: A,
    row: RowId,
}

/// Blocks in order; none is empty.
struct Chunk<N: FamilyPrefix> {
    /// The first prefix of each block.
    firsts: Vec<Key<N>>,
    blocks: Vec<Vec<Place<N::Address>>>,
}

/// Row numbers in the order of their prefixes. Whoever calls says which prefix a row has, and that does not change while
/// the row is in the index.
pub(super) struct PrefixIndex<N: FamilyPrefix> {
    /// The first prefix of each chunk.
    firsts: Vec<Key<N>>,
    /// None is empty.
    chunks: Vec<Chunk<N>>,
}

/// Where a prefix would stand that is not there, not quite exactly: the chunk, and the block in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block(usize, usize);

/// Where a prefix is, or would be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    block: Block,
    place: usize,
}

impl<N: FamilyPrefix> Chunk<N> {
    fn begin_block(&mut self, at: usize, first: N, places: Vec<Place<N::Address>>) {
        self.firsts.insert(at.min(self.firsts.len()), key(&first));
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
                *first = key(&net);
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
                    *old = key(&first);
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

impl<N: FamilyPrefix> PrefixIndex<N> {
    /// No prefixes.
    pub fn new() -> Self {
        Self { firsts: Vec::new(), chunks: Vec::new() }
    }

    /// The row of a prefix.
    ///
    /// # Errors
    /// Where it would stand, when there is none.
    pub fn find(&self, net: &N, net_of: impl Fn(RowId) -> N) -> Result<RowId, Position> {
        let (position, found) = self.search(net, self.block_of(&key(net)), net_of);
        found.ok_or(position)
    }

    /// As [`find`](Self::find), where [`find_many`](Self::find_many) has found the block; blocks may have changed since.
    ///
    /// # Errors
    /// Where it would stand, when there is none.
    pub fn find_in(&self, net: &N, near: Block, net_of: impl Fn(RowId) -> N) -> Result<RowId, Position> {
        if !self.is_in(&key(net), near) {
            return self.find(net, net_of);
        }
        let (position, found) = self.search(net, near, net_of);
        found.ok_or(position)
    }

    /// The rows of several prefixes, or in which block they would stand. The searches go on side by side, so that one need
    /// not wait for the memory of another.
    pub fn find_many(&self, nets: &[N], net_of: impl Fn(RowId) -> N) -> SmallVec<[Result<RowId, Block>; AT_ONCE]> {
        let mut block = Block(0, 0);
        let mut searches: SmallVec<[Search<'_, N::Address>; AT_ONCE]> = nets
            .iter()
            .map(|net| {
                let key = key(net);
                // What comes in one UPDATE is often near.
                if !self.is_in(&key, block) {
                    block = self.block_of(&key);
                }
                let places = self.places(block);
                Search { places, address: key.0, base: 0, size: places.len(), block }
            })
            .collect();
        while searches.iter().any(|search| search.size > 1) {
            searches.iter_mut().for_each(Search::step);
        }
        let row = |(search, net): (&Search<'_, N::Address>, &N)| {
            let from_there = search.places.get(..=search.base).unwrap_or(&[]);
            let equal = from_there.iter().rev().take_while(|place| place.address == search.address);
            equal.map(|place| place.row).find(|row| net_of(*row) == *net).ok_or(search.block)
        };
        searches.iter().zip(nets).map(row).collect()
    }

    fn places(&self, Block(chunk, block): Block) -> &[Place<N::Address>] {
        self.chunks.get(chunk).and_then(|chunk| chunk.blocks.get(block)).map_or(&[], Vec::as_slice)
    }

    fn search(&self, net: &N, block: Block, net_of: impl Fn(RowId) -> N) -> (Position, Option<RowId>) {
        let places = self.places(block);
        let address = net.address();
        let from = places.partition_point(|place| place.address < address);
        let equal = places.iter().skip(from).take_while(|place| place.address == address);
        for (found, place) in equal.zip(from..) {
            let other = net_of(found.row);
            if other >= *net {
                return (Position { block, place }, (other == *net).then_some(found.row));
            }
        }
        let shorter = places.iter().skip(from).take_while(|place| place.address == address).count();
        (Position { block, place: from + shorter }, None)
    }

    /// The block of a prefix.
    fn block_of(&self, key: &Key<N>) -> Block {
        let at = |firsts: &[Key<N>]| firsts.partition_point(|first| first <= key).saturating_sub(1);
        let chunk = at(&self.firsts);
        Block(chunk, self.chunks.get(chunk).map_or(0, |chunk| at(&chunk.firsts)))
    }

    /// Whether that is this one. Where it is not told, [`block_of`](Self::block_of) tells.
    fn is_in(&self, key: &Key<N>, Block(chunk, block): Block) -> bool {
        let Some(firsts) = self.chunks.get(chunk).map(|chunk| &chunk.firsts) else { return false };
        let next = firsts.get(block + 1).or_else(|| self.firsts.get(chunk + 1));
        firsts.get(block).is_some_and(|first| first <= key) && next.is_none_or(|next| key < next)
    }

    /// Puts a prefix where [`find`](Self::find) said it would stand.
    pub fn insert(&mut self, net: N, row: RowId, position: Position, net_of: impl Fn(RowId) -> N) {
        let Position { block: Block(at, block), place } = position;
        let new = Place { address: net.address(), row };
        let Some(chunk) = self.chunks.get_mut(at) else {
            self.firsts.push(key(&net));
            self.chunks.push(Chunk { firsts: vec![key(&net)], blocks: vec![vec![new]] });
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
        let found = self.search(net, self.block_of(&key(net)), &net_of);
        let (Position { block: Block(at, block), place }, Some(_)) = found else { return };
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
        let Position { block: Block(chunk, block), place } = match from {
            None => Position { block: Block(0, 0), place: 0 },
            Some((net, start)) => match self.search(&net, self.block_of(&key(&net)), net_of) {
                (Position { block, place }, Some(_)) if start == Start::After => Position { block, place: place + 1 },
                (position, _) => position,
            },
        };
        let blocks = |chunk: usize| self.chunks.get(chunk).map_or(&[][..], |chunk| &chunk.blocks);
        let first = blocks(chunk).get(block).and_then(|places| places.get(place..)).unwrap_or(&[]);
        let others = blocks(chunk).get(block + 1..).unwrap_or(&[]).iter();
        let beyond = self.chunks.get(chunk + 1..).unwrap_or(&[]).iter().flat_map(|chunk| &chunk.blocks);
        first.iter().chain(others.chain(beyond).flatten()).map(|place| place.row)
    }
}

fn key<N: FamilyPrefix>(net: &N) -> Key<N> {
    (net.address(), net.prefix_len())
}

/// Prefixes that are searched for side by side.
pub(super) const AT_ONCE: usize = 16;

/// A search for the last place of an address or a lower one, between `base` and `size` places on.
struct Search<'a, A> {
    places: &'a [Place<A>],
    address: A,
    base: usize,
    size: usize,
    block: Block,
}

impl<A: Copy + Ord> Search<'_, A> {
    fn step(&mut self) {
        let half = self.size / 2;
        let middle = self.base + half;
        let not_beyond = self.places.get(middle).is_some_and(|place| place.address <= self.address);
        self.base = if not_beyond { middle } else { self.base };
        self.size -= half;
    }
}

/// Where an iteration begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// With the prefix itself.
    At,
    /// With the next one.
    After,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use ipnet::Ipv4Net;
    use proptest::prelude::*;

    use super::*;

    /// Few addresses and all lengths, so that equal addresses and full blocks are common.
    fn net() -> impl Strategy<Value = Ipv4Net> {
        (0u32..2000, 8u8..=32)
            .prop_map(|(address, len)| Ipv4Net::new_assert((address * 0x0001_8000).into(), len).trunc())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn holds_what_an_ordered_map_holds(
            steps in prop::collection::vec((net(), prop::bool::weighted(0.6), 0usize..40), 0..4000),
            from in net(),
            ascending: bool,
        ) {
            let mut steps = steps;
            if ascending {
                steps.sort();
            }
            let (mut index, mut model, mut nets) = (PrefixIndex::new(), BTreeMap::new(), Vec::new());
            for (net, inserts, block) in steps {
                // Wherever it is said to be near, it is found where it is.
                let found = index.find_in(&net, Block(block % 3, block / 3), |row: RowId| nets[row.index()]);
                prop_assert_eq!(found.as_ref().ok(), model.get(&net));
                let anywhere = index.find(&net, |row: RowId| nets[row.index()]);
                prop_assert_eq!(format!("{found:?}"), format!("{anywhere:?}"));
                match (found, inserts) {
                    (Err(position), true) => {
                        let row = RowId::of(nets.len());
                        nets.push(net);
                        index.insert(net, row, position, |row: RowId| nets[row.index()]);
                        model.insert(net, row);
                    }
                    (Ok(_), false) => {
                        index.remove(&net, |row: RowId| nets[row.index()]);
                        model.remove(&net);
                    }
                    _ => {}
                }
            }
            let net_of = |row: RowId| nets[row.index()];
            let asked: Vec<Ipv4Net> = nets.iter().copied().chain([from]).collect();
            for some in asked.chunks(AT_ONCE) {
                let expected: Vec<Option<RowId>> = some.iter().map(|net| model.get(net).copied()).collect();
                let found = index.find_many(some, net_of);
                prop_assert_eq!(found.iter().copied().map(Result::ok).collect::<Vec<_>>(), expected);
                for (net, found) in some.iter().zip(found) {
                    let Err(block) = found else { continue };
                    prop_assert!(index.find_in(net, block, net_of).is_err());
                }
            }
            prop_assert!(index.rows(None, net_of).eq(model.values().copied()));
            prop_assert!(index.rows(Some((from, Start::At)), net_of).eq(model.range(from..).map(|(_, row)| *row)));
            let after = (std::ops::Bound::Excluded(from), std::ops::Bound::Unbounded);
            prop_assert!(index.rows(Some((from, Start::After)), net_of).eq(model.range(after).map(|(_, row)| *row)));
            let blocks = index.chunks.iter().flat_map(|chunk| &chunk.blocks);
            prop_assert!(blocks.into_iter().all(|places| !places.is_empty() && places.len() <= BLOCK_MAX));
            prop_assert!(index.chunks.iter().all(|chunk| (1..=CHUNK_MAX).contains(&chunk.blocks.len())));
        }
    }

    #[test]
    fn prefixes_in_order_fill_their_blocks() {
        let (mut index, mut nets) = (PrefixIndex::new(), Vec::new());
        for number in 0..10_000_u32 {
            let net = Ipv4Net::new_assert((number << 8).into(), 24);
            let position = index.find(&net, |row: RowId| nets[row.index()]).unwrap_err();
            nets.push(net);
            index.insert(net, RowId::of(nets.len() - 1), position, |row: RowId| nets[row.index()]);
        }
        let blocks = 10_000_usize.div_ceil(BLOCK_MAX);
        assert_eq!(index.chunks.iter().map(|chunk| chunk.blocks.len()).sum::<usize>(), blocks);
        assert_eq!(index.chunks.len(), blocks.div_ceil(CHUNK_MAX));
        assert_eq!(size_of::<Place<u32>>(), 8);
    }
}
