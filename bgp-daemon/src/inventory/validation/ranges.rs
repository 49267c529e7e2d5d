//! The ranges of all selected subnetworks: which they are, and that no two share an address.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use bgp_core::types::Prefix;

use super::sweep::overlaps;
use crate::inventory::collection::{Collection, FileObjects};
use crate::inventory::object::{Kind, Subnetwork, SubnetworkRange};
use crate::inventory::{
    Doubt, Effect, InventoryFault, Range, RangeName, ResourcePath, Selection, Snapshot, SubnetworkRef,
};

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
#[derive(Clone, Debug)]
pub(super) struct SelectedRange {
    pub subnetwork: Arc<SubnetworkRef>,
    pub name: RangeName,
    pub prefix: Prefix,
}

/// A range as it was read.
struct Found {
    range: SelectedRange,
    field: String,
    file: u32,
}

/// What is known of a subnetwork when something refers to it.
#[derive(Clone, Debug)]
pub(super) enum Known {
    /// Another network's.
    NotSelected,
    /// Its network could not be read.
    NotSound,
    /// Its network, and the places of its ranges among all.
    Selected {
        about: Arc<SubnetworkRef>,
        ranges: Vec<usize>,
        /// Else one of its ranges could not be read, and nothing is concluded from what it seems to lack.
        is_sound: bool,
    },
}

/// The ranges of the selected subnetworks, ascending and disjoint, and all subnetworks by path.
#[derive(Debug, Default)]
pub(super) struct Ranges {
    pub ranges: Vec<SelectedRange>,
    pub subnetworks: HashMap<Arc<ResourcePath>, Known>,
    /// How many subnetworks are selected.
    pub selected: usize,
}

impl Ranges {
    /// The one range that holds the whole of `prefix`.
    pub fn holding(&self, prefix: &Prefix) -> Option<&SelectedRange> {
        let after = self.ranges.partition_point(|range| range.prefix.network() <= prefix.network());
        self.ranges.get(after.checked_sub(1)?).filter(|range| range.prefix.covers(prefix))
    }

    /// The range of that place.
    pub fn at(&self, place: usize) -> Option<&SelectedRange> {
        self.ranges.get(place)
    }

    /// All ranges of the snapshot before, with what can be added to them: a range that shares no address with any, and
    /// one that has grown.
    pub fn over(self, last: &Snapshot) -> Self {
        let before = |range: &Range| SelectedRange {
            subnetwork: Arc::clone(&range.subnetwork),
            name: range.name.clone(),
            prefix: range.prefix,
        };
        let mut ranges: Vec<SelectedRange> = last.ranges.iter().map(before).collect();
        let mut added = Vec::new();
        for range in self.ranges {
            let overlapping: Vec<usize> = overlapping(last, &range.prefix).take(2).collect();
            match overlapping.as_slice() {
                [] => added.push(range),
                [place] => {
                    let grown = |before: &&mut SelectedRange| {
                        (&before.subnetwork.path, &before.name) == (&range.subnetwork.path, &range.name)
                            && range.prefix.covers(&before.prefix)
                    };
                    if let Some(before) = ranges.get_mut(*place).filter(grown) {
                        before.prefix = range.prefix;
                    }
                }
                _ => {}
            }
        }
        ranges.extend(added);
        sort(&mut ranges);
        let mut places = places(&ranges);
        let mut subnetworks = self.subnetworks;
        for (path, known) in &mut subnetworks {
            let sound = matches!(known, Known::Selected { is_sound: true, .. });
            if let Some((about, ranges)) = places.remove(&**path) {
                *known = Known::Selected { about, ranges, is_sound: sound };
            }
        }
        let rest = places.into_iter().map(|(path, (about, ranges))| {
            (Arc::new(path.clone()), Known::Selected { about, ranges, is_sound: false })
        });
        let rest: Vec<_> = rest.collect();
        subnetworks.extend(rest);
        Self { ranges, subnetworks, selected: self.selected }
    }
}

/// The places of the ranges of `last` that share addresses with `prefix`.
fn overlapping<'a>(last: &'a Snapshot, prefix: &'a Prefix) -> impl Iterator<Item = usize> + 'a {
    let begin = last.ranges.partition_point(|range| range.prefix < *prefix);
    let around = begin.checked_sub(1).filter(|place| last.ranges.get(*place).is_some_and(|r| r.prefix.covers(prefix)));
    let rest = last.ranges.iter().enumerate().skip(begin);
    around.into_iter().chain(rest.take_while(|(_, range)| prefix.covers(&range.prefix)).map(|(place, _)| place))
}

fn sort(ranges: &mut [SelectedRange]) {
    ranges.sort_by(|a, b| (a.prefix, &a.subnetwork, &a.name).cmp(&(b.prefix, &b.subnetwork, &b.name)));
}

/// The ranges of each subnetwork.
fn places(ranges: &[SelectedRange]) -> HashMap<&ResourcePath, (Arc<SubnetworkRef>, Vec<usize>)> {
    let mut places: HashMap<&ResourcePath, (Arc<SubnetworkRef>, Vec<usize>)> = HashMap::new();
    for (place, SelectedRange { subnetwork, .. }) in ranges.iter().enumerate() {
        places.entry(&subnetwork.path).or_insert_with(|| (Arc::clone(subnetwork), Vec::new())).1.push(place);
    }
    places
}

/// The selected ranges of `collection`, checked against each other. One that cannot be is left out; of two that share
/// addresses the one that the snapshot before had stays, or else none.
pub(super) fn ranges(collection: &mut Collection, selection: &Selection, last: Option<&Snapshot>) -> Ranges {
    let files: Vec<(u32, Arc<FileObjects>)> = collection.indexed().collect();
    let read = files.iter().flat_map(|(file, objects)| objects.subnetworks.iter().map(|value| (*file, value)));
    let read = read.filter(|(file, subnetwork)| collection.counts(*file, Kind::Subnetwork, &subnetwork.path));
    let subnetworks: Vec<(u32, &Subnetwork)> = read.collect();
    check_network_is_one(&subnetworks, selection, collection);
    let (mut found, mut count) = (Vec::new(), 0);
    for (file, subnetwork) in &subnetworks {
        let Some(about) = &subnetwork.about else { continue };
        if selection.contains(&about.network) {
            count += 1;
            found.extend(subnetwork.ranges.iter().map(|range| selected(about, range, *file)));
        }
    }
    check_empty(count, selection, collection);
    found.sort_by(|a, b| {
        let key = |found: &Found| (found.range.prefix, Arc::clone(&found.range.subnetwork), found.range.name.clone());
        key(a).cmp(&key(b))
    });
    let mut refused = check_reserved(&found, collection);
    refused.extend(check_overlaps(&found, selection, last, collection));
    let kept = found.into_iter().enumerate().filter(|(index, _)| !refused.contains(index));
    let mut ranges: Vec<SelectedRange> = kept.map(|(_, found)| found.range).collect();
    // Whatever was said above: no two share an address.
    ranges.dedup_by(|range, before| before.prefix.covers(&range.prefix));
    let subnetworks = known(&subnetworks, &ranges, selection);
    Ranges { ranges, subnetworks, selected: count }
}

fn selected(about: &Arc<SubnetworkRef>, range: &SubnetworkRange, file: u32) -> Found {
    let selected = SelectedRange { subnetwork: Arc::clone(about), name: range.name.clone(), prefix: range.prefix };
    Found { range: selected, field: range.field.clone(), file }
}

fn known(
    subnetworks: &[(u32, &Subnetwork)],
    ranges: &[SelectedRange],
    selection: &Selection,
) -> HashMap<Arc<ResourcePath>, Known> {
    let mut places = places(ranges);
    let known = subnetworks.iter().map(|(_, subnetwork)| {
        let known = match &subnetwork.about {
            Some(about) if !selection.contains(&about.network) => Known::NotSelected,
            Some(about) => Known::Selected {
                about: Arc::clone(about),
                ranges: places.remove(&*subnetwork.path).map(|(_, ranges)| ranges).unwrap_or_default(),
                is_sound: subnetwork.is_sound,
            },
            None => Known::NotSound,
        };
        (Arc::clone(&subnetwork.path), known)
    });
    known.collect()
}

/// A name that stands for networks of two projects would mix what belongs to two owners.
fn check_network_is_one(subnetworks: &[(u32, &Subnetwork)], selection: &Selection, collection: &mut Collection) {
    let Some(wanted) = &selection.network else { return };
    let networks = subnetworks.iter().filter_map(|(_, subnetwork)| Some(&subnetwork.about.as_ref()?.network));
    let networks: BTreeSet<&ResourcePath> = networks.filter(|network| selection.contains(network)).collect();
    let mut networks = networks.into_iter();
    if let (Some(first), Some(second)) = (networks.next(), networks.next()) {
        let expected = format!("stands for {first} and for {second}; expected a path in inventory.network");
        collection.faults.push(InventoryFault::of_state(Doubt::Network, Some(format!("network {wanted}")), expected));
    }
}

fn check_empty(selected: usize, selection: &Selection, collection: &mut Collection) {
    // What could not be read may be where they are.
    if selected > 0 || selection.allow_empty || collection.is_incomplete() {
        return;
    }
    let object = match &selection.network {
        Some(wanted) => format!("network {wanted}"),
        None => "inventory".to_owned(),
    };
    let expected = "no subnetwork; expected at least one, or inventory.allow_empty";
    collection.faults.push(InventoryFault::of_state(Doubt::Empty, Some(object), expected));
}

fn check_reserved(found: &[Found], collection: &mut Collection) -> BTreeSet<usize> {
    let reserved: Vec<Prefix> = RESERVED.iter().filter_map(|text| text.parse().ok()).collect();
    let mut refused = BTreeSet::new();
    for (index, range) in found.iter().enumerate() {
        if let Some(reserved) = reserved.iter().find(|reserved| reserved.overlaps(&range.range.prefix)) {
            let expected = format!("overlaps {reserved}, which is never announced; expected a range without it");
            push(range, expected, collection);
            refused.insert(index);
        }
    }
    refused
}

fn check_overlaps(
    found: &[Found],
    selection: &Selection,
    last: Option<&Snapshot>,
    collection: &mut Collection,
) -> BTreeSet<usize> {
    let indexed: Vec<(usize, &Found)> = found.iter().enumerate().collect();
    let was_there = |found: &Found| {
        let before = last.and_then(|last| last.range_of(&found.range.prefix));
        before.is_some_and(|before| {
            (&before.subnetwork.path, &before.name) == (&found.range.subnetwork.path, &found.range.name)
        })
    };
    let (mut faults, mut refused) = (Vec::new(), BTreeSet::new());
    overlaps(
        &indexed,
        |(_, found)| found.range.prefix,
        |_, _| false,
        |(outer_place, outer), (inner_place, inner)| {
            let SelectedRange { subnetwork, name, prefix } = &outer.range;
            let other = format!("{prefix}, range {name} of subnetwork {}", subnetwork.path);
            let hint = match subnetwork.network == inner.range.subnetwork.network || selection.network.is_some() {
                true => "expected ranges that share no address",
                false => "expected ranges that share no address, or one network selected by inventory.network",
            };
            faults.push((*inner, format!("overlaps {other}; {hint}")));
            refused.extend(
                [(outer_place, outer), (inner_place, inner)]
                    .iter()
                    .filter_map(|(place, found)| (!was_there(found)).then_some(**place)),
            );
        },
    );
    faults.into_iter().for_each(|(range, expected)| push(range, expected, collection));
    refused
}

fn push(found: &Found, expected: String, collection: &mut Collection) {
    let fault = InventoryFault {
        effect: Effect::Untrusted(Doubt::Subnetwork),
        file: Some(collection.file_name(found.file).to_owned()),
        line: None,
        object: Some(format!("subnetwork {}", found.range.subnetwork.path)),
        field: Some(found.field.clone()),
        value: Some(found.range.prefix.to_string()),
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
