//! The forms a file can have, told apart by content: a list as gcloud prints it, a page of the API, an aggregated page, or
//! a bundle. Objects are handed on one by one, so that no file is ever held as a tree.
//!
//! - list: `[{…}, …]`, kinds mixed or not;
//! - page: `{"kind": "compute#instanceList", "items": [{…}, …]}`;
//! - aggregated page: `{"items": {"zones/us-central1-a": {"instances": [{…}, …]}, …}}`;
//! - bundle: `{"subnetworks": […], "instances": […], "addresses": […], "forwardingRules": […]}`, any of them.
//!
//! A page that is not the last, or that the API calls incomplete, does not prove that anything is gone: what it holds
//! counts, and the state is not trusted.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::collection::FileCollector;
use super::findings::{shown_name, shown_reason, shown_value};
use super::object::{Kind, Object, Readable, Written, WrittenList};
use super::{Doubt, InventoryFault};

/// How the text of a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Syntax {
    Json,
    Yaml,
}

/// Hands the objects of a file to `collector`, and every fault with them.
pub(super) fn read_file(syntax: Syntax, octets: &[u8], collector: &mut FileCollector<'_>) {
    // Some editors put a byte order mark before UTF-8.
    let octets = octets.strip_prefix(b"\xef\xbb\xbf").unwrap_or(octets);
    if octets.is_empty() {
        return file_fault(collector, None, "empty; expected a list, [] for no objects".to_owned());
    }
    match syntax {
        Syntax::Json => read_json(octets, collector),
        Syntax::Yaml => read_yaml(octets, collector),
    }
}

fn read_json(octets: &[u8], collector: &mut FileCollector<'_>) {
    let mut deserializer = serde_json::Deserializer::from_slice(octets);
    let read = File(&mut *collector).deserialize(&mut deserializer).and_then(|()| deserializer.end());
    let Err(error) = read else { return };
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let reason = shown_reason(text.strip_suffix(&place).unwrap_or(&text));
    let reason = match error.classify() {
        serde_json::error::Category::Eof => format!("cut short at column {}: {reason}", error.column()),
        serde_json::error::Category::Data => format!("at column {}: {reason}", error.column()),
        _ => format!("not JSON at column {}: {reason}", error.column()),
    };
    file_fault(collector, Some(error.line()), reason);
}

fn read_yaml(octets: &[u8], collector: &mut FileCollector<'_>) {
    let Ok(text) = std::str::from_utf8(octets) else {
        return file_fault(collector, None, "not UTF-8; expected YAML text".to_owned());
    };
    let read = File(&mut *collector).deserialize(serde_yaml_ng::Deserializer::from_str(text));
    if let Err(error) = read {
        let location = error.location();
        let text = error.to_string();
        let place = location.as_ref().map(|at| format!(" at line {} column {}", at.line(), at.column()));
        let reason = shown_reason(place.and_then(|place| text.strip_suffix(&place)).unwrap_or(&text));
        return file_fault(collector, location.map(|at| at.line()), format!("not YAML as expected: {reason}"));
    }
    if !is_whole_yaml(text) {
        let expected = "may be cut short; expected a last line \"...\" (the end of a YAML document)";
        file_fault(collector, None, expected.to_owned());
    }
}

/// The beginning of a YAML block is YAML as well: only the mark at its end proves that nothing was cut off. Brackets
/// around the whole prove the same.
fn is_whole_yaml(text: &str) -> bool {
    let is_content = |line: &&str| !line.is_empty() && !line.starts_with('#') && *line != "---";
    let mut lines = text.lines().map(str::trim_end).filter(is_content);
    let first = lines.next().unwrap_or_default();
    first.starts_with(['{', '[']) || lines.next_back() == Some("...")
}

fn file_fault(collector: &mut FileCollector<'_>, line: Option<usize>, expected: String) {
    let fault = InventoryFault::of_file(Doubt::Unreadable, &*collector.file, expected);
    collector.fault(InventoryFault { line, ..fault });
}

/// A whole file.
struct File<'a, 'c>(&'a mut FileCollector<'c>);

impl<'de> DeserializeSeed<'de> for File<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for File<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects, a page of the Compute API or a bundle")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<(), A::Error> {
        Objects { kind: None, place: String::new(), collector: self.0 }.visit_seq(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let collector = self.0;
        let mut is_known = false;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "items" => {
                    is_known = true;
                    map.next_value_seed(Items(&mut *collector))?;
                }
                "kind" => is_known |= check_kind(&map.next_value()?, collector),
                "nextPageToken" => check_last_page(&map.next_value()?, collector),
                "unreachables" => check_reached(&map.next_value()?, collector),
                "warning" => check_warning("warning", &map.next_value()?, collector),
                name => match Kind::of_collection(name) {
                    Some(kind) => {
                        is_known = true;
                        let place = name.to_owned();
                        map.next_value_seed(Objects { kind: Some(kind), place, collector: &mut *collector })?;
                    }
                    None => {
                        map.next_value::<IgnoredAny>()?;
                    }
                },
            }
        }
        if !is_known {
            let expected = "holds nothing that is known here; expected a list of objects, a page of the Compute API with \
                            items, or a bundle with subnetworks, instances, addresses or forwardingRules";
            file_fault(collector, None, expected.to_owned());
        }
        Ok(())
    }
}

/// Whether the kind of a file is that of a list, or has got a fault.
fn check_kind(kind: &Written<String>, collector: &mut FileCollector<'_>) -> bool {
    match kind {
        Written::Absent => false,
        Written::Given(kind) if Kind::is_list(kind) => true,
        Written::Given(kind) if Kind::of_object(kind).is_some() => {
            let expected = "one object alone; expected a list of them in brackets";
            collector.fault_at(Doubt::Unreadable, "kind", Some(kind.clone()), expected);
            true
        }
        Written::Given(value) | Written::Wrong(value) => {
            let expected = "expected a list of subnetworks, instances, addresses or forwarding rules";
            collector.fault_at(Doubt::Unreadable, "kind", Some(value.clone()), expected);
            true
        }
    }
}

fn check_last_page(token: &Written<String>, collector: &mut FileCollector<'_>) {
    if let Written::Given(token) | Written::Wrong(token) = token
        && !token.is_empty()
    {
        let expected = "more pages follow; expected all of them";
        collector.fault_at(Doubt::MorePages, "nextPageToken", Some(shown_value(token)), expected);
    }
}

fn check_reached(unreachables: &WrittenList<String>, collector: &mut FileCollector<'_>) {
    match unreachables {
        Written::Absent => {}
        Written::Given(places) if places.is_empty() => {}
        Written::Given(places) => {
            let names: Vec<&str> = places.iter().filter_map(Written::given).map(String::as_str).collect();
            let value = shown_value(&names.join(", "));
            let expected = "the API could not reach these; expected a whole answer";
            collector.fault_at(Doubt::Partial, "unreachables", Some(value), expected);
        }
        Written::Wrong(value) => {
            collector.fault_at(Doubt::Partial, "unreachables", Some(value.clone()), "expected a list");
        }
    }
}

/// A warning of the API.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Warning {
    code: Written<String>,
}

impl<'de> Readable<'de> for Warning {
    fn from_object<A: MapAccess<'de>>(object: A) -> Result<Written<Self>, A::Error> {
        Self::deserialize(de::value::MapAccessDeserializer::new(object)).map(Written::Given)
    }
}

fn check_warning(place: &str, warning: &Written<Warning>, collector: &mut FileCollector<'_>) {
    let field = format!("{place}.code");
    match warning {
        Written::Absent => {}
        Written::Given(Warning { code: Written::Given(code) }) => match code.as_str() {
            "NO_RESULTS_ON_PAGE" => {}
            "UNREACHABLE" | "PARTIAL_SUCCESS" | "LIST_OVERHEAD_QUOTA_EXCEED" => {
                let expected = "the answer is not whole; expected one that is";
                collector.fault_at(Doubt::Partial, field, Some(code.clone()), expected);
            }
            other => collector.note(&format!("{field}: the API warns of {}", shown_name(other))),
        },
        Written::Given(Warning { code: Written::Wrong(value) }) | Written::Wrong(value) => {
            collector.fault_at(Doubt::Partial, field, Some(value.clone()), "expected a warning's code");
        }
        Written::Given(Warning { code: Written::Absent }) => {
            collector.fault_at(Doubt::Partial, field, None, "missing; expected a warning's code");
        }
    }
}

/// A list of objects, of one kind where the place says which.
struct Objects<'a, 'c> {
    kind: Option<Kind>,
    place: String,
    collector: &'a mut FileCollector<'c>,
}

impl<'de> DeserializeSeed<'de> for Objects<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Objects<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place.as_str() {
            "" => f.write_str("a list of objects"),
            place => write!(f, "a list of objects in {place}, [] for none"),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut index = 0_usize;
        while let Some(written) = list.next_element::<Written<Object>>()? {
            self.collector.object(self.kind, format!("{}[{index}]", self.place), &written);
            index += 1;
        }
        Ok(())
    }
}

/// The items of a page: a list, or lists by scope.
struct Items<'a, 'c>(&'a mut FileCollector<'c>);

impl<'de> DeserializeSeed<'de> for Items<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Items<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects in items, or lists by zone and region")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<(), A::Error> {
        Objects { kind: None, place: "items".to_owned(), collector: self.0 }.visit_seq(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut scopes: A) -> Result<(), A::Error> {
        while let Some(scope) = scopes.next_key::<String>()? {
            let place = format!("items.{}", shown_name(&scope));
            self.0.holds_all_of(scope);
            scopes.next_value_seed(Scope { place, collector: &mut *self.0 })?;
        }
        Ok(())
    }
}

/// What an aggregated page holds of one zone or region.
struct Scope<'a, 'c> {
    place: String,
    collector: &'a mut FileCollector<'c>,
}

impl<'de> DeserializeSeed<'de> for Scope<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Scope<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with a list or a warning in {}", self.place)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            let place = format!("{}.{}", self.place, shown_name(&name));
            match Kind::of_collection(&name) {
                Some(kind) => {
                    map.next_value_seed(Objects { kind: Some(kind), place, collector: &mut *self.collector })?;
                }
                None if name == "warning" => check_warning(&place, &map.next_value()?, self.collector),
                None => {
                    map.next_value::<IgnoredAny>()?;
                    let expected = "expected subnetworks, instances, addresses, forwardingRules or warning";
                    self.collector.fault_at(Doubt::Unreadable, place, None, expected);
                }
            }
        }
        Ok(())
    }
}
