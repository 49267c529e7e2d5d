//! A daemon's inside without the daemon: the real table, real tasks of peers, real channels, and the real socket.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bgp_core::attribute::{AsPath, EncodeContext, PathAttributes, Reachable};
use bgp_core::capability::Capability;
use bgp_core::message::{Open, Update, keepalive};
use bgp_core::nlri::Nlri;
use bgp_core::rib::{Incoming, PeerFacts, Rib, RibConfig};
use bgp_core::session::ConnectMode;
use bgp_core::types::{Asn, BgpIdentifier, Community, FamilySet, HoldTime, NextHop, PeerId, Prefix};
use bgp_daemon::config::{Config, Control, Peer, Router};
use bgp_daemon::control::{self, AuditStatus, Clock, DaemonView, PeerEntry, ReloadOutcome};
use bgp_daemon::inventory::{
    Allocation, Allocations, InventoryFaults, InventoryStatus, ObjectCounts, Owner, Provenance, Range, RangeName,
    ResourcePath, Snapshot, SubnetworkRef, Trust,
};
use bgp_daemon::origination::guard::GuardState;
use bgp_daemon::origination::{
    Addresses, BoundOutcome, Originated, Origination, OriginationSet, Originations, RangeOutcome, RuleOutcome,
    Treatment,
};
use bgp_daemon::peer::{PeerSettings, PeerTask};
use bgp_daemon::rib_owner::{self, FromPeer, OriginationChange, PeerIntake, RibEvent, RibHandle};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const CONFIG: &str = r#"
[router]
asn = 64512
router_id = "169.254.10.1"
region = "us-central1"
listen = ["127.0.0.1:179"]

[inventory]
path = "inventory"

[[advertise]]
role = "pod"
aggregation = { mode = "in-use" }
communities = ["64512:200"]

[[advertise]]
role = "vm"
aggregation = { mode = "subnet-ranges" }

[[peer]]
name = "dc1"
description = "Data centre 1"
address = "169.254.10.2"
asn = 65001
connect = "passive"
import = { allow = ["172.16.0.0/12 le 24"], max_prefixes = 1000 }
export = { roles = ["pod"], learned_from = ["dc2"] }

[[peer]]
name = "dc2"
address = "169.254.20.2"
asn = 65002
connect = "passive"

[[peer]]
name = "dc3"
address = "169.254.30.2"
asn = 65003
enabled = false
import = { allow = ["172.16.0.0/12 le 24"] }
export = { roles = ["*"] }
"#;

/// The peers as numbers.
pub const DC1: PeerId = PeerId(1);
pub const DC2: PeerId = PeerId(2);
const DC3: PeerId = PeerId(3);

/// When the snapshot was taken: 2026-01-02T03:04:05Z.
pub fn taken_at() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_767_323_045)
}

pub fn prefix(text: &str) -> Prefix {
    text.parse().unwrap()
}

fn path(text: &str) -> ResourcePath {
    ResourcePath::parse(text).unwrap()
}

/// One running inside of a daemon.
pub struct World {
    pub socket: PathBuf,
    _directory: TempDir,
    pub rib: RibHandle,
    pub config: watch::Sender<Arc<Config>>,
    pub peers: watch::Sender<Arc<Vec<PeerEntry>>>,
    pub inventory: watch::Sender<Arc<InventoryStatus>>,
    pub originations: watch::Sender<Option<Arc<OriginationSet>>>,
    pub guard: watch::Sender<Arc<GuardState>>,
    pub audit: watch::Sender<Arc<AuditStatus>>,
    pub reload: watch::Sender<Option<Arc<ReloadOutcome>>>,
    pub ready: watch::Sender<bool>,
    pub view: DaemonView,
    pub stop: CancellationToken,
    pub served: JoinHandle<()>,
    pub intake: PeerIntake,
    events: mpsc::UnboundedReceiver<RibEvent>,
    _tasks: Vec<PeerTask>,
}

impl World {
    /// A daemon whose dc1 has sent four routes and whose inventory has three ranges, served at a socket.
    pub async fn start() -> Self {
        let directory = TempDir::new().unwrap();
        let file = directory.path().join("aliasd.toml");
        std::fs::write(&file, CONFIG).unwrap();
        let config = Arc::new(Config::load_with(&file, Vec::new()).unwrap());
        let (rib, _thread) = table(&config.router);
        let (tasks, peers) = peers(&config, &rib);
        let set = Arc::new(origination_set());
        let status = InventoryStatus {
            path: PathBuf::from("/etc/aliasd/inventory"),
            snapshot: Some(Arc::clone(&set.snapshot)),
            checked_at: Some(taken_at()),
            faults: InventoryFaults::default(),
            trust: Trust::Trusted,
            quarantined: 0,
            untrusted_since: None,
        };
        let (config, config_view) = watch::channel(config);
        let (peers, peers_view) = watch::channel(Arc::new(peers));
        let (inventory, inventory_view) = watch::channel(Arc::new(status));
        let (originations, originations_view) = watch::channel(Some(Arc::clone(&set)));
        let (guard, guard_view) = watch::channel(Arc::new(GuardState::default()));
        let (audit, audit_view) = watch::channel(Arc::new(AuditStatus::default()));
        let (reload, reload_view) = watch::channel(None);
        let (ready, ready_view) = watch::channel(true);
        let view = DaemonView {
            started_at: SystemTime::now(),
            rib: rib.clone(),
            config: config_view,
            reload: reload_view,
            peers: peers_view,
            inventory: inventory_view,
            clock: Clock::start(),
            guard: guard_view,
            audit: audit_view,
            ready: ready_view,
            journal: watch::channel(Arc::default()).1,
            originations: originations_view,
        };
        let socket = directory.path().join("aliasd.sock");
        let stop = CancellationToken::new();
        let bound = control::bind(&Control { socket: socket.clone(), mode: 0o600 }).unwrap();
        let served = tokio::spawn(control::serve(bound, view.clone(), stop.clone()));
        let policies = config.borrow().peers[0].clone();
        let import = Arc::new(policies.import_policy());
        let export = Arc::new(policies.export_policy(|name| (name == "dc2").then_some(DC2)));
        let (intake, events) = rib.peer_up(facts(), import, export, FamilySet::EMPTY).unwrap();
        let mut world = Self {
            socket,
            _directory: directory,
            rib,
            config,
            peers,
            inventory,
            originations,
            guard,
            audit,
            reload,
            ready,
            view,
            stop,
            served,
            intake,
            events,
            _tasks: tasks,
        };
        world.originate(&set);
        world.learn(&["172.16.0.0/16", "172.16.1.0/24", "192.168.0.0/16", "10.4.1.0/24"]).await;
        world.send().await;
        world
    }

    fn originate(&self, set: &OriginationSet) {
        let route = |(prefix, origination): (&Prefix, &Origination)| {
            (*prefix, Arc::clone(&origination.attributes), Arc::clone(&origination.role), origination.cost)
        };
        let change = OriginationChange {
            originate: set.originations.iter().map(route).collect(),
            withdraw: Vec::new(),
            own_ranges: Some(set.snapshot.ranges.iter().map(|range| range.prefix).collect()),
        };
        self.rib.change_originations(change).unwrap();
    }

    /// Has dc1 send these prefixes.
    pub async fn learn(&self, prefixes: &[&str]) {
        let attributes = PathAttributes {
            as_path: AsPath::sequence([Asn(65001), Asn(4_200_000_001)]),
            next_hop: Some(NextHop::V4(Ipv4Addr::new(169, 254, 10, 2))),
            multi_exit_disc: Some(10),
            communities: vec![Community(65001 << 16 | 7)],
            ..PathAttributes::default()
        };
        let nlri = prefixes.iter().map(|text| Nlri { prefix: prefix(text), path_id: 0 }).collect();
        let update =
            Update { reachable: vec![Reachable { attributes: Arc::new(attributes), nlri }], ..Update::default() };
        let permit = self.intake.permit().await.unwrap();
        let mut incoming = Incoming::default();
        incoming.push(&update.reachable, &update.withdrawn, update.end_of_rib);
        self.intake.news(vec![FromPeer::Routes(incoming)], permit).unwrap();
        self.until(|rib| rib.counters().dirty == 0).await;
    }

    /// Lets dc1 take what it is to be sent.
    async fn send(&mut self) {
        self.until(|rib| rib.has_pending(DC1)).await;
        self.rib.grant(DC1).unwrap();
        assert!(matches!(self.events.recv().await, Some(RibEvent::Batch(_))));
    }

    /// Waits until the table is so; each question is answered after some more of its work.
    pub async fn until(&self, so: impl Fn(&Rib) -> bool + Clone + Send + 'static) {
        let asked = async { while !self.rib.ask(so.clone()).await.unwrap() {} };
        tokio::time::timeout(Duration::from_secs(20), asked).await.expect("the table must come to rest");
    }
}

/// An UPDATE for 10.9.0.0/16 whose ORIGIN has two octets.
pub const FAULTY: [u8; 31] = [
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0, 31, 2, 0, 0, 0, 5, 0x40, 1, 2,
    0, 0, 16, 10, 9,
];

impl World {
    /// Lets dc2 be a peer on loopback that sends [`FAULTY`] twice; returns when that has been read.
    pub async fn faulty_peer(&self) -> (PeerTask, TcpStream) {
        let (router, mut peer) = {
            let config = self.config.borrow();
            (config.router.clone(), config.peer("dc2").unwrap().clone())
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        (peer.address, peer.port) = ("127.0.0.1".parse().unwrap(), listener.local_addr().unwrap().port());
        peer.connect = ConnectMode::Active;
        let task = PeerTask::start(settings(&peer, &router, DC2), self.rib.clone(), 1);
        let entry = PeerEntry { id: DC2, peer: peer.clone(), status: Some(task.status_door()) };
        self.peers.send_replace(Arc::new(vec![entry]));
        let (mut stream, _) = listener.accept().await.unwrap();
        let identifier = BgpIdentifier::from_bits(0x0A00_0002).unwrap();
        let open = Open::new(peer.asn, HoldTime::DEFAULT, identifier, vec![Capability::FourOctetAsn(peer.asn)]);
        stream.write_all(&open.encode().unwrap()).await.unwrap();
        stream.write_all(&[&keepalive()[..], &FAULTY, &FAULTY].concat()).await.unwrap();
        let read = async { while task.status().await.unwrap().statistics.faulty_updates.count() < 2 {} };
        tokio::time::timeout(Duration::from_secs(20), read).await.expect("the UPDATEs must be read");
        (task, stream)
    }
}

fn facts() -> PeerFacts {
    PeerFacts {
        id: DC1,
        name: Arc::from("dc1"),
        asn: Asn(65001),
        kind: bgp_core::types::PeerKind::External,
        identifier: BgpIdentifier::from_bits(7).unwrap(),
        address: Ipv4Addr::new(169, 254, 10, 2).into(),
        families: FamilySet::from_iter([bgp_core::types::AddressFamily::Ipv4Unicast]),
        next_hop_self_v4: Some(Ipv4Addr::new(169, 254, 10, 1)),
        next_hop_self_v6: None,
        encode_context: EncodeContext::default(),
        med: Some(100),
        max_prefixes: Some(1000),
        max_prefixes_out: None,
        local_role: None,
        graceful_shutdown: true,
        enhanced_route_refresh: false,
        long_lived_graceful_restart: false,
    }
}

/// A table of its own.
pub fn table(router: &Router) -> (RibHandle, std::thread::JoinHandle<()>) {
    let config = RibConfig {
        local_asn: router.asn,
        local_identifier: router.router_id,
        always_compare_med: router.always_compare_med,
    };
    rib_owner::start(config).unwrap()
}

/// What a peer's task must know.
pub fn settings(peer: &Peer, router: &Router, id: PeerId) -> PeerSettings {
    PeerSettings {
        id,
        name: Arc::from(peer.name.as_str()),
        session: peer.session_config(router),
        remote: (peer.address, peer.port).into(),
        local: peer.local_address,
        next_hop_self_v4: None,
        next_hop_self_v6: None,
        med: peer.advertised_route_priority,
        max_prefixes: peer.max_prefixes(),
        max_prefixes_out: peer.max_prefixes_out,
        graceful_shutdown: peer.graceful_shutdown,
        import: Arc::new(peer.import_policy()),
        export: Arc::new(peer.export_policy(|_| None)),
    }
}

/// Tasks for the peers that are enabled; they wait to be called.
fn peers(config: &Config, rib: &RibHandle) -> (Vec<PeerTask>, Vec<PeerEntry>) {
    let mut tasks = Vec::new();
    let mut entries = Vec::new();
    for (peer, id) in config.peers.iter().zip([DC1, DC2, DC3]) {
        let task = peer.enabled.then(|| PeerTask::start(settings(peer, &config.router, id), rib.clone(), 1));
        entries.push(PeerEntry { id, peer: peer.clone(), status: task.as_ref().map(PeerTask::status_door) });
        tasks.extend(task);
    }
    (tasks, entries)
}

fn origination_set() -> OriginationSet {
    let subnetwork = Arc::new(SubnetworkRef {
        path: path("projects/host/regions/us-central1/subnetworks/gke"),
        network: path("projects/host/global/networks/vpc"),
        region: "us-central1".to_owned(),
    });
    let range = |text, name, allocations| Range {
        subnetwork: Arc::clone(&subnetwork),
        name,
        prefix: prefix(text),
        allocations: Allocations::of_keys(allocations),
    };
    let instance = Arc::new(path("projects/svc/zones/us-central1-a/instances/node-1"));
    let interface: Arc<str> = Arc::from("nic0");
    let pods = Owner::AliasRange { instance: Arc::clone(&instance), interface: Arc::clone(&interface) };
    let vm = Owner::Interface { instance, interface };
    let allocation = |text, owner: &Owner| Allocation { prefix: prefix(text), owner: Arc::new(owner.clone()) };
    let snapshot = Snapshot {
        revision: 3,
        taken_at: taken_at(),
        digest: "9f86d081884c7d65".to_owned(),
        ranges: vec![
            range("10.0.0.0/20", RangeName::Primary, vec![allocation("10.0.0.2/32", &vm)]),
            range("10.4.0.0/14", RangeName::Secondary(Arc::from("gke-pods")), vec![allocation("10.4.1.0/24", &pods)]),
            range("10.8.0.0/20", RangeName::Secondary(Arc::from("gke-services")), Vec::new()),
        ],
        counts: ObjectCounts { files: 2, subnetworks: 1, instances: 1, alias_ranges: 1, ..ObjectCounts::default() },
        notes: vec!["node-2 waits for an alias range of gke-pods".to_owned()],
        trust: Trust::Trusted,
        provenance: Provenance::default(),
    };
    let origination = |role: &str, rule, range, communities| {
        Origination::from(Originated {
            attributes: Arc::new(PathAttributes { communities, ..PathAttributes::default() }),
            role: Arc::from(role),
            cost: 0,
            rule: Some(rule),
            ranges: [range].into(),
            in_use: None,
        })
    };
    let outcome = |role: &str, treatment| RangeOutcome { role: Arc::from(role), treatment, cost: 0 };
    OriginationSet {
        snapshot: Arc::new(snapshot),
        originations: Originations::from_iter([
            (prefix("10.0.0.0/20"), origination("vm", 1, 0, Vec::new())),
            (prefix("10.4.1.0/24"), origination("pod", 0, 1, vec![Community(64512 << 16 | 200)])),
        ]),
        guard: GuardState::default(),
        told_by: Arc::default(),
        ranges: [
            outcome("vm", Treatment::Advertised { rule: 1 }),
            outcome("pod", Treatment::Advertised { rule: 0 }),
            outcome("service", Treatment::NoRule),
        ]
        .into(),
        rules: vec![
            RuleOutcome {
                prefixes: 1,
                covered: Addresses { ipv4: 256, ipv6: 0 },
                allocated: Addresses { ipv4: 256, ipv6: 0 },
                bound: Some(BoundOutcome { max_prefixes: Some(100), fewest: 1, exact: 1 }),
                for_peer: None,
                faults: Vec::new(),
            },
            RuleOutcome {
                prefixes: 1,
                covered: Addresses { ipv4: 4096, ipv6: 0 },
                allocated: Addresses { ipv4: 1, ipv6: 0 },
                ..RuleOutcome::default()
            },
        ],
    }
}
