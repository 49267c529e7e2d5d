//! Takes the fields of one object apart and says what is wrong with each.

use std::collections::{HashMap, HashSet};
use std::fmt::Display;
use std::net::IpAddr;
use std::sync::Arc;

use bgp_core::types::{AddressFamily, Prefix};

use super::Written;
use crate::inventory::findings::{FaultLog, NoteLog, shown_value};
use crate::inventory::{Effect, InventoryFault, ResourcePath};

/// Keeps one copy of each link and name: a million alias ranges name a handful of ranges.
#[derive(Debug, Default)]
pub(in crate::inventory) struct Interner {
    links: HashMap<String, Arc<ResourcePath>>,
    words: HashSet<Arc<str>>,
}

impl Interner {
    /// The one copy of that word.
    pub fn word(&mut self, text: &str) -> Arc<str> {
        if let Some(word) = self.words.get(text) {
            return Arc::clone(word);
        }
        let word: Arc<str> = Arc::from(text);
        self.words.insert(Arc::clone(&word));
        word
    }

    fn link(&mut self, text: &str) -> Option<Arc<ResourcePath>> {
        if let Some(path) = self.links.get(text) {
            return Some(Arc::clone(path));
        }
        let path = Arc::new(ResourcePath::parse(text)?);
        self.links.insert(text.to_owned(), Arc::clone(&path));
        Some(path)
    }
}

/// Reads one object.
pub(in crate::inventory) struct ObjectReader<'a> {
    /// The file, as it is named in faults.
    pub file: &'a str,
    /// The object, as it is named in faults.
    pub label: String,
    /// What its faults cost.
    pub effect: Effect,
    pub faults: &'a mut FaultLog,
    pub notes: &'a mut NoteLog,
    pub interner: &'a mut Interner,
    /// Whether no fault was found in it so far.
    pub is_sound: bool,
}

impl ObjectReader<'_> {
    /// Something is wrong with a field.
    pub fn fault(&mut self, field: impl Display, value: Option<&str>, expected: impl Into<String>) {
        self.is_sound = false;
        self.faults.push(InventoryFault {
            effect: self.effect,
            file: Some(self.file.to_owned()),
            line: None,
            object: Some(self.label.clone()),
            field: Some(field.to_string()),
            value: value.map(shown_value),
            expected: expected.into(),
        });
    }

    /// The value when it is there and of the right type; a fault when it is of another.
    pub fn optional<'w, T>(&mut self, field: impl Display, written: &'w Written<T>, expected: &str) -> Option<&'w T> {
        match written {
            Written::Given(value) => Some(value),
            Written::Absent => None,
            Written::Wrong(value) => {
                self.fault(field, Some(value), format!("expected {expected}"));
                None
            }
        }
    }

    /// The value when it is there and of the right type; else a fault.
    pub fn required<'w, T>(&mut self, field: impl Display, written: &'w Written<T>, expected: &str) -> Option<&'w T> {
        if !written.is_written() {
            self.fault(&field, None, format!("missing; expected {expected}"));
        }
        self.optional(field, written, expected)
    }

    /// The entries of a list with their indices; an absent list has none.
    pub fn entries<'w, T>(
        &mut self,
        field: impl Display,
        written: &'w Written<Vec<Written<T>>>,
        entry: &str,
    ) -> Vec<(u32, &'w T)> {
        let list = self.optional(&field, written, "a list").map(Vec::as_slice).unwrap_or_default();
        let mut entries = Vec::with_capacity(list.len());
        for (index, written) in (0..).zip(list) {
            if let Some(value) = self.required(format_args!("{field}[{index}]"), written, entry) {
                entries.push((index, value));
            }
        }
        entries
    }

    /// A link to a resource of that collection.
    pub fn link(
        &mut self,
        field: impl Display,
        written: &Written<String>,
        collection: &str,
    ) -> Option<Arc<ResourcePath>> {
        let expected = match collection {
            "networks" => "a network as in projects/p/global/networks/vpc",
            _ => "a subnetwork as in projects/p/regions/r/subnetworks/s",
        };
        let text = self.optional(&field, written, expected)?;
        let path = self.interner.link(text).filter(|path| path.collection() == collection);
        if path.is_none() {
            self.fault(field, Some(text), format!("expected {expected}"));
        }
        path
    }

    /// A range: `address/length` without host bits, of that family.
    pub fn range(&mut self, field: impl Display, text: &str, family: AddressFamily) -> Option<Prefix> {
        match Prefix::parse_exact(text) {
            Ok(prefix) if prefix.family() == family => Some(prefix),
            Ok(_) => {
                self.fault(field, Some(text), format!("expected {}", range_of(family)));
                None
            }
            Err(error) if error.expected.starts_with("host bits") => {
                self.fault(field, Some(text), error.expected);
                None
            }
            Err(_) => {
                self.fault(field, Some(text), format!("expected {}", range_of(family)));
                None
            }
        }
    }

    /// One address of that family.
    pub fn address(&mut self, field: impl Display, text: &str, family: AddressFamily) -> Option<IpAddr> {
        let address = text.parse::<IpAddr>().ok().filter(|address| Prefix::host(*address).family() == family);
        if address.is_none() {
            self.fault(field, Some(text), format!("expected {}", address_of(family)));
        }
        address
    }
}

/// What a range of that family looks like.
pub(super) const fn range_of(family: AddressFamily) -> &'static str {
    match family {
        AddressFamily::Ipv4Unicast => "an IPv4 range as in 10.0.0.0/20",
        AddressFamily::Ipv6Unicast => "an IPv6 range as in fd20:0:0:1::/64",
    }
}

/// What an address of that family looks like.
pub(super) const fn address_of(family: AddressFamily) -> &'static str {
    match family {
        AddressFamily::Ipv4Unicast => "an IPv4 address as in 10.0.0.2",
        AddressFamily::Ipv6Unicast => "an IPv6 address as in fd20:0:0:1::",
    }
}
