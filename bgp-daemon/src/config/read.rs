//! The merged tree into its shape, with every fault of key and type at once.
//!
//! serde stops at the first fault: it is recorded, the value at fault is taken out of the tree, and the rest is read again.

use config::{Value, ValueKind};
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{self, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::fault::{ConfigFault, Position};
use super::key::{KeyPath, Step, shown_value};
use super::layers::Layers;
use super::{shape, suggest};

/// Most faults of key and type reported at once; every one costs a pass.
const MAX_FAULTS: usize = 100;

/// The shape of what can be read, and the paths that were taken out as faults.
pub(super) fn read(layers: &Layers, faults: &mut Vec<ConfigFault>) -> (shape::File, Vec<KeyPath>) {
    let mut tree = layers.tree.clone();
    let mut refused = Vec::new();
    for _ in 0..MAX_FAULTS {
        let node = Node { value: &tree, layers };
        let error = match serde_path_to_error::deserialize::<_, shape::File>(node) {
            Ok(file) => return (file, refused),
            Err(error) => error,
        };
        let path = key_path(error.path());
        faults.push(fault(layers, &path, error.into_inner()));
        let taken = path.take_out(&mut tree);
        refused.push(path);
        if !taken {
            return unreadable(refused);
        }
    }
    faults.push(ConfigFault {
        position: Position::File(layers.path.clone()),
        key: String::new(),
        value: None,
        reason: format!("more than {MAX_FAULTS} faults of key and type; the rest is not shown"),
    });
    unreadable(refused)
}

/// Nothing more can be read: the root is refused, so that nothing is reported as missing.
fn unreadable(mut refused: Vec<KeyPath>) -> (shape::File, Vec<KeyPath>) {
    refused.push(KeyPath::default());
    (shape::File::default(), refused)
}

fn key_path(path: &serde_path_to_error::Path) -> KeyPath {
    use serde_path_to_error::Segment;
    let step = |segment: &Segment| match segment {
        Segment::Seq { index } => Step::Index(*index),
        Segment::Map { key } => Step::Key(key.clone()),
        Segment::Enum { variant } => Step::Key(variant.clone()),
        Segment::Unknown => Step::Key("?".to_owned()),
    };
    KeyPath(path.iter().map(step).collect())
}

fn fault(layers: &Layers, path: &KeyPath, error: ShapeError) -> ConfigFault {
    let key = path.shown(&layers.tree);
    match error {
        // The value of a key that nobody knows may be a secret with its name misspelt.
        ShapeError::UnknownKey { key: name, known } => ConfigFault {
            position: layers.key_position(path),
            key,
            value: None,
            reason: suggest::unknown_key(&name, known),
        },
        ShapeError::Value { expected } => ConfigFault {
            position: layers.value_position(path),
            key,
            value: path.find(&layers.tree).map(shown_value),
            reason: format!("expected {}", in_words(&expected)),
        },
    }
}

/// serde's names of types as an operator would say them.
fn in_words(expected: &str) -> &str {
    match expected {
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "a boolean" => "true or false",
        "a string" => "text in quotes",
        "a sequence" => "a list in brackets",
        other => other,
    }
}

/// Why a value does not fit the shape.
#[derive(Debug, thiserror::Error)]
enum ShapeError {
    #[error("unknown key {key}")]
    UnknownKey { key: String, known: &'static [&'static str] },
    #[error("expected {expected}")]
    Value { expected: String },
}

impl de::Error for ShapeError {
    fn custom<T: std::fmt::Display>(text: T) -> Self {
        Self::Value { expected: text.to_string() }
    }

    fn invalid_type(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::Value { expected: expected.to_string() }
    }

    fn invalid_value(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::Value { expected: expected.to_string() }
    }

    fn unknown_field(field: &str, known: &'static [&'static str]) -> Self {
        Self::UnknownKey { key: field.to_owned(), known }
    }
}

/// A value of the tree as serde reads it: types as written in a file, text understood when from the environment.
#[derive(Clone, Copy)]
struct Node<'a> {
    value: &'a Value,
    layers: &'a Layers,
}

impl Node<'_> {
    /// The text, when the value comes from the environment.
    fn environment_text(&self) -> Option<&str> {
        match &self.value.kind {
            ValueKind::String(text) if self.layers.is_from_environment(self.value) => Some(text.trim()),
            _ => None,
        }
    }

    fn unexpected(&self) -> de::Unexpected<'static> {
        de::Unexpected::Other("value")
    }
}

impl<'de, 'a> IntoDeserializer<'de, ShapeError> for Node<'a> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! numbers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ShapeError> {
            match self.environment_text().map(str::parse::<i64>) {
                Some(Ok(number)) => visitor.visit_i64(number),
                _ => self.deserialize_any(visitor),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Node<'_> {
    type Error = ShapeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ShapeError> {
        match &self.value.kind {
            ValueKind::Nil => visitor.visit_unit(),
            ValueKind::Boolean(value) => visitor.visit_bool(*value),
            ValueKind::I64(number) => visitor.visit_i64(*number),
            ValueKind::I128(number) => visitor.visit_i128(*number),
            ValueKind::U64(number) => visitor.visit_u64(*number),
            ValueKind::U128(number) => visitor.visit_u128(*number),
            ValueKind::Float(number) => visitor.visit_f64(*number),
            ValueKind::String(text) => visitor.visit_str(text),
            ValueKind::Table(table) => {
                // Sorted, so that the faults of one text always come in one order.
                let mut entries: Vec<(&str, &Value)> = table.iter().map(|(key, value)| (key.as_str(), value)).collect();
                entries.sort_unstable_by_key(|(key, _)| *key);
                let entries = entries.into_iter().map(|(key, value)| (key, Node { value, ..self }));
                visitor.visit_map(MapDeserializer::new(entries))
            }
            ValueKind::Array(list) => {
                visitor.visit_seq(SeqDeserializer::new(list.iter().map(|value| Node { value, ..self })))
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ShapeError> {
        visitor.visit_some(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ShapeError> {
        match &self.value.kind {
            ValueKind::Table(_) => self.deserialize_any(visitor),
            // The empty place of a refused entry.
            ValueKind::Nil => visitor.visit_map(MapDeserializer::new(std::iter::empty::<(&str, Node<'_>)>())),
            // A derived visitor would take a list for the fields in order.
            _ => Err(de::Error::invalid_type(self.unexpected(), &visitor)),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ShapeError> {
        match self.environment_text() {
            Some("true") => visitor.visit_bool(true),
            Some("false") => visitor.visit_bool(false),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ShapeError> {
        match self.environment_text() {
            Some(text) => {
                let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
                visitor.visit_seq(SeqDeserializer::new(entries))
            }
            None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ShapeError> {
        match &self.value.kind {
            // The empty place of a refused entry.
            ValueKind::Nil => visitor.visit_str(""),
            _ => self.deserialize_any(visitor),
        }
    }

    numbers! { deserialize_u16 deserialize_u32 }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u64 u128 f32 f64 char str bytes byte_buf unit unit_struct newtype_struct tuple
        tuple_struct map enum identifier ignored_any
    }
}
