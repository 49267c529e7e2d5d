use std::net::Ipv4Addr;
use std::sync::Arc;

use bgp_core::attribute::{EncodeContext, PathAttributes};
use bgp_core::policy::Policy;
use bgp_core::rib::{PeerFacts, RibConfig};
use bgp_core::types::{AddressFamily, Asn, BgpIdentifier, FamilySet, PeerId, PeerKind, Prefix};

use super::*;

const PEER: PeerId = PeerId(1);

fn config() -> RibConfig {
    let local_identifier = BgpIdentifier::from_bits(1).unwrap();
    RibConfig { local_asn: Asn(64512), local_identifier, always_compare_med: false }
}

fn facts() -> PeerFacts {
    PeerFacts {
        id: PEER,
        name: Arc::from("dc1"),
        asn: Asn(65001),
        kind: PeerKind::External,
        identifier: BgpIdentifier::from_bits(2).unwrap(),
        address: Ipv4Addr::new(192, 0, 2, 2).into(),
        families: FamilySet::from_iter([AddressFamily::Ipv4Unicast]),
        next_hop_self_v4: Some(Ipv4Addr::new(192, 0, 2, 1)),
        next_hop_self_v6: None,
        encode_context: EncodeContext::default(),
        med: None,
        max_prefixes: None,
        local_role: None,
        graceful_shutdown: true,
    }
}

fn originations(originate: &[&str], withdraw: &[&str]) -> OriginationChange {
    let prefix = |text: &&str| text.parse::<Prefix>().unwrap();
    let route = |text| (prefix(text), Arc::new(PathAttributes::default()), Arc::from("pod"));
    OriginationChange {
        originate: originate.iter().map(route).collect(),
        withdraw: withdraw.iter().map(prefix).collect(),
        own_ranges: Vec::new(),
    }
}

#[tokio::test]
async fn a_peer_gets_one_batch_for_each_it_asked_for() {
    let (rib, thread) = start(config()).unwrap();
    let all = || Arc::new(Policy::accept_all("all"));
    rib.change_originations(originations(&["10.4.0.0/24"], &[])).unwrap();
    let (intake, mut events) = rib.peer_up(facts(), all(), all()).unwrap();
    assert!(rib.ask(|rib| rib.counters().originated).await.unwrap() == 1);
    assert!(events.try_recv().is_err(), "nothing was asked for");
    let mut announced = Vec::new();
    let mut ended = false;
    while !ended {
        rib.grant(PEER).unwrap();
        let Some(RibEvent::Batch(batch)) = events.recv().await else { panic!("the owner went away") };
        announced.extend(batch.announce.iter().flat_map(|(_, nlri)| nlri.clone()));
        ended = !batch.end_of_rib.is_empty();
    }
    assert_eq!(announced.iter().map(|nlri| nlri.prefix.to_string()).collect::<Vec<_>>(), ["10.4.0.0/24"]);
    drop((rib, intake));
    thread.join().unwrap();
}

#[tokio::test]
async fn the_owner_ends_when_nobody_can_reach_it() {
    let (rib, thread) = start(config()).unwrap();
    drop(rib);
    thread.join().unwrap();
}
