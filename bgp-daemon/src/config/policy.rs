//! A peer's `import` and `export` as policies.
//!
//! Terms carry the key and the value they come from, since `explain` shows them: `import.allow[0] 10.0.0.0/8 le 24`.
//! The policies name no peer, so that peers with equal rules have equal policies and can share one update group.

use std::collections::BTreeSet;
use std::sync::Arc;

use bgp_core::policy::{Match, Policy, PrefixRange, SourceMatch, Term};
use bgp_core::types::{PeerId, Prefix};

use super::model::{ANY_PEER, ExportRules, ImportRules, Peer, RoleSelector};

impl Peer {
    /// What is accepted from the peer: deny first, then allow, nothing else (RFC 8212).
    #[must_use]
    pub fn import_policy(&self) -> Policy {
        Policy { name: "import".to_owned(), terms: self.import.as_ref().map_or_else(Vec::new, import_terms) }
    }

    /// What is advertised to the peer: deny first, then roles and `learned_from` within allow, nothing else (RFC 8212).
    ///
    /// `id_of` gives the number of a peer by its name; `None`, as for one that is not enabled, selects nothing.
    #[must_use]
    pub fn export_policy(&self, id_of: impl Fn(&str) -> Option<PeerId>) -> Policy {
        self.export_policy_with(id_of, None)
    }

    /// The same, but for those of our prefixes that are held: what of them the peer has it keeps, and what it does not have
    /// it does not get, whatever its `export` says.
    #[must_use]
    pub fn export_policy_with(&self, id_of: impl Fn(&str) -> Option<PeerId>, held: Option<&HeldPrefixes>) -> Policy {
        let mut terms = held.map_or_else(Vec::new, HeldPrefixes::terms);
        terms.extend(self.export.as_ref().map_or_else(Vec::new, |export| export_terms(export, id_of)));
        Policy { name: "export".to_owned(), terms }
    }
}

/// Prefixes of ours that would be gone for a peer, or altogether, and are held until somebody releases them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeldPrefixes {
    /// What the peer has and its `export` no longer lets out.
    pub kept: Arc<BTreeSet<Prefix>>,
    /// What it does not have and would get only because it is held.
    pub withheld: Arc<BTreeSet<Prefix>>,
}

impl HeldPrefixes {
    fn terms(&self) -> Vec<Term> {
        let matches = |prefixes: &Arc<BTreeSet<Prefix>>| Match {
            exactly: Some(Arc::clone(prefixes)),
            sources: Some(vec![SourceMatch::AnyOriginated]),
            ..Match::default()
        };
        let mut terms = Vec::new();
        if !self.withheld.is_empty() {
            terms.push(Term::reject("held by the guard for others (aliasctl guard)", matches(&self.withheld)));
        }
        if !self.kept.is_empty() {
            terms.push(Term::accept("held by the guard (aliasctl guard)", matches(&self.kept)));
        }
        terms
    }
}

fn import_terms(rules: &ImportRules) -> Vec<Term> {
    let mut terms = deny_terms("import", &rules.deny);
    // The table accepts a default route only by a term that names it: a range that merely holds it must not be asked
    // before. Accepting terms may change places, for they change nothing.
    let names_default = |range: &PrefixRange| range.prefix().is_default() && range.names(&range.prefix());
    let (defaults, others): (Vec<_>, Vec<_>) =
        rules.allow.iter().enumerate().partition(|(_, range)| names_default(range));
    terms.extend(defaults.into_iter().chain(others).map(|(index, range)| {
        let matches = Match { prefixes: Some(vec![*range]), ..Match::default() };
        Term::accept(&format!("import.allow[{index}] {range}"), matches)
    }));
    terms
}

fn deny_terms(rules: &str, deny: &[PrefixRange]) -> Vec<Term> {
    let term = |(index, range): (usize, &PrefixRange)| {
        let matches = Match { prefixes: Some(vec![*range]), ..Match::default() };
        Term::reject(&format!("{rules}.deny[{index}] {range}"), matches)
    };
    deny.iter().enumerate().map(term).collect()
}

fn export_terms(rules: &ExportRules, id_of: impl Fn(&str) -> Option<PeerId>) -> Vec<Term> {
    let mut terms = deny_terms("export", &rules.deny);
    for (index, role) in rules.roles.iter().enumerate() {
        let (shown, source) = match role {
            RoleSelector::Any => ("*", SourceMatch::AnyOriginated),
            RoleSelector::Role(role) => (role.as_str(), SourceMatch::Originated(Arc::from(role.as_str()))),
        };
        terms.extend(allow_terms(&format!("export.roles[{index}] {shown}"), &source, rules.allow.as_deref()));
    }
    for (index, name) in rules.learned_from.iter().enumerate() {
        // All peers are one source, not a list that differs by the peer itself: so that one group serves them.
        let source = if name == ANY_PEER { Some(SourceMatch::AnyPeer) } else { id_of(name).map(SourceMatch::Peer) };
        if let Some(source) = source {
            terms.extend(allow_terms(&format!("export.learned_from[{index}] {name}"), &source, rules.allow.as_deref()));
        }
    }
    terms
}

/// Accepts what comes from the source: each allowed range is a term of its own, so that the one that decided is shown.
fn allow_terms(name: &str, source: &SourceMatch, allow: Option<&[PrefixRange]>) -> Vec<Term> {
    let sources = || Some(vec![source.clone()]);
    let Some(allow) = allow else {
        return vec![Term::accept(name, Match { sources: sources(), ..Match::default() })];
    };
    let term = |(index, range): (usize, &PrefixRange)| {
        let matches = Match { sources: sources(), prefixes: Some(vec![*range]), ..Match::default() };
        Term::accept(&format!("{name}, allow[{index}] {range}"), matches)
    };
    allow.iter().enumerate().map(term).collect()
}
