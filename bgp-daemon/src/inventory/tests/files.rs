//! Which files count, and what is wrong with those that cannot be read.

use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use super::*;
use crate::inventory::read::{Cache, Look, Question, look};
use crate::inventory::{Provenance, read_octets};

#[test]
fn only_json_and_yaml_in_the_directory_itself_count() {
    let folder = directory(&[
        ("s.json", &list(&[SUBNETWORK])),
        ("README.md", "read me"),
        (".hidden.json", "broken"),
        ("s.json~", "broken"),
        ("#s.json#", "broken"),
        ("s.json.bak", "broken"),
    ]);
    std::fs::create_dir(folder.path().join("old")).unwrap();
    std::fs::write(folder.path().join("old/s.json"), "broken").unwrap();
    let snapshot = read(folder.path(), &Selection::default()).unwrap();
    assert_eq!(snapshot.counts.files, 1);
    let passed_over = |name: &str| format!("{name}: not read; expected a name in .json, .yaml or .yml");
    assert_eq!(snapshot.notes, [passed_over("README.md"), passed_over("old")]);
}

#[test]
fn what_is_no_regular_file_is_not_opened() {
    let folder = directory(&[("s.json", &list(&[SUBNETWORK]))]);
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("a.json")).unwrap();
    let _socket = UnixListener::bind(at("b.json")).unwrap();
    symlink("/dev/zero", at("c.json")).unwrap();
    symlink("nowhere", at("d.json")).unwrap();
    assert_eq!(
        read(folder.path(), &Selection::default()).unwrap_err().to_string(),
        "a.json: not a regular file; expected one\n\
         b.json: not a regular file; expected one\n\
         c.json: not a regular file; expected one\n\
         d.json: No such file or directory (os error 2); expected a file that can be read"
    );
}

#[test]
fn a_file_that_is_too_long_is_not_read() {
    let folder = directory(&[]);
    let sparse = |name: &str, len: u64| std::fs::File::create(folder.path().join(name)).unwrap().set_len(len).unwrap();
    sparse("a.json", (1 << 30) + 1);
    sparse("b.yaml", (1 << 26) + 1);
    let faults = read(folder.path(), &Selection::default()).unwrap_err().to_string();
    assert_eq!(
        faults,
        "a.json: too long; expected at most 1073741824 octets\nb.yaml: too long; expected at most 67108864 octets"
    );
    sparse("c.json", 1 << 32);
    let faults = read(folder.path(), &Selection::default()).unwrap_err().to_string();
    assert!(faults.ends_with("octets in all; expected at most 4294967296"), "{faults}");
}

#[test]
fn a_place_that_is_not_there_is_named() {
    let folder = directory(&[]);
    let path = folder.path().join("inventory");
    let faults = read(&path, &Selection::default()).unwrap_err().to_string();
    let reason = "No such file or directory (os error 2); expected a directory or a file that can be read";
    assert_eq!(faults, format!("{}: {reason}", path.display()));
    symlink("nowhere", &path).unwrap();
    assert_eq!(read(&path, &Selection::default()).unwrap_err().to_string(), faults);
}

#[test]
fn a_single_file_is_an_inventory_whatever_it_is_called() {
    let folder = directory(&[("inventory", &list(&[SUBNETWORK])), ("other.json", "broken")]);
    let snapshot = read(&folder.path().join("inventory"), &Selection::default()).unwrap();
    assert_eq!(snapshot.ranges.len(), 2);
}

#[test]
fn equal_content_has_equal_digests() {
    let (one, other) = (list(&[SUBNETWORK]), list(&[SUBNETWORK, &node("a", "10.0.0.2", &[])]));
    let digest = |files: &[(&str, &str)]| read_all(files).unwrap().digest;
    assert_eq!(digest(&[("a.json", &one)]), digest(&[("a.json", &one)]));
    assert_ne!(digest(&[("a.json", &one)]), digest(&[("a.json", &other)]));
    assert_ne!(digest(&[("a.json", &one)]), digest(&[("b.json", &one)]));
}

#[test]
fn a_state_that_changes_while_it_is_read_is_not_judged() {
    for (known, written) in [(false, "s.json"), (true, "s.json"), (false, "t.json")] {
        let folder = directory(&[("s.json", &list(&[SUBNETWORK]))]);
        let path = folder.path().join(written);
        let selection = Selection::default();
        let question = Question {
            path: folder.path(),
            selection: &selection,
            last: None,
            same_place: None,
            now: std::time::SystemTime::now(),
            clock: &|| std::time::Duration::ZERO,
        };
        let look = look(&question, &mut Cache::default(), |_| {
            std::fs::write(path, "[]").unwrap();
            known
        });
        assert!(matches!(&look, Look::Changed(file) if file == written), "{look:?}");
    }
}

#[test]
fn octets_alone_are_read_as_the_file_that_holds_them() {
    for file in ["bundle/lab.json", "bundle/lab.yaml", "gcloud/subnetworks.json"] {
        let (path, octets) = (sample(file), std::fs::read(sample(file)).unwrap());
        let name = path.file_name().unwrap().to_str().unwrap();
        let alone = read_octets(name, &octets, &Selection::default()).unwrap();
        let from_file = read(&path, &Selection::default()).unwrap();
        let provenance = Provenance { path: PathBuf::new(), ..from_file.provenance.clone() };
        assert_eq!(alone, Snapshot { taken_at: alone.taken_at, provenance, ..from_file }, "{file}");
    }
    let fault = read_octets("a.json", b"[", &Selection::default()).unwrap_err().to_string();
    assert_eq!(fault, read_all(&[("a.json", "[")]).unwrap_err());
}

#[test]
fn only_files_that_have_changed_are_read_again() {
    let folder = directory(&[("s.json", &list(&[SUBNETWORK])), ("i.json", "[]"), ("broken.json", "5")]);
    let (selection, mut cache) = (Selection::default(), Cache::default());
    let look_again = |cache: &mut Cache| {
        let now = std::time::SystemTime::now();
        let question = Question {
            path: folder.path(),
            selection: &selection,
            last: None,
            same_place: None,
            now,
            clock: &|| std::time::Duration::ZERO,
        };
        let Look::Read(state) = look(&question, cache, |_| false) else { panic!("nothing was read") };
        let known = |name: &str| cache.files.get(name).map(|(_, objects)| std::sync::Arc::clone(objects));
        (known("s.json"), known("i.json"), known("broken.json"), state)
    };
    let (subnetworks, instances, broken, _) = look_again(&mut cache);
    assert!(broken.is_none(), "what is wrong with a file is said each time");
    std::fs::write(folder.path().join("i.json"), list(&[&node("a", "10.0.0.2", &[])])).unwrap();
    std::fs::remove_file(folder.path().join("broken.json")).unwrap();
    let (same, others, _, state) = look_again(&mut cache);
    assert!(std::sync::Arc::ptr_eq(&subnetworks.unwrap(), &same.unwrap()));
    assert!(!std::sync::Arc::ptr_eq(&instances.unwrap(), &others.unwrap()));
    assert_eq!(state.snapshot.unwrap().counts.instances, 1);
    assert_eq!(cache.files.len(), 2);
}
