//! All routes: Adj-RIB-In, decision process, Loc-RIB and Adj-RIB-Out (RFC 4271 sections 3.2 and 9).
//!
//! Single-owner and synchronous. It knows no session, no timer and no octets: routes come in as values, and leave as
//! [`UpdateBatch`]es that a peer pulls when it can send.

mod adj_rib_in;
mod announcements;
mod attribute_store;
mod change_log;
mod decision;
mod export;
mod facts;
mod family_prefix;
mod family_rib;
mod generations;
mod incoming;
mod limit;
mod out_entry;
mod outbound;
mod pages;
mod path;
mod path_lists;
mod peers;
mod prefix_index;
mod questions;
mod refresh;
mod restart;
mod seats;
mod sharing;
mod table;
mod traits;
mod update_batch;
mod update_group;
mod version;
mod view;
mod walk;

use std::sync::Arc;

use ipnet::{Ipv4Net, Ipv6Net};

pub use announcements::Announcements;
pub use decision::Reason;
pub use facts::{PeerFacts, RibConfig};
pub use incoming::Incoming;
pub use update_batch::UpdateBatch;
pub use view::{
    AdvertisedRoute, ApplyOutcome, BestRoute, ExportVerdict, FamilyCounters, ImportCounters, ImportVerdict,
    LearnedRoute, OriginatedRoute, Page, PathView, PrefixLimitExceeded, RibCounters, Standing,
};

use adj_rib_in::{Judge, Standards};
use family_prefix::FamilyPrefix;
use family_rib::FamilyRib;
use incoming::{Ahead, Part, Routes};
use peers::{Context, PeerIndex};

use crate::attribute::{PathAttributes, Reachable};
use crate::nlri::Nlri;
use crate::policy::Policy;
use crate::types::{AddressFamily, FamilySet, PeerId, Prefix};

/// The table of all routes.
///
/// Contract: changes ([`take_in`](Self::take_in), [`originate`](Self::originate), [`peer_up`](Self::peer_up)…) note what is to
/// be done, but for prefixes with one path or none, which they decide; call [`decide`](Self::decide) until it returns 0 (in
/// slices, with other work between), and [`pull`](Self::pull) for each peer that can send until it returns `None`, after which
/// [`undecided`](Self::undecided) says whether there is more to decide. Withdrawals wait until everything noted before them is
/// decided and announced.
pub struct Rib {
    context: Context,
    v4: FamilyRib<Ipv4Net>,
    v6: FamilyRib<Ipv6Net>,
}

impl Rib {
    /// An empty table.
    #[must_use]
    pub fn new(config: RibConfig) -> Self {
        Self { context: Context::new(config), v4: FamilyRib::new(), v6: FamilyRib::new() }
    }

    /// Who we are.
    #[must_use]
    pub fn config(&self) -> &RibConfig {
        &self.context.config
    }

    /// A peer's session is Established: what it sends passes `import`, what it is sent passes `export`. A peer that is up
    /// already is taken down first, and what was kept of it goes: see [`peer_returned`](Self::peer_returned).
    pub fn peer_up(&mut self, facts: PeerFacts, import: Arc<Policy>, export: Arc<Policy>) {
        self.peer_returned(facts, import, export, FamilySet::EMPTY);
    }

    /// A peer's session ended, or nobody waits for it any more: all its routes go, in slices of [`decide`](Self::decide).
    pub fn peer_down(&mut self, peer: PeerId) {
        let Some(index) = self.context.known(peer) else { return };
        let (in_v4, in_v6) = (self.v4.peers.get(index).is_some(), self.v6.peers.get(index).is_some());
        self.context.take_down(peer, usize::from(in_v4) + usize::from(in_v6));
        self.v4.peer_down(index);
        self.v6.peer_down(index);
        if !in_v4 && !in_v6 {
            self.context.family_done(index);
        }
    }

    /// New policies, next hops, MED, prefix limits or heed of GRACEFUL_SHUTDOWN for a peer that is up: its routes are judged
    /// again from the Adj-RIB-In, and it is sent only the difference. What was negotiated (AS, identifier, families, roles,
    /// encoding) stays as it was. The limit is reported when the peer has sent more than that already.
    pub fn change_peer(
        &mut self,
        facts: PeerFacts,
        import: Arc<Policy>,
        export: Arc<Policy>,
    ) -> Option<PrefixLimitExceeded> {
        let index = self.context.up(facts.id)?;
        let session = self.context.session_mut(index)?;
        let judged_otherwise = session.import != import
            || session.facts.next_hop_self_v4 != facts.next_hop_self_v4
            || session.facts.next_hop_self_v6 != facts.next_hop_self_v6
            || session.facts.graceful_shutdown != facts.graceful_shutdown;
        session.facts.next_hop_self_v4 = facts.next_hop_self_v4;
        session.facts.next_hop_self_v6 = facts.next_hop_self_v6;
        session.facts.med = facts.med;
        session.facts.max_prefixes = facts.max_prefixes;
        session.facts.max_prefixes_out = facts.max_prefixes_out;
        session.facts.graceful_shutdown = facts.graceful_shutdown;
        session.import = import;
        session.export = export;
        self.v4.policies_changed(&mut self.context, index, judged_otherwise);
        self.v6.policies_changed(&mut self.context, index, judged_otherwise);
        let in_v4 = self.v4.limit_exceeded(&self.context, index);
        in_v4.or_else(|| self.v6.limit_exceeded(&self.context, index))
    }

    /// The peer asked for all routes of a family again (ROUTE-REFRESH, RFC 2918). Where both sides mark refreshes (RFC 7313)
    /// it begins after the End-of-RIB. While one is being told, wishes mean one more after it, however many come.
    pub fn refresh(&mut self, peer: PeerId, family: AddressFamily) {
        let Some(index) = self.context.up(peer) else { return };
        let marked = self.context.session(index).is_some_and(|session| session.facts.enhanced_route_refresh);
        match family {
            AddressFamily::Ipv4Unicast => self.v4.refresh(index, marked),
            AddressFamily::Ipv6Unicast => self.v6.refresh(index, marked),
        }
    }

    /// Takes the routes of one UPDATE. Withdrawals first: a prefix in both lists stays reachable (RFC 4271 section 4.3).
    pub fn apply(&mut self, peer: PeerId, reachable: &[Reachable], withdrawn: &[Nlri]) -> ApplyOutcome {
        let mut incoming = Incoming::default();
        incoming.push(reachable, withdrawn, None);
        self.take_in(peer, &incoming)
    }

    /// Takes what a peer sent, in the order it came.
    pub fn take_in(&mut self, peer: PeerId, incoming: &Incoming) -> ApplyOutcome {
        let mut outcome = ApplyOutcome::default();
        let Some(index) = self.context.up(peer) else { return outcome };
        let Some(standards) = Standards::of(&self.context, index) else { return outcome };
        let (mut ahead_v4, mut ahead_v6) = incoming.ahead();
        for (part, set, v4, v6) in incoming.parts() {
            let (v4, v6) = ((v4, &mut ahead_v4), (v6, &mut ahead_v6));
            match part {
                Part::Withdrawn { .. } => {
                    self.v4.begin_update();
                    self.v6.begin_update();
                    self.v4.unreach_all(&mut self.context, index, v4, &mut outcome);
                    self.v6.unreach_all(&mut self.context, index, v6, &mut outcome);
                }
                Part::Announced { .. } => {
                    let received = self.context.attributes.intern_encoded(set);
                    let judge = Judge::new(&self.context, received, &standards);
                    self.reach(index, judge, v4, v6, &mut outcome);
                }
                Part::EndOfRib(family) => self.end_of_rib_received(peer, family),
            }
        }
        self.v4.end_updates();
        self.v6.end_updates();
        outcome
    }

    fn reach(
        &mut self,
        peer: PeerIndex,
        mut judge: Judge<'_>,
        v4: (Routes<'_, Ipv4Net>, &mut Ahead<'_, Ipv4Net>),
        v6: (Routes<'_, Ipv6Net>, &mut Ahead<'_, Ipv6Net>),
        outcome: &mut ApplyOutcome,
    ) {
        // Where a family is not spoken, of which nothing should come, the search is out of step: no row is taken for that of
        // another prefix, it is only sought again.
        if self.v4.membership(peer).is_some() {
            self.v4.reach_all(&mut self.context, peer, v4, &mut judge, outcome);
        }
        if self.v6.membership(peer).is_some() {
            self.v6.reach_all(&mut self.context, peer, v6, &mut judge, outcome);
        }
        judge.finish(&mut self.context.attributes);
    }

    /// Originates a prefix that costs nothing, or replaces its attributes or tag.
    pub fn originate(&mut self, prefix: Prefix, attributes: Arc<PathAttributes>, tag: Arc<str>) {
        self.originate_at_cost(prefix, attributes, tag, 0);
    }

    /// Originates a prefix, or replaces its attributes, tag or cost.
    pub fn originate_at_cost(&mut self, prefix: Prefix, attributes: Arc<PathAttributes>, tag: Arc<str>, cost: u32) {
        if let Some(net) = Ipv4Net::of(&prefix) {
            self.v4.originate(&mut self.context, net, &attributes, (&tag, cost));
        } else if let Some(net) = Ipv6Net::of(&prefix) {
            self.v6.originate(&mut self.context, net, &attributes, (&tag, cost));
        }
    }

    /// Stops originating a prefix; whether it was originated.
    pub fn withdraw_origination(&mut self, prefix: &Prefix) -> bool {
        if let Some(net) = Ipv4Net::of(prefix) {
            return self.v4.withdraw_origination(&mut self.context, net);
        }
        Ipv6Net::of(prefix).is_some_and(|net| self.v6.withdraw_origination(&mut self.context, net))
    }

    /// Our own ranges: what peers send that is equal to or inside one is rejected, and kept visible.
    pub fn replace_own_ranges(&mut self, ranges: Vec<Prefix>) {
        self.v4.replace_own_ranges(ranges.iter().filter_map(Ipv4Net::of));
        self.v6.replace_own_ranges(ranges.iter().filter_map(Ipv6Net::of));
    }

    /// Works on what was noted, for about `budget` prefixes; how many steps are left, 0 when all is decided.
    pub fn decide(&mut self, budget: usize) -> usize {
        let left = self.v4.decide(&mut self.context, budget.div_ceil(2));
        left + self.v6.decide(&mut self.context, budget.div_ceil(2))
    }

    /// Whether nothing was noted that can still change a route: what is left to do, if anything, only tells peers again
    /// or tidies up.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.v4.is_settled() && self.v6.is_settled()
    }

    /// How many steps are left for [`decide`](Self::decide).
    #[must_use]
    pub fn undecided(&self) -> usize {
        self.v4.undecided() + self.v6.undecided()
    }

    /// Whether [`pull`](Self::pull) would return something now.
    #[must_use]
    pub fn has_pending(&self, peer: PeerId) -> bool {
        self.context.up(peer).is_some_and(|index| self.v4.has_pending(index) || self.v6.has_pending(index))
    }

    /// What to tell the peer next, at most `max_routes` routes; `None` when there is nothing (now: see [`Rib`]).
    pub fn pull(&mut self, peer: PeerId, max_routes: usize) -> Option<UpdateBatch> {
        let index = self.context.up(peer)?;
        let mut batch = UpdateBatch::default();
        let taken = self.v4.pull(&self.context, index, max_routes, &mut batch);
        self.v6.pull(&self.context, index, max_routes.saturating_sub(taken), &mut batch);
        (!batch.is_empty()).then_some(batch)
    }
}

#[cfg(test)]
mod tests;
