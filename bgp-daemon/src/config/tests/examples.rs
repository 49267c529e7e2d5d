//! configs/*.toml load, and annotated.toml has every key there is.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::de::value::MapDeserializer;
use serde::de::{Deserialize, Deserializer, IntoDeserializer, Visitor, value};
use serde::forward_to_deserialize_any;

use super::super::{Config, shape};

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs").join(name)
}

#[test]
fn minimal_example_is_valid_and_silent() {
    let config = Config::load_with(&example("minimal.toml"), []).unwrap();
    assert_eq!(config.peers.len(), 1);
    assert_eq!(config.inventory.path, example("inventory"));
    assert_eq!(config.warnings, []);
}

#[test]
fn annotated_example_is_valid_and_silent() {
    let config = Config::load_with(&example("annotated.toml"), []).unwrap();
    assert_eq!(config.peers.len(), 2);
    assert_eq!(config.warnings, []);
}

#[test]
fn annotated_example_has_every_key_with_a_comment_before_its_first_use() {
    let mut known = BTreeSet::new();
    shape::File::deserialize(Walk { path: String::new(), keys: &mut known }).unwrap();
    assert!(known.contains("peer.import.max_prefixes") && known.contains("router.asn"), "{known:?}");

    let text = std::fs::read_to_string(example("annotated.toml")).unwrap();
    let table: toml::Table = text.parse().unwrap();
    let mut used = BTreeSet::new();
    collect(&toml::Value::Table(table), "", &mut used);
    used.retain(|key| !is_of_map(key));
    assert_eq!(known, used);

    let (mut seen, mut section, mut commented) = (BTreeSet::new(), String::new(), false);
    for line in text.lines() {
        let key = match (line.strip_prefix('['), line.split_once(" = ")) {
            (Some(header), _) => {
                section = header.trim_matches(['[', ']']).to_owned();
                Some(section.clone())
            }
            (None, Some((key, _))) if !line.starts_with('#') => Some(format!("{section}.{key}")),
            _ => None,
        };
        let is_first_use = key.is_some_and(|key| is_of_map(&key) || seen.insert(key));
        assert!(!is_first_use || commented, "no comment before: {line}");
        commented = line.starts_with('#');
    }
    // The inline form of `aggregation` is the one table that stands within a line; a comment before it has a line a key.
    let inline = known.iter().filter_map(|key| key.strip_prefix("advertise.aggregation."));
    let explained = inline.filter(|key| text.lines().any(|line| line.starts_with(&format!("#   {key}: "))));
    seen.extend(explained.map(|key| format!("advertise.aggregation.{key}")));
    assert_eq!(known, seen);
}

#[test]
fn sections_of_the_layers_are_those_of_the_shape() {
    let mut known = BTreeSet::new();
    shape::File::deserialize(Walk { path: String::new(), keys: &mut known }).unwrap();
    let top: BTreeSet<&str> = known.iter().filter(|key| !key.contains('.')).map(String::as_str).collect();
    let sections = super::super::layers::TABLES.into_iter().chain(super::super::layers::LISTS);
    assert_eq!(sections.collect::<BTreeSet<_>>(), top);
}

/// Keys that are the operator's own.
fn is_of_map(key: &str) -> bool {
    key.starts_with("router.inter_region_cost.")
}

fn collect(value: &toml::Value, path: &str, keys: &mut BTreeSet<String>) {
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                keys.insert(path.clone());
                collect(value, &path, keys);
            }
        }
        toml::Value::Array(list) => list.iter().for_each(|entry| collect(entry, path, keys)),
        _ => {}
    }
}

/// A document in which every key stands, so that serde names them all.
struct Walk<'a> {
    path: String,
    keys: &'a mut BTreeSet<String>,
}

impl<'de> IntoDeserializer<'de, value::Error> for Walk<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Walk<'_> {
    type Error = value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, value::Error> {
        // What takes several kinds of values takes text.
        visitor.visit_str("")
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, value::Error> {
        visitor.visit_some(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, value::Error> {
        visitor.visit_seq(value::SeqDeserializer::new(std::iter::once(self)))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, value::Error> {
        let mut inner: Vec<(&str, BTreeSet<String>)> = fields.iter().map(|field| (*field, BTreeSet::new())).collect();
        let path = |field: &str| if self.path.is_empty() { field.to_owned() } else { format!("{}.{field}", self.path) };
        let entries = inner.iter_mut().map(|(field, keys)| (*field, Walk { path: path(field), keys }));
        let shape = visitor.visit_map(MapDeserializer::new(entries));
        for (field, found) in inner {
            self.keys.insert(path(field));
            self.keys.extend(found);
        }
        shape
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, value::Error> {
        visitor.visit_map(MapDeserializer::new(std::iter::empty::<(&str, Walk<'_>)>()))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, value::Error> {
        visitor.visit_str("")
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, value::Error> {
        visitor.visit_bool(false)
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, value::Error> {
        visitor.visit_u8(0)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, value::Error> {
        visitor.visit_u16(0)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, value::Error> {
        visitor.visit_u32(0)
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u64 u128 f32 f64 char str bytes byte_buf unit unit_struct newtype_struct tuple
        tuple_struct enum identifier ignored_any
    }
}
