//! Fields as they stand in a file. Any value at all can be read into one, so that one wrong field hides no other.
//!
//! Absent and `null` are the same, as in the API.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::inventory::findings::shown_value;

/// A field as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::inventory) enum Written<T> {
    /// Not there, or `null`.
    #[default]
    Absent,
    /// Of the type that was expected.
    Given(T),
    /// Of another type; the value as shown to people.
    Wrong(String),
}

/// A list, each entry of which may be wrong by itself.
pub(in crate::inventory) type WrittenList<T> = Written<Vec<Written<T>>>;

impl<T> Written<T> {
    /// Whether anything was written, right or wrong.
    pub const fn is_written(&self) -> bool {
        !matches!(self, Self::Absent)
    }

    /// The value, when it is of the right type.
    pub const fn given(&self) -> Option<&T> {
        match self {
            Self::Given(value) => Some(value),
            Self::Absent | Self::Wrong(_) => None,
        }
    }
}

/// What a field can be read from; everything else is [`Written::Wrong`].
pub(in crate::inventory) trait Readable<'de>: Sized {
    /// From text.
    fn from_text(_: &str) -> Option<Self> {
        None
    }

    /// From a whole number.
    fn from_number(_: u64) -> Option<Self> {
        None
    }

    /// From a list, which is read to its end whatever it is.
    fn from_list<A: SeqAccess<'de>>(mut list: A) -> Result<Written<Self>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Written::Wrong("[ … ]".to_owned()))
    }

    /// From an object, which is read to its end whatever it is.
    fn from_object<A: MapAccess<'de>>(mut object: A) -> Result<Written<Self>, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Written::Wrong("{ … }".to_owned()))
    }
}

impl Readable<'_> for String {
    fn from_text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

/// The API writes 64-bit numbers as text.
impl Readable<'_> for u64 {
    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn from_number(number: u64) -> Option<Self> {
        Some(number)
    }
}

impl<'de, T: Readable<'de>> Readable<'de> for Vec<Written<T>> {
    fn from_list<A: SeqAccess<'de>>(mut list: A) -> Result<Written<Self>, A::Error> {
        let mut entries = Self::new();
        while let Some(entry) = list.next_element()? {
            entries.push(entry);
        }
        Ok(Written::Given(entries))
    }
}

/// Reads an object by its derived `Deserialize`; only what is no JSON, or a field that stands twice, is an error.
pub(super) fn read_object<'de, T: Deserialize<'de>, A: MapAccess<'de>>(object: A) -> Result<Written<T>, A::Error> {
    T::deserialize(MapAccessDeserializer::new(object)).map(Written::Given)
}

impl<'de, T: Readable<'de>> Deserialize<'de> for Written<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WrittenVisitor(PhantomData))
    }
}

struct WrittenVisitor<T>(PhantomData<T>);

impl<'de, T: Readable<'de>> Visitor<'de> for WrittenVisitor<T> {
    type Value = Written<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(Written::Absent)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Written::Wrong(value.to_string()))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
        match u64::try_from(value) {
            Ok(value) => self.visit_u64(value),
            Err(_) => Ok(Written::Wrong(value.to_string())),
        }
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(T::from_number(value).map_or_else(|| Written::Wrong(value.to_string()), Written::Given))
    }

    fn visit_i128<E: de::Error>(self, value: i128) -> Result<Self::Value, E> {
        Ok(Written::Wrong(value.to_string()))
    }

    fn visit_u128<E: de::Error>(self, value: u128) -> Result<Self::Value, E> {
        Ok(Written::Wrong(value.to_string()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Written::Wrong(value.to_string()))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(T::from_text(text).map_or_else(|| Written::Wrong(shown_value(text)), Written::Given))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        T::from_list(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Self::Value, A::Error> {
        T::from_object(object)
    }
}
