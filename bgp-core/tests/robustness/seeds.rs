//! The seeds that the fuzzers start from, in `fuzz/corpus`.

use std::fs;
use std::panic::{RefUnwindSafe, catch_unwind};
use std::path::Path;

/// The seeds of a fuzz target, by their names.
pub fn of(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let read = |path: &Path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(path).unwrap());
    let mut seeds: Vec<(String, Vec<u8>)> = files.map(|file| read(&file.unwrap().path())).collect();
    seeds.sort();
    assert!(seeds.len() >= 5, "{} has only {} seeds", folder.display(), seeds.len());
    seeds
}

/// The property holds for each of them.
pub fn each(target: &str, holds: impl Fn(&[u8]) + RefUnwindSafe) {
    for (name, octets) in of(target) {
        let held = catch_unwind(|| holds(&octets));
        assert!(held.is_ok(), "fuzz/corpus/{target}/{name} fails, as said above");
    }
}
