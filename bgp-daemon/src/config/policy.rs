//! A peer's `import` and `export` as policies.
//!
//! Terms carry the key and the value they come from, since `explain` shows them: `import.allow[0] 10.0.0.0/8 le 24`.
//! The policies name no peer, so that peers with equal rules have equal policies and can share one update group.

use std::collections::BTreeSet;
use std::sync::Arc;

use bgp_core::policy::{Action, Match, Policy, PrefixRange, SourceMatch, Term};
use bgp_core::types::{PeerId, Prefix};

use super::advertised::InterRegionCosts;
use super::model::{ANY_PEER, ExportRules, ImportRules, Peer, RoleSelector};

impl Peer {
    /// What is accepted from the peer: deny first, then allow, nothing else (RFC 8212).
    #[must_use]
    pub fn import_policy(&self) -> Policy {
        Policy { name: "import".to_owned(), terms: self.import.as_ref().map_or_else(Vec::new, import_terms) }
    }

    /// What is advertised to the peer: deny first, then within allow what `[[advertise]]` makes of its roles (where its mode
    /// has ALL_SUBNETS), its custom ranges and `learned_from`, nothing else (RFC 8212).
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
        let costs = self.inter_region.known();
        let med = Med { base: self.advertised_route_priority, costs: costs.as_ref() };
        let mut terms = held.map_or_else(Vec::new, |held| held.terms(&med));
        terms.extend(self.export.as_ref().map_or_else(Vec::new, |export| export_terms(self, export, &med, id_of)));
        Policy { name: "export".to_owned(), terms }
    }

    /// What of ours is advertised to the peer, without what is done to it: equal for peers that are told the same prefixes
    /// at another MULTI_EXIT_DISC.
    #[must_use]
    pub fn own_prefixes_policy(&self) -> Policy {
        let med = Med { base: 0, costs: None };
        let terms = self.export.as_ref().map_or_else(Vec::new, |export| export_terms(self, export, &med, |_| None));
        Policy { name: "export".to_owned(), terms }
    }
}

/// The tag of custom ranges. No role is called so, which is a plain word or the name of a range, and neither has a space.
pub const CUSTOM_RANGE: &str = "custom range";

/// What leaves with a route of ours whose rule says no MULTI_EXIT_DISC.
struct Med<'a> {
    /// That of what costs nothing.
    base: u32,
    /// Costs that routes may have, above 0; `None` where none has any.
    costs: Option<&'a BTreeSet<u32>>,
}

impl Med<'_> {
    /// The term, for each cost: what leaves must follow from the term alone, since peers with one policy share it.
    fn by_cost(&self, term: Term) -> Vec<Term> {
        let Some(costs) = self.costs else { return vec![term] };
        let at = |cost: Option<u32>, added: u32| {
            let mut term = term.clone();
            term.matches.cost = cost;
            if added > 0 {
                term.name = format!("{}, cost {added}", term.name);
                term.actions.push(Action::SetMed(self.base.saturating_add(added)));
            }
            term
        };
        // Most routes are of our own region. What has a cost that nobody knows any more is worth the least.
        let mut terms = vec![at(Some(0), 0)];
        let named = costs.iter().filter(|cost| **cost != InterRegionCosts::UNKNOWN);
        terms.extend(named.map(|cost| at(Some(*cost), *cost)));
        terms.push(at(None, InterRegionCosts::UNKNOWN));
        terms
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
    fn terms(&self, med: &Med<'_>) -> Vec<Term> {
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
            terms.extend(med.by_cost(Term::accept("held by the guard (aliasctl guard)", matches(&self.kept))));
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

fn export_terms(peer: &Peer, rules: &ExportRules, med: &Med<'_>, id_of: impl Fn(&str) -> Option<PeerId>) -> Vec<Term> {
    let mut terms = deny_terms("export", &rules.deny);
    let allow = rules.allow.as_deref();
    let roles = rules.roles.iter().enumerate().filter(|_| peer.advertised.all_subnets);
    for (index, role) in roles {
        let (shown, source) = match role {
            RoleSelector::Any => ("*", SourceMatch::OriginatedBut(Arc::from(CUSTOM_RANGE))),
            RoleSelector::Role(role) => (role.as_str(), SourceMatch::Originated(Arc::from(role.as_str()))),
        };
        let of_role = allow_terms(&format!("export.roles[{index}] {shown}"), &of_source(source), allow);
        terms.extend(of_role.into_iter().flat_map(|term| med.by_cost(term)));
    }
    terms.extend(custom_terms(peer, med.base, allow));
    for (index, name) in rules.learned_from.iter().enumerate() {
        // All peers are one source, not a list that differs by the peer itself: so that one group serves them.
        let source = if name == ANY_PEER { Some(SourceMatch::AnyPeer) } else { id_of(name).map(SourceMatch::Peer) };
        if let Some(source) = source {
            let name = format!("export.learned_from[{index}] {name}");
            terms.extend(allow_terms(&name, &of_source(source), allow));
        }
    }
    terms
}

/// Accepts the custom ranges of the peer. Asked after the roles: a subnet's route of the same prefix goes before one of them,
/// where the peer is told that, and else leaves as if there were no subnet.
fn custom_terms(peer: &Peer, base: u32, allow: Option<&[PrefixRange]>) -> Vec<Term> {
    let prefixes = peer.advertised.prefixes();
    if prefixes.is_empty() {
        return Vec::new();
    }
    let matches = Match { exactly: Some(Arc::new(prefixes)), ..of_source(SourceMatch::AnyOriginated) };
    let mut terms = allow_terms("advertised_ip_ranges", &matches, allow);
    for term in &mut terms {
        term.actions = vec![Action::SetMed(base), Action::ClearCommunities];
    }
    terms
}

fn of_source(source: SourceMatch) -> Match {
    Match { sources: Some(vec![source]), ..Match::default() }
}

/// Accepts what matches: each allowed range is a term of its own, so that the one that decided is shown.
fn allow_terms(name: &str, matches: &Match, allow: Option<&[PrefixRange]>) -> Vec<Term> {
    let Some(allow) = allow else { return vec![Term::accept(name, matches.clone())] };
    let term = |(index, range): (usize, &PrefixRange)| {
        Term::accept(
            &format!("{name}, allow[{index}] {range}"),
            Match { prefixes: Some(vec![*range]), ..matches.clone() },
        )
    };
    allow.iter().enumerate().map(term).collect()
}
