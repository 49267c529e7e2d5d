//! What two peers see of a real table, change by change.

use std::collections::BTreeSet;
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

/// The table and its two peers.
pub struct Wire {
    rib: Rib,
    /// What each has been told and not been told to forget.
    pub views: [BTreeSet<Prefix>; 2],
}

fn id(index: usize) -> PeerId {
    PeerId(u32::try_from(index).unwrap() + 1)
}

fn facts(index: usize, peer: &Peer) -> PeerFacts {
    let number = u32::try_from(index).unwrap() + 1;
    PeerFacts {
        id: id(index),
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
        local_role: None,
        graceful_shutdown: true,
        enhanced_route_refresh: false,
        long_lived_graceful_restart: false,
    }
}

fn export(current: &Current, peer: &Peer) -> Arc<Policy> {
    Arc::new(peer.export_policy_with(|_| None, current.held_exports.get(&peer.name)))
}

pub fn covered(view: &BTreeSet<Prefix>, host: &Prefix) -> bool {
    view.iter().any(|prefix| prefix.covers(host))
}

/// Every block of eight addresses, the smallest thing that is given to anybody: those of both ranges, and their neighbours'.
pub fn blocks() -> impl Iterator<Item = Prefix> {
    let bases = [[10, 0, 0, 0], [10, 0, 1, 0], [10, 4, 0, 0], [10, 4, 1, 0]].map(Ipv4Addr::from);
    let block = |base: Ipv4Addr, number: u32| Ipv4Addr::from_bits(base.to_bits() + number * 8).into();
    bases.into_iter().flat_map(move |base| (0..32).map(move |number| Prefix::new(block(base, number), 29).unwrap()))
}

/// Those of a prefix.
pub fn hosts_of(prefix: &Prefix) -> impl Iterator<Item = Prefix> {
    let prefix = *prefix;
    blocks().filter(move |block| prefix.covers(block))
}

/// What a batch comes to on the wire, octet by octet as a peer is sent it.
fn sent(batch: &UpdateBatch) -> Vec<Update> {
    let context = EncodeContext::default();
    let announced = batch
        .announce
        .iter()
        .map(|shared| shared.encoded(|routes| packing::pack_run(routes, &[], &[], &context)).messages.clone());
    let withdrawn = packing::pack_run(&[], &batch.withdraw, &batch.end_of_rib, &context).messages;
    let messages = announced.chain([withdrawn]).flat_map(packing::messages);
    messages.map(|message| Update::decode(&message[HEADER_LEN..], &DecodeContext::default()).unwrap()).collect()
}

impl Wire {
    /// A table that originates nothing, with both peers up.
    pub fn new(current: &Current) -> Self {
        let local_identifier = BgpIdentifier::from_bits(1).unwrap();
        let mut rib = Rib::new(RibConfig { local_asn: Asn(64512), local_identifier, always_compare_med: false });
        for (index, peer) in current.config.peers.iter().enumerate() {
            rib.peer_up(facts(index, peer), Arc::new(Policy::default()), export(current, peer));
        }
        Self { rib, views: [BTreeSet::new(), BTreeSet::new()] }
    }

    /// Does a step as the daemon does it: peers, then originations, told as one. Fails when an address that is covered
    /// before and after is not at any moment between.
    pub fn apply(&mut self, next: &Current, change: &Plan, chance: &mut Chance) -> Result<(), String> {
        for (index, peer) in next.config.peers.iter().enumerate() {
            self.rib.change_peer(facts(index, peer), Arc::new(Policy::default()), export(next, peer));
        }
        self.rib.replace_own_ranges(own_ranges(&next.set.snapshot));
        for (prefix, attributes, role) in change.routes() {
            self.rib.originate(prefix, attributes, role);
        }
        for prefix in &change.withdraw {
            self.rib.withdraw_origination(prefix);
        }
        while self.rib.decide(1 + chance.below(5)) > 0 || !self.rib.is_settled() {}
        for index in 0..2 {
            let before = self.views[index].clone();
            let mut moments = vec![before.clone()];
            while let Some(batch) = self.rib.pull(id(index), 1 + chance.below(4)) {
                for update in sent(&batch) {
                    for nlri in &update.withdrawn {
                        self.views[index].remove(&nlri.prefix);
                        moments.push(self.views[index].clone());
                    }
                    let routes = update.reachable.iter().flat_map(|group| &group.nlri);
                    self.views[index].extend(routes.map(|nlri| nlri.prefix));
                }
            }
            let after = &self.views[index];
            let kept: Vec<Prefix> = blocks().filter(|host| covered(&before, host) && covered(after, host)).collect();
            for moment in &moments {
                if let Some(host) = kept.iter().find(|host| !covered(moment, host)) {
                    return Err(format!(
                        "{host} was uncovered for a moment at peer {index}: {before:?} to {after:?} by {moment:?}"
                    ));
                }
            }
        }
        Ok(())
    }
}
