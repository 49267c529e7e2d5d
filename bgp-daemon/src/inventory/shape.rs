//! What a complete state cannot lack. How much may go at once is for others to judge; here is what cannot be the work of
//! deletions alone: a file, a scope, a zone or a kind that is gone as a whole.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::collection::Collection;
use super::object::Kind;
use super::{Doubt, InventoryFault, ResourcePath, Snapshot};

/// A zone, a region or a kind that had this many objects does not lose all of them at once without a sign of its own.
/// Fewer are what a pool of nodes that shrinks ends with.
const SEVERAL: usize = 3;

/// What a state is held against.
#[derive(Debug, Default)]
pub(super) struct Shape<'a> {
    /// The scopes that must be there (`inventory.scopes`).
    pub scopes: &'a [String],
    /// Whether an inventory without objects is believed.
    pub allow_empty: bool,
    /// The snapshot before, of the same place and network.
    pub last: Option<&'a Snapshot>,
    /// Whether a manifest says what must be there, so that what is gone needs no other sign.
    pub has_manifest: bool,
}

impl Shape<'_> {
    /// Pushes what is missing. `now` says how many selected objects each collection holds.
    pub fn check(&self, collection: &mut Collection, now: &BTreeMap<String, usize>) {
        // What could not be read may be where it is, and is the fault to be seen.
        if collection.is_incomplete() {
            return;
        }
        self.check_scopes(collection);
        let Some(last) = self.last.filter(|_| !self.has_manifest) else { return };
        check_files(last, collection);
        self.check_collections(&last.provenance.collections, collection, now);
    }

    fn check_scopes(&self, collection: &mut Collection) {
        if self.scopes.is_empty() {
            return;
        }
        let parents: BTreeSet<&str> =
            collection.files.iter().flat_map(|file| &file.parents).map(String::as_str).collect();
        let said = |wanted: &str| {
            let mut scopes = collection.files.iter().flat_map(|file| &file.scopes);
            scopes.any(|scope| scope == wanted || wanted.ends_with(&format!("/{scope}")) || names(scope, wanted))
        };
        let missing = self.scopes.iter().filter(|wanted| !said(wanted) && !parents.iter().any(|p| names(p, wanted)));
        let faults: Vec<InventoryFault> = missing
            .map(|wanted| {
                let expected = "nothing of it is there; expected at least one object of it (inventory.scopes)";
                InventoryFault::of_state(Doubt::MissingScope, Some(format!("scope {wanted}")), expected)
            })
            .collect();
        faults.into_iter().for_each(|fault| collection.faults.push(fault));
    }

    fn check_collections(
        &self,
        before: &BTreeMap<String, usize>,
        collection: &mut Collection,
        now: &BTreeMap<String, usize>,
    ) {
        // What is at fault is there, whatever it counts as.
        let faulty: BTreeSet<&str> = collection.quarantine.iter().map(|(_, path)| path.parent()).collect();
        let is_there = |parent: &str| now.contains_key(parent) || faulty.contains(parent);
        let of_kind = |kind: Kind| move |parent: &&str| parent.rsplit('/').next() == Some(kind.collection());
        let mut faults = Vec::new();
        for kind in Kind::ALL {
            let had = before.keys().map(String::as_str).filter(of_kind(kind));
            let gone: Vec<&str> = had.filter(|parent| !is_there(parent)).collect();
            let count = |parents: &[&str]| parents.iter().filter_map(|parent| before.get(*parent)).sum::<usize>();
            let all = before.keys().map(String::as_str).filter(of_kind(kind)).count();
            let nothing_new = !now.keys().map(String::as_str).any(|parent| of_kind(kind)(&parent));
            let is_all_gone = all > 0 && gone.len() == all && nothing_new;
            if is_all_gone && kind == Kind::Instance && !self.allow_empty {
                let expected = format!(
                    "all {} are gone; expected at least one, a manifest, or inventory.allow_empty",
                    count(&gone)
                );
                faults.push(vanished(Doubt::Empty, "instances", expected));
            } else if is_all_gone && count(&gone) >= SEVERAL && !self.allow_empty {
                faults.push(vanished(Doubt::Vanished, kind.collection(), gone_text(count(&gone))));
            } else if self.scopes.is_empty() {
                let several = gone.iter().filter(|parent| count(&[**parent]) >= SEVERAL);
                let unsaid = several.filter(|parent| !is_said_empty(parent, collection));
                faults.extend(unsaid.map(|p| vanished(Doubt::Vanished, p, gone_text(count(&[*p])))));
            }
        }
        faults.into_iter().for_each(|fault| collection.faults.push(fault));
    }
}

fn vanished(doubt: Doubt, what: &str, expected: String) -> InventoryFault {
    InventoryFault::of_state(doubt, Some(what.to_owned()), expected)
}

fn gone_text(count: usize) -> String {
    format!(
        "all {count} are gone at once; expected some of them, a manifest, or what must be there in inventory.scopes"
    )
}

/// Whether a page says that it holds all of the zone or region, of which it holds nothing.
fn is_said_empty(parent: &str, collection: &Collection) -> bool {
    let scope = parent.rsplit_once('/').map_or(parent, |(scope, _)| scope);
    let mut said = collection.files.iter().flat_map(|file| &file.scopes);
    said.any(|said| scope.ends_with(&format!("/{said}")))
}

/// Whether what lies in `parent` lies in the scope that is written as `wanted`: a path, or the name of a project, region
/// or zone.
fn names(parent: &str, wanted: &str) -> bool {
    match wanted.contains('/') {
        true => parent.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
        false => parent.split('/').skip(1).step_by(2).any(|name| name == wanted),
    }
}

/// A file that is gone is believed when nothing else is, or all that is gone stands in other files.
fn check_files(last: &Snapshot, collection: &mut Collection) {
    let here: HashSet<&str> = collection.files.iter().map(|file| &*file.file).collect();
    let files = last.provenance.files.iter().filter(|(name, objects)| **objects > 0 && !here.contains(name.as_str()));
    let gone: Vec<&String> = files.map(|(name, _)| name).collect();
    if gone.is_empty() {
        return;
    }
    let missing = missing_objects(last, collection);
    let mut missing = missing.iter();
    let Some((kind, path)) = missing.next() else { return };
    let others = match missing.count() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    for file in gone {
        let expected =
            format!("is gone, and with it {kind} {path}{others}; put an empty list [] in its place if its objects are");
        let fault = InventoryFault::of_file(Doubt::MissingFile, file.as_str(), expected);
        collection.faults.push(fault);
    }
}

/// What the snapshot before held and is not there, in order.
fn missing_objects<'a>(last: &'a Snapshot, collection: &Collection) -> BTreeSet<(Kind, &'a ResourcePath)> {
    let mut missing = BTreeSet::new();
    for range in &last.ranges {
        let subnetwork = &range.subnetwork.path;
        if !collection.contains(subnetwork) {
            missing.insert((Kind::Subnetwork, subnetwork));
        }
        for allocation in range.allocations.keys() {
            let path = allocation.owner.resource();
            if !collection.contains(path) {
                missing.insert((Kind::of_owner(&allocation.owner), &**path));
            }
        }
    }
    missing
}
