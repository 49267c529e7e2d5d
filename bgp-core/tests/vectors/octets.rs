//! The notation of the data files: hexadecimal with spaces and `|` for the eye, named words, and repetition.

use std::collections::BTreeMap;

/// Octets as written: `40 01 01 00`, a word of the file as `ORIGIN`, or either repeated as in `0a*24`.
///
/// # Panics
/// When the text is none of these: a data file is wrong.
pub fn octets(text: &str, words: &BTreeMap<String, String>) -> Vec<u8> {
    text.split(|separator: char| separator.is_whitespace() || separator == '|')
        .filter(|token| !token.is_empty())
        .flat_map(|token| {
            let (what, times) = token.split_once('*').map_or((token, 1), |(what, times)| (what, number(times)));
            let once = words.get(what).map_or_else(|| hexadecimal(what), |meaning| octets(meaning, words));
            once.repeat(times)
        })
        .collect()
}

fn number(text: &str) -> usize {
    text.parse().unwrap_or_else(|_| panic!("{text:?} is no number of repetitions"))
}

fn hexadecimal(digits: &str) -> Vec<u8> {
    assert!(digits.is_ascii() && digits.len().is_multiple_of(2), "{digits:?} is neither a word nor whole octets");
    let octet = |pair: &[u8]| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let whole = digits.as_bytes().chunks(2).map(octet).collect::<Option<Vec<u8>>>();
    whole.unwrap_or_else(|| panic!("{digits:?} is neither a word nor hexadecimal"))
}

/// A message of this type with its marker and length.
pub fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(19 + body.len()).expect("a message has at most 65535 octets");
    [&[0xFF; 16][..], &length.to_be_bytes(), &[kind], body].concat()
}

/// A field after its length in two octets.
pub fn field(octets: &[u8]) -> Vec<u8> {
    let length = u16::try_from(octets.len()).expect("a field has at most 65535 octets");
    [&length.to_be_bytes(), octets].concat()
}
