//! Reading numbers and length-prefixed values from a slice, with nom's `complete` parsers: the framer has the length,
//! so nothing is ever incomplete, only too short.

use nom::IResult;
use nom::Parser;
use nom::bytes::complete::take;
use nom::multi::length_data;
use nom::number::complete::{be_u8, be_u16, be_u32};

/// The input ended before the value did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("value ends too early")]
pub struct TooShort;

type Read<'a, T> = Result<(&'a [u8], T), TooShort>;

fn short<'a, T>(result: IResult<&'a [u8], T, ()>) -> Read<'a, T> {
    result.map_err(|_| TooShort)
}

/// One octet, and the rest.
///
/// # Errors
/// [`TooShort`].
pub fn octet(input: &[u8]) -> Read<'_, u8> {
    short(be_u8(input))
}

/// Two octets, and the rest.
///
/// # Errors
/// [`TooShort`].
pub fn two_octets(input: &[u8]) -> Read<'_, u16> {
    short(be_u16(input))
}

/// Four octets, and the rest.
///
/// # Errors
/// [`TooShort`].
pub fn four_octets(input: &[u8]) -> Read<'_, u32> {
    short(be_u32(input))
}

/// `count` octets, and the rest.
///
/// # Errors
/// [`TooShort`].
pub fn octets(input: &[u8], count: usize) -> Read<'_, &[u8]> {
    short(take(count).parse(input))
}

/// A value after its length in one octet, and the rest.
///
/// # Errors
/// [`TooShort`].
pub fn octet_length_value(input: &[u8]) -> Read<'_, &[u8]> {
    short(length_data(be_u8).parse(input))
}

/// A value after its length in two octets, and the rest.
///
/// # Errors
/// [`TooShort`].
pub fn two_octet_length_value(input: &[u8]) -> Read<'_, &[u8]> {
    short(length_data(be_u16).parse(input))
}
