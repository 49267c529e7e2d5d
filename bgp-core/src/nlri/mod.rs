//! Network Layer Reachability Information (RFC 4271 section 4.3, RFC 4760 section 5, RFC 7911 section 3).

pub mod codec;
mod encoded;

pub use encoded::{EncodedRoutes, Unsendable};

use crate::types::Prefix;

/// One route's key as a peer names it: the prefix, and the path identifier where ADD-PATH was negotiated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nlri {
    /// The destination.
    pub prefix: Prefix,
    /// The peer's number for this path (RFC 7911); 0 without ADD-PATH.
    pub path_id: u32,
}

impl From<Prefix> for Nlri {
    fn from(prefix: Prefix) -> Self {
        Self { prefix, path_id: 0 }
    }
}
