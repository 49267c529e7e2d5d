//! Judging what peers send (RFC 4271 section 9.1.1): everything is kept, with whether it is eligible and why not.

use std::net::IpAddr;
use std::sync::Arc;

use super::attribute_store::{AttributeId, AttributeStore};
use super::family_prefix::FamilyPrefix;
use super::peers::{Context, PeerIndex};
use super::view::{ImportCounters, ImportVerdict};
use crate::attribute::{PathAttributes, SegmentKind};
use crate::policy::{Policy, RouteSource, Verdict};
use crate::types::{Asn, NextHop};

/// An [`ImportVerdict`] in two octets: the check that decided in the upper four bits, the policy term in the lower twelve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CompactVerdict(u16);

/// The checks, without the name of the term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ImportCheck {
    Accepted,
    RejectedByTerm,
    NoTermMatched,
    AsLoop,
    ReflectionLoop,
    OwnRange,
    Martian,
    DefaultRouteNotNamed,
    NextHopIneligible,
}

const CHECKS: [(ImportCheck, u16); 9] = [
    (ImportCheck::Accepted, 0x0000),
    (ImportCheck::RejectedByTerm, 0x1000),
    (ImportCheck::NoTermMatched, 0x2000),
    (ImportCheck::AsLoop, 0x3000),
    (ImportCheck::ReflectionLoop, 0x4000),
    (ImportCheck::OwnRange, 0x5000),
    (ImportCheck::Martian, 0x6000),
    (ImportCheck::DefaultRouteNotNamed, 0x7000),
    (ImportCheck::NextHopIneligible, 0x8000),
];

const TERM_BITS: u16 = 0x0FFF;

impl CompactVerdict {
    /// The verdict on our own routes, which are not judged.
    pub const OWN: Self = Self(0);

    fn new(check: ImportCheck, term: usize) -> Self {
        let code = CHECKS.iter().find(|(known, _)| *known == check).map_or(0, |(_, code)| *code);
        Self(code | u16::try_from(term).unwrap_or(TERM_BITS).min(TERM_BITS))
    }

    /// The check that decided.
    pub fn check(self) -> ImportCheck {
        let code = self.0 & !TERM_BITS;
        CHECKS.iter().find(|(_, known)| *known == code).map_or(ImportCheck::NoTermMatched, |(check, _)| *check)
    }

    /// Whether the path takes part in the decision process.
    pub const fn is_accepted(self) -> bool {
        self.0 & !TERM_BITS == 0
    }

    /// The verdict in words, with the name of the term from the policy that gave it.
    pub fn describe(self, policy: &Policy) -> ImportVerdict {
        let term = || policy.term_name(usize::from(self.0 & TERM_BITS)).unwrap_or_default().to_owned();
        match self.check() {
            ImportCheck::Accepted => ImportVerdict::Accepted { term: term() },
            ImportCheck::RejectedByTerm => ImportVerdict::RejectedByTerm { term: term() },
            ImportCheck::NoTermMatched => ImportVerdict::NoTermMatched,
            ImportCheck::AsLoop => ImportVerdict::AsLoop,
            ImportCheck::ReflectionLoop => ImportVerdict::ReflectionLoop,
            ImportCheck::OwnRange => ImportVerdict::OwnRange,
            ImportCheck::Martian => ImportVerdict::Martian,
            ImportCheck::DefaultRouteNotNamed => ImportVerdict::DefaultRouteNotNamed,
            ImportCheck::NextHopIneligible => ImportVerdict::NextHopIneligible,
        }
    }

    /// The counter that a route of this verdict is in, beside `received`.
    pub fn counter(self, counters: &mut ImportCounters) -> &mut usize {
        match self.check() {
            ImportCheck::Accepted => &mut counters.accepted,
            ImportCheck::RejectedByTerm | ImportCheck::NoTermMatched => &mut counters.rejected_by_policy,
            ImportCheck::AsLoop | ImportCheck::ReflectionLoop => &mut counters.looped,
            ImportCheck::OwnRange => &mut counters.own_range,
            ImportCheck::Martian | ImportCheck::DefaultRouteNotNamed => &mut counters.martian,
            ImportCheck::NextHopIneligible => &mut counters.next_hop_ineligible,
        }
    }
}

/// Judges the routes of one peer that share one attribute set: what depends on the set alone is found once.
///
/// Owns references in the store; [`Judge::finish`] returns them.
pub(super) struct Judge {
    /// The set as received.
    pub received: AttributeId,
    attributes: Arc<PathAttributes>,
    policy: Arc<Policy>,
    source: RouteSource,
    looped: Option<ImportCheck>,
    next_hop_eligible: bool,
    /// The last term that accepted, and the set it made.
    memo: Option<(usize, AttributeId)>,
}

impl Judge {
    /// A judge for `attributes` from `peer`; `None` when there is no such session.
    pub fn new(context: &mut Context, peer: PeerIndex, attributes: &Arc<PathAttributes>) -> Option<Self> {
        let session = context.session(peer)?;
        let (policy, source) = (Arc::clone(&session.import), session.source.clone());
        let looped = loop_check(context, attributes);
        let next_hop_eligible = next_hop_is_eligible(context, attributes.next_hop.as_ref());
        let received = context.attributes.intern(attributes);
        let attributes = Arc::clone(context.attributes.attributes(received));
        Some(Self { received, attributes, policy, source, looped, next_hop_eligible, memo: None })
    }

    /// The verdict on a prefix, and the set it goes on with; a reference to that set is the caller's.
    pub fn judge<N: FamilyPrefix>(
        &mut self,
        net: N,
        in_own_range: bool,
        store: &mut AttributeStore,
    ) -> (CompactVerdict, AttributeId) {
        match self.verdict(net, in_own_range) {
            (ImportCheck::Accepted, term) => {
                (CompactVerdict::new(ImportCheck::Accepted, term), self.transform(term, store))
            }
            (check, term) => {
                store.retain(self.received);
                (CompactVerdict::new(check, term), self.received)
            }
        }
    }

    fn verdict<N: FamilyPrefix>(&self, net: N, in_own_range: bool) -> (ImportCheck, usize) {
        if let Some(check) = self.looped {
            return (check, 0);
        }
        if in_own_range {
            return (ImportCheck::OwnRange, 0);
        }
        if net.is_martian() {
            return (ImportCheck::Martian, 0);
        }
        if !self.next_hop_eligible {
            return (ImportCheck::NextHopIneligible, 0);
        }
        let prefix: crate::types::Prefix = net.into();
        match self.policy.deciding_term(&prefix, &self.source, &self.attributes) {
            None => (ImportCheck::NoTermMatched, 0),
            Some((index, term)) if term.verdict == Verdict::Reject => (ImportCheck::RejectedByTerm, index),
            Some((index, term)) if prefix.is_default() && !term.matches.names(&prefix) => {
                (ImportCheck::DefaultRouteNotNamed, index)
            }
            Some((index, _)) => (ImportCheck::Accepted, index),
        }
    }

    fn transform(&mut self, term: usize, store: &mut AttributeStore) -> AttributeId {
        if let Some((known, id)) = self.memo
            && known == term
        {
            store.retain(id);
            return id;
        }
        let id = match self.policy.terms.get(term) {
            Some(found) => store.intern(&found.transform(&self.attributes)),
            None => store.intern(&self.attributes),
        };
        store.retain(id);
        if let Some((_, old)) = self.memo.replace((term, id)) {
            store.release(old);
        }
        id
    }

    /// Returns the references.
    pub fn finish(self, store: &mut AttributeStore) {
        store.release(self.received);
        if let Some((_, id)) = self.memo {
            store.release(id);
        }
    }
}

fn loop_check(context: &Context, attributes: &PathAttributes) -> Option<ImportCheck> {
    let (asn, identifier) = (context.config.local_asn, context.config.local_identifier);
    if holds_asn(attributes, asn) {
        return Some(ImportCheck::AsLoop);
    }
    let reflected =
        attributes.originator_id == Some(identifier) || attributes.cluster_list.contains(&identifier.to_bits());
    reflected.then_some(ImportCheck::ReflectionLoop)
}

fn holds_asn(attributes: &PathAttributes, asn: Asn) -> bool {
    let of_path = |kind| matches!(kind, SegmentKind::Sequence | SegmentKind::Set);
    attributes.as_path.segments.iter().any(|segment| of_path(segment.kind) && segment.asns.contains(&asn))
}

/// Not missing, not ours, and a unicast address (RFC 4271 section 6.3). IPv4 link-local ones are fine: tunnels use them.
fn next_hop_is_eligible(context: &Context, next_hop: Option<&NextHop>) -> bool {
    let Some(next_hop) = next_hop else { return false };
    let unicast = match next_hop {
        NextHop::V4(address) => !matches!(address.octets(), [0 | 127 | 224..=255, ..]),
        NextHop::V6 { global, link_local } => {
            !global.is_loopback() && !global.is_multicast() && (!global.is_unspecified() || link_local.is_some())
        }
    };
    let address: IpAddr = next_hop.address();
    unicast && (address.is_unspecified() || !context.is_own_address(address))
}
