//! `in-use` under a bound or lengths: one cover over all ranges of a rule, of every role and both families.

use std::collections::{BTreeMap, BTreeSet};

use bgp_core::types::{AddressFamily, Prefix};

use super::{Aggregate, Aggregates, Kind, Member, Members, OfKind, Prefixes, in_use};
use crate::config::{InUse, PROHIBITED, PrefixLengths};
use crate::origination::bounded::{Aggregator, Lengths, Limits, Territory};
use crate::origination::coverage::overlapping;
use crate::origination::set::BoundOutcome;
use crate::origination::{Blocks, Origination, OriginationSet};
use crate::shared_map::SharedMap;

/// A cover, and what it is a cover of.
#[derive(Debug)]
pub(super) struct Bounded {
    wanted: InUse,
    /// The ranges with what they have in common with others.
    owned: Vec<(Kind, Prefix)>,
    aggregator: Aggregator,
    /// One without shortest lengths, while the bound cannot be kept with them.
    relaxed: Option<Aggregator>,
    /// What both of them cover.
    fed: Prefixes,
    /// That, and what was in use lately.
    lately: Prefixes,
    /// What of each prefix was in use lately, as of `lately`.
    blocks: BTreeMap<Prefix, Option<Blocks>>,
}

impl Bounded {
    /// `known` where it is of the same ranges and wants the same, or a new one.
    pub fn of(known: Option<Self>, wanted: &InUse, members: &Members<'_>) -> Self {
        let ranges =
            members.iter().flat_map(|(kind, ranges)| ranges.iter().map(move |(_, range)| (kind, range.prefix)));
        let owned: Vec<_> = ranges.map(|(kind, prefix)| (kind.clone(), prefix)).collect();
        if let Some(known) = known.filter(|known| known.wanted == *wanted && known.owned == owned) {
            return known;
        }
        let aggregator = Aggregator::new(territory(&owned), limits(wanted));
        let (fed, lately, blocks) = (Prefixes::new(), Prefixes::new(), BTreeMap::new());
        Self { wanted: *wanted, owned, aggregator, relaxed: None, fed, lately, blocks }
    }

    /// Covers what is in use, starting from what is originated.
    pub fn aggregate(
        &mut self,
        members: &Members<'_>,
        covered: &Prefixes,
        lately: &Prefixes,
        before: Option<&OriginationSet>,
    ) -> Aggregates<'static> {
        self.feed(covered);
        self.settle(members, before);
        let outcome = BoundOutcome {
            max_prefixes: self.wanted.max_prefixes,
            fewest: self.aggregator.fewest(),
            exact: self.aggregator.exact(),
        };
        self.renew_blocks(lately);
        let all = self.prefixes(members, |prefix| self.blocks.get(prefix).cloned().flatten());
        Aggregates { faults: self.faults(), all, bound: Some(outcome) }
    }

    /// The prefixes that were made last, ascending.
    pub fn made(&self) -> Vec<Prefix> {
        self.blocks.keys().copied().collect()
    }

    /// Finds what of each prefix of the cover was in use, where that is not known.
    fn renew_blocks(&mut self, lately: &Prefixes) {
        for change in self.lately.changes(lately).filter(|change| change.before != change.after) {
            let around = (0..=change.key.len()).filter_map(|length| Prefix::new(change.key.network(), length).ok());
            let inside = self.blocks.range(change.key..).map(|(prefix, _)| *prefix);
            let inside = inside.take_while(|prefix| change.key.covers(prefix));
            let touched: Vec<Prefix> = around.chain(inside).collect();
            touched.iter().for_each(|prefix| drop(self.blocks.remove(prefix)));
        }
        self.lately = lately.clone();
        let mut known = std::mem::take(&mut self.blocks);
        let block = |prefix: Prefix| {
            let blocks = known.remove(&prefix).unwrap_or_else(|| Blocks::within(&prefix, lately));
            (prefix, blocks)
        };
        self.blocks = self.cover().map(block).collect();
    }

    /// The cover of all that is originated by the rule before beside what is in use, when it would be beyond the bound together
    /// with what of that is held.
    pub fn grow(
        &mut self,
        members: &Members<'_>,
        before: &OriginationSet,
        held: impl Fn(&Prefix) -> bool,
    ) -> Option<Vec<OfKind<'static>>> {
        let most = self.wanted.max_prefixes?;
        let is_ours = |prefix: &Prefix, one: &Origination| {
            let mut of_role = members.iter().filter(|(kind, _)| !one.is_custom() && kind.role == one.role);
            of_role.any(|(_, members)| members.iter().any(|(_, range)| range.prefix.overlaps(prefix)))
        };
        let before: SharedMap<Prefix, &Origination> = before
            .originations
            .iter()
            .filter(|(prefix, one)| is_ours(prefix, one))
            .map(|(prefix, one)| (*prefix, one))
            .collect();
        let mut beside: BTreeSet<Prefix> = self.cover().collect();
        let own = beside.len();
        beside.extend(before.keys().filter(|prefix| held(prefix)));
        if beside.len() == own || beside.len() <= usize::try_from(most).unwrap_or(usize::MAX) {
            return None;
        }
        self.relaxed.as_mut().unwrap_or(&mut self.aggregator).grow(before.keys(), most);
        let in_use = |prefix: &Prefix| {
            let inside = overlapping(&before, prefix).flat_map(|(prefix, one)| match &one.in_use {
                Some(in_use) => in_use.iter().copied().collect(),
                None => vec![*prefix],
            });
            let lately = self.lately.from(|one| one < prefix).map(|(one, ())| *one);
            let lately = lately.take_while(|one| prefix.covers(one));
            let around = (0..prefix.len()).filter_map(|length| Prefix::new(prefix.network(), length).ok());
            let around = around.filter(|one| self.lately.contains_key(one));
            Blocks::within(prefix, &Prefixes::of_keys(inside.chain(lately).chain(around)))
        };
        Some(self.prefixes(members, in_use))
    }

    /// The cover, by kinds.
    fn prefixes(&self, members: &Members<'_>, in_use: impl Fn(&Prefix) -> Option<Blocks>) -> Vec<OfKind<'static>> {
        let of_kind = |(kind, members): (&Kind, &Vec<Member<'_>>)| -> OfKind<'static> {
            let is_of_kind = |prefix: &Prefix| {
                let after = members.partition_point(|(_, range)| range.prefix.network() <= prefix.network());
                let last = after.checked_sub(1).and_then(|index| members.get(index));
                last.is_some_and(|(_, range)| range.prefix.overlaps(prefix))
            };
            let made = in_use::with_ranges(self.cover().filter(is_of_kind), members);
            let made = made.map(|one| Aggregate { in_use: in_use(&one.prefix), ..one });
            (kind.clone(), Box::new(made.collect::<Vec<_>>().into_iter()))
        };
        members.iter().map(of_kind).collect()
    }

    /// Tells the aggregators of what differs.
    fn feed(&mut self, covered: &Prefixes) {
        for change in self.fed.changes(covered) {
            for aggregator in std::iter::once(&mut self.aggregator).chain(&mut self.relaxed) {
                match (change.before, change.after) {
                    (Some(()), None) => aggregator.remove(change.key),
                    (None, Some(())) => aggregator.add(change.key),
                    _ => {}
                }
            }
        }
        self.fed = covered.clone();
    }

    fn settle(&mut self, members: &Members<'_>, before: Option<&OriginationSet>) {
        let has_shortest = self.wanted.ipv4.min > 0 || self.wanted.ipv6.min > 0;
        let is_beyond = self.wanted.max_prefixes.is_some_and(|most| self.aggregator.fewest() > most);
        match has_shortest && is_beyond {
            true if self.relaxed.is_none() => {
                let shortest = |lengths: PrefixLengths| PrefixLengths { min: 0, ..lengths };
                let (ipv4, ipv6) = (shortest(self.wanted.ipv4), shortest(self.wanted.ipv6));
                let relaxed = InUse { ipv4, ipv6, ..self.wanted };
                let mut relaxed = Aggregator::new(territory(&self.owned), limits(&relaxed));
                self.fed.keys().for_each(|prefix| relaxed.add(prefix));
                self.relaxed = Some(relaxed);
            }
            true => {}
            false => self.relaxed = None,
        }
        let aggregator = self.relaxed.as_mut().unwrap_or(&mut self.aggregator);
        if let Some(before) = before.filter(|_| self.wanted.keep_percent > 0) {
            let hold = before.guard.hold.as_deref();
            // What is held is not what the rule says.
            let is_free = |prefix: &Prefix| !hold.is_some_and(|hold| hold.routes.contains_key(prefix));
            let of_rule = before
                .originations
                .iter()
                .filter(|(_, one)| !one.is_custom() && members.keys().any(|kind| kind.role == one.role));
            aggregator.resume(of_rule.map(|(prefix, _)| prefix).filter(|prefix| is_free(prefix)));
        }
        aggregator.settle();
    }

    fn cover(&self) -> impl Iterator<Item = Prefix> {
        self.relaxed.as_ref().unwrap_or(&self.aggregator).cover().map(|covered| covered.prefix)
    }

    /// What the cover could not keep to.
    fn faults(&self) -> Vec<String> {
        const SHOWN: usize = 3;
        let mut faults = Vec::new();
        let (count, fewest) = (self.cover().count(), self.aggregator.fewest());
        let most = self.wanted.max_prefixes.and_then(|most| usize::try_from(most).ok());
        if let Some(most) = most.filter(|most| count > *most) {
            faults.push(format!(
                "max_prefixes = {most} cannot be kept: {count} prefixes are the fewest that cover what is in use and \
                 leave no range"
            ));
        }
        if self.relaxed.is_some() {
            faults.push(format!("min_length gives way to max_prefixes: with it {fewest} prefixes would be the fewest"));
        }
        let beyond = |is_beyond: fn(u8, PrefixLengths) -> bool| {
            let of_family = |prefix: &Prefix| match prefix.family() {
                AddressFamily::Ipv4Unicast => self.wanted.ipv4,
                AddressFamily::Ipv6Unicast => self.wanted.ipv6,
            };
            let found: Vec<Prefix> = self.cover().filter(|prefix| is_beyond(prefix.len(), of_family(prefix))).collect();
            let more = found.len().saturating_sub(SHOWN);
            let shown: Vec<String> = found.iter().take(SHOWN).map(ToString::to_string).collect();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            (!found.is_empty()).then(|| format!("{}{more}", shown.join(", ")))
        };
        let long = beyond(|length, wanted| length > wanted.max);
        faults.extend(long.map(|found| format!("longer than max_length, since their ranges are smaller: {found}")));
        if self.relaxed.is_none() {
            let short = beyond(|length, wanted| length < wanted.min);
            faults.extend(short.map(|found| format!("shorter than min_length, since they would be too many: {found}")));
        }
        faults
    }
}

fn territory(owned: &[(Kind, Prefix)]) -> Territory {
    let forbidden = PROHIBITED.map(Prefix::from);
    let kinds = owned.chunk_by(|(one, _), (other, _)| one == other);
    Territory::join(kinds.map(|owned| {
        let owned: Vec<Prefix> = owned.iter().map(|(_, prefix)| *prefix).collect();
        Territory::new(&owned, &forbidden)
    }))
}

fn limits(wanted: &InUse) -> Limits {
    let lengths = |lengths: PrefixLengths| Lengths { shortest: lengths.min, longest: lengths.max };
    Limits {
        max_prefixes: wanted.max_prefixes,
        ipv4: lengths(wanted.ipv4),
        ipv6: lengths(wanted.ipv6),
        keep_permille: 1000 + u32::from(wanted.keep_percent) * 10,
    }
}
