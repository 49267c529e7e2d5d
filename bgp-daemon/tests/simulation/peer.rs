//! What peers see of a real table, change by change.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::sync::Arc;

use bgp_core::attribute::{DecodeContext, EncodeContext};
use bgp_core::message::{Update, packing};
use bgp_core::policy::Policy;
use bgp_core::rib::{PeerFacts, Rib, RibConfig, UpdateBatch};
use bgp_core::types::{AddressFamily, Asn, BgpIdentifier, FamilySet, PeerId, PeerKind, Prefix};
use bgp_core::wire::framer::HEADER_LEN;
use bgp_daemon::config::Peer;
use bgp_daemon::origination::{Current, Plan, own_ranges};

use super::chance::Chance;
use super::space::Addresses;

/// What each session was told and not told to forget, by `name@address`; and all that is originated, by "".
pub type Views = BTreeMap<String, BTreeSet<Prefix>>;

/// The table and its peers.
pub struct Wire {
    rib: Rib,
    /// The number of each session.
    sessions: BTreeMap<String, u32>,
    last: u32,
    pub views: Views,
}

/// A session is one of a name with an address.
pub fn session(peer: &Peer) -> String {
    format!("{}@{}", peer.name, peer.address)
}

fn facts(number: u32, peer: &Peer) -> PeerFacts {
    PeerFacts {
        id: PeerId(number),
        name: Arc::from(peer.name.as_str()),
        asn: peer.asn,
        kind: PeerKind::External,
        identifier: BgpIdentifier::from_bits(100 + number).unwrap(),
        address: peer.address,
        families: FamilySet::from_iter([AddressFamily::Ipv4Unicast]),
        next_hop_self_v4: Some(Ipv4Addr::new(10, 255, 0, 1)),
        next_hop_self_v6: None,
        encode_context: EncodeContext::default(),
        med: Some(peer.advertised_route_priority),
        max_prefixes: None,
        max_prefixes_out: peer.max_prefixes_out,
        local_role: None,
        graceful_shutdown: true,
        enhanced_route_refresh: false,
        long_lived_graceful_restart: false,
    }
}

fn export(current: &Current, peer: &Peer) -> Arc<Policy> {
    Arc::new(peer.export_policy_with(|_| None, current.held_exports.get(&peer.name)))
}

/// What a batch comes to on the wire, octet by octet as a peer is sent it.
fn sent(batch: &UpdateBatch) -> Vec<Update> {
    let context = EncodeContext::default();
    let announced = batch
        .announce
        .iter()
        .map(|shared| packing::pack_announcements(shared.routes(), shared.route_count(), &context).messages);
    let withdrawn = packing::pack_withdrawals(&batch.withdraw, &batch.end_of_rib, &context);
    let messages = announced.chain([withdrawn]).flat_map(packing::messages);
    messages.map(|message| Update::decode(&message[HEADER_LEN..], &DecodeContext::default()).unwrap()).collect()
}

impl Wire {
    /// A table that originates nothing, with nobody to tell.
    pub fn new() -> Self {
        let local_identifier = BgpIdentifier::from_bits(1).unwrap();
        let rib = Rib::new(RibConfig { local_asn: Asn(64512), local_identifier, always_compare_med: false });
        Self { rib, sessions: BTreeMap::new(), last: 0, views: Views::from([(String::new(), BTreeSet::new())]) }
    }

    /// The sessions that have no room for all they are to be told of.
    pub fn full(&self) -> BTreeSet<String> {
        let is_full = |number: u32| self.rib.peer_counters(PeerId(number)).iter().any(|family| family.held_back > 0);
        self.sessions.iter().filter(|(_, number)| is_full(**number)).map(|(name, _)| name.clone()).collect()
    }

    /// Ends and begins sessions, and changes the others.
    fn change_peers(&mut self, current: &Current) {
        let enabled: BTreeMap<String, &Peer> =
            current.config.peers.iter().filter(|peer| peer.enabled).map(|peer| (session(peer), peer)).collect();
        let ended: Vec<String> = self.sessions.keys().filter(|name| !enabled.contains_key(*name)).cloned().collect();
        for name in ended {
            self.rib.peer_down(PeerId(self.sessions.remove(&name).unwrap()));
            self.views.remove(&name);
        }
        for (name, peer) in enabled {
            let export = export(current, peer);
            if let Some(number) = self.sessions.get(&name) {
                self.rib.change_peer(facts(*number, peer), Arc::new(Policy::default()), export);
                continue;
            }
            self.last += 1;
            self.rib.peer_up(facts(self.last, peer), Arc::new(Policy::default()), export);
            self.views.insert(name.clone(), BTreeSet::new());
            self.sessions.insert(name, self.last);
        }
    }

    /// Does a step as the daemon does it: peers, then originations, told as one. Fails when an address that is covered
    /// before and after is not at any moment between.
    pub fn apply(&mut self, next: &Current, change: &Plan, chance: &mut Chance) -> Result<(), String> {
        self.change_peers(next);
        self.rib.replace_own_ranges(own_ranges(&next.set.snapshot));
        for (prefix, attributes, role, cost) in change.routes() {
            self.rib.originate_at_cost(prefix, attributes, role, cost);
        }
        for prefix in &change.withdraw {
            self.rib.withdraw_origination(prefix);
        }
        while self.rib.decide(1 + chance.below(5)) > 0 || !self.rib.is_settled() {}
        for (name, number) in &self.sessions {
            let Some(view) = self.views.get_mut(name) else { continue };
            let before = Addresses::all(&*view);
            let mut moments = Vec::new();
            // Of one that has more than it takes since a reload nothing is asked but that it gets no more.
            let peer = next.config.peers.iter().find(|peer| session(peer) == *name);
            let taken = peer.and_then(|peer| peer.max_prefixes_out).unwrap_or(usize::MAX);
            let (had, most) = (view.len(), view.len().max(taken));
            while let Some(batch) = self.rib.pull(PeerId(*number), 1 + chance.below(4)) {
                for update in sent(&batch) {
                    for nlri in &update.withdrawn {
                        view.remove(&nlri.prefix);
                        moments.push(Addresses::all(&*view));
                    }
                    let routes = update.reachable.iter().flat_map(|group| &group.nlri);
                    view.extend(routes.map(|nlri| nlri.prefix));
                    if view.len() > most {
                        return Err(format!("{name} takes {taken}, and had {had}: {view:?}"));
                    }
                }
            }
            if had >= taken {
                continue;
            }
            let kept = before.and(Addresses::all(&*view));
            if let Some(moment) = moments.into_iter().find(|moment| !kept.less(*moment).is_empty()) {
                return Err(format!("{:?} were uncovered for a moment at {name}", kept.less(moment)));
            }
        }
        let originated = next.set.originations.keys().copied().collect();
        self.views.insert(String::new(), originated);
        Ok(())
    }
}
