//! Messages as hexadecimal text.
//!
//! A line holds one or more whole messages. Spaces, tabs and colons between digits mean nothing, `#` begins a comment, and
//! an empty line is none. A line that cannot be read, or whose header is bad, ends there; the next begins anew.

use std::io::BufRead;

use bgp_core::wire::Framer;
use bgp_core::wire::framer::HEADER_LEN;

use super::item::{Content, InputError, Item, Place, Source, cut_short, length_field};
use super::raw::{filled, header};

/// Lines of hexadecimal text. Reads digit by digit, so that the length of a line does not matter.
pub(super) struct HexText<R> {
    input: R,
    framer: Framer,
    max_message_len: u16,
    /// Octets of text taken.
    offset: u64,
    line: u64,
    /// Octets of text taken of this line.
    column: u64,
    /// Octets that must be there before the framer is worth asking: those of the header, then those of the message.
    wanted: usize,
    /// The first digit of an octet whose second has not come.
    half: Option<u8>,
    /// Where the message that is being read begins.
    begin: u64,
    /// Nothing more is to be read of this line.
    rest_is_passed_over: bool,
}

impl<R: BufRead> HexText<R> {
    pub fn new(input: R, max_message_len: u16) -> Self {
        Self {
            input,
            framer: Framer::new(),
            max_message_len,
            offset: 0,
            line: 1,
            column: 0,
            wanted: HEADER_LEN,
            half: None,
            begin: 0,
            rest_is_passed_over: false,
        }
    }

    fn take(&mut self, character: u8) -> Option<Item> {
        let found = match character {
            b'\n' => self.end_of_line(),
            _ if self.rest_is_passed_over => None,
            b'#' => {
                let found = self.cut_short();
                self.pass_over_the_rest();
                found
            }
            b' ' | b'\t' | b'\r' | b':' => None,
            _ => match char::from(character).to_digit(16).and_then(|digit| u8::try_from(digit).ok()) {
                Some(digit) => self.digit(digit),
                None => {
                    let column = self.column + 1;
                    let found = character.escape_ascii();
                    let reason =
                        format!("column {column} is '{found}' (expected hexadecimal digits, spaces or colons)");
                    self.begin = self.offset;
                    let item = self.item(Content::Unreadable(reason));
                    self.pass_over_the_rest();
                    Some(item)
                }
            },
        };
        self.offset += 1;
        self.column += 1;
        if character == b'\n' {
            self.line += 1;
            self.column = 0;
        }
        found
    }

    fn digit(&mut self, digit: u8) -> Option<Item> {
        let Some(high) = self.half.take() else {
            if self.framer.buffered() == 0 {
                self.begin = self.offset;
            }
            self.half = Some(digit);
            return None;
        };
        self.framer.push(&[high << 4 | digit]);
        if self.framer.buffered() < self.wanted {
            return None;
        }
        match self.framer.next_frame(self.max_message_len) {
            Ok(None) => {
                self.wanted = length_field(self.framer.waiting()).map_or(HEADER_LEN, usize::from);
                None
            }
            Ok(Some(frame)) => {
                self.wanted = HEADER_LEN;
                Some(self.item(Content::Message(frame)))
            }
            Err(fault) => {
                let item = self.item(Content::BadHeader(fault, header(&self.framer)));
                self.pass_over_the_rest();
                Some(item)
            }
        }
    }

    fn end_of_line(&mut self) -> Option<Item> {
        let found = self.cut_short();
        self.pass_over_the_rest();
        self.rest_is_passed_over = false;
        found
    }

    fn pass_over_the_rest(&mut self) {
        self.framer = Framer::new();
        self.wanted = HEADER_LEN;
        self.half = None;
        self.rest_is_passed_over = true;
    }

    /// What to say where the digits end, when they end within a message.
    fn cut_short(&self) -> Option<Item> {
        let reason = match self.half {
            Some(_) => "digits end in the middle of an octet (expected an even number)".to_owned(),
            None if self.framer.buffered() > 0 => cut_short("line", self.framer.waiting()),
            None => return None,
        };
        Some(self.item(Content::Unreadable(reason)))
    }

    const fn item(&self, content: Content) -> Item {
        Item { place: Place { offset: self.begin, line: Some(self.line) }, mrt: None, content }
    }
}

impl<R: BufRead> Source for HexText<R> {
    fn next_item(&mut self) -> Result<Option<Item>, InputError> {
        loop {
            let Some(&character) = filled(&mut self.input)?.first() else {
                return Ok(self.end_of_line());
            };
            self.input.consume(1);
            if let Some(item) = self.take(character) {
                return Ok(Some(item));
            }
        }
    }
}
