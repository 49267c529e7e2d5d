//! Keys: paths into the merged tree, how they are found there and how they are shown.

use config::{Value, ValueKind};

/// One step from a value to a value inside it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// Into a table.
    Key(String),
    /// Into a list.
    Index(usize),
}

/// The way from the root to a value.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct KeyPath(pub Vec<Step>);

impl KeyPath {
    /// The path of a top-level key.
    pub fn section(name: &str) -> Self {
        Self::default().key(name)
    }

    /// This path and one key more.
    pub fn key(&self, name: &str) -> Self {
        self.with(Step::Key(name.to_owned()))
    }

    /// This path and one list index more.
    pub fn index(&self, index: usize) -> Self {
        self.with(Step::Index(index))
    }

    fn with(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    /// The path without its last step; `None` at the root.
    pub fn parent(&self) -> Option<Self> {
        self.0.split_last().map(|(_, rest)| Self(rest.to_vec()))
    }

    /// Whether this is `other` or lies inside it.
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }

    /// The value there.
    pub fn find<'v>(&self, root: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(root, |value, step| match (step, &value.kind) {
            (Step::Key(key), ValueKind::Table(table)) => table.get(key),
            (Step::Index(index), ValueKind::Array(list)) => list.get(*index),
            _ => None,
        })
    }

    /// Takes the value out, so that the rest can be read; false when there is none. A list keeps an empty place, so that
    /// the indices of the others stay what the file says.
    pub fn take_out(&self, root: &mut Value) -> bool {
        let Some((last, way)) = self.0.split_last() else { return false };
        let parent = way.iter().try_fold(root, |value, step| match (step, &mut value.kind) {
            (Step::Key(key), ValueKind::Table(table)) => table.get_mut(key),
            (Step::Index(index), ValueKind::Array(list)) => list.get_mut(*index),
            _ => None,
        });
        match (last, parent.map(|parent| &mut parent.kind)) {
            (Step::Key(key), Some(ValueKind::Table(table))) => table.remove(key).is_some(),
            (Step::Index(index), Some(ValueKind::Array(list))) => match list.get_mut(*index) {
                Some(place) => !matches!(std::mem::take(&mut place.kind), ValueKind::Nil),
                None => false,
            },
            _ => false,
        }
    }

    /// The path as a person reads it; list entries that have a name are called by it.
    pub fn shown(&self, root: &Value) -> String {
        let mut text = String::new();
        let mut here = Self::default();
        for step in &self.0 {
            here = here.with(step.clone());
            match step {
                Step::Key(key) if text.is_empty() => text.push_str(&shown_key(key)),
                Step::Key(key) => {
                    text.push('.');
                    text.push_str(&shown_key(key));
                }
                Step::Index(index) => {
                    let name = here.key("name").find(root).and_then(plain_name);
                    text.push_str(&format!("[{}]", name.unwrap_or_else(|| index.to_string())));
                }
            }
        }
        text
    }
}

/// The key as TOML writes it, shortened.
fn shown_key(key: &str) -> String {
    let bare = !key.is_empty() && key.chars().all(|char| char.is_ascii_alphanumeric() || "_-".contains(char));
    shortened(&if bare { key.to_owned() } else { format!("{key:?}") })
}

/// The name an entry goes by, when it can be read without quotes.
fn plain_name(value: &Value) -> Option<String> {
    match &value.kind {
        ValueKind::String(name) if is_plain_word(name) => Some(name.clone()),
        _ => None,
    }
}

/// Whether the text can stand as a name: letters, digits, `.`, `_`, `-`; 1 to 63 characters.
pub(super) fn is_plain_word(text: &str) -> bool {
    (1..=63).contains(&text.len()) && text.chars().all(|char| char.is_ascii_alphanumeric() || "._-".contains(char))
}

/// The value as TOML writes it, on one line and shortened.
pub(super) fn shown_value(value: &Value) -> String {
    let text = match &value.kind {
        ValueKind::Nil => "nothing".to_owned(),
        ValueKind::Boolean(value) => value.to_string(),
        ValueKind::I64(value) => value.to_string(),
        ValueKind::I128(value) => value.to_string(),
        ValueKind::U64(value) => value.to_string(),
        ValueKind::U128(value) => value.to_string(),
        ValueKind::Float(value) => format!("{value:?}"),
        ValueKind::String(text) => format!("{text:?}"),
        ValueKind::Table(table) if table.is_empty() => "{}".to_owned(),
        ValueKind::Table(_) => "{ … }".to_owned(),
        ValueKind::Array(list) => {
            let entries: Vec<String> = list.iter().take(8).map(shown_value).collect();
            format!("[{}{}]", entries.join(", "), if list.len() > 8 { ", …" } else { "" })
        }
    };
    shortened(&text)
}

/// Cut so that a fault stays on one line.
fn shortened(text: &str) -> String {
    const MOST: usize = 80;
    match text.char_indices().nth(MOST) {
        Some((cut, _)) => format!("{}…", text.get(..cut).unwrap_or_default()),
        None => text.to_owned(),
    }
}
