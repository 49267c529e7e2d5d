//! What a peer's task must know, and what it tells of itself.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::SystemTime;

use bgp_core::policy::Policy;
use bgp_core::rib::PeerFacts;
use bgp_core::session::{FaultyUpdate, Negotiated, SessionConfig, State, Statistics};
use bgp_core::types::{NextHop, PeerId};

/// A peer as configured.
#[derive(Clone, Debug)]
pub struct PeerSettings {
    /// Its number.
    pub id: PeerId,
    /// Its name.
    pub name: Arc<str>,
    /// Its session.
    pub session: SessionConfig,
    /// Where it is dialled.
    pub remote: SocketAddr,
    /// The address we dial from; `None` lets the kernel choose.
    pub local: Option<IpAddr>,
    /// The next hop of IPv4 routes; `None` for our address of the session.
    pub next_hop_self_v4: Option<Ipv4Addr>,
    /// The next hop of IPv6 routes; `None` for our address of the session.
    pub next_hop_self_v6: Option<Ipv6Addr>,
    /// MULTI_EXIT_DISC of our own routes that carry none.
    pub med: u32,
    /// How many routes of one family it may send.
    pub max_prefixes: Option<usize>,
    /// How many prefixes of one family it takes.
    pub max_prefixes_out: Option<usize>,
    /// Whether its GRACEFUL_SHUTDOWN is heeded.
    pub graceful_shutdown: bool,
    /// What passes in.
    pub import: Arc<Policy>,
    /// What passes out.
    pub export: Arc<Policy>,
}

impl PeerSettings {
    /// The peer as the table knows it, over a connection from our address `local`.
    #[must_use]
    pub fn facts(&self, negotiated: &Negotiated, local: IpAddr) -> PeerFacts {
        let (local_v4, local_v6) = match local {
            IpAddr::V4(address) => (Some(address), None),
            IpAddr::V6(address) => (None, Some(address)),
        };
        let v6 = self.next_hop_self_v6.or(local_v6);
        PeerFacts {
            id: self.id,
            name: Arc::clone(&self.name),
            asn: negotiated.peer_asn,
            kind: negotiated.peer_kind,
            identifier: negotiated.peer_identifier,
            address: self.remote.ip(),
            families: negotiated.families,
            next_hop_self_v4: self.next_hop_self_v4.or(local_v4),
            next_hop_self_v6: v6.map(|global| NextHop::V6 { global, link_local: None }),
            encode_context: negotiated.encode,
            med: Some(self.med),
            max_prefixes: self.max_prefixes,
            max_prefixes_out: self.max_prefixes_out,
            local_role: negotiated.local_role,
            graceful_shutdown: self.graceful_shutdown,
            enhanced_route_refresh: negotiated.enhanced_route_refresh,
            long_lived_graceful_restart: negotiated.graceful_restart.as_ref().is_some_and(|restart| restart.long_lived),
        }
    }
}

/// Where a peer's session stands.
#[derive(Clone, Debug)]
pub struct PeerStatus {
    /// The state of the session.
    pub state: State,
    /// Since when.
    pub since: SystemTime,
    /// What was agreed, while Established.
    pub negotiated: Option<Arc<Negotiated>>,
    /// Our address and port of the Established connection.
    pub local: Option<SocketAddr>,
    /// The peer's address and port of the Established connection.
    pub remote: Option<SocketAddr>,
    /// The counters.
    pub statistics: Statistics,
    /// When and why a session or an attempt ended last.
    pub last_error: Option<(SystemTime, String)>,
    /// The last UPDATEs with faults and when they came, oldest first.
    pub faulty_updates: Vec<(SystemTime, Arc<FaultyUpdate>)>,
    /// UPDATE messages that wait for the peer's TCP.
    pub queued_updates: u64,
    /// How often the peer's task has failed, by a defect of ours, and was started again.
    pub task_failures: u32,
}

impl PeerStatus {
    /// Without a session, and nothing counted yet.
    #[must_use]
    pub fn idle(since: SystemTime) -> Self {
        Self {
            state: State::Idle,
            since,
            negotiated: None,
            local: None,
            remote: None,
            statistics: Statistics::default(),
            last_error: None,
            faulty_updates: Vec::new(),
            queued_updates: 0,
            task_failures: 0,
        }
    }
}
