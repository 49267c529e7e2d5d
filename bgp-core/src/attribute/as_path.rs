//! AS_PATH (RFC 4271 section 5.1.2, RFC 5065, RFC 6793).

use crate::types::Asn;

/// What the AS numbers of a segment are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SegmentKind {
    /// AS_SET: unordered (deprecated by RFC 9774).
    Set,
    /// AS_SEQUENCE: ordered.
    Sequence,
    /// AS_CONFED_SEQUENCE (RFC 5065).
    ConfedSequence,
    /// AS_CONFED_SET (RFC 5065).
    ConfedSet,
}

/// A segment of 1 to 255 AS numbers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AsPathSegment {
    /// What the numbers are.
    pub kind: SegmentKind,
    /// The numbers, nearest AS first.
    pub asns: Vec<Asn>,
}

/// The path a route has taken, nearest AS first; empty for a route of our own AS.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AsPath {
    /// The segments in wire order.
    pub segments: Vec<AsPathSegment>,
}
