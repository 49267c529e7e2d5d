//! What the input is, and the source that reads it.

use std::io::{BufRead, Cursor, Read};

use bgp_core::wire::framer::{HEADER_LEN, MARKER_LEN};
use clap::ValueEnum;

use super::item::{InputError, Source};
use super::{hex, mrt, raw, shape};

/// What the input is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum InputFormat {
    /// Told by the first 19 octets.
    #[default]
    Auto,
    /// Hexadecimal text.
    Hex,
    /// Messages one after the other, as in a TCP stream.
    Raw,
    /// An MRT file of BGP4MP or BGP4MP_ET records.
    Mrt,
}

impl InputFormat {
    /// A source of messages of at most `max_message_len` octets.
    ///
    /// # Errors
    /// [`InputError`] when the input cannot be read, or its first octets belong to no format.
    pub(super) fn open<'a>(
        self,
        mut input: impl BufRead + 'a,
        max_message_len: u16,
    ) -> Result<Box<dyn Source + 'a>, InputError> {
        let mut head = Vec::new();
        if self == Self::Auto {
            let most = u64::try_from(HEADER_LEN).unwrap_or_default();
            input.by_ref().take(most).read_to_end(&mut head)?;
        }
        let format = if self == Self::Auto { detect(&head)? } else { self };
        let input = Cursor::new(head).chain(input);
        Ok(match format {
            Self::Raw => Box::new(raw::RawStream::new(input, max_message_len)),
            Self::Mrt => Box::new(mrt::MrtFile::new(input, max_message_len)),
            Self::Hex | Self::Auto => Box::new(hex::HexText::new(input, max_message_len)),
        })
    }
}

/// The format that these first octets belong to.
fn detect(head: &[u8]) -> Result<InputFormat, InputError> {
    let is_text = |octet: &u8| octet.is_ascii_graphic() || octet.is_ascii_whitespace();
    let refuse = |found: String, expected: &str| {
        let expected = expected.to_owned();
        Err(InputError::Format { offset: 0, found, expected })
    };
    match head {
        [0x1F, 0x8B, ..] => refuse("input is compressed by gzip".to_owned(), "it to come through zcat"),
        [b'B', b'Z', b'h', ..] => refuse("input is compressed by bzip2".to_owned(), "it to come through bzcat"),
        _ if head.get(..MARKER_LEN).is_some_and(|marker| marker.iter().all(|octet| *octet == 0xFF)) => {
            Ok(InputFormat::Raw)
        }
        [_, _, _, _, high, low, ..] if mrt::type_name(u16::from_be_bytes([*high, *low])).is_some() => {
            Ok(InputFormat::Mrt)
        }
        _ if head.iter().all(is_text) => Ok(InputFormat::Hex),
        _ => refuse(
            format!("input begins with {}", shape::Hex::of(head)),
            "hexadecimal text, 16 octets of ff or an MRT record; --format overrides",
        ),
    }
}
