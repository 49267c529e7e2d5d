//! Who sends and gets routes, and what both families share.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use super::attribute_store::AttributeStore;
use super::decision::CandidatePeer;
use super::facts::{PeerFacts, RibConfig};
use super::traits::Ourselves;
use crate::attribute::PathAttributes;
use crate::policy::{Policy, RouteSource};
use crate::types::{NextHop, PeerId, PeerKind};

/// A session's number in the table. A peer that comes up again gets a new one while the routes of its last session go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct PeerIndex(u16);

impl PeerIndex {
    /// Ourselves, as the source of what we originate.
    pub const LOCAL: Self = Self(u16::MAX);

    fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// Something about each of some sessions, found by their numbers.
#[derive(Debug)]
pub(super) struct PeerMap<T>(Vec<Option<T>>);

impl<T> Default for PeerMap<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> PeerMap<T> {
    // We stand at the front, so that the list need not be as long as there could be sessions.
    fn place(peer: PeerIndex) -> usize {
        peer.index().checked_add(1).filter(|_| peer != PeerIndex::LOCAL).unwrap_or(0)
    }

    /// What there is about a session.
    pub fn get(&self, peer: PeerIndex) -> Option<&T> {
        self.0.get(Self::place(peer))?.as_ref()
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, peer: PeerIndex) -> Option<&mut T> {
        self.0.get_mut(Self::place(peer))?.as_mut()
    }

    /// Puts something, and returns what was there.
    pub fn insert(&mut self, peer: PeerIndex, value: T) -> Option<T> {
        let place = Self::place(peer);
        if self.0.len() <= place {
            self.0.resize_with(place + 1, || None);
        }
        self.0.get_mut(place)?.replace(value)
    }

    /// Removes what there is, and returns it.
    pub fn remove(&mut self, peer: PeerIndex) -> Option<T> {
        self.0.get_mut(Self::place(peer))?.take()
    }
}

/// One session.
pub(super) struct PeerState {
    /// What was negotiated.
    pub facts: PeerFacts,
    /// What passes in.
    pub import: Arc<Policy>,
    /// What passes out.
    pub export: Arc<Policy>,
    /// The peer as a source of routes.
    pub source: RouteSource,
    /// Families that still hold routes of it.
    pub families_left: usize,
}

/// A time in which numbers keep their meaning; see [`Context::epoch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Epoch {
    sessions: u64,
    attributes: u64,
}

/// What both families work with.
pub(super) struct Context {
    /// Who we are.
    pub config: RibConfig,
    /// All attribute sets.
    pub attributes: AttributeStore,
    sessions: Vec<Option<PeerState>>,
    by_id: HashMap<PeerId, PeerIndex>,
    /// Peers that are not up, whose routes are kept.
    away: HashMap<PeerId, PeerIndex>,
    tags: Vec<RouteSource>,
    unknown: RouteSource,
    /// For policies that do not look at any.
    pub no_attributes: Arc<PathAttributes>,
    /// Counts what happens to sessions.
    session_changes: u64,
}

impl Context {
    /// No peer, no attributes.
    pub fn new(config: RibConfig) -> Self {
        let ourselves = Ourselves { asn: Some(config.local_asn), identifier: Some(config.local_identifier) };
        Self {
            config,
            attributes: AttributeStore::new(ourselves),
            sessions: Vec::new(),
            by_id: HashMap::new(),
            away: HashMap::new(),
            tags: Vec::new(),
            unknown: RouteSource::Originated { tag: Arc::from(""), cost: 0 },
            no_attributes: Arc::default(),
            session_changes: 0,
        }
    }

    /// While this is the same, the number of a session or of an attribute set that is in use stands for what it stood for.
    pub const fn epoch(&self) -> Epoch {
        Epoch { sessions: self.session_changes, attributes: self.attributes.freed() }
    }

    /// Adds a session; `None` when there are 65535 already.
    pub fn add(&mut self, state: PeerState) -> Option<PeerIndex> {
        let place = self.sessions.iter().position(Option::is_none).unwrap_or(self.sessions.len());
        let index = PeerIndex(u16::try_from(place).ok().filter(|number| *number != u16::MAX)?);
        self.by_id.insert(state.facts.id, index);
        self.session_changes += 1;
        match self.sessions.get_mut(place) {
            Some(session) => *session = Some(state),
            None => self.sessions.push(Some(state)),
        }
        Some(index)
    }

    /// The peer is no longer up, and none of its routes are kept; its session stays known until so many families are done
    /// with it.
    pub fn take_down(&mut self, id: PeerId, families_left: usize) -> Option<PeerIndex> {
        let index = self.by_id.remove(&id).or_else(|| self.away.remove(&id))?;
        self.session_mut(index)?.families_left = families_left;
        Some(index)
    }

    /// The peer is no longer up; its routes are kept, and its number with them.
    pub fn send_away(&mut self, id: PeerId) {
        if let Some(index) = self.by_id.remove(&id) {
            self.away.insert(id, index);
        }
    }

    /// A peer that was away is up again, under its old number.
    pub fn take_back(&mut self, state: PeerState) -> Option<PeerIndex> {
        let id = state.facts.id;
        let index = self.away.remove(&id)?;
        *self.session_mut(index)? = state;
        self.by_id.insert(id, index);
        Some(index)
    }

    /// A peer that is not up and whose routes are kept.
    pub fn away(&self, id: PeerId) -> Option<PeerIndex> {
        self.away.get(&id).copied()
    }

    /// A peer that is up or whose routes are kept.
    pub fn known(&self, id: PeerId) -> Option<PeerIndex> {
        self.up(id).or_else(|| self.away(id))
    }

    /// A family holds nothing of the session any more.
    pub fn family_done(&mut self, index: PeerIndex) {
        let Some(session) = self.sessions.get_mut(index.index()) else { return };
        let Some(state) = session else { return };
        state.families_left = state.families_left.saturating_sub(1);
        if state.families_left == 0 {
            *session = None;
            self.session_changes += 1;
        }
    }

    /// The session of a peer that is up.
    pub fn up(&self, id: PeerId) -> Option<PeerIndex> {
        self.by_id.get(&id).copied()
    }

    /// A session, up or going.
    pub fn session(&self, index: PeerIndex) -> Option<&PeerState> {
        self.sessions.get(index.index())?.as_ref()
    }

    /// A session, to be changed.
    pub fn session_mut(&mut self, index: PeerIndex) -> Option<&mut PeerState> {
        self.session_changes += 1;
        self.sessions.get_mut(index.index())?.as_mut()
    }

    /// The number of a tag at a cost. There are as many as roles and costs in the configuration, so the list is searched.
    pub fn tag_number(&mut self, tag: &Arc<str>, cost: u32) -> u32 {
        let is_it = |source: &RouteSource| matches!(source, RouteSource::Originated { tag: known, cost: at } if *at == cost && known == tag);
        let place = self.tags.iter().position(is_it).unwrap_or_else(|| {
            self.tags.push(RouteSource::Originated { tag: Arc::clone(tag), cost });
            self.tags.len() - 1
        });
        u32::try_from(place).unwrap_or(u32::MAX)
    }

    /// Where a path comes from.
    pub fn source(&self, peer: PeerIndex, path_id: u32) -> &RouteSource {
        if peer == PeerIndex::LOCAL {
            let tag = usize::try_from(path_id).ok().and_then(|place| self.tags.get(place));
            return tag.unwrap_or(&self.unknown);
        }
        self.session(peer).map_or(&self.unknown, |session| &session.source)
    }

    /// Whether the peer is in our AS; `None` for ourselves.
    pub fn kind(&self, peer: PeerIndex) -> Option<PeerKind> {
        self.session(peer).map(|session| session.facts.kind)
    }

    /// What breaks ties between paths; `None` for ourselves.
    pub fn candidate(&self, peer: PeerIndex) -> Option<CandidatePeer> {
        let facts = &self.session(peer)?.facts;
        Some(CandidatePeer { kind: facts.kind, identifier: facts.identifier.to_bits(), address: facts.address })
    }

    /// Whether the address is one of ours, as far as the sessions tell.
    pub fn is_own_address(&self, address: IpAddr) -> bool {
        let own = |facts: &PeerFacts| {
            facts.next_hop_self_v4.map(IpAddr::V4) == Some(address)
                || facts.next_hop_self_v6.as_ref().map(NextHop::address) == Some(address)
        };
        self.sessions.iter().flatten().any(|session| own(&session.facts))
    }
}
