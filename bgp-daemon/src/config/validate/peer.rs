//! One `[[peer]]` by itself; what concerns several stands in `across`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use bgp_core::session::{ConnectMode, RestartConfig, RestartMode, SessionConfig};
use bgp_core::types::{AddressFamily, FamilySet, HoldTime};

use super::advertised::OfRouter;
use super::sections::{BGP_PORT, own_or_peer_asn};
use super::{Checker, advertised, extensions, rules};
use crate::config::key::{KeyPath, is_plain_word};
use crate::config::model::{ExportRules, GracefulRestart, Peer};
use crate::config::shape;

/// The MULTI_EXIT_DISC that Cloud Router gives when none is configured.
const DEFAULT_PRIORITY: u32 = 100;

/// Every peer in its place; `None` for one with faults of its own.
pub(super) fn peers(written: Vec<shape::Peer>, router: &OfRouter, checker: &mut Checker<'_>) -> Vec<Option<Peer>> {
    written.into_iter().enumerate().map(|(index, peer)| one(index, peer, router, checker)).collect()
}

fn one(index: usize, written: shape::Peer, router: &OfRouter, checker: &mut Checker<'_>) -> Option<Peer> {
    let at = KeyPath::section("peer").index(index);
    let advertised = advertised::of_peer(&at, &written, router, checker);
    let has_mode = router.mode_is_written || written.advertise_mode.is_some();
    let extensions = extensions::extensions(&at, &written, checker);
    let name = name(&at.key("name"), written.name, checker);
    let address = checker.required(&at.key("address"), written.address, "the peer's address");
    let address = address.and_then(|text| checker.unicast(&at.key("address"), &text));
    let port = written.port.unwrap_or(BGP_PORT);
    let port = checker.legal(&at.key("port"), port, |port| *port != 0, "a port from 1 to 65535");
    let local_address = local_address(&at.key("local_address"), written.local_address, address, checker);
    let asn = own_or_peer_asn(&at.key("asn"), written.asn, checker);
    let connect = written.connect.unwrap_or_else(|| "both".to_owned());
    let modes = [("both", ConnectMode::Both), ("active", ConnectMode::Active), ("passive", ConnectMode::Passive)];
    let connect = checker.word(&at.key("connect"), &connect, &modes);
    let hold_time = hold_time(&at, written.hold_time_secs, checker);
    let minimum_hold_time_secs = minimum_hold_time(&at, written.min_hold_time_secs, hold_time, checker);
    let retry = written.connect_retry_secs.unwrap_or(120);
    let retry =
        checker.legal(&at.key("connect_retry_secs"), retry, |secs| (1..=65535).contains(secs), "1 to 65535 seconds");
    let initial_hold = initial_hold(&at.key("initial_hold_time_secs"), written.initial_hold_time_secs, checker);
    let families = families(&at.key("families"), written.families, checker);
    let max_prefixes_out = max_prefixes_out(&at.key("max_prefixes_out"), written.max_prefixes_out, checker);
    let next_hop_self_v4 = next_hop_v4(&at.key("next_hop_self_v4"), written.next_hop_self_v4, checker);
    let next_hop_self_v6 = next_hop_v6(&at.key("next_hop_self_v6"), written.next_hop_self_v6, checker);
    let graceful_restart = graceful_restart(&at.key("graceful_restart"), written.graceful_restart, checker);
    let import = written.import.map(|import| rules::import(&at.key("import"), import, checker));
    let export = written.export.map(|export| rules::export(&at.key("export"), export, has_mode, checker));
    let export = export.or_else(|| has_mode.then(ExportRules::everything));
    Some(Peer {
        name: name?,
        description: written.description.filter(|text| !text.is_empty()),
        enabled: written.enabled.unwrap_or(true),
        address: address?,
        port: port?,
        local_address,
        asn: asn?,
        connect: connect?,
        hold_time: hold_time?,
        minimum_hold_time_secs: minimum_hold_time_secs?,
        connect_retry: Duration::from_secs(retry?.into()),
        initial_hold: initial_hold?,
        families: families?,
        advertised,
        inter_region: router.inter_region.clone(),
        advertised_route_priority: written.advertised_route_priority.unwrap_or(DEFAULT_PRIORITY),
        max_prefixes_out,
        next_hop_self_v4,
        next_hop_self_v6,
        extensions: extensions?,
        graceful_shutdown: written.graceful_shutdown.unwrap_or(true),
        graceful_restart: graceful_restart?,
        import,
        export,
    })
}

/// What the routers of large clouds take of one family from a peer.
const TAKEN_BY_CLOUDS: [(&str, usize); 4] = [
    ("aws-direct-connect", 100),
    ("aws-transit-gateway-connect", 1000),
    ("azure-route-server", 1000),
    ("google-cloud-router", 5000),
];

/// The largest limit: what goes out is compared as a whole with each change, by a thread that serves all peers.
const MOST_TAKEN: u32 = 10_000;

fn max_prefixes_out(at: &KeyPath, written: Option<shape::PrefixLimit>, checker: &mut Checker<'_>) -> Option<usize> {
    let number = match written? {
        shape::PrefixLimit::Number(number) => Some(number),
        // From the environment every value is text.
        shape::PrefixLimit::Name(name) => match TAKEN_BY_CLOUDS.iter().find(|(known, _)| *known == name) {
            Some((_, most)) => return Some(*most),
            None => name.parse().ok(),
        },
    };
    let most = number.filter(|most| (2..=MOST_TAKEN).contains(most)).and_then(|most| usize::try_from(most).ok());
    if most.is_none() {
        let names: Vec<String> = TAKEN_BY_CLOUDS.iter().map(|(name, most)| format!("{name:?} ({most})")).collect();
        checker.fault(at, format!("expected 2 to {MOST_TAKEN} prefixes, or the name of a limit: {}", names.join(", ")));
    }
    most
}

fn name(at: &KeyPath, written: Option<String>, checker: &mut Checker<'_>) -> Option<String> {
    const EXPECTED: &str = "a name of 1 to 63 letters, digits, '.', '_', '-'";
    let name = checker.required(at, written, EXPECTED)?;
    checker.legal(at, name, |name| is_plain_word(name), EXPECTED)
}

fn local_address(
    at: &KeyPath,
    written: Option<String>,
    peer: Option<IpAddr>,
    checker: &mut Checker<'_>,
) -> Option<IpAddr> {
    let local = checker.unicast(at, &written?)?;
    match peer {
        Some(peer) if peer == local => checker.fault(at, "this is the peer's address; expected ours"),
        Some(peer) if peer.is_ipv4() != local.is_ipv4() => {
            checker.fault(at, format!("expected an address of the same family as {peer}"));
        }
        _ => {}
    }
    Some(local)
}

fn hold_time(at: &KeyPath, written: Option<u16>, checker: &mut Checker<'_>) -> Option<HoldTime> {
    let at = at.key("hold_time_secs");
    let Some(seconds) = written else { return Some(HoldTime::DEFAULT) };
    if seconds == 0 {
        checker.warn(&at, "0 turns keepalives off: a peer that is gone is not noticed");
    }
    match HoldTime::from_secs(seconds) {
        Ok(hold_time) => Some(hold_time),
        Err(_) => {
            checker.fault(&at, "expected 0, or 3 to 65535 seconds (RFC 4271 section 4.2)");
            None
        }
    }
}

fn initial_hold(at: &KeyPath, written: Option<u32>, checker: &mut Checker<'_>) -> Option<Duration> {
    let Some(secs) = written else { return Some(SessionConfig::INITIAL_HOLD) };
    let secs = checker.legal(at, secs, |secs| (3..=65535).contains(secs), "3 to 65535 seconds")?;
    Some(Duration::from_secs(secs.into()))
}

fn minimum_hold_time(
    at: &KeyPath,
    written: Option<u16>,
    hold_time: Option<HoldTime>,
    checker: &mut Checker<'_>,
) -> Option<u16> {
    let at = at.key("min_hold_time_secs");
    let minimum = checker.legal(&at, written.unwrap_or(3), |secs| *secs >= 3, "3 to 65535 seconds")?;
    if let Some(offered) = hold_time.map(HoldTime::as_secs)
        && offered != 0
        && offered < minimum
    {
        checker.fault(&at, format!("expected at most hold_time_secs, which is {offered}"));
    }
    Some(minimum)
}

fn families(at: &KeyPath, written: Option<Vec<String>>, checker: &mut Checker<'_>) -> Option<FamilySet> {
    const EXPECTED: &str = "\"ipv4-unicast\", \"ipv6-unicast\" or both";
    let Some(texts) = written else { return Some(FamilySet::from_iter([AddressFamily::Ipv4Unicast])) };
    if texts.is_empty() {
        checker.fault(at, format!("expected {EXPECTED}"));
    }
    let families: Vec<AddressFamily> = checker.distinct_list(at, &texts, |_: String| format!("expected {EXPECTED}"));
    Some(families.into_iter().collect())
}

fn next_hop_v4(at: &KeyPath, written: Option<String>, checker: &mut Checker<'_>) -> Option<Ipv4Addr> {
    match checker.unicast(at, &written?)? {
        IpAddr::V4(address) => Some(address),
        IpAddr::V6(_) => {
            checker.fault(at, "expected an IPv4 address");
            None
        }
    }
}

fn next_hop_v6(at: &KeyPath, written: Option<String>, checker: &mut Checker<'_>) -> Option<Ipv6Addr> {
    match checker.unicast(at, &written?)? {
        IpAddr::V6(address) => Some(address),
        IpAddr::V4(_) => {
            checker.fault(at, "expected an IPv6 address");
            None
        }
    }
}

fn graceful_restart(
    at: &KeyPath,
    written: Option<shape::GracefulRestart>,
    checker: &mut Checker<'_>,
) -> Option<GracefulRestart> {
    const MODES: [(&str, RestartMode); 3] =
        [("helper", RestartMode::Helper), ("full", RestartMode::Full), ("off", RestartMode::Off)];
    let written = written.unwrap_or_default();
    let mode = written.mode.unwrap_or_else(|| "helper".to_owned());
    let mode = checker.word(&at.key("mode"), &mode, &MODES);
    if written.restart_time_secs.is_some() && mode.is_some_and(|mode| mode != RestartMode::Full) {
        checker.warn(&at.key("restart_time_secs"), "is told to the peer in mode \"full\" only");
    }
    let restart_time = written.restart_time_secs.unwrap_or(RestartConfig::RESTART_TIME_SECS);
    let restart_time =
        checker.legal(&at.key("restart_time_secs"), restart_time, |secs| *secs <= 4095, "0 to 4095 seconds");
    let stale_time = written.stale_time_secs.map_or(RestartConfig::STALE_TIME, |secs| Duration::from_secs(secs.into()));
    let stale_time =
        checker.legal(&at.key("stale_time_secs"), stale_time, |time| !time.is_zero(), "1 to 65535 seconds");
    let long_lived = written.long_lived_stale_time_secs.unwrap_or(0);
    let long_lived = checker.legal(
        &at.key("long_lived_stale_time_secs"),
        long_lived,
        |secs| *secs <= 0x00FF_FFFF,
        "0 to 16777215 seconds",
    );
    Some(GracefulRestart {
        mode: mode?,
        restart_time_secs: restart_time?,
        stale_time: stale_time?,
        notification: written.notification.unwrap_or(false),
        long_lived_stale_time_secs: long_lived?,
    })
}
