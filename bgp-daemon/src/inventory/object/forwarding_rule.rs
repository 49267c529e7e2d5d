//! A forwarding rule: the address of an internal load balancer or of a private endpoint.

use std::sync::Arc;

use bgp_core::types::Prefix;

use super::{Field, Object, ObjectReader, Reservation};
use crate::inventory::{Owner, ResourcePath};

/// Reads a forwarding rule; `None` when it is external or at fault.
///
/// A rule without `loadBalancingScheme` is a private endpoint when it has a network or subnetwork, and external else.
/// The address of an INTERNAL_SELF_MANAGED one may lie anywhere; it counts only where it lies in a subnetwork.
pub(in crate::inventory) fn forwarding_rule(
    path: &Arc<ResourcePath>,
    object: &Object,
    reader: &mut ObjectReader<'_>,
) -> Option<Reservation> {
    const SCHEMES: &str = "INTERNAL, INTERNAL_MANAGED, INTERNAL_SELF_MANAGED, EXTERNAL or EXTERNAL_MANAGED";
    let scheme = reader.optional("loadBalancingScheme", &object.load_balancing_scheme, SCHEMES);
    let is_in_a_network = object.subnetwork.is_written() || object.network.is_written();
    match scheme.map(String::as_str) {
        Some("INTERNAL" | "INTERNAL_MANAGED" | "INTERNAL_SELF_MANAGED") => {}
        Some("EXTERNAL" | "EXTERNAL_MANAGED" | "EXTERNAL_PASSTHROUGH") => return None,
        Some("") | None if is_in_a_network => {}
        Some("") | None => return None,
        Some(other) => {
            reader.fault("loadBalancingScheme", Some(other), format!("expected {SCHEMES}"));
            return None;
        }
    }
    const EXPECTED: &str = "an address as in 10.0.0.2";
    let text = reader.required("IPAddress", &object.ip_address, EXPECTED)?;
    let prefix = match text.parse() {
        Ok(address) => Some(Prefix::host(address)),
        // IPv6 rules have a range.
        Err(_) => text.parse::<Prefix>().ok(),
    };
    if prefix.is_none() {
        reader.fault("IPAddress", Some(text), format!("expected {EXPECTED}"));
    }
    let network = reader.link("network", &object.network, "networks");
    let subnetwork = reader.link("subnetwork", &object.subnetwork, "subnetworks");
    let subnetwork = subnetwork.filter(|_| scheme.is_none_or(|scheme| scheme != "INTERNAL_SELF_MANAGED"));
    let owner = Arc::new(Owner::ForwardingRule(Arc::clone(path)));
    let prefix = prefix.filter(|_| reader.is_sound)?;
    Some(Reservation { owner, prefix, field: Field::IpAddress, subnetwork, network })
}
