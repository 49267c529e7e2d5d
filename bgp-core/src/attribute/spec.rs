//! Every attribute that we read, on one screen: code, flags, and what a malformed one costs (RFC 7606 section 7).

use super::Disposition;

/// The Optional bit: not every speaker knows it.
pub const OPTIONAL: u8 = 0x80;
/// The Transitive bit: passed on.
pub const TRANSITIVE: u8 = 0x40;
/// The Partial bit: a speaker on the way did not know it.
pub const PARTIAL: u8 = 0x20;
/// The Extended Length bit: the length has two octets.
pub const EXTENDED_LENGTH: u8 = 0x10;

/// One attribute as the RFCs specify it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Attribute type code.
    pub code: u8,
    /// Its name in the RFC.
    pub name: &'static str,
    /// The Optional and Transitive bits it must have.
    pub flags: u8,
    /// What a malformed value costs.
    pub malformed: Disposition,
}

impl Spec {
    /// What a wrong Optional or Transitive bit costs: the routes, unless the attribute alone is dropped (RFC 7606 section
    /// 3 c). It never costs the session, for the value can still be read.
    #[must_use]
    pub fn wrong_flags(&self) -> Disposition {
        self.malformed.min(TreatAsWithdraw)
    }
}

/// Type codes.
pub mod code {
    /// RFC 4271.
    pub const ORIGIN: u8 = 1;
    /// RFC 4271.
    pub const AS_PATH: u8 = 2;
    /// RFC 4271.
    pub const NEXT_HOP: u8 = 3;
    /// RFC 4271.
    pub const MULTI_EXIT_DISC: u8 = 4;
    /// RFC 4271.
    pub const LOCAL_PREF: u8 = 5;
    /// RFC 4271.
    pub const ATOMIC_AGGREGATE: u8 = 6;
    /// RFC 4271.
    pub const AGGREGATOR: u8 = 7;
    /// RFC 1997.
    pub const COMMUNITIES: u8 = 8;
    /// RFC 4456.
    pub const ORIGINATOR_ID: u8 = 9;
    /// RFC 4456.
    pub const CLUSTER_LIST: u8 = 10;
    /// RFC 4760.
    pub const MP_REACH_NLRI: u8 = 14;
    /// RFC 4760.
    pub const MP_UNREACH_NLRI: u8 = 15;
    /// RFC 4360.
    pub const EXTENDED_COMMUNITIES: u8 = 16;
    /// RFC 6793.
    pub const AS4_PATH: u8 = 17;
    /// RFC 6793.
    pub const AS4_AGGREGATOR: u8 = 18;
    /// RFC 5701.
    pub const IPV6_EXTENDED_COMMUNITIES: u8 = 25;
    /// RFC 8092.
    pub const LARGE_COMMUNITY: u8 = 32;
    /// RFC 9234.
    pub const ONLY_TO_CUSTOMER: u8 = 35;
}

const fn spec(code: u8, name: &'static str, flags: u8, malformed: Disposition) -> Spec {
    Spec { code, name, flags, malformed }
}

use Disposition::{AttributeDiscard, SessionReset, TreatAsWithdraw};

/// The table, ascending by code.
pub const SPECS: [Spec; 18] = [
    spec(code::ORIGIN, "ORIGIN", TRANSITIVE, TreatAsWithdraw),
    spec(code::AS_PATH, "AS_PATH", TRANSITIVE, TreatAsWithdraw),
    spec(code::NEXT_HOP, "NEXT_HOP", TRANSITIVE, TreatAsWithdraw),
    spec(code::MULTI_EXIT_DISC, "MULTI_EXIT_DISC", OPTIONAL, TreatAsWithdraw),
    spec(code::LOCAL_PREF, "LOCAL_PREF", TRANSITIVE, TreatAsWithdraw),
    spec(code::ATOMIC_AGGREGATE, "ATOMIC_AGGREGATE", TRANSITIVE, AttributeDiscard),
    spec(code::AGGREGATOR, "AGGREGATOR", OPTIONAL | TRANSITIVE, AttributeDiscard),
    spec(code::COMMUNITIES, "COMMUNITIES", OPTIONAL | TRANSITIVE, TreatAsWithdraw),
    spec(code::ORIGINATOR_ID, "ORIGINATOR_ID", OPTIONAL, TreatAsWithdraw),
    spec(code::CLUSTER_LIST, "CLUSTER_LIST", OPTIONAL, TreatAsWithdraw),
    spec(code::MP_REACH_NLRI, "MP_REACH_NLRI", OPTIONAL, SessionReset),
    spec(code::MP_UNREACH_NLRI, "MP_UNREACH_NLRI", OPTIONAL, SessionReset),
    spec(code::EXTENDED_COMMUNITIES, "EXTENDED COMMUNITIES", OPTIONAL | TRANSITIVE, TreatAsWithdraw),
    spec(code::AS4_PATH, "AS4_PATH", OPTIONAL | TRANSITIVE, AttributeDiscard),
    spec(code::AS4_AGGREGATOR, "AS4_AGGREGATOR", OPTIONAL | TRANSITIVE, AttributeDiscard),
    spec(code::IPV6_EXTENDED_COMMUNITIES, "IPv6 EXTENDED COMMUNITIES", OPTIONAL | TRANSITIVE, TreatAsWithdraw),
    spec(code::LARGE_COMMUNITY, "LARGE_COMMUNITY", OPTIONAL | TRANSITIVE, TreatAsWithdraw),
    spec(code::ONLY_TO_CUSTOMER, "ONLY_TO_CUSTOMER", OPTIONAL | TRANSITIVE, TreatAsWithdraw),
];

/// The octets of a value whose length is always the same; `None` where it varies, or with what was negotiated.
pub(super) const fn fixed_len(code: u8) -> Option<usize> {
    match code {
        code::ATOMIC_AGGREGATE => Some(0),
        code::ORIGIN => Some(1),
        code::NEXT_HOP | code::MULTI_EXIT_DISC | code::LOCAL_PREF | code::ORIGINATOR_ID | code::ONLY_TO_CUSTOMER => {
            Some(4)
        }
        _ => None,
    }
}

/// The row of an attribute that we read.
#[must_use]
pub fn of(code: u8) -> Option<&'static Spec> {
    SPECS.iter().find(|spec| spec.code == code)
}
