//! Custom ranges: prefixes that the configuration says, beside those that come of the inventory.

use std::collections::BTreeSet;
use std::sync::Arc;

use bgp_core::attribute::{Origin, PathAttributes};
use bgp_core::types::Prefix;

use super::audience::Exports;
use super::{Originated, Origination, Originations};
use crate::config::{CUSTOM_RANGE, Config, Peer};

impl Origination {
    /// Whether it is a custom range, of `advertised_ip_ranges`, and no route of a subnet.
    #[must_use]
    pub fn is_custom(&self) -> bool {
        self.rule.is_none()
    }
}

/// What every custom range is.
fn origination() -> Origination {
    let custom = Originated {
        attributes: Arc::new(PathAttributes { origin: Origin::Igp, ..PathAttributes::default() }),
        role: Arc::from(CUSTOM_RANGE),
        cost: 0,
        rule: None,
        ranges: Arc::default(),
        in_use: None,
    };
    custom.into()
}

/// The custom ranges that a peer is told where no subnet has the same prefix.
pub(super) fn told(peer: &Peer, exports: &Exports) -> Vec<Prefix> {
    let one = origination();
    let mut all = peer.advertised.prefixes();
    all.retain(|prefix| exports.admit(prefix, &one));
    all.into_iter().collect()
}

/// Lays the custom ranges of `config` over what comes of the inventory. A subnet of the same prefix stays: peers that are not
/// told subnets get it as a custom range all the same, by their policies.
pub(super) fn lay_over(originations: &mut Originations, config: &Config) {
    let custom: BTreeSet<Prefix> = config.custom_ranges();
    if custom.is_empty() {
        return;
    }
    let one = origination();
    for prefix in custom {
        if !originations.contains_key(&prefix) {
            originations.insert(prefix, one.clone());
        }
    }
}
