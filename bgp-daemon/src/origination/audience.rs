//! Who is told of what: the peers of two configurations, those together that are told the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use bgp_core::policy::{Policy, Verdict};
use bgp_core::types::{FamilySet, Prefix};

use super::Origination;
use crate::config::{Config, HeldPrefixes, Peer};

/// What the guard changes in what peers are told, by the peer's name.
pub type HeldExports = BTreeMap<String, HeldPrefixes>;

/// What of ours a peer is told, and with which attributes that are its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exports {
    policy: Policy,
    families: FamilySet,
    held: HeldPrefixes,
}

impl Exports {
    /// What `peer` is told; of routes that other peers sent, which its `export` may pass on too, nothing is said here.
    #[must_use]
    pub fn of(peer: &Peer, held: Option<&HeldPrefixes>) -> Self {
        Self { policy: peer.own_prefixes_policy(), families: peer.families, held: held.cloned().unwrap_or_default() }
    }

    /// The same, in these families alone.
    #[must_use]
    pub fn within(self, families: FamilySet) -> Self {
        Self { families, ..self }
    }

    /// Whether the origination of `prefix` is told.
    #[must_use]
    pub fn admit(&self, prefix: &Prefix, origination: &Origination) -> bool {
        if !self.families.contains(prefix.family()) || self.held.withheld.contains(prefix) {
            return false;
        }
        let term = self.policy.deciding_term(prefix, &origination.source(), &origination.attributes);
        term.is_some_and(|(_, term)| term.verdict == Verdict::Accept) || self.held.kept.contains(prefix)
    }
}

/// Peers that were told the same, and will be told the same.
#[derive(Clone, Debug)]
pub struct Audience {
    /// Their names, in order of configuration; never empty.
    pub peers: Vec<Arc<str>>,
    /// What they are told now.
    pub before: Exports,
    /// What they will be told.
    pub after: Exports,
}

impl Audience {
    /// The peers that are enabled in both configurations, in a family only where both offer it: a session that ends or
    /// comes to be is not a matter of single routes.
    #[must_use]
    pub fn all(before: &Config, held: &HeldExports, after: &Config) -> Vec<Self> {
        let mut audiences: Vec<Self> = Vec::new();
        let enabled = |config: &Config| -> BTreeMap<String, Peer> {
            let peers = config.peers.iter().filter(|peer| peer.enabled);
            peers.map(|peer| (peer.name.clone(), peer.clone())).collect()
        };
        let now = enabled(before);
        for next in after.peers.iter().filter(|peer| peer.enabled) {
            let Some(now) = now.get(&next.name) else { continue };
            let mut told = Exports::of(now, held.get(&now.name));
            let mut will_be_told = Exports::of(next, None);
            let families = now.families.intersection(next.families);
            (told.families, will_be_told.families) = (families, families);
            let name = Arc::from(next.name.as_str());
            match audiences.iter_mut().find(|one| one.before == told && one.after == will_be_told) {
                Some(audience) => audience.peers.push(name),
                None => audiences.push(Self { peers: vec![name], before: told, after: will_be_told }),
            }
        }
        audiences
    }

    /// Whether the same rules decide before and after, so that only what changes itself can be told otherwise.
    #[must_use]
    pub fn is_steady(&self) -> bool {
        (&self.before.policy.terms, self.before.families) == (&self.after.policy.terms, self.after.families)
    }

    /// What they are told beyond what the rules say.
    pub fn held(&self) -> impl Iterator<Item = &Prefix> {
        self.before.held.kept.iter()
    }
}
