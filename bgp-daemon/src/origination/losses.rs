//! What a plan takes away, from whom, and how many addresses lose their route by it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bgp_core::policy::PrefixRange;
use bgp_core::types::Prefix;

use super::audience::Audience;
use super::coverage::{Addresses, overlapping, uncovered};
use super::sizes::{Size, Sizes, in_use};
use super::{Origination, Originations, Plan};

/// Everybody together, or peers that are told the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The peers; empty for everybody, and so for what is originated at all.
    pub peers: Vec<Arc<str>>,
    /// How much they are told of before the plan.
    pub size: Size,
}

/// One prefix that a plan takes from somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The role of its origination.
    pub role: Arc<str>,
    /// Whether it is a custom range: then it counts as a prefix, and its addresses for no part of all.
    pub is_custom: bool,
    /// Those who lose it, as indices of [`Losses::scopes`], each with the addresses that no other origination of the role
    /// covers for them afterwards.
    pub scopes: Vec<(usize, Addresses)>,
    /// Whether a protected prefix that lies in it loses an address that was in use, for any of them.
    pub takes_protected: bool,
}

impl Loss {
    /// Whether every address stays covered for everybody: the prefix only changes its shape.
    #[must_use]
    pub fn is_covered(&self) -> bool {
        self.scopes.iter().all(|(_, lost)| lost.is_none())
    }
}

/// All that a plan takes away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// The first is everybody.
    pub scopes: Vec<Scope>,
    /// What goes, ascending.
    pub withdrawals: BTreeMap<Prefix, Loss>,
}

impl Losses {
    /// What goes when `old` becomes `new`, which is `plan`, and the peers are told as `audiences` say.
    ///
    /// Only what changes is looked at, and its neighbours; all of `old` is walked over where rules of export change, and to
    /// count it when anything goes at all and `sizes` does not know yet.
    #[must_use]
    pub(super) fn of(
        old: &Originations,
        new: &Originations,
        plan: &Plan,
        audiences: &[Audience],
        protected: &[PrefixRange],
        sizes: &mut Sizes,
    ) -> Self {
        let mut losses = Self::default();
        let gone = |prefix: &Prefix| Some((*prefix, old.get(prefix)?));
        for (prefix, origination) in plan.withdraw.iter().filter_map(gone) {
            losses.add(0, prefix, origination, new, protected, |_, _| true);
        }
        for (index, audience) in audiences.iter().enumerate() {
            let loses = |prefix: &Prefix, origination: &Origination| {
                let kept = || new.get(prefix).is_some_and(|new| audience.after.admit(prefix, new));
                audience.before.admit(prefix, origination) && !kept()
            };
            let candidates: Vec<(Prefix, &Origination)> = match audience.is_steady() {
                true => {
                    let changed = plan.withdraw.iter().chain(plan.announce.keys()).chain(audience.held());
                    changed.collect::<BTreeSet<_>>().into_iter().filter_map(gone).collect()
                }
                false => old.iter().map(|(prefix, origination)| (*prefix, origination)).collect(),
            };
            let tells = |prefix: &Prefix, origination: &Origination| audience.after.admit(prefix, origination);
            for (prefix, origination) in candidates {
                if loses(&prefix, origination) {
                    losses.add(index + 1, prefix, origination, new, protected, tells);
                }
            }
        }
        if !losses.withdrawals.is_empty() {
            losses.scopes = scopes(old, audiences, sizes);
        }
        losses
    }

    fn add(
        &mut self,
        scope: usize,
        prefix: Prefix,
        origination: &Origination,
        new: &Originations,
        protected: &[PrefixRange],
        tells: impl Fn(&Prefix, &Origination) -> bool,
    ) {
        // What a custom range leads to may have routes of its own.
        let covers = |other: &(&Prefix, &Origination)| {
            (other.1.role == origination.role || origination.is_custom()) && tells(other.0, other.1)
        };
        let lost_of = |part: &Prefix| uncovered(part, overlapping(new, part).filter(covers).map(|(prefix, _)| prefix));
        // Addresses that nobody ever had are lost by nobody.
        let lost: Addresses = in_use(&prefix, origination).map(lost_of).sum();
        let takes = |protected: &PrefixRange| {
            // Whether one that is protected can lie in it.
            let may_hold = prefix.len() <= protected.max_len();
            let protected = protected.prefix();
            let parts = in_use(&prefix, origination).filter(|part| part.overlaps(&protected));
            let mut parts = parts.map(|part| if part.covers(&protected) { protected } else { *part });
            may_hold && parts.any(|part| !lost_of(&part).is_none())
        };
        let loss = self.withdrawals.entry(prefix);
        let loss = loss.or_insert_with(|| Loss {
            role: Arc::clone(&origination.role),
            is_custom: origination.is_custom(),
            scopes: Vec::new(),
            takes_protected: false,
        });
        loss.scopes.push((scope, lost));
        loss.takes_protected |= !lost.is_none() && protected.iter().any(takes);
    }
}

fn scopes(old: &Originations, audiences: &[Audience], sizes: &mut Sizes) -> Vec<Scope> {
    let everybody = Scope { peers: Vec::new(), size: sizes.everybody(old) };
    let scope = |audience: &Audience| Scope { peers: audience.peers.clone(), size: sizes.told(old, &audience.before) };
    std::iter::once(everybody).chain(audiences.iter().map(scope)).collect()
}
