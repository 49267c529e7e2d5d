//! The configuration as the daemon uses it: typed, complete, valid by construction.
//!
//! Only [`Config::load`](super::Config::load) makes one. Nothing here knows TOML, files or the environment.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bgp_core::policy::PrefixRange;
use bgp_core::session::{ConnectMode, Extensions, RestartMode};
use bgp_core::types::{Asn, BgpIdentifier, FamilySet, HoldTime, PeerKind};

use super::advertised::{Advertised, InterRegionCosts};
use super::originations::{AdvertiseRule, RangeRoleRule};
use super::written::Written;

/// A whole valid configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `[router]`: who we are.
    pub router: Router,
    /// `[inventory]`: where the cloud's resources are read from.
    pub inventory: Inventory,
    /// `[[range_role]]` in order, the first match decides; ranges that none matches get the built-in role.
    pub range_roles: Vec<RangeRoleRule>,
    /// `[[advertise]]` in order, the first match per range decides; what none matches is not originated.
    pub advertise: Vec<AdvertiseRule>,
    /// `[journal]`: where a restart starts from; `None` when none is kept.
    pub journal: Option<Journal>,
    /// `[control]`: the read-only socket.
    pub control: Control,
    /// `[admin]`: the socket through which held withdrawals are released.
    pub admin: Control,
    /// `[guard]`: what is withdrawn without asking anybody.
    pub guard: Guard,
    /// `[audit]`: where every change of an advertised route is written; `None` for nowhere.
    pub audit: Option<Audit>,
    /// `[metrics]`: where they can be had over TCP; `None` for nowhere.
    pub metrics: Option<Metrics>,
    /// `[log]`: what is logged and how.
    pub log: Log,
    /// `[[peer]]` in order; names are unique.
    pub peers: Vec<Peer>,
    /// What is legal and probably not meant.
    pub warnings: Vec<Warning>,
    /// The texts that say all this.
    pub written: Arc<Written>,
}

impl Config {
    /// The peer of that name.
    #[must_use]
    pub fn peer(&self, name: &str) -> Option<&Peer> {
        self.peers.iter().find(|peer| peer.name == name)
    }

    /// The enabled peers that take so many prefixes of one family, each with how many.
    pub fn limited_peers(&self) -> impl Iterator<Item = (&Peer, usize)> {
        let enabled = self.peers.iter().filter(|peer| peer.enabled);
        enabled.filter_map(|peer| Some((peer, peer.max_prefixes_out?)))
    }
}

/// `[router]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Router {
    /// Our AS number; neither 0 nor AS_TRANS.
    pub asn: Asn,
    /// Our BGP Identifier.
    pub router_id: BgpIdentifier,
    /// The cloud region we speak for; `None` for all of the inventory.
    pub region: Option<String>,
    /// Where incoming BGP connections are awaited; empty when every peer is dialled. `[::]` stands for IPv6 alone
    /// (IPV6_V6ONLY), so that both wildcards can be bound at once.
    pub listen: Vec<SocketAddr>,
    /// Whether MULTI_EXIT_DISC is compared between routes of different neighbour ASes too.
    pub always_compare_med: bool,
    /// `advertise_mode` and what belongs to it: what a peer is told that says nothing else.
    pub advertised: Advertised,
    /// `routing_mode` and `inter_region_cost`: what becomes of other regions than ours.
    pub inter_region: InterRegionCosts,
}

/// `[inventory]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inventory {
    /// The kind of source.
    pub source: InventorySource,
    /// The directory (or single file) that holds the inventory, resolved against the configuration file's directory.
    pub path: PathBuf,
    /// How often it is read again whatever the file events say.
    pub poll_interval: Duration,
    /// How long the files must stay quiet before they are read.
    pub settle: Duration,
    /// The one VPC network to speak for, as a resource path or name; `None` for all.
    pub network: Option<String>,
    /// Whether an inventory without any subnetwork, or without any instance left, is believed.
    pub allow_empty: bool,
    /// Projects, regions and zones, by path or name, of which something must be there.
    pub scopes: Vec<String>,
    /// Whether the directory must have a manifest.
    pub manifest: ManifestUse,
    /// How old the manifest's `createdAt` may be; `None` when its age does not count.
    pub max_age: Option<Duration>,
}

/// Whether a directory must have a manifest. One that is there counts either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ManifestUse {
    /// It need not.
    #[default]
    Optional,
    /// Without one nothing is withdrawn.
    Required,
}

/// Where inventory comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InventorySource {
    /// Files in a directory.
    Directory,
}

/// `[journal]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal {
    /// Its directory, resolved against the configuration file's directory.
    pub path: PathBuf,
}

/// `[control]` or `[admin]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// The path of the Unix socket.
    pub socket: PathBuf,
    /// Its file mode, 0 to 0o777.
    pub mode: u32,
}

/// `[guard]`: budgets for withdrawals within one window of time, for each peer and for all of them together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guard {
    /// Whether withdrawals are held back at all.
    pub enabled: bool,
    /// Most prefixes that are withdrawn, 0 and up.
    pub max_withdraw_prefixes: u64,
    /// Most percent of the prefixes, 0 to 100.
    pub max_withdraw_percent: u8,
    /// Most percent of the addresses of a family, 0 to 100.
    pub max_withdraw_addresses_percent: u8,
    /// So many prefixes may go whatever the percentages say, while no more than half of the addresses go with them.
    pub always_allowed_prefixes: u64,
    /// How long a withdrawal counts.
    pub window: Duration,
    /// What is never withdrawn unless it is released.
    pub protected: Vec<PrefixRange>,
}

/// `[audit]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// The file; older ones have `.1`, `.2` and so on after its name.
    pub path: PathBuf,
    /// Octets after which another file is begun, 1 MiB to 1 GiB.
    pub max_file_octets: u64,
    /// Files that are kept, the one that is written to among them, 1 to 1000.
    pub max_files: u32,
}

/// `[metrics]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metrics {
    /// Where HTTP is served: `/metrics`, `/healthz` and `/readyz`.
    pub listen: SocketAddr,
}

/// `[log]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// How a line looks.
    pub format: LogFormat,
    /// The filter: a level, or directives as in `info,bgp_core=debug`. `ALIASD_LOG` overrides it in the daemon.
    pub level: String,
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// One `[[peer]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Unique name.
    pub name: String,
    /// Free text for status.
    pub description: Option<String>,
    /// Whether there is a session at all.
    pub enabled: bool,
    /// Its address: unicast, not ours.
    pub address: IpAddr,
    /// The TCP port that is dialled.
    pub port: u16,
    /// The address we bind when dialling, of the same family; `None` lets the kernel choose.
    pub local_address: Option<IpAddr>,
    /// Its AS number; neither 0 nor AS_TRANS.
    pub asn: Asn,
    /// Who opens the TCP connection.
    pub connect: ConnectMode,
    /// The hold time we offer.
    pub hold_time: HoldTime,
    /// The shortest hold time in seconds we agree to: 3 to 65535. An agreed 0 (no keepalives) is not shorter.
    pub minimum_hold_time_secs: u16,
    /// How long a dial may take, and the longest wait after one that failed, before jitter.
    pub connect_retry: Duration,
    /// How long a connected peer may take to send its OPEN.
    pub initial_hold: Duration,
    /// The families we offer; not empty.
    pub families: FamilySet,
    /// What of ours it is told, within `export`: its own, or what the router says.
    pub advertised: Advertised,
    /// The costs above 0 that its routes may have, as the router says.
    pub inter_region: InterRegionCosts,
    /// The MULTI_EXIT_DISC of originations that carry none of their own, to which the cost of their region is added.
    pub advertised_route_priority: u32,
    /// How many prefixes of one family it takes before it closes the session, 2 to 10000; `None` for no limit.
    pub max_prefixes_out: Option<usize>,
    /// The next hop of IPv4 routes; `None` for the session's local address.
    pub next_hop_self_v4: Option<Ipv4Addr>,
    /// The next hop of IPv6 routes; `None` for the session's local address.
    pub next_hop_self_v6: Option<Ipv6Addr>,
    /// What is offered to it beyond RFC 4271.
    pub extensions: Extensions,
    /// Whether routes that it marks with GRACEFUL_SHUTDOWN get the lowest preference (RFC 8326).
    pub graceful_shutdown: bool,
    /// What happens to routes when one of the two restarts.
    pub graceful_restart: GracefulRestart,
    /// What is accepted from it; `None`: nothing (RFC 8212).
    pub import: Option<ImportRules>,
    /// What is advertised to it; `None`: nothing (RFC 8212).
    pub export: Option<ExportRules>,
}

impl Peer {
    /// Whether it is in our AS.
    #[must_use]
    pub fn kind(&self, local_asn: Asn) -> PeerKind {
        if self.asn == local_asn { PeerKind::Internal } else { PeerKind::External }
    }

    /// How many routes of one family it may send before the session is closed; `None` for no limit.
    #[must_use]
    pub fn max_prefixes(&self) -> Option<usize> {
        self.import.as_ref().and_then(|import| import.max_prefixes)
    }
}

/// `graceful_restart` of a peer (RFC 4724).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GracefulRestart {
    /// Our part.
    pub mode: RestartMode,
    /// How long the peer is to wait for us, 0 to 4095 seconds; in full mode.
    pub restart_time_secs: u16,
    /// How long routes stay that a peer which is back does not announce again.
    pub stale_time: Duration,
    /// Whether routes also stay after a NOTIFICATION or an expired hold timer (RFC 8538).
    pub notification: bool,
    /// How long routes stay after the peer's restart time, least preferred, 0 to 16777215 seconds; 0: not (RFC 9494).
    pub long_lived_stale_time_secs: u32,
}

/// `import` of a peer: deny is read first, what nothing allows is rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportRules {
    /// What is accepted. A default route is accepted only by an entry that is 0.0.0.0/0 or ::/0 itself.
    pub allow: Vec<PrefixRange>,
    /// What is rejected although allowed.
    pub deny: Vec<PrefixRange>,
    /// Most routes of one family that it may send, 1 and up, counted before allow and deny; one more closes the session.
    pub max_prefixes: Option<usize>,
}

/// `export` of a peer: deny is read first, what nothing allows is not advertised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportRules {
    /// Which of our originations, by role.
    pub roles: Vec<RoleSelector>,
    /// Which prefixes among those; `None` for all.
    pub allow: Option<Vec<PrefixRange>>,
    /// What is held back although allowed.
    pub deny: Vec<PrefixRange>,
    /// Names of the peers whose learned routes are passed on (transit between sites); `*` for all others.
    pub learned_from: Vec<String>,
}

impl ExportRules {
    /// All of ours that the peer's mode has, and nothing learned.
    #[must_use]
    pub fn everything() -> Self {
        Self { roles: vec![RoleSelector::Any], allow: None, deny: Vec::new(), learned_from: Vec::new() }
    }
}

/// Stands for every other peer in `export.learned_from`.
pub const ANY_PEER: &str = "*";

/// One entry of `export.roles`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RoleSelector {
    /// `"*"`: every role.
    Any,
    /// One role.
    Role(String),
}

/// Something legal that is probably not meant, for the log and `status`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Warning {
    /// The key it is about, as in `peer[dc1].export`.
    pub key: String,
    /// What follows from it.
    pub text: String,
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.key, self.text)
    }
}
