//! Routes to announce as the table hands them out: octets of attribute sets and prefixes side by side. What leaves of them is
//! made by whoever sends them, so that the table is not held up by it.

use std::sync::{Arc, OnceLock};

use ipnet::{Ipv4Net, Ipv6Net};

use super::attribute_store::{self, AttributeStore};
use super::export::ExportProfile;
use super::family_prefix::FamilyPrefix;
use super::version::Version;
use crate::attribute::PathAttributes;
use crate::nlri::{EncodedRoutes, Nlri};

/// Routes to announce, grouped by their attributes.
#[derive(Debug)]
pub struct Announcements {
    profile: Arc<ExportProfile>,
    groups: Vec<Group>,
    /// The attribute sets as they are in the Loc-RIB, one behind the other.
    sets: Vec<u8>,
    nets: Nets,
    octets: OnceLock<EncodedRoutes>,
}

/// What stands in the lists for one version.
#[derive(Clone, Copy, Debug)]
struct Group {
    version: Version,
    octets: usize,
    routes: usize,
}

/// Prefixes of one family.
#[derive(Debug)]
pub(super) enum Nets {
    /// IPv4.
    V4(Vec<Ipv4Net>),
    /// IPv6.
    V6(Vec<Ipv6Net>),
}

impl Nets {
    const fn len(&self) -> usize {
        match self {
            Self::V4(nets) => nets.len(),
            Self::V6(nets) => nets.len(),
        }
    }

    fn nlri(&self, from: usize, count: usize, path_id: u32) -> Vec<Nlri> {
        fn some<N: FamilyPrefix>(nets: &[N], from: usize, count: usize, path_id: u32) -> Vec<Nlri> {
            let nets = nets.get(from..from + count).unwrap_or(&[]);
            nets.iter().map(|net| Nlri { prefix: (*net).into(), path_id }).collect()
        }
        match self {
            Self::V4(nets) => some(nets, from, count, path_id),
            Self::V6(nets) => some(nets, from, count, path_id),
        }
    }
}

impl Announcements {
    /// The routes with the attributes that leave with them: export-transformed, with their next hop.
    pub fn routes(&self) -> impl Iterator<Item = (PathAttributes, Vec<Nlri>)> {
        let (mut set, mut net, path_id) = (0, 0, self.profile.path_id());
        self.groups.iter().map(move |group| {
            let octets = self.sets.get(set..set + group.octets).unwrap_or(&[]);
            let attributes = group.version.made_from(attribute_store::decoded(octets), &self.profile);
            let nlri = self.nets.nlri(net, group.routes, path_id);
            set += group.octets;
            net += group.routes;
            (attributes, nlri)
        })
    }

    /// How many there are.
    #[must_use]
    pub const fn route_count(&self) -> usize {
        self.nets.len()
    }

    /// The messages: whoever needs them first encodes them, once for all peers that get these routes, which are encoded for
    /// alike.
    pub fn encoded(&self, encode: impl FnOnce(&Self) -> EncodedRoutes) -> &EncodedRoutes {
        self.octets.get_or_init(|| encode(self))
    }
}

/// Routes as they are collected, in any order.
pub(super) struct Collector<N> {
    versions: Vec<(Version, usize)>,
    /// Each with the place of its version.
    routes: Vec<(usize, N)>,
}

impl<N: FamilyPrefix> Collector<N> {
    /// None.
    pub const fn new() -> Self {
        Self { versions: Vec::new(), routes: Vec::new() }
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.routes.is_empty()
    }

    /// The place of a version that has none.
    pub fn place(&mut self, version: Version) -> usize {
        self.versions.push((version, 0));
        self.versions.len() - 1
    }

    /// Adds a route of the version at a place.
    pub fn add(&mut self, place: usize, net: N) {
        if let Some((_, count)) = self.versions.get_mut(place) {
            *count += 1;
            self.routes.push((place, net));
        }
    }

    /// All of them, those of a version together.
    pub fn finish(self, profile: &Arc<ExportProfile>, store: &AttributeStore) -> Announcements {
        let (mut groups, mut sets) = (Vec::with_capacity(self.versions.len()), Vec::new());
        let mut nexts = Vec::with_capacity(self.versions.len());
        let mut begin = 0;
        for (version, routes) in self.versions {
            let octets = store.encoded(version.attributes);
            sets.extend_from_slice(octets);
            groups.push(Group { version, octets: octets.len(), routes });
            nexts.push(begin);
            begin += routes;
        }
        let mut nets = vec![N::default(); self.routes.len()];
        for (place, net) in self.routes {
            if let Some(next) = nexts.get_mut(place)
                && let Some(to) = nets.get_mut(*next)
            {
                *to = net;
                *next += 1;
            }
        }
        Announcements { profile: Arc::clone(profile), groups, sets, nets: N::nets(nets), octets: OnceLock::new() }
    }
}
