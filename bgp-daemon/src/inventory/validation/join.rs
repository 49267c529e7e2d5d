//! Joins what claims addresses with the ranges that they must lie in.

use std::collections::BTreeMap;
use std::sync::Arc;

use bgp_core::types::Prefix;

use super::ranges::{Known, Ranges};
use crate::inventory::collection::{Collection, FileObjects, ObjectId};
use crate::inventory::findings::{FaultLog, NoteLog};
use crate::inventory::object::{Claim, Field, Interface, Kind, Reservation};
use crate::inventory::{Allocation, Effect, InventoryFault, ObjectCounts, Owner, RangeName, ResourcePath, Selection};

/// Addresses of a range that something has.
#[derive(Debug)]
pub(super) struct Placed {
    pub allocation: Allocation,
    pub file: u32,
    pub field: Field,
}

/// Everything that claims addresses, in its place.
#[derive(Debug, Default)]
pub(super) struct Joined {
    /// Ascending.
    pub placed: Vec<Placed>,
    pub counts: ObjectCounts,
    /// How many selected objects each collection holds.
    pub collections: BTreeMap<String, usize>,
    /// Objects that do not fit.
    pub faulty: Vec<ObjectId>,
    pub faults: FaultLog,
    pub notes: NoteLog,
}

/// Joins what claims addresses with `ranges`; what is of another network is passed over.
pub(super) fn join(collection: &Collection, ranges: &Ranges, selection: &Selection) -> Joined {
    join_files(collection, ranges, selection, collection.indexed())
}

/// The same of these files alone, each with its index, whether they stand in `collection` as they are or did before.
pub(super) fn join_files(
    collection: &Collection,
    ranges: &Ranges,
    selection: &Selection,
    files: impl IntoIterator<Item = (u32, Arc<FileObjects>)>,
) -> Joined {
    let counts =
        ObjectCounts { files: collection.files.len(), subnetworks: ranges.selected, ..ObjectCounts::default() };
    let files: Vec<_> = files.into_iter().collect();
    let said: usize = files.iter().map(|(_, objects)| objects.claims()).sum();
    let joined = Joined { counts, placed: Vec::with_capacity(said), ..Joined::default() };
    let mut joiner = Joiner { collection, ranges, selection, joined, file: 0 };
    for (file, objects) in files {
        joiner.file = file;
        joiner.file(&objects);
    }
    let mut joined = joiner.joined;
    let place = |placed: &Placed| (placed.file, placed.field);
    joined.placed.sort_unstable_by(|a, b| a.allocation.cmp(&b.allocation).then(place(a).cmp(&place(b))));
    joined
}

struct Joiner<'a> {
    collection: &'a Collection,
    ranges: &'a Ranges,
    selection: &'a Selection,
    joined: Joined,
    /// The file of what is being joined.
    file: u32,
}

impl Joiner<'_> {
    fn file(&mut self, objects: &FileObjects) {
        let mut last_instance: Option<&Arc<ResourcePath>> = None;
        for interface in &objects.interfaces {
            let instance = &interface.instance;
            if !self.collection.counts(self.file, Kind::Instance, instance) {
                continue;
            }
            if self.interface(interface) && last_instance != Some(instance) {
                self.joined.counts.instances += 1;
                self.count(instance);
                last_instance = Some(instance);
            }
        }
        for reservation in &objects.reservations {
            let (kind, path) = id_of(&reservation.owner);
            if self.collection.counts(self.file, kind, &path) {
                self.reservation(reservation);
            }
        }
        for subnetwork in &objects.subnetworks {
            if matches!(self.ranges.subnetworks.get(&subnetwork.path), Some(Known::Selected { .. })) {
                self.count(&subnetwork.path);
            }
        }
    }

    fn count(&mut self, path: &ResourcePath) {
        match self.joined.collections.get_mut(path.parent()) {
            Some(count) => *count += 1,
            None => drop(self.joined.collections.insert(path.parent().to_owned(), 1)),
        }
    }

    /// Whether the interface is of a selected network.
    fn interface(&mut self, interface: &Interface) -> bool {
        if interface.network.as_ref().is_some_and(|network| !self.selection.contains(network)) {
            return false;
        }
        let at = |field: &str| format!("networkInterfaces[{}].{field}", interface.index);
        let id = || (Kind::Instance, Arc::clone(&interface.instance));
        let Some(subnetwork) = &interface.subnetwork else {
            let expected = "missing; expected a subnetwork (a legacy network has none and no alias IP ranges: select \
                            another network by inventory.network)";
            self.fault(id(), at("subnetwork"), None, expected.to_owned());
            return true;
        };
        let (about, places, is_sound) = match self.ranges.subnetworks.get(subnetwork) {
            Some(Known::Selected { about, ranges, is_sound }) => (about, ranges, *is_sound),
            Some(Known::NotSelected) => return false,
            Some(Known::NotSound) => return true,
            None => {
                self.unknown_subnetwork(id(), at("subnetwork"), subnetwork);
                return true;
            }
        };
        if let Some(network) = interface.network.as_deref().filter(|network| **network != about.network) {
            let expected = format!("expected {}, the network of subnetwork {subnetwork}", about.network);
            self.fault(id(), at("network"), Some(network.to_string()), expected);
            // It may be another network's.
            return true;
        }
        for (field, text) in &interface.pending {
            let label = format!("instance {}", interface.instance);
            let note = format!("{label}: {field}: {text:?} has no address yet and is not allocated");
            self.joined.notes.push(note);
        }
        // All that an interface has is of one owner, or two.
        let (mut of_aliases, mut of_interface) = (None, None);
        for claim in interface.claims.iter(interface.index) {
            if !self.fits(&claim, interface, places, is_sound, subnetwork) {
                continue;
            }
            let names = || (Arc::clone(&interface.instance), Arc::clone(&interface.name));
            let owner = match claim.field {
                Field::AliasIpRange { .. } | Field::AliasIpv6Range { .. } => {
                    self.joined.counts.alias_ranges += 1;
                    of_aliases.get_or_insert_with(|| {
                        let (instance, interface) = names();
                        Arc::new(Owner::AliasRange { instance, interface })
                    })
                }
                _ => of_interface.get_or_insert_with(|| {
                    let (instance, interface) = names();
                    Arc::new(Owner::Interface { instance, interface })
                }),
            };
            self.place(claim.prefix, Arc::clone(owner), claim.field);
        }
        true
    }

    fn place(&mut self, prefix: Prefix, owner: Arc<Owner>, field: Field) {
        self.joined.placed.push(Placed { allocation: Allocation { prefix, owner }, file: self.file, field });
    }

    /// Whether a claim lies in the range that it names; else there is a fault.
    fn fits(
        &mut self,
        claim: &Claim<'_>,
        interface: &Interface,
        places: &[usize],
        is_sound: bool,
        subnetwork: &ResourcePath,
    ) -> bool {
        let all = places.iter().filter_map(|place| self.ranges.at(*place));
        let mut named = all.filter(|range| range.name == *claim.range).peekable();
        let first = named.peek().map(|range| range.prefix);
        if named.any(|range| range.prefix.covers(&claim.prefix)) {
            return true;
        }
        if !is_sound {
            // The range may be what could not be read of the subnetwork.
            return false;
        }
        let id = (Kind::Instance, Arc::clone(&interface.instance));
        match (first, claim.range) {
            (Some(prefix), name) => {
                let expected = format!("expected addresses in {prefix}, range {name} of subnetwork {subnetwork}");
                self.fault(id, claim.field.to_string(), Some(claim.field.shown(&claim.prefix)), expected);
            }
            (None, RangeName::Secondary(name)) => {
                let field = claim.field.to_string().replace(".ipCidrRange", ".subnetworkRangeName");
                let expected = match self.secondary_names(places) {
                    names if names.is_empty() => format!("subnetwork {subnetwork} has no secondary range"),
                    names => format!("expected a secondary range of subnetwork {subnetwork}: {names}"),
                };
                self.fault(id, field, Some(name.to_string()), expected);
            }
            (None, name) => {
                let expected = format!("subnetwork {subnetwork} has no {name} range");
                self.fault(id, claim.field.to_string(), Some(claim.field.shown(&claim.prefix)), expected);
            }
        }
        false
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

    fn reservation(&mut self, reservation: &Reservation) {
        let network = reservation.network.as_deref();
        if network.is_some_and(|network| !self.selection.contains(network)) {
            return;
        }
        let counts = match &reservation.subnetwork {
            Some(subnetwork) => self.lies_in(subnetwork, reservation),
            None => self.ranges.holding(&reservation.prefix).is_some_and(|range| {
                // The same addresses in another network are somebody else's.
                network.is_none_or(|network| range.subnetwork.network == *network)
            }),
        };
        if !counts {
            return;
        }
        match &*reservation.owner {
            Owner::ForwardingRule(_) => self.joined.counts.forwarding_rules += 1,
            _ => self.joined.counts.addresses += 1,
        }
        self.count(reservation.owner.resource());
        self.place(reservation.prefix, Arc::clone(&reservation.owner), reservation.field);
    }

    /// Whether the reservation lies in a range of the subnetwork that it names; not when it does not count or is at fault.
    fn lies_in(&mut self, subnetwork: &Arc<ResourcePath>, reservation: &Reservation) -> bool {
        let (places, is_sound) = match self.ranges.subnetworks.get(subnetwork) {
            Some(Known::Selected { ranges, is_sound, .. }) => (ranges, *is_sound),
            Some(Known::NotSelected | Known::NotSound) => return false,
            // An address does not say its network: it may be of another one, whose subnetworks are not in the inventory.
            None if self.selection.network.is_some() && reservation.network.is_none() => {
                let label = &reservation.owner;
                let note = format!("{label}: not counted; its subnetwork {subnetwork} is not known");
                self.joined.notes.push(note);
                return false;
            }
            None => {
                self.unknown_subnetwork(id_of(&reservation.owner), "subnetwork".to_owned(), subnetwork);
                return false;
            }
        };
        let covers =
            |place: &&usize| self.ranges.at(**place).is_some_and(|range| range.prefix.covers(&reservation.prefix));
        let fits = places.iter().any(|place| covers(&place));
        if !fits && is_sound {
            let expected = format!("expected addresses in a range of subnetwork {subnetwork}");
            let value = reservation.field.shown(&reservation.prefix);
            self.fault(id_of(&reservation.owner), reservation.field.to_string(), Some(value), expected);
        }
        fits
    }

    fn unknown_subnetwork(&mut self, id: ObjectId, field: String, subnetwork: &ResourcePath) {
        if !self.collection.is_incomplete() {
            let expected = "expected a subnetwork that is in the inventory".to_owned();
            self.fault(id, field, Some(subnetwork.to_string()), expected);
        }
    }

    fn fault(&mut self, id: ObjectId, field: String, value: Option<String>, expected: String) {
        self.joined.faults.push(InventoryFault {
            effect: Effect::Quarantine,
            file: Some(self.collection.file_name(self.file).to_owned()),
            line: None,
            object: Some(format!("{} {}", id.0, id.1)),
            field: Some(field),
            value,
            expected,
        });
        self.joined.faulty.push(id);
    }
}

/// The object that addresses are given to.
pub(super) fn id_of(owner: &Owner) -> ObjectId {
    (Kind::of_owner(owner), Arc::clone(owner.resource()))
}
