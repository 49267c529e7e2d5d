//! The configuration as it is written: every key there is, each optional, nothing interpreted.
//!
//! What a key means, its unit, range and default stand in configs/annotated.toml, which a test compares with this file.
//! No key holds a secret, so that values can be shown in messages: a secret is a file, and its key names the file.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "tables")]
pub(super) struct File {
    pub router: Option<Router>,
    pub inventory: Option<Inventory>,
    pub range_role: Option<Vec<RangeRole>>,
    pub advertise: Option<Vec<Advertise>>,
    pub journal: Option<Journal>,
    pub control: Option<Control>,
    pub admin: Option<Admin>,
    pub guard: Option<Guard>,
    pub audit: Option<Audit>,
    pub metrics: Option<Metrics>,
    pub log: Option<Log>,
    pub peer: Option<Vec<Peer>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table, [router]")]
pub(super) struct Router {
    pub asn: Option<u32>,
    pub router_id: Option<String>,
    pub region: Option<String>,
    pub listen: Option<Vec<String>>,
    pub always_compare_med: Option<bool>,
    pub advertise_mode: Option<String>,
    pub advertised_groups: Option<Vec<String>>,
    pub advertised_ip_ranges: Option<Vec<AdvertisedIpRange>>,
    pub routing_mode: Option<String>,
    pub inter_region_cost: Option<BTreeMap<String, u32>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table as in { range = \"10.0.0.0/8\" }")]
pub(super) struct AdvertisedIpRange {
    pub range: Option<String>,
    pub description: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table, [inventory]")]
pub(super) struct Inventory {
    pub source: Option<String>,
    pub path: Option<String>,
    pub poll_interval_secs: Option<u32>,
    pub settle_ms: Option<u32>,
    pub network: Option<String>,
    pub allow_empty: Option<bool>,
    pub scopes: Option<Vec<String>>,
    pub manifest: Option<String>,
    pub max_age_secs: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table, [[range_role]]")]
pub(super) struct RangeRole {
    pub subnetwork: Option<String>,
    pub range: Option<String>,
    pub role: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table, [[advertise]]")]
pub(super) struct Advertise {
    pub role: Option<String>,
    pub range: Option<String>,
    pub group: Option<String>,
    pub aggregation: Option<Aggregation>,
    pub communities: Option<Vec<String>>,
    pub large_communities: Option<Vec<String>>,
    pub med: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table as in { mode = \"in-use\" }")]
pub(super) struct Aggregation {
    pub mode: Option<String>,
    pub max_prefixes: Option<u32>,
    pub min_length: Option<u8>,
    pub max_length: Option<u8>,
    pub min_length_v6: Option<u8>,
    pub max_length_v6: Option<u8>,
    pub keep_percent: Option<u16>,
    pub hold_down_secs: Option<u32>,
    pub while_allocated: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table, [journal]")]
pub(super) struct Journal {
    pub path: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table, [control]")]
pub(super) struct Control {
    pub socket: Option<String>,
    pub mode: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table, [admin]")]
pub(super) struct Admin {
    pub socket: Option<String>,
    pub mode: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table, [guard]")]
pub(super) struct Guard {
    pub enabled: Option<bool>,
    pub max_withdraw_prefixes: Option<u32>,
    pub max_withdraw_percent: Option<u16>,
    pub max_withdraw_addresses_percent: Option<u16>,
    pub always_allowed_prefixes: Option<u32>,
    pub window_secs: Option<u32>,
    pub protected: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table, [audit]")]
pub(super) struct Audit {
    pub path: Option<String>,
    pub max_file_mib: Option<u32>,
    pub max_files: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table, [metrics]")]
pub(super) struct Metrics {
    pub listen: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table, [log]")]
pub(super) struct Log {
    pub format: Option<String>,
    pub level: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table, [[peer]]")]
pub(super) struct Peer {
    pub name: Option<String>,
    pub description: Option<String>,
    pub enabled: Option<bool>,
    pub address: Option<String>,
    pub port: Option<u16>,
    pub local_address: Option<String>,
    pub asn: Option<u32>,
    pub connect: Option<String>,
    pub hold_time_secs: Option<u16>,
    pub min_hold_time_secs: Option<u16>,
    pub connect_retry_secs: Option<u32>,
    pub initial_hold_time_secs: Option<u32>,
    pub families: Option<Vec<String>>,
    pub advertise_mode: Option<String>,
    pub advertised_groups: Option<Vec<String>>,
    pub advertised_ip_ranges: Option<Vec<AdvertisedIpRange>>,
    pub advertised_route_priority: Option<u32>,
    pub max_prefixes_out: Option<PrefixLimit>,
    pub next_hop_self_v4: Option<String>,
    pub next_hop_self_v6: Option<String>,
    pub extended_messages: Option<bool>,
    pub extended_next_hop: Option<bool>,
    pub add_path: Option<String>,
    pub local_role: Option<String>,
    pub strict_role: Option<bool>,
    pub accept_as_set: Option<bool>,
    pub graceful_shutdown: Option<bool>,
    pub graceful_restart: Option<GracefulRestart>,
    pub import: Option<Import>,
    pub export: Option<Export>,
}

/// A number, or a name that stands for one.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "a whole number, or the name of a limit in quotes")]
pub(super) enum PrefixLimit {
    Number(u32),
    Name(String),
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table as in { mode = \"helper\" }")]
pub(super) struct GracefulRestart {
    pub mode: Option<String>,
    pub restart_time_secs: Option<u16>,
    pub stale_time_secs: Option<u16>,
    pub notification: Option<bool>,
    pub long_lived_stale_time_secs: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table as in { allow = [\"10.0.0.0/8 le 24\"] }")]
pub(super) struct Import {
    pub allow: Option<Vec<String>>,
    pub deny: Option<Vec<String>>,
    pub max_prefixes: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table as in { roles = [\"pod\"] }")]
pub(super) struct Export {
    pub roles: Option<Vec<String>>,
    pub allow: Option<Vec<String>>,
    pub deny: Option<Vec<String>>,
    pub learned_from: Option<Vec<String>>,
}
