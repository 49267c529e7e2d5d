//! One cover under changes.

use std::collections::BinaryHeap;
use std::mem::take;

use bgp_core::types::{AddressFamily, Prefix};

use super::block::Block;
use super::forest::Forest;
use super::kept::{Kept, Place};
use super::knapsack::Span;
use super::territory::{Seat, Territory};
use super::trie::Measure;
use super::{Lengths, Limits};

/// Merges in a row before the best cover is taken instead.
const MOST_MERGES: usize = 64;

/// Merges of a cover that grows over what is held.
const MOST_GROWING: usize = 4096;

/// So much at once beyond four times the bound is not taken in piece by piece.
const MANY_PENDING: usize = 4096;

/// How many times as large as what was removed a block may be, to count as near.
const NEAR: u128 = 8;

/// What is in use in a territory, and a cover of it.
///
/// After any changes, [`Aggregator::settle`] brings the cover in order; what [`Aggregator::cover`] says holds after it only.
#[derive(Clone, Debug)]
pub struct Aggregator {
    limits: Limits,
    seats: Vec<Seat>,
    forest: Forest,
    /// The weight of all that is in use.
    used: u128,
    kept: Kept,
    /// What was added since the last settling and lies in no prefix of the cover.
    pending: Vec<Place>,
    baseline: Option<Baseline>,
}

/// One prefix of a cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Covered {
    /// The prefix.
    pub prefix: Prefix,
    /// Addresses in it that are in use; the rest is covered besides.
    pub used: u128,
}

/// What the best cover cost once, and how much less it may cost by now: a bound that holds without computing it anew.
///
/// What is added makes no cover smaller. Whoever covers what is left after a removal covers all there was with the removed
/// beside it, so many prefixes more and so much larger; or with the prefix over what is in use near by made to reach over
/// it, no prefix more and larger by no more than the block around both.
#[derive(Clone, Debug)]
struct Baseline {
    span: Span,
    costs: Vec<u128>,
    /// Prefixes that what was removed since would take.
    removed: u32,
    /// Weight by which the costs may have sunk since.
    drift: u128,
}

impl Baseline {
    /// What the best cover of `count` prefixes costs at least; `None` when nothing is known.
    fn at_least(&self, count: u32) -> Option<u128> {
        let count = count.saturating_add(self.removed);
        let cost = match count >= self.span.exact {
            true => self.span.cost,
            false => *self.costs.get(usize::try_from(count.checked_sub(self.span.fewest)?).ok()?)?,
        };
        Some(cost.saturating_sub(self.drift))
    }
}

impl Aggregator {
    /// Nothing in use yet.
    #[must_use]
    pub fn new(territory: Territory, limits: Limits) -> Self {
        let ipv4_weight = territory.ipv4_weight_bits();
        let measure = |seat: &Seat| {
            let (Lengths { shortest, longest }, weight_bits) = match seat.family {
                AddressFamily::Ipv4Unicast => (limits.ipv4, ipv4_weight),
                AddressFamily::Ipv6Unicast => (limits.ipv6, 0),
            };
            // No prefix may be as short as the limits want where the territory itself is smaller.
            Measure { family: seat.family, shortest, longest: longest.max(seat.block.len), weight_bits }
        };
        let seats = territory.seats;
        // Some more than the bound, so that a bound of the costs outlives some removals.
        let most = limits.max_prefixes.map_or(u32::MAX, |most| most.saturating_add(most / 8 + 8));
        let forest = Forest::new(seats.iter().map(measure), most);
        Self { limits, seats, forest, used: 0, kept: Kept::default(), pending: Vec::new(), baseline: None }
    }

    fn parts(&self, prefix: &Prefix) -> Vec<Place> {
        let (family, block) = (prefix.family(), Block::of(prefix));
        let after = self.seats.partition_point(|seat| (seat.family, seat.block) <= (family, block));
        let around = after.checked_sub(1).and_then(|index| Some((index, self.seats.get(index)?)));
        if let Some((index, _)) = around.filter(|(_, seat)| seat.family == family && seat.block.covers(block)) {
            return vec![(index, block)];
        }
        let inside = self.seats.iter().enumerate().skip(after);
        let inside = inside.take_while(|(_, seat)| seat.family == family && block.covers(seat.block));
        inside.map(|(index, seat)| (index, seat.block)).collect()
    }

    /// One use more of `prefix`. What of it lies outside of the territory is left out.
    pub fn add(&mut self, prefix: &Prefix) {
        for place in self.parts(prefix) {
            let (part, block) = place;
            let new = self.forest.change(part, |trie| {
                let new = trie.add(block);
                (new, trie.measure().weigh(new))
            });
            let Some((new, weight)) = new.filter(|(new, _)| *new > 0) else { continue };
            self.used = self.used.saturating_add(weight);
            if let Some(baseline) = &mut self.baseline {
                baseline.drift = baseline.drift.saturating_add(weight);
            }
            match self.kept.over(place).and_then(|member| self.kept.used_mut(&member)) {
                Some(used) => *used = used.saturating_add(new),
                None => {
                    // It may lie over what is kept.
                    self.count_again(place);
                    self.pending.push(place);
                }
            }
        }
    }

    /// One use less of `prefix`, which was added.
    pub fn remove(&mut self, prefix: &Prefix) {
        for place in self.parts(prefix) {
            let (part, block) = place;
            let change = self.forest.change(part, |trie| {
                let removed = trie.remove(block)?;
                let measure = trie.measure();
                let units = measure.units(block);
                let size = units.iter().map(|unit| measure.size(*unit)).fold(0, u128::saturating_add);
                // What else is in use near by is covered by something, which may be made to reach over this too.
                let near = removed.around.filter(|around| around.len >= measure.shortest);
                let near =
                    near.map(|around| measure.size(around)).filter(|around| *around <= size.saturating_mul(NEAR));
                let (units, size) = near.map_or((units.len(), size), |around| (0, around));
                Some((removed.gone, measure.weigh(removed.gone), units, size))
            });
            let Some((gone, weight, units, size)) = change.flatten().filter(|(gone, ..)| *gone > 0) else { continue };
            self.used = self.used.saturating_sub(weight);
            if let Some(baseline) = &mut self.baseline {
                baseline.removed = baseline.removed.saturating_add(u32::try_from(units).unwrap_or(u32::MAX));
                baseline.drift = baseline.drift.saturating_add(size.saturating_sub(weight));
            }
            match self.kept.over(place) {
                Some(member) => {
                    if let Some(used) = self.kept.used_mut(&member) {
                        *used = used.saturating_sub(gone);
                    }
                }
                None => self.count_again(place),
            }
        }
    }

    fn count_again(&mut self, place: Place) {
        let inside: Vec<Place> = self.kept.inside(place).collect();
        for member in inside {
            let used = self.used_in(&member);
            if let Some(before) = self.kept.used_mut(&member) {
                *before = used;
            }
        }
    }

    fn used_in(&self, (part, block): &Place) -> u128 {
        self.forest.trie(*part).map_or(0, |trie| trie.used_in(*block))
    }

    fn measure(&self, part: usize) -> Option<Measure> {
        self.forest.trie(part).map(|trie| *trie.measure())
    }

    /// Takes `cover` for the one that is announced, as far as it may be: what it lacks is pending.
    pub fn resume<'a>(&mut self, cover: impl IntoIterator<Item = &'a Prefix>) {
        self.kept = Kept::default();
        for prefix in cover {
            let [place] = self.parts(prefix)[..] else { continue };
            let Some(measure) = self.measure(place.0) else { continue };
            let used = self.used_in(&place);
            let fits = (measure.shortest..=measure.longest).contains(&prefix.len());
            // What is held may lie around or in others.
            let is_apart = self.kept.over(place).is_none() && self.kept.inside(place).next().is_none();
            if place.1 == Block::of(prefix) && fits && used > 0 && is_apart {
                self.kept.insert(place, used, &measure);
            }
        }
        self.find_uncovered();
    }

    /// Whatever is in use and lies in no member is pending.
    fn find_uncovered(&mut self) {
        self.pending.clear();
        for (part, trie) in self.forest.tries() {
            let covers = |block| self.kept.over((part, block)).is_some();
            let reaches = |block| self.kept.inside((part, block)).next().is_some();
            let mut found = Vec::new();
            trie.uncovered(covers, reaches, &mut found);
            self.pending.extend(found.into_iter().map(|block| (part, block)));
        }
    }

    /// Brings the cover in order: it covers all that is in use, keeps to the limits, and is within the factor of the best
    /// one. What need not move does not.
    pub fn settle(&mut self) {
        let span = self.forest.span();
        // Where the bound cannot be kept, it is as few as can be.
        let most = self.limits.max_prefixes.unwrap_or(u32::MAX).max(span.fewest);
        if self.limits.keep_permille <= 1000 {
            self.renew(most.min(span.exact));
            return;
        }
        self.drop_unused();
        let many = usize::try_from(most.saturating_mul(4)).unwrap_or(usize::MAX).saturating_add(MANY_PENDING);
        if self.pending.len() > many {
            self.renew(most.min(span.exact));
            return;
        }
        self.take_in(most);
        let keeps = self.fit(most) && (self.is_within(self.limits.keep_permille, most) || self.improve(most));
        if !keeps {
            self.renew(most.min(span.exact));
        }
    }

    /// Makes a cover over all of `others` beside what is in use, of at most `most` prefixes where there can be so few: for what
    /// must stay although it is not in use. Where that is far from the bound, the cover stays beyond it: each step walks over
    /// all of it. It lasts until the next [`Self::resume`].
    pub fn grow<'a>(&mut self, others: impl IntoIterator<Item = &'a Prefix>, most: u32) {
        self.kept = Kept::default();
        for prefix in others {
            let [place] = self.parts(prefix)[..] else { continue };
            let Some(measure) = self.measure(place.0) else { continue };
            if place.1 == Block::of(prefix) && self.kept.over(place).is_none() {
                // What was inside is covered with it.
                let inside: Vec<Place> = self.kept.inside(place).collect();
                for member in inside {
                    self.kept.remove(&member, &measure);
                }
                self.kept.insert(place, self.used_in(&place), &measure);
            }
        }
        self.find_uncovered();
        self.take_in(most);
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let beyond = self.kept.len().saturating_sub(most);
        for _ in 0..beyond.min(MOST_GROWING) {
            if self.kept.len() <= most || !self.merge_below(u128::MAX) {
                break;
            }
        }
    }

    fn drop_unused(&mut self) {
        let unused: Vec<Place> = self.kept.members().filter(|(_, used)| **used == 0).map(|(place, _)| *place).collect();
        for place in unused {
            if let Some(measure) = self.measure(place.0) {
                self.kept.remove(&place, &measure);
            }
        }
    }

    /// Covers what is pending: under a bound together with what is next to it, as far as that is good enough, and else with
    /// the smallest prefixes there are for it. What grows block by block would make a prefix of each, to be merged with the
    /// next.
    fn take_in(&mut self, most: u32) {
        let span = self.forest.span();
        let cost = match (self.limits.max_prefixes, most >= span.exact) {
            (None, _) => None,
            (Some(_), true) => Some(span.cost),
            (Some(_), false) => self.baseline.as_ref().and_then(|baseline| baseline.at_least(most)),
        };
        let ceiling = cost.map_or(0, |cost| self.ceiling(self.limits.keep_permille, cost));
        for (part, block) in take(&mut self.pending) {
            let Some(measure) = self.measure(part) else { continue };
            for unit in measure.units(block) {
                let place = (part, unit);
                let used = self.used_in(&place);
                if used == 0 || self.kept.over(place).is_some() {
                    continue;
                }
                let inside: Vec<Place> = self.kept.inside(place).collect();
                for member in inside {
                    self.kept.remove(&member, &measure);
                }
                self.kept.insert(place, used, &measure);
                let mut last = place;
                while let Some(merge) = self.kept.free_merge(&last, &measure) {
                    self.kept.apply(&merge, &measure);
                    last = merge.into;
                }
                if let Some(merge) = self.kept.nearest_merge(&last, &measure)
                    && self.kept.size().saturating_add(merge.added) <= ceiling
                {
                    self.kept.apply(&merge, &measure);
                    // What is still pending may lie inside.
                    self.count_again(merge.into);
                }
            }
        }
    }

    /// Merges until there are at most `most` prefixes; false when that takes too many steps.
    fn fit(&mut self, most: u32) -> bool {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        if self.kept.len() > most.saturating_add(MOST_MERGES) {
            return false;
        }
        while self.kept.len() > most {
            if !self.merge_below(u128::MAX) {
                return false;
            }
        }
        true
    }

    /// Makes the merge that adds least, when it adds less than `limit`.
    fn merge_below(&mut self, limit: u128) -> bool {
        let forest = &self.forest;
        let merge = self.kept.cheapest_merge(|part| forest.trie(part).map(|trie| trie.measure()));
        let Some(merge) = merge.filter(|merge| merge.added < limit) else { return false };
        let Some(measure) = self.measure(merge.into.0) else { return false };
        self.kept.apply(&merge, &measure);
        true
    }

    /// Whether the cover has at most so many thousandths of the addresses of the best one.
    fn is_within(&mut self, permille: u32, most: u32) -> bool {
        let span = self.forest.span();
        if most >= span.exact {
            return self.is_within_of(permille, span.cost);
        }
        let known = self.baseline.as_ref().and_then(|baseline| baseline.at_least(most));
        if known.is_some_and(|cost| self.is_within_of(permille, cost)) {
            return true;
        }
        let best = self.best(most);
        self.is_within_of(permille, best)
    }

    fn is_within_of(&self, permille: u32, cost: u128) -> bool {
        self.kept.size() <= self.ceiling(permille, cost)
    }

    /// The weight of so many thousandths of a cover that costs so much.
    fn ceiling(&self, permille: u32, cost: u128) -> u128 {
        let best = self.used.saturating_add(cost);
        let beyond = u128::from(permille.saturating_sub(1000));
        let slack = (best / 1000).saturating_mul(beyond).saturating_add((best % 1000) * beyond / 1000);
        best.saturating_add(slack)
    }

    /// What the best cover of `count` prefixes costs, which is less than all.
    fn best(&mut self, count: u32) -> u128 {
        let span = self.forest.span();
        let costs = self.forest.refresh().into_owned();
        let baseline = self.baseline.insert(Baseline { span, costs, removed: 0, drift: 0 });
        baseline.at_least(count).unwrap_or(span.cost)
    }

    /// Moves single prefixes until the cover is well within the factor; false when that takes too many, or does not help.
    fn improve(&mut self, most: u32) -> bool {
        // Half way, so that the next change does not end here again.
        let wanted = 1000 + self.limits.keep_permille.saturating_sub(1000) / 2;
        let room = usize::try_from(most).unwrap_or(usize::MAX);
        let mut gains: BinaryHeap<(u128, Place)> = self.kept.members().map(|(place, _)| self.gain(place)).collect();
        for _ in 0..(MOST_MERGES + self.kept.len() / 8) {
            let Some((gain, place)) = gains.pop().filter(|(gain, _)| *gain > 0) else { return false };
            if !self.kept.contains(&place) {
                continue;
            }
            let Some(measure) = self.measure(place.0) else { return false };
            let smaller = self.forest.trie(place.0).map(|trie| trie.smaller(place.1)).unwrap_or_default();
            self.kept.remove(&place, &measure);
            for block in smaller {
                let part = (place.0, block);
                self.kept.insert(part, self.used_in(&part), &measure);
                gains.push(self.gain(&part));
            }
            if self.kept.len() > room {
                let forest = &self.forest;
                let merge = self.kept.cheapest_merge(|part| forest.trie(part).map(|trie| trie.measure()));
                let Some(merge) = merge.filter(|merge| merge.added < gain) else { return false };
                let Some(measure) = self.measure(merge.into.0) else { return false };
                self.kept.apply(&merge, &measure);
                gains.push(self.gain(&merge.into));
            }
            if self.is_within(wanted, most) {
                return true;
            }
        }
        false
    }

    /// What a member covers besides that its parts would not.
    fn gain(&self, place: &Place) -> (u128, Place) {
        let gain = self.forest.trie(place.0).map(|trie| {
            let smaller = trie.smaller(place.1).into_iter().map(|block| trie.measure().size(block));
            trie.measure().size(place.1).saturating_sub(smaller.fold(0, u128::saturating_add))
        });
        (gain.unwrap_or(0), *place)
    }

    /// Takes the best cover of at most `count` prefixes, of several the one with the fewest.
    fn renew(&mut self, count: u32) {
        self.pending.clear();
        let span = self.forest.span();
        let mut fewest = count;
        if count < span.exact {
            let best = self.best(count);
            let costs = self.baseline.as_ref().map(|baseline| baseline.costs.as_slice()).unwrap_or_default();
            let place = costs.partition_point(|cost| *cost > best);
            fewest = span.fewest.saturating_add(u32::try_from(place).unwrap_or(u32::MAX)).min(count);
        }
        self.kept = Kept::default();
        for place in self.forest.cover(fewest) {
            if let Some(measure) = self.measure(place.0) {
                let used = self.used_in(&place);
                self.kept.insert(place, used, &measure);
            }
        }
    }

    /// The cover, ascending.
    pub fn cover(&self) -> impl Iterator<Item = Covered> {
        self.kept.members().filter_map(|((part, block), used)| {
            let seat = self.seats.get(*part)?;
            Some(Covered { prefix: block.prefix(seat.family), used: *used })
        })
    }

    /// How many prefixes the cover has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether nothing is covered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.len() == 0
    }

    /// How many prefixes it takes at least to cover what is in use: with a lower bound than this, it is so many.
    #[must_use]
    pub fn fewest(&self) -> u32 {
        self.forest.span().fewest
    }

    /// How many prefixes it takes to cover as little as the lengths allow.
    #[must_use]
    pub fn exact(&self) -> u32 {
        self.forest.span().exact
    }

    /// What the cover has besides what is in use, and what the best one has at least, both in weighed addresses: one of IPv4
    /// weighs as [`Territory::ipv4_weight_bits`] says, one of IPv6 is 1.
    pub fn costs(&mut self) -> (u128, u128) {
        let most = self.limits.max_prefixes.unwrap_or(u32::MAX).max(self.fewest());
        let best = if most >= self.exact() { self.forest.span().cost } else { self.best(most) };
        (self.kept.size().saturating_sub(self.used), best)
    }
}
