//! AS_PATH (RFC 4271 section 5.1.2, RFC 5065, RFC 6793).

use std::fmt;

use bytes::{BufMut, BytesMut};

use crate::types::{Asn, PeerKind};
use crate::wire::reader::{self, TooShort};

/// The most AS numbers of one segment (its count is one octet).
pub const SEGMENT_MAX: usize = 255;

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

impl SegmentKind {
    /// The segment type on the wire (RFC 4271 section 4.3, RFC 5065 section 3).
    #[must_use]
    pub const fn octet(self) -> u8 {
        match self {
            Self::Set => 1,
            Self::Sequence => 2,
            Self::ConfedSequence => 3,
            Self::ConfedSet => 4,
        }
    }

    /// Its name in the RFC.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Set => "AS_SET",
            Self::Sequence => "AS_SEQUENCE",
            Self::ConfedSequence => "AS_CONFED_SEQUENCE",
            Self::ConfedSet => "AS_CONFED_SET",
        }
    }

    const fn from_octet(octet: u8) -> Option<Self> {
        match octet {
            1 => Some(Self::Set),
            2 => Some(Self::Sequence),
            3 => Some(Self::ConfedSequence),
            4 => Some(Self::ConfedSet),
            _ => None,
        }
    }

    pub(super) const fn is_confederation(self) -> bool {
        matches!(self, Self::ConfedSequence | Self::ConfedSet)
    }
}

impl AsPath {
    /// A path of one AS_SEQUENCE; empty for no numbers.
    #[must_use]
    pub fn sequence(asns: impl IntoIterator<Item = Asn>) -> Self {
        let asns: Vec<Asn> = asns.into_iter().collect();
        let segments =
            asns.chunks(SEGMENT_MAX).map(|part| AsPathSegment { kind: SegmentKind::Sequence, asns: part.to_vec() });
        Self { segments: segments.collect() }
    }

    /// The length that the decision process compares: a set counts 1, confederation segments 0 (RFC 4271 section
    /// 9.1.2.2 a, RFC 5065 section 5.3).
    #[must_use]
    pub fn decision_len(&self) -> usize {
        let length = |segment: &AsPathSegment| match segment.kind {
            SegmentKind::Sequence => segment.asns.len(),
            SegmentKind::Set => 1,
            SegmentKind::ConfedSequence | SegmentKind::ConfedSet => 0,
        };
        self.segments.iter().map(length).sum()
    }

    /// Puts back what an OLD speaker replaced by AS_TRANS: the leading numbers of this path that `as4_path` lacks, then
    /// `as4_path`. A longer `as4_path` is ignored (RFC 6793 section 4.2.3).
    pub fn merge_as4(&mut self, as4_path: Self) {
        let Some(mut leading) = self.decision_len().checked_sub(as4_path.decision_len()) else { return };
        let mut merged = Vec::new();
        for mut segment in std::mem::take(&mut self.segments) {
            match segment.kind {
                // Confederation segments count nothing: those that lead or follow a kept one stay.
                SegmentKind::ConfedSequence | SegmentKind::ConfedSet => {}
                SegmentKind::Sequence | SegmentKind::Set if leading == 0 => break,
                SegmentKind::Set => leading -= 1,
                SegmentKind::Sequence if segment.asns.len() > leading => {
                    segment.asns.truncate(leading);
                    merged.push(segment);
                    break;
                }
                SegmentKind::Sequence => leading -= segment.asns.len(),
            }
            merged.push(segment);
        }
        as4_path.segments.into_iter().for_each(|segment| append(&mut merged, segment));
        self.segments = merged;
    }

    /// Leaves out confederation segments, which do not belong in AS4_PATH (RFC 6793 section 6).
    pub(super) fn drop_confederation(&mut self) {
        self.segments.retain(|segment| !segment.kind.is_confederation());
    }

    /// Whether it holds a segment that RFC 9774 deprecates: AS_SET or AS_CONFED_SET.
    #[must_use]
    pub fn has_set(&self) -> bool {
        self.segments.iter().any(|segment| matches!(segment.kind, SegmentKind::Set | SegmentKind::ConfedSet))
    }

    /// Puts `asn` in front `count` times, in a new segment when the first is no sequence or is full (RFC 4271 section
    /// 5.1.2).
    pub fn prepend(&mut self, asn: Asn, count: usize) {
        for _ in 0..count {
            match self.segments.first_mut() {
                Some(first) if first.kind == SegmentKind::Sequence && first.asns.len() < SEGMENT_MAX => {
                    first.asns.insert(0, asn);
                }
                _ => self.segments.insert(0, AsPathSegment { kind: SegmentKind::Sequence, asns: vec![asn] }),
            }
        }
    }

    /// Whether the AS stands anywhere in the path.
    #[must_use]
    pub fn contains(&self, asn: Asn) -> bool {
        self.segments.iter().any(|segment| segment.asns.contains(&asn))
    }

    /// The neighbouring AS: the first of a path that begins with a sequence.
    #[must_use]
    pub fn first_asn(&self) -> Option<Asn> {
        let first = self.segments.iter().find(|segment| !segment.kind.is_confederation())?;
        match first.kind {
            SegmentKind::Sequence => first.asns.first().copied(),
            _ => None,
        }
    }

    /// The AS that originated the route: the last of a path that ends with a sequence.
    #[must_use]
    pub fn origin_asn(&self) -> Option<Asn> {
        let last = self.segments.last()?;
        match last.kind {
            SegmentKind::Sequence => last.asns.last().copied(),
            _ => None,
        }
    }

    /// Reads a value of AS numbers of four octets, or of two, that a peer of this kind may send; AS_SET where `set` says so.
    ///
    /// # Errors
    /// What is wrong, with value and expectation (RFC 7606 section 7.2, RFC 7607, RFC 9774).
    pub fn decode(input: &[u8], four_octet: bool, peer_kind: PeerKind, set: bool) -> Result<Self, String> {
        let path = Self::read(input, four_octet)?;
        path.permitted_from(peer_kind, set)?;
        Ok(path)
    }

    /// Reads a value of AS numbers of four octets, or of two; whether a peer may send it is not looked at.
    ///
    /// # Errors
    /// What is wrong with its form, with value and expectation (RFC 7606 section 7.2).
    pub fn read(mut input: &[u8], four_octet: bool) -> Result<Self, String> {
        // Nearly every path is one sequence.
        let mut segments = Vec::with_capacity(usize::from(!input.is_empty()));
        while !input.is_empty() {
            let (rest, segment) = segment(input, four_octet)?;
            segments.push(segment);
            input = rest;
        }
        Ok(Self { segments })
    }

    /// Whether a peer of this kind may send it; an AS_SET passes where `set` says so.
    ///
    /// # Errors
    /// The kind of segment that it may not (RFC 5065 section 5, RFC 9774), or AS 0 (RFC 7607).
    pub(super) fn permitted_from(&self, peer_kind: PeerKind, set: bool) -> Result<(), String> {
        let judge = |segment: &AsPathSegment| match (segment.kind, peer_kind) {
            (SegmentKind::Set | SegmentKind::ConfedSet, _) if !set => {
                Err("AS_SET or AS_CONFED_SET (expected none, RFC 9774)".to_owned())
            }
            (SegmentKind::ConfedSequence | SegmentKind::ConfedSet, PeerKind::External) => {
                Err(format!("{} from an external peer (expected none)", segment.kind.name()))
            }
            _ if segment.asns.iter().any(|asn| asn.is_zero()) => Err("AS 0 in the path (RFC 7607)".to_owned()),
            _ => Ok(()),
        };
        self.segments.iter().try_for_each(judge)
    }

    /// Writes the value, with AS_TRANS for what does not fit two octets.
    pub fn encode(&self, four_octet: bool, out: &mut BytesMut) {
        for segment in &self.segments {
            for part in segment.asns.chunks(SEGMENT_MAX) {
                out.put_u8(segment.kind.octet());
                out.put_u8(u8::try_from(part.len()).unwrap_or(u8::MAX));
                for asn in part {
                    match four_octet {
                        true => out.put_u32(asn.0),
                        false => out.put_u16(asn.to_two_octets()),
                    }
                }
            }
        }
    }
}

/// Adds a segment; two sequences that fit one segment become one, as a NEW speaker would have sent them.
fn append(segments: &mut Vec<AsPathSegment>, segment: AsPathSegment) {
    match segments.last_mut() {
        Some(last)
            if (last.kind, segment.kind) == (SegmentKind::Sequence, SegmentKind::Sequence)
                && last.asns.len() + segment.asns.len() <= SEGMENT_MAX =>
        {
            last.asns.extend(segment.asns);
        }
        _ => segments.push(segment),
    }
}

fn segment(input: &[u8], four_octet: bool) -> Result<(&[u8], AsPathSegment), String> {
    let early = |_: TooShort| "a segment ends too early".to_owned();
    let (rest, octet) = reader::octet(input).map_err(early)?;
    let kind = SegmentKind::from_octet(octet).ok_or_else(|| format!("segment type {octet} (expected 1 to 4)"))?;
    let (rest, count) = reader::octet(rest).map_err(early)?;
    if count == 0 {
        return Err("a segment without AS numbers (expected 1 to 255)".to_owned());
    }
    let width = if four_octet { 4 } else { 2 };
    let (rest, numbers) = reader::octets(rest, usize::from(count) * width).map_err(early)?;
    let asns = match four_octet {
        true => numbers.as_chunks().0.iter().map(|octets| Asn(u32::from_be_bytes(*octets))).collect(),
        false => numbers.as_chunks().0.iter().map(|octets| Asn(u16::from_be_bytes(*octets).into())).collect(),
    };
    Ok((rest, AsPathSegment { kind, asns }))
}

/// As in `65001 65002 {64512 64513}`; confederation segments in parentheses.
impl fmt::Display for AsPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, segment) in self.segments.iter().enumerate() {
            let (open, close) = match segment.kind {
                SegmentKind::Sequence => ("", ""),
                SegmentKind::Set => ("{", "}"),
                SegmentKind::ConfedSequence => ("(", ")"),
                SegmentKind::ConfedSet => ("[", "]"),
            };
            let asns: Vec<String> = segment.asns.iter().map(Asn::to_string).collect();
            let space = if index == 0 { "" } else { " " };
            write!(f, "{space}{open}{}{close}", asns.join(" "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode_four(octets: &[u8]) -> Result<AsPath, String> {
        AsPath::decode(octets, true, PeerKind::External, false)
    }

    #[test]
    fn check_45_refuses_every_malformed_path() {
        let malformed: [&[u8]; 8] = [
            &[0, 1, 0, 0, 0, 1],
            &[5, 1, 0, 0, 0, 1],
            &[2, 0],
            &[2, 2, 0, 0, 0, 1],
            &[2],
            &[2, 1, 0, 0, 0, 0],
            &[3, 1, 0, 0, 0, 1],
            &[1, 1, 0, 0, 0, 1],
        ];
        for octets in malformed {
            assert!(decode_four(octets).is_err(), "{octets:?}");
        }
    }

    #[test]
    fn check_45_a_set_passes_where_the_operator_says_so_and_a_confederation_of_another_as_never() {
        let set = [1, 1, 0, 0, 0, 1];
        assert!(AsPath::decode(&set, true, PeerKind::External, true).unwrap().has_set());
        for confederation in [[3, 1, 0, 0, 0, 1], [4, 1, 0, 0, 0, 1]] {
            assert!(AsPath::decode(&confederation, true, PeerKind::External, true).is_err());
            assert!(AsPath::decode(&confederation, true, PeerKind::Internal, true).is_ok());
        }
    }

    fn path(segments: &[(SegmentKind, &[u32])]) -> AsPath {
        let segment = |(kind, asns): &(SegmentKind, &[u32])| AsPathSegment {
            kind: *kind,
            asns: asns.iter().copied().map(Asn).collect(),
        };
        AsPath { segments: segments.iter().map(segment).collect() }
    }

    #[test]
    fn check_63_a_merge_keeps_the_length_whatever_the_segments_are() {
        use SegmentKind::{ConfedSequence, Sequence, Set};
        let cases = [
            (path(&[(Sequence, &[1, 23456])]), path(&[(Sequence, &[65536])]), "1 65536"),
            (
                path(&[(Sequence, &[1, 23456]), (Set, &[3, 4])]),
                path(&[(Sequence, &[65536]), (Set, &[3, 4])]),
                "1 65536 {3 4}",
            ),
            (
                path(&[(Sequence, &[1]), (Set, &[3, 4]), (Sequence, &[23456])]),
                path(&[(Sequence, &[65536])]),
                "1 {3 4} 65536",
            ),
            (path(&[(ConfedSequence, &[9]), (Sequence, &[23456])]), path(&[(Sequence, &[65536])]), "(9) 65536"),
            (path(&[(Sequence, &[1, 23456]), (ConfedSequence, &[9])]), path(&[(Sequence, &[65536])]), "1 65536"),
            (path(&[(Sequence, &[23456])]), path(&[(Sequence, &[65536, 65537])]), "23456"),
            (path(&[(Sequence, &[1, 2])]), path(&[]), "1 2"),
        ];
        for (mut merged, as4_path, expected) in cases {
            let length = merged.decision_len();
            merged.merge_as4(as4_path);
            assert_eq!((merged.to_string().as_str(), merged.decision_len()), (expected, length));
        }
    }

    #[test]
    fn check_70_a_set_counts_one_and_a_confederation_nothing() {
        let of = |kind, numbers: &[u32]| AsPathSegment { kind, asns: numbers.iter().copied().map(Asn).collect() };
        let segments = vec![
            of(SegmentKind::ConfedSequence, &[9, 9]),
            of(SegmentKind::Sequence, &[65001, 65002]),
            of(SegmentKind::Set, &[1, 2, 3]),
        ];
        let path = AsPath { segments };
        assert_eq!(path.decision_len(), 3);
        assert_eq!((path.first_asn(), path.origin_asn()), (Some(Asn(65001)), None));
        assert_eq!(path.to_string(), "(9 9) 65001 65002 {1 2 3}");
    }

    #[test]
    fn an_old_speaker_sees_as_trans() {
        let mut out = BytesMut::new();
        AsPath::sequence([Asn(65536), Asn(65001)]).encode(false, &mut out);
        assert_eq!(out.as_ref(), [2, 2, 0x5B, 0xA0, 0xFD, 0xE9]);
    }

    proptest! {
        #[test]
        fn a_path_survives_the_wire(numbers in prop::collection::vec(1u32.., 0..600)) {
            let path = AsPath::sequence(numbers.into_iter().map(Asn));
            let mut out = BytesMut::new();
            path.encode(true, &mut out);
            prop_assert_eq!(decode_four(&out), Ok(path));
        }

        #[test]
        fn no_octets_panic(octets in prop::collection::vec(any::<u8>(), 0..100), four_octet in any::<bool>()) {
            if let Ok(path) = AsPath::decode(&octets, four_octet, PeerKind::Internal, true) {
                let mut out = BytesMut::new();
                path.encode(four_octet, &mut out);
                prop_assert_eq!(out.as_ref(), octets.as_slice());
            }
        }
    }
}
