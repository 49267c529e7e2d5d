//! The list of checks, as checks.toml has it.

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    pub check: Vec<Check>,
    pub rfc: Vec<Rfc>,
}

/// What a speaker must do.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    pub number: u16,
    /// Where it says so, as in `RFC 4271 section 6.1`; the first rules.
    pub of: Vec<String>,
    pub says: String,
    /// The file of the choice that was made.
    pub decision: Option<String>,
    /// What of it is not done.
    pub gap: Option<String>,
    /// Why no test bears the number.
    pub untested: Option<String>,
}

/// An RFC as a whole.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rfc {
    pub number: u16,
    pub title: String,
    pub done: Option<String>,
    #[serde(default)]
    pub missing: Vec<String>,
}

/// A place in an RFC.
pub struct Place {
    pub rfc: u16,
    /// The section; empty for the RFC as a whole.
    pub section: String,
}

impl Check {
    pub fn places(&self) -> impl Iterator<Item = Place> {
        self.of.iter().map(|text| {
            let place = text.strip_prefix("RFC ").and_then(|rest| {
                let (number, section) = rest.split_once(" section ").unwrap_or((rest, ""));
                Some(Place { rfc: number.parse().ok()?, section: section.to_owned() })
            });
            place.unwrap_or_else(|| panic!("check {}: {text:?} is no place in an RFC", self.number))
        })
    }
}
