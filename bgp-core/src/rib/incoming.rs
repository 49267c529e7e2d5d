//! Routes of a peer on their way to the table, in as few octets as can be: whoever reads them is another thread than whoever
//! takes them in, and what one has written the other has to fetch, line by line.

use ipnet::{Ipv4Net, Ipv6Net};

use super::family_prefix::FamilyPrefix;
use super::prefix_index::AT_ONCE;
use super::table::{RowId, Table};
use crate::attribute::{Reachable, compact};
use crate::nlri::Nlri;
use crate::types::AddressFamily;

/// What a peer announced and withdrew, in the order it came, one UPDATE or many.
#[derive(Clone, Debug, Default)]
pub struct Incoming {
    parts: Vec<Part>,
    /// The attribute sets, one behind the other.
    sets: Vec<u8>,
    v4: Keys<Ipv4Net>,
    v6: Keys<Ipv6Net>,
    routes: usize,
}

/// What follows in the lists.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    /// So many prefixes of each family are withdrawn.
    Withdrawn { v4: usize, v6: usize },
    /// So many are announced, with attributes that take so many octets.
    Announced { octets: usize, v4: usize, v6: usize },
    /// The first announcement of a family ends here (RFC 4724 section 2).
    EndOfRib(AddressFamily),
}

/// Prefixes of one family with their path identifiers.
#[derive(Clone, Debug, Default)]
struct Keys<N> {
    nets: Vec<N>,
    /// As long as the other, or empty where all of them are 0.
    path_ids: Vec<u32>,
}

/// Some of the prefixes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Routes<'a, N> {
    nets: &'a [N],
    path_ids: &'a [u32],
}

impl<N: FamilyPrefix> Keys<N> {
    /// Adds those of this family; how many they are.
    fn extend(&mut self, nlri: &[Nlri]) -> usize {
        let before = self.nets.len();
        for (net, path_id) in nlri.iter().filter_map(|nlri| Some((N::of(&nlri.prefix)?, nlri.path_id))) {
            if path_id != 0 || !self.path_ids.is_empty() {
                self.path_ids.resize(self.nets.len(), 0);
                self.path_ids.push(path_id);
            }
            self.nets.push(net);
        }
        self.nets.len() - before
    }

    const fn all(&self) -> Routes<'_, N> {
        Routes { nets: self.nets.as_slice(), path_ids: self.path_ids.as_slice() }
    }
}

impl<'a, N: FamilyPrefix> Routes<'a, N> {
    fn split_at(self, count: usize) -> (Self, Self) {
        let (nets, other_nets) = self.nets.split_at(count.min(self.nets.len()));
        let (path_ids, other_ids) = self.path_ids.split_at(count.min(self.path_ids.len()));
        (Self { nets, path_ids }, Self { nets: other_nets, path_ids: other_ids })
    }

    /// Takes the first ones off.
    fn take(&mut self, count: usize) -> Self {
        let (taken, left) = self.split_at(count);
        *self = left;
        taken
    }

    /// The prefixes with their path identifiers.
    pub fn iter(&self) -> impl Iterator<Item = (N, u32)> + use<'a, N> {
        let path_ids = self.path_ids.iter().copied().chain(std::iter::repeat(0));
        self.nets.iter().copied().zip(path_ids)
    }

    /// The rows of all, searched for as they are needed.
    pub const fn ahead(self) -> Ahead<'a, N> {
        Ahead { left: self.nets, found: [None; AT_ONCE], next: 0, count: 0 }
    }
}

/// The rows of a list of prefixes, some of which are searched for at once: few, so that what a search has brought near is
/// still there when a prefix is put where it was sought.
pub(super) struct Ahead<'a, N> {
    /// Those that were not sought yet.
    left: &'a [N],
    found: [Option<RowId>; AT_ONCE],
    next: usize,
    count: usize,
}

impl<N: FamilyPrefix> Ahead<'_, N> {
    /// The row in which the next one stood when it was sought, if in any.
    pub fn next(&mut self, table: &Table<N>) -> Option<RowId> {
        if self.next >= self.count {
            let (some, left) = self.left.split_at(AT_ONCE.min(self.left.len()));
            (self.found, self.next, self.count, self.left) = (table.find_many(some), 0, some.len(), left);
        }
        self.next += 1;
        self.found.get(self.next - 1).copied().flatten()
    }
}

impl Incoming {
    /// Adds what came behind everything else. Of the two lists the withdrawals are taken first, so that a prefix that is in
    /// both stays reachable (RFC 4271 section 4.3).
    pub fn push(&mut self, reachable: &[Reachable], withdrawn: &[Nlri], end_of_rib: Option<AddressFamily>) {
        if !withdrawn.is_empty() {
            let (v4, v6) = (self.v4.extend(withdrawn), self.v6.extend(withdrawn));
            self.parts.push(Part::Withdrawn { v4, v6 });
            self.routes += v4 + v6;
        }
        for Reachable { attributes, nlri } in reachable {
            let before = self.sets.len();
            compact::encode(attributes, &mut self.sets);
            let (v4, v6) = (self.v4.extend(nlri), self.v6.extend(nlri));
            self.parts.push(Part::Announced { octets: self.sets.len() - before, v4, v6 });
            self.routes += v4 + v6;
        }
        self.parts.extend(end_of_rib.map(Part::EndOfRib));
    }

    /// How many routes it announces and withdraws.
    #[must_use]
    pub const fn route_count(&self) -> usize {
        self.routes
    }

    /// The rows of all IPv4 and of all IPv6 prefixes.
    pub(super) const fn ahead(&self) -> (Ahead<'_, Ipv4Net>, Ahead<'_, Ipv6Net>) {
        (self.v4.all().ahead(), self.v6.all().ahead())
    }

    /// The parts, each with its attributes and its prefixes.
    pub(super) fn parts(&self) -> impl Iterator<Item = (Part, &[u8], Routes<'_, Ipv4Net>, Routes<'_, Ipv6Net>)> {
        let (mut sets, mut v4, mut v6) = (&self.sets[..], self.v4.all(), self.v6.all());
        self.parts.iter().map(move |part| {
            let (octets, in_v4, in_v6) = match *part {
                Part::Withdrawn { v4, v6 } => (0, v4, v6),
                Part::Announced { octets, v4, v6 } => (octets, v4, v6),
                Part::EndOfRib(_) => (0, 0, 0),
            };
            let (set, left) = sets.split_at(octets.min(sets.len()));
            sets = left;
            (*part, set, v4.take(in_v4), v6.take(in_v6))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::attribute::PathAttributes;
    use crate::types::Prefix;

    fn nlri() -> impl Strategy<Value = Vec<Nlri>> {
        let one =
            (any::<bool>(), 0u8..20, prop_oneof![3 => Just(0), 1 => 1u32..3]).prop_map(|(v6, number, path_id)| {
                let text = if v6 { format!("fd00:{number}::/32") } else { format!("10.{number}.0.0/16") };
                Nlri { prefix: text.parse::<Prefix>().unwrap(), path_id }
            });
        prop::collection::vec(one, 0..40)
    }

    fn told<N: FamilyPrefix>(routes: Routes<'_, N>) -> Vec<Nlri> {
        routes.iter().map(|(net, path_id)| Nlri { prefix: net.into(), path_id }).collect()
    }

    proptest! {
        #[test]
        fn gives_back_what_came_in_its_order(
            updates in prop::collection::vec((prop::collection::vec((0u32..9, nlri()), 0..3), nlri(), any::<bool>()), 0..6),
        ) {
            let (mut incoming, mut expected, mut count) = (Incoming::default(), Vec::new(), 0);
            let of = |nlri: &[Nlri], family| nlri.iter().filter(|nlri| nlri.prefix.family() == family).copied().collect::<Vec<_>>();
            for (reachable, withdrawn, ends) in updates {
                let reachable: Vec<Reachable> = reachable
                    .into_iter()
                    .map(|(med, nlri)| {
                        let attributes = PathAttributes { multi_exit_disc: Some(med), ..PathAttributes::default() };
                        Reachable { attributes: Arc::new(attributes), nlri }
                    })
                    .collect();
                let end_of_rib = ends.then_some(AddressFamily::Ipv6Unicast);
                incoming.push(&reachable, &withdrawn, end_of_rib);
                let lists = (!withdrawn.is_empty()).then_some((None, &withdrawn));
                let groups = reachable.iter().map(|group| (Some(PathAttributes::clone(&group.attributes)), &group.nlri));
                for (attributes, nlri) in lists.into_iter().chain(groups) {
                    let [v4, v6] = AddressFamily::ALL.map(|family| of(nlri, family));
                    count += nlri.len();
                    expected.push((attributes, v4, v6, None));
                }
                expected.extend(end_of_rib.map(|family| (None, vec![], vec![], Some(family))));
            }
            let found: Vec<_> = incoming
                .parts()
                .map(|(part, set, v4, v6)| {
                    let attributes = matches!(part, Part::Announced { .. }).then(|| compact::decode(set).unwrap());
                    let ended = if let Part::EndOfRib(family) = part { Some(family) } else { None };
                    (attributes, told(v4), told(v6), ended)
                })
                .collect();
            prop_assert_eq!(found, expected);
            prop_assert_eq!(incoming.route_count(), count);
        }
    }
}
