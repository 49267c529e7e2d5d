//! Messages one after the other, as they stand in a TCP stream.

use std::io::BufRead;

use bgp_core::wire::Framer;
use bytes::Bytes;

use super::item::{Content, InputError, Item, Place, Source, cut_short};

/// A stream of messages. Ends at the first bad header: nothing after it can be framed.
pub(super) struct RawStream<R> {
    input: R,
    framer: Framer,
    offset: u64,
    max_message_len: u16,
    ended: bool,
}

impl<R: BufRead> RawStream<R> {
    pub fn new(input: R, max_message_len: u16) -> Self {
        Self { input, framer: Framer::new(), offset: 0, max_message_len, ended: false }
    }

    fn end(&mut self, content: Content) -> Option<Item> {
        self.ended = true;
        Some(self.item(content))
    }

    const fn item(&self, content: Content) -> Item {
        Item { place: Place { offset: self.offset, line: None }, mrt: None, content }
    }
}

impl<R: BufRead> Source for RawStream<R> {
    fn next_item(&mut self) -> Result<Option<Item>, InputError> {
        while !self.ended {
            match self.framer.next_frame(self.max_message_len) {
                Ok(Some(frame)) => {
                    let length = frame.octets.len();
                    let item = self.item(Content::Message(frame));
                    self.offset += u64::try_from(length).unwrap_or_default();
                    return Ok(Some(item));
                }
                Err(fault) => {
                    let header = header(&self.framer);
                    return Ok(self.end(Content::BadHeader(fault, header)));
                }
                Ok(None) => {}
            }
            let chunk = filled(&mut self.input)?;
            if chunk.is_empty() {
                if self.framer.buffered() == 0 {
                    self.ended = true;
                    break;
                }
                let reason = cut_short("input", self.framer.waiting());
                return Ok(self.end(Content::Unreadable(reason)));
            }
            self.framer.push(chunk);
            let taken = chunk.len();
            self.input.consume(taken);
        }
        Ok(None)
    }
}

/// The header that waits in the framer, at most 19 octets.
pub(super) fn header(framer: &Framer) -> Bytes {
    let waiting = framer.waiting();
    Bytes::copy_from_slice(waiting.get(..bgp_core::wire::framer::HEADER_LEN).unwrap_or(waiting))
}

/// What the input has next; empty at its end. A signal in between is not an error.
pub(super) fn filled(input: &mut impl BufRead) -> Result<&[u8], InputError> {
    while let Err(error) = input.fill_buf() {
        if error.kind() != std::io::ErrorKind::Interrupted {
            return Err(error.into());
        }
    }
    Ok(input.fill_buf()?)
}
