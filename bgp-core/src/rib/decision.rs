//! The decision process (RFC 4271 section 9.1.2.2).

use std::fmt;
use std::net::IpAddr;

use crate::attribute::{AsPath, Origin, PathAttributes, SegmentKind};
use crate::types::{Asn, Community, PeerKind};

/// LOCAL_PREF of a route that carries none (RFC 4271 leaves it open; 100 is what every implementation takes).
pub(super) const DEFAULT_LOCAL_PREF: u32 = 100;

/// What the decision process compares of an attribute set. There may be millions: 24 octets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Merits {
    local_pref: u32,
    /// 0 when missing (RFC 4271 section 9.1.2.2 c).
    med: u32,
    /// The AS the route came from; 0 for a route of our own AS.
    neighbour: u32,
    /// 0 when missing.
    originator_id: u32,
    as_path_length: u16,
    cluster_list_length: u16,
    origin: Origin,
    /// Marked LLGR_STALE, here or by whoever sent it (RFC 9494 section 4.3).
    long_lived_stale: bool,
}

impl Merits {
    /// The merits of a set.
    pub fn of(attributes: &PathAttributes) -> Self {
        // Longer lists than that come in no message.
        let short = |length: usize| u16::try_from(length).unwrap_or(u16::MAX);
        Self {
            local_pref: attributes.local_pref.unwrap_or(DEFAULT_LOCAL_PREF),
            med: attributes.multi_exit_disc.unwrap_or(0),
            neighbour: neighbour(&attributes.as_path).map_or(0, |asn| asn.0),
            originator_id: attributes.originator_id.map_or(0, crate::types::BgpIdentifier::to_bits),
            as_path_length: short(attributes.as_path.decision_len()),
            cluster_list_length: short(attributes.cluster_list.len()),
            origin: attributes.origin,
            long_lived_stale: attributes.communities.contains(&Community::LLGR_STALE),
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
    race.keep_least(Reason::LongLivedStale, |path| path.merits.long_lived_stale);
    race.keep_least(Reason::LocalPref, |path| std::cmp::Reverse(path.merits.local_pref));
    race.keep_least(Reason::AsPathLength, |path| path.merits.as_path_length);
    race.keep_least(Reason::Origin, |path| path.merits.origin);
    race.keep_least_med(always_compare_med);
    race.keep_least(Reason::ExternalOverInternal, |path| path.peer.as_ref().map(|peer| peer.kind));
    race.keep_least(Reason::Identifier, |path| match path.merits.originator_id {
        0 => path.peer.as_ref().map(|peer| peer.identifier),
        originator => Some(originator),
    });
    race.keep_least(Reason::ClusterListLength, |path| path.merits.cluster_list_length);
    race.keep_least(Reason::PeerAddress, |path| path.peer.as_ref().map(|peer| peer.address));
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
