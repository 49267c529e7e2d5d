//! One router: a table, and a session with each neighbour. It does what the daemon does, without its threads.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bgp_core::attribute::PathAttributes;
use bgp_core::message::{RouteRefresh, packing};
use bgp_core::policy::{Policy, RouteSource};
use bgp_core::rib::{PeerFacts, Rib, RibConfig};
use bgp_core::session::{
    AddPathMode, ConnectMode, Extensions, Negotiated, RestartConfig, RestartMode, Session, SessionConfig,
};
use bgp_core::types::{AddressFamily, Asn, BgpIdentifier, FamilySet, HoldTime, NextHop, PeerId, Prefix};
use bytes::Bytes;

use super::dice::Dice;
use super::stream::Outbox;
use super::topology::{Route, Table, Topology};

/// Routes that a neighbour is handed at a time.
const PULL_ROUTES: usize = 3;

pub struct Router {
    pub rib: Rib,
    pub own: BTreeSet<Prefix>,
    /// By the number of the neighbour.
    pub ports: BTreeMap<usize, Port>,
    /// A step of the decision process is on the agenda.
    pub deciding: bool,
    /// What is originated has changed and is not decided yet: nobody is sent anything, so that nobody is sent half of it.
    pub changing: bool,
}

/// A session and its connections.
pub struct Port {
    pub session: Session,
    pub dialling: Option<u64>,
    pub outboxes: BTreeMap<u64, Outbox>,
    pub up: Option<Up>,
    /// How often the session was Established.
    pub times_up: u32,
}

/// What there is between Established and Down.
pub struct Up {
    pub connection: u64,
    negotiated: Arc<Negotiated>,
    /// The neighbour can be sent the next routes.
    credit: bool,
    identifier: u32,
}

pub fn peer_id(router: usize) -> PeerId {
    PeerId(u32::try_from(router).unwrap())
}

fn address(router: usize) -> Ipv4Addr {
    Ipv4Addr::from_bits(0xC000_0201 + u32::try_from(router).unwrap())
}

fn address_v6(router: usize) -> Ipv6Addr {
    Ipv6Addr::from_bits(0x2001_0DB8 << 96 | u128::try_from(router + 1).unwrap())
}

/// What changes how routes are written, and not which.
fn extensions(dice: &mut Dice) -> Extensions {
    Extensions {
        extended_messages: dice.one_in(2),
        extended_next_hop: dice.one_in(2),
        add_path: *dice.pick(&[AddPathMode::Off, AddPathMode::Receive, AddPathMode::Send, AddPathMode::Both]),
        ..Extensions::default()
    }
}

fn identifier(bits: u32) -> BgpIdentifier {
    BgpIdentifier::from_bits(bits).unwrap()
}

impl Router {
    pub fn new(number: usize, topology: &Topology, identifiers: &[u32], dice: &mut Dice) -> Self {
        let seed = dice.draw();
        let local_asn = Asn(topology.asns[number]);
        let local_identifier = identifier(identifiers[number]);
        let config = RibConfig { local_asn, local_identifier, always_compare_med: false };
        let mut port = |neighbour: usize| {
            let config = SessionConfig {
                local_asn,
                local_identifier,
                peer_asn: Asn(topology.asns[neighbour]),
                connect: ConnectMode::Both,
                hold_time: HoldTime::DEFAULT,
                minimum_hold_time_secs: 3,
                connect_retry: Duration::from_secs(10),
                initial_hold: SessionConfig::INITIAL_HOLD,
                families: FamilySet::from_iter(AddressFamily::ALL),
                graceful_restart: restart_config(seed),
                extensions: extensions(dice),
            };
            let seed = seed ^ (u64::try_from(number * 16 + neighbour).unwrap() << 32);
            let session = Session::new(config, seed);
            Port { session, dialling: None, outboxes: BTreeMap::new(), up: None, times_up: 0 }
        };
        let ports = topology.neighbours(number).into_iter().map(|neighbour| (neighbour, port(neighbour))).collect();
        Self { rib: Rib::new(config), own: BTreeSet::new(), ports, deciding: false, changing: false }
    }

    pub fn port(&mut self, neighbour: usize) -> &mut Port {
        self.ports.get_mut(&neighbour).expect("a neighbour")
    }

    /// When the next timer of any session expires.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.ports.values().filter_map(|port| port.session.poll_timeout()).min()
    }

    /// Originates the prefix, or stops it.
    pub fn toggle(&mut self, prefix: Prefix) {
        self.changing = true;
        if self.own.remove(&prefix) {
            assert!(self.rib.withdraw_origination(&prefix));
        } else {
            self.own.insert(prefix);
            self.rib.originate(prefix, Arc::new(PathAttributes::default()), Arc::from("pod"));
        }
    }

    pub fn established(
        &mut self,
        number: usize,
        neighbour: usize,
        connection: u64,
        negotiated: Arc<Negotiated>,
        kept: FamilySet,
    ) {
        let facts = PeerFacts {
            id: peer_id(neighbour),
            name: Arc::from("neighbour"),
            asn: negotiated.peer_asn,
            kind: negotiated.peer_kind,
            identifier: negotiated.peer_identifier,
            address: address(neighbour).into(),
            families: negotiated.families,
            next_hop_self_v4: Some(address(number)),
            next_hop_self_v6: Some(NextHop::V6 { global: address_v6(number), link_local: None }),
            encode_context: negotiated.encode,
            med: None,
            max_prefixes: None,
            max_prefixes_out: None,
            local_role: None,
            graceful_shutdown: false,
            enhanced_route_refresh: negotiated.enhanced_route_refresh,
            long_lived_graceful_restart: negotiated.graceful_restart.as_ref().is_some_and(|restart| restart.long_lived),
        };
        let identifier = negotiated.peer_identifier.to_bits();
        let (import, export) = (Arc::new(Policy::accept_all("in")), Arc::new(Policy::accept_all("out")));
        self.rib.peer_returned(facts, import, export, kept);
        let port = self.port(neighbour);
        port.up = Some(Up { connection, negotiated, credit: true, identifier });
        port.times_up += 1;
    }

    pub fn down(&mut self, neighbour: usize, keep: FamilySet, keep_stale: FamilySet) {
        self.rib.peer_away(peer_id(neighbour), keep, keep_stale);
        self.port(neighbour).up = None;
    }

    /// What the table has for the neighbour, if the neighbour has taken all before it: the messages and their connection.
    pub fn messages_for(&mut self, neighbour: usize) -> Option<(u64, Vec<Bytes>)> {
        let up = self.ports.get_mut(&neighbour)?.up.as_mut().filter(|up| up.credit)?;
        let batch = self.rib.pull(peer_id(neighbour), PULL_ROUTES)?;
        let encode = &up.negotiated.encode;
        let announced = batch.announced().map(|(attributes, routes)| (Arc::new(attributes), routes));
        let packed = packing::pack(&announced.collect::<Vec<_>>(), &batch.withdraw, &batch.end_of_rib, encode);
        assert_eq!(packed.unsendable, []);
        let mark =
            |subtype| move |family: &AddressFamily| RouteRefresh { afi_safi: family.afi_safi(), subtype }.encode();
        let begins = batch.refresh_begins.iter().map(mark(RouteRefresh::BEGIN));
        let ends = batch.refresh_ends.iter().map(mark(RouteRefresh::END));
        let messages: Vec<Bytes> = begins.chain(packed.messages).chain(ends).collect();
        up.credit = messages.is_empty();
        Some((up.connection, messages))
    }

    /// The neighbour has taken all that was queued.
    pub fn grant(&mut self, neighbour: usize, connection: u64) {
        if let Some(up) = self.port(neighbour).up.as_mut().filter(|up| up.connection == connection) {
            up.credit = true;
        }
    }

    /// The Loc-RIB, in the words of the naive model.
    pub fn loc_rib(&self) -> Table {
        let mut table = Table::new();
        let mut after = None;
        loop {
            let page = self.rib.best(after, 5);
            for best in page.items {
                let from = match best.source {
                    RouteSource::Originated { .. } => None,
                    RouteSource::Peer(peer) => Some(usize::try_from(peer.0).unwrap()),
                };
                let segments = &best.attributes.as_path.segments;
                let path = segments.iter().flat_map(|segment| &segment.asns).map(|asn| asn.0).collect();
                assert_eq!(table.insert(best.prefix, Route { path, from }), None, "{} twice", best.prefix);
            }
            after = page.next;
            if after.is_none() {
                return table;
            }
        }
    }

    /// What the neighbour was sent, and what it sent, each with its attributes.
    pub fn advertised(&self, neighbour: usize) -> BTreeMap<Prefix, Arc<PathAttributes>> {
        let page = self.rib.advertised(peer_id(neighbour), None, usize::MAX);
        let sent = |route: bgp_core::rib::AdvertisedRoute| {
            assert!(route.sent, "{} was never sent", route.prefix);
            (route.prefix, route.attributes)
        };
        page.items.into_iter().map(sent).collect()
    }

    pub fn learned(&self, neighbour: usize) -> BTreeMap<Prefix, Arc<PathAttributes>> {
        let page = self.rib.learned(peer_id(neighbour), None, usize::MAX);
        page.items.into_iter().map(|route| (route.prefix, route.attributes)).collect()
    }

    /// Whether each family's first announcement of the neighbour has ended, and ours to it, with nothing left to say.
    pub fn is_quiet(&self, neighbour: usize) -> bool {
        let counters = self.rib.peer_counters(peer_id(neighbour));
        let quiet = |family: &bgp_core::rib::FamilyCounters| {
            family.end_of_rib_received && family.end_of_rib_sent && family.pending == 0
        };
        counters.len() == AddressFamily::ALL.len() && counters.iter().all(quiet)
    }
}

/// A network in three keeps no routes over restarts, one only over lost connections, one over all and for long.
fn restart_config(seed: u64) -> RestartConfig {
    let full = RestartConfig { mode: RestartMode::Full, ..RestartConfig::HELPER };
    match seed % 3 {
        0 => RestartConfig::HELPER,
        1 => full,
        _ => RestartConfig { notification: true, long_lived_stale_time_secs: 60, ..full },
    }
}

impl Up {
    pub fn identifier(&self) -> u32 {
        self.identifier
    }
}
