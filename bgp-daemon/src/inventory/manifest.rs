//! What a directory says of itself: which files there must be, how many objects, of which hash, and when that was.
//!
//! ```json
//! {"kind": "aliasd#inventoryManifest", "revision": 42, "createdAt": "2026-11-25T19:43:10Z",
//!  "files": [{"name": "instances.json", "sha256": "…", "objects": 120}, {"name": "subnetworks.json"}],
//!  "objects": {"subnetworks": 3, "instances": 120, "addresses": 0, "forwardingRules": 0}}
//! ```
//!
//! The file is `manifest.json`, `.yaml` or `.yml` in the directory, and is to be put in place last. Only `files` and each
//! `name` are required. Whatever is not as it says is a reason not to trust the state; where all is, what is gone needs no
//! other proof.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::Deserialize;

use super::collection::Collection;
use super::findings::{shown_name, shown_reason, shown_value};
use super::form::Syntax;
use super::object::Kind;
use super::{Doubt, InventoryFault, ManifestMark, Selection, Snapshot};
use crate::config::ManifestUse;

/// How far a clock may stand before the one that wrote `createdAt`.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(60);

/// A manifest as written.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    kind: Option<String>,
    revision: Option<u64>,
    created_at: Option<String>,
    files: Vec<WrittenFile>,
    objects: Option<WrittenCounts>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WrittenFile {
    name: String,
    sha256: Option<String>,
    objects: Option<usize>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WrittenCounts {
    subnetworks: Option<usize>,
    instances: Option<usize>,
    addresses: Option<usize>,
    forwarding_rules: Option<usize>,
}

/// A manifest that was read.
#[derive(Debug)]
pub(super) struct Manifest {
    /// Its own name.
    name: String,
    files: BTreeMap<String, WrittenFile>,
    objects: WrittenCounts,
    pub mark: ManifestMark,
}

impl Manifest {
    /// Reads it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(name: &str, syntax: Syntax, octets: &[u8]) -> Result<Self, Box<InventoryFault>> {
        const KIND: &str = "aliasd#inventoryManifest";
        let fault = |expected: String| Box::new(InventoryFault::of_file(Doubt::Manifest, name, expected));
        let at = |field: &str, value: &str, expected: &str| {
            let (field, value) = (Some(field.to_owned()), Some(shown_value(value)));
            Box::new(InventoryFault { field, value, ..*fault(expected.to_owned()) })
        };
        let octets = octets.strip_prefix(b"\xef\xbb\xbf").unwrap_or(octets);
        let written: Result<Written, String> = match syntax {
            Syntax::Json => serde_json::from_slice(octets).map_err(|error| error.to_string()),
            Syntax::Yaml => serde_yaml_ng::from_slice(octets).map_err(|error| error.to_string()),
        };
        let written = written.map_err(|error| fault(format!("not a manifest: {}", shown_reason(&error))))?;
        if let Some(kind) = written.kind.as_deref().filter(|kind| *kind != KIND) {
            return Err(at("kind", kind, "expected aliasd#inventoryManifest"));
        }
        let created_at = match &written.created_at {
            Some(text) => {
                let expected = "expected a time in UTC as in 2026-11-25T19:43:10Z";
                Some(humantime::parse_rfc3339(text).map_err(|_| at("createdAt", text, expected))?)
            }
            None => None,
        };
        let mut files = BTreeMap::new();
        for (index, file) in written.files.into_iter().enumerate() {
            let is_hash = |text: &String| text.len() == 64 && text.bytes().all(|octet| octet.is_ascii_hexdigit());
            if let Some(hash) = file.sha256.as_ref().filter(|hash| !is_hash(hash)) {
                return Err(at(&format!("files[{index}].sha256"), hash, "expected 64 hexadecimal digits"));
            }
            let written_name = file.name.clone();
            if files.insert(written_name.clone(), file).is_some() {
                return Err(at(&format!("files[{index}].name"), &written_name, "stands twice; expected each once"));
            }
        }
        let mark = ManifestMark { revision: written.revision, created_at };
        Ok(Self { name: name.to_owned(), files, objects: written.objects.unwrap_or_default(), mark })
    }

    /// Whether it gives the hash of that file.
    pub fn wants_hash(&self, file: &str) -> bool {
        self.files.get(file).is_some_and(|file| file.sha256.is_some())
    }

    /// What is not as it says. `hashes` are those of the files, in hexadecimal, as far as it gives them.
    pub fn check(&self, collection: &Collection, hashes: &BTreeMap<String, String>) -> Vec<InventoryFault> {
        let mut faults = Vec::new();
        let found: BTreeMap<&str, usize> =
            collection.files.iter().map(|read| (&*read.file, read.objects.len())).collect();
        for (name, file) in &self.files {
            let fault = |doubt, expected: String| InventoryFault::of_file(doubt, shown_name(name), expected);
            let Some(objects) = found.get(name.as_str()).copied() else {
                faults.push(fault(Doubt::MissingFile, format!("is not there; {} lists it", self.name)));
                continue;
            };
            if let (Some(said), Some(hash)) = (&file.sha256, hashes.get(name))
                && !said.eq_ignore_ascii_case(hash)
            {
                let expected = format!("its SHA-256 is {hash}; {} says {said}", self.name);
                faults.push(fault(Doubt::Manifest, expected));
            }
            if let Some(said) = file.objects.filter(|said| *said != objects) {
                let expected = format!("holds {objects} objects; {} says {said}", self.name);
                faults.push(fault(Doubt::Manifest, expected));
            }
        }
        for name in found.keys().filter(|name| !self.files.contains_key(**name)) {
            let expected = format!("is not in {}; expected every file there", self.name);
            faults.push(InventoryFault::of_file(Doubt::Manifest, *name, expected));
        }
        faults.extend(self.check_counts(collection));
        faults
    }

    fn check_counts(&self, collection: &Collection) -> Vec<InventoryFault> {
        let mut counts = BTreeMap::<Kind, usize>::new();
        for (kind, _) in collection.files.iter().flat_map(|file| &file.objects) {
            *counts.entry(*kind).or_default() += 1;
        }
        let WrittenCounts { subnetworks, instances, addresses, forwarding_rules } = self.objects;
        let said = [
            (Kind::Subnetwork, subnetworks),
            (Kind::Instance, instances),
            (Kind::Address, addresses),
            (Kind::ForwardingRule, forwarding_rules),
        ];
        let wrong = said.into_iter().filter_map(|(kind, said)| {
            let (said, count) = (said?, counts.get(&kind).copied().unwrap_or(0));
            let field = format!("objects.{}", kind.collection());
            let fault = InventoryFault::of_file(Doubt::Manifest, &*self.name, format!("there are {count}"));
            (said != count).then(|| InventoryFault { field: Some(field), value: Some(said.to_string()), ..fault })
        });
        wrong.collect()
    }
}

/// What speaks against a state with this manifest, or without any, after `last`.
pub(super) fn check_mark(
    name: Option<&str>,
    mark: Option<&ManifestMark>,
    selection: &Selection,
    last: Option<&Snapshot>,
) -> Vec<InventoryFault> {
    let before = last.and_then(|last| last.provenance.manifest.as_ref());
    let manifest = |doubt, expected: String| InventoryFault::of_file(doubt, name.unwrap_or("manifest.json"), expected);
    let Some(mark) = mark else {
        // One that is at fault has a fault of its own.
        return match (name, before, selection.manifest) {
            (Some(_), _, _) => Vec::new(),
            (None, _, ManifestUse::Required) => {
                vec![manifest(Doubt::Manifest, "is not there; inventory.manifest requires it".to_owned())]
            }
            (None, Some(_), ManifestUse::Optional) => {
                let expected = "is gone; expected one, for there was one before".to_owned();
                vec![manifest(Doubt::MissingFile, expected)]
            }
            (None, None, ManifestUse::Optional) => Vec::new(),
        };
    };
    let went_back = before.and_then(|before| before.revision).filter(|before| mark.revision < Some(*before));
    let went_back = went_back.map(|before| {
        let (field, value) = (Some("revision".to_owned()), mark.revision.map(|revision| revision.to_string()));
        let fault = manifest(Doubt::Revision, format!("expected at least {before}, which was there before"));
        InventoryFault { field, value, ..fault }
    });
    went_back.into_iter().collect()
}

/// What speaks against a state that was written at that time.
pub(super) fn check_age(
    created_at: Option<SystemTime>,
    selection: &Selection,
    now: SystemTime,
) -> Option<InventoryFault> {
    let most = selection.max_age?;
    let expected = match created_at.map(|at| now.duration_since(at)) {
        None => "there is no manifest with createdAt; inventory.max_age_secs needs it".to_owned(),
        Some(Ok(age)) if age > most => format!("older than the {} seconds of inventory.max_age_secs", most.as_secs()),
        Some(Err(error)) if error.duration() > CLOCK_TOLERANCE => {
            "lies in the future; expected clocks that agree".to_owned()
        }
        Some(_) => return None,
    };
    let fault = InventoryFault::of_state(Doubt::Age, Some("inventory".to_owned()), expected);
    Some(InventoryFault { field: Some("createdAt".to_owned()), ..fault })
}
