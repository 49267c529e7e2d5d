//! One term of a policy: when it matches, what it changes, what it says.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{PrefixRange, RouteSource};
use crate::attribute::PathAttributes;
use crate::types::{AddressFamily, Asn, Community, ExtendedCommunity, LargeCommunity, PeerId, Prefix};

/// What a term does with the routes it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// The route passes, with the term's actions done.
    Accept,
    /// The route stops here.
    Reject,
}

/// One rule of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Term {
    /// A name for people; `explain` shows it.
    pub name: String,
    /// Which routes it is about.
    pub matches: Match,
    /// What it changes on a route it accepts, in order.
    pub actions: Vec<Action>,
    /// What it does with them.
    pub verdict: Verdict,
}

/// Conditions that must all hold; a `None` holds for every route, and `Some` of an empty list for none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Match {
    /// The family is this one.
    pub family: Option<AddressFamily>,
    /// The prefix is in one of these ranges.
    pub prefixes: Option<Vec<PrefixRange>>,
    /// The prefix is one of these, and not merely inside one; found by bisection, so that there may be many.
    pub exactly: Option<Arc<BTreeSet<Prefix>>>,
    /// The route comes from one of these.
    pub sources: Option<Vec<SourceMatch>>,
    /// We originate the route, and it costs so much; see [`RouteSource::Originated`].
    pub cost: Option<u32>,
    /// The route carries at least one of these communities.
    pub communities: Option<Vec<Community>>,
    /// The route carries at least one of these large communities.
    pub large_communities: Option<Vec<LargeCommunity>>,
}

/// A set of sources of routes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SourceMatch {
    /// Whatever we originate.
    AnyOriginated,
    /// What we originate with this tag, as "pod".
    Originated(Arc<str>),
    /// What we originate with any tag but this one.
    OriginatedBut(Arc<str>),
    /// Whatever a peer sent.
    AnyPeer,
    /// What this peer sent.
    Peer(PeerId),
}

/// A change to the attributes of a route.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Sets MULTI_EXIT_DISC.
    SetMed(u32),
    /// Removes MULTI_EXIT_DISC.
    ClearMed,
    /// Sets LOCAL_PREF; it never leaves the AS (RFC 4271 section 5.1.5).
    SetLocalPref(u32),
    /// Removes all communities and large communities, the well-known ones among them (RFC 8642).
    ClearCommunities,
    /// Adds a community; the others stay, the well-known ones among them (RFC 8642).
    AddCommunity(Community),
    /// Removes a community.
    RemoveCommunity(Community),
    /// Adds an extended community.
    AddExtendedCommunity(ExtendedCommunity),
    /// Adds a large community.
    AddLargeCommunity(LargeCommunity),
    /// Removes a large community.
    RemoveLargeCommunity(LargeCommunity),
    /// Prepends an AS number to AS_PATH, `count` times.
    Prepend {
        /// The AS number.
        asn: Asn,
        /// How often.
        count: u8,
    },
}

impl Term {
    /// A term that accepts what it matches, unchanged.
    #[must_use]
    pub fn accept(name: &str, matches: Match) -> Self {
        Self { name: name.to_owned(), matches, actions: Vec::new(), verdict: Verdict::Accept }
    }

    /// A term that rejects what it matches.
    #[must_use]
    pub fn reject(name: &str, matches: Match) -> Self {
        Self { name: name.to_owned(), matches, actions: Vec::new(), verdict: Verdict::Reject }
    }

    /// The attributes after the term's actions; the same `Arc` when nothing changes or the term rejects.
    #[must_use]
    pub fn transform(&self, attributes: &Arc<PathAttributes>) -> Arc<PathAttributes> {
        if self.verdict == Verdict::Reject || self.actions.is_empty() {
            return Arc::clone(attributes);
        }
        let mut changed = PathAttributes::clone(attributes);
        self.actions.iter().for_each(|action| action.apply(&mut changed));
        if changed == **attributes { Arc::clone(attributes) } else { Arc::new(changed) }
    }
}

impl Match {
    /// Whether every condition holds for the route.
    #[must_use]
    pub fn holds(&self, prefix: &Prefix, source: &RouteSource, attributes: &PathAttributes) -> bool {
        self.family.is_none_or(|family| family == prefix.family())
            && any_of(self.sources.as_deref(), |wanted| wanted.includes(source))
            && self.cost.is_none_or(|wanted| matches!(source, RouteSource::Originated { cost, .. } if *cost == wanted))
            && any_of(self.prefixes.as_deref(), |range| range.contains(prefix))
            && self.exactly.as_ref().is_none_or(|wanted| wanted.contains(prefix))
            && any_of(self.communities.as_deref(), |wanted| attributes.communities.contains(wanted))
            && any_of(self.large_communities.as_deref(), |wanted| attributes.large_communities.contains(wanted))
    }

    /// Whether the conditions name exactly this prefix, and do not merely cover it: what accepting a default route takes.
    #[must_use]
    pub fn names(&self, prefix: &Prefix) -> bool {
        self.prefixes.as_deref().is_some_and(|ranges| ranges.iter().any(|range| range.names(prefix)))
            || self.exactly.as_ref().is_some_and(|wanted| wanted.contains(prefix))
    }
}

fn any_of<T>(wanted: Option<&[T]>, holds: impl Fn(&T) -> bool) -> bool {
    wanted.is_none_or(|wanted| wanted.iter().any(holds))
}

impl SourceMatch {
    /// Whether a route of this source is meant.
    #[must_use]
    pub fn includes(&self, source: &RouteSource) -> bool {
        match (self, source) {
            (Self::AnyOriginated, RouteSource::Originated { .. }) | (Self::AnyPeer, RouteSource::Peer(_)) => true,
            (Self::Originated(wanted), RouteSource::Originated { tag, .. }) => wanted == tag,
            (Self::OriginatedBut(other), RouteSource::Originated { tag, .. }) => other != tag,
            (Self::Peer(wanted), RouteSource::Peer(peer)) => wanted == peer,
            _ => false,
        }
    }
}

impl Action {
    /// Does the change.
    pub fn apply(&self, attributes: &mut PathAttributes) {
        match self {
            Self::SetMed(med) => attributes.multi_exit_disc = Some(*med),
            Self::ClearMed => attributes.multi_exit_disc = None,
            Self::SetLocalPref(preference) => attributes.local_pref = Some(*preference),
            Self::ClearCommunities => {
                attributes.communities.clear();
                attributes.large_communities.clear();
            }
            Self::AddCommunity(community) => insert_sorted(&mut attributes.communities, *community),
            Self::RemoveCommunity(community) => attributes.communities.retain(|present| present != community),
            Self::AddExtendedCommunity(community) => insert_sorted(&mut attributes.extended_communities, *community),
            Self::AddLargeCommunity(community) => insert_sorted(&mut attributes.large_communities, *community),
            Self::RemoveLargeCommunity(community) => {
                attributes.large_communities.retain(|present| present != community);
            }
            Self::Prepend { asn, count } => attributes.as_path.prepend(*asn, usize::from(*count)),
        }
    }
}

/// Community lists are ascending and without duplicates; equal sets must stay equal values to be interned once.
fn insert_sorted<T: Ord>(list: &mut Vec<T>, value: T) {
    if let Err(position) = list.binary_search(&value) {
        list.insert(position, value);
    }
}
