//! The tests that bear the number of a check, as the sources have them.

use std::fs;
use std::path::Path;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// The file, from the top of the project.
    pub file: String,
    pub name: String,
    /// The checks of its name.
    pub checks: Vec<u16>,
}

/// Every such test below `folder`.
pub fn found_in(top: &Path, folder: &Path) -> Vec<Found> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(found_in(top, &path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let file = path.strip_prefix(top).unwrap().to_string_lossy().into_owned();
            let source = fs::read_to_string(&path).unwrap();
            let tests =
                names(&source).map(|name| Found { file: file.clone(), name: name.to_owned(), checks: numbers(name) });
            found.extend(tests.filter(|test| !test.checks.is_empty() && !file.starts_with("bgp-core/tests/coverage")));
        }
    }
    found
}

/// The names of functions that are tests.
pub fn names(source: &str) -> impl Iterator<Item = &str> {
    let mut test = false;
    source.lines().filter_map(move |line| {
        let line = line.trim();
        if line.starts_with("#[") {
            test |= line == "#[test]" || line.starts_with("#[tokio::test");
            return None;
        }
        let function = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
        let name = function.and_then(|rest| rest.split_once('(')).map(|(name, _)| name);
        std::mem::take(&mut test).then_some(name).flatten()
    })
}

/// The checks that a name bears: `check_07_…`, `check_07_and_08_…`, `check_07_to_10_…`.
pub fn numbers(name: &str) -> Vec<u16> {
    let mut words = name.split('_');
    let mut numbers: Vec<u16> = Vec::new();
    if words.next() != Some("check") {
        return numbers;
    }
    numbers.extend(words.next().and_then(|word| word.parse::<u16>().ok()));
    while let (Some(last), Some(joint), Some(next)) = (numbers.last().copied(), words.next(), words.next()) {
        match (joint, next.parse::<u16>()) {
            ("and", Ok(number)) => numbers.push(number),
            ("to", Ok(number)) => numbers.extend(last + 1..=number),
            _ => break,
        }
    }
    numbers
}
