//! From a stream of octets to whole messages (RFC 4271 section 4.1).
//!
//! The marker and the length are judged as soon as the 19 octets of the header are there, so that a bad length is
//! answered at once and never waited for, and no more than one message of the permitted length is ever kept.

use bytes::{Buf, Bytes, BytesMut};

/// Octets of marker, length and type.
pub const HEADER_LEN: usize = 19;

/// Octets of the marker, all ones.
pub const MARKER_LEN: usize = 16;

/// The longest message without RFC 8654.
pub const MAX_MESSAGE_LEN: u16 = 4096;

/// The longest message where extended messages were negotiated (RFC 8654 section 4).
pub const MAX_EXTENDED_MESSAGE_LEN: u16 = 65535;

/// One whole message, not yet understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The type octet.
    pub kind: u8,
    /// What follows the header.
    pub body: Bytes,
    /// The whole message, for reports.
    pub octets: Bytes,
}

/// A header that makes the rest of the stream unreadable (RFC 4271 section 6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderFault {
    /// The marker is not all ones.
    #[error("marker is not all ones")]
    Marker,
    /// The length is below 19 or over what was negotiated.
    #[error("message length {length} is out of range (expected 19 to {max})")]
    Length {
        /// The length field.
        length: u16,
        /// The longest that is permitted.
        max: u16,
    },
}

/// The octets of the message that a run of our own messages begins with; `None` when no whole message stands there. What a
/// peer sends goes through a [`Framer`], which judges it.
#[must_use]
pub fn first_message_len(run: &[u8]) -> Option<usize> {
    let [.., high, low, _] = run.first_chunk::<HEADER_LEN>()?;
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    (HEADER_LEN..=run.len()).contains(&length).then_some(length)
}

/// Collects octets and gives out messages.
#[derive(Clone, Debug, Default)]
pub struct Framer {
    buffer: BytesMut,
}

impl Framer {
    /// A framer at the start of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next octets of the stream. Drain [`Framer::next_frame`] after each call: then at most one incomplete
    /// message is kept.
    pub fn push(&mut self, octets: &[u8]) {
        self.buffer.extend_from_slice(octets);
    }

    /// How many octets wait.
    #[must_use]
    pub fn buffered(&self) -> usize {
        self.buffer.len()
    }

    /// The octets that wait, for reports.
    #[must_use]
    pub fn waiting(&self) -> &[u8] {
        &self.buffer
    }

    /// The next message of at most `max_len` octets; `None` until it is whole.
    ///
    /// # Errors
    /// [`HeaderFault`]; the stream cannot be read any further.
    pub fn next_frame(&mut self, max_len: u16) -> Result<Option<Frame>, HeaderFault> {
        let Some((marker, rest)) = self.buffer.split_at_checked(MARKER_LEN) else { return Ok(None) };
        let &[high, low, kind, ..] = rest else { return Ok(None) };
        if marker.iter().any(|octet| *octet != 0xFF) {
            return Err(HeaderFault::Marker);
        }
        let length = u16::from_be_bytes([high, low]);
        if usize::from(length) < HEADER_LEN || length > max_len {
            return Err(HeaderFault::Length { length, max: max_len });
        }
        if self.buffer.len() < usize::from(length) {
            return Ok(None);
        }
        let octets = self.buffer.split_to(usize::from(length)).freeze();
        let mut body = octets.clone();
        body.advance(HEADER_LEN);
        Ok(Some(Frame { kind, body, octets }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(HEADER_LEN + body.len()).unwrap();
        [&[0xFF; 16][..], &length.to_be_bytes(), &[kind], body].concat()
    }

    fn frames(chunks: &[&[u8]]) -> Result<Vec<(u8, Vec<u8>)>, HeaderFault> {
        let mut framer = Framer::new();
        let mut found = Vec::new();
        for chunk in chunks {
            framer.push(chunk);
            while let Some(frame) = framer.next_frame(MAX_MESSAGE_LEN)? {
                found.push((frame.kind, frame.body.to_vec()));
            }
        }
        Ok(found)
    }

    #[test]
    fn check_01_refuses_a_marker_that_is_not_all_ones() {
        let mut octets = message(4, &[]);
        octets[3] = 0;
        assert_eq!(frames(&[&octets]), Err(HeaderFault::Marker));
    }

    #[test]
    fn check_02_refuses_a_bad_length_after_the_header_alone() {
        for length in [0u16, 18, 4097, 65535] {
            let header = [&[0xFF; 16][..], &length.to_be_bytes(), &[2]].concat();
            assert_eq!(frames(&[&header]), Err(HeaderFault::Length { length, max: 4096 }));
        }
    }

    #[test]
    fn waits_for_the_rest_of_a_message() {
        let octets = message(4, &[]);
        assert_eq!(frames(&[&octets[..18]]), Ok(vec![]));
        assert_eq!(frames(&[&octets[..18], &octets[18..]]), Ok(vec![(4, vec![])]));
    }

    proptest! {
        #[test]
        fn check_05_any_chunking_gives_the_same_messages(
            bodies in prop::collection::vec((any::<u8>(), prop::collection::vec(any::<u8>(), 0..300)), 0..20),
            chunk in 1usize..200,
        ) {
            let stream: Vec<u8> = bodies.iter().flat_map(|(kind, body)| message(*kind, body)).collect();
            let whole = frames(&[&stream]).unwrap();
            prop_assert_eq!(&whole, &bodies);
            prop_assert_eq!(&frames(&stream.chunks(chunk).collect::<Vec<_>>()).unwrap(), &bodies);
            prop_assert_eq!(&frames(&stream.chunks(1).collect::<Vec<_>>()).unwrap(), &bodies);
        }

        #[test]
        fn arbitrary_octets_never_panic_and_never_pile_up(octets in prop::collection::vec(any::<u8>(), 0..9000)) {
            let mut framer = Framer::new();
            for chunk in octets.chunks(100) {
                framer.push(chunk);
                while let Ok(Some(_)) = framer.next_frame(MAX_MESSAGE_LEN) {}
                if framer.next_frame(MAX_MESSAGE_LEN).is_err() {
                    break;
                }
                prop_assert!(framer.buffered() < usize::from(MAX_MESSAGE_LEN) + chunk.len());
            }
        }
    }
}
