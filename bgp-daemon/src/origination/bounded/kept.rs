//! The cover that is kept: disjoint blocks, and how much of each is in use.

use std::collections::BTreeMap;

use super::block::Block;
use super::trie::Measure;

/// A block, with the part of the territory that it lies in before it: ordered as prefixes are.
pub(super) type Place = (usize, Block);

/// Disjoint blocks.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    /// With how many addresses of each are in use.
    members: BTreeMap<Place, u128>,
    /// The weight of all together.
    size: u128,
}

/// Members under one block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Merge {
    pub into: Place,
    /// The weight of what is covered besides.
    pub added: u128,
}

impl Kept {
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// The weight of all together.
    pub const fn size(&self) -> u128 {
        self.size
    }

    pub fn members(&self) -> impl Iterator<Item = (&Place, &u128)> {
        self.members.iter()
    }

    pub fn contains(&self, place: &Place) -> bool {
        self.members.contains_key(place)
    }

    pub fn insert(&mut self, place: Place, used: u128, measure: &Measure) {
        if self.members.insert(place, used).is_none() {
            self.size = self.size.saturating_add(measure.size(place.1));
        }
    }

    pub fn remove(&mut self, place: &Place, measure: &Measure) -> Option<u128> {
        let used = self.members.remove(place)?;
        self.size = self.size.saturating_sub(measure.size(place.1));
        Some(used)
    }

    /// The member that lies over a block.
    pub fn over(&self, (part, block): Place) -> Option<Place> {
        let (place, _) = self.members.range(..=(part, block)).next_back()?;
        (place.0 == part && place.1.covers(block)).then_some(*place)
    }

    /// How much of a member is in use.
    pub fn used_mut(&mut self, place: &Place) -> Option<&mut u128> {
        self.members.get_mut(place)
    }

    /// The members inside a block.
    pub fn inside(&self, (part, block): Place) -> impl Iterator<Item = Place> {
        let from = self.members.range((part, block)..).map(|(place, _)| *place);
        from.take_while(move |place| place.0 == part && block.covers(place.1))
    }

    /// What becomes of two neighbours under the smallest block over both, when nothing else lies inside it.
    fn merge(left: Place, right: Place, measure: &Measure) -> Option<Merge> {
        let into = left.1.common(right.1);
        if left.0 != right.0 || into.len < measure.shortest {
            return None;
        }
        let added = measure.size(into).saturating_sub(measure.size(left.1)).saturating_sub(measure.size(right.1));
        Some(Merge { into: (left.0, into), added })
    }

    /// The merge that adds least, and so takes one member away: the first of several. One of three members never is: a part
    /// of it adds less.
    pub fn cheapest_merge<'a>(&self, measure: impl Fn(usize) -> Option<&'a Measure>) -> Option<Merge> {
        let depth = |left: &Place, right: &Place| (left.0 == right.0).then(|| left.1.common(right.1).len);
        let (mut best, mut before): (Option<Merge>, Option<u8>) = (None, None);
        let mut places = self.members.keys().peekable();
        let mut last: Option<&Place> = None;
        while let Some(place) = places.next() {
            if let Some(left) = last {
                let here = depth(left, place);
                let after = places.peek().and_then(|next| depth(place, next));
                if here.is_some() && here > before && here > after {
                    let merge = measure(place.0).and_then(|measure| Self::merge(*left, *place, measure));
                    best = match (best, merge) {
                        (Some(best), Some(merge)) if merge.added < best.added => Some(merge),
                        (None, merge) => merge,
                        (best, _) => best,
                    };
                }
                before = here;
            }
            last = Some(place);
        }
        best
    }

    /// The merge of a member with the other half of a block that they fill together.
    pub fn free_merge(&self, place: &Place, measure: &Measure) -> Option<Merge> {
        let before = self.members.range(..place).next_back().and_then(|(left, _)| Self::merge(*left, *place, measure));
        let after = || {
            let (right, _) = self.members.range(place..).nth(1)?;
            Self::merge(*place, *right, measure)
        };
        before.filter(|merge| merge.added == 0).or_else(|| after().filter(|merge| merge.added == 0))
    }

    /// The merge of a member with the nearer of its neighbours, and with whatever else lies under the same block.
    pub fn nearest_merge(&self, place: &Place, measure: &Measure) -> Option<Merge> {
        let before = self.members.range(..place).next_back().map(|(left, _)| *left);
        let after = self.members.range(place..).nth(1).map(|(right, _)| *right);
        let blocks = [before, after].into_iter().flatten().filter(|other| other.0 == place.0);
        let into = blocks.map(|other| place.1.common(other.1)).max_by_key(|block| block.len)?;
        let inside = self.inside((place.0, into)).map(|member| measure.size(member.1));
        let added = measure.size(into).saturating_sub(inside.fold(0, u128::saturating_add));
        (into.len >= measure.shortest).then_some(Merge { into: (place.0, into), added })
    }

    pub fn apply(&mut self, merge: &Merge, measure: &Measure) {
        let inside: Vec<Place> = self.inside(merge.into).collect();
        let used = inside.iter().filter_map(|part| self.remove(part, measure)).fold(0, u128::saturating_add);
        self.insert(merge.into, used, measure);
    }
}
