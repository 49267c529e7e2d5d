//! `advertise_mode` and what belongs to it, of the router and of a peer; `routing_mode` of the router.

use std::collections::BTreeMap;
use std::sync::Arc;

use bgp_core::types::Prefix;

use super::{Checker, TWICE};
use crate::config::advertised::{Advertised, AdvertisedIpRange, InterRegionCosts};
use crate::config::key::{KeyPath, is_plain_word};
use crate::config::originations::ALL_SUBNETS;
use crate::config::prohibited::PROHIBITED;
use crate::config::shape;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Default,
    Custom,
}

const MODES: [(&str, Mode); 2] = [("DEFAULT", Mode::Default), ("CUSTOM", Mode::Custom)];

/// What `[router]` says for its peers.
#[derive(Clone, Debug, Default)]
pub(super) struct OfRouter {
    pub advertised: Advertised,
    pub inter_region: InterRegionCosts,
    /// Whether `advertise_mode` is written.
    pub mode_is_written: bool,
}

pub(super) fn of_router(written: &shape::Router, checker: &mut Checker<'_>) -> OfRouter {
    let at = KeyPath::section("router");
    let lists = (written.advertised_groups.as_deref(), written.advertised_ip_ranges.as_deref());
    let custom = custom(&at, written.advertise_mode.as_deref(), lists, checker);
    OfRouter {
        advertised: custom.unwrap_or_default(),
        inter_region: inter_region(&at, written, checker),
        mode_is_written: written.advertise_mode.is_some(),
    }
}

/// What a peer is told: its own lists in mode `CUSTOM`, or what the router says.
pub(super) fn of_peer(at: &KeyPath, written: &shape::Peer, router: &OfRouter, checker: &mut Checker<'_>) -> Advertised {
    let lists = (written.advertised_groups.as_deref(), written.advertised_ip_ranges.as_deref());
    let custom = custom(at, written.advertise_mode.as_deref(), lists, checker);
    custom.unwrap_or_else(|| router.advertised.clone())
}

type Lists<'a> = (Option<&'a [String]>, Option<&'a [shape::AdvertisedIpRange]>);

/// The lists of mode `CUSTOM`; `None` in mode `DEFAULT`, where there must be none.
fn custom(
    at: &KeyPath,
    mode: Option<&str>,
    (groups, ranges): Lists<'_>,
    checker: &mut Checker<'_>,
) -> Option<Advertised> {
    let mode = match mode {
        Some(mode) => checker.word(&at.key("advertise_mode"), mode, &MODES)?,
        None => Mode::Default,
    };
    if mode == Mode::Default {
        for (key, is_written) in [("advertised_groups", groups.is_some()), ("advertised_ip_ranges", ranges.is_some())] {
            if is_written {
                let expected = "expected advertise_mode = \"CUSTOM\" beside it, which alone has such a list";
                checker.fault(&at.key(key), expected);
            }
        }
        return None;
    }
    let groups = groups.unwrap_or_default();
    let at_groups = at.key("advertised_groups");
    checker.distinct(&at_groups, groups);
    for (index, group) in groups.iter().enumerate() {
        if group != ALL_SUBNETS {
            checker.fault(&at_groups.index(index), format!("expected {ALL_SUBNETS:?}, the one group that there is"));
        }
    }
    let ranges = ip_ranges(&at.key("advertised_ip_ranges"), ranges.unwrap_or_default(), checker);
    if groups.is_empty() && ranges.is_empty() {
        let text = "CUSTOM without advertised_groups and advertised_ip_ranges: nothing of ours is advertised";
        checker.warn(&at.key("advertise_mode"), text);
    }
    Some(Advertised { all_subnets: !groups.is_empty(), ip_ranges: ranges.into() })
}

fn ip_ranges(at: &KeyPath, written: &[shape::AdvertisedIpRange], checker: &mut Checker<'_>) -> Vec<AdvertisedIpRange> {
    const MOST: usize = Advertised::MAX_IP_RANGES;
    if written.len() > MOST {
        checker.fault(at, format!("{} ranges; expected at most {MOST} for a peer", written.len()));
    }
    let mut ranges: Vec<AdvertisedIpRange> = Vec::new();
    for (index, one) in written.iter().enumerate() {
        let at = at.index(index).key("range");
        let text = checker.required(&at, one.range.clone(), "a prefix as in \"10.0.0.0/8\"");
        let Some(range) = text.and_then(|text| prefix(&at, &text, checker)) else { continue };
        if ranges.iter().any(|other| other.range == range) {
            checker.fault(&at, TWICE);
        } else {
            let description = one.description.clone().filter(|text| !text.is_empty());
            ranges.push(AdvertisedIpRange { range, description });
        }
    }
    ranges
}

fn prefix(at: &KeyPath, text: &str, checker: &mut Checker<'_>) -> Option<Prefix> {
    let prefix = match Prefix::parse_exact(text) {
        Ok(prefix) => prefix,
        Err(error) => {
            checker.fault(at, error.expected);
            return None;
        }
    };
    // A default route is announced by those who ask for it; what else overlaps these is an error of typing.
    let prohibited = PROHIBITED.into_iter().map(Prefix::from).find(|prohibited| prohibited.overlaps(&prefix));
    match prohibited.filter(|_| !prefix.is_default()) {
        None => Some(prefix),
        Some(prohibited) => {
            checker.fault(at, format!("it shares addresses with {prohibited}, which is never announced"));
            None
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum RoutingMode {
    Regional,
    Global,
}

fn inter_region(at: &KeyPath, written: &shape::Router, checker: &mut Checker<'_>) -> InterRegionCosts {
    const MODES: [(&str, RoutingMode); 2] = [("REGIONAL", RoutingMode::Regional), ("GLOBAL", RoutingMode::Global)];
    let mode = written.routing_mode.as_deref().unwrap_or("REGIONAL");
    let Some(mode) = checker.word(&at.key("routing_mode"), mode, &MODES) else { return InterRegionCosts::default() };
    let at_costs = at.key("inter_region_cost");
    if mode == RoutingMode::Regional {
        if let Some(costs) = &written.inter_region_cost {
            // A table has no place of its own.
            let at = costs.keys().next().map_or_else(|| at_costs.clone(), |first| at_costs.key(first));
            checker.fault(&at, "expected routing_mode = \"GLOBAL\" beside it: no other region is announced");
        }
        return InterRegionCosts::Regional;
    }
    if written.region.is_none() {
        checker.missing(&at.key("region"), "our region as in \"us-central1\": routing_mode is \"GLOBAL\"");
    }
    let costs = written.inter_region_cost.clone().unwrap_or_default();
    for region in costs.keys() {
        let at = at_costs.key(region);
        if !is_plain_word(region) {
            checker.fault(&at, "expected a region as in \"us-central1\" for a key");
        } else if Some(region) == written.region.as_ref() {
            checker.warn(&at, "never used: it is router.region, whose cost is 0");
        }
    }
    let costs: BTreeMap<String, u32> =
        costs.into_iter().filter(|(region, _)| Some(region) != written.region.as_ref()).collect();
    InterRegionCosts::Global(Arc::new(costs))
}
