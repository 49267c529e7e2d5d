//! What is in use in one prefix of the territory: a path-compressed binary trie in an arena.
//!
//! A node stands for everything in use inside its block. Two numbers of every node are kept up to date along the path of each
//! change, so that a change costs the depth of the trie; the costs by number of prefixes are computed when they are asked
//! for, and only where something changed since.

use std::borrow::Cow;

use bgp_core::types::AddressFamily;

use super::block::{Block, size};
use super::knapsack::{Span, share, sums};

/// A place in the arena. At 0 lies a node of nothing, which stands for whatever is not there.
type Id = u32;
const NOWHERE: Id = 0;

/// Nodes that take fewer prefixes than this do not keep their costs: they are computed faster than they are worth in memory.
const KEPT_FROM: u32 = 32;

/// A block in use that is shorter than allowed is split into at most two to the power of so many.
const MAX_SPLIT_BITS: u8 = 8;

/// What lengths of prefixes one part of the territory allows, and what an address of it weighs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measure {
    pub family: AddressFamily,
    /// The shortest prefix.
    pub shortest: u8,
    /// The longest prefix: what is in use is rounded up to it.
    pub longest: u8,
    /// Bits by which the number of addresses is shifted.
    pub weight_bits: u32,
}

impl Measure {
    pub fn weigh(&self, addresses: u128) -> u128 {
        addresses.checked_shl(self.weight_bits).unwrap_or(u128::MAX)
    }

    /// The weight of a block.
    pub fn size(&self, block: Block) -> u128 {
        self.weigh(block.size(self.family))
    }

    /// The smallest prefixes that may be announced for `block` alone.
    pub fn units(&self, block: Block) -> Vec<Block> {
        let mut units = vec![block.shortened(self.longest)];
        for _ in 0..self.split_bits(block.len) {
            units = units.into_iter().filter_map(Block::halves).flatten().collect();
        }
        units
    }

    /// How often a block of this length is halved until its parts are long enough; one that would be too many stays whole.
    fn split_bits(&self, len: u8) -> u8 {
        Some(self.shortest.saturating_sub(len)).filter(|bits| *bits <= MAX_SPLIT_BITS).unwrap_or(0)
    }
}

#[derive(Clone, Debug, Default)]
struct Node {
    block: Block,
    /// How often just this block was added.
    uses: u32,
    children: [Id; 2],
    /// Addresses in use inside the block.
    used: u128,
    span: Span,
    /// The costs from `span.fewest` prefixes on; `None` when they are not known.
    costs: Option<Box<[u128]>>,
}

/// What a removal comes to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Removed {
    /// Addresses that are no longer in use.
    pub gone: u128,
    /// The smallest block around what was removed that has something else in use, where it is known.
    pub around: Option<Block>,
}

/// What is in use in one prefix of the territory.
#[derive(Clone, Debug)]
pub(super) struct Trie {
    measure: Measure,
    nodes: Vec<Node>,
    free: Vec<Id>,
    root: Id,
    nothing: Node,
}

impl Trie {
    pub fn new(measure: Measure) -> Self {
        let nothing = Node::default();
        Self { measure, nodes: vec![nothing.clone()], free: Vec::new(), root: NOWHERE, nothing }
    }

    pub const fn measure(&self) -> &Measure {
        &self.measure
    }

    pub fn span(&self) -> Span {
        self.node(self.root).span
    }

    /// Addresses in use.
    pub fn used(&self) -> u128 {
        self.node(self.root).used
    }

    fn node(&self, id: Id) -> &Node {
        self.nodes.get(id as usize).unwrap_or(&self.nothing)
    }

    fn node_mut(&mut self, id: Id) -> &mut Node {
        // Nothing is ever written to the node of nothing: every caller has found the node before.
        self.nodes.get_mut(id as usize).unwrap_or(&mut self.nothing)
    }

    fn child(&self, id: Id, half: usize) -> Id {
        self.node(id).children.get(half).copied().unwrap_or(NOWHERE)
    }

    fn insert(&mut self, block: Block, uses: u32) -> Id {
        let node = Node { block, uses, ..Node::default() };
        if let Some(id) = self.free.pop() {
            *self.node_mut(id) = node;
            return id;
        }
        self.nodes.push(node);
        // More would not fit into memory.
        Id::try_from(self.nodes.len() - 1).unwrap_or(NOWHERE)
    }

    /// Hangs `child` below the last of `path`, or at the top, in the place of `block`.
    fn hang(&mut self, path: &[Id], block: Block, child: Id) {
        let Some(parent) = path.last() else {
            self.root = child;
            return;
        };
        let half = block.half(self.node(*parent).block.len);
        if let Some(place) = self.node_mut(*parent).children.get_mut(half) {
            *place = child;
        }
    }

    /// One use more of `block`: how many addresses are in use that were not.
    pub fn add(&mut self, block: Block) -> u128 {
        let (before, mut path, mut at) = (self.used(), Vec::new(), self.root);
        loop {
            let here = self.node(at).block;
            let common = here.common(block);
            if at == NOWHERE {
                let leaf = self.insert(block, 1);
                self.hang(&path, block, leaf);
                path.push(leaf);
            } else if here == block {
                let node = self.node_mut(at);
                node.uses = node.uses.saturating_add(1);
                path.push(at);
            } else if common == here {
                path.push(at);
                at = self.child(at, block.half(here.len));
                continue;
            } else {
                let above = self.insert(common, u32::from(common == block));
                self.hang(&path, common, above);
                path.push(above);
                self.hang(&path, here, at);
                if common != block {
                    let leaf = self.insert(block, 1);
                    self.hang(&path, block, leaf);
                    path.push(leaf);
                }
            }
            break;
        }
        self.settle(&path);
        self.used().saturating_sub(before)
    }

    /// One use less of `block`; `None` when it was not added.
    pub fn remove(&mut self, block: Block) -> Option<Removed> {
        let (before, mut path, mut at) = (self.used(), Vec::new(), self.root);
        while self.node(at).block != block || at == NOWHERE {
            let here = self.node(at).block;
            if at == NOWHERE || !here.covers(block) {
                return None;
            }
            path.push(at);
            at = self.child(at, block.half(here.len));
        }
        let node = self.node_mut(at);
        node.uses = node.uses.checked_sub(1)?;
        path.push(at);
        let mut around = None;
        // What holds nothing of its own and does not branch is not needed, nor then what held it.
        while let Some(last) = path.last().copied() {
            let Node { block, uses, children: [left, right], .. } = *self.node(last);
            if uses > 0 || (left != NOWHERE && right != NOWHERE) {
                break;
            }
            path.pop();
            around = Some(block);
            self.hang(&path, block, if left == NOWHERE { right } else { left });
            *self.node_mut(last) = Node::default();
            self.free.push(last);
        }
        // Without a branch that went with it, it was alone, or something is in use inside it.
        around = around.filter(|around| around.len < block.len);
        self.settle(&path);
        Some(Removed { gone: before.saturating_sub(self.used()), around })
    }

    /// Brings the numbers of a path up to date.
    fn settle(&mut self, path: &[Id]) {
        for id in path.iter().rev() {
            let node = self.node(*id);
            let [left, right] = node.children.map(|child| self.node(child));
            let size = node.block.size(self.measure.family);
            let used = if node.uses > 0 { size } else { left.used.saturating_add(right.used) };
            let span = self.span_of(node, used, left.span.beside(right.span));
            let node = self.node_mut(*id);
            (node.used, node.span, node.costs) = (used, span, None);
        }
    }

    /// The span of a node with `used` addresses in use, whose children have `below` together.
    fn span_of(&self, node: &Node, used: u128, below: Span) -> Span {
        let Measure { family, shortest, longest, .. } = self.measure;
        let len = node.block.len;
        let whole = self.measure.weigh(size(family, len.min(longest)).saturating_sub(used));
        let split = 1_u32.checked_shl(self.measure.split_bits(len).into()).unwrap_or(u32::MAX);
        if len >= longest {
            return Span { fewest: 1, exact: 1, cost: whole };
        }
        if node.uses > 0 {
            return Span { fewest: split, exact: split, cost: 0 };
        }
        if len < shortest {
            return below;
        }
        // As a whole it is as good as in parts: it needs no parts.
        let exact = if whole == below.cost { 1 } else { below.exact };
        Span { fewest: 1, exact, cost: below.cost }
    }

    /// Computes the costs of all that changed, for up to `most` prefixes; always the same number.
    pub fn refresh(&mut self, most: u32) {
        self.refresh_below(self.root, most);
    }

    fn refresh_below(&mut self, id: Id, most: u32) {
        let node = self.node(id);
        if node.span.exact < KEPT_FROM || node.span.exact == node.span.fewest || node.costs.is_some() {
            return;
        }
        let children = node.children;
        for child in children {
            self.refresh_below(child, most);
        }
        let costs = self.costs_of(id, most).into_owned();
        self.node_mut(id).costs = Some(costs.into_boxed_slice());
    }

    /// The costs from the fewest prefixes on, up to `most`; fast after [`Self::refresh`].
    pub fn costs(&self, most: u32) -> Cow<'_, [u128]> {
        self.costs_of(self.root, most)
    }

    fn costs_of(&self, id: Id, most: u32) -> Cow<'_, [u128]> {
        let node = self.node(id);
        if let Some(costs) = &node.costs {
            return Cow::Borrowed(costs);
        }
        if node.span.exact == node.span.fewest {
            return Cow::Borrowed(std::slice::from_ref(&node.span.cost));
        }
        let [left, right] = node.children;
        let width = node.span.width(most);
        let as_parts = |width| sums(&self.costs_of(left, most), &self.costs_of(right, most), width);
        if node.block.len < self.measure.shortest {
            return Cow::Owned(as_parts(width));
        }
        let as_one = self.measure.size(node.block).saturating_sub(self.measure.weigh(node.used));
        let mut costs = vec![as_one];
        costs.extend(as_parts(width.saturating_sub(1)));
        Cow::Owned(costs)
    }

    /// The best blocks for `count` prefixes, which is at least the fewest there can be.
    pub fn cover(&self, count: u32, most: u32, found: &mut Vec<Block>) {
        self.cover_below(self.root, count, most, found);
    }

    fn cover_below(&self, id: Id, count: u32, most: u32, found: &mut Vec<Block>) {
        let node = self.node(id);
        if id == NOWHERE {
            return;
        }
        let as_one = node.span.exact == 1 || (count == 1 && node.span.fewest == 1);
        if as_one || node.uses > 0 {
            found.extend(self.measure.units(node.block));
            return;
        }
        let [left, right] = node.children;
        let (left_span, right_span) = (self.node(left).span, self.node(right).span);
        let (to_left, to_right) = match count >= left_span.exact.saturating_add(right_span.exact) {
            true => (left_span.exact, right_span.exact),
            false => {
                let (left, right) = (self.costs_of(left, most), self.costs_of(right, most));
                share((left_span, &left), (right_span, &right), count)
            }
        };
        self.cover_below(left, to_left, most, found);
        self.cover_below(right, to_right, most, found);
    }

    /// Addresses of `block` that are in use.
    pub fn used_in(&self, block: Block) -> u128 {
        match self.top_of(block) {
            Ok(node) => node.used,
            Err(true) => block.size(self.measure.family),
            Err(false) => 0,
        }
    }

    /// The node that holds all that is in use in `block`. Without one, whether all of it is, or nothing.
    fn top_of(&self, block: Block) -> Result<&Node, bool> {
        let mut at = self.root;
        loop {
            let node = self.node(at);
            if at == NOWHERE || node.block.common(block).len < node.block.len.min(block.len) {
                return Err(false);
            }
            if block.covers(node.block) {
                return Ok(node);
            }
            if node.uses > 0 {
                return Err(true);
            }
            at = self.child(at, block.half(node.block.len));
        }
    }

    /// The smallest prefix for what is in use in `block`, and the two smallest where that leaves out more; `block` is a prefix
    /// that may be announced.
    pub fn smaller(&self, block: Block) -> Vec<Block> {
        let Ok(top) = self.top_of(block) else { return vec![block] };
        let parts = top.children.map(|child| self.node(child).block.shortened(self.measure.longest));
        if top.block.len < self.measure.longest && top.uses == 0 && top.span.exact > 1 {
            return parts.to_vec();
        }
        vec![top.block.shortened(self.measure.longest)]
    }

    /// Blocks in use, as large as they are without a gap, that together hold all that nothing lies over: `covers` says
    /// whether something lies over a block, `reaches` whether something lies inside one.
    pub fn uncovered(&self, covers: impl Fn(Block) -> bool, reaches: impl Fn(Block) -> bool, found: &mut Vec<Block>) {
        let mut open = vec![self.root];
        while let Some(id) = open.pop() {
            let node = self.node(id);
            if id == NOWHERE || covers(node.block) {
                continue;
            }
            let is_leaf = node.uses > 0 || node.block.len >= self.measure.longest;
            match is_leaf || (node.span.exact == 1 && !reaches(node.block)) {
                true => found.push(node.block),
                false => open.extend(node.children),
            }
        }
    }
}
