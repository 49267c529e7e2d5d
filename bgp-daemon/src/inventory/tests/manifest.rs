//! A manifest: what is not as it says is not trusted, and what is gone by it is gone.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::*;
use crate::config::ManifestUse;
use crate::inventory::read::{Cache, Look, Question, State, look};
use crate::inventory::{Doubt, ManifestMark};

/// 2026-11-25T12:00:00Z.
fn noon() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_795_608_000)
}

fn next_of(files: &[(&str, &str)], last: Option<&Snapshot>, selection: &Selection, now: SystemTime) -> State {
    let folder = directory(files);
    let question =
        Question { path: folder.path(), selection, last, same_place: last, now, clock: &|| std::time::Duration::ZERO };
    match look(&question, &mut Cache::default(), |_| false) {
        Look::Read(state) => *state,
        other => panic!("{other:?}"),
    }
}

fn next(files: &[(&str, &str)], last: Option<&Snapshot>) -> State {
    next_of(files, last, &Selection::default(), noon())
}

fn allocated(snapshot: &Snapshot) -> usize {
    snapshot.ranges.iter().map(|range| range.allocations.len()).sum()
}

/// That many instances as a file.
fn instances(count: usize) -> String {
    let nodes: Vec<String> = (0..count).map(|n| node(&format!("n{n}"), &format!("10.0.0.{}", n + 2), &[])).collect();
    list(&nodes.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn a_folder_that_is_half_copied_is_recognised() {
    let subnetworks = list(&[SUBNETWORK]);
    let manifest = |instances: usize| {
        let files = format!(r#"[{{"name": "s.json"}}, {{"name": "i.json", "objects": {instances}}}]"#);
        format!(r#"{{"kind": "aliasd#inventoryManifest", "files": {files}, "objects": {{"subnetworks": 1}}}}"#)
    };
    let before = next(&[("manifest.json", &manifest(4)), ("s.json", &subnetworks), ("i.json", &instances(4))], None);
    assert!(before.trust.is_trusted(), "{}", before.faults);
    let before = before.snapshot.unwrap();
    assert_eq!(before.provenance.files.len(), 2, "the manifest is no file of the inventory");
    for (files, doubt, named) in [
        (vec![("s.json", subnetworks.clone())], Doubt::MissingFile, "i.json: is not there; manifest.json lists it"),
        (
            vec![("s.json", subnetworks.clone()), ("i.json", instances(3))],
            Doubt::Manifest,
            "i.json: holds 3 objects; manifest.json says 4",
        ),
        (
            vec![("s.json", subnetworks.clone()), ("i.json", instances(4)), ("k.json", "[]".to_owned())],
            Doubt::Manifest,
            "k.json: is not in manifest.json; expected every file there",
        ),
        (
            vec![("s.json", "[]".to_owned()), ("i.json", instances(4))],
            Doubt::Manifest,
            "manifest.json: objects.subnetworks: \"1\": there are 0",
        ),
    ] {
        let manifest = manifest(4);
        let mut all = vec![("manifest.json", manifest.as_str())];
        all.extend(files.iter().map(|(name, text)| (*name, text.as_str())));
        let state = next(&all, Some(&before));
        assert!(state.trust.doubts().contains(&doubt), "{}", state.faults);
        assert!(state.faults.to_string().contains(named), "{}", state.faults);
        assert_eq!(allocated(&state.snapshot.unwrap()), 4, "{named}");
    }
    // What is gone by the manifest is gone, a whole file and a whole zone.
    let gone = r#"{"files": [{"name": "s.json"}]}"#;
    let state = next(&[("manifest.json", gone), ("s.json", &subnetworks)], Some(&before));
    assert!(state.trust.is_trusted(), "{}", state.faults);
    assert_eq!(allocated(&state.snapshot.unwrap()), 0);
}

#[test]
fn a_hash_is_that_of_the_file() {
    let text = list(&[SUBNETWORK]);
    let manifest = |hash: &str| format!(r#"{{"files": [{{"name": "s.json", "sha256": "{hash}"}}]}}"#);
    let hash: String = {
        use sha2::Digest;
        sha2::Sha256::digest(&text).iter().map(|octet| format!("{octet:02X}")).collect()
    };
    let state = next(&[("manifest.json", &manifest(&hash)), ("s.json", &text)], None);
    assert!(state.trust.is_trusted(), "{}", state.faults);
    let state = next(&[("manifest.json", &manifest(&hash)), ("s.json", &format!("{text} "))], None);
    assert_eq!(state.trust.doubts(), [Doubt::Manifest]);
    assert!(state.faults.to_string().starts_with("s.json: its SHA-256 is "), "{}", state.faults);
}

#[test]
fn a_manifest_that_is_none_is_named_with_what_was_expected() {
    for (name, text, fault) in [
        ("manifest.json", "[", "not a manifest: "),
        ("manifest.yaml", "files: x", "not a manifest: "),
        ("manifest.json", r#"{"revision": 1}"#, "not a manifest: missing field `files`"),
        ("manifest.json", r#"{"files": [], "file": 1}"#, "not a manifest: unknown field `file`"),
        ("manifest.json", r#"{"files": [], "kind": "x"}"#, "kind: \"x\": expected aliasd#inventoryManifest"),
        ("manifest.json", r#"{"files": [], "createdAt": "noon"}"#, "createdAt: \"noon\": expected a time in UTC"),
        ("manifest.json", r#"{"files": [{"name": "s.json", "sha256": "0"}]}"#, "files[0].sha256: \"0\": expected 64"),
        (
            "manifest.json",
            r#"{"files": [{"name": "s.json"}, {"name": "s.json"}]}"#,
            "files[1].name: \"s.json\": stands twice",
        ),
    ] {
        let state = next(&[(name, text), ("s.json", &list(&[SUBNETWORK]))], None);
        assert_eq!(state.trust.doubts(), [Doubt::Manifest], "{text}");
        assert!(state.faults.to_string().starts_with(&format!("{name}: {fault}")), "{}", state.faults);
    }
    let both = [("manifest.json", "{}"), ("manifest.yml", ""), ("s.json", "[]")];
    let state = next(&both, None);
    assert!(
        state.faults.to_string().ends_with("manifest.json and manifest.yml; expected one manifest")
            || state.faults.to_string().ends_with("manifest.yml and manifest.json; expected one manifest")
    );
}

#[test]
fn a_manifest_that_is_required_or_was_there_must_be_there() {
    let files = [("s.json", &*list(&[SUBNETWORK]))];
    let required = Selection { manifest: ManifestUse::Required, ..Selection::default() };
    let state = next_of(&files, None, &required, noon());
    assert_eq!(state.trust.doubts(), [Doubt::Manifest]);
    let with = next(&[("manifest.yaml", "files:\n- name: s.json\n"), files[0]], None);
    assert!(with.trust.is_trusted(), "{}", with.faults);
    let state = next(&files, with.snapshot.as_ref());
    assert_eq!(state.faults.to_string(), "manifest.json: is gone; expected one, for there was one before");
    assert_eq!(state.trust.doubts(), [Doubt::MissingFile]);
    // And stays missing, though nothing else is wrong.
    assert_eq!(next(&files, state.snapshot.as_ref()).trust.doubts(), [Doubt::MissingFile]);
}

#[test]
fn a_revision_does_not_go_back() {
    let text = list(&[SUBNETWORK]);
    let manifest = |fields: &str| format!(r#"{{{fields} "files": [{{"name": "s.json"}}]}}"#);
    let of =
        |fields: &str, last: Option<&Snapshot>| next(&[("manifest.json", &manifest(fields)), ("s.json", &text)], last);
    let before = of(r#""revision": 7,"#, None).snapshot.unwrap();
    assert_eq!(before.provenance.manifest, Some(ManifestMark { revision: Some(7), created_at: None }));
    for (fields, shown) in [(r#""revision": 6,"#, "revision: \"6\""), ("", "revision")] {
        let state = of(fields, Some(&before));
        assert_eq!(state.trust.doubts(), [Doubt::Revision]);
        assert_eq!(
            state.faults.to_string(),
            format!("manifest.json: {shown}: expected at least 7, which was there before")
        );
        assert_eq!(state.snapshot.unwrap().provenance.manifest, before.provenance.manifest);
    }
    for fields in [r#""revision": 7,"#, r#""revision": 8,"#] {
        assert!(of(fields, Some(&before)).trust.is_trusted());
    }
}

#[test]
fn whatever_the_clock_does_nothing_is_withdrawn_for_its_sake() {
    let limited = Selection { max_age: Some(Duration::from_secs(3600)), ..Selection::default() };
    let text = list(&[SUBNETWORK]);
    let files = |count: usize| {
        (
            instances(count),
            r#"{"createdAt": "2026-11-25T12:00:00Z", "files":
        [{"name": "s.json"}, {"name": "i.json"}]}"#,
        )
    };
    let of = |count: usize, last: Option<&Snapshot>, now: SystemTime| {
        let (instances, manifest) = files(count);
        next_of(&[("manifest.json", manifest), ("s.json", &text), ("i.json", &instances)], last, &limited, now)
    };
    let before = of(4, None, noon()).snapshot.unwrap();
    assert_eq!(allocated(&before), 4);
    let hour = Duration::from_secs(3600);
    for (now, doubts) in [
        (noon() + hour, &[][..]),
        (noon() - Duration::from_secs(30), &[]),
        (noon() + hour + Duration::from_secs(1), &[Doubt::Age]),
        (noon() - hour, &[Doubt::Age]),
        (UNIX_EPOCH, &[Doubt::Age]),
        (noon() + hour * 24 * 365 * 100, &[Doubt::Age]),
    ] {
        let state = of(4, Some(&before), now);
        assert_eq!(state.trust.doubts(), doubts, "{}", state.faults);
        let fewer = of(3, Some(&before), now);
        assert_eq!(allocated(&fewer.snapshot.unwrap()), if doubts.is_empty() { 3 } else { 4 });
    }
    // Where an age is asked for, there must be one.
    let state = next_of(&[("s.json", &text), ("i.json", &instances(4))], None, &limited, noon());
    assert_eq!(state.trust.doubts(), [Doubt::Age]);
}
