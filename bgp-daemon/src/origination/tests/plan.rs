//! The difference of two sets: complete, and safe in the order in which it is applied.

use bgp_core::types::Prefix;
use proptest::prelude::*;

use super::super::{Origination, Originations, Plan, originate};
use super::{OTHER_RULES, RULES, config, hosts, range, snapshot, snapshots};

fn route(originations: &Originations) -> Vec<(Prefix, &Origination)> {
    originations.iter().map(|(prefix, origination)| (*prefix, origination)).collect()
}

#[test]
fn a_change_of_attributes_or_role_is_announced_again_and_nothing_else_is() {
    let rules = |med: u32, role: &str| {
        let role = format!("[[range_role]]\nrange = \"pods-b\"\nrole = {role:?}\n");
        let rule = |range: &str, med: u32| {
            format!("[[advertise]]\nrange = {range:?}\naggregation = {{ mode = \"in-use\" }}\nmed = {med}\n")
        };
        config(&format!("{role}{}{}{}", rule("pods-a", med), rule("pods-b", 1), rule("pods-c", 1)))
    };
    let ranges = vec![
        range("pods-a", "10.0.0.0/24", &["10.0.0.1/32"]),
        range("pods-b", "10.0.1.0/24", &["10.0.1.1/32"]),
        range("pods-c", "10.0.2.0/24", &["10.0.2.1/32"]),
    ];
    let old = originate(snapshot(ranges.clone()), &rules(1, "pod"));
    let new = originate(snapshot(ranges), &rules(2, "edge"));
    let plan = Plan::between(&old.originations, &new.originations);
    let routes: Vec<_> = plan
        .routes()
        .map(|(prefix, attributes, role, _)| format!("{prefix} {:?} {role}", attributes.multi_exit_disc))
        .collect();
    assert_eq!(routes, ["10.0.0.1/32 Some(2) pod", "10.0.1.1/32 Some(1) edge"]);
    assert!(plan.withdraw.is_empty());
}

#[test]
fn a_rule_that_moves_changes_no_route() {
    let rule = |role: &str| format!("[[advertise]]\nrole = {role:?}\naggregation = {{ mode = \"in-use\" }}\n");
    let snapshot = snapshot(vec![range("pods", "10.0.0.0/24", &["10.0.0.1/32"])]);
    let old = originate(snapshot.clone(), &config(&rule("pod")));
    let new = originate(snapshot, &config(&format!("{}{}", rule("vm"), rule("pod"))));
    assert_ne!(route(&old.originations), route(&new.originations));
    assert!(Plan::between(&old.originations, &new.originations).is_empty());
}

proptest! {
    #[test]
    fn applied_to_the_old_set_it_gives_the_new_and_never_uncovers_an_address(
        (space, old) in snapshots(), (_, new) in snapshots(), rules_change: bool
    ) {
        let old = originate(old, &config(RULES)).originations;
        let new = originate(new, &config(if rules_change { OTHER_RULES } else { RULES })).originations;
        let plan = Plan::between(&old, &new);
        prop_assert!(plan.announce.keys().is_sorted_by(|one, other| one < other));
        prop_assert!(plan.withdraw.is_sorted_by(|one, other| one < other));
        prop_assert!(plan.withdraw.iter().all(|prefix| old.contains_key(prefix)));

        let covered = |set: &Originations, host: &Prefix| set.keys().any(|prefix| prefix.covers(host));
        let mut kept = hosts(space);
        kept.retain(|host| covered(&old, host) && covered(&new, host));
        let mut table = old.clone();
        for (prefix, origination) in plan.announce.clone() {
            table.insert(prefix, origination);
            prop_assert!(kept.iter().all(|host| covered(&table, host)));
        }
        for prefix in &plan.withdraw {
            table.remove(prefix);
            prop_assert!(kept.iter().all(|host| covered(&table, host)));
        }
        prop_assert!(Plan::between(&table, &new).is_empty());
        prop_assert_eq!(table.keys().collect::<Vec<_>>(), new.keys().collect::<Vec<_>>());
    }

    #[test]
    fn nothing_changes_between_equals((_, one) in snapshots()) {
        let set = originate(one, &config(RULES));
        prop_assert!(Plan::between(&set.originations, &set.originations).is_empty());
        prop_assert_eq!(Plan::from_nothing(&set.originations).announce.len(), set.originations.len());
    }
}
