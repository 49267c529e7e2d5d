//! Writing messages and length-prefixed values: the length is filled in afterwards, so that it cannot be forgotten.

use bytes::{BufMut, Bytes, BytesMut};

use super::framer::MARKER_LEN;

/// A value that is longer than its length field can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{length} octets do not fit a length field of at most {max}")]
pub struct TooLong {
    /// The octets there are.
    pub length: usize,
    /// What the field can say.
    pub max: usize,
}

/// A whole message of this type with what `body` writes.
///
/// # Errors
/// [`TooLong`] over 65535 octets in all, the most that the length field can say.
pub fn message(kind: u8, body: impl FnOnce(&mut BytesMut)) -> Result<Bytes, TooLong> {
    let mut octets = BytesMut::new();
    append_message(&mut octets, kind, |out| {
        body(out);
        Ok(())
    })?;
    Ok(octets.freeze())
}

/// Appends a message of this type with what `body` writes.
///
/// # Errors
/// That of `body`, or [`TooLong`] over 65535 octets in all; nothing is appended then.
pub fn append_message(
    out: &mut BytesMut,
    kind: u8,
    body: impl FnOnce(&mut BytesMut) -> Result<(), TooLong>,
) -> Result<(), TooLong> {
    let start = out.len();
    out.put_bytes(0xFF, MARKER_LEN);
    out.put_u16(0);
    out.put_u8(kind);
    let written = body(out).and_then(|()| u16_length(out.len() - start));
    match written {
        // The length stands right after the marker.
        Ok(length) => patch(out, start + MARKER_LEN, length),
        Err(too_long) => {
            out.truncate(start);
            return Err(too_long);
        }
    }
    Ok(())
}

/// What `value` writes, after its length in two octets.
///
/// # Errors
/// That of `value`, or [`TooLong`] over 65535 octets; `out` is of no use then.
pub fn two_octet_length_value(
    out: &mut BytesMut,
    value: impl FnOnce(&mut BytesMut) -> Result<(), TooLong>,
) -> Result<(), TooLong> {
    let start = out.len();
    out.put_u16(0);
    value(out)?;
    let length = u16_length(out.len() - start - 2)?;
    patch(out, start, length);
    Ok(())
}

fn patch(out: &mut BytesMut, at: usize, length: u16) {
    if let Some(field) = out.get_mut(at..at + 2) {
        field.copy_from_slice(&length.to_be_bytes());
    }
}

/// What `value` writes, after its length in one octet.
///
/// # Errors
/// [`TooLong`] over 255 octets; nothing is written then.
pub fn octet_length_value(out: &mut BytesMut, value: impl FnOnce(&mut BytesMut)) -> Result<(), TooLong> {
    let mut content = BytesMut::new();
    value(&mut content);
    let too_long = TooLong { length: content.len(), max: usize::from(u8::MAX) };
    out.put_u8(u8::try_from(content.len()).map_err(|_| too_long)?);
    out.put_slice(&content);
    Ok(())
}

fn u16_length(length: usize) -> Result<u16, TooLong> {
    u16::try_from(length).map_err(|_| TooLong { length, max: usize::from(u16::MAX) })
}
