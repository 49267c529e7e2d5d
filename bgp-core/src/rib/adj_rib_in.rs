//! Judging what peers send (RFC 4271 section 9.1.1): everything is kept, with whether it is eligible and why not.

use std::net::IpAddr;
use std::sync::Arc;

use super::attribute_store::{AttributeId, AttributeStore};
use super::family_prefix::FamilyPrefix;
use super::generations::Generation;
use super::peers::{Context, PeerIndex};
use super::traits::Traits;
use super::view::{ImportCounters, ImportVerdict};
use crate::attribute::PathAttributes;
use crate::capability::Role;
use crate::policy::{Policy, RouteSource, Term, Verdict};
use crate::types::{Asn, Community, NextHop, PeerKind, Prefix};

/// An [`ImportVerdict`] in two octets, with the generation of its path: the check that decided in the upper four bits, then
/// two for the generation, and the policy term in the lower ten.
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
    RouteLeak,
}

const CHECK_SHIFT: u32 = 12;
const CHECK_BITS: u16 = 0xF000;
const GENERATION_SHIFT: u32 = 10;
const TERM_BITS: u16 = 0x03FF;

impl ImportCheck {
    const fn code(self) -> u16 {
        match self {
            Self::Accepted => 0,
            Self::RejectedByTerm => 1,
            Self::NoTermMatched => 2,
            Self::AsLoop => 3,
            Self::ReflectionLoop => 4,
            Self::OwnRange => 5,
            Self::Martian => 6,
            Self::DefaultRouteNotNamed => 7,
            Self::NextHopIneligible => 8,
            Self::RouteLeak => 9,
        }
    }
}

impl CompactVerdict {
    /// The verdict on our own routes, which are not judged.
    pub const OWN: Self = Self(0);

    fn new(check: ImportCheck, term: usize) -> Self {
        Self(check.code() << CHECK_SHIFT | u16::try_from(term).unwrap_or(TERM_BITS).min(TERM_BITS))
    }

    /// As two octets.
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// From [`bits`](Self::bits).
    pub const fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

    /// The check that decided.
    pub const fn check(self) -> ImportCheck {
        match self.0 >> CHECK_SHIFT {
            0 => ImportCheck::Accepted,
            1 => ImportCheck::RejectedByTerm,
            3 => ImportCheck::AsLoop,
            4 => ImportCheck::ReflectionLoop,
            5 => ImportCheck::OwnRange,
            6 => ImportCheck::Martian,
            7 => ImportCheck::DefaultRouteNotNamed,
            8 => ImportCheck::NextHopIneligible,
            9 => ImportCheck::RouteLeak,
            _ => ImportCheck::NoTermMatched,
        }
    }

    /// Whether the path takes part in the decision process.
    pub const fn is_accepted(self) -> bool {
        self.0 & CHECK_BITS == 0
    }

    /// When its path was received.
    pub fn generation(self) -> Generation {
        let bits = (self.0 & !CHECK_BITS) >> GENERATION_SHIFT;
        Generation::from_bits(u8::try_from(bits).unwrap_or(0))
    }

    /// The same verdict on a path of that generation.
    pub fn of(self, generation: Generation) -> Self {
        Self(self.0 & (CHECK_BITS | TERM_BITS) | u16::from(generation.bits()) << GENERATION_SHIFT)
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
            ImportCheck::RouteLeak => ImportVerdict::RouteLeak,
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
            ImportCheck::RouteLeak => &mut counters.leaked,
        }
    }
}

/// What the routes of one peer are judged by.
pub(super) struct Standards {
    policy: Arc<Policy>,
    looks_at_attributes: bool,
    looks_at_prefixes: bool,
    /// For a policy that does not look at any.
    no_attributes: Arc<PathAttributes>,
    source: RouteSource,
    asn: Asn,
    local_role: Option<Role>,
    /// Heed GRACEFUL_SHUTDOWN (RFC 8326 section 4.2).
    graceful_shutdown: bool,
}

impl Standards {
    /// Those for a peer; `None` when there is no such session.
    pub fn of(context: &Context, peer: PeerIndex) -> Option<Self> {
        let session = context.session(peer)?;
        let (policy, facts) = (Arc::clone(&session.import), &session.facts);
        Some(Self {
            looks_at_attributes: policy.looks_at_attributes(),
            looks_at_prefixes: policy.looks_at_prefixes(),
            policy,
            no_attributes: Arc::clone(&context.no_attributes),
            source: session.source.clone(),
            asn: facts.asn,
            local_role: facts.local_role,
            graceful_shutdown: facts.graceful_shutdown && facts.kind == PeerKind::External,
        })
    }

    fn deciding_term(&self, prefix: &Prefix, attributes: Option<&PathAttributes>) -> Option<(usize, &Term)> {
        self.policy.deciding_term(prefix, &self.source, attributes.unwrap_or(&self.no_attributes))
    }
}

/// Judges the routes of one peer that share one attribute set: what depends on the set alone is found once.
///
/// Owns references in the store; [`Judge::finish`] returns them.
pub(super) struct Judge<'a> {
    /// The set as received.
    pub received: AttributeId,
    standards: &'a Standards,
    /// Its attributes, where the policy looks at them.
    attributes: Option<Arc<PathAttributes>>,
    /// What makes every route of the set ineligible.
    barred: Option<ImportCheck>,
    next_hop_eligible: bool,
    ingress: Ingress,
    /// The term that decides on every route, where none asks for the prefix.
    common_term: Option<usize>,
    /// The last term that accepted, and the set it made.
    memo: Option<(usize, AttributeId)>,
}

impl<'a> Judge<'a> {
    /// A judge for routes with the set `received`, of which it takes over one reference.
    pub fn new(context: &Context, received: AttributeId, standards: &'a Standards) -> Self {
        let store = &context.attributes;
        let ingress = Ingress::of(standards, received, store);
        let barred = loop_check(store.traits(received)).or(ingress.leaks.then_some(ImportCheck::RouteLeak));
        let next_hop_eligible = next_hop_is_eligible(context, store.next_hop(received).as_ref());
        let attributes = standards.looks_at_attributes.then(|| store.attributes(received));
        let any = Prefix::from(ipnet::IpNet::default());
        let common_term = match standards.looks_at_prefixes {
            true => None,
            false => standards.deciding_term(&any, attributes.as_deref()).map(|(index, _)| index),
        };
        Self { received, standards, attributes, barred, next_hop_eligible, ingress, common_term, memo: None }
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
        if let Some(check) = self.barred {
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
        let prefix: Prefix = net.into();
        let deciding = match self.common_term {
            Some(index) => self.standards.policy.terms.get(index).map(|term| (index, term)),
            None => self.standards.deciding_term(&prefix, self.attributes.as_deref()),
        };
        match deciding {
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
        let acts = self.standards.policy.terms.get(term).filter(|term| !term.actions.is_empty());
        let id = if acts.is_some() || self.ingress.acts {
            let received = store.attributes(self.received);
            let accepted = acts.map_or_else(|| Arc::clone(&received), |term| term.transform(&received));
            store.intern(&self.ingress.transform(accepted))
        } else {
            store.retain(self.received);
            self.received
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

/// What is done with every route of a peer, whatever the policy says.
struct Ingress {
    /// A route leak (RFC 9234 section 5).
    leaks: bool,
    /// The AS to mark the route with as one for customers only, unless it is marked already.
    mark: Option<Asn>,
    /// Heed GRACEFUL_SHUTDOWN (RFC 8326 section 4.2).
    graceful_shutdown: bool,
    /// There is something to be done with what no policy has changed.
    acts: bool,
}

impl Ingress {
    fn of(standards: &Standards, received: AttributeId, store: &AttributeStore) -> Self {
        let &Standards { asn, local_role, graceful_shutdown, .. } = standards;
        let traits = store.traits(received);
        let leaks = traits.has(Traits::ONLY_TO_CUSTOMER)
            && match local_role {
                Some(Role::Provider | Role::RouteServer) => true,
                Some(Role::Peer) => store.decoded(received).only_to_customer != Some(asn),
                _ => false,
            };
        let up_or_across = local_role.filter(|role| role.looks_up_or_across());
        let mark = up_or_across.filter(|_| !traits.has(Traits::ONLY_TO_CUSTOMER)).map(|_| asn);
        let acts = mark.is_some() || graceful_shutdown && traits.has(Traits::GRACEFUL_SHUTDOWN);
        Self { leaks, mark, graceful_shutdown, acts }
    }

    /// After the policy, which can neither take a mark away nor raise what is being shut down; it can remove the community.
    fn transform(&self, attributes: Arc<PathAttributes>) -> Arc<PathAttributes> {
        let only_to_customer = attributes.only_to_customer.or(self.mark);
        let going = self.graceful_shutdown && attributes.communities.contains(&Community::GRACEFUL_SHUTDOWN);
        let local_pref = if going { Some(0) } else { attributes.local_pref };
        if (only_to_customer, local_pref) == (attributes.only_to_customer, attributes.local_pref) {
            return attributes;
        }
        Arc::new(PathAttributes { only_to_customer, local_pref, ..PathAttributes::clone(&attributes) })
    }
}

fn loop_check(traits: Traits) -> Option<ImportCheck> {
    if traits.has(Traits::AS_LOOP) {
        return Some(ImportCheck::AsLoop);
    }
    traits.has(Traits::REFLECTION_LOOP).then_some(ImportCheck::ReflectionLoop)
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
