//! Peers' tasks over real sockets and a real table, against a peer that the test plays octet by octet.

mod extensions;
mod faults;
mod remote;
mod restart;
mod sessions;
mod writing;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bgp_core::policy::Policy;
use bgp_core::rib::{Rib, RibConfig};
use bgp_core::session::{ConnectMode, Extensions, RestartConfig, SessionConfig};
use bgp_core::types::{AddressFamily, Asn, BgpIdentifier, FamilySet, HoldTime, PeerId};
use tokio::net::TcpListener;

use super::PeerSettings;
use crate::rib_owner::{self, RibHandle};

/// A test that takes longer has hung.
const DEADLINE: Duration = Duration::from_secs(20);

const LOCAL_ASN: Asn = Asn(64512);
const REMOTE_ASN: Asn = Asn(65001);

fn table() -> RibHandle {
    let local_identifier = BgpIdentifier::from_bits(0x0A00_0001).unwrap();
    rib_owner::start(RibConfig { local_asn: LOCAL_ASN, local_identifier, always_compare_med: false }).unwrap().0
}

/// A peer that is dialled at `remote`, accepts all and is sent all.
fn settings(number: u32, remote: SocketAddr) -> PeerSettings {
    PeerSettings {
        id: PeerId(number),
        name: Arc::from(format!("peer-{number}")),
        session: SessionConfig {
            local_asn: LOCAL_ASN,
            local_identifier: BgpIdentifier::from_bits(0x0A00_0001).unwrap(),
            peer_asn: REMOTE_ASN,
            connect: ConnectMode::Active,
            hold_time: HoldTime::from_secs(90).unwrap(),
            minimum_hold_time_secs: 3,
            connect_retry: Duration::from_secs(1),
            initial_hold: SessionConfig::INITIAL_HOLD,
            families: FamilySet::from_iter([AddressFamily::Ipv4Unicast]),
            extensions: Extensions::default(),
            graceful_restart: RestartConfig::HELPER,
        },
        remote,
        local: None,
        next_hop_self_v4: None,
        next_hop_self_v6: None,
        med: 100,
        max_prefixes: None,
        max_prefixes_out: None,
        graceful_shutdown: true,
        import: Arc::new(Policy::accept_all("import")),
        export: Arc::new(Policy::accept_all("export")),
    }
}

async fn far_side() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((IpAddr::V4(Ipv4Addr::LOCALHOST), 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Asks the table again until it answers so: what a peer sent reaches it by another thread.
async fn table_comes_to<T: PartialEq + std::fmt::Debug + Send + 'static>(
    rib: &RibHandle,
    expected: T,
    question: impl Fn(&Rib) -> T + Clone + Send + 'static,
) {
    let mut answer = rib.ask(question.clone()).await.unwrap();
    let until = tokio::time::Instant::now() + DEADLINE;
    while answer != expected {
        assert!(tokio::time::Instant::now() < until, "the table stays at {answer:?}, expected {expected:?}");
        tokio::task::yield_now().await;
        answer = rib.ask(question.clone()).await.unwrap();
    }
}
