//! What the table answers when asked; nothing here changes it.

use std::net::IpAddr;

use ipnet::{Ipv4Net, Ipv6Net};

use super::Rib;
use super::family_prefix::FamilyPrefix;
use super::family_rib::{FamilyPeer, FamilyRib};
use super::outbound::Advertised;
use super::path::Path;
use super::peers::{Context, PeerIndex};
use super::prefix_index::Start;
use super::table::{Paths, RowId};
use super::view::{
    AdvertisedRoute, BestRoute, ExportVerdict, FamilyCounters, ImportCounters, ImportVerdict, LearnedRoute,
    OriginatedRoute, Page, PathView, RibCounters, Standing,
};
use crate::policy::RouteSource;
use crate::types::{PeerId, Prefix};

/// Prefixes looked at for one page, so that a question about a peer with few routes does not hold the table for long.
const LOOK_MAX: usize = 4096;

impl<N: FamilyPrefix> FamilyRib<N> {
    /// Collects from the prefixes after `after`; where to go on when there is more.
    fn page<T>(
        &self,
        after: Option<N>,
        limit: usize,
        items: &mut Vec<T>,
        of: impl Fn(N, RowId) -> Vec<T>,
    ) -> Option<N> {
        for ((net, row), looked) in self.table.in_order(after.map(|after| (after, Start::After))).zip(1..) {
            items.extend(of(net, row));
            if items.len() >= limit || looked >= LOOK_MAX {
                return Some(net);
            }
        }
        None
    }

    fn best_route(&self, context: &Context, net: N, best: &Path) -> BestRoute {
        let own = best.peer == PeerIndex::LOCAL;
        BestRoute {
            prefix: net.into(),
            source: context.source(best.peer, best.path_id).clone(),
            path_id: if own { 0 } else { best.path_id },
            attributes: context.attributes.attributes(best.effective),
        }
    }

    fn verdict(context: &Context, path: &Path) -> Option<ImportVerdict> {
        Some(path.verdict.describe(&context.session(path.peer)?.import))
    }

    fn learned(&self, context: &Context, peer: PeerIndex, net: N, row: RowId) -> Vec<LearnedRoute> {
        let best = self.table.best(row).map(|best| best.key());
        let route = |path: Path| {
            Some(LearnedRoute {
                prefix: net.into(),
                path_id: path.path_id,
                attributes: context.attributes.attributes(path.received),
                verdict: Self::verdict(context, &path)?,
                best: best == Some(path.key()),
                stale: self.is_stale(&path),
            })
        };
        self.table.paths(row).into_iter().filter(|path| path.peer == peer).filter_map(route).collect()
    }

    fn paths(&self, context: &Context, net: N) -> Vec<PathView> {
        let Some(row) = self.table.find(&net) else { return Vec::new() };
        let decided = self.decision_of(context, row);
        let standing = |path: &Path| {
            let Some((eligible, decision)) = &decided else { return Standing::Ineligible };
            let place = eligible.iter().position(|other| other.key() == path.key());
            match place.map(|place| decision.lost.get(place).copied().flatten()) {
                None => Standing::Ineligible,
                Some(None) => Standing::Best(decision.reason),
                Some(Some(reason)) => Standing::Lost(reason),
            }
        };
        let view = |path: &Path| {
            let own = path.peer == PeerIndex::LOCAL;
            PathView {
                source: context.source(path.peer, path.path_id).clone(),
                path_id: if own { 0 } else { path.path_id },
                received: context.attributes.attributes(path.received),
                attributes: context.attributes.attributes(path.effective),
                verdict: if own { None } else { Self::verdict(context, path) },
                standing: standing(path),
                stale: self.is_stale(path),
            }
        };
        self.table.paths(row).iter().map(view).collect()
    }

    fn counters(&self, peer: PeerIndex) -> Option<FamilyCounters> {
        let state = self.peers.get(peer)?;
        let membership = state.membership.as_ref();
        if membership.is_none() && state.import.received == 0 {
            return None;
        }
        let seat = membership.and_then(|seated| Some((self.group(seated.place.group)?, seated.place.slot)));
        Some(FamilyCounters {
            family: N::FAMILY,
            import: ImportCounters { stale: state.generations.stale(), ..state.import },
            end_of_rib_received: state.end_of_rib_received,
            end_of_rib_sent: membership.is_some_and(|membership| membership.end_of_rib_sent),
            advertised: seat.map_or(0, |(group, _)| group.advertised_count(peer)),
            pending: seat.map_or(0, |(group, slot)| group.seats.pending_count(slot)),
            told: seat.and_then(|(group, slot)| group.seats.seat(slot)).map_or(0, |seat| seat.told),
            held_back: seat.map_or(0, |(group, slot)| group.held_back(slot)),
        })
    }

    fn is_stale(&self, path: &Path) -> bool {
        let age = |state: &FamilyPeer| state.generations.age(path.verdict.generation());
        self.peers.get(path.peer).is_some_and(|state| age(state).is_stale())
    }
}

/// A page over both families: IPv4 first, then IPv6, as [`Prefix`] is ordered.
fn both<T>(
    after: Option<Prefix>,
    limit: usize,
    v4: impl FnOnce(Option<Ipv4Net>, &mut Vec<T>) -> Option<Ipv4Net>,
    v6: impl FnOnce(Option<Ipv6Net>, &mut Vec<T>) -> Option<Ipv6Net>,
) -> Page<T> {
    let mut items = Vec::new();
    let after_v6 = after.as_ref().and_then(Ipv6Net::of);
    if after_v6.is_none()
        && let Some(next) = v4(after.as_ref().and_then(Ipv4Net::of), &mut items)
    {
        return Page { items, next: Some(next.into()) };
    }
    if items.len() >= limit {
        // IPv4 ended exactly here; what follows starts at the first IPv6 route.
        return Page { items, next: Some(Prefix::from(std::net::Ipv4Addr::BROADCAST)) };
    }
    let next = v6(after_v6, &mut items).map(Prefix::from);
    Page { items, next }
}

impl Rib {
    /// The Adj-RIB-In of a peer that is up or whose routes are kept, from after `after`, about `limit` routes: more when one
    /// prefix has several paths, fewer when many prefixes are not the peer's.
    #[must_use]
    pub fn learned(&self, peer: PeerId, after: Option<Prefix>, limit: usize) -> Page<LearnedRoute> {
        let Some(index) = self.context.known(peer) else { return Page { items: Vec::new(), next: None } };
        let context = &self.context;
        both(
            after,
            limit,
            |after, items| self.v4.page(after, limit, items, |net, row| self.v4.learned(context, index, net, row)),
            |after, items| self.v6.page(after, limit, items, |net, row| self.v6.learned(context, index, net, row)),
        )
    }

    /// The Loc-RIB.
    #[must_use]
    pub fn best(&self, after: Option<Prefix>, limit: usize) -> Page<BestRoute> {
        let (v4, v6, context) = (&self.v4, &self.v6, &self.context);
        both(
            after,
            limit,
            |after, items| {
                v4.page(after, limit, items, |net, row| {
                    v4.table.best(row).iter().map(|best| v4.best_route(context, net, best)).collect()
                })
            },
            |after, items| {
                v6.page(after, limit, items, |net, row| {
                    v6.table.best(row).iter().map(|best| v6.best_route(context, net, best)).collect()
                })
            },
        )
    }

    /// Our own routes.
    #[must_use]
    pub fn originated(&self, after: Option<Prefix>, limit: usize) -> Page<OriginatedRoute> {
        let context = &self.context;
        let of = |prefix: Prefix, paths: Paths| -> Vec<OriginatedRoute> {
            let own = paths.iter().filter(|path| path.peer == PeerIndex::LOCAL);
            own.filter_map(|path| match context.source(path.peer, path.path_id) {
                RouteSource::Peer(_) => None,
                RouteSource::Originated { tag, cost } => Some(OriginatedRoute {
                    prefix,
                    tag: tag.clone(),
                    cost: *cost,
                    attributes: context.attributes.attributes(path.received),
                }),
            })
            .collect()
        };
        both(
            after,
            limit,
            |after, items| self.v4.page(after, limit, items, |net, row| of(net.into(), self.v4.table.paths(row))),
            |after, items| self.v6.page(after, limit, items, |net, row| of(net.into(), self.v6.table.paths(row))),
        )
    }

    /// The Adj-RIB-Out of a peer.
    #[must_use]
    pub fn advertised(&self, peer: PeerId, after: Option<Prefix>, limit: usize) -> Page<AdvertisedRoute> {
        let Some(index) = self.context.up(peer) else { return Page { items: Vec::new(), next: None } };
        both(
            after,
            limit,
            |after, items| self.advertised_in(&self.v4, index, after, limit, items),
            |after, items| self.advertised_in(&self.v6, index, after, limit, items),
        )
    }

    fn advertised_in<N: FamilyPrefix>(
        &self,
        family: &FamilyRib<N>,
        peer: PeerIndex,
        after: Option<N>,
        limit: usize,
        items: &mut Vec<AdvertisedRoute>,
    ) -> Option<N> {
        let path_id = family.path_id_toward(peer);
        for (looked, (net, route)) in family.advertised_to(&self.context, peer, after)?.enumerate() {
            if let Some(Advertised { attributes, told: sent }) = route {
                items.push(AdvertisedRoute { prefix: net.into(), path_id, attributes, sent });
            }
            if items.len() >= limit || looked >= LOOK_MAX {
                return Some(net);
            }
        }
        None
    }

    /// The Loc-RIB route with the longest prefix that holds `address`.
    #[must_use]
    pub fn lookup(&self, address: IpAddr) -> Option<BestRoute> {
        let host = Prefix::host(address);
        (0..=host.len()).rev().find_map(|length| {
            let prefix = Prefix::new(address, length).ok()?;
            if let Some(net) = Ipv4Net::of(&prefix) {
                let best = self.v4.table.best(self.v4.table.find(&net)?)?;
                return Some(self.v4.best_route(&self.context, net, &best));
            }
            let net = Ipv6Net::of(&prefix)?;
            let best = self.v6.table.best(self.v6.table.find(&net)?)?;
            Some(self.v6.best_route(&self.context, net, &best))
        })
    }

    /// Every path to exactly this prefix, with how each fared; empty when there is none.
    #[must_use]
    pub fn paths(&self, prefix: &Prefix) -> Vec<PathView> {
        if let Some(net) = Ipv4Net::of(prefix) {
            return self.v4.paths(&self.context, net);
        }
        Ipv6Net::of(prefix).map_or(Vec::new(), |net| self.v6.paths(&self.context, net))
    }

    /// Whether a peer is told of a prefix, and why not.
    #[must_use]
    pub fn export_verdict(&self, peer: PeerId, prefix: &Prefix) -> ExportVerdict {
        let Some(index) = self.context.up(peer) else { return ExportVerdict::PeerDown };
        if let Some(net) = Ipv4Net::of(prefix) {
            return self.v4.export_verdict(&self.context, index, net);
        }
        let verdict = |net| self.v6.export_verdict(&self.context, index, net);
        Ipv6Net::of(prefix).map_or(ExportVerdict::NoRoute, verdict)
    }

    /// What the peer's families hold; empty when it is not up and none of its routes are kept.
    #[must_use]
    pub fn peer_counters(&self, peer: PeerId) -> Vec<FamilyCounters> {
        let Some(index) = self.context.known(peer) else { return Vec::new() };
        [self.v4.counters(index), self.v6.counters(index)].into_iter().flatten().collect()
    }

    /// The table as a whole.
    #[must_use]
    pub fn counters(&self) -> RibCounters {
        RibCounters {
            prefixes: self.v4.table.prefix_count() + self.v6.table.prefix_count(),
            paths: self.v4.table.path_count() + self.v6.table.path_count(),
            best: self.v4.table.best_count() + self.v6.table.best_count(),
            originated: self.v4.table.originated_count() + self.v6.table.originated_count(),
            attribute_sets: self.context.attributes.len(),
            update_groups: self.v4.groups.iter().flatten().count() + self.v6.groups.iter().flatten().count(),
            dirty: self.v4.dirty.len() + self.v6.dirty.len(),
        }
    }
}
