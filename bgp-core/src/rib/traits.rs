//! What decides on a route without a look at its attributes, in two octets: looked at for every UPDATE, prefix and group.

use crate::attribute::{PathAttributes, SegmentKind};
use crate::types::{Asn, BgpIdentifier, Community};

/// Who we are: nobody yet in a store of its own, whose sets have not come to us before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ourselves {
    /// Our AS.
    pub asn: Option<Asn>,
    /// Our BGP Identifier.
    pub identifier: Option<BgpIdentifier>,
}

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
    /// GRACEFUL_SHUTDOWN (RFC 8326).
    pub const GRACEFUL_SHUTDOWN: Self = Self(1 << 6);
    /// It has come through our AS (RFC 4271 section 9.1.2).
    pub const AS_LOOP: Self = Self(1 << 7);
    /// A reflector brought it back to us (RFC 4456 section 8).
    pub const REFLECTION_LOOP: Self = Self(1 << 8);

    /// The traits of a set.
    pub fn of(attributes: &PathAttributes, ourselves: Ourselves) -> Self {
        let carries = |community: Community| attributes.communities.contains(&community);
        let there = [
            (Self::NO_ADVERTISE, carries(Community::NO_ADVERTISE)),
            (Self::NO_EXPORT, carries(Community::NO_EXPORT) || carries(Community::NO_EXPORT_SUBCONFED)),
            (Self::LLGR_STALE, carries(Community::LLGR_STALE)),
            (Self::NO_LLGR, carries(Community::NO_LLGR)),
            (Self::ONLY_TO_CUSTOMER, attributes.only_to_customer.is_some()),
            (Self::AS_SET, attributes.as_path.has_set()),
            (Self::GRACEFUL_SHUTDOWN, carries(Community::GRACEFUL_SHUTDOWN)),
            (Self::AS_LOOP, ourselves.asn.is_some_and(|asn| holds_asn(attributes, asn))),
            (Self::REFLECTION_LOOP, ourselves.identifier.is_some_and(|own| was_reflected_by(attributes, own))),
        ];
        Self(there.into_iter().filter(|(_, there)| *there).fold(0, |bits, (of, _)| bits | of.0))
    }

    /// Whether the set has one of these.
    pub const fn has(self, any_of: Self) -> bool {
        self.0 & any_of.0 != 0
    }
}

fn holds_asn(attributes: &PathAttributes, asn: Asn) -> bool {
    let of_path = |kind| matches!(kind, SegmentKind::Sequence | SegmentKind::Set);
    attributes.as_path.segments.iter().any(|segment| of_path(segment.kind) && segment.asns.contains(&asn))
}

fn was_reflected_by(attributes: &PathAttributes, identifier: BgpIdentifier) -> bool {
    attributes.originator_id == Some(identifier) || attributes.cluster_list.contains(&identifier.to_bits())
}
