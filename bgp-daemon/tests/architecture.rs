//! Keeps the house: who may import whom, how long a file may be, and what stays out of bgp-core.

#[path = "architecture/source.rs"]
mod source;

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use source::{allowances, module_paths, tokens};

/// A module at the top of a crate, its layer, and which others it may import. Lower stands before higher.
struct Room {
    name: &'static str,
    layer: &'static str,
    may_import: &'static [&'static str],
}

const fn room(name: &'static str, layer: &'static str, may_import: &'static [&'static str]) -> Room {
    Room { name, layer, may_import }
}

/// bgp-core, as the head of its lib.rs says.
const CORE: &[Room] = &[
    room("types", "L0", &[]),
    room("wire", "L1", &["types"]),
    room("nlri", "L2", &["types", "wire", "capability", "attribute"]),
    room("capability", "L2", &["types", "wire", "nlri", "attribute"]),
    room("attribute", "L2", &["types", "wire", "nlri", "capability"]),
    room("message", "L3", &["types", "wire", "nlri", "capability", "attribute"]),
    room("session", "L4a", &["types", "wire", "nlri", "capability", "attribute", "message"]),
    room("policy", "L4c", &["types", "nlri", "capability", "attribute"]),
    room("rib", "L4b", &["types", "nlri", "capability", "attribute", "policy"]),
];

/// bgp-daemon: `daemon` puts the others together and is the only one that may know them all.
const DAEMON: &[Room] = &[
    room("config", "D0", &[]),
    room("shared_map", "D0", &[]),
    room("telemetry", "D1", &["config"]),
    room("inventory", "D1", &["config", "shared_map"]),
    room("origination", "D2", &["config", "inventory", "shared_map"]),
    room("journal", "D3", &["config", "inventory", "origination", "shared_map"]),
    room("rib_owner", "D3", &["config", "inventory", "origination"]),
    room("peer", "D3", &["config", "rib_owner", "telemetry"]),
    room("control", "D4", &["config", "telemetry", "inventory", "origination", "journal", "rib_owner", "peer"]),
    room("cli", "D5", &["config", "inventory", "origination", "control"]),
    room(
        "daemon",
        "D6",
        &["config", "telemetry", "inventory", "origination", "journal", "rib_owner", "peer", "control", "cli"],
    ),
];

/// Lines of a file at most, tests included.
const MAX_LINES: usize = 600;

/// Crates that bring a runtime, sockets or a log into bgp-core.
const BANNED_IN_CORE: [&str; 9] =
    ["tokio", "tokio-util", "mio", "socket2", "async-io", "async-std", "smol", "tracing", "log"];

/// Lints that keep panics out, and groups that hold them.
const KEPT_LINTS: [&str; 11] = [
    "unwrap_used",
    "expect_used",
    "panic",
    "indexing_slicing",
    "string_slice",
    "todo",
    "unimplemented",
    "unreachable",
    "restriction",
    "all",
    "unsafe_code",
];

/// The modules that a file below `src` stands in: `rib/view.rs` in rib and view, `rib/mod.rs` in rib, `lib.rs` in none.
fn modules_of(file: &str) -> Vec<String> {
    let mut modules: Vec<String> = file.trim_end_matches(".rs").split('/').map(ToOwned::to_owned).collect();
    modules.pop_if(|last| matches!(last.as_str(), "mod" | "lib" | "main"));
    modules
}

fn is_test(file: &str) -> bool {
    file.split('/').any(|part| matches!(part, "tests" | "tests.rs"))
}

/// What `source`, which is `file` below the `src` of a crate, imports against the table; one line each.
fn upward_imports(rooms: &[Room], file: &str, source: &str) -> Vec<String> {
    let modules = modules_of(file);
    // The crate's root and the binaries stand above all rooms.
    let Some(own) = modules.first().filter(|first| *first != "bin") else { return Vec::new() };
    let Some(room) = rooms.iter().find(|room| room.name == own) else {
        return vec![format!("{file}: {own} is in no layer; give it a place in the table of tests/architecture.rs")];
    };
    let mut faults = Vec::new();
    for path in module_paths(&tokens(source)) {
        let mut place: Vec<&str> = modules.iter().chain(&path.inside).map(String::as_str).collect();
        let mut line = path.segments.first().map_or(0, |token| token.line);
        for segment in &path.segments {
            match segment.text.as_str() {
                "crate" => place.clear(),
                "super" => drop(place.pop()),
                "self" => {}
                text => {
                    if place.is_empty() {
                        line = segment.line;
                    }
                    place.push(text);
                }
            }
        }
        let (name, layer) = (room.name, room.layer);
        let fault = match place.first() {
            Some(target) if *target == name || room.may_import.contains(target) => continue,
            Some(target) => match rooms.iter().find(|room| room.name == *target) {
                Some(target) => format!("{name} ({layer}) imports {} ({})", target.name, target.layer),
                None => format!("{name} ({layer}) imports crate::{target}, which is in no layer"),
            },
            None => format!("{name} ({layer}) imports the root of the crate"),
        };
        faults.push(format!("{file}:{line}: {fault}; it may import {}", room.may_import.join(", ")));
    }
    faults.dedup();
    faults
}

/// Where `source` turns off what keeps panics out, one line each; tests may.
fn forbidden_allowances(file: &str, source: &str) -> Vec<String> {
    if is_test(file) {
        return Vec::new();
    }
    let forbidden = |allowance: &source::Allowance| {
        allowance.inner || allowance.words.iter().any(|word| KEPT_LINTS.contains(&word.as_str()))
    };
    let found = allowances(&tokens(source)).into_iter().filter(forbidden);
    found.map(|allowance| format!("{file}:{}: turns off lints: {}", allowance.line, allowance.words.concat())).collect()
}

fn top() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_owned()
}

/// All Rust files below `folder`, by their paths from there, with their text.
fn rust_files(folder: &Path) -> io::Result<Vec<(String, String)>> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(current) = folders.pop() {
        for entry in fs::read_dir(current)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
                files.push((name, fs::read_to_string(&path)?));
            }
        }
    }
    files.sort();
    Ok(files)
}

/// The files of these folders of the workspace; a folder that is not there has none.
fn files_of(folders: &[&str]) -> io::Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for folder in folders {
        let path = top().join(folder);
        if path.is_dir() {
            files.extend(rust_files(&path)?.into_iter().map(|(name, text)| (format!("{folder}/{name}"), text)));
        }
    }
    Ok(files)
}

/// Every crate that the normal dependencies of bgp-core bring in, by what Cargo.lock says.
fn dependencies_of_core(manifest: &toml::Table, lock: &toml::Table) -> BTreeSet<String> {
    let direct = manifest.get("dependencies").and_then(toml::Value::as_table);
    let mut open: Vec<String> = direct.into_iter().flat_map(toml::Table::keys).cloned().collect();
    let packages = lock.get("package").and_then(toml::Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut found = BTreeSet::new();
    while let Some(name) = open.pop() {
        if !found.insert(name.clone()) {
            continue;
        }
        for package in
            packages.iter().filter(|package| package.get("name").and_then(toml::Value::as_str) == Some(&name))
        {
            let dependencies = package.get("dependencies").and_then(toml::Value::as_array).into_iter().flatten();
            let names = dependencies.filter_map(|text| text.as_str()?.split(' ').next());
            open.extend(names.map(ToOwned::to_owned));
        }
    }
    found
}

fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn no_layer_imports_a_higher_one() {
    for (krate, rooms) in [("bgp-core", CORE), ("bgp-daemon", DAEMON)] {
        let files = rust_files(&top().join(krate).join("src")).unwrap();
        assert!(files.len() > 20, "{krate} has only {} files", files.len());
        let files = files.iter().filter(|(file, _)| !is_test(file));
        let faults: Vec<_> = files.flat_map(|(file, text)| upward_imports(rooms, file, text)).collect();
        assert_none(&faults.iter().map(|fault| format!("{krate}/src/{fault}")).collect::<Vec<_>>());
    }
}

#[test]
fn the_tables_themselves_lead_downwards() {
    for rooms in [CORE, DAEMON] {
        for (index, room) in rooms.iter().enumerate() {
            let lower = |name: &str| {
                let target = rooms.iter().position(|room| room.name == name);
                target.is_some_and(|target| target < index || rooms[target].layer == room.layer)
            };
            let wrong: Vec<_> = room.may_import.iter().filter(|name| !lower(name)).collect();
            assert!(wrong.is_empty(), "{} may import {wrong:?}", room.name);
        }
    }
}

#[test]
fn no_file_is_longer_than_600_lines() {
    let folders =
        ["bgp-core/src", "bgp-core/tests", "bgp-core/benches", "bgp-daemon/src", "bgp-daemon/tests", "interop"];
    let files = files_of(&folders).unwrap();
    let long = files.iter().map(|(file, text)| (file, text.lines().count())).filter(|(_, lines)| *lines > MAX_LINES);
    assert_none(&long.map(|(file, lines)| format!("{file}: {lines} lines, at most {MAX_LINES}")).collect::<Vec<_>>());
}

#[test]
fn bgp_core_depends_on_no_runtime() {
    let read = |path: &str| fs::read_to_string(top().join(path)).unwrap().parse::<toml::Table>().unwrap();
    let found = dependencies_of_core(&read("bgp-core/Cargo.toml"), &read("Cargo.lock"));
    assert!(found.contains("nom") && found.contains("memchr"), "{found:?}");
    let banned: Vec<_> = BANNED_IN_CORE.iter().filter(|name| found.contains(**name)).collect();
    assert!(banned.is_empty(), "bgp-core depends on {banned:?}");
}

#[test]
fn nothing_outside_tests_turns_off_the_lints_against_panics() {
    let files = files_of(&["bgp-core/src", "bgp-daemon/src", "interop/src"]).unwrap();
    assert_none(&files.iter().flat_map(|(file, text)| forbidden_allowances(file, text)).collect::<Vec<_>>());
}

#[test]
fn a_planted_upward_import_is_named_with_file_line_and_layers() {
    let wanted = |line: usize, target: &str| {
        let may = "it may import types, wire, capability, attribute";
        vec![format!("nlri/codec.rs:{line}: nlri (L2) imports {target}; {may}")]
    };
    let planted = |source: &str| upward_imports(CORE, "nlri/codec.rs", source);
    assert_eq!(planted("use crate::session::Session;"), wanted(1, "session (L4a)"));
    assert_eq!(
        planted("\nuse crate::{\n  types::Prefix,\n  rib::{\n    Rib,\n    Page as P },\n};"),
        wanted(4, "rib (L4b)")
    );
    assert_eq!(planted("fn f() {\n crate::message::encode(1)\n}"), wanted(2, "message (L3)"));
    assert_eq!(planted("use super::super::policy::*;"), wanted(1, "policy (L4c)"));
    assert_eq!(planted("mod inner { use super::super::super::policy::Term; }"), wanted(1, "policy (L4c)"));
    assert_eq!(planted("mod a { mod b {} } use super::super::policy::Term;"), wanted(1, "policy (L4c)"));
    assert_eq!(planted("assert_eq!(crate::rib::X, 1);"), wanted(1, "rib (L4b)"));
    assert_eq!(planted("pub use ::std::fmt; pub(crate) use crate::rib as table;"), wanted(1, "rib (L4b)"));
    assert_eq!(planted("use super::super::*;"), wanted(1, "crate::*, which is in no layer"));
    assert_eq!(planted("use crate as root;"), wanted(1, "the root of the crate"));
}

#[test]
fn what_is_no_upward_import_is_left_alone() {
    let source = r###"
        //! [`crate::rib`]
        /* crate::rib /* crate::session */ crate::rib */
        use crate::{self_made as _, wire::{self, reader}, types::*};
        use super::{Nlri, codec};
        use session::x; // another crate's
        pub(in crate::nlri) fn f<'a>(s: &'a str) -> impl Sized + use<'a> { ("crate::rib", b"crate::rib", '"', '\'') }
        const RAW: &str = r#"use crate::rib; " "#; mod inner { use super::super::X; use super::codec; }
    "###;
    let source = source.replace("self_made as _, ", "");
    assert_eq!(upward_imports(CORE, "nlri/codec.rs", &source), Vec::<String>::new());
    assert_eq!(upward_imports(CORE, "lib.rs", "pub use crate::rib::Rib;"), Vec::<String>::new());
}

#[test]
fn a_room_that_the_table_does_not_know_is_refused() {
    let expected = "attic/mod.rs: attic is in no layer; give it a place in the table of tests/architecture.rs";
    assert_eq!(upward_imports(DAEMON, "attic/mod.rs", ""), [expected]);
}

#[test]
fn a_planted_allowance_is_found_outside_tests_only() {
    let found = |source: &str| forbidden_allowances("rib/mod.rs", source).len();
    assert_eq!(found("#[allow(clippy::unwrap_used)] fn f() {}"), 1);
    assert_eq!(found("#![allow(dead_code)]"), 1);
    assert_eq!(found("#[cfg_attr(not(test), expect(clippy::indexing_slicing, reason = \"]\"))] fn f() {}"), 1);
    assert_eq!(found("#[cfg(test)] mod tests { #[allow(clippy::unwrap_used)] fn f() {} }"), 0);
    assert_eq!(found("#[cfg(test)] mod tests; #[allow(clippy::panic)] fn f() {}"), 1);
    assert_eq!(found("#[cfg(test)] mod tests { mod a {} } #[allow(clippy::panic)] fn f() {}"), 1);
    assert_eq!(found("#[allow(clippy::len_without_is_empty, reason = \"…\")] fn f() {} // #![allow(x)]"), 0);
    assert_eq!(forbidden_allowances("rib/tests.rs", "#![allow(clippy::unwrap_used)]"), Vec::<String>::new());
}

#[test]
fn a_planted_runtime_is_found_through_other_crates() {
    let manifest = "[dependencies]\nbytes = \"1\"\n[dev-dependencies]\nmio = \"1\"\n".parse().unwrap();
    let package = |name: &str, needs: &str| format!("[[package]]\nname = {name:?}\ndependencies = [{needs:?}]\n");
    let lock = [package("bytes", "serde 1.0.0"), package("serde", "tokio"), package("mio", "log")].concat();
    let found = dependencies_of_core(&manifest, &lock.parse().unwrap());
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["bytes", "serde", "tokio"]);
}
