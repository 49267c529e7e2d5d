//! docs/rfc-coverage.md.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::list::{Check, List, Place, Rfc};
use super::tests_found::Found;

/// The vectors by file, with the number of each one's check.
const VECTORS: [&str; 7] = [
    include_str!("../vectors/framing.toml"),
    include_str!("../vectors/open.toml"),
    include_str!("../vectors/update.toml"),
    include_str!("../vectors/attributes.toml"),
    include_str!("../vectors/as_path.toml"),
    include_str!("../vectors/communities.toml"),
    include_str!("../vectors/multiprotocol.toml"),
];

const HEAD: &str = "\
# RFC coverage

What is done of each RFC, what is not and why, and the tests that show it. Made by `make coverage-table` from the list of checks in
[checks.toml](../bgp-core/tests/checks.toml) and the names of the tests; a test fails when it is out of date, or when a check has no
test and does not say why.

A check says what a speaker must do. Its tests bear its number: `cargo nextest run --workspace check_07` runs those of check 7.
Vectors are octets in [data files](../bgp-core/tests/vectors) with what must come of them. Decisions are in [decisions](decisions).
";

pub fn written(list: &List, found: &[Found]) -> String {
    let mut page = HEAD.to_owned();
    let vectors = vectors();
    overview(&mut page, list, found, vectors.values().sum());
    for rfc in &list.rfc {
        section(&mut page, rfc, list, &|check| shown(check, found, &vectors));
    }
    page
}

fn overview(page: &mut String, list: &List, found: &[Found], vectors: usize) {
    let tested = list.check.iter().filter(|check| tests(check, found).next().is_some()).count();
    write!(
        page,
        "\n{} checks, {tested} of them with tests: {} tests and {vectors} vectors.\n\n",
        list.check.len(),
        found.len(),
    )
    .unwrap();
    page.push_str("| RFC | title | checks | not done |\n|---|---|---|---|\n");
    for rfc in &list.rfc {
        let numbers: Vec<String> = of(rfc, list).map(|(check, _)| check.number.to_string()).collect();
        let anchor = anchor(rfc);
        let (number, title, missing) = (rfc.number, &rfc.title, gaps(rfc, list).len());
        let missing = if missing == 0 { String::new() } else { missing.to_string() };
        writeln!(page, "| [{number}](#{anchor}) | {title} | {} | {missing} |", numbers.join(", ")).unwrap();
    }
}

/// What GitHub makes of the title of the section.
fn anchor(rfc: &Rfc) -> String {
    let letters = |letter: char| match letter {
        ' ' => Some('-'),
        '-' | '_' => Some(letter),
        letter if letter.is_alphanumeric() => Some(letter.to_ascii_lowercase()),
        _ => None,
    };
    format!("RFC {}: {}", rfc.number, rfc.title).chars().filter_map(letters).collect()
}

/// The checks of an RFC, each with the sections of it that it is of.
fn of<'l>(rfc: &Rfc, list: &'l List) -> impl Iterator<Item = (&'l Check, String)> {
    list.check.iter().filter_map(|check| {
        let places: Vec<Place> = check.places().filter(|place| place.rfc == rfc.number).collect();
        let sections: Vec<String> = places.iter().map(|place| place.section.clone()).collect();
        (!places.is_empty()).then(|| (check, sections.join(", ")))
    })
}

/// What is missing of an RFC, by itself and by the checks that it rules.
fn gaps(rfc: &Rfc, list: &List) -> Vec<String> {
    let ruled = |check: &&Check| check.places().next().is_some_and(|place| place.rfc == rfc.number);
    let gap = |check: &Check| check.gap.as_ref().map(|gap| format!("Check {}: {gap}", check.number));
    rfc.missing.iter().cloned().chain(list.check.iter().filter(ruled).filter_map(gap)).collect()
}

fn section(page: &mut String, rfc: &Rfc, list: &List, shown: &dyn Fn(&Check) -> String) {
    write!(page, "\n## RFC {}: {}\n", rfc.number, rfc.title).unwrap();
    if let Some(done) = &rfc.done {
        write!(page, "\nDone: {done}\n").unwrap();
    }
    let gaps = gaps(rfc, list);
    if !gaps.is_empty() {
        page.push_str("\nNot done:\n\n");
        gaps.iter().for_each(|gap| writeln!(page, "- {gap}").unwrap());
    }
    let mut rows = of(rfc, list).peekable();
    if rows.peek().is_some() {
        page.push_str("\n| check | section | what must be | shown by |\n|---|---|---|---|\n");
        rows.for_each(|(check, sections)| row(page, check, &sections, &shown(check)));
    }
}

fn row(page: &mut String, check: &Check, sections: &str, shown: &str) {
    let decision = check.decision.as_ref().map(|file| {
        let number = file.split('-').next().unwrap_or(file);
        format!(" ([{number}](decisions/{file}))")
    });
    let (number, says) = (check.number, &check.says);
    writeln!(page, "| {number} | {sections} | {says}{} | {shown} |", decision.unwrap_or_default()).unwrap();
}

fn shown(check: &Check, found: &[Found], vectors: &BTreeMap<u16, usize>) -> String {
    if let Some(reason) = &check.untested {
        return format!("nothing: {reason}");
    }
    let vectors = match vectors.get(&check.number) {
        None => String::new(),
        Some(1) => "1 vector<br>".to_owned(),
        Some(many) => format!("{many} vectors<br>"),
    };
    let tests: Vec<String> = tests(check, found).map(|test| format!("[{}](../{})", test.name, test.file)).collect();
    format!("{vectors}{}", tests.join("<br>"))
}

fn tests<'f>(check: &Check, found: &'f [Found]) -> impl Iterator<Item = &'f Found> {
    let number = check.number;
    found.iter().filter(move |test| test.checks.contains(&number))
}

/// How many vectors each check has.
fn vectors() -> BTreeMap<u16, usize> {
    let mut counts = BTreeMap::new();
    for text in VECTORS {
        let table: toml::Table = text.parse().unwrap();
        for vector in table["vector"].as_array().unwrap() {
            let check = u16::try_from(vector["check"].as_integer().unwrap()).unwrap();
            *counts.entry(check).or_default() += 1;
        }
    }
    counts
}
