//! Writes records and amendments.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bgp_core::attribute::PathAttributes;
use bgp_core::types::{LargeCommunity, Prefix};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{AttributesLine, Checksum, HEAD, Line, ManifestLine, RangeKind, RangeLine, SnapshotLine, Time};
use crate::config::Written;
use crate::inventory::{Allocation, ObjectCounts, Owner, Provenance, Range, RangeName, ResourcePath, Snapshot};
use crate::origination::guard::{GuardState, Hold};
use crate::origination::{Originated, Origination, OriginationSet};

/// Writes a record; returns its checksum.
pub(in crate::journal) fn write(out: &mut dyn Write, set: &OriginationSet) -> io::Result<Checksum> {
    let mut writer = Writer::new(out, Sha256::new());
    writer.octets(HEAD.as_bytes())?;
    writer.line(&Line::Snapshot(snapshot_line(&set.snapshot)))?;
    writer.configuration(&set.told_by)?;
    for range in &set.snapshot.ranges {
        writer.range(range)?;
    }
    set.originations.iter().try_for_each(|(prefix, one)| writer.origination(prefix, one))?;
    writer.guard(&set.guard)?;
    writer.held_in_use(set)?;
    writer.checksum()
}

/// Whether a file that says `old` can be amended so that it says `new`: the same ranges, told by the same configuration, and
/// nothing is held.
pub(in crate::journal) fn can_amend(old: &OriginationSet, new: &OriginationSet) -> bool {
    let same = |(old, new): (&Range, &Range)| {
        (old.prefix, &old.name) == (new.prefix, &new.name) && old.subnetwork == new.subnetwork
    };
    let (before, after) = (&old.snapshot.ranges, &new.snapshot.ranges);
    let same_ranges = before.len() == after.len() && before.iter().zip(after).all(same);
    same_ranges && old.told_by.is_same_text(&new.told_by) && old.guard.hold.is_none() && new.guard.hold.is_none()
}

/// What to write behind a file of this checksum that says `old`, so that it says `new`; returns the checksum then.
pub(in crate::journal) fn amend(
    out: &mut dyn Write,
    Checksum(hash): Checksum,
    old: &OriginationSet,
    new: &OriginationSet,
) -> io::Result<Checksum> {
    let mut writer = Writer::new(out, hash);
    writer.line(&Line::Amendment(snapshot_line(&new.snapshot)))?;
    for (index, (before, after)) in old.snapshot.ranges.iter().zip(&new.snapshot.ranges).enumerate() {
        let changes = before.allocations.changes(&after.allocations);
        let mut changes = changes.filter(|change| change.before.is_some() != change.after.is_some()).peekable();
        if changes.peek().is_some() {
            writer.line(&Line::InRange(index))?;
        }
        for change in changes {
            writer.allocation(change.key, change.after.is_none())?;
        }
    }
    for change in old.originations.changes(&new.originations) {
        match (change.before, change.after) {
            (Some(before), Some(after)) if is_written_the_same(before, after) => {}
            (_, Some(after)) => writer.origination(change.key, after)?,
            (_, None) => writer.line(&Line::Withdrawn(change.key.to_string()))?,
        }
    }
    writer.guard(&new.guard)?;
    writer.checksum()
}

/// What is in use is not written: of what is not held, it follows from the snapshot.
fn is_written_the_same(one: &Origination, other: &Origination) -> bool {
    one.is_same_route(other) && (one.rule, &one.ranges) == (other.rule, &other.ranges)
}

struct Writer<'a> {
    out: &'a mut dyn Write,
    hash: Sha256,
    resources: HashMap<Arc<ResourcePath>, usize>,
    words: HashMap<Arc<str>, usize>,
    attributes: HashMap<Arc<PathAttributes>, usize>,
    buffer: Vec<u8>,
}

impl<'a> Writer<'a> {
    fn new(out: &'a mut dyn Write, hash: Sha256) -> Self {
        let (resources, words, attributes) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self { out, hash, resources, words, attributes, buffer: Vec::new() }
    }

    /// Ends what was written with its checksum.
    fn checksum(mut self) -> io::Result<Checksum> {
        let checksum = hexadecimal(&self.hash.clone().finalize());
        self.line(&Line::Sha256(checksum))?;
        Ok(Checksum(self.hash))
    }

    fn octets(&mut self, octets: &[u8]) -> io::Result<()> {
        self.hash.update(octets);
        self.out.write_all(octets)
    }

    fn line(&mut self, line: &impl Serialize) -> io::Result<()> {
        let mut octets = serde_json::to_vec(line)?;
        octets.push(b'\n');
        self.octets(&octets)
    }

    /// A line of which there may be a million: written without a detour.
    fn short_line(&mut self, line: fmt::Arguments<'_>) -> io::Result<()> {
        self.buffer.clear();
        writeln!(self.buffer, "{line}")?;
        self.hash.update(&self.buffer);
        self.out.write_all(&self.buffer)
    }

    fn configuration(&mut self, written: &Written) -> io::Result<()> {
        let Written { path, files, environment } = written;
        let (path, environment) = (path.clone(), environment.clone());
        self.line(&Line::Configuration(Written { path, files: Vec::new(), environment }))?;
        files.iter().try_for_each(|file| self.line(&Line::ConfigurationFile(file.clone())))
    }

    fn range(&mut self, range: &Range) -> io::Result<()> {
        let (kind, name) = match &range.name {
            RangeName::Primary => (RangeKind::Primary, ""),
            RangeName::Secondary(name) => (RangeKind::Secondary, &**name),
            RangeName::Ipv6 => (RangeKind::Ipv6, ""),
        };
        self.line(&Line::Range(RangeLine {
            ip_cidr_range: range.prefix.to_string(),
            subnetwork: range.subnetwork.path.to_string(),
            network: range.subnetwork.network.to_string(),
            region: range.subnetwork.region.clone(),
            kind,
            name: name.to_owned(),
        }))?;
        range.allocations.keys().try_for_each(|allocation| self.allocation(allocation, false))
    }

    fn allocation(&mut self, Allocation { prefix, owner }: &Allocation, is_gone: bool) -> io::Result<()> {
        let resource = self.resource(owner.resource())?;
        let (kind, word) = match &**owner {
            Owner::Interface { interface, .. } => (0, self.word(interface)?),
            Owner::AliasRange { interface, .. } => (1, self.word(interface)?),
            Owner::Address(_) => (2, 0),
            Owner::ForwardingRule(_) => (3, 0),
        };
        match is_gone {
            false => self.short_line(format_args!("[\"{prefix}\",{kind},{resource},{word}]")),
            true => self.line(&Line::Gone(prefix.to_string(), kind, resource, word)),
        }
    }

    fn resource(&mut self, path: &Arc<ResourcePath>) -> io::Result<usize> {
        if let Some(number) = self.resources.get(path) {
            return Ok(*number);
        }
        self.line(&Line::Resource(path.to_string()))?;
        let number = self.resources.len();
        self.resources.insert(Arc::clone(path), number);
        Ok(number)
    }

    fn word(&mut self, word: &Arc<str>) -> io::Result<usize> {
        if let Some(number) = self.words.get(word) {
            return Ok(*number);
        }
        self.line(&Line::Word(word.to_string()))?;
        let number = self.words.len();
        self.words.insert(Arc::clone(word), number);
        Ok(number)
    }

    fn guard(&mut self, guard: &GuardState) -> io::Result<()> {
        for bucket in guard.window.buckets() {
            self.line(&Line::Window(bucket))?;
        }
        let Some(hold) = &guard.hold else { return Ok(()) };
        let Hold { hash, since, reasons, routes } = &**hold;
        let (hash, reasons) = (hash.clone(), reasons.clone());
        self.line(&Line::Hold(Hold { hash, since: *since, reasons, routes: BTreeMap::new() }))?;
        routes.iter().try_for_each(|(prefix, route)| self.line(&Line::Held(prefix.to_string(), route.clone())))
    }

    /// The snapshot says no more what of a held prefix was in use.
    fn held_in_use(&mut self, set: &OriginationSet) -> io::Result<()> {
        for prefix in set.guard.hold.iter().flat_map(|hold| hold.routes.keys()) {
            let origination = set.originations.get(prefix);
            if let Some(in_use) = origination.and_then(|origination| origination.in_use.as_ref()) {
                let in_use = in_use.iter().map(ToString::to_string).collect();
                self.line(&Line::InUse(prefix.to_string(), in_use))?;
            }
        }
        Ok(())
    }

    fn origination(&mut self, prefix: &Prefix, origination: &Origination) -> io::Result<()> {
        let attributes = match self.attributes.get(&origination.attributes) {
            Some(number) => *number,
            None => {
                self.line(&Line::Attributes(attributes_line(&origination.attributes)))?;
                let number = self.attributes.len();
                self.attributes.insert(Arc::clone(&origination.attributes), number);
                number
            }
        };
        let Originated { role, cost, rule, ranges, attributes: _, in_use: _ } = &**origination;
        let role = self.word(role)?;
        let ranges: Vec<String> = ranges.iter().map(usize::to_string).collect();
        let ranges = ranges.join(",");
        let rule = rule.map_or_else(|| "null".to_owned(), |rule| rule.to_string());
        let cost = if *cost == 0 { String::new() } else { format!(",{cost}") };
        self.short_line(format_args!("[{attributes},{role},{rule},\"{prefix}\",[{ranges}]{cost}]"))
    }
}

fn snapshot_line(snapshot: &Snapshot) -> SnapshotLine {
    // Destructured, so that a new field must be thought of here.
    let Snapshot { revision, trust, taken_at, digest, ranges: _, counts, notes, provenance } = snapshot;
    let Provenance { path, network, files, collections, manifest } = provenance;
    let ObjectCounts { files: file_count, subnetworks, instances, alias_ranges, addresses, forwarding_rules } = *counts;
    SnapshotLine {
        revision: *revision,
        doubts: trust.doubts().iter().map(ToString::to_string).collect(),
        taken_at: since_epoch(*taken_at),
        digest: digest.clone(),
        counts: [file_count, subnetworks, instances, alias_ranges, addresses, forwarding_rules],
        notes: notes.clone(),
        path: path.clone(),
        network: network.clone(),
        files: files.clone(),
        collections: collections.clone(),
        manifest: manifest
            .as_ref()
            .map(|mark| ManifestLine { revision: mark.revision, created_at: mark.created_at.map(since_epoch) }),
    }
}

fn attributes_line(attributes: &PathAttributes) -> AttributesLine {
    let large =
        |community: &LargeCommunity| (community.global_administrator, community.local_data_1, community.local_data_2);
    AttributesLine {
        med: attributes.multi_exit_disc,
        communities: attributes.communities.iter().map(|community| community.0).collect(),
        large_communities: attributes.large_communities.iter().map(large).collect(),
    }
}

/// A clock that stands before 1970 reads as 1970.
fn since_epoch(time: SystemTime) -> Time {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    (since.as_secs(), since.subsec_nanos())
}

pub(super) fn hexadecimal(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}
