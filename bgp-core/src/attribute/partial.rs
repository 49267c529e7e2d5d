//! The Partial bit of attributes that we know (RFC 4271 section 5): who once set it is not to be contradicted.

use super::spec::{OPTIONAL, PARTIAL, Spec, TRANSITIVE, code};
use super::walk::RawAttribute;

/// The attributes that came with the Partial bit: a speaker on the way did not know them, so what they say may be
/// incomplete. Only optional transitive ones that are kept as they are; whoever passes them on must leave the bit set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartialBits(u64);

impl PartialBits {
    /// No attribute has it.
    pub const NONE: Self = Self(0);

    /// Whether the attribute of this type code came with it.
    #[must_use]
    pub const fn contains(self, code: u8) -> bool {
        self.0 & Self::bit(code) != 0
    }

    /// The type codes, ascending.
    pub fn codes(self) -> impl Iterator<Item = u8> {
        (0..64).filter(move |code| self.contains(*code))
    }

    /// As one number.
    pub(super) const fn to_bits(self) -> u64 {
        self.0
    }

    /// From [`to_bits`](Self::to_bits).
    pub(super) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// Notes an attribute as it came.
    pub(super) fn note(&mut self, spec: &Spec, attribute: RawAttribute<'_>) {
        // These two say what other attributes cannot, and go on as those others, without flags of their own.
        let merged = matches!(spec.code, code::AS4_PATH | code::AS4_AGGREGATOR);
        if spec.flags == OPTIONAL | TRANSITIVE && attribute.flags & PARTIAL != 0 && !merged {
            self.0 |= Self::bit(spec.code);
        }
    }

    /// As if these had come with it.
    #[cfg(test)]
    pub(crate) fn of(codes: &[u8]) -> Self {
        Self(codes.iter().fold(0, |bits, code| bits | Self::bit(*code)))
    }

    /// The flag for an attribute that is passed on.
    pub(super) const fn flag(self, code: u8) -> u8 {
        if self.contains(code) { PARTIAL } else { 0 }
    }

    /// No attribute that we know has a code of 64 or more.
    const fn bit(code: u8) -> u64 {
        if code < 64 { 1 << code } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::super::spec::SPECS;
    use super::*;

    #[test]
    fn every_known_attribute_has_a_place_and_only_optional_transitive_ones_are_noted() {
        for spec in &SPECS {
            assert!(spec.code < 64, "{}", spec.name);
            let mut bits = PartialBits::NONE;
            bits.note(spec, RawAttribute { flags: 0xFF, code: spec.code, value: &[] });
            let expected = spec.flags == 0xC0 && !spec.name.starts_with("AS4");
            assert_eq!((bits.contains(spec.code), bits.flag(spec.code) != 0), (expected, expected), "{}", spec.name);
            assert_eq!(bits.codes().collect::<Vec<_>>(), if expected { vec![spec.code] } else { Vec::new() });
            let mut bits = PartialBits::NONE;
            bits.note(spec, RawAttribute { flags: 0xDF, code: spec.code, value: &[] });
            assert_eq!(bits, PartialBits::NONE);
        }
        assert!(!PartialBits(u64::MAX).contains(200));
    }
}
