//! All parts of the territory side by side, in a balanced tree of joints, so that a change of one part concerns few others.

use std::borrow::Cow;

use super::block::Block;
use super::knapsack::{Span, share, sums};
use super::trie::{Measure, Trie};

/// Parts side by side.
#[derive(Clone, Debug, Default)]
struct Joint {
    span: Span,
    /// The costs from `span.fewest` prefixes on; `None` when they are not known.
    costs: Option<Box<[u128]>>,
}

/// One trie a part, and the joints over them: joint `i` has what is at `2i` and `2i + 1` below it, the first is the top, and
/// the tries come after the last joint.
#[derive(Clone, Debug)]
pub(super) struct Forest {
    tries: Vec<Trie>,
    joints: Vec<Joint>,
    nothing: Joint,
    /// Up to how many prefixes costs are computed.
    most: u32,
}

const TOP: usize = 1;

impl Forest {
    pub fn new(measures: impl IntoIterator<Item = Measure>, most: u32) -> Self {
        let tries: Vec<Trie> = measures.into_iter().map(Trie::new).collect();
        let joints = vec![Joint::default(); tries.len().next_power_of_two()];
        Self { tries, joints, nothing: Joint::default(), most }
    }

    pub fn trie(&self, index: usize) -> Option<&Trie> {
        self.tries.get(index)
    }

    pub fn tries(&self) -> impl Iterator<Item = (usize, &Trie)> {
        self.tries.iter().enumerate()
    }

    /// Changes one trie.
    pub fn change<T>(&mut self, index: usize, change: impl FnOnce(&mut Trie) -> T) -> Option<T> {
        let changed = change(self.tries.get_mut(index)?);
        let mut place = (self.joints.len() + index) / 2;
        while place >= TOP {
            let span = self.span_at(place * 2).beside(self.span_at(place * 2 + 1));
            if let Some(joint) = self.joints.get_mut(place) {
                *joint = Joint { span, costs: None };
            }
            place /= 2;
        }
        Some(changed)
    }

    pub fn span(&self) -> Span {
        self.span_at(TOP)
    }

    fn span_at(&self, place: usize) -> Span {
        match place.checked_sub(self.joints.len()) {
            Some(index) => self.tries.get(index).map(Trie::span).unwrap_or_default(),
            None => self.joints.get(place).unwrap_or(&self.nothing).span,
        }
    }

    /// Computes the costs of all that changed, and gives those of all together, from the fewest prefixes on.
    pub fn refresh(&mut self) -> Cow<'_, [u128]> {
        self.refresh_at(TOP);
        self.costs_at(TOP)
    }

    fn refresh_at(&mut self, place: usize) {
        if let Some(index) = place.checked_sub(self.joints.len()) {
            let most = self.most;
            if let Some(trie) = self.tries.get_mut(index) {
                trie.refresh(most);
            }
            return;
        }
        let Some(Joint { span, costs: None }) = self.joints.get(place) else { return };
        if span.exact == span.fewest {
            return;
        }
        let width = span.width(self.most);
        self.refresh_at(place * 2);
        self.refresh_at(place * 2 + 1);
        let costs = sums(&self.costs_at(place * 2), &self.costs_at(place * 2 + 1), width);
        if let Some(joint) = self.joints.get_mut(place) {
            joint.costs = Some(costs.into_boxed_slice());
        }
    }

    /// Known after [`Self::refresh`].
    fn costs_at(&self, place: usize) -> Cow<'_, [u128]> {
        const NONE: &[u128] = &[0];
        match place.checked_sub(self.joints.len()) {
            Some(index) => self.tries.get(index).map_or(Cow::Borrowed(NONE), |trie| trie.costs(self.most)),
            None => {
                let joint = self.joints.get(place).unwrap_or(&self.nothing);
                Cow::Borrowed(joint.costs.as_deref().unwrap_or(std::slice::from_ref(&joint.span.cost)))
            }
        }
    }

    /// The best blocks for `count` prefixes, with the index of the trie that each lies in. Costs must be fresh, unless it is
    /// as many as are exact.
    pub fn cover(&self, count: u32) -> Vec<(usize, Block)> {
        let (mut open, mut found) = (vec![(TOP, count)], Vec::new());
        while let Some((place, count)) = open.pop() {
            if let Some(index) = place.checked_sub(self.joints.len()) {
                let mut blocks = Vec::new();
                if let Some(trie) = self.tries.get(index) {
                    trie.cover(count, self.most, &mut blocks);
                }
                found.extend(blocks.into_iter().map(|block| (index, block)));
                continue;
            }
            let (left, right) = (self.span_at(place * 2), self.span_at(place * 2 + 1));
            let (to_left, to_right) = match count >= left.exact.saturating_add(right.exact) {
                true => (left.exact, right.exact),
                false => share((left, &self.costs_at(place * 2)), (right, &self.costs_at(place * 2 + 1)), count),
            };
            open.push((place * 2, to_left));
            open.push((place * 2 + 1, to_right));
        }
        found
    }
}
