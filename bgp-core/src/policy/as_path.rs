//! AS_PATH arithmetic that policy and export need.

use crate::attribute::{AsPath, AsPathSegment, SegmentKind};
use crate::types::Asn;

/// The most AS numbers one segment can carry (RFC 4271 section 4.3).
const SEGMENT_MAX: usize = 255;

/// Puts `asn` in front `count` times, in a new segment when the first is no sequence or is full (RFC 4271 section 5.1.2).
pub(crate) fn prepend(path: &mut AsPath, asn: Asn, count: usize) {
    for _ in 0..count {
        match path.segments.first_mut() {
            Some(first) if first.kind == SegmentKind::Sequence && first.asns.len() < SEGMENT_MAX => {
                first.asns.insert(0, asn);
            }
            _ => path.segments.insert(0, AsPathSegment { kind: SegmentKind::Sequence, asns: vec![asn] }),
        }
    }
}
