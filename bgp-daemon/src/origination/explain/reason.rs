//! The words of an explanation, with the values that decided.

use std::net::IpAddr;

use bgp_core::types::Prefix;

use super::chain::{Break, Extent, RangeChain, Step};
use super::span::{self, Coverage};
use super::{Chain, selector};
use crate::config::{Config, InUse};
use crate::inventory::Range;
use crate::origination::originate::overlaps_prohibited;
use crate::origination::role::SERVICE;
use crate::origination::rule;

/// A prefix, or the address when it holds just one.
fn shown(prefix: &Prefix) -> String {
    let single = prefix.net().max_prefix_len() == prefix.len();
    if single { prefix.network().to_string() } else { prefix.to_string() }
}

fn named(range: &Range) -> String {
    format!("range {} {} of {}", range.name, range.prefix, range.subnetwork.path)
}

pub(super) fn no_snapshot() -> Break {
    let reason = "no snapshot yet: the inventory has not been read successfully since the start".to_owned();
    Break { step: Step::Snapshot, reason }
}

pub(super) fn no_range(target: Prefix, ranges: &[Range]) -> Break {
    let target_shown = shown(&target);
    let reason = match nearest(&target, ranges) {
        Some(range) => format!("{target_shown} lies in no range of the inventory; the nearest is {}", named(range)),
        None if ranges.is_empty() => format!("{target_shown} lies in no range: the inventory has none"),
        None => format!("{target_shown} lies in no range of the inventory, which has none of {}", target.family()),
    };
    Break { step: Step::Range, reason }
}

/// The range of the same family with the fewest addresses in between; none shares an address with `target`.
fn nearest<'a>(target: &Prefix, ranges: &'a [Range]) -> Option<&'a Range> {
    let after = span::ranges(ranges, target).end;
    let below = after.checked_sub(1).and_then(|index| ranges.get(index));
    let above = ranges.get(after);
    let distance = |range: &&Range| {
        let (low, high) = if range.prefix < *target { (&range.prefix, target) } else { (target, &range.prefix) };
        number(high.network()).saturating_sub(number(span::last(low)))
    };
    [below, above].into_iter().flatten().filter(|range| range.prefix.family() == target.family()).min_by_key(distance)
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u32::from(address).into(),
        IpAddr::V6(address) => address.into(),
    }
}

pub(super) fn prohibited(range: &Range) -> Break {
    let with = overlaps_prohibited(&range.prefix).map_or_else(String::new, |prohibited| format!(" with {prohibited}"));
    let reason = format!("{} is never announced: it shares addresses{with}", named(range));
    Break { step: Step::Prohibited, reason }
}

pub(super) fn other_region(range: &Range, config: &Config) -> Break {
    let ours = config.router.region.as_deref().unwrap_or_default();
    let theirs = &range.subnetwork.region;
    let reason = format!("{} lies in region {theirs:?}, and router.region is {ours:?}", named(range));
    Break { step: Step::Region, reason }
}

pub(super) fn no_rule(range: &Range, role: &str, config: &Config) -> Break {
    let rules = &config.advertise;
    let mut selectors: Vec<String> = rules.iter().take(Chain::SHOWN).map(|rule| selector(&rule.selector)).collect();
    if rules.len() > Chain::SHOWN {
        selectors.push(format!("and {} more", rules.len() - Chain::SHOWN));
    }
    let have =
        if rules.is_empty() { "there is none".to_owned() } else { format!("there are {}", selectors.join(", ")) };
    let mut reason = format!("no [[advertise]] selects {}, whose role is {role:?}: {have}", named(range));
    let glob = rule::first_glob(rules, range).filter(|_| role == SERVICE);
    if let Some(index) = glob {
        reason += &format!(
            "; advertise[{index}] fits its name, but a service range is announced only by its role or its whole name"
        );
    }
    Break { step: Step::Rule, reason }
}

/// `while_allocated` for a rule that announces the whole range while anything in it is allocated.
pub(super) fn not_allocated(part: &Prefix, range: &Range, rule: usize, while_allocated: bool) -> Break {
    let what = if while_allocated { "a range while something in it is in use" } else { "what is in use" };
    let reason = format!(
        "{} is in {} but allocated to nobody, and advertise[{rule}] announces {what}",
        shown(part),
        named(range),
    );
    Break { step: Step::Allocation, reason }
}

pub(super) fn whole_range_without_owner(part: &Prefix, rule: usize) -> String {
    format!("{} is allocated to nobody; it is announced because advertise[{rule}] announces whole ranges", shown(part))
}

pub(super) fn covered_without_owner(part: &Prefix, rule: usize, wanted: &InUse) -> String {
    let why = match wanted.max_prefixes {
        Some(most) => format!("makes at most {most} prefixes"),
        None => "rounds up, or keeps for a while, what is in use".to_owned(),
    };
    format!("{} is allocated to nobody; it is announced because advertise[{rule}] {why}", shown(part))
}

pub(super) fn partly_allocated(part: &Prefix, gap: IpAddr) -> String {
    format!("not all of {} is allocated: {gap} is the first address that is not, and so not announced", shown(part))
}

/// One sentence for a target that shares addresses with `total` ranges, of which these are the first.
pub(super) fn summary(target: Prefix, coverage: &Coverage, ranges: &[RangeChain], total: usize) -> String {
    let target = shown(&target);
    match (ranges, total) {
        ([range], 1) if range.broken.is_some() => {
            range.broken.as_ref().map_or_else(String::new, |broken| broken.reason.clone())
        }
        ([range], 1) if coverage.extent == Extent::Whole => {
            let prefixes: Vec<&str> = range.originations.iter().map(|link| link.prefix.as_str()).collect();
            let more = if range.more_originations { " and more" } else { "" };
            format!("{target} is originated as {}{more}", prefixes.join(", "))
        }
        _ => {
            let extent = match coverage.extent {
                Extent::Whole => "all of it is",
                Extent::Part => "part of it is",
                Extent::Nothing => "nothing of it is",
            };
            let what = if total == 1 { "one range".to_owned() } else { format!("{total} ranges") };
            let gap =
                coverage.first_gap.map_or_else(String::new, |gap| format!("; {gap} is the first address that is not"));
            format!("{target} shares addresses with {what}; {extent} originated{gap}")
        }
    }
}
