//! All routes: Adj-RIB-In, decision process, Loc-RIB and Adj-RIB-Out (RFC 4271 sections 3.2 and 9).
//!
//! Single-owner and synchronous. It knows no session, no timer and no octets: routes come in as values, and leave as
//! [`UpdateBatch`]es that a peer pulls when it can send.

mod decision;
mod facts;
mod update_batch;
mod view;

use std::net::IpAddr;
use std::sync::Arc;

pub use decision::Reason;
pub use facts::{EncodeClass, PeerFacts, RibConfig};
pub use update_batch::UpdateBatch;
pub use view::{
    AdvertisedRoute, ApplyOutcome, BestRoute, ExportVerdict, FamilyCounters, ImportCounters, ImportVerdict,
    LearnedRoute, OriginatedRoute, Page, PathView, PrefixLimitExceeded, RibCounters, Standing,
};

use crate::attribute::{PathAttributes, Reachable};
use crate::nlri::Nlri;
use crate::policy::Policy;
use crate::types::{AddressFamily, PeerId, Prefix};

/// The table of all routes.
///
/// Contract: changes ([`apply`](Self::apply), [`originate`](Self::originate), [`peer_up`](Self::peer_up)…) only note what
/// is to be done; call [`decide`](Self::decide) until it returns 0 (in slices, with other work between), and
/// [`pull`](Self::pull) for each peer that can send until it returns `None`. Withdrawals wait until everything noted
/// before them is decided and announced.
pub struct Rib {
    config: RibConfig,
}

impl Rib {
    /// An empty table.
    #[must_use]
    pub fn new(config: RibConfig) -> Self {
        Self { config }
    }

    /// Who we are.
    #[must_use]
    pub const fn config(&self) -> &RibConfig {
        &self.config
    }

    /// A peer's session is Established: what it sends passes `import`, what it is sent passes `export`. A peer that is up
    /// already is taken down first.
    pub fn peer_up(&mut self, facts: PeerFacts, import: Arc<Policy>, export: Arc<Policy>) {
        let _ = (facts, import, export);
    }

    /// A peer's session ended: all its routes go, in slices of [`decide`](Self::decide).
    pub fn peer_down(&mut self, peer: PeerId) {
        let _ = peer;
    }

    /// New policies for a peer: its routes are judged again from the Adj-RIB-In, and it is sent only the difference.
    pub fn set_policies(&mut self, peer: PeerId, import: Arc<Policy>, export: Arc<Policy>) {
        let _ = (peer, import, export);
    }

    /// The peer asked for all routes of a family again (ROUTE-REFRESH, RFC 2918).
    pub fn refresh(&mut self, peer: PeerId, family: AddressFamily) {
        let _ = (peer, family);
    }

    /// Takes the routes of one UPDATE. Withdrawals first: a prefix in both lists stays reachable (RFC 4271 section 4.3).
    pub fn apply(&mut self, peer: PeerId, reachable: &[Reachable], withdrawn: &[Nlri]) -> ApplyOutcome {
        let _ = (peer, reachable, withdrawn);
        ApplyOutcome::default()
    }

    /// The peer sent its End-of-RIB marker (RFC 4724 section 2).
    pub fn end_of_rib_received(&mut self, peer: PeerId, family: AddressFamily) {
        let _ = (peer, family);
    }

    /// Originates a prefix, or replaces its attributes or tag.
    pub fn originate(&mut self, prefix: Prefix, attributes: Arc<PathAttributes>, tag: Arc<str>) {
        let _ = (prefix, attributes, tag);
    }

    /// Stops originating a prefix; whether it was originated.
    pub fn withdraw_origination(&mut self, prefix: &Prefix) -> bool {
        let _ = prefix;
        false
    }

    /// Our own ranges: what peers send that is equal to or inside one is rejected, and kept visible.
    pub fn replace_own_ranges(&mut self, ranges: Vec<Prefix>) {
        let _ = ranges;
    }

    /// Works on what was noted, for about `budget` prefixes; how many steps are left, 0 when all is decided.
    pub fn decide(&mut self, budget: usize) -> usize {
        let _ = budget;
        0
    }

    /// Whether [`pull`](Self::pull) would return something now.
    #[must_use]
    pub fn has_pending(&self, peer: PeerId) -> bool {
        let _ = peer;
        false
    }

    /// What to tell the peer next, at most `max_routes` routes; `None` when there is nothing (now: see [`Rib`]).
    pub fn pull(&mut self, peer: PeerId, max_routes: usize) -> Option<Arc<UpdateBatch>> {
        let _ = (peer, max_routes);
        None
    }

    /// The Adj-RIB-In of a peer, from after `after`, at most `limit` routes (more when one prefix has several paths).
    #[must_use]
    pub fn learned(&self, peer: PeerId, after: Option<Prefix>, limit: usize) -> Page<LearnedRoute> {
        let _ = (peer, after, limit);
        Page { items: Vec::new(), next: None }
    }

    /// The Loc-RIB.
    #[must_use]
    pub fn best(&self, after: Option<Prefix>, limit: usize) -> Page<BestRoute> {
        let _ = (after, limit);
        Page { items: Vec::new(), next: None }
    }

    /// Our own routes.
    #[must_use]
    pub fn originated(&self, after: Option<Prefix>, limit: usize) -> Page<OriginatedRoute> {
        let _ = (after, limit);
        Page { items: Vec::new(), next: None }
    }

    /// The Adj-RIB-Out of a peer.
    #[must_use]
    pub fn advertised(&self, peer: PeerId, after: Option<Prefix>, limit: usize) -> Page<AdvertisedRoute> {
        let _ = (peer, after, limit);
        Page { items: Vec::new(), next: None }
    }

    /// The Loc-RIB route with the longest prefix that holds `address`.
    #[must_use]
    pub fn lookup(&self, address: IpAddr) -> Option<BestRoute> {
        let _ = address;
        None
    }

    /// Every path to exactly this prefix, with how each fared; empty when there is none.
    #[must_use]
    pub fn paths(&self, prefix: &Prefix) -> Vec<PathView> {
        let _ = prefix;
        Vec::new()
    }

    /// Whether a peer is told of a prefix, and why not.
    #[must_use]
    pub fn export_verdict(&self, peer: PeerId, prefix: &Prefix) -> ExportVerdict {
        let _ = (peer, prefix);
        ExportVerdict::PeerDown
    }

    /// What the peer's families hold; empty when it is not up.
    #[must_use]
    pub fn peer_counters(&self, peer: PeerId) -> Vec<FamilyCounters> {
        let _ = peer;
        Vec::new()
    }

    /// The table as a whole.
    #[must_use]
    pub fn counters(&self) -> RibCounters {
        RibCounters::default()
    }
}
