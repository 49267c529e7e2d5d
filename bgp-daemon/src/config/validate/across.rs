//! What concerns more than one place of the configuration, and what is legal but probably not meant.

use std::collections::BTreeSet;

use bgp_core::session::ConnectMode;
use bgp_core::types::AddressFamily;
use config::ValueKind;

use super::{Checker, extensions};
use crate::config::key::KeyPath;
use crate::config::model::{ANY_PEER, ExportRules, Peer, RoleSelector, Router};
use crate::config::originations::{AdvertiseRule, RangeSelector};

pub(super) fn check(
    router: Option<&Router>,
    advertise: &[AdvertiseRule],
    peers: &[Option<Peer>],
    checker: &mut Checker<'_>,
) {
    let names = names(peers, checker);
    unique_names(&names, checker);
    unique_addresses(peers, checker);
    transit(&names, peers, checker);
    if let Some(router) = router {
        reachable(router, peers, checker);
        for (index, peer) in peers.iter().enumerate() {
            if let Some(peer) = peer {
                extensions::role_within_our_as(&KeyPath::section("peer").index(index), router, peer, checker);
            }
        }
    }
    shadowed_rules(advertise, checker);
    for (index, peer) in peers.iter().enumerate() {
        let at = KeyPath::section("peer").index(index);
        if let Some(peer) = peer.as_ref().filter(|peer| peer.enabled) {
            silent(&at, peer, checker);
            families_without_next_hop(&at, peer, checker);
            ranges_of_absent_families(&at, peer, checker);
            modes(&at, peer, checker);
            unknown_roles(&at, peer, advertise, checker);
        }
    }
    let is_custom = |peer: &Peer| peer.enabled && !peer.advertised.ip_ranges.is_empty();
    if advertise.is_empty() && !peers.iter().flatten().any(is_custom) {
        checker.warn(&KeyPath::section("advertise"), "there is none: nothing is originated");
    }
    if !peers.iter().flatten().any(|peer| peer.enabled) {
        checker.warn(&KeyPath::section("peer"), "there is none enabled: nobody is told anything");
    }
}

/// The peers' names as written, also of those with faults of their own; "" for one without a name.
fn names(peers: &[Option<Peer>], checker: &Checker<'_>) -> Vec<String> {
    let at = KeyPath::section("peer");
    let name = |index| match at.index(index).key("name").find(&checker.layers.tree).map(|name| &name.kind) {
        Some(ValueKind::String(name)) => name.clone(),
        _ => String::new(),
    };
    (0..peers.len()).map(name).collect()
}

fn unique_names(names: &[String], checker: &mut Checker<'_>) {
    let mut seen = BTreeSet::new();
    for (index, name) in names.iter().enumerate() {
        if !name.is_empty() && !seen.insert(name) {
            let at = KeyPath::section("peer").index(index).key("name");
            checker.fault(&at, "another peer has this name; expected each once");
        }
    }
}

/// A connection that comes in is told apart by its address alone; one that we dial also by its port.
fn unique_addresses(peers: &[Option<Peer>], checker: &mut Checker<'_>) {
    let told_apart = |one: &Peer, other: &Peer| {
        let dialled_only = one.connect == ConnectMode::Active && other.connect == ConnectMode::Active;
        one.address != other.address || (dialled_only && one.port != other.port)
    };
    for (index, peer) in peers.iter().enumerate() {
        let Some(peer) = peer.as_ref().filter(|peer| peer.enabled) else { continue };
        let mut earlier = peers.iter().take(index).flatten().filter(|other| other.enabled);
        if let Some(other) = earlier.find(|other| !told_apart(peer, other)) {
            let at = KeyPath::section("peer").index(index).key("address");
            checker.fault(&at, format!("peer {} has this address too; expected each once", other.name));
        }
    }
}

fn transit(names: &[String], peers: &[Option<Peer>], checker: &mut Checker<'_>) {
    for (index, peer) in peers.iter().enumerate() {
        let Some((peer, export)) = peer.as_ref().and_then(|peer| Some((peer, peer.export.as_ref()?))) else { continue };
        let at = KeyPath::section("peer").index(index).key("export").key("learned_from");
        for (index, name) in export.learned_from.iter().enumerate() {
            if *name == peer.name {
                checker.fault(&at.index(index), "this is the peer itself; expected another peer's name");
            } else if name != ANY_PEER && !names.contains(name) {
                let expected =
                    format!("no peer has this name; expected {ANY_PEER:?} for all or one of {}", names.join(", "));
                checker.fault(&at.index(index), expected);
            }
        }
    }
}

/// Whether a connection can come about at all: somebody listens for those awaited, nobody dials us ourselves.
fn reachable(router: &Router, peers: &[Option<Peer>], checker: &mut Checker<'_>) {
    for (index, peer) in peers.iter().enumerate() {
        let Some(peer) = peer.as_ref().filter(|peer| peer.enabled) else { continue };
        let at = KeyPath::section("peer").index(index);
        let listens = router.listen.iter().any(|listen| listen.is_ipv4() == peer.address.is_ipv4());
        if peer.connect == ConnectMode::Passive && !listens {
            let family = if peer.address.is_ipv4() { "IPv4" } else { "IPv6" };
            checker.fault(
                &at.key("connect"),
                format!(
                    "router.listen has no {family} address to await it on; expected active or both, or a listen address"
                ),
            );
        }
        let own = router.listen.iter().any(|listen| (listen.ip(), listen.port()) == (peer.address, peer.port));
        if own && peer.connect != ConnectMode::Passive {
            checker
                .fault(&at.key("address"), "router.listen has this address and port: it is ours; expected the peer's");
        }
    }
}

fn shadowed_rules(advertise: &[AdvertiseRule], checker: &mut Checker<'_>) {
    for (index, rule) in advertise.iter().enumerate() {
        // What ALL_SUBNETS leaves can only be an external IPv6 range, which is asked for by that name.
        let leaves_it = matches!(&rule.selector, RangeSelector::Range(range) if range == "ipv6");
        let takes_all = |earlier: &RangeSelector| *earlier == RangeSelector::AllSubnets && !leaves_it;
        let matches_first = |earlier: &AdvertiseRule| earlier.selector == rule.selector || takes_all(&earlier.selector);
        let earlier = advertise.iter().take(index).position(matches_first);
        if let Some(earlier) = earlier {
            let at = KeyPath::section("advertise").index(index);
            checker.warn(&at, format!("never used: advertise[{earlier}] matches the same first"));
        }
    }
}

fn silent(at: &KeyPath, peer: &Peer, checker: &mut Checker<'_>) {
    match &peer.import {
        None => checker.warn(at, "no import: nothing is accepted from it (RFC 8212)"),
        Some(import) if import.allow.is_empty() => {
            checker.warn(&at.key("import").key("allow"), "empty: nothing is accepted from it");
        }
        Some(_) => {}
    }
    match &peer.export {
        None => checker.warn(at, "no export: nothing is advertised to it (RFC 8212)"),
        Some(export) => {
            let has_subnets = peer.advertised.all_subnets && !export.roles.is_empty();
            let has_own = has_subnets || !peer.advertised.ip_ranges.is_empty();
            let no_source = !has_own && export.learned_from.is_empty();
            if no_source || export.allow.as_ref().is_some_and(Vec::is_empty) {
                checker.warn(&at.key("export"), "it selects nothing: nothing is advertised to it");
            }
        }
    }
}

/// A family over a session of the other one: our address there is no next hop for it.
fn families_without_next_hop(at: &KeyPath, peer: &Peer, checker: &mut Checker<'_>) {
    let over_v6 = peer.extensions.extended_next_hop;
    let lacks_v4 = peer.address.is_ipv6() && peer.next_hop_self_v4.is_none() && !over_v6;
    let lacks_v6 = peer.address.is_ipv4() && peer.next_hop_self_v6.is_none();
    let cases = [
        (lacks_v4, AddressFamily::Ipv4Unicast, "next_hop_self_v4"),
        (lacks_v6, AddressFamily::Ipv6Unicast, "next_hop_self_v6"),
    ];
    for (lacks, family, key) in cases {
        if lacks && peer.families.contains(family) && peer.export.is_some() {
            checker.warn(at, format!("{family} over this session needs {key}: without it no such route is advertised"));
        }
    }
}

fn ranges_of_absent_families(at: &KeyPath, peer: &Peer, checker: &mut Checker<'_>) {
    let import = peer.import.as_ref().map(|import| ("import", import.allow.as_slice()));
    let export = peer.export.as_ref().and_then(|export| Some(("export", export.allow.as_deref()?)));
    for (rules, allow) in import.into_iter().chain(export) {
        for (index, range) in allow.iter().enumerate() {
            let family = range.prefix().family();
            if !peer.families.contains(family) {
                let at = at.key(rules).key("allow").index(index);
                checker.warn(&at, format!("never matches: {family} is not in families"));
            }
        }
    }
}

/// What of its mode the peer's own keys make void.
fn modes(at: &KeyPath, peer: &Peer, checker: &mut Checker<'_>) {
    let named = |export: &ExportRules| export.roles.iter().any(|role| *role != RoleSelector::Any);
    if !peer.advertised.all_subnets && peer.export.as_ref().is_some_and(named) {
        let at = at.key("export").key("roles");
        checker.warn(&at, "selects nothing: its advertise_mode is CUSTOM without the group ALL_SUBNETS");
    }
    for family in [AddressFamily::Ipv4Unicast, AddressFamily::Ipv6Unicast] {
        let first = peer.advertised.ip_ranges.iter().find(|custom| custom.range.family() == family);
        if let Some(custom) = first.filter(|_| !peer.families.contains(family)) {
            let text = format!(
                "{} of advertised_ip_ranges is not advertised to it: {family} is not in families",
                custom.range
            );
            checker.warn(at, text);
        }
    }
}

fn unknown_roles(at: &KeyPath, peer: &Peer, advertise: &[AdvertiseRule], checker: &mut Checker<'_>) {
    // A rule by range originates under whatever role its range has, which only the inventory knows.
    let by_range = advertise.iter().any(|rule| !matches!(rule.selector, RangeSelector::Role(_)));
    let Some(export) = peer.export.as_ref().filter(|_| !by_range) else { return };
    for (index, role) in export.roles.iter().enumerate() {
        let RoleSelector::Role(role) = role else { continue };
        if !advertise.iter().any(|rule| rule.selector == RangeSelector::Role(role.clone())) {
            let at = at.key("export").key("roles").index(index);
            checker.warn(&at, format!("no [[advertise]] originates the role {role}: it selects nothing"));
        }
    }
}
