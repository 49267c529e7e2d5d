//! `[router]`, `[inventory]`, `[control]`, `[admin]`, `[metrics]` and `[log]`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use bgp_core::types::{AS_TRANS, Asn, BgpIdentifier};

use super::Checker;
use super::advertised::OfRouter;
use crate::config::key::{KeyPath, is_plain_word};
use crate::config::model::{
    Control, Inventory, InventorySource, Journal, Log, LogFormat, ManifestUse, Metrics, Router,
};
use crate::config::shape;

/// The port of BGP (RFC 4271 section 8.2.1).
pub(super) const BGP_PORT: u16 = 179;

/// Longest path of a Unix socket on Linux, without its closing zero.
const MAX_SOCKET_PATH_LEN: usize = 107;

pub(super) fn router(
    written: Option<shape::Router>,
    of_router: &OfRouter,
    checker: &mut Checker<'_>,
) -> Option<Router> {
    let at = KeyPath::section("router");
    let written = checker.required(&at, written, "a table with asn and router_id")?;
    let asn = own_or_peer_asn(&at.key("asn"), written.asn, checker);
    let router_id = identifier(&at.key("router_id"), written.router_id, checker);
    let region = optional_word(&at.key("region"), written.region, "a region as in \"us-central1\"", checker);
    let listen = listen(&at.key("listen"), written.listen, checker);
    let always_compare_med = written.always_compare_med.unwrap_or(false);
    let OfRouter { advertised, inter_region, .. } = of_router.clone();
    Some(Router { asn: asn?, router_id: router_id?, region, listen, always_compare_med, advertised, inter_region })
}

/// An AS number that can stand in an OPEN as somebody's own: not 0 (RFC 7607), not AS_TRANS (RFC 6793 section 9).
pub(super) fn own_or_peer_asn(at: &KeyPath, written: Option<u32>, checker: &mut Checker<'_>) -> Option<Asn> {
    const EXPECTED: &str = "an AS number from 1 to 4294967295, not 23456";
    let asn = Asn(checker.required(at, written, EXPECTED)?);
    checker.legal(at, asn, |asn| !asn.is_zero() && *asn != AS_TRANS, EXPECTED)
}

fn identifier(at: &KeyPath, written: Option<String>, checker: &mut Checker<'_>) -> Option<BgpIdentifier> {
    const EXPECTED: &str = "a dotted quad other than 0.0.0.0, as in \"169.254.10.1\"";
    let text = checker.required(at, written, EXPECTED)?;
    checker.parsed(at, &text, |_| format!("expected {EXPECTED}"))
}

fn optional_word(at: &KeyPath, written: Option<String>, expected: &str, checker: &mut Checker<'_>) -> Option<String> {
    checker.legal(at, written?, |text| is_plain_word(text), expected)
}

fn listen(at: &KeyPath, written: Option<Vec<String>>, checker: &mut Checker<'_>) -> Vec<SocketAddr> {
    let any = [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)];
    let Some(texts) = written else { return any.map(|address| SocketAddr::new(address, BGP_PORT)).to_vec() };
    let mut listen: Vec<SocketAddr> = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let at = at.index(index);
        let Some(address) = own_address(&at, text, "0.0.0.0:179 or [::]:179", checker) else { continue };
        if let Some(other) = listen.iter().find(|other| collide(other, &address)) {
            checker.fault(&at, format!("{other} stands before it and takes the same connections; expected each once"));
        } else {
            listen.push(address);
        }
    }
    listen
}

/// An address and port of this host, as in `example`.
fn own_address(at: &KeyPath, text: &str, example: &str, checker: &mut Checker<'_>) -> Option<SocketAddr> {
    let address: SocketAddr = checker.parsed(at, text, |_| format!("expected address:port as in {example}"))?;
    let address = checker.legal(at, address, |address| address.port() != 0, "a port from 1 to 65535")?;
    if address.ip().is_multicast() {
        checker.fault(at, "a multicast address cannot be listened on; expected an address of this host");
        return None;
    }
    Some(address)
}

/// Whether both cannot be bound at once: the same port, and the same address or one of them is the family's wildcard.
fn collide(one: &SocketAddr, other: &SocketAddr) -> bool {
    let (a, b) = (one.ip(), other.ip());
    one.port() == other.port() && a.is_ipv4() == b.is_ipv4() && (a == b || a.is_unspecified() || b.is_unspecified())
}

pub(super) fn inventory(written: Option<shape::Inventory>, checker: &mut Checker<'_>) -> Option<Inventory> {
    let at = KeyPath::section("inventory");
    let written = checker.required(&at, written, "a table with path")?;
    let source = written.source.unwrap_or_else(|| "directory".to_owned());
    let source = checker.word(&at.key("source"), &source, &[("directory", InventorySource::Directory)]);
    let path = checker.required(&at.key("path"), written.path, "the directory that holds the inventory");
    let path = path.and_then(|path| checker.resolved(&at.key("path"), &path));
    let poll = written.poll_interval_secs.unwrap_or(30);
    let poll =
        checker.legal(&at.key("poll_interval_secs"), poll, |poll| (1..=86400).contains(poll), "1 to 86400 seconds");
    let settle = written.settle_ms.unwrap_or(100);
    let settle = checker.legal(&at.key("settle_ms"), settle, |settle| *settle <= 60000, "0 to 60000 milliseconds");
    let network = match written.network {
        Some(network) => {
            let expected = "a network as in \"projects/p/global/networks/vpc\" or \"vpc\"";
            Some(checker.legal(&at.key("network"), network, |text| is_resource(text), expected)?)
        }
        None => None,
    };
    let scopes = scopes(&at.key("scopes"), written.scopes, checker);
    let manifest = written.manifest.unwrap_or_else(|| "optional".to_owned());
    let uses = [("optional", ManifestUse::Optional), ("required", ManifestUse::Required)];
    let manifest = checker.word(&at.key("manifest"), &manifest, &uses);
    let max_age = match written.max_age_secs {
        Some(age) => Some(checker.legal(&at.key("max_age_secs"), age, |age| *age > 0, "1 to 4294967295 seconds")?),
        None => None,
    };
    Some(Inventory {
        source: source?,
        path: path?,
        poll_interval: Duration::from_secs(poll?.into()),
        settle: Duration::from_millis(settle?.into()),
        network,
        allow_empty: written.allow_empty.unwrap_or(false),
        scopes,
        manifest: manifest?,
        max_age: max_age.map(|age| Duration::from_secs(age.into())),
    })
}

fn scopes(at: &KeyPath, written: Option<Vec<String>>, checker: &mut Checker<'_>) -> Vec<String> {
    let scopes = written.unwrap_or_default();
    checker.distinct(at, &scopes);
    let expected = "a project, region or zone as in \"projects/p/zones/us-central1-a\" or \"us-central1-a\"";
    for (index, scope) in scopes.iter().enumerate() {
        let is_scope = is_resource(scope) && (!scope.contains('/') || scope.starts_with("projects/"));
        if !is_scope || scope.ends_with('/') {
            checker.fault(&at.index(index), format!("expected {expected}"));
        }
    }
    scopes
}

/// Whether the text can be a resource's name, path or URL.
pub(super) fn is_resource(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(|char| char.is_whitespace() || char.is_control())
}

/// `None` is a fault.
pub(super) fn journal(written: shape::Journal, checker: &mut Checker<'_>) -> Option<Journal> {
    let at = KeyPath::section("journal").key("path");
    let path = checker.required(&at, written.path, "the directory that the journal is kept in")?;
    Some(Journal { path: checker.resolved(&at, &path)? })
}

pub(super) fn control(written: shape::Control, checker: &mut Checker<'_>) -> Option<Control> {
    let socket = written.socket.unwrap_or_else(|| "/run/aliasd/aliasd.sock".to_owned());
    let mode = written.mode.unwrap_or_else(|| "0660".to_owned());
    unix_socket(&KeyPath::section("control"), &socket, &mode, checker)
}

pub(super) fn admin(written: shape::Admin, control: Option<&Control>, checker: &mut Checker<'_>) -> Option<Control> {
    let at = KeyPath::section("admin");
    // Beside the other one, so that two daemons that are apart stay apart.
    let beside = || Some(beside(&control?.socket));
    let socket = written.socket.or_else(beside)?;
    let mode = written.mode.unwrap_or_else(|| "0600".to_owned());
    let admin = unix_socket(&at, &socket, &mode, checker)?;
    let is_control = control.is_some_and(|control| control.socket == admin.socket);
    let expected = "another path than control.socket: who may look must not be able to release";
    checker.legal(&at.key("socket"), admin, |_| !is_control, expected)
}

/// `aliasd-admin.sock` for `aliasd.sock`.
fn beside(control: &Path) -> String {
    let part = |part: Option<&std::ffi::OsStr>| part.map(|part| part.to_string_lossy().into_owned());
    let stem = part(control.file_stem()).unwrap_or_default();
    let extension = part(control.extension()).map_or_else(String::new, |extension| format!(".{extension}"));
    control.with_file_name(format!("{stem}-admin{extension}")).to_string_lossy().into_owned()
}

fn unix_socket(at: &KeyPath, socket: &str, mode: &str, checker: &mut Checker<'_>) -> Option<Control> {
    let socket = checker.resolved(&at.key("socket"), socket).and_then(|socket| {
        let fits = |socket: &std::path::PathBuf| socket_path_len(socket) <= MAX_SOCKET_PATH_LEN;
        checker.legal(&at.key("socket"), socket, fits, "a path of at most 107 octets (the kernel's limit for sockets)")
    });
    let octal = (3..=4).contains(&mode.len()) && mode.chars().all(|char| char.is_digit(8));
    let mode = u32::from_str_radix(mode, 8).unwrap_or(u32::MAX);
    let legal = |mode: &u32| octal && *mode <= 0o777;
    let mode = checker.legal(&at.key("mode"), mode, legal, "an octal file mode from \"0000\" to \"0777\"");
    Some(Control { socket: socket?, mode: mode? })
}

fn socket_path_len(path: &Path) -> usize {
    path.as_os_str().as_encoded_bytes().len()
}

pub(super) fn metrics(written: shape::Metrics, router: Option<&Router>, checker: &mut Checker<'_>) -> Option<Metrics> {
    const EXAMPLE: &str = "127.0.0.1:9179 or [::1]:9179";
    let at = KeyPath::section("metrics").key("listen");
    let text = checker.required(&at, written.listen, &format!("address:port as in {EXAMPLE}"))?;
    let listen = own_address(&at, &text, EXAMPLE, checker)?;
    let other = router.and_then(|router| router.listen.iter().find(|other| collide(other, &listen)));
    if let Some(other) = other {
        checker.fault(&at, format!("router.listen has {other}, which takes the same connections; expected another"));
        return None;
    }
    if !listen.ip().to_canonical().is_loopback() {
        checker.warn(&at, "not a loopback address: whoever reaches it may read names of peers and counts of routes");
    }
    Some(Metrics { listen })
}

pub(super) fn log(written: shape::Log, checker: &mut Checker<'_>) -> Option<Log> {
    let at = KeyPath::section("log");
    let format = written.format.unwrap_or_else(|| "text".to_owned());
    let formats = [("text", LogFormat::Text), ("json", LogFormat::Json)];
    let format = checker.word(&at.key("format"), &format, &formats);
    let level = written.level.unwrap_or_else(|| "info".to_owned());
    let expected = "error, warn, info, debug, trace or off, alone or with targets as in \"info,bgp_core=debug\"";
    let level = checker.legal(&at.key("level"), level, |level| is_filter(level), expected);
    Some(Log { format: format?, level: level? })
}

/// Whether the text is a log filter. A bare word must be a level: the filter's own grammar takes any other for a target
/// and would log everything of nothing.
fn is_filter(text: &str) -> bool {
    const LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];
    let words_are_levels =
        text.split(',').all(|part| part.contains('=') || LEVELS.contains(&part.trim().to_lowercase().as_str()));
    words_are_levels && tracing_subscriber::EnvFilter::builder().parse(text).is_ok()
}
