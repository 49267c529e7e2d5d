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
//! [0,1,0,"10.5.0.0/24",[2],250]                          the same of range 2, whose region costs 250
//! [0,2,null,"10.0.0.0/8",[]]                             a custom range, which no rule makes
//! {"window":[…]}                                         what was withdrawn lately
//! {"hold":{"hash":"…",…}}                                what the guard holds, and after it each withdrawal that is held
//! {"held":["10.4.0.0/24",{…}]}
//! {"inUse":["10.4.0.0/24",["10.4.0.0/28"]]}              what of it was in use, where that was not all of it
//! {"sha256":"…"}                                         of all that stands before this line
//! ```
//!
//! Names stand once and are referred to by number, so that a million alias ranges need some tens of octets each. Nothing is
//! believed before the checksum was right.
//!
//! What changes a little is amended: sections follow the record, each with numbers of its own and a checksum at its end, of
//! the whole file up to there.
//!
//! ```text
//! {"amendment":{"revision":8,…}}                         the snapshot of then; its ranges are the same
//! {"inRange":1}                                          what follows is allocated in the range of this index
//! {"resource":"projects/p/zones/z/instances/b"}          number 0
//! {"word":"nic0"}                                        number 0
//! {"gone":["10.4.0.0/24",1,0,0]}                         allocated no more
//! ["10.4.1.0/24",1,0,0]                                  allocated now
//! {"withdrawn":"10.4.0.0/24"}                            originated no more
//! [0,1,0,"10.4.1.0/24",[1]]                              originated now, or otherwise
//! {"window":[…]}                                         all of them anew
//! {"sha256":"…"}
//! ```
//!
//! A section that is cut short was broken off by the end of the process or the machine: what stands before it counts.

mod reader;
mod writer;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::config::{Written, WrittenFile};
use crate::inventory::Snapshot;
use crate::origination::Originations;
use crate::origination::guard::{GuardState, HeldRoute, Hold, Window};

pub(super) use reader::{Whole, read};
pub(super) use writer::{amend, can_amend, write};

/// The first line. Another version is another first line.
const HEAD: &str = "aliasd-journal 1\n";

/// Most octets of a line: more than the longest file of a configuration, however much of it has to be escaped.
const MAX_LINE_LEN: u64 = 1 << 25;

/// Most octets of a record: ten times what a million alias ranges need.
pub(super) const MAX_LEN: u64 = 1 << 30;

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
    Amendment(SnapshotLine),
    InRange(usize),
    Gone(String, u8, usize, usize),
    Withdrawn(String),
    Window(Window),
    Hold(Hold),
    Held(String, HeldRoute),
    InUse(String, Vec<String>),
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

/// Attributes, word of the role, rule, prefix, the ranges that it was made from, and the cost, which is left out when it is 0.
#[derive(Deserialize)]
struct OriginationLine<'a>(usize, usize, Option<usize>, #[serde(borrow)] &'a str, Vec<usize>, #[serde(default)] u32);

/// The checksum of a file so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Checksum(Sha256);
