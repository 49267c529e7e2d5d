//! `advertise_mode` and `routing_mode`: what peers are told as Cloud Router tells it, and at which cost.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bgp_core::types::Prefix;

use super::model::Config;

/// What of ours a peer is told, within its `export`: `advertise_mode`, `advertised_groups` and `advertised_ip_ranges`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advertised {
    /// Whether it is told what `[[advertise]]` makes: in mode `DEFAULT`, or by the group `ALL_SUBNETS`.
    pub all_subnets: bool,
    /// Prefixes besides, in order of configuration; at most [`Advertised::MAX_IP_RANGES`], each once.
    pub ip_ranges: Arc<[AdvertisedIpRange]>,
}

/// One of `advertised_ip_ranges`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdvertisedIpRange {
    /// The prefix that is announced as it is, whether anything is there or not.
    pub range: Prefix,
    /// Free text for people.
    pub description: Option<String>,
}

/// Mode `DEFAULT` of a router.
impl Default for Advertised {
    fn default() -> Self {
        Self { all_subnets: true, ip_ranges: Arc::default() }
    }
}

impl Advertised {
    /// Most custom ranges of one peer, as of Cloud Router.
    pub const MAX_IP_RANGES: usize = 200;

    /// The custom ranges.
    #[must_use]
    pub fn prefixes(&self) -> BTreeSet<Prefix> {
        self.ip_ranges.iter().map(|custom| custom.range).collect()
    }

    /// Their texts for people.
    #[must_use]
    pub(super) fn descriptions(&self) -> Vec<&str> {
        self.ip_ranges.iter().filter_map(|custom| custom.description.as_deref()).collect()
    }
}

/// `routing_mode` with `inter_region_cost`: whether ranges of other regions are announced, and what is added to the MED.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum InterRegionCosts {
    /// `REGIONAL`: no other region is announced.
    #[default]
    Regional,
    /// `GLOBAL`: all regions are, those in this table at that cost.
    Global(Arc<BTreeMap<String, u32>>),
}

impl InterRegionCosts {
    /// The cost of a region that has none in the table: the largest that Google documents, so that every way that is known is
    /// better.
    pub const UNKNOWN: u32 = 9999;

    /// The costs of the table above 0, each once, ascending; `None` where no route has any.
    #[must_use]
    pub fn known(&self) -> Option<BTreeSet<u32>> {
        match self {
            Self::Regional => None,
            Self::Global(costs) => Some(costs.values().copied().filter(|cost| *cost > 0).collect()),
        }
    }

    /// What is added for `region` where `ours` is that of the router; `None` where it is not announced at all. Who speaks for no
    /// region speaks for all alike.
    #[must_use]
    pub fn of(&self, ours: Option<&str>, region: &str) -> Option<RegionCost> {
        if ours.is_none_or(|ours| ours == region) {
            return Some(RegionCost::Known(0));
        }
        match self {
            Self::Regional => None,
            Self::Global(costs) => Some(costs.get(region).map_or(RegionCost::Unknown, |cost| RegionCost::Known(*cost))),
        }
    }
}

/// What is added to the MED of what lies in a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegionCost {
    /// So much, as the configuration says; 0 for our own region.
    Known(u32),
    /// The configuration does not say.
    Unknown,
}

impl RegionCost {
    /// The number: [`InterRegionCosts::UNKNOWN`] where nobody said one.
    #[must_use]
    pub const fn amount(self) -> u32 {
        match self {
            Self::Known(cost) => cost,
            Self::Unknown => InterRegionCosts::UNKNOWN,
        }
    }
}

impl Config {
    /// The custom ranges of all peers that are enabled.
    #[must_use]
    pub fn custom_ranges(&self) -> BTreeSet<Prefix> {
        let enabled = self.peers.iter().filter(|peer| peer.enabled);
        enabled.flat_map(|peer| peer.advertised.ip_ranges.iter().map(|custom| custom.range)).collect()
    }
}
