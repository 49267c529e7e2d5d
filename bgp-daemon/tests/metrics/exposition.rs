//! Reads the text that Prometheus scrapes as strictly as its own checker does, names and units too.

use std::collections::{BTreeMap, BTreeSet};

/// Labels by name.
pub type Labels = BTreeMap<String, String>;

/// All metrics of a text by name, with their samples.
#[derive(Debug)]
pub struct Scrape(pub BTreeMap<String, BTreeMap<Labels, f64>>);

impl Scrape {
    /// Reads a text; panics where it is not as the format and its conventions want it.
    pub fn of(text: &str) -> Self {
        assert!(text.ends_with('\n'), "the last line has no end");
        let mut metrics = BTreeMap::new();
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            let (name, help) = line.strip_prefix("# HELP ").expect(line).split_once(' ').expect(line);
            let kind = lines.next().and_then(|line| line.strip_prefix(&format!("# TYPE {name} "))).expect(line);
            assert!(!help.is_empty() && !help.contains('\\'), "{line}");
            assert_name(name, kind);
            let mut samples = BTreeMap::new();
            while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
                let (labels, value) = sample(line, name);
                assert!(samples.insert(labels, value).is_none(), "it stands twice: {line}");
            }
            assert!(metrics.insert(name.to_owned(), samples).is_none(), "{name} stands twice");
        }
        Self(metrics)
    }

    /// The names of all.
    pub fn names(&self) -> BTreeSet<&str> {
        self.0.keys().map(String::as_str).collect()
    }

    /// The value of the sample with just these labels.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let labels = labels.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        self.0.get(name).unwrap_or_else(|| panic!("{name} is not there")).get(&labels).copied()
    }

    /// The sum of all samples of a metric.
    pub fn sum(&self, name: &str) -> f64 {
        self.0[name].values().sum()
    }
}

/// <https://prometheus.io/docs/practices/naming/>
fn assert_name(name: &str, kind: &str) {
    assert!(name.starts_with("aliasd_"), "{name} has another prefix");
    assert!(name.chars().all(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '_'), "{name}");
    assert!(!name.ends_with("_count") && !name.ends_with("_sum"), "{name} looks like a part of a histogram");
    match kind {
        "counter" => assert!(name.ends_with("_total"), "{name} does not end in _total"),
        "gauge" => assert!(!name.ends_with("_total"), "{name} ends in _total"),
        other => panic!("{name} is a {other}"),
    }
    for word in ["age", "timestamp", "interval", "window"] {
        let is_time = name.split('_').any(|part| part == word);
        assert!(!is_time || name.ends_with("_seconds"), "{name} has no unit");
    }
}

/// `name{label="text",…} value`, or without labels.
fn sample(line: &str, name: &str) -> (Labels, f64) {
    let rest = line.strip_prefix(name).unwrap_or_else(|| panic!("not a sample of {name}: {line}"));
    let mut labels = Labels::new();
    let value = match rest.strip_prefix('{') {
        None => rest,
        Some(mut rest) => loop {
            let (label, after) = rest.split_once("=\"").expect(line);
            assert!(label.chars().all(|char| char.is_ascii_lowercase() || char == '_') && !label.is_empty(), "{line}");
            let (text, after) = quoted(after, line);
            assert!(labels.insert(label.to_owned(), text).is_none(), "{label} stands twice: {line}");
            match after.strip_prefix(',') {
                Some(after) => rest = after,
                None => break after.strip_prefix('}').expect(line),
            }
        },
    };
    (labels, value.strip_prefix(' ').expect(line).parse().expect(line))
}

/// The text up to the quote that ends it, and what follows.
fn quoted<'a>(text: &'a str, line: &str) -> (String, &'a str) {
    let (mut found, mut chars) = (String::new(), text.chars());
    loop {
        match chars.next().expect(line) {
            '"' => return (found, chars.as_str()),
            '\\' => found.push(match chars.next() {
                Some('n') => '\n',
                Some(char @ ('\\' | '"')) => char,
                other => panic!("{other:?} is escaped: {line}"),
            }),
            char => found.push(char),
        }
    }
}

#[test]
fn refuses_what_is_not_as_the_format_wants_it() {
    let begun = |name: &str, kind: &str| format!("# HELP {name} Help.\n# TYPE {name} {kind}\n");
    let gauge = begun("aliasd_x", "gauge");
    let read = |text: &str| std::panic::catch_unwind(|| Scrape::of(text)).ok();
    let scrape = read(&format!("{gauge}aliasd_x{{a=\"1\",b=\"\\\"}}\"}} 2\naliasd_x 3.5\n")).unwrap();
    assert_eq!(scrape.value("aliasd_x", &[("b", "\"}"), ("a", "1")]), Some(2.0));
    assert_eq!((scrape.value("aliasd_x", &[]), scrape.value("aliasd_x", &[("a", "1")])), (Some(3.5), None));
    for text in [
        "aliasd_x 1\n".to_owned(),
        "# HELP aliasd_x Help.\naliasd_x 1\n".to_owned(),
        "# HELP aliasd_x \n# TYPE aliasd_x gauge\naliasd_x 1\n".to_owned(),
        begun("other_x", "gauge"),
        begun("aliasd_x", "counter"),
        begun("aliasd_x_total", "gauge"),
        begun("aliasd_x", "histogram"),
        begun("aliasd_x_age", "gauge"),
        format!("{gauge}{gauge}"),
        format!("{gauge}aliasd_y 1\n"),
        format!("{gauge}aliasd_x 1"),
        format!("{gauge}aliasd_x one\n"),
        format!("{gauge}aliasd_x 1\naliasd_x 1\n"),
        format!("{gauge}aliasd_x{{a=\"1\",b=\"2\"}} 1\naliasd_x{{b=\"2\",a=\"1\"}} 1\n"),
        format!("{gauge}aliasd_x{{a=\"1\",a=\"2\"}} 1\n"),
        format!("{gauge}aliasd_x{{a=\"1\\x\"}} 1\n"),
        format!("{gauge}aliasd_x{{a=\"1}} 1\n"),
    ] {
        assert!(read(&text).is_none(), "{text}");
    }
}
