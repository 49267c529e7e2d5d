//! A prefix with a range of lengths, the way operators write it: `10.0.0.0/8 ge 16 le 24`.

use std::fmt;
use std::str::FromStr;

use crate::types::{AddressFamily, Prefix};

/// The prefixes inside `prefix` whose length is from `min_len` to `max_len` bits.
///
/// Text is `P` (exactly P), `P le N` (P and everything inside it up to /N), `P ge N` (inside P, from /N to the longest)
/// or `P ge N le M`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrefixRange {
    prefix: Prefix,
    min_len: u8,
    max_len: u8,
}

/// Text or lengths that make no prefix range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a prefix range ({expected})")]
pub struct PrefixRangeError {
    /// The text or value as given.
    pub text: String,
    /// What would have been right.
    pub expected: String,
}

impl PrefixRange {
    /// The range of `prefix` with lengths from `min_len` to `max_len` bits.
    ///
    /// # Errors
    /// [`PrefixRangeError`] unless the length of `prefix` <= `min_len` <= `max_len` <= 32 or 128.
    pub fn new(prefix: Prefix, min_len: u8, max_len: u8) -> Result<Self, PrefixRangeError> {
        let longest = prefix.family().max_prefix_len();
        if prefix.len() <= min_len && min_len <= max_len && max_len <= longest {
            return Ok(Self { prefix, min_len, max_len });
        }
        Err(PrefixRangeError {
            text: format!("{prefix} ge {min_len} le {max_len}"),
            expected: format!("expected lengths with {} <= ge <= le <= {longest}", prefix.len()),
        })
    }

    /// Just `prefix` itself.
    #[must_use]
    pub fn exact(prefix: Prefix) -> Self {
        Self { prefix, min_len: prefix.len(), max_len: prefix.len() }
    }

    /// `prefix` and everything inside it.
    #[must_use]
    pub fn or_longer(prefix: Prefix) -> Self {
        Self { prefix, min_len: prefix.len(), max_len: prefix.family().max_prefix_len() }
    }

    /// Every prefix of the family, the default route included.
    #[must_use]
    pub fn any(family: AddressFamily) -> Self {
        let unspecified = match family {
            AddressFamily::Ipv4Unicast => Prefix::from(ipnet::Ipv4Net::default()),
            AddressFamily::Ipv6Unicast => Prefix::from(ipnet::Ipv6Net::default()),
        };
        Self::or_longer(unspecified)
    }

    /// The prefix that bounds the range.
    #[must_use]
    pub const fn prefix(&self) -> Prefix {
        self.prefix
    }

    /// The shortest length in the range, in bits.
    #[must_use]
    pub const fn min_len(&self) -> u8 {
        self.min_len
    }

    /// The longest length in the range, in bits.
    #[must_use]
    pub const fn max_len(&self) -> u8 {
        self.max_len
    }

    /// Whether `prefix` is in the range.
    #[must_use]
    pub fn contains(&self, prefix: &Prefix) -> bool {
        (self.min_len..=self.max_len).contains(&prefix.len()) && self.prefix.covers(prefix)
    }

    /// Whether the range was written as `prefix` alone, and not merely holds it.
    #[must_use]
    pub fn names(&self, prefix: &Prefix) -> bool {
        self.prefix == *prefix && self.max_len == prefix.len()
    }
}

impl fmt::Display for PrefixRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (len, longest) = (self.prefix.len(), self.prefix.family().max_prefix_len());
        self.prefix.fmt(f)?;
        if self.max_len == len {
            return Ok(());
        }
        if self.min_len != len {
            write!(f, " ge {}", self.min_len)?;
        }
        if self.min_len == len || self.max_len != longest {
            write!(f, " le {}", self.max_len)?;
        }
        Ok(())
    }
}

impl FromStr for PrefixRange {
    type Err = PrefixRangeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fault = |expected: String| PrefixRangeError { text: text.to_owned(), expected };
        let mut words = text.split_whitespace();
        let prefix = Prefix::parse_exact(words.next().unwrap_or_default()).map_err(|error| fault(error.expected))?;
        let (mut min_len, mut max_len) = (None, None);
        while let Some(word) = words.next() {
            let bound = match word {
                "ge" if min_len.is_none() && max_len.is_none() => &mut min_len,
                "le" if max_len.is_none() => &mut max_len,
                _ => return Err(fault(format!("expected nothing, `ge N`, `le N` or `ge N le N` after {prefix}"))),
            };
            let number = words.next().unwrap_or_default();
            *bound = Some(number.parse().map_err(|_| fault(format!("expected a length in bits after `{word}`")))?);
        }
        let longest = if min_len.is_some() { prefix.family().max_prefix_len() } else { prefix.len() };
        let (min_len, max_len) = (min_len.unwrap_or(prefix.len()), max_len.unwrap_or(longest));
        Self::new(prefix, min_len, max_len).map_err(|error| fault(error.expected))
    }
}
