//! What a session has seen so far.

use std::time::Instant;

use super::{Cause, FaultyUpdates};

/// Messages by type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MessageCounts {
    /// OPEN.
    pub open: u64,
    /// UPDATE.
    pub update: u64,
    /// NOTIFICATION.
    pub notification: u64,
    /// KEEPALIVE.
    pub keepalive: u64,
    /// ROUTE-REFRESH.
    pub route_refresh: u64,
}

/// Counters since the session was made, over all its connections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Messages received.
    pub received: MessageCounts,
    /// Messages sent.
    pub sent: MessageCounts,
    /// How often Established was reached.
    pub established: u64,
    /// Failed attempts in a row; the next start waits the longer.
    pub failures: u32,
    /// UPDATEs with faults (RFC 7606): how many, and the last of them.
    pub faulty_updates: FaultyUpdates,
    /// When and why a connection or an attempt ended last.
    pub last_error: Option<(Instant, Cause)>,
}
