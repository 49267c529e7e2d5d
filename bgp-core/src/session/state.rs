//! The states of RFC 4271 section 8.2.2.

use std::fmt;

/// Where a session stands. Ordered by how far it has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Nothing is attempted and nobody is let in.
    #[default]
    Idle,
    /// We dial.
    Connect,
    /// We wait to be dialled, or until it is time to dial again.
    Active,
    /// Our OPEN is sent.
    OpenSent,
    /// Both OPENs are accepted by us; the peer's KEEPALIVE is awaited.
    OpenConfirm,
    /// Routes are exchanged.
    Established,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 6] =
        [Self::Idle, Self::Connect, Self::Active, Self::OpenSent, Self::OpenConfirm, Self::Established];
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Idle => "Idle",
            Self::Connect => "Connect",
            Self::Active => "Active",
            Self::OpenSent => "OpenSent",
            Self::OpenConfirm => "OpenConfirm",
            Self::Established => "Established",
        })
    }
}
