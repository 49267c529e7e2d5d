//! A report says exactly what peers then see, and why.

use std::collections::BTreeSet;
use std::sync::Arc;

use bgp_core::types::Prefix;
use proptest::prelude::*;

use super::super::report::{ChangeKind, Report, RouteChange, report};
use super::super::{Owners, originate};
use super::guard::{PEERS, World, nodes, pods, told};
use super::{config, prefix, snapshot, snapshots};

/// The next step of the world, as a report.
fn reported(world: &mut World) -> Report {
    let before = world.current.clone();
    let step = world.step(None);
    let owners = |prefix: &Prefix| Owners::of(prefix, &before.as_ref().unwrap().set.snapshot);
    report(before.as_ref(), &step, owners)
}

fn named<'a>(report: &'a Report, text: &str) -> &'a RouteChange {
    report.routes.iter().find(|route| route.prefix == text).unwrap_or_else(|| panic!("{text}: {report:?}"))
}

#[test]
fn says_who_came_and_who_went_and_for_whom() {
    let all = nodes(8);
    let mut world = World::new("", snapshot(pods(&all[..7])));
    world.snapshot = snapshot(pods(&all[1..]));
    let report = reported(&mut world);
    assert_eq!(report.routes.len(), 2);
    let (came, went) = (named(&report, &all[7]), named(&report, &all[0]));
    assert_eq!((came.change, went.change), (ChangeKind::Announce, ChangeKind::Withdraw));
    assert_eq!(came.announced_to, [Arc::from("dc1"), Arc::from("dc2")]);
    assert_eq!(went.withdrawn_from, came.announced_to);
    assert!(came.owners.shown[0].contains("10.4.0.56/30 alias range of instance"), "{came:?}");
    assert_eq!(came.reasons, ["made by advertise[0]"]);
    assert!(went.owners.shown[0].contains("10.4.0.0/30 alias range of instance"), "{went:?}");
    assert!(went.reasons[0].contains("no longer allocated in whole in pods 10.4.0.0/16"), "{went:?}");
    assert_eq!((report.gained.ipv4, report.lost.ipv4), (4, 4));
    assert!(report.peers.iter().all(|peer| (peer.announced, peer.withdrawn, peer.changed) == (1, 1, 0)));
}

#[test]
fn says_what_takes_the_place_of_what() {
    let mut world = World::new("", snapshot(pods(&["10.4.0.0/24".to_owned()])));
    world.snapshot = snapshot(pods(&["10.4.0.0/24".to_owned(), "10.4.1.0/24".to_owned()]));
    let report = reported(&mut world);
    assert_eq!(named(&report, "10.4.0.0/23").reasons[0], "takes the place of 10.4.0.0/24");
    assert_eq!(named(&report, "10.4.0.0/24").reasons[0], "gives way to 10.4.0.0/23");
    assert_eq!((report.gained.ipv4, report.lost.ipv4), (256, 0));
    assert!(report.peers.iter().all(|peer| (peer.gained.ipv4, peer.lost.ipv4) == (256, 0)));
}

#[test]
fn says_what_is_held_and_by_which_rule_a_range_goes() {
    let all = nodes(8);
    let mut world = World::new("", snapshot(pods(&all)));
    world.config = Arc::new(config(&PEERS.replace("range = \"*\"", "role = \"vm\"")));
    let report = reported(&mut world);
    assert_eq!(report.routes.len(), 8);
    for route in &report.routes {
        assert_eq!(route.change, ChangeKind::Held);
        assert!(route.reasons[0].contains("would be lost by dc1, dc2"), "{route:?}");
        assert!(route.reasons[1].contains("no [[advertise]] selects pods"), "{route:?}");
        assert!(route.withdrawn_from.is_empty());
    }
    assert_eq!(report.lost.ipv4, 0);
}

#[test]
fn says_which_attribute_changes_and_whose_own_does() {
    let all = nodes(2);
    let mut world = World::new("", snapshot(pods(&all)));
    let own = PEERS.replace("asn = 65002\n", "asn = 65002\nadvertised_route_priority = 7\n");
    world.config = Arc::new(config(&own));
    let report = reported(&mut world);
    assert_eq!(report.routes.len(), 2);
    assert_eq!(report.routes[0].changed_for, [Arc::from("dc2")]);
    assert_eq!(report.routes[0].reasons, ["peers are told by another export, MED or next hop"]);
    world.config = Arc::new(config(&own.replace("\"in-use\" }\n", "\"in-use\" }\ncommunities = [\"1:2\"]\n")));
    let report = reported(&mut world);
    assert_eq!(report.routes[0].changed_for.len(), 2);
    assert_eq!(report.routes[0].reasons, ["communities none -> 1:2"]);
}

#[test]
fn a_peer_that_comes_gets_everything_and_one_that_goes_loses_it() {
    let all = nodes(3);
    let mut world = World::new("", snapshot(pods(&all)));
    world.config = Arc::new(config(&PEERS.replace("name = \"dc2\"", "name = \"dc3\"")));
    let report = reported(&mut world);
    let of = |name: &str| report.peers.iter().find(|peer| &*peer.name == name).unwrap().clone();
    assert_eq!((of("dc3").announced, of("dc2").withdrawn, of("dc1").announced), (3, 3, 0));
}

proptest! {
    #[test]
    fn what_it_says_is_what_each_peer_then_sees(
        (space, first) in snapshots(), (other_space, next) in snapshots(),
        rules in prop::sample::select(vec![
            ("", ""), ("roles = [\"pod\"]", "roles = [\"svc\", \"other\"]"), ("roles = [\"*\"]", "roles = [\"pod\"]"),
            ("range = \"*\"", "range = \"pods-*\""), ("\"in-use\"", "\"subnet-ranges\""),
        ]),
        guard: bool,
    ) {
        prop_assume!(space == other_space);
        let guard = format!("[guard]\nenabled = {guard}\n");
        let mut world = World::new(&guard, first);
        let before = [told(&world, 0), told(&world, 1)];
        world.config = Arc::new(config(&format!("{}{guard}", PEERS.replace(rules.0, rules.1))));
        world.snapshot = next;
        let report = reported(&mut world);
        let after = [told(&world, 0), told(&world, 1)];
        for (index, name) in ["dc1", "dc2"].into_iter().enumerate() {
            let mut view = before[index].clone();
            for route in &report.routes {
                let named = |list: &[Arc<str>]| list.iter().any(|peer| &**peer == name);
                if named(&route.announced_to) {
                    prop_assert!(view.insert(prefix(&route.prefix)), "{route:?}");
                }
                if named(&route.withdrawn_from) {
                    prop_assert!(view.remove(&prefix(&route.prefix)), "{route:?}");
                }
            }
            prop_assert_eq!(&view, &after[index]);
            let totals = report.peers.iter().find(|peer| &*peer.name == name).unwrap();
            let (gained, lost): (Vec<_>, Vec<_>) = (after[index].difference(&before[index]).collect(), before[index].difference(&after[index]).collect());
            prop_assert_eq!((totals.announced, totals.withdrawn), (gained.len(), lost.len()));
            let covered = |set: &BTreeSet<Prefix>, host: &Prefix| set.iter().any(|prefix| prefix.covers(host));
            let hosts = super::hosts(space);
            let went = hosts.iter().filter(|host| covered(&before[index], host) && !covered(&after[index], host)).count();
            prop_assert_eq!(u128::from(totals.lost.ipv4) + totals.lost.ipv6, went as u128);
        }
        let target = originate(Arc::clone(&world.snapshot), &world.config);
        prop_assert!(report.originated_after >= target.originations.len());
    }
}
