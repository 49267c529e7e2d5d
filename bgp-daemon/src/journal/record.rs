//! One record as text: a line that says what it is, one JSON value a line, and a checksum.
//!
//! ```text
//! aliasd-journal 1
//! {"snapshot":{"revision":7,…}}
//! {"configuration":{"path":"/etc/aliasd/aliasd.toml",…}}  by which peers are told
//! {"configurationFile":{"path":"/etc/aliasd/aliasd.toml","text":"[router]…"}}
//! {"range":{"ipCidrRange":"10.4.0.0/14",…}}
//! {"resource":"projects/p/zones/z/instances/a"}          number 0
//! {"word":"nic0"}                                        number 0
//! ["10.4.0.0/24",1,0,0]                                  an alias range (1) of resource 0, interface word 0, in the range above
//! {"attributes":{…}}                                     number 0
//! [0,1,0,"10.4.0.0/24",[1]]                              attributes 0, role word 1, rule 0, made of range 1
//! {"window":[…]}                                         what was withdrawn lately
//! {"hold":{"hash":"…",…}}                                what the guard holds, and after it each withdrawal that is held
//! {"held":["10.4.0.0/24",{…}]}
//! {"sha256":"…"}                                         of all that stands before this line
//! ```
//!
//! Names stand once and are referred to by number, so that a million alias ranges need some tens of octets each. Nothing is
//! believed before the checksum was right.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bgp_core::attribute::{Origin, PathAttributes};
use bgp_core::types::{Community, LargeCommunity, Prefix};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::config::{Written, WrittenFile};
use crate::inventory::{
    Allocation, Allocations, Doubt, ManifestMark, ObjectCounts, Owner, Provenance, Range, RangeName, ResourcePath,
    Snapshot, SubnetworkRef, Trust,
};
use crate::origination::guard::{GuardState, HeldRoute, Hold, Window};
use crate::origination::{Origination, OriginationSet, Originations};

/// The first line. Another version is another first line.
const HEAD: &str = "aliasd-journal 1\n";

/// Most octets of a line: more than the longest file of a configuration, however much of it has to be escaped.
const MAX_LINE_LEN: u64 = 1 << 25;

/// Most octets of a record: ten times what a million alias ranges need.
const MAX_LEN: u64 = 1 << 30;

/// What is originated, and the snapshot it was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The snapshot that was in use.
    pub snapshot: Arc<Snapshot>,
    /// What was originated, by prefix.
    pub originations: Originations,
    /// What the guard remembered.
    pub guard: GuardState,
    /// The configuration by which peers were told; `None` when it was not written down.
    pub told_by: Option<Arc<Written>>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Line {
    Snapshot(SnapshotLine),
    Configuration(Written),
    ConfigurationFile(WrittenFile),
    Range(RangeLine),
    Resource(String),
    Word(String),
    Attributes(AttributesLine),
    Window(Window),
    Hold(Hold),
    Held(String, HeldRoute),
    Sha256(String),
}

/// Seconds since 1970, and nanoseconds.
type Time = (u64, u32);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SnapshotLine {
    revision: u64,
    doubts: Vec<String>,
    taken_at: Time,
    digest: String,
    counts: [usize; 6],
    notes: Vec<String>,
    path: PathBuf,
    network: Option<String>,
    files: BTreeMap<String, usize>,
    collections: BTreeMap<String, usize>,
    manifest: Option<ManifestLine>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ManifestLine {
    revision: Option<u64>,
    created_at: Option<Time>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RangeLine {
    ip_cidr_range: String,
    subnetwork: String,
    network: String,
    region: String,
    kind: RangeKind,
    name: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum RangeKind {
    Primary,
    Secondary,
    Ipv6,
}

/// Prefix, kind of owner, resource, and the word of its interface (0 where it has none).
type AllocationLine<'a> = (&'a str, u8, usize, usize);

/// What originations carry; all else is set on export.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AttributesLine {
    med: Option<u32>,
    communities: Vec<u32>,
    large_communities: Vec<(u32, u32, u32)>,
}

/// Attributes, word of the role, rule, prefix, and the ranges that it was made from.
type OriginationLine<'a> = (usize, usize, usize, &'a str, Vec<usize>);

/// Writes a record.
pub(super) fn write(out: &mut dyn Write, set: &OriginationSet) -> io::Result<()> {
    let (resources, words) = (HashMap::new(), HashMap::new());
    let mut writer = Writer { out, hash: Sha256::new(), resources, words, buffer: Vec::new() };
    writer.octets(HEAD.as_bytes())?;
    writer.line(&Line::Snapshot(snapshot_line(&set.snapshot)))?;
    writer.configuration(&set.told_by)?;
    for range in &set.snapshot.ranges {
        writer.range(range)?;
    }
    writer.originations(&set.originations)?;
    writer.guard(&set.guard)?;
    let checksum = hexadecimal(&writer.hash.finalize_reset());
    writer.line(&Line::Sha256(checksum))
}

struct Writer<'a> {
    out: &'a mut dyn Write,
    hash: Sha256,
    resources: HashMap<Arc<ResourcePath>, usize>,
    words: HashMap<Arc<str>, usize>,
    buffer: Vec<u8>,
}

impl Writer<'_> {
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
        for Allocation { prefix, owner } in range.allocations.keys() {
            let resource = self.resource(owner.resource())?;
            let (kind, word) = match owner {
                Owner::Interface { interface, .. } => (0, self.word(interface)?),
                Owner::AliasRange { interface, .. } => (1, self.word(interface)?),
                Owner::Address(_) => (2, 0),
                Owner::ForwardingRule(_) => (3, 0),
            };
            self.short_line(format_args!("[\"{prefix}\",{kind},{resource},{word}]"))?;
        }
        Ok(())
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

    fn originations(&mut self, originations: &Originations) -> io::Result<()> {
        let mut known: HashMap<Arc<PathAttributes>, usize> = HashMap::new();
        for (prefix, origination) in originations {
            let attributes = match known.get(&origination.attributes) {
                Some(number) => *number,
                None => {
                    self.line(&Line::Attributes(attributes_line(&origination.attributes)))?;
                    known.insert(Arc::clone(&origination.attributes), known.len());
                    known.len() - 1
                }
            };
            // What is in use follows from the snapshot.
            let Origination { role, rule, ranges, attributes: _, in_use: _ } = origination;
            let role = self.word(role)?;
            let ranges: Vec<String> = ranges.iter().map(usize::to_string).collect();
            let ranges = ranges.join(",");
            self.short_line(format_args!("[{attributes},{role},{rule},\"{prefix}\",[{ranges}]]"))?;
        }
        Ok(())
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

fn hexadecimal(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Reads a record.
///
/// # Errors
/// Why it is not a whole record of this version.
pub(super) fn read(input: Box<dyn Read>) -> io::Result<Record> {
    let mut lines = BufReader::new(input.take(MAX_LEN));
    let mut hash = Sha256::new();
    let mut line = Vec::new();
    let mut reader = Reader::default();
    let mut number = 0_usize;
    loop {
        line.clear();
        number += 1;
        lines.by_ref().take(MAX_LINE_LEN).read_until(b'\n', &mut line)?;
        let at = |reason: &str| damaged(format!("line {number}: {reason}"));
        let Some(text) = line.strip_suffix(b"\n") else { return Err(at("cut short")) };
        if number == 1 {
            if line != HEAD.as_bytes() {
                return Err(damaged("not a journal of this version of aliasd".to_owned()));
            }
        } else if text.starts_with(b"[\"") {
            let line: AllocationLine<'_> = serde_json::from_slice(text).map_err(|error| at(&error.to_string()))?;
            reader.allocation(line).ok_or_else(|| at("an allocation of nothing that stands before it"))?;
        } else if text.starts_with(b"[") {
            let line: OriginationLine<'_> = serde_json::from_slice(text).map_err(|error| at(&error.to_string()))?;
            reader.origination(line).ok_or_else(|| at("an origination of nothing that stands before it"))?;
        } else {
            match serde_json::from_slice(text).map_err(|error| at(&error.to_string()))? {
                Line::Sha256(checksum) if checksum == hexadecimal(&hash.clone().finalize()) => {
                    return reader.finish().ok_or_else(|| damaged("holds no snapshot".to_owned()));
                }
                Line::Sha256(_) => return Err(at("the checksum is wrong")),
                other => reader.line(other).ok_or_else(|| at("does not fit what stands before it"))?,
            }
        }
        hash.update(&line);
    }
}

fn damaged(reason: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

#[derive(Default)]
struct Reader {
    snapshot: Option<Snapshot>,
    told_by: Option<Written>,
    subnetworks: HashMap<ResourcePath, Arc<SubnetworkRef>>,
    resources: Vec<Arc<ResourcePath>>,
    words: Vec<Arc<str>>,
    attributes: Vec<Arc<PathAttributes>>,
    originations: Originations,
    window: Window,
    hold: Option<Hold>,
}

impl Reader {
    /// Takes in a line; `None` when it does not fit.
    fn line(&mut self, line: Line) -> Option<()> {
        match line {
            Line::Snapshot(line) => {
                let is_first = self.snapshot.is_none();
                self.snapshot = Some(snapshot_of(line)?);
                return is_first.then_some(());
            }
            Line::Configuration(written) => {
                let is_first = self.told_by.is_none();
                self.told_by = Some(written);
                return is_first.then_some(());
            }
            Line::ConfigurationFile(file) => self.told_by.as_mut()?.files.push(file),
            Line::Range(line) => self.range(line)?,
            Line::Resource(path) => self.resources.push(Arc::new(ResourcePath::parse(&path)?)),
            Line::Word(word) => self.words.push(Arc::from(word)),
            Line::Attributes(line) => self.attributes.push(Arc::new(attributes_of(line))),
            Line::Window(bucket) => self.window.append(bucket),
            Line::Hold(hold) => {
                let is_first = self.hold.is_none();
                self.hold = Some(hold);
                return is_first.then_some(());
            }
            Line::Held(prefix, route) => {
                let prefix =
                    Prefix::parse_exact(&prefix).ok().filter(|prefix| self.originations.contains_key(prefix))?;
                self.hold.as_mut()?.routes.insert(prefix, route);
            }
            Line::Sha256(_) => return None,
        }
        Some(())
    }

    fn range(&mut self, line: RangeLine) -> Option<()> {
        let RangeLine { ip_cidr_range, subnetwork, network, region, kind, name } = line;
        let prefix = Prefix::parse_exact(&ip_cidr_range).ok()?;
        let path = ResourcePath::parse(&subnetwork)?;
        let network = ResourcePath::parse(&network)?;
        let subnetwork = self.subnetworks.entry(path.clone());
        let subnetwork = subnetwork.or_insert_with(|| Arc::new(SubnetworkRef { path, network, region }));
        let name = match kind {
            RangeKind::Primary => RangeName::Primary,
            RangeKind::Secondary => RangeName::Secondary(Arc::from(name)),
            RangeKind::Ipv6 => RangeName::Ipv6,
        };
        let ranges = &mut self.snapshot.as_mut()?.ranges;
        // What the rest of the daemon relies on.
        if ranges.last().is_some_and(|last| last.prefix >= prefix || last.prefix.covers(&prefix)) {
            return None;
        }
        ranges.push(Range { subnetwork: Arc::clone(subnetwork), name, prefix, allocations: Allocations::new() });
        Some(())
    }

    fn allocation(&mut self, (prefix, kind, resource, word): AllocationLine<'_>) -> Option<()> {
        let prefix = Prefix::parse_exact(prefix).ok()?;
        let path = Arc::clone(self.resources.get(resource)?);
        let interface = || self.words.get(word).map(Arc::clone);
        let owner = match kind {
            0 => Owner::Interface { instance: path, interface: interface()? },
            1 => Owner::AliasRange { instance: path, interface: interface()? },
            2 => Owner::Address(path),
            3 => Owner::ForwardingRule(path),
            _ => return None,
        };
        let range = self.snapshot.as_mut()?.ranges.last_mut().filter(|range| range.prefix.covers(&prefix))?;
        let allocation = Allocation { prefix, owner };
        if range.allocations.last_key_value().is_some_and(|(last, ())| *last >= allocation) {
            return None;
        }
        range.allocations.insert(allocation, ());
        Some(())
    }

    fn origination(&mut self, (attributes, role, rule, prefix, ranges): OriginationLine<'_>) -> Option<()> {
        let prefix = Prefix::parse_exact(prefix).ok()?;
        let attributes = Arc::clone(self.attributes.get(attributes)?);
        let role = Arc::clone(self.words.get(role)?);
        let is_new = self
            .originations
            .insert(prefix, Origination { attributes, role, rule, ranges: ranges.into(), in_use: None })
            .is_none();
        is_new.then_some(())
    }

    fn finish(self) -> Option<Record> {
        let guard = GuardState { window: self.window, hold: self.hold.map(Arc::new) };
        let (snapshot, told_by) = (Arc::new(self.snapshot?), self.told_by.map(Arc::new));
        Some(Record { snapshot, originations: self.originations, guard, told_by })
    }
}

fn snapshot_of(line: SnapshotLine) -> Option<Snapshot> {
    let time = |(seconds, nanos): Time| {
        UNIX_EPOCH.checked_add(Duration::from_secs(seconds))?.checked_add(Duration::from_nanos(nanos.into()))
    };
    let [files, subnetworks, instances, alias_ranges, addresses, forwarding_rules] = line.counts;
    let doubts: Vec<Doubt> = line.doubts.iter().map(|name| Doubt::named(name)).collect::<Option<_>>()?;
    let manifest = match line.manifest {
        None => None,
        Some(ManifestLine { revision, created_at }) => Some(ManifestMark {
            revision,
            created_at: match created_at {
                None => None,
                Some(at) => Some(time(at)?),
            },
        }),
    };
    Some(Snapshot {
        revision: line.revision,
        trust: if doubts.is_empty() { Trust::Trusted } else { Trust::Untrusted(doubts) },
        taken_at: time(line.taken_at)?,
        digest: line.digest,
        ranges: Vec::new(),
        counts: ObjectCounts { files, subnetworks, instances, alias_ranges, addresses, forwarding_rules },
        notes: line.notes,
        provenance: Provenance {
            path: line.path,
            network: line.network,
            files: line.files,
            collections: line.collections,
            manifest,
        },
    })
}

fn attributes_of(line: AttributesLine) -> PathAttributes {
    let large = |(global_administrator, local_data_1, local_data_2)| LargeCommunity {
        global_administrator,
        local_data_1,
        local_data_2,
    };
    PathAttributes {
        origin: Origin::Igp,
        multi_exit_disc: line.med,
        communities: line.communities.into_iter().map(Community).collect(),
        large_communities: line.large_communities.into_iter().map(large).collect(),
        ..PathAttributes::default()
    }
}
