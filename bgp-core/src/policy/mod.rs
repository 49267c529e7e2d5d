//! Routing policy: (route, policy) to accept with attributes, or reject, and the term that decided.
//!
//! Pure: it knows no table, no peer state and no order of events. A route that no term matches is rejected (RFC 8212).

mod prefix_range;
mod term;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use prefix_range::{PrefixRange, PrefixRangeError};
pub use term::{Action, Match, SourceMatch, Term, Verdict};

use crate::attribute::PathAttributes;
use crate::types::{PeerId, Prefix};

/// Where a route comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RouteSource {
    /// We originate it.
    Originated {
        /// What it is for: the role of its range, as "pod".
        tag: Arc<str>,
        /// What the way to it costs within our own network, 0 and up, for policies to put into MULTI_EXIT_DISC.
        cost: u32,
    },
    /// This peer sent it.
    Peer(PeerId),
}

/// An ordered list of terms; the first that matches decides, and nothing matched is rejected (RFC 8212).
///
/// The default policy has no term and so rejects everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Policy {
    /// A name for people.
    pub name: String,
    /// The terms in the order they are asked.
    pub terms: Vec<Term>,
}

/// What a policy says of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evaluation {
    /// Accepted or rejected.
    pub verdict: Verdict,
    /// The index of the term that decided; `None` when no term matched, which rejects.
    pub term: Option<usize>,
    /// The attributes after the actions of the term; the same `Arc` when nothing changed or the route is rejected.
    pub attributes: Arc<PathAttributes>,
}

impl Policy {
    /// A policy that accepts every route unchanged, by one term of the name "all".
    #[must_use]
    pub fn accept_all(name: &str) -> Self {
        Self { name: name.to_owned(), terms: vec![Term::accept("all", Match::default())] }
    }

    /// A policy that rejects every route because it has no term (RFC 8212).
    #[must_use]
    pub fn reject_all(name: &str) -> Self {
        Self { name: name.to_owned(), terms: Vec::new() }
    }

    /// The verdict for a route, the term that gave it, and the attributes it leaves with.
    #[must_use]
    pub fn evaluate(&self, prefix: &Prefix, source: &RouteSource, attributes: &Arc<PathAttributes>) -> Evaluation {
        match self.deciding_term(prefix, source, attributes) {
            None => Evaluation { verdict: Verdict::Reject, term: None, attributes: Arc::clone(attributes) },
            Some((index, term)) => {
                Evaluation { verdict: term.verdict, term: Some(index), attributes: term.transform(attributes) }
            }
        }
    }

    /// The first term that matches a route, with its index.
    #[must_use]
    pub fn deciding_term(
        &self,
        prefix: &Prefix,
        source: &RouteSource,
        attributes: &PathAttributes,
    ) -> Option<(usize, &Term)> {
        self.terms.iter().enumerate().find(|(_, term)| term.matches.holds(prefix, source, attributes))
    }

    /// Whether a term asks for more than prefix and source.
    #[must_use]
    pub fn looks_at_attributes(&self) -> bool {
        self.terms.iter().any(|term| term.matches.communities.is_some() || term.matches.large_communities.is_some())
    }

    /// Whether a term asks for a family or a prefix: where none does, routes of one source with the same attributes share
    /// the verdict.
    #[must_use]
    pub fn looks_at_prefixes(&self) -> bool {
        let looks =
            |matches: &Match| matches.family.is_some() || matches.prefixes.is_some() || matches.exactly.is_some();
        self.terms.iter().any(|term| looks(&term.matches))
    }

    /// The name of the term at `index`.
    #[must_use]
    pub fn term_name(&self, index: usize) -> Option<&str> {
        self.terms.get(index).map(|term| term.name.as_str())
    }
}
