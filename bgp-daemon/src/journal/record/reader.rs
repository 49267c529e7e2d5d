//! Reads records with their amendments.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read};
use std::mem::take;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use bgp_core::attribute::{Origin, PathAttributes};
use bgp_core::types::{Community, LargeCommunity, Prefix};
use sha2::{Digest, Sha256};

use super::writer::hexadecimal;
use super::{
    AllocationLine, AttributesLine, HEAD, Line, MAX_LEN, MAX_LINE_LEN, ManifestLine, OriginationLine, RangeKind,
    RangeLine, Record, SnapshotLine, Time,
};
use crate::config::Written;
use crate::inventory::{
    Allocation, Allocations, Doubt, ManifestMark, ObjectCounts, Owner, Provenance, Range, RangeName, ResourcePath,
    Snapshot, SubnetworkRef, Trust,
};
use crate::origination::guard::{GuardState, Hold, Window};
use crate::origination::{Blocks, Originated, Origination, Originations};

/// What a file held.
#[derive(Debug)]
pub(in crate::journal) struct Whole {
    /// The record, with all amendments that are whole.
    pub record: Record,
    /// What is wrong with what follows them. One that was broken off is nothing wrong.
    pub fault: Option<String>,
}

/// Reads a record with its amendments.
///
/// # Errors
/// Why it is not a whole record of this version.
pub(in crate::journal) fn read(input: Box<dyn Read>) -> io::Result<Whole> {
    let mut lines = BufReader::new(input.take(MAX_LEN));
    let (mut hash, mut line, mut reader) = (Sha256::new(), Vec::new(), Reader::default());
    let (mut number, mut whole) = (0_usize, None);
    loop {
        line.clear();
        number += 1;
        let read = lines.by_ref().take(MAX_LINE_LEN).read_until(b'\n', &mut line);
        let taken = match (read, line.strip_suffix(b"\n")) {
            (Err(error), _) => Err(error),
            (Ok(_), Some(text)) => reader.take(number, &line, text, &hash),
            (Ok(_), None) => Err(io::Error::new(io::ErrorKind::UnexpectedEof, format!("line {number}: cut short"))),
        };
        match (taken, whole) {
            (Ok(taken), before) => whole = taken.or(before),
            (Err(error), None) => return Err(error),
            (Err(error), Some(record)) => {
                // What an amendment lacks was not written any more.
                let is_broken_off = error.kind() == io::ErrorKind::UnexpectedEof;
                return Ok(Whole { record, fault: (!is_broken_off).then(|| error.to_string()) });
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
    /// By kind, resource and word.
    owners: HashMap<(u8, usize, usize), Arc<Owner>>,
    attributes: Vec<Arc<PathAttributes>>,
    originations: Originations,
    /// What was originated last.
    last: Option<Origination>,
    window: Window,
    hold: Option<Hold>,
    /// Whether a whole record was read, and what follows amends it.
    is_amended: bool,
    /// The snapshot that an amendment changes, and who was told by which configuration.
    before: Option<Snapshot>,
    told_before: Option<Arc<Written>>,
    /// The range that lines of an amendment are about.
    in_range: Option<usize>,
}

impl Reader {
    /// Takes in a line of which `hash` is the checksum of all before it; what all of them come to when that is whole.
    fn take(&mut self, number: usize, line: &[u8], text: &[u8], hash: &Sha256) -> io::Result<Option<Record>> {
        let at = |reason: &str| damaged(format!("line {number}: {reason}"));
        let parsed = |error: serde_json::Error| at(&error.to_string());
        if number == 1 {
            return match line == HEAD.as_bytes() {
                true => Ok(None),
                false => Err(damaged("not a journal of this version of aliasd".to_owned())),
            };
        }
        if text.starts_with(b"[\"") {
            let line: AllocationLine<'_> = serde_json::from_slice(text).map_err(parsed)?;
            self.allocation(line).ok_or_else(|| at("an allocation of nothing that stands before it"))?;
        } else if text.starts_with(b"[") {
            let line: OriginationLine<'_> = serde_json::from_slice(text).map_err(parsed)?;
            self.origination(line).ok_or_else(|| at("an origination of nothing that stands before it"))?;
        } else {
            match serde_json::from_slice(text).map_err(parsed)? {
                Line::Sha256(checksum) if checksum == hexadecimal(&hash.clone().finalize()) => {
                    return self.whole().map(Some).ok_or_else(|| damaged("holds no snapshot".to_owned()));
                }
                Line::Sha256(_) => return Err(at("the checksum is wrong")),
                other => self.line(other).ok_or_else(|| at("does not fit what stands before it"))?,
            }
        }
        Ok(None)
    }

    /// Takes in a line; `None` when it does not fit.
    fn line(&mut self, line: Line) -> Option<()> {
        let is_of_amendment =
            matches!(line, Line::Amendment(_) | Line::InRange(_) | Line::Gone(..) | Line::Withdrawn(_));
        let is_of_record =
            matches!(line, Line::Snapshot(_) | Line::Configuration(_) | Line::ConfigurationFile(_) | Line::Range(_));
        if (is_of_amendment && !self.is_amended) || (is_of_record && self.is_amended) {
            return None;
        }
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
            Line::Amendment(line) => {
                let ranges = self.before.take()?.ranges;
                self.snapshot = Some(Snapshot { ranges, ..snapshot_of(line)? });
                self.in_range = None;
            }
            Line::InRange(index) => self.in_range = Some(index),
            Line::Gone(prefix, kind, resource, word) => {
                let gone = self.allocation_of((&prefix, kind, resource, word))?;
                self.range_of_line()?.allocations.remove(&gone)?;
            }
            Line::Withdrawn(prefix) => {
                self.originations.remove(&Prefix::parse_exact(&prefix).ok()?)?;
            }
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
            Line::InUse(prefix, in_use) => self.in_use(&prefix, &in_use)?,
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

    fn allocation(&mut self, line: AllocationLine<'_>) -> Option<()> {
        let (allocation, is_amended) = (self.allocation_of(line)?, self.is_amended);
        let range = self.range_of_line().filter(|range| range.prefix.covers(&allocation.prefix))?;
        let last = range.allocations.last_key_value();
        if !is_amended && last.is_some_and(|(last, ())| *last >= allocation) {
            return None;
        }
        range.allocations.insert(allocation, ()).is_none().then_some(())
    }

    fn allocation_of(&mut self, (prefix, kind, resource, word): AllocationLine<'_>) -> Option<Allocation> {
        let prefix = Prefix::parse_exact(prefix).ok()?;
        if let Some(owner) = self.owners.get(&(kind, resource, word)) {
            return Some(Allocation { prefix, owner: Arc::clone(owner) });
        }
        let path = Arc::clone(self.resources.get(resource)?);
        let interface = || self.words.get(word).map(Arc::clone);
        let owner = match kind {
            0 => Owner::Interface { instance: path, interface: interface()? },
            1 => Owner::AliasRange { instance: path, interface: interface()? },
            2 => Owner::Address(path),
            3 => Owner::ForwardingRule(path),
            _ => return None,
        };
        let owner = Arc::new(owner);
        self.owners.insert((kind, resource, word), Arc::clone(&owner));
        Some(Allocation { prefix, owner })
    }

    /// The range that a line is about.
    fn range_of_line(&mut self) -> Option<&mut Range> {
        let ranges = &mut self.snapshot.as_mut()?.ranges;
        match self.is_amended {
            true => ranges.get_mut(self.in_range?),
            false => ranges.last_mut(),
        }
    }

    fn origination(&mut self, line: OriginationLine<'_>) -> Option<()> {
        let OriginationLine(attributes, role, rule, prefix, ranges, cost) = line;
        let prefix = Prefix::parse_exact(prefix).ok()?;
        let attributes = Arc::clone(self.attributes.get(attributes)?);
        let role = Arc::clone(self.words.get(role)?);
        let origination = Originated { attributes, role, cost, rule, ranges: ranges.into(), in_use: None };
        let origination = Origination::shared_with(self.last.as_ref(), origination);
        self.last = Some(origination.clone());
        let is_new = self.originations.insert(prefix, origination).is_none();
        (is_new || self.is_amended).then_some(())
    }

    /// What of a held prefix was in use: blocks of it that ascend.
    fn in_use(&mut self, prefix: &str, in_use: &[String]) -> Option<()> {
        let prefix = Prefix::parse_exact(prefix).ok().filter(|prefix| self.is_held(prefix))?;
        let blocks: Vec<Prefix> = in_use.iter().map(|block| Prefix::parse_exact(block).ok()).collect::<Option<_>>()?;
        let ascend = blocks.iter().zip(blocks.iter().skip(1)).all(|(one, next)| one < next && !one.covers(next));
        let are_inside = blocks.iter().all(|block| prefix.covers(block));
        let origination = self.originations.get(&prefix).filter(|_| ascend && are_inside)?;
        let in_use = Some(Blocks::of_list(&prefix, blocks));
        self.originations.insert(prefix, origination.with(|one| one.in_use = in_use));
        Some(())
    }

    fn is_held(&self, prefix: &Prefix) -> bool {
        self.hold.as_ref().is_some_and(|hold| hold.routes.contains_key(prefix))
    }

    /// What it all comes to. An amendment may follow, with numbers of its own.
    fn whole(&mut self) -> Option<Record> {
        let guard = GuardState { window: take(&mut self.window), hold: self.hold.take().map(Arc::new) };
        let snapshot = self.snapshot.take()?;
        self.told_before = self.told_by.take().map(Arc::new).or_else(|| self.told_before.take());
        self.before = Some(snapshot.clone());
        self.is_amended = true;
        (self.resources, self.words, self.attributes) = (Vec::new(), Vec::new(), Vec::new());
        self.owners = HashMap::new();
        let (originations, told_by) = (self.originations.clone(), self.told_before.clone());
        Some(Record { snapshot: Arc::new(snapshot), originations, guard, told_by })
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
