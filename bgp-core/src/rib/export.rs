//! From the Loc-RIB to an Adj-RIB-Out (RFC 4271 sections 5.1, 9.1.3 and 9.2; RFC 1997; RFC 4456; RFC 9234; RFC 9774).
//!
//! Deviations: NO_EXPORT and NO_ADVERTISE stop what was *received* with them, as RFC 1997 writes; on a route of our own
//! they are a request to the peer and go out. A received MULTI_EXIT_DISC leaves the AS only if a policy term sets it.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use super::attribute_store::{AttributeId, AttributeStore};
use super::decision::DEFAULT_LOCAL_PREF;
use super::facts::PeerFacts;
use super::traits::Traits;
use super::view::ExportVerdict;
use crate::attribute::{EncodeContext, PathAttributes};
use crate::capability::Role;
use crate::policy::{Policy, RouteSource, Verdict};
use crate::types::{AddressFamily, Asn, NextHop, PeerKind, Prefix};

/// Everything that decides what a peer is sent in one family. Peers with equal profiles share an update group.
#[derive(Clone, Debug)]
pub(super) struct ExportProfile {
    /// What passes out.
    pub policy: Arc<Policy>,
    family: AddressFamily,
    kind: PeerKind,
    local_role: Option<Role>,
    local_asn: Asn,
    next_hop: Option<NextHop>,
    encode_context: EncodeContext,
    med: Option<u32>,
    /// Prefixes that the peer takes.
    pub max_prefixes_out: Option<usize>,
    /// The peer knows long-lived stale routes.
    long_lived: bool,
    /// Set when next hops go out as they are: the peer must not be sent its own (RFC 4271 section 5.1.3).
    peer_address: Option<IpAddr>,
    /// The policy looks at attributes, or the next hop of a route goes out as it is.
    looks_at_attributes: bool,
    /// The policy looks at prefixes.
    pub looks_at_prefixes: bool,
    /// For policies that do not look at any.
    no_attributes: Arc<PathAttributes>,
}

/// Policies are compared by their terms: peers whose policies differ in name only share a group.
impl PartialEq for ExportProfile {
    fn eq(&self, other: &Self) -> bool {
        let parts = |profile: &Self| {
            (
                profile.family,
                profile.kind,
                profile.local_role,
                profile.local_asn,
                profile.next_hop,
                profile.encode_context,
                profile.med,
                profile.max_prefixes_out,
                profile.long_lived,
                profile.peer_address,
            )
        };
        parts(self) == parts(other)
            && (Arc::ptr_eq(&self.policy, &other.policy) || self.policy.terms == other.policy.terms)
    }
}

impl Eq for ExportProfile {}

/// A route of the Loc-RIB on its way out.
pub(super) struct Outbound<'a> {
    /// The destination.
    pub prefix: Prefix,
    /// Where it comes from.
    pub source: &'a RouteSource,
    /// Whether that is an internal or an external peer; `None` for our own.
    pub source_kind: Option<PeerKind>,
    /// Its attributes in the Loc-RIB.
    pub attributes: AttributeId,
    /// Where they are.
    pub store: &'a AttributeStore,
}

impl ExportProfile {
    /// The profile of a peer for one family.
    pub fn new(facts: &PeerFacts, policy: Arc<Policy>, local_asn: Asn, family: AddressFamily) -> Self {
        let next_hop = match family {
            AddressFamily::Ipv4Unicast => {
                let over_v6 = facts.next_hop_self_v6.filter(|_| facts.encode_context.extended_next_hop);
                facts.next_hop_self_v4.map(NextHop::V4).or(over_v6)
            }
            AddressFamily::Ipv6Unicast => facts.next_hop_self_v6,
        };
        let passes_next_hops = facts.kind == PeerKind::Internal && next_hop.is_none();
        let looks_at_attributes = policy.looks_at_attributes() || passes_next_hops;
        let looks_at_prefixes = policy.looks_at_prefixes();
        Self {
            policy,
            family,
            kind: facts.kind,
            local_role: facts.local_role,
            local_asn,
            next_hop,
            encode_context: facts.encode_context,
            med: facts.med,
            max_prefixes_out: facts.max_prefixes_out,
            long_lived: facts.long_lived_graceful_restart,
            peer_address: passes_next_hops.then_some(facts.address),
            looks_at_attributes,
            looks_at_prefixes,
            no_attributes: Arc::default(),
        }
    }

    /// The policy term that lets the route out.
    ///
    /// # Errors
    /// The verdict that keeps it in.
    pub fn admit(&self, route: &Outbound<'_>) -> Result<usize, ExportVerdict> {
        if route.source_kind == Some(PeerKind::Internal) && self.kind == PeerKind::Internal {
            return Err(ExportVerdict::InternalToInternal);
        }
        let traits = route.store.traits(route.attributes);
        if route.source_kind.is_some() {
            self.heed_communities(traits)?;
        }
        if traits.has(Traits::ONLY_TO_CUSTOMER) && self.local_role.is_some_and(Role::looks_up_or_across) {
            return Err(ExportVerdict::OnlyToCustomer);
        }
        if traits.has(Traits::AS_SET) {
            return Err(ExportVerdict::AsSet);
        }
        // Most policies go by prefix and source only.
        let attributes = match self.looks_at_attributes {
            true => Cow::Owned(route.store.attributes(route.attributes)),
            false => Cow::Borrowed(&self.no_attributes),
        };
        match self.policy.deciding_term(&route.prefix, route.source, &attributes) {
            None => Err(ExportVerdict::NoTermMatched),
            Some((_, term)) if term.verdict == Verdict::Reject => {
                Err(ExportVerdict::RejectedByTerm { term: term.name.clone() })
            }
            Some((index, _)) => match self.next_hop_of(&attributes) {
                None => Err(ExportVerdict::NoNextHop),
                Some(_) => Ok(index),
            },
        }
    }

    fn heed_communities(&self, traits: Traits) -> Result<(), ExportVerdict> {
        if traits.has(Traits::NO_ADVERTISE) {
            return Err(ExportVerdict::NoAdvertise);
        }
        if self.kind == PeerKind::External && traits.has(Traits::NO_EXPORT) {
            return Err(ExportVerdict::NoExport);
        }
        if !self.long_lived && traits.has(Traits::LLGR_STALE) {
            return Err(ExportVerdict::LongLivedStale);
        }
        Ok(())
    }

    /// Whether the next hop depends on the route.
    fn passes_next_hop(&self) -> bool {
        self.next_hop.is_none() && self.kind == PeerKind::Internal
    }

    fn next_hop_of(&self, attributes: &PathAttributes) -> Option<NextHop> {
        if !self.passes_next_hop() {
            return self.next_hop;
        }
        let can_be_said = |next_hop: &NextHop| match next_hop {
            NextHop::V4(_) => self.family == AddressFamily::Ipv4Unicast,
            NextHop::V6 { .. } => self.family == AddressFamily::Ipv6Unicast || self.encode_context.extended_next_hop,
        };
        let not_its_own = |next_hop: &NextHop| Some(next_hop.address()) != self.peer_address;
        attributes.next_hop.filter(|next_hop| can_be_said(next_hop) && not_its_own(next_hop))
    }

    /// Our number for the one path that the peer is told of, where it takes numbers (RFC 7911 section 3).
    pub fn path_id(&self) -> u32 {
        u32::from(self.encode_context.add_path.contains(self.family))
    }

    /// The attributes the peer gets for a route that `term` lets out. Depends on nothing else, so it can be remembered.
    pub fn transform(&self, term: usize, originated: bool, attributes: PathAttributes) -> PathAttributes {
        let next_hop = self.next_hop_of(&attributes);
        let mut sent = attributes;
        let of_our_as = originated || sent.as_path.segments.is_empty();
        if self.kind == PeerKind::External && !of_our_as {
            sent.multi_exit_disc = None;
        }
        if let Some(found) = self.policy.terms.get(term) {
            found.actions.iter().for_each(|action| action.apply(&mut sent));
        }
        if of_our_as {
            sent.multi_exit_disc = sent.multi_exit_disc.or(self.med);
        }
        sent.next_hop = next_hop;
        if self.local_role.is_some_and(Role::looks_down_or_across) {
            sent.only_to_customer = sent.only_to_customer.or(Some(self.local_asn));
        }
        match self.kind {
            PeerKind::External => self.leave_the_as(&mut sent),
            PeerKind::Internal => sent.local_pref = Some(sent.local_pref.unwrap_or(DEFAULT_LOCAL_PREF)),
        }
        sent
    }

    fn leave_the_as(&self, sent: &mut PathAttributes) {
        sent.local_pref = None;
        sent.originator_id = None;
        sent.cluster_list = Vec::new();
        sent.extended_communities.retain(|community| community.is_transitive());
        sent.ipv6_extended_communities.retain(|community| community.is_transitive());
        sent.as_path.prepend(self.local_asn, 1);
    }
}
