//! Joins what claims addresses with the ranges that they must lie in.

use std::sync::Arc;

use bgp_core::types::Prefix;

use super::ranges::{Known, Ranges};
use crate::inventory::collection::{Collection, FromFile};
use crate::inventory::object::{Claim, Field, Interface, Reservation};
use crate::inventory::{InventoryFault, ObjectCounts, Owner, RangeName, ResourcePath, Selection};

/// Addresses of a range that something has.
#[derive(Debug)]
pub(super) struct Placed {
    pub prefix: Prefix,
    pub owner: Owner,
    /// Its range's place.
    pub range: usize,
    pub file: u32,
    pub field: Field,
}

/// Takes everything that claims addresses out of `collection`; what is of another network is passed over.
pub(super) fn join(
    collection: &mut Collection,
    ranges: &Ranges,
    selection: &Selection,
    counts: &mut ObjectCounts,
) -> Vec<Placed> {
    let interfaces = std::mem::take(&mut collection.interfaces);
    let reservations = std::mem::take(&mut collection.reservations);
    let mut joiner = Joiner { collection, ranges, selection, placed: Vec::new(), file: 0 };
    let mut last_instance: Option<Arc<ResourcePath>> = None;
    for FromFile { file, value: interface } in interfaces {
        joiner.file = file;
        let instance = Arc::clone(&interface.instance);
        if joiner.interface(interface, counts) && last_instance.as_ref() != Some(&instance) {
            counts.instances += 1;
            last_instance = Some(instance);
        }
    }
    for FromFile { file, value: reservation } in reservations {
        joiner.file = file;
        joiner.reservation(reservation, counts);
    }
    joiner.placed
}

struct Joiner<'a> {
    collection: &'a mut Collection,
    ranges: &'a Ranges,
    selection: &'a Selection,
    placed: Vec<Placed>,
    /// The file of what is being joined.
    file: u32,
}

impl Joiner<'_> {
    /// Whether the interface is of a selected network.
    fn interface(&mut self, interface: Interface, counts: &mut ObjectCounts) -> bool {
        if interface.network.as_ref().is_some_and(|network| !self.selection.contains(network)) {
            return false;
        }
        let at = |field: &str| format!("networkInterfaces[{}].{field}", interface.index);
        let label = || format!("instance {}", interface.instance);
        let Some(subnetwork) = &interface.subnetwork else {
            let expected = "missing; expected a subnetwork (a legacy network has none and no alias IP ranges: select \
                            another network by inventory.network)";
            self.fault(label(), at("subnetwork"), None, expected.to_owned());
            return true;
        };
        let (about, places) = match self.ranges.subnetworks.get(subnetwork) {
            Some(Known::Selected { about, ranges }) => (about, ranges),
            Some(Known::NotSelected) => return false,
            Some(Known::NotSound) => return true,
            None => {
                self.unknown_subnetwork(label(), at("subnetwork"), subnetwork);
                return true;
            }
        };
        if let Some(network) = interface.network.as_deref().filter(|network| **network != about.network) {
            let expected = format!("expected {}, the network of subnetwork {subnetwork}", about.network);
            self.fault(label(), at("network"), Some(network.to_string()), expected);
        }
        for (field, text) in &interface.pending {
            let note = format!("{}: {field}: {text:?} has no address yet and is not allocated", label());
            self.collection.notes.push(note);
        }
        for claim in &interface.claims {
            let Some(range) = self.claim(claim, &interface, places, subnetwork) else { continue };
            let (instance, name) = (Arc::clone(&interface.instance), Arc::clone(&interface.name));
            let owner = match claim.field {
                Field::AliasIpRange { .. } | Field::AliasIpv6Range { .. } => {
                    counts.alias_ranges += 1;
                    Owner::AliasRange { instance, interface: name }
                }
                _ => Owner::Interface { instance, interface: name },
            };
            self.placed.push(Placed { prefix: claim.prefix, owner, range, file: self.file, field: claim.field });
        }
        true
    }

    /// The range that a claim lies in, or a fault.
    fn claim(
        &mut self,
        claim: &Claim,
        interface: &Interface,
        places: &[usize],
        subnetwork: &ResourcePath,
    ) -> Option<usize> {
        let all = places.iter().filter_map(|place| Some((*place, self.ranges.at(*place)?)));
        let mut named = all.filter(|(_, range)| range.name == claim.range).peekable();
        let first = named.peek().map(|(_, range)| range.prefix);
        if let Some((place, _)) = named.find(|(_, range)| range.prefix.covers(&claim.prefix)) {
            return Some(place);
        }
        let label = format!("instance {}", interface.instance);
        match (first, &claim.range) {
            (Some(prefix), name) => {
                let expected = format!("expected addresses in {prefix}, range {name} of subnetwork {subnetwork}");
                self.fault(label, claim.field.to_string(), Some(claim.field.shown(&claim.prefix)), expected);
            }
            (None, RangeName::Secondary(name)) => {
                let field = claim.field.to_string().replace(".ipCidrRange", ".subnetworkRangeName");
                let expected = match self.secondary_names(places) {
                    names if names.is_empty() => format!("subnetwork {subnetwork} has no secondary range"),
                    names => format!("expected a secondary range of subnetwork {subnetwork}: {names}"),
                };
                self.fault(label, field, Some(name.to_string()), expected);
            }
            (None, name) => {
                let expected = format!("subnetwork {subnetwork} has no {name} range");
                self.fault(label, claim.field.to_string(), Some(claim.field.shown(&claim.prefix)), expected);
            }
        }
        None
    }

    fn secondary_names(&self, places: &[usize]) -> String {
        let names = places.iter().filter_map(|place| match &self.ranges.at(*place)?.name {
            RangeName::Secondary(name) => Some(name.to_string()),
            RangeName::Primary | RangeName::Ipv6 => None,
        });
        let mut names: Vec<String> = names.collect();
        names.sort();
        names.join(", ")
    }

    fn reservation(&mut self, reservation: Reservation, counts: &mut ObjectCounts) {
        let network = reservation.network.as_deref();
        if network.is_some_and(|network| !self.selection.contains(network)) {
            return;
        }
        let range = match &reservation.subnetwork {
            Some(subnetwork) => self.range_in(subnetwork, &reservation),
            None => self.ranges.holding(&reservation.prefix).filter(|place| {
                // The same addresses in another network are somebody else's.
                let range = self.ranges.at(*place);
                network.is_none_or(|network| range.is_some_and(|range| range.subnetwork.network == *network))
            }),
        };
        let Some(range) = range else { return };
        match &reservation.owner {
            Owner::ForwardingRule(_) => counts.forwarding_rules += 1,
            _ => counts.addresses += 1,
        }
        let Reservation { owner, prefix, field, .. } = reservation;
        self.placed.push(Placed { prefix, owner, range, file: self.file, field });
    }

    /// The range of the subnetwork that the reservation names; `None` when it does not count or is at fault.
    fn range_in(&mut self, subnetwork: &Arc<ResourcePath>, reservation: &Reservation) -> Option<usize> {
        let label = reservation.owner.to_string();
        let places = match self.ranges.subnetworks.get(subnetwork) {
            Some(Known::Selected { ranges, .. }) => ranges,
            Some(Known::NotSelected | Known::NotSound) => return None,
            // An address does not say its network: it may be of another one, whose subnetworks are not in the inventory.
            None if self.selection.network.is_some() && reservation.network.is_none() => {
                self.collection.notes.push(format!("{label}: not counted; its subnetwork {subnetwork} is not known"));
                return None;
            }
            None => {
                self.unknown_subnetwork(label, "subnetwork".to_owned(), subnetwork);
                return None;
            }
        };
        let covers =
            |place: &&usize| self.ranges.at(**place).is_some_and(|range| range.prefix.covers(&reservation.prefix));
        let range = places.iter().find(covers).copied();
        if range.is_none() {
            let expected = format!("expected addresses in a range of subnetwork {subnetwork}");
            let value = reservation.field.shown(&reservation.prefix);
            self.fault(label, reservation.field.to_string(), Some(value), expected);
        }
        range
    }

    fn unknown_subnetwork(&mut self, label: String, field: String, subnetwork: &ResourcePath) {
        // It may stand in what could not be read.
        if !self.collection.is_incomplete {
            let expected = "expected a subnetwork that is in the inventory".to_owned();
            self.fault(label, field, Some(subnetwork.to_string()), expected);
        }
    }

    fn fault(&mut self, object: String, field: String, value: Option<String>, expected: String) {
        self.collection.faults.push(InventoryFault {
            file: Some(self.collection.file_name(self.file).to_owned()),
            line: None,
            object: Some(object),
            field: Some(field),
            value,
            expected,
        });
    }
}
