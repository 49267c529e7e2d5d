//! Routes as messages: what encoders make and the table hands from one peer to the next, without either knowing the other.

use bytes::Bytes;

use super::Nlri;

/// Messages that say something of routes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EncodedRoutes {
    /// Whole messages one behind the other, in the order they are to be sent.
    pub messages: Bytes,
    /// What no message can announce; it is withdrawn in them.
    pub unsendable: Vec<Unsendable>,
}

/// Routes that cannot be announced with their attributes. They are withdrawn instead, since the peer may hold an earlier
/// version (RFC 8654 section 4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsendable {
    /// The routes.
    pub routes: Vec<Nlri>,
    /// Why.
    pub reason: String,
}
