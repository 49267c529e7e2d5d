//! What can keep a route from some peers, in two octets: looked at for every prefix and group.

use crate::attribute::PathAttributes;
use crate::types::Community;

/// Some of the traits of an attribute set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Traits(u16);

impl Traits {
    /// NO_ADVERTISE (RFC 1997).
    pub const NO_ADVERTISE: Self = Self(1);
    /// NO_EXPORT or NO_EXPORT_SUBCONFED (RFC 1997).
    pub const NO_EXPORT: Self = Self(1 << 1);
    /// LLGR_STALE (RFC 9494).
    pub const LLGR_STALE: Self = Self(1 << 2);
    /// NO_LLGR (RFC 9494).
    pub const NO_LLGR: Self = Self(1 << 3);
    /// ONLY_TO_CUSTOMER (RFC 9234).
    pub const ONLY_TO_CUSTOMER: Self = Self(1 << 4);
    /// An AS_SET in the AS_PATH (RFC 9774).
    pub const AS_SET: Self = Self(1 << 5);

    /// The traits of a set.
    pub fn of(attributes: &PathAttributes) -> Self {
        let carries = |community: Community| attributes.communities.contains(&community);
        let there = [
            (Self::NO_ADVERTISE, carries(Community::NO_ADVERTISE)),
            (Self::NO_EXPORT, carries(Community::NO_EXPORT) || carries(Community::NO_EXPORT_SUBCONFED)),
            (Self::LLGR_STALE, carries(Community::LLGR_STALE)),
            (Self::NO_LLGR, carries(Community::NO_LLGR)),
            (Self::ONLY_TO_CUSTOMER, attributes.only_to_customer.is_some()),
            (Self::AS_SET, attributes.as_path.has_set()),
        ];
        Self(there.into_iter().filter(|(_, there)| *there).fold(0, |bits, (of, _)| bits | of.0))
    }

    /// Whether the set has one of these.
    pub const fn has(self, any_of: Self) -> bool {
        self.0 & any_of.0 != 0
    }
}
