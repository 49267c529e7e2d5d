//! Keeps docs/rfc-coverage.md true: it is made of the list of checks and of the names of the tests that are there.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail")]

mod list;
mod page;
mod tests_found;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use list::List;
use tests_found::{Found, found_in};

/// Set to write the page instead of comparing it.
const WRITE: &str = "UPDATE_COVERAGE";

/// Where tests may be.
const FOLDERS: [&str; 5] = ["bgp-core/src", "bgp-core/tests", "bgp-daemon/src", "bgp-daemon/tests", "interop"];

fn top() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap().to_owned()
}

fn list() -> List {
    toml::from_str(include_str!("../checks.toml")).unwrap_or_else(|fault| panic!("checks.toml: {fault}"))
}

fn found() -> Vec<Found> {
    let top = top();
    let mut found: Vec<Found> = FOLDERS.iter().flat_map(|folder| found_in(&top, &top.join(folder))).collect();
    found.sort();
    found
}

#[test]
fn the_page_says_what_the_list_and_the_tests_say() {
    let path = top().join("docs/rfc-coverage.md");
    let expected = page::written(&list(), &found());
    if std::env::var_os(WRITE).is_some() {
        fs::write(&path, expected).unwrap();
        return;
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    assert!(there == expected, "docs/rfc-coverage.md is not what the list and the tests say: make coverage-table");
}

#[test]
fn every_check_has_a_test_or_says_why_not() {
    let found = found();
    let mut faults = Vec::new();
    for check in list().check {
        let tested = found.iter().any(|test| test.checks.contains(&check.number));
        match (tested, &check.untested) {
            (false, None) => faults.push(format!("check {}: no test bears its number", check.number)),
            (true, Some(_)) => {
                faults.push(format!("check {}: tests bear its number, take `untested` off", check.number));
            }
            _ => {}
        }
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn every_test_with_a_number_is_of_a_check_of_the_list() {
    let known: BTreeSet<u16> = list().check.iter().map(|check| check.number).collect();
    for test in found() {
        let unknown: Vec<_> = test.checks.iter().filter(|number| !known.contains(number)).collect();
        assert!(unknown.is_empty(), "{} in {}: no check {unknown:?}", test.name, test.file);
    }
}

#[test]
fn the_list_is_in_order_and_whole() {
    let list = list();
    let numbers: Vec<u16> = list.check.iter().map(|check| check.number).collect();
    assert_eq!(numbers, (1..=90).collect::<Vec<_>>());
    let rfcs: Vec<u16> = list.rfc.iter().map(|rfc| rfc.number).collect();
    assert!(rfcs.is_sorted_by(|one, next| one < next), "{rfcs:?}");
    for check in &list.check {
        assert!(!check.of.is_empty() && check.says.ends_with('.'), "check {}", check.number);
        for place in check.places() {
            assert!(rfcs.contains(&place.rfc), "check {}: RFC {} is not in the list", check.number, place.rfc);
        }
    }
    for rfc in &list.rfc {
        assert!(rfc.done.is_some() || !rfc.missing.is_empty(), "RFC {}: neither done nor missing", rfc.number);
    }
}

#[test]
fn every_decision_that_the_list_names_is_there() {
    for check in list().check {
        let Some(decision) = check.decision else { continue };
        let path = top().join("docs/decisions").join(&decision);
        assert!(path.is_file(), "check {}: no docs/decisions/{decision}", check.number);
    }
}

#[test]
fn numbers_are_read_from_names() {
    let numbers = tests_found::numbers;
    assert_eq!(numbers("check_07_another_version"), [7]);
    assert_eq!(numbers("check_7_another_version"), [7]);
    assert_eq!(numbers("check_07_to_10_a_bad_open"), [7, 8, 9, 10]);
    assert_eq!(numbers("check_10_and_11_agrees"), [10, 11]);
    assert_eq!(numbers("check_10_and_11_and_13_agrees"), [10, 11, 13]);
    assert_eq!(numbers("check_06_4096_octets"), [6]);
    assert_eq!(numbers("checks_what_there_is"), Vec::<u16>::new());
    assert_eq!(numbers("check_of_a_name"), Vec::<u16>::new());
}

#[test]
fn only_tests_are_found() {
    let source = "
        #[test]
        fn check_01_sync() {}
        #[tokio::test(start_paused = true)]
        async fn check_02_async() {}
        #[test]
        #[ignore]
        fn check_03_with_another_attribute() {}
        fn check_04_helper() {}
        // fn check_05_comment() {}
        #[cfg(test)]
        fn check_06_no_test() {}
    ";
    let names: Vec<_> = tests_found::names(source).collect();
    assert_eq!(names, ["check_01_sync", "check_02_async", "check_03_with_another_attribute"]);
}
