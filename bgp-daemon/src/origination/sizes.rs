//! How much of ours everybody is told of: counted once, and then kept up with what changes.

use bgp_core::types::Prefix;

use super::audience::{Audience, Exports};
use super::coverage::{Addresses, addresses};
use super::{Blocks, Origination, Originations};

/// How much somebody is told of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Prefixes.
    pub prefixes: u64,
    /// Addresses in them that are in use or were lately, each counted once: what can be lost. Those of custom ranges do not count:
    /// beside a wide one all else would be a small part.
    pub addresses: Addresses,
}

/// The sizes of what everybody together is told of, and of what single peers are.
#[derive(Clone, Debug, Default)]
pub(super) struct Sizes {
    everybody: Option<Size>,
    told: Vec<(Exports, Size)>,
}

impl Sizes {
    /// Of all of `originations`, which is what these sizes are of.
    pub fn everybody(&mut self, originations: &Originations) -> Size {
        *self.everybody.get_or_insert_with(|| size(originations, |_, _| true))
    }

    /// Of what of `originations` is told to them.
    pub fn told(&mut self, originations: &Originations, exports: &Exports) -> Size {
        if let Some((_, size)) = self.told.iter().find(|(known, _)| known == exports) {
            return *size;
        }
        let size = size(originations, |prefix, one| exports.admit(prefix, one));
        self.told.push((exports.clone(), size));
        size
    }

    /// The sizes of `new`, which comes after `old`, of which these are: of those whose rules stay as they are. No address may lie
    /// in two prefixes of either, but for custom ranges.
    pub fn after(self, old: &Originations, new: &Originations, audiences: &[Audience]) -> Self {
        let differs = |before: Option<&Origination>, after: Option<&Origination>| match (before, after) {
            (Some(before), Some(after)) => !before.is_same_route(after) || before.in_use != after.in_use,
            _ => true,
        };
        let changes: Vec<_> = old.changes(new).filter(|change| differs(change.before, change.after)).collect();
        let count = |prefix: &Prefix, one: Option<&Origination>| one.map(|one| addresses(measured(prefix, one)));
        let counted: Vec<_> = changes
            .iter()
            .map(|change| (change, count(change.key, change.before), count(change.key, change.after)))
            .collect();
        let changed = |mut size: Size, tells: &dyn Fn(&Prefix, &Origination) -> bool| {
            for (change, before, after) in &counted {
                if change.before.is_some_and(|one| tells(change.key, one)) {
                    size.prefixes = size.prefixes.saturating_sub(1);
                    size.addresses = size.addresses - before.unwrap_or_default();
                }
                if change.after.is_some_and(|one| tells(change.key, one)) {
                    size.prefixes = size.prefixes.saturating_add(1);
                    size.addresses += after.unwrap_or_default();
                }
            }
            size
        };
        let goes_on = |exports: &Exports| audiences.iter().any(|one| one.before == *exports && one.after == *exports);
        let told = self.told.into_iter().filter(|(exports, _)| goes_on(exports));
        let told = told.map(|(exports, size)| {
            let size = changed(size, &|prefix, one| exports.admit(prefix, one));
            (exports, size)
        });
        Self { everybody: self.everybody.map(|size| changed(size, &|_, _| true)), told: told.collect() }
    }
}

/// What of an origination is in use or was lately, ascending.
pub(super) fn in_use<'a>(prefix: &'a Prefix, origination: &'a Origination) -> impl Iterator<Item = &'a Prefix> {
    let whole = origination.in_use.is_none().then_some(prefix);
    whole.into_iter().chain(origination.in_use.iter().flat_map(Blocks::iter))
}

/// What of it counts where parts are measured: of a custom range nothing, since nobody knows what is in it.
fn measured<'a>(prefix: &'a Prefix, origination: &'a Origination) -> impl Iterator<Item = &'a Prefix> {
    in_use(prefix, origination).filter(|_| !origination.is_custom())
}

/// How much of `originations` is told.
pub(super) fn size(originations: &Originations, told: impl Fn(&Prefix, &Origination) -> bool) -> Size {
    let told = originations.iter().filter(|(prefix, one)| told(prefix, one));
    let mut count = 0;
    let told = told.inspect(|_| count += 1);
    let mut in_use: Vec<&Prefix> = told.flat_map(|(prefix, one)| measured(prefix, one)).collect();
    // Of prefixes inside others, which are held, it is not in order.
    in_use.sort_unstable();
    Size { prefixes: count, addresses: addresses(in_use) }
}
