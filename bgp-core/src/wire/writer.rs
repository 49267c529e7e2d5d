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
    octets.put_bytes(0xFF, MARKER_LEN);
    octets.put_u16(0);
    octets.put_u8(kind);
    body(&mut octets);
    let length = u16_length(octets.len())?;
    // The length stands right after the marker.
    let field = octets.iter_mut().skip(MARKER_LEN).zip(length.to_be_bytes());
    field.for_each(|(to, from)| *to = from);
    Ok(octets.freeze())
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
