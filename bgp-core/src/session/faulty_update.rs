//! The last UPDATEs of a peer that had faults, each as it came, so that people can see what was wrong (RFC 7606 section 6).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use crate::attribute::{AttributeFault, Disposition};
use crate::message::{MessageError, Update};
use crate::nlri::Nlri;

/// How many are kept; the oldest goes.
pub const FAULTY_UPDATES_KEPT: usize = 8;

/// How many faults and how many routes of one are kept beside its octets. A message can hold tens of thousands.
pub const FAULTY_UPDATE_DETAILS: usize = 32;

/// An UPDATE with faults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultyUpdate {
    /// Its number among the faulty ones of the peer, from 1.
    pub number: u64,
    /// When it came.
    pub at: Instant,
    /// The whole message, with its header; at most 65535 octets.
    pub octets: Bytes,
    /// What it cost: the strongest of its faults.
    pub disposition: Disposition,
    /// Why it cost the session; `None` when it did not.
    pub error: Option<String>,
    /// The first of its faults, in the order of the message; none when its attributes were not looked at.
    pub faults: Vec<AttributeFault>,
    /// How many faults it had.
    pub fault_count: usize,
    /// The first of its routes: those that were withdrawn, or announced without an attribute; none when it cost the session.
    pub routes: Vec<Nlri>,
    /// How many routes it had.
    pub route_count: usize,
}

/// The last of them, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FaultyUpdates {
    kept: VecDeque<Arc<FaultyUpdate>>,
    count: u64,
}

impl FaultyUpdates {
    /// How many there were.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The last of them, at most [`FAULTY_UPDATES_KEPT`], oldest first.
    pub fn kept(&self) -> impl DoubleEndedIterator<Item = &Arc<FaultyUpdate>> {
        self.kept.iter()
    }

    /// Notes a message and what came of it; nothing when it had no fault.
    pub(super) fn note(&mut self, octets: &[u8], read: &Result<Update, MessageError>, at: Instant) {
        let (faults, error) = match read {
            Ok(Update { faults, .. }) => (faults.as_slice(), None),
            Err(error @ MessageError::MalformedUpdate { faults, .. }) => (faults.as_slice(), Some(error.to_string())),
            Err(error) => (&[][..], Some(error.to_string())),
        };
        if faults.is_empty() && error.is_none() {
            return;
        }
        let strongest = faults.iter().map(|fault| fault.disposition).max();
        let routes = || {
            let announced = read.iter().flat_map(|update| &update.reachable).flat_map(|group| &group.nlri);
            read.iter().flat_map(|update| &update.withdrawn).chain(announced)
        };
        self.count += 1;
        if self.kept.len() == FAULTY_UPDATES_KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(Arc::new(FaultyUpdate {
            number: self.count,
            at,
            // A copy: the octets at hand may be a small part of a large read.
            octets: Bytes::copy_from_slice(octets),
            disposition: if error.is_some() { None } else { strongest }.unwrap_or(Disposition::SessionReset),
            error,
            faults: faults.iter().take(FAULTY_UPDATE_DETAILS).cloned().collect(),
            fault_count: faults.len(),
            routes: routes().take(FAULTY_UPDATE_DETAILS).copied().collect(),
            route_count: routes().count(),
        }));
    }
}
