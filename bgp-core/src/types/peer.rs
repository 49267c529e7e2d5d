//! What every layer says of a peer.

use std::fmt;

/// A peer's number, given by the daemon and stable while the peer is configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId(pub u32);

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "peer#{}", self.0)
    }
}

/// Whether the peer is in another AS or in ours (RFC 4271 section 1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PeerKind {
    /// eBGP: another AS.
    External,
    /// iBGP: our AS.
    Internal,
}
