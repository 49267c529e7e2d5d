//! The decision process (RFC 4271 section 9.1.2.2).

use std::cmp::Ordering;
use std::fmt;
use std::net::IpAddr;

use smallvec::SmallVec;

use crate::attribute::{AsPath, Origin, PathAttributes, SegmentKind};
use crate::types::{Asn, Community, PeerKind};

/// LOCAL_PREF of a route that carries none (RFC 4271 leaves it open; 100 is what every implementation takes).
pub(super) const DEFAULT_LOCAL_PREF: u32 = 100;

/// What the decision process compares of an attribute set. There may be millions: 24 octets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Merits {
    /// What comes before MULTI_EXIT_DISC, in the order of the steps, less being better: 1 bit for long-lived stale routes
    /// (marked LLGR_STALE, here or by whoever sent it; RFC 9494 section 4.3), 32 for LOCAL_PREF, 16 for the length of the
    /// AS_PATH, 2 for ORIGIN.
    rank: u64,
    /// 0 when missing (RFC 4271 section 9.1.2.2 c).
    med: u32,
    /// The AS the route came from; 0 for a route of our own AS.
    neighbour: u32,
    /// 0 when missing.
    originator_id: u32,
    cluster_list_length: u16,
}

const STALE_SHIFT: u32 = 50;
const LOCAL_PREF_SHIFT: u32 = 18;
const AS_PATH_SHIFT: u32 = 2;

impl Merits {
    /// The merits of a set.
    pub fn of(attributes: &PathAttributes) -> Self {
        // Longer lists than that come in no message.
        let short = |length: usize| u16::try_from(length).unwrap_or(u16::MAX);
        let stale = attributes.communities.contains(&Community::LLGR_STALE);
        let local_pref = attributes.local_pref.unwrap_or(DEFAULT_LOCAL_PREF);
        let origin: u64 = match attributes.origin {
            Origin::Igp => 0,
            Origin::Egp => 1,
            Origin::Incomplete => 2,
        };
        Self {
            rank: u64::from(stale) << STALE_SHIFT
                | u64::from(u32::MAX - local_pref) << LOCAL_PREF_SHIFT
                | u64::from(short(attributes.as_path.decision_len())) << AS_PATH_SHIFT
                | origin,
            med: attributes.multi_exit_disc.unwrap_or(0),
            neighbour: neighbour(&attributes.as_path).map_or(0, |asn| asn.0),
            originator_id: attributes.originator_id.map_or(0, crate::types::BgpIdentifier::to_bits),
            cluster_list_length: short(attributes.cluster_list.len()),
        }
    }
}

fn neighbour(path: &AsPath) -> Option<Asn> {
    let confed = |kind| matches!(kind, SegmentKind::ConfedSequence | SegmentKind::ConfedSet);
    let first = path.segments.iter().find(|segment| !confed(segment.kind))?;
    (first.kind == SegmentKind::Sequence).then(|| first.asns.first().copied()).flatten()
}

/// An eligible path in the decision process.
#[derive(Clone, Debug)]
pub(super) struct Candidate<'a> {
    /// What its attributes say.
    pub merits: &'a Merits,
    /// Who sent it; `None` for our own.
    pub peer: Option<CandidatePeer>,
    /// The peer's number for it.
    pub path_id: u32,
}

/// The peer behind a candidate.
#[derive(Clone, Debug)]
pub(super) struct CandidatePeer {
    /// Internal or external.
    pub kind: PeerKind,
    /// Its BGP Identifier.
    pub identifier: u32,
    /// Its address.
    pub address: IpAddr,
}

impl Candidate<'_> {
    fn kind(&self) -> Option<PeerKind> {
        self.peer.as_ref().map(|peer| peer.kind)
    }

    fn identifier(&self) -> Option<u32> {
        match self.merits.originator_id {
            0 => self.peer.as_ref().map(|peer| peer.identifier),
            originator => Some(originator),
        }
    }

    fn address(&self) -> Option<IpAddr> {
        self.peer.as_ref().map(|peer| peer.address)
    }

    /// Which comes first by the steps before MULTI_EXIT_DISC.
    fn cmp_before_med(&self, other: &Self) -> Ordering {
        self.peer.is_some().cmp(&other.peer.is_some()).then(self.merits.rank.cmp(&other.merits.rank))
    }

    /// Which comes first by the steps after it.
    fn cmp_after_med(&self, other: &Self) -> Ordering {
        self.kind()
            .cmp(&other.kind())
            .then_with(|| self.identifier().cmp(&other.identifier()))
            .then_with(|| self.merits.cluster_list_length.cmp(&other.merits.cluster_list_length))
            .then_with(|| self.address().cmp(&other.address()))
            .then_with(|| self.path_id.cmp(&other.path_id))
    }

    /// Whether a decision is as it was when this path is added to those among which `best` was found: it is neither better
    /// nor does it keep one from being better. It may be that it is and nobody can tell by two paths alone; then false.
    ///
    /// Who came before it at the steps before MULTI_EXIT_DISC is not touched by it. Where they are equal there, it can only
    /// remove others of its own neighbouring AS. `best` won against every path that remains then, so only it or the new one
    /// can be the best, unless `best` is removed.
    pub fn changes_nothing_beside(&self, best: &Self, always_compare_med: bool) -> bool {
        match self.cmp_before_med(best) {
            Ordering::Greater => true,
            Ordering::Less => false,
            Ordering::Equal => {
                let meds_compare = always_compare_med || self.merits.neighbour == best.merits.neighbour;
                let by_med = if meds_compare { self.merits.med.cmp(&best.merits.med) } else { Ordering::Equal };
                by_med.then_with(|| self.cmp_after_med(best)) == Ordering::Greater
            }
        }
    }

    /// Whether the path loses against the other before MULTI_EXIT_DISC is looked at, so that it makes no difference whether
    /// it is there.
    pub fn never_ran_against(&self, best: &Self) -> bool {
        self.cmp_before_med(best) == Ordering::Greater
    }
}

/// The place of the best of the candidates, as [`decide`] finds it, without the reasons.
pub(super) fn best<'a>(candidates: impl Iterator<Item = Candidate<'a>>, always_compare_med: bool) -> Option<usize> {
    let mut running: SmallVec<[(usize, Candidate<'a>); 4]> = SmallVec::new();
    for (place, candidate) in candidates.enumerate() {
        match running.first().map_or(Ordering::Equal, |(_, first)| candidate.cmp_before_med(first)) {
            Ordering::Greater => continue,
            Ordering::Less => running.clear(),
            Ordering::Equal => {}
        }
        running.push((place, candidate));
    }
    let med = running.first()?.1.merits.med;
    if running.iter().any(|(_, other)| other.merits.med != med) {
        // The least of each neighbouring AS comes first, and those that are no worse follow it.
        let neighbour = |candidate: &Candidate<'_>| if always_compare_med { 0 } else { candidate.merits.neighbour };
        running.sort_unstable_by_key(|(place, path)| (neighbour(path), path.merits.med, *place));
        let mut least = None;
        running.retain(|(_, path)| match least {
            Some((of, med)) if of == neighbour(path) => path.merits.med == med,
            _ => {
                least = Some((neighbour(path), path.merits.med));
                true
            }
        });
    }
    // Of equal ones the first, as they came.
    let first = running.iter().min_by(|(at, one), (other_at, other)| one.cmp_after_med(other).then(at.cmp(other_at)));
    first.map(|(place, _)| *place)
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decision {
    /// The index of the best candidate.
    pub best: usize,
    /// The last step that removed one.
    pub reason: Reason,
    /// For each candidate the step that removed it; `None` for the best.
    pub lost: Vec<Option<Reason>>,
}

/// Finds the best of the candidates; `None` when there are none.
///
/// The steps remove candidates from the whole set one after the other, as the RFC writes it. A comparison of pairs would
/// depend on their order, because MULTI_EXIT_DISC only compares within one neighbouring AS.
pub(super) fn decide(candidates: &[Candidate<'_>], always_compare_med: bool) -> Option<Decision> {
    let mut race = Race { candidates, lost: vec![None; candidates.len()], reason: Reason::OnlyPath };
    race.keep_least(Reason::Originated, |path| path.peer.is_some());
    // Whoever still runs has the same upper part.
    race.keep_least(Reason::LongLivedStale, |path| path.merits.rank >> STALE_SHIFT);
    race.keep_least(Reason::LocalPref, |path| path.merits.rank >> LOCAL_PREF_SHIFT);
    race.keep_least(Reason::AsPathLength, |path| path.merits.rank >> AS_PATH_SHIFT);
    race.keep_least(Reason::Origin, |path| path.merits.rank);
    race.keep_least_med(always_compare_med);
    race.keep_least(Reason::ExternalOverInternal, |path| path.kind());
    race.keep_least(Reason::Identifier, |path| path.identifier());
    race.keep_least(Reason::ClusterListLength, |path| path.merits.cluster_list_length);
    race.keep_least(Reason::PeerAddress, |path| path.address());
    race.keep_least(Reason::PathId, |path| path.path_id);
    let best = race.lost.iter().position(Option::is_none)?;
    Some(Decision { best, reason: race.reason, lost: race.lost })
}

struct Race<'a, 'm> {
    candidates: &'a [Candidate<'m>],
    lost: Vec<Option<Reason>>,
    reason: Reason,
}

impl Race<'_, '_> {
    fn keep_least<K: Ord>(&mut self, step: Reason, key: impl Fn(&Candidate<'_>) -> K) {
        let running = self.candidates.iter().zip(&self.lost).filter(|(_, lost)| lost.is_none());
        let Some(least) = running.map(|(path, _)| key(path)).min() else { return };
        for (path, lost) in self.candidates.iter().zip(&mut self.lost) {
            if lost.is_none() && key(path) > least {
                *lost = Some(step);
                self.reason = step;
            }
        }
    }

    fn keep_least_med(&mut self, always_compare: bool) {
        let running: Vec<(u32, u32)> = self
            .candidates
            .iter()
            .zip(&self.lost)
            .filter(|(_, lost)| lost.is_none())
            .map(|(path, _)| (path.merits.neighbour, path.merits.med))
            .collect();
        for (path, lost) in self.candidates.iter().zip(&mut self.lost) {
            let merits = path.merits;
            let comparable = |neighbour: &u32| always_compare || *neighbour == merits.neighbour;
            let beaten = running.iter().any(|(neighbour, med)| comparable(neighbour) && *med < merits.med);
            if lost.is_none() && beaten {
                *lost = Some(Reason::MultiExitDisc);
                self.reason = Reason::MultiExitDisc;
            }
        }
    }
}

/// The step that decided between paths, in the order of the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// There was no other path.
    OnlyPath,
    /// Our own routes come first.
    Originated,
    /// Before a long-lived stale route any other is taken (RFC 9494 section 4.4).
    LongLivedStale,
    /// The higher LOCAL_PREF (9.1.1).
    LocalPref,
    /// The shorter AS_PATH (9.1.2.2 a).
    AsPathLength,
    /// The lower ORIGIN (9.1.2.2 b).
    Origin,
    /// The lower MULTI_EXIT_DISC (9.1.2.2 c).
    MultiExitDisc,
    /// External before internal (9.1.2.2 d).
    ExternalOverInternal,
    /// The lower BGP Identifier or ORIGINATOR_ID (9.1.2.2 f, RFC 4456 section 9).
    Identifier,
    /// The shorter CLUSTER_LIST (RFC 4456 section 9).
    ClusterListLength,
    /// The lower peer address (9.1.2.2 g).
    PeerAddress,
    /// The lower path identifier of one peer (RFC 7911).
    PathId,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OnlyPath => "only path",
            Self::Originated => "originated here",
            Self::LongLivedStale => "long-lived stale",
            Self::LocalPref => "LOCAL_PREF",
            Self::AsPathLength => "AS_PATH length",
            Self::Origin => "ORIGIN",
            Self::MultiExitDisc => "MULTI_EXIT_DISC",
            Self::ExternalOverInternal => "external over internal",
            Self::Identifier => "BGP Identifier",
            Self::ClusterListLength => "CLUSTER_LIST length",
            Self::PeerAddress => "peer address",
            Self::PathId => "path identifier",
        })
    }
}
