//! `aggregation` of an `[[advertise]]`.

use std::time::Duration;

use super::Checker;
use crate::config::key::KeyPath;
use crate::config::originations::{Aggregation, InUse, PrefixLengths};
use crate::config::shape;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    InUse,
    SubnetRanges,
}

const MODES: [(&str, Mode); 2] = [("in-use", Mode::InUse), ("subnet-ranges", Mode::SubnetRanges)];

pub(super) fn aggregation(
    at: &KeyPath,
    written: Option<shape::Aggregation>,
    checker: &mut Checker<'_>,
) -> Option<Aggregation> {
    let written = checker.required(at, written, "{ mode = \"in-use\" } or { mode = \"subnet-ranges\" }")?;
    let mode = checker.required(&at.key("mode"), written.mode.clone(), "\"in-use\" or \"subnet-ranges\"")?;
    let mode = checker.word(&at.key("mode"), &mode, &MODES)?;
    let is_foreign = refuse_keys_of_others(at, mode, &written, checker);
    let read = match mode {
        Mode::InUse => in_use(at, &written, checker).map(Aggregation::InUse),
        Mode::SubnetRanges => {
            Some(Aggregation::SubnetRanges { while_allocated: written.while_allocated.unwrap_or(false) })
        }
    };
    read.filter(|_| !is_foreign)
}

fn refuse_keys_of_others(at: &KeyPath, mode: Mode, written: &shape::Aggregation, checker: &mut Checker<'_>) -> bool {
    let keys = [
        ("max_prefixes", written.max_prefixes.is_some(), Mode::InUse),
        ("min_length", written.min_length.is_some(), Mode::InUse),
        ("max_length", written.max_length.is_some(), Mode::InUse),
        ("min_length_v6", written.min_length_v6.is_some(), Mode::InUse),
        ("max_length_v6", written.max_length_v6.is_some(), Mode::InUse),
        ("keep_percent", written.keep_percent.is_some(), Mode::InUse),
        ("hold_down_secs", written.hold_down_secs.is_some(), Mode::InUse),
        ("while_allocated", written.while_allocated.is_some(), Mode::SubnetRanges),
    ];
    let foreign: Vec<_> = keys.into_iter().filter(|(_, is_written, of)| *is_written && *of != mode).collect();
    for (key, _, of) in &foreign {
        let of = MODES.iter().find(|(_, mode)| mode == of).map_or("", |(name, _)| name);
        checker.fault(&at.key(key), format!("is for mode = {of:?} only"));
    }
    !foreign.is_empty()
}

/// The largest bound: what is computed for one grows with its square.
const MAX_PREFIXES: u32 = 10_000;

fn in_use(at: &KeyPath, written: &shape::Aggregation, checker: &mut Checker<'_>) -> Option<InUse> {
    let max_prefixes = written.max_prefixes.map(|most| {
        let is_legal = |most: &u32| (1..=MAX_PREFIXES).contains(most);
        checker.legal(&at.key("max_prefixes"), most, is_legal, "1 to 10000, or no max_prefixes for no bound")
    });
    let ipv4 = lengths(at, ("min_length", written.min_length), ("max_length", written.max_length), 32, checker);
    let ipv6 =
        lengths(at, ("min_length_v6", written.min_length_v6), ("max_length_v6", written.max_length_v6), 128, checker);
    let keep = written.keep_percent.unwrap_or(if max_prefixes.is_some() { InUse::KEEP_PERCENT } else { 0 });
    let keep = checker.legal(&at.key("keep_percent"), keep, |percent| *percent <= 1000, "0 to 1000 percent");
    let hold_down = written.hold_down_secs.unwrap_or(0);
    let hold_down = checker.legal(&at.key("hold_down_secs"), hold_down, |secs| *secs <= 86_400, "0 to 86400 seconds");
    Some(InUse {
        max_prefixes: match max_prefixes {
            None => None,
            Some(most) => Some(most?),
        },
        ipv4: ipv4?,
        ipv6: ipv6?,
        keep_percent: keep?,
        hold_down: Duration::from_secs(hold_down?.into()),
    })
}

fn lengths(
    at: &KeyPath,
    (min_key, min): (&str, Option<u8>),
    (max_key, max): (&str, Option<u8>),
    most: u8,
    checker: &mut Checker<'_>,
) -> Option<PrefixLengths> {
    let expected = format!("0 to {most}");
    let min = checker.legal(&at.key(min_key), min.unwrap_or(0), |length| *length <= most, &expected);
    let max = checker.legal(&at.key(max_key), max.unwrap_or(most), |length| *length <= most, &expected);
    let (min, max) = (min?, max?);
    if min > max {
        checker.fault(&at.key(min_key), format!("is more than {max_key}, {max}"));
        return None;
    }
    Some(PrefixLengths { min, max })
}
