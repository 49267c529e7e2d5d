//! The ranges of all selected subnetworks: which they are, and that no two share an address.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use bgp_core::types::Prefix;

use super::sweep::overlaps;
use crate::inventory::collection::{Collection, FromFile};
use crate::inventory::object::{Subnetwork, SubnetworkRange};
use crate::inventory::{InventoryFault, RangeName, ResourcePath, Selection, SubnetworkRef};

/// What no subnetwork can have: a range that touches one of these would take traffic that is nobody's or everybody's.
const RESERVED: [&str; 8] = [
    "0.0.0.0/8",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "224.0.0.0/4",
    "255.255.255.255/32",
    "::/8",
    "fe80::/10",
    "ff00::/8",
];

/// A range of a selected subnetwork.
#[derive(Debug)]
pub(super) struct SelectedRange {
    pub subnetwork: Arc<SubnetworkRef>,
    pub name: RangeName,
    pub prefix: Prefix,
    field: String,
    file: u32,
}

/// What is known of a subnetwork when something refers to it.
#[derive(Debug)]
pub(super) enum Known {
    /// Another network's.
    NotSelected,
    /// Its network or one of its ranges could not be read: nothing is concluded from what it seems to lack.
    NotSound,
    /// Its network, and the places of its ranges among all, by name.
    Selected { about: Arc<SubnetworkRef>, ranges: Vec<usize> },
}

/// The ranges of the selected subnetworks, ascending, and all subnetworks by path.
#[derive(Debug, Default)]
pub(super) struct Ranges {
    pub ranges: Vec<SelectedRange>,
    pub subnetworks: HashMap<Arc<ResourcePath>, Known>,
    /// How many subnetworks are selected.
    pub selected: usize,
}

impl Ranges {
    /// The one range that holds the whole of `prefix`.
    pub fn holding(&self, prefix: &Prefix) -> Option<usize> {
        let after = self.ranges.partition_point(|range| range.prefix.network() <= prefix.network());
        let place = after.checked_sub(1)?;
        self.ranges.get(place)?.prefix.covers(prefix).then_some(place)
    }

    /// The range of that place.
    pub fn at(&self, place: usize) -> Option<&SelectedRange> {
        self.ranges.get(place)
    }
}

/// Takes the selected ranges out of `collection` and checks them against each other.
pub(super) fn ranges(collection: &mut Collection, selection: &Selection) -> Ranges {
    let subnetworks = std::mem::take(&mut collection.subnetworks);
    check_network_is_one(&subnetworks, selection, collection);
    let mut found = Ranges::default();
    for FromFile { file, value: subnetwork } in &subnetworks {
        let Some(about) = &subnetwork.about else { continue };
        if selection.contains(&about.network) {
            found.selected += 1;
            found.ranges.extend(subnetwork.ranges.iter().map(|range| selected(about, range, *file)));
        }
    }
    check_empty(&found, selection, collection);
    found.ranges.sort_by(|a, b| (a.prefix, &a.subnetwork, &a.name).cmp(&(b.prefix, &b.subnetwork, &b.name)));
    check_reserved(&found.ranges, collection);
    check_overlaps(&found.ranges, selection, collection);
    found.subnetworks = known(subnetworks, &found.ranges, selection);
    found
}

fn selected(about: &Arc<SubnetworkRef>, range: &SubnetworkRange, file: u32) -> SelectedRange {
    SelectedRange {
        subnetwork: Arc::clone(about),
        name: range.name.clone(),
        prefix: range.prefix,
        field: range.field.clone(),
        file,
    }
}

fn known(
    subnetworks: Vec<FromFile<Subnetwork>>,
    ranges: &[SelectedRange],
    selection: &Selection,
) -> HashMap<Arc<ResourcePath>, Known> {
    let mut places: HashMap<&ResourcePath, Vec<usize>> = HashMap::new();
    for (place, range) in ranges.iter().enumerate() {
        places.entry(&range.subnetwork.path).or_default().push(place);
    }
    let known = subnetworks.into_iter().map(|FromFile { value: subnetwork, .. }| {
        let known = match subnetwork.about {
            Some(about) if !selection.contains(&about.network) => Known::NotSelected,
            Some(about) if subnetwork.is_sound => {
                Known::Selected { about, ranges: places.remove(&*subnetwork.path).unwrap_or_default() }
            }
            _ => Known::NotSound,
        };
        (subnetwork.path, known)
    });
    known.collect()
}

/// A name that stands for networks of two projects would mix what belongs to two owners.
fn check_network_is_one(subnetworks: &[FromFile<Subnetwork>], selection: &Selection, collection: &mut Collection) {
    let Some(wanted) = &selection.network else { return };
    let networks = subnetworks.iter().filter_map(|subnetwork| Some(&subnetwork.value.about.as_ref()?.network));
    let networks: BTreeSet<&ResourcePath> = networks.filter(|network| selection.contains(network)).collect();
    let mut networks = networks.into_iter();
    if let (Some(first), Some(second)) = (networks.next(), networks.next()) {
        let expected = format!("stands for {first} and for {second}; expected a path in inventory.network");
        collection.faults.push(of_network(wanted, expected));
    }
}

fn check_empty(ranges: &Ranges, selection: &Selection, collection: &mut Collection) {
    // What could not be read may be where they are.
    if ranges.selected > 0 || selection.allow_empty || collection.is_incomplete {
        return;
    }
    let expected = "no subnetwork; expected at least one, or inventory.allow_empty";
    let fault = match &selection.network {
        Some(wanted) => of_network(wanted, expected.to_owned()),
        None => InventoryFault {
            file: None,
            line: None,
            object: Some("inventory".to_owned()),
            field: None,
            value: None,
            expected: expected.to_owned(),
        },
    };
    collection.faults.push(fault);
}

fn of_network(wanted: &str, expected: String) -> InventoryFault {
    InventoryFault {
        file: None,
        line: None,
        object: Some(format!("network {wanted}")),
        field: None,
        value: None,
        expected,
    }
}

fn check_reserved(ranges: &[SelectedRange], collection: &mut Collection) {
    let reserved: Vec<Prefix> = RESERVED.iter().filter_map(|text| text.parse().ok()).collect();
    for range in ranges {
        if let Some(reserved) = reserved.iter().find(|reserved| reserved.overlaps(&range.prefix)) {
            let expected = format!("overlaps {reserved}, which is never announced; expected a range without it");
            push(range, expected, collection);
        }
    }
}

fn check_overlaps(ranges: &[SelectedRange], selection: &Selection, collection: &mut Collection) {
    let mut pairs = Vec::new();
    overlaps(
        ranges,
        |range| range.prefix,
        |_, _| false,
        |outer, inner| {
            let SelectedRange { subnetwork, name, prefix, .. } = outer;
            let other = format!("{prefix}, range {name} of subnetwork {}", subnetwork.path);
            let hint = match subnetwork.network == inner.subnetwork.network || selection.network.is_some() {
                true => "expected ranges that share no address",
                false => "expected ranges that share no address, or one network selected by inventory.network",
            };
            pairs.push((inner, format!("overlaps {other}; {hint}")));
        },
    );
    pairs.into_iter().for_each(|(range, expected)| push(range, expected, collection));
}

fn push(range: &SelectedRange, expected: String, collection: &mut Collection) {
    let fault = InventoryFault {
        file: Some(collection.file_name(range.file).to_owned()),
        line: None,
        object: Some(format!("subnetwork {}", range.subnetwork.path)),
        field: Some(range.field.clone()),
        value: Some(range.prefix.to_string()),
        expected,
    };
    collection.faults.push(fault);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reserved_range_is_one() {
        for text in RESERVED {
            assert_eq!(Prefix::parse_exact(text).unwrap().to_string(), text);
        }
    }
}
