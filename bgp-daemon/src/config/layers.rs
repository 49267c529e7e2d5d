//! The layers and how they lie on each other: the file, `conf.d/*.toml` beside it, the environment.
//!
//! Merging is the `config` crate's. Ours is what it lacks: every value remembers its line and column through the merge, and
//! the lists of tables of a later layer are appended. Nothing here knows what a key means.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};

use config::{Environment, Map, Source, Value, ValueKind};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::{ConfigFault, Position};
use super::key::{KeyPath, Step};
use super::suggest;
use super::written::WrittenFile;

/// Every section: a table that later layers override key by key, …
pub(super) const TABLES: [&str; 9] =
    ["router", "inventory", "journal", "control", "admin", "guard", "audit", "metrics", "log"];
/// … or a list of tables that later layers append to.
pub(super) const LISTS: [&str; 3] = ["range_role", "advertise", "peer"];

/// What separates the words of an environment variable.
const SEPARATOR: &str = "__";
pub(super) const PREFIX: &str = "ALIASD";

/// Most octets of one file: far above any real one, low enough to refuse a device or a log file given by mistake.
const MAX_FILE_LEN: u64 = 4 * 1024 * 1024;

/// All layers in one tree.
pub(super) struct Layers {
    /// A table; each value's origin is an index into `places`.
    pub tree: Value,
    /// The configuration file.
    pub path: PathBuf,
    /// Whether every layer could be read; what seems to be missing may else stand in one that could not.
    pub is_whole: bool,
    places: Vec<Place>,
    /// Where each section begins first: merging makes new tables, which have no origin.
    sections: BTreeMap<String, Position>,
}

/// Where a key and its value stand.
struct Place {
    key: Position,
    value: Position,
}

impl Layers {
    /// Reads every layer, and keeps the texts in `written`; what cannot be read is a fault and left out.
    pub fn read(
        path: &Path,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
        written: &mut Vec<WrittenFile>,
        faults: &mut Vec<ConfigFault>,
    ) -> Self {
        let (fragments, unlistable) = match fragments(path) {
            Ok(fragments) => (fragments, None),
            Err(fault) => (Vec::new(), Some(fault)),
        };
        let files = std::iter::once(path.to_owned()).chain(fragments);
        let texts = files.map(|file| {
            let text = read_text(&file);
            written.extend(text.iter().map(|text| WrittenFile { path: file.clone(), text: text.clone() }));
            (file, text)
        });
        let mut layers = Self::of(path, texts, environment, faults);
        layers.is_whole &= unlistable.is_none();
        faults.extend(unlistable);
        layers
    }

    /// Lays texts on each other, and the environment on them. Each text comes with its file, or is why that cannot be read.
    pub fn of(
        path: &Path,
        texts: impl IntoIterator<Item = (PathBuf, Result<String, String>)>,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
        faults: &mut Vec<ConfigFault>,
    ) -> Self {
        let mut layers = Self {
            tree: Value::new(None, Map::<String, Value>::new()),
            path: path.to_owned(),
            is_whole: true,
            places: Vec::new(),
            sections: BTreeMap::new(),
        };
        let mut builder = config::Config::builder();
        for (file, text) in texts {
            match text {
                Ok(text) => builder = builder.add_source(layers.file_layer(&file, &text, faults)),
                Err(reason) => {
                    layers.is_whole = false;
                    faults.push(whole_file(&file, reason));
                }
            }
        }
        builder = builder.add_source(layers.environment_layer(environment, faults));
        match builder.build() {
            Ok(merged) => layers.tree = merged.cache,
            Err(error) => faults.push(whole_file(path, error.to_string())),
        }
        layers
    }

    /// Where the key at that path stands, or the nearest thing around it.
    pub fn key_position(&self, path: &KeyPath) -> Position {
        self.position(path, |place| &place.key)
    }

    /// Where the value at that path stands, or the nearest thing around it.
    pub fn value_position(&self, path: &KeyPath) -> Position {
        self.position(path, |place| &place.value)
    }

    /// Whether the value comes from the environment, where everything is text.
    pub fn is_from_environment(&self, value: &Value) -> bool {
        self.place(value).is_some_and(|place| matches!(place.value, Position::Environment(_)))
    }

    fn place(&self, value: &Value) -> Option<&Place> {
        self.places.get(value.origin()?.parse::<usize>().ok()?)
    }

    fn position<'a>(&'a self, path: &KeyPath, of: impl Fn(&'a Place) -> &'a Position) -> Position {
        let mut at = Some(path.clone());
        while let Some(path) = at {
            if let Some(place) = path.find(&self.tree).and_then(|value| self.place(value)) {
                return of(place).clone();
            }
            if let [Step::Key(section)] = path.0.as_slice()
                && let Some(position) = self.sections.get(section)
            {
                return position.clone();
            }
            at = path.parent();
        }
        Position::File(self.path.clone())
    }

    fn remember(&mut self, key: Position, value: Position) -> String {
        self.places.push(Place { key, value });
        (self.places.len() - 1).to_string()
    }

    fn file_layer(&mut self, file: &Path, text: &str, faults: &mut Vec<ConfigFault>) -> Layer {
        let lines = Lines::new(file, text);
        let (table, errors) = DeTable::parse_recoverable(text);
        // What was recovered after a syntax error would only add faults that are not the author's.
        if !errors.is_empty() {
            self.is_whole = false;
            faults.extend(errors.iter().map(|error| ConfigFault {
                position: error.span().map_or_else(|| Position::File(file.to_owned()), |span| lines.at(span.start)),
                key: String::new(),
                value: None,
                reason: format!("not TOML: {}", error.message().replace('\n', ", ")),
            }));
            return Layer(Map::new());
        }
        let mut entries = Map::new();
        for (key, value) in table.get_ref() {
            let name = key.get_ref().to_string();
            let position = lines.at(key.span().start);
            // The config crate reads a top-level key as a path expression: only plain known ones may reach it.
            if is_section(&name) {
                self.sections.entry(name.clone()).or_insert_with(|| position.clone());
                entries.insert(name, self.value(&lines, &position, value));
            } else {
                faults.push(unknown_section(position, &name));
            }
        }
        Layer(entries)
    }

    fn value(&mut self, lines: &Lines<'_>, key: &Position, value: &Spanned<DeValue<'_>>) -> Value {
        let here = lines.at(value.span().start);
        let kind = match value.get_ref() {
            DeValue::String(text) => ValueKind::String(text.to_string()),
            DeValue::Boolean(value) => ValueKind::Boolean(*value),
            DeValue::Integer(number) => integer(number.as_str(), number.radix()),
            DeValue::Float(number) => ValueKind::Float(number.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Datetime(time) => ValueKind::String(time.to_string()),
            DeValue::Array(list) => {
                let entries = list.iter().map(|entry| {
                    let position = lines.at(entry.span().start);
                    self.value(lines, &position, entry)
                });
                ValueKind::Array(entries.collect())
            }
            DeValue::Table(table) => {
                let entries = table.iter().map(|(key, value)| {
                    let position = lines.at(key.span().start);
                    (key.get_ref().to_string(), self.value(lines, &position, value))
                });
                ValueKind::Table(entries.collect())
            }
        };
        Value::new(Some(&self.remember(key.clone(), here)), kind)
    }

    fn environment_layer(
        &mut self,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
        faults: &mut Vec<ConfigFault>,
    ) -> Layer {
        // Sorted, so that of two spellings of one key always the same wins.
        let variables: BTreeMap<OsString, OsString> = environment.into_iter().collect();
        let mut entries = Map::new();
        for (name, value) in variables {
            let name = name.to_string_lossy().into_owned();
            if !name.to_ascii_lowercase().starts_with(&format!("{PREFIX}{SEPARATOR}").to_ascii_lowercase()) {
                continue;
            }
            let position = Position::Environment(name.clone());
            match value
                .into_string()
                .map_err(|_| "expected UTF-8 text".to_owned())
                .and_then(|value| setting(&name, value))
            {
                Ok((key, value)) => {
                    let origin = self.remember(position.clone(), position);
                    entries.insert(key, Value::new(Some(&origin), value));
                }
                Err(reason) => faults.push(ConfigFault { position, key: String::new(), value: None, reason }),
            }
        }
        Layer(entries)
    }
}

/// The key (`section.key`) and value that a variable sets.
fn setting(name: &str, value: String) -> Result<(String, ValueKind), String> {
    let source = Environment::with_prefix(PREFIX)
        .prefix_separator(SEPARATOR)
        .separator(SEPARATOR)
        .source(Some(Map::from([(name.to_owned(), value)])));
    let settings = source.collect().map_err(|error| error.to_string())?;
    let (key, value) = settings.into_iter().next().ok_or_else(expected_variable)?;
    let (section, rest) = key.split_once('.').unwrap_or((&key, ""));
    if LISTS.contains(&section) {
        return Err(format!(
            "[[{section}]] is a list and cannot be set from the environment; expected a file in conf.d"
        ));
    }
    if !TABLES.contains(&section) {
        return Err(format!("unknown section {section:?}; {}", expected_variable()));
    }
    let plain = !rest.is_empty() && rest.chars().all(|char| char.is_ascii_alphanumeric() || char == '_');
    if plain { Ok((key, value.kind)) } else { Err(expected_variable()) }
}

fn expected_variable() -> String {
    let sections: Vec<String> = TABLES.iter().map(|table| table.to_uppercase()).collect();
    format!("expected ALIASD__SECTION__KEY with a section of {}", sections.join(", "))
}

fn is_section(name: &str) -> bool {
    TABLES.contains(&name) || LISTS.contains(&name)
}

fn unknown_section(position: Position, name: &str) -> ConfigFault {
    let known: Vec<&'static str> = TABLES.into_iter().chain(LISTS).collect();
    let key = KeyPath::section(name).shown(&Value::default());
    ConfigFault { position, key, value: None, reason: suggest::unknown_key(name, &known) }
}

fn whole_file(file: &Path, reason: String) -> ConfigFault {
    ConfigFault { position: Position::File(file.to_owned()), key: String::new(), value: None, reason }
}

/// The `conf.d/*.toml` beside the file, in order of name; hidden files are editors' and are left alone.
fn fragments(path: &Path) -> Result<Vec<PathBuf>, ConfigFault> {
    let folder = path.parent().unwrap_or(Path::new("")).join("conf.d");
    let unlistable = |error: std::io::Error| whole_file(&folder, format!("cannot be listed: {error}"));
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unlistable(error)),
    };
    let files: Result<Vec<PathBuf>, _> = entries.map(|entry| Ok(entry?.path())).collect();
    let mut files = files.map_err(unlistable)?;
    let is_hidden = |file: &PathBuf| file.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml") && !is_hidden(file));
    files.sort();
    Ok(files)
}

fn read_text(file: &Path) -> Result<String, String> {
    let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
    let opened = std::fs::File::open(file).map_err(unreadable)?;
    let mut octets = Vec::new();
    opened.take(MAX_FILE_LEN + 1).read_to_end(&mut octets).map_err(unreadable)?;
    if u64::try_from(octets.len()).is_ok_and(|len| len > MAX_FILE_LEN) {
        return Err(format!("too long; expected at most {MAX_FILE_LEN} octets"));
    }
    String::from_utf8(octets)
        .map_err(|error| format!("not UTF-8 from octet {} on; expected TOML text", error.utf8_error().valid_up_to()))
}

/// The number; one that fits no key at all is kept for its message.
fn integer(digits: &str, radix: u32) -> ValueKind {
    let narrow = i64::from_str_radix(digits, radix).map(ValueKind::I64);
    let wide = || i128::from_str_radix(digits, radix).map(ValueKind::I128);
    narrow.or_else(|_| wide()).unwrap_or(ValueKind::Float(f64::INFINITY))
}

/// Line and column of an offset.
struct Lines<'a> {
    file: &'a Path,
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn new(file: &'a Path, text: &'a str) -> Self {
        let after_breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { file, text, starts: std::iter::once(0).chain(after_breaks).collect() }
    }

    fn at(&self, offset: usize) -> Position {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        let column = self.text.get(start..offset).map_or(1, |before| before.chars().count() + 1);
        Position::Line { file: self.file.to_owned(), line, column }
    }
}

/// One layer as the config crate takes it.
#[derive(Clone, Debug)]
struct Layer(Map<String, Value>);

/// The same without appending: the config crate's own way.
#[derive(Clone, Debug)]
struct Overriding(Map<String, Value>);

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, config::ConfigError> {
        Ok(self.0.clone())
    }

    fn collect_to(&self, earlier: &mut Value) -> Result<(), config::ConfigError> {
        let mut entries = self.0.clone();
        for name in LISTS {
            let before = KeyPath::section(name).find(earlier).map(|value| &value.kind);
            if let (Some(ValueKind::Array(before)), Some(Value { kind: ValueKind::Array(list), .. })) =
                (before, entries.get_mut(name))
            {
                list.splice(0..0, before.iter().cloned());
            }
        }
        Overriding(entries).collect_to(earlier)
    }
}

impl Source for Overriding {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, config::ConfigError> {
        Ok(self.0.clone())
    }
}
