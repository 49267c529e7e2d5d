//! Doubt adds and never removes: about a whole state, and about one object.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;

use super::watching::{Watched, allocations, config, nodes};
use super::*;
use crate::inventory::read::{Cache, Look, Question, State, look};
use crate::inventory::{Doubt, Trust};

/// What the files are after `last`, of the same place.
fn next(files: &[(&str, &str)], last: Option<&Snapshot>) -> State {
    next_of(files, last, &Selection::default())
}

fn next_of(files: &[(&str, &str)], last: Option<&Snapshot>, selection: &Selection) -> State {
    let folder = directory(files);
    let question = Question {
        path: folder.path(),
        selection,
        last,
        same_place: last,
        now: SystemTime::now(),
        clock: &|| Duration::ZERO,
    };
    match look(&question, &mut Cache::default(), |_| false) {
        Look::Read(state) => *state,
        other => panic!("{other:?}"),
    }
}

fn snapshot_of(files: &[(&str, &str)]) -> Snapshot {
    read_all(files).unwrap()
}

/// Everything allocated, as text.
fn held(snapshot: &Snapshot) -> BTreeSet<String> {
    let allocations = snapshot.ranges.iter().flat_map(|range| range.allocations.keys());
    allocations.map(|allocation| format!("{} {}", allocation.prefix, allocation.owner)).collect()
}

fn prefixes(snapshot: &Snapshot) -> BTreeSet<String> {
    held(snapshot).iter().filter_map(|text| Some(text.split_once(' ')?.0.to_owned())).collect()
}

fn set(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn doubts(state: &State) -> &[Doubt] {
    state.trust.doubts()
}

/// A bundle with these instances and more fields at its top.
fn bundle(instances: &[&str], more: &str) -> String {
    format!(r#"{{"subnetworks": [{SUBNETWORK}], "instances": [{}]{more}}}"#, instances.join(","))
}

#[test]
fn an_answer_that_is_not_whole_adds_and_removes_nothing() {
    let (a, b, c) = (
        node("a", "10.0.0.2", &["10.4.0.0/24"]),
        node("b", "10.0.0.3", &["10.4.1.0/24"]),
        node("c", "10.0.0.4", &["10.4.2.0/24"]),
    );
    let before = snapshot_of(&[("all.json", &bundle(&[&a, &b], ""))]);
    let cut = bundle(&[&a, &c, &b], "");
    let cut = cut.trim_end_matches("]}");
    for (text, doubt) in [
        (bundle(&[&a, &c], r#", "nextPageToken": "x""#), Doubt::MorePages),
        (bundle(&[&a, &c], r#", "unreachables": ["projects/p/zones/z"]"#), Doubt::Partial),
        (bundle(&[&a, &c], r#", "warning": {"code": "PARTIAL_SUCCESS"}"#), Doubt::Partial),
        (bundle(&[&a, &c], r#", "warning": {"code": "LIST_OVERHEAD_QUOTA_EXCEED"}"#), Doubt::Partial),
        (cut.to_owned(), Doubt::Unreadable),
        (bundle(&[&a, &c, r#"{"kind": "compute#instance"}"#], ""), Doubt::Unreadable),
    ] {
        let state = next(&[("all.json", &text)], Some(&before));
        assert_eq!(doubts(&state), [doubt], "{text}");
        let after = state.snapshot.unwrap();
        assert_eq!(after.trust, Trust::Untrusted(vec![doubt]));
        assert_eq!(
            prefixes(&after),
            set(&["10.0.0.2/32", "10.0.0.3/32", "10.0.0.4/32", "10.4.0.0/24", "10.4.1.0/24", "10.4.2.0/24"]),
            "{text}"
        );
        // What it added stays until a trusted state lacks it.
        let still = next(&[("all.json", "[")], Some(&after)).snapshot.unwrap();
        assert_eq!(held(&still), held(&after));
        let whole = next(&[("all.json", &bundle(&[&a], ""))], Some(&after)).snapshot.unwrap();
        assert_eq!(prefixes(&whole), set(&["10.0.0.2/32", "10.4.0.0/24"]));
    }
}

#[test]
fn in_a_state_that_is_not_trusted_nothing_takes_what_another_keeps() {
    let before = snapshot_of(&[("all.json", &bundle(&[&node("a", "10.0.0.2", &["10.4.0.0/24"])], ""))]);
    let handed_on = bundle(&[&node("b", "10.0.0.3", &["10.4.0.0/25", "10.4.9.0/24"])], r#", "nextPageToken": "x""#);
    let state = next(&[("all.json", &handed_on)], Some(&before));
    assert_eq!((state.quarantined, state.faults.total), (0, 1), "it may have been handed on");
    assert_eq!(prefixes(&state.snapshot.unwrap()), set(&["10.0.0.2/32", "10.0.0.3/32", "10.4.0.0/24", "10.4.9.0/24"]));
}

#[test]
fn an_object_at_fault_keeps_what_it_had_and_others_go_on() {
    let before = snapshot_of(&[(
        "all.json",
        &bundle(
            &[
                &node("a", "10.0.0.2", &["10.4.0.0/24"]),
                &node("b", "10.0.0.3", &["10.4.1.0/24"]),
                &node("c", "10.0.0.4", &["10.4.2.0/24"]),
            ],
            "",
        ),
    )]);
    let c = node("c", "10.0.0.4", &["10.4.7.0/24"]);
    let b = |aliases: &[&str]| node("b", "10.0.0.3", aliases);
    let no_alias = instance("b", r#""networkIP": "10.0.0.300""#);
    for (b, named) in [
        (b(&["10.200.0.0/24"]), "10.200.0.0/24"),
        (b(&["10.4.1.0/33"]), "10.4.1.0/33"),
        (b(&["10.4.7.0/25"]), "overlaps 10.4.7.0/24"),
        (no_alias, "10.0.0.300"),
        (
            r#"{"kind": "compute#instance", "selfLink": "projects/p/zones/z/instances/b"}"#.to_owned(),
            "networkInterfaces",
        ),
        (format!("{}, {}", b(&[]), b(&["10.4.1.0/24"])), "stands twice"),
    ] {
        // a is gone, c has something else.
        let state = next(&[("all.json", &bundle(&[&c, &b], ""))], Some(&before));
        let faults = state.faults.to_string();
        assert!(state.trust.is_trusted(), "{faults}");
        assert_eq!(state.quarantined, 1, "{faults}");
        assert!(faults.contains("instances/b") && faults.contains(named), "{faults}");
        let after = state.snapshot.unwrap();
        assert_eq!(prefixes(&after), set(&["10.0.0.3/32", "10.0.0.4/32", "10.4.1.0/24", "10.4.7.0/24"]), "{faults}");
    }
}

#[test]
fn a_clone_of_an_instance_does_not_get_what_the_first_one_has() {
    let a = node("a", "10.0.0.2", &["10.4.0.0/24"]);
    let before = snapshot_of(&[("all.json", &bundle(&[&a], ""))]);
    // Its name comes first, so that order alone would favour it.
    let clone = node("A", "10.0.0.2", &["10.4.0.0/24"]);
    let state = next(&[("all.json", &bundle(&[&clone, &a], ""))], Some(&before));
    assert_eq!((state.trust.clone(), state.quarantined), (Trust::Trusted, 1));
    assert!(state.faults.to_string().contains("instance projects/p/zones/z/instances/A: "), "{}", state.faults);
    assert_eq!(held(&state.snapshot.unwrap()), held(&before));
    // With nothing before it the first in order has it, so that its route is there.
    let state = next(&[("all.json", &bundle(&[&clone, &a], ""))], None);
    assert_eq!(prefixes(&state.snapshot.unwrap()), prefixes(&before));
}

#[test]
fn quarantine_spreads_to_what_claims_what_an_object_in_it_keeps() {
    let nodes = |shift: usize, first: &str| {
        let node = |n: usize| node(&format!("n{n}"), &format!("10.0.0.{n}"), &[&format!("10.4.{}.0/24", n + shift)]);
        let nodes: Vec<String> = (2..7).map(node).collect();
        let nodes: Vec<&str> = [first].into_iter().chain(nodes.iter().skip(1).map(String::as_str)).collect();
        bundle(&nodes, "")
    };
    let first = node("n2", "10.0.0.2", &["10.4.2.0/24"]);
    let before = snapshot_of(&[("all.json", &nodes(0, &first))]);
    // Each takes the range of the next, and the last of them is at fault.
    let broken = node("n2", "10.0.0.2", &["10.4.3.0/33"]);
    let state = next(&[("all.json", &nodes(1, &broken))], Some(&before));
    assert!(state.trust.is_trusted(), "{}", state.faults);
    assert_eq!(state.quarantined, 1, "nobody claims what it keeps");
    let back = |n: usize| node(&format!("n{n}"), &format!("10.0.0.{n}"), &[&format!("10.4.{}.0/24", n - 1)]);
    let all: Vec<String> = [broken].into_iter().chain((3..7).map(back)).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let state = next(&[("all.json", &bundle(&all, ""))], Some(&before));
    assert_eq!(state.quarantined, 5, "{}", state.faults);
    assert!(state.faults.to_string().contains("had and keeps"), "{}", state.faults);
    assert_eq!(held(&state.snapshot.unwrap()), held(&before));
}

#[test]
fn without_its_range_the_state_is_not_trusted() {
    let before = snapshot_of(&[("all.json", &bundle(&[&node("a", "10.0.0.2", &["10.7.0.0/24"])], ""))]);
    let narrower = SUBNETWORK.replace("10.4.0.0/14", "10.4.0.0/16");
    let state = next(&[("all.json", &list(&[&narrower, &node("a", "10.0.0.2", &["10.7.0.0/24"])]))], Some(&before));
    assert_eq!(doubts(&state), [Doubt::Subnetwork], "{}", state.faults);
    let after = state.snapshot.unwrap();
    assert_eq!(shown(&after), shown(&before));
    // Where nothing lies in what is gone, the range may shrink.
    let state = next(&[("all.json", &list(&[&narrower, &node("a", "10.0.0.2", &["10.4.0.0/24"])]))], Some(&before));
    assert!(state.trust.is_trusted(), "{}", state.faults);
    assert_eq!(state.snapshot.unwrap().ranges[1].prefix.to_string(), "10.4.0.0/16");
}

#[test]
fn a_subnetwork_at_fault_costs_nothing_that_was_there() {
    let node = node("a", "10.0.0.2", &["10.4.0.0/24"]);
    let before = snapshot_of(&[("all.json", &list(&[SUBNETWORK, &node]))]);
    for broken in
        [SUBNETWORK.replace("10.4.0.0/14", "10.4.0.0/40"), SUBNETWORK.replace("10.0.0.0/20", "169.254.0.0/20")]
    {
        let state = next(&[("all.json", &list(&[&broken, &node]))], Some(&before));
        assert_eq!(doubts(&state), [Doubt::Subnetwork], "{}", state.faults);
        assert_eq!(shown(&state.snapshot.unwrap()), shown(&before));
    }
    // A range may grow, and a new one may come, in a state that is not trusted too.
    let grown = SUBNETWORK.replace("10.0.0.0/20", "10.0.0.0/19");
    let other = r#"{"kind": "compute#subnetwork", "selfLink": "projects/p/regions/r/subnetworks/t",
        "network": "projects/p/global/networks/n", "ipCidrRange": "10.9.0.0/20"}"#;
    let state = next(&[("all.json", &list(&[&grown, other, &node, "5"]))], Some(&before));
    assert_eq!(doubts(&state), [Doubt::Unreadable], "{}", state.faults);
    let ranges: Vec<String> = state.snapshot.unwrap().ranges.iter().map(|range| range.prefix.to_string()).collect();
    assert_eq!(ranges, ["10.0.0.0/19", "10.4.0.0/14", "10.9.0.0/20"]);
}

/// The instances of a zone, `count` of them.
fn zone(name: &str, count: usize) -> Vec<String> {
    let third = u32::from(name.as_bytes()[0]);
    let instance = |number: usize| {
        node(&format!("{name}{number}"), &format!("10.0.1.{}", third as usize + number), &[])
            .replace("zones/z/", &format!("zones/{name}/"))
    };
    (0..count).map(instance).collect()
}

fn zones(zones: &[(&str, usize)], more: &str) -> String {
    let all: Vec<String> = zones.iter().flat_map(|(name, count)| zone(name, *count)).collect();
    bundle(&all.iter().map(String::as_str).collect::<Vec<_>>(), more)
}

#[test]
fn a_zone_does_not_lose_all_at_once_without_a_sign() {
    let before = snapshot_of(&[("all.json", &zones(&[("a", 3), ("m", 3)], ""))]);
    let state = next(&[("all.json", &zones(&[("a", 2)], ""))], Some(&before));
    assert_eq!(doubts(&state), [Doubt::Vanished], "{}", state.faults);
    assert!(state.faults.to_string().starts_with("projects/p/zones/m/instances: all 3 are gone at once; "));
    assert_eq!(held(&state.snapshot.unwrap()), held(&before));
    // A page that names the zone is a sign, as is an operator who says which scopes there must be.
    let page = r#", "items": {"zones/m": {"warning": {"code": "NO_RESULTS_ON_PAGE"}}}"#;
    assert!(next(&[("all.json", &zones(&[("a", 2)], page))], Some(&before)).trust.is_trusted());
    let scopes = Selection { scopes: vec!["a".to_owned(), "projects/p/regions/r".to_owned()], ..Selection::default() };
    assert!(next_of(&[("all.json", &zones(&[("a", 2)], ""))], Some(&before), &scopes).trust.is_trusted());
    let state = next_of(&[("all.json", &zones(&[("m", 2)], ""))], Some(&before), &scopes);
    assert_eq!(doubts(&state), [Doubt::MissingScope], "{}", state.faults);
    assert!(state.faults.to_string().starts_with("scope a: nothing of it is there; "), "{}", state.faults);
    assert_eq!(held(&state.snapshot.unwrap()), held(&before));
    // A zone of few may become empty: that is how a pool of nodes shrinks.
    let few = snapshot_of(&[("all.json", &zones(&[("a", 3), ("m", 2)], ""))]);
    assert!(next(&[("all.json", &zones(&[("a", 3)], ""))], Some(&few)).trust.is_trusted());
}

#[test]
fn a_kind_does_not_lose_all_at_once_without_a_sign() {
    let before = snapshot_of(&[("all.json", &zones(&[("a", 1)], ""))]);
    let state = next(&[("all.json", &zones(&[], ""))], Some(&before));
    assert_eq!(doubts(&state), [Doubt::Empty], "{}", state.faults);
    assert_eq!(held(&state.snapshot.unwrap()), held(&before));
    let allowed = Selection { allow_empty: true, ..Selection::default() };
    let state = next_of(&[("all.json", &zones(&[], ""))], Some(&before), &allowed);
    assert!(state.trust.is_trusted() && held(&state.snapshot.unwrap()).is_empty());
    // All of them moved to another zone: they are not gone.
    assert!(next(&[("all.json", &zones(&[("m", 1)], ""))], Some(&before)).trust.is_trusted());
}

#[test]
fn a_network_name_of_two_projects_adds_nothing() {
    let node = node("a", "10.0.0.2", &[]);
    let before = read_files(&[("all.json", &list(&[SUBNETWORK, &node]))], &network("n")).unwrap();
    let foreign = SUBNETWORK.replace("projects/p/", "projects/q/").replace("10.0", "10.64").replace("10.4", "10.68");
    let state = next_of(&[("all.json", &list(&[SUBNETWORK, &foreign, &node]))], Some(&before), &network("n"));
    assert_eq!(doubts(&state), [Doubt::Network], "{}", state.faults);
    assert!(state.snapshot.is_none());
}

#[tokio::test]
async fn the_status_says_what_is_in_doubt_and_what_is_in_quarantine() {
    let watched = Watched::new(&[("all.json", &nodes(3))]).await;
    watched.put("all.json", &nodes(3).replace("10.4.1.0/24", "10.8.1.0/24"));
    let status = watched.look().await;
    assert_eq!((status.trust.clone(), status.quarantined, allocations(&status)), (Trust::Trusted, 1, 6));
    let revision = |status: &crate::inventory::InventoryStatus| status.snapshot.as_ref().unwrap().revision;
    watched.put("all.json", &format!("{},5]", nodes(4).trim_end_matches(']')));
    let status = watched.look().await;
    assert_eq!((status.trust.doubts(), status.quarantined, allocations(&status)), (&[Doubt::Unreadable][..], 0, 8));
    let grown = revision(&status);
    assert!(!status.snapshot.as_ref().unwrap().trust.is_trusted());
    // A state that is not trusted and adds nothing leaves the snapshot as it is.
    watched.put("all.json", "5");
    let status = watched.look().await;
    assert_eq!((allocations(&status), revision(&status)), (8, grown));
    watched.put("all.json", &nodes(4));
    let status = watched.look().await;
    assert_eq!((allocations(&status), revision(&status)), (8, grown + 1));
    assert!(status.snapshot.as_ref().unwrap().trust.is_trusted());
}

#[tokio::test]
async fn what_was_there_before_a_restart_stays_until_a_trusted_state_lacks_it() {
    let first = Watched::new(&[("all.json", &nodes(3))]).await;
    let before = first.look().await.snapshot.clone().unwrap();
    std::fs::write(first.at("all.json"), "[{").unwrap();
    let stop = tokio_util::sync::CancellationToken::new();
    let again = crate::inventory::watch(config(&first.at("")), Some(before.clone()), stop.clone());
    let status = again.control.look_now().await.unwrap();
    assert!(std::sync::Arc::ptr_eq(status.snapshot.as_ref().unwrap(), &before));
    assert_eq!(status.trust.doubts(), [Doubt::Unreadable]);
    first.put("all.json", &nodes(2));
    let status = again.control.look_now().await.unwrap();
    assert_eq!((allocations(&status), status.snapshot.as_ref().unwrap().revision), (4, before.revision + 1));
    stop.cancel();
}

/// A state in few addresses: instances with alias ranges that often collide, some of them at fault.
fn state() -> impl Strategy<Value = String> {
    let alias = prop_oneof![
        8 => (0_u8..8, 27_u8..=29).prop_map(|(block, len)| format!("10.4.0.{}/{len}", block * 32)),
        1 => Just("10.99.0.0/24".to_owned()),
        1 => Just("10.4.0.1/24".to_owned()),
    ];
    let aliases = prop::collection::vec(alias, 0..3);
    let instance = (0_u8..6, 2_u8..9, aliases).prop_map(|(name, address, aliases)| {
        let aliases: Vec<&str> = aliases.iter().map(String::as_str).collect();
        node(&format!("n{name}"), &format!("10.0.0.{address}"), &aliases)
    });
    let end = prop_oneof![4 => Just(""), 1 => Just(r#", "nextPageToken": "x""#)];
    (prop::collection::vec(instance, 0..6), end, 0_u8..10).prop_map(|(instances, end, cut)| {
        let text = bundle(&instances.iter().map(String::as_str).collect::<Vec<_>>(), end);
        if cut == 0 { text.split_at(text.len() - 30).0.to_owned() } else { text }
    })
}

fn holds_what_the_rest_relies_on(snapshot: &Snapshot) {
    for pair in snapshot.ranges.windows(2) {
        assert!(pair[0].prefix < pair[1].prefix && !pair[0].prefix.overlaps(&pair[1].prefix));
    }
    for range in &snapshot.ranges {
        let allocations: Vec<_> = range.allocations.keys().collect();
        assert!(allocations.iter().all(|allocation| range.prefix.covers(&allocation.prefix)));
        for pair in allocations.windows(2) {
            assert!(!pair[0].prefix.overlaps(&pair[1].prefix), "{pair:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_follows_whatever_only_what_is_proven_gone_goes(states in prop::collection::vec(state(), 1..6)) {
        let mut last: Option<Snapshot> = None;
        for text in states {
            let State { trust, faults, quarantined, snapshot, .. } = next(&[("all.json", &text)], last.as_ref());
            let Some(now) = snapshot else { continue };
            holds_what_the_rest_relies_on(&now);
            if let Some(last) = &last {
                let (before, after) = (held(last), held(&now));
                let lost: Vec<&String> = before.difference(&after).collect();
                if !trust.is_trusted() {
                    prop_assert!(lost.is_empty(), "{:?} {}\n{}", lost, faults, text);
                }
                for fault in faults.shown.iter().filter(|_| trust.is_trusted()) {
                    let object = fault.object.clone().unwrap_or_default();
                    let name = object.rsplit('/').next().unwrap_or_default().to_owned();
                    let of_it = format!("instances/{name} ");
                    prop_assert!(!lost.iter().any(|lost| lost.contains(&of_it)), "{} lost {:?}\n{}", object, lost, faults);
                }
                if trust.is_trusted() && quarantined == 0 {
                    let alone = next(&[("all.json", &text)], None);
                    prop_assert_eq!(after, held(&alone.snapshot.unwrap()));
                }
            }
            last = Some(now);
        }
    }
}
