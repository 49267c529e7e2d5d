//! What a `[[peer]]` offers beyond RFC 4271.

use bgp_core::capability::Role;
use bgp_core::session::{AddPathMode, Extensions};
use bgp_core::types::PeerKind;

use super::Checker;
use crate::config::key::KeyPath;
use crate::config::model::{Peer, Router};
use crate::config::shape;

const ADD_PATH: [(&str, AddPathMode); 4] = [
    ("off", AddPathMode::Off),
    ("receive", AddPathMode::Receive),
    ("send", AddPathMode::Send),
    ("both", AddPathMode::Both),
];

const ROLES: [(&str, Role); 5] = [
    ("provider", Role::Provider),
    ("customer", Role::Customer),
    ("peer", Role::Peer),
    ("rs", Role::RouteServer),
    ("rs-client", Role::RouteServerClient),
];

pub(super) fn extensions(at: &KeyPath, written: &shape::Peer, checker: &mut Checker<'_>) -> Option<Extensions> {
    let add_path = written.add_path.as_deref().unwrap_or("off");
    let add_path = checker.word(&at.key("add_path"), add_path, &ADD_PATH);
    let role = written.local_role.as_deref();
    let local_role = role.map(|role| checker.word(&at.key("local_role"), role, &ROLES));
    let strict_role = written.strict_role.unwrap_or(false);
    if strict_role && role.is_none() {
        checker.fault(&at.key("strict_role"), "local_role is missing: expected both, or neither");
    }
    Some(Extensions {
        extended_messages: written.extended_messages.unwrap_or(true),
        extended_next_hop: written.extended_next_hop.unwrap_or(false),
        add_path: add_path?,
        local_role: match local_role {
            Some(role) => Some(role?),
            None => None,
        },
        strict_role,
        accept_as_set: written.accept_as_set.unwrap_or(false),
    })
}

/// A role is what one AS is to another (RFC 9234 section 3).
pub(super) fn role_within_our_as(at: &KeyPath, router: &Router, peer: &Peer, checker: &mut Checker<'_>) {
    if peer.kind(router.asn) == PeerKind::Internal && peer.extensions.local_role.is_some() {
        checker.fault(&at.key("local_role"), "the peer is in our AS; expected no role, which only other ASes have");
    }
}
