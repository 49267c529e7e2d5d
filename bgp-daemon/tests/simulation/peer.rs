//! What two peers see of a real table, change by change.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::Arc;

use bgp_core::attribute::EncodeContext;
use bgp_core::policy::Policy;
use bgp_core::rib::{PeerFacts, Rib, RibConfig};
use bgp_core::types::{AddressFamily, Asn, BgpIdentifier, FamilySet, PeerId, PeerKind, Prefix};
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

fn covered(view: &BTreeSet<Prefix>, host: &Prefix) -> bool {
    view.iter().any(|prefix| prefix.covers(host))
}

/// Addresses of a block, the smallest thing that is given to anybody.
pub const BLOCK_LEN: u64 = 8;

/// Every block of both ranges.
pub fn blocks() -> impl Iterator<Item = Prefix> {
    let bases = [Ipv4Addr::new(10, 0, 0, 0), Ipv4Addr::new(10, 4, 0, 0)];
    let block = |base: Ipv4Addr, number: u32| Ipv4Addr::from_bits(base.to_bits() + number * 8).into();
    bases.into_iter().flat_map(move |base| (0..32).map(move |number| Prefix::new(block(base, number), 29).unwrap()))
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
                for nlri in batch.announce.iter().flat_map(|(_, routes)| routes) {
                    self.views[index].insert(nlri.prefix);
                }
                for nlri in &batch.withdraw {
                    self.views[index].remove(&nlri.prefix);
                    moments.push(self.views[index].clone());
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

    /// Addresses that are covered in `before` and not in what the peer sees now.
    pub fn lost(&self, index: usize, before: &BTreeSet<Prefix>) -> Vec<Prefix> {
        blocks().filter(|host| covered(before, host) && !covered(&self.views[index], host)).collect()
    }
}
