//! The only loop over attributes as type, length and value (RFC 4271 section 4.3).

use bytes::{BufMut, Bytes, BytesMut};

use super::spec::EXTENDED_LENGTH;
use crate::wire::reader::{self, TooShort};

/// One attribute, its value not yet understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawAttribute<'a> {
    /// The flags octet; its low four bits mean nothing.
    pub flags: u8,
    /// The type code.
    pub code: u8,
    /// The value.
    pub value: &'a [u8],
}

impl RawAttribute<'_> {
    /// Flags, code, length and value, as they came.
    #[must_use]
    pub fn to_octets(&self) -> Bytes {
        let mut octets = BytesMut::new();
        octets.put_slice(&[self.flags, self.code]);
        // The value was read by a length of just this width, so it always fits.
        match self.flags & EXTENDED_LENGTH {
            0 => octets.put_u8(u8::try_from(self.value.len()).unwrap_or(u8::MAX)),
            _ => octets.put_u16(u16::try_from(self.value.len()).unwrap_or(u16::MAX)),
        }
        octets.put_slice(self.value);
        octets.freeze()
    }
}

/// Walks over the attributes of an UPDATE. Ends after the first that overruns the total length (RFC 7606 section 4).
#[derive(Clone, Debug)]
pub struct Walk<'a> {
    rest: &'a [u8],
}

impl<'a> Walk<'a> {
    /// A walk over these octets.
    #[must_use]
    pub const fn new(attributes: &'a [u8]) -> Self {
        Self { rest: attributes }
    }

    fn step(&self) -> Result<(&'a [u8], RawAttribute<'a>), TooShort> {
        let (rest, flags) = reader::octet(self.rest)?;
        let (rest, code) = reader::octet(rest)?;
        let value = match flags & EXTENDED_LENGTH {
            0 => reader::octet_length_value,
            _ => reader::two_octet_length_value,
        };
        let (rest, value) = value(rest)?;
        Ok((rest, RawAttribute { flags, code, value }))
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = Result<RawAttribute<'a>, TooShort>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        match self.step() {
            Ok((rest, attribute)) => {
                self.rest = rest;
                Some(Ok(attribute))
            }
            Err(too_short) => {
                self.rest = &[];
                Some(Err(too_short))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn codes(octets: &[u8]) -> Vec<Result<u8, TooShort>> {
        Walk::new(octets).map(|step| step.map(|attribute| attribute.code)).collect()
    }

    #[test]
    fn reads_both_forms_of_length_whatever_the_length_is() {
        assert_eq!(codes(&[0x40, 1, 1, 0, 0x50, 2, 0, 0]), [Ok(1), Ok(2)]);
    }

    #[test]
    fn check_37_ends_at_the_attribute_that_overruns() {
        assert_eq!(codes(&[0x40, 1, 1, 0, 0x40, 2, 9, 0]), [Ok(1), Err(TooShort)]);
        assert_eq!(codes(&[0x40, 1]), [Err(TooShort)]);
        assert_eq!(codes(&[0x50, 1, 0]), [Err(TooShort)]);
    }

    #[test]
    fn check_43_walks_over_codes_0_and_255_and_empty_values() {
        assert_eq!(codes(&[0xC0, 0, 0, 0xC0, 255, 0]), [Ok(0), Ok(255)]);
    }

    #[test]
    fn gives_an_attribute_back_as_it_came() {
        for octets in [&[0x4F, 1, 1, 0][..], &[0x50, 2, 0, 1, 7], &[0xC0, 255, 0]] {
            let attribute = Walk::new(octets).next().unwrap().unwrap();
            assert_eq!(attribute.to_octets(), octets);
        }
    }

    proptest! {
        #[test]
        fn any_octets_end(octets in prop::collection::vec(any::<u8>(), 0..500)) {
            prop_assert!(Walk::new(&octets).count() <= octets.len());
        }
    }
}
