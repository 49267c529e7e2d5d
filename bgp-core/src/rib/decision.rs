//! The decision process (RFC 4271 section 9.1.2.2).

use std::fmt;

/// The step that decided between paths, in the order of the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// There was no other path.
    OnlyPath,
    /// Our own routes come first.
    Originated,
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
