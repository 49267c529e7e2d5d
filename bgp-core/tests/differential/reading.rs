//! What a decoder makes of an UPDATE, in words that both share.

use std::collections::{BTreeMap, BTreeSet};

use bgp_core::types::Prefix;

/// A route's key: the prefix, and the path identifier or 0.
pub type Key = (Prefix, u32);

/// The routes of one UPDATE.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    pub reachable: BTreeMap<Key, Attributes>,
    pub withdrawn: BTreeSet<Key>,
}

/// Attributes as text, by their names.
pub type Attributes = BTreeMap<String, String>;

/// What came of an UPDATE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is as it should be.
    Good(Reading),
    /// Something is wrong with it, and how that is said.
    Faulty(String),
}

/// How an UPDATE is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct How {
    pub four_octet_asn: bool,
    pub add_path: bool,
}

pub fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// What differs; `None` when they agree: the same routes with the same attributes, or both find something wrong.
pub fn difference(ours: &Outcome, theirs: &Outcome) -> Option<String> {
    let (ours, theirs) = match (ours, theirs) {
        (Outcome::Faulty(_), Outcome::Faulty(_)) => return None,
        (Outcome::Faulty(reason), Outcome::Good(_)) => return Some(format!("only we find: {reason}")),
        (Outcome::Good(_), Outcome::Faulty(reason)) => return Some(format!("only they find: {reason}")),
        (Outcome::Good(ours), Outcome::Good(theirs)) => (ours, theirs),
    };
    if ours.withdrawn != theirs.withdrawn {
        return Some(format!("withdrawn: {:?} and {:?}", ours.withdrawn, theirs.withdrawn));
    }
    if !ours.reachable.keys().eq(theirs.reachable.keys()) {
        return Some(format!("reachable: {:?} and {:?}", ours.reachable.keys(), theirs.reachable.keys()));
    }
    let pairs = ours.reachable.values().zip(theirs.reachable.values());
    let names = |pair: (&Attributes, &Attributes)| pair.0.keys().chain(pair.1.keys()).cloned().collect::<BTreeSet<_>>();
    let differ = pairs.flat_map(|pair| {
        names(pair).into_iter().filter_map(move |name| {
            let (ours, theirs) = (pair.0.get(&name), pair.1.get(&name));
            (ours != theirs).then(|| format!("{name}: {ours:?} and {theirs:?}"))
        })
    });
    differ.into_iter().next()
}
