//! Where the row of a prefix is: row numbers in the order of their prefixes, which are in the rows.
//!
//! The first two octets of the address lead to a shelf, where few prefixes stand side by side: most tables are spread so that it
//! is a step to the shelf and a few on it. Where there are many they stand in blocks, so that nothing depends on how a
//! table is spread. A place holds the address and the row number only (8 octets for IPv4); the length is looked up in the
//! row, and only where addresses are equal.

mod blocks;

use std::hint::select_unpredictable;

use super::family_prefix::FamilyPrefix;
use super::table::RowId;
use blocks::{BLOCK_MAX, Blocks};

/// Prefixes that are searched for side by side.
pub(super) const AT_ONCE: usize = 16;

/// Shelves with the same first octet.
const SHELVES: usize = 256;

/// One prefix: its address, and where the rest is.
#[derive(Clone, Copy, Debug)]
struct Place<A> {
    address: A,
    row: RowId,
}

/// The prefixes that share the first two octets of their address.
enum Shelf<N: FamilyPrefix> {
    Few(Vec<Place<N::Address>>),
    Many(Box<Blocks<N>>),
}

/// Row numbers in the order of their prefixes. Whoever calls says which prefix a row has, and that does not change while
/// the row is in the index.
pub(super) struct PrefixIndex<N: FamilyPrefix> {
    /// By the first octet, and there by the second: all of them or none.
    shelves: Vec<Vec<Shelf<N>>>,
}

/// The place of a prefix and its row.
///
/// # Errors
/// Where it would stand, when it is not there.
fn search<N: FamilyPrefix>(
    places: &[Place<N::Address>],
    net: &N,
    net_of: impl Fn(RowId) -> N,
) -> Result<(usize, RowId), usize> {
    let address = net.address();
    let mut at = places.partition_point(|place| place.address < address);
    while let Some(place) = places.get(at).filter(|place| place.address == address) {
        let other = net_of(place.row);
        if other >= *net {
            return if other == *net { Ok((at, place.row)) } else { Err(at) };
        }
        at += 1;
    }
    Err(at)
}

impl<N: FamilyPrefix> Shelf<N> {
    const EMPTY: Self = Self::Few(Vec::new());

    fn find(&self, net: &N, net_of: impl Fn(RowId) -> N) -> Option<RowId> {
        match self {
            Self::Few(places) => search(places, net, net_of).ok().map(|(_, row)| row),
            Self::Many(blocks) => blocks.find(net, net_of).ok(),
        }
    }

    fn find_or_insert(&mut self, net: N, row: RowId, net_of: impl Fn(RowId) -> N) -> RowId {
        let new = Place { address: net.address(), row };
        match self {
            Self::Few(places) => match search(places, &net, &net_of) {
                Ok((_, known)) => known,
                Err(_) if places.len() >= BLOCK_MAX => {
                    *self = Self::Many(Box::new(Blocks::of(std::mem::take(places), &net_of)));
                    self.find_or_insert(net, row, net_of)
                }
                Err(place) => {
                    places.insert(place, new);
                    row
                }
            },
            Self::Many(blocks) => match blocks.find(&net, &net_of) {
                Ok(known) => known,
                Err(position) => {
                    blocks.insert(net, row, position, net_of);
                    row
                }
            },
        }
    }

    fn remove(&mut self, net: &N, net_of: impl Fn(RowId) -> N) {
        match self {
            Self::Few(places) => {
                if let Ok((place, _)) = search(places, net, net_of) {
                    places.remove(place);
                    if places.is_empty() || places.len() < places.capacity() / 4 {
                        places.shrink_to(places.len() * 2);
                    }
                }
            }
            Self::Many(blocks) => {
                blocks.remove(net, net_of);
                if let Some(places) = blocks.when_few() {
                    *self = Self::Few(places);
                }
            }
        }
    }

    /// The places, where they are few.
    fn few(&self) -> &[Place<N::Address>] {
        match self {
            Self::Few(places) => places,
            Self::Many(_) => &[],
        }
    }

    /// The blocks, where they are many.
    fn many(&self) -> Option<&Blocks<N>> {
        match self {
            Self::Few(_) => None,
            Self::Many(blocks) => Some(blocks),
        }
    }

    fn rows(&self, from: Option<(N, Start)>, net_of: impl Fn(RowId) -> N) -> impl Iterator<Item = RowId> {
        let few = self.few();
        let begin = from.map_or(0, |(net, start)| start.place_in(few, &net, &net_of));
        let many = self.many().map(|blocks| blocks.rows(from, net_of));
        few.get(begin..).unwrap_or(&[]).iter().map(|place| place.row).chain(many.into_iter().flatten())
    }
}

/// A search on a shelf, step by step: the last place of a lower address, if there is any, is the one at `base` or less than
/// `size` on.
struct Search<'a, N: FamilyPrefix> {
    few: &'a [Place<N::Address>],
    many: Option<&'a Blocks<N>>,
    base: usize,
    size: usize,
}

impl<'a, N: FamilyPrefix> Search<'a, N> {
    const NOWHERE: Self = Self { few: &[], many: None, base: 0, size: 0 };

    const fn on(shelf: &'a Shelf<N>) -> Self {
        match shelf {
            Shelf::Few(few) => Self { few: few.as_slice(), many: None, base: 0, size: few.len() },
            Shelf::Many(many) => Self { few: &[], many: Some(many), base: 0, size: 0 },
        }
    }

    fn step(&mut self, address: N::Address) {
        let half = self.size / 2;
        let middle = self.base + half;
        let is_lower = self.few.get(middle).is_some_and(|place| place.address < address);
        self.base = select_unpredictable(is_lower, middle, self.base);
        self.size -= half;
    }

    /// What there is at the end of it.
    fn end(&self, net: &N, net_of: impl Fn(RowId) -> N) -> Option<RowId> {
        if let Some(blocks) = self.many {
            return blocks.find(net, net_of).ok();
        }
        let address = net.address();
        let from_there = self.few.get(self.base..).unwrap_or(&[]).iter().skip_while(|place| place.address < address);
        let equal = from_there.take_while(|place| place.address == address);
        equal.map(|place| place.row).find(|row| net_of(*row) == *net)
    }
}

impl<N: FamilyPrefix> PrefixIndex<N> {
    /// No prefixes.
    pub fn new() -> Self {
        Self { shelves: Vec::new() }
    }

    fn shelf(&self, net: &N) -> Option<&Shelf<N>> {
        let [first, second] = net.first_octets().map(usize::from);
        self.shelves.get(first)?.get(second)
    }

    /// The row of a prefix.
    pub fn find(&self, net: &N, net_of: impl Fn(RowId) -> N) -> Option<RowId> {
        self.shelf(net)?.find(net, net_of)
    }

    /// The rows of at most [`AT_ONCE`] prefixes. The searches go on side by side, so that one need not wait for the memory of
    /// another.
    pub fn find_many(&self, nets: &[N], net_of: impl Fn(RowId) -> N) -> [Option<RowId>; AT_ONCE] {
        let mut searches = [Search::<'_, N>::NOWHERE; AT_ONCE];
        let mut most = 0;
        for (search, net) in searches.iter_mut().zip(nets) {
            *search = self.shelf(net).map_or(Search::NOWHERE, Search::on);
            most = most.max(search.size);
        }
        for _ in 0..usize::BITS - most.leading_zeros() {
            for (search, net) in searches.iter_mut().zip(nets) {
                search.step(net.address());
            }
        }
        let mut found = [None; AT_ONCE];
        for ((found, net), search) in found.iter_mut().zip(nets).zip(&searches) {
            *found = search.end(net, &net_of);
        }
        found
    }

    /// The row of a prefix; this one, which it gets, when it has none.
    pub fn find_or_insert(&mut self, net: N, row: RowId, net_of: impl Fn(RowId) -> N) -> RowId {
        let [first, second] = net.first_octets().map(usize::from);
        if self.shelves.len() <= first {
            self.shelves.resize_with(first + 1, Vec::new);
        }
        let Some(shelves) = self.shelves.get_mut(first) else { return row };
        if shelves.is_empty() {
            shelves.resize_with(SHELVES, || Shelf::EMPTY);
        }
        shelves.get_mut(second).map_or(row, |shelf| shelf.find_or_insert(net, row, net_of))
    }

    /// Forgets a prefix.
    pub fn remove(&mut self, net: &N, net_of: impl Fn(RowId) -> N) {
        let [first, second] = net.first_octets().map(usize::from);
        if let Some(shelf) = self.shelves.get_mut(first).and_then(|shelves| shelves.get_mut(second)) {
            shelf.remove(net, net_of);
        }
    }

    /// The rows in order: all, from a prefix on, or from after it on.
    pub fn rows(&self, from: Option<(N, Start)>, net_of: impl Fn(RowId) -> N + Copy) -> impl Iterator<Item = RowId> {
        let [first, second] = from.map_or([0, 0], |(net, _)| net.first_octets().map(usize::from));
        let in_first = self.shelves.get(first).map_or(&[][..], Vec::as_slice);
        let begun = in_first.get(second).map(|shelf| shelf.rows(from, net_of));
        let others = in_first.get(second + 1..).unwrap_or(&[]).iter();
        let beyond = self.shelves.get(first + 1..).unwrap_or(&[]).iter().flatten();
        begun.into_iter().flatten().chain(others.chain(beyond).flat_map(move |shelf| shelf.rows(None, net_of)))
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

impl Start {
    fn place_in<N: FamilyPrefix>(self, places: &[Place<N::Address>], net: &N, net_of: impl Fn(RowId) -> N) -> usize {
        match search(places, net, net_of) {
            Ok((place, _)) if self == Self::After => place + 1,
            Ok((place, _)) | Err(place) => place,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::ops::Bound;

    use ipnet::Ipv4Net;
    use proptest::prelude::*;

    use super::blocks::CHUNK_MAX;
    use super::*;

    /// Few addresses and all lengths, so that equal addresses and full blocks are common: on one shelf, or on many.
    fn net() -> impl Strategy<Value = Ipv4Net> {
        let crowded = (0u32..2000, 8u8..=32).prop_map(|(address, len)| (0x0A00_0000 + (address << 5), len));
        let spread = (0u32..2000, 8u8..=32).prop_map(|(address, len)| (address * 0x0001_8000, len));
        prop_oneof![crowded, spread].prop_map(|(address, len)| Ipv4Net::new_assert(address.into(), len).trunc())
    }

    fn checked(index: &PrefixIndex<Ipv4Net>) {
        for shelf in index.shelves.iter().flatten() {
            match shelf {
                Shelf::Few(places) => assert!(places.len() <= BLOCK_MAX),
                Shelf::Many(blocks) => {
                    let lengths = blocks.lengths();
                    assert!(lengths.iter().all(|chunk| (1..=CHUNK_MAX).contains(&chunk.len())));
                    assert!(lengths.iter().flatten().all(|places| (1..=BLOCK_MAX).contains(places)));
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn holds_what_an_ordered_map_holds(
            steps in prop::collection::vec((net(), prop::bool::weighted(0.6)), 0..4000),
            from in net(),
            ascending: bool,
        ) {
            let mut steps = steps;
            if ascending {
                steps.sort();
            }
            let (mut index, mut model, mut nets) = (PrefixIndex::new(), BTreeMap::new(), Vec::new());
            for (net, inserts) in steps {
                let known = index.find(&net, |row: RowId| nets[row.index()]);
                prop_assert_eq!(known, model.get(&net).copied());
                if inserts {
                    let new = RowId::of(nets.len());
                    nets.push(net);
                    let row = index.find_or_insert(net, new, |row: RowId| nets[row.index()]);
                    prop_assert_eq!(row, known.unwrap_or(new));
                    model.insert(net, row);
                } else {
                    index.remove(&net, |row: RowId| nets[row.index()]);
                    model.remove(&net);
                }
            }
            let net_of = |row: RowId| nets[row.index()];
            let asked: Vec<Ipv4Net> = nets.iter().copied().chain([from]).collect();
            for some in asked.chunks(AT_ONCE) {
                let expected: Vec<Option<RowId>> = some.iter().map(|net| model.get(net).copied()).collect();
                prop_assert_eq!(&index.find_many(some, net_of)[..some.len()], expected);
            }
            prop_assert!(index.rows(None, net_of).eq(model.values().copied()));
            prop_assert!(index.rows(Some((from, Start::At)), net_of).eq(model.range(from..).map(|(_, row)| *row)));
            let after = (Bound::Excluded(from), Bound::Unbounded);
            prop_assert!(index.rows(Some((from, Start::After)), net_of).eq(model.range(after).map(|(_, row)| *row)));
            checked(&index);
            // What held many holds few again when they are gone.
            for net in nets.clone() {
                index.remove(&net, |row: RowId| nets[row.index()]);
            }
            prop_assert!(index.shelves.iter().flatten().all(|shelf| matches!(shelf, Shelf::Few(places) if places.capacity() == 0)));
        }
    }

    #[test]
    fn prefixes_in_order_fill_their_blocks() {
        let (mut index, mut nets) = (PrefixIndex::new(), Vec::new());
        for number in 0..10_000_u32 {
            let net = Ipv4Net::new_assert((number << 2).into(), 30);
            nets.push(net);
            index.find_or_insert(net, RowId::of(nets.len() - 1), |row: RowId| nets[row.index()]);
        }
        let blocks = 10_000_usize.div_ceil(BLOCK_MAX);
        let lengths = index.shelves[0][0].many().unwrap().lengths();
        assert_eq!(lengths.iter().map(Vec::len).sum::<usize>(), blocks);
        assert_eq!(lengths.len(), blocks.div_ceil(CHUNK_MAX));
        assert_eq!((size_of::<Place<u32>>(), size_of::<Shelf<Ipv4Net>>()), (8, 24));
    }
}
