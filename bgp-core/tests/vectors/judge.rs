//! What a speaker did, against what the vector expects.

use std::collections::BTreeMap;

use bgp_core::attribute::PathAttributes;
use bgp_core::nlri::Nlri;
use bgp_core::types::NextHop;

use super::speaker::{Doings, notification};
use super::vector::Vector;

/// # Panics
/// When it did something else.
pub fn judge(vector: &Vector, doings: &Doings) {
    let name = &vector.name;
    let sent: Vec<String> = doings.notifications.iter().map(|octets| code(octets)).collect();
    let expected: Vec<String> = vector.expected.notification.iter().cloned().collect();
    assert_eq!(sent, expected, "{name}: NOTIFICATION; it took {:?}", doings.updates);
    assert_eq!(doings.closed, !expected.is_empty(), "{name}: closed");
    if let Some(data) = &vector.expected_data {
        let found = doings.notifications.first().map(|octets| notification(octets).data.to_vec());
        assert_eq!(found.as_ref(), Some(data), "{name}: data of the NOTIFICATION");
    }
    judge_routes(vector, doings);
    assert_eq!(doings.refreshes, Vec::from_iter(vector.expected.refresh.clone()), "{name}: refreshes");
    if let Some(wanted) = &vector.expected.negotiated {
        let found = negotiated(doings);
        for (what, value) in wanted {
            assert_eq!(found.get(what), Some(value), "{name}: {what} in {found:?}");
        }
    }
}

fn judge_routes(vector: &Vector, doings: &Doings) {
    let (name, expected) = (&vector.name, &vector.expected);
    let groups = || doings.updates.iter().flat_map(|update| &update.reachable);
    let announced: Vec<String> = groups()
        .flat_map(|group| group.nlri.iter().map(|nlri| format!("{} via {}", route(nlri), hop(&group.attributes))))
        .collect();
    assert_eq!(announced, expected.announced, "{name}: announced");
    let withdrawn: Vec<String> = doings.updates.iter().flat_map(|update| &update.withdrawn).map(route).collect();
    assert_eq!(withdrawn, expected.withdrawn, "{name}: withdrawn");
    let faults = doings.updates.iter().flat_map(|update| &update.faults);
    let faults: Vec<String> = faults.map(|fault| format!("{} {}", fault.code, fault.disposition)).collect();
    assert_eq!(faults, expected.faults, "{name}: faults");
    let ends = doings.updates.iter().filter_map(|update| update.end_of_rib);
    let ends: Vec<String> = ends.map(|family| family.to_string()).collect();
    assert_eq!(ends, Vec::from_iter(expected.end_of_rib.clone()), "{name}: End-of-RIB");
    let mut wanted = BTreeMap::from([("origin", "IGP"), ("as_path", "65001")].map(owned));
    wanted.extend(expected.attributes.clone());
    wanted.retain(|_, value| value != "absent");
    wanted.values_mut().for_each(|value| *value = repeated(value));
    for group in groups() {
        assert_eq!(shown(&group.attributes), wanted, "{name}: attributes");
    }
}

fn owned((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// A word of a value may be repeated, as in `65001*255`.
fn repeated(value: &str) -> String {
    let word = |word: &str| match word.split_once('*') {
        Some((what, times)) => vec![what.to_owned(); times.parse().unwrap()],
        None => vec![word.to_owned()],
    };
    value.split(' ').flat_map(word).collect::<Vec<_>>().join(" ")
}

fn code(octets: &[u8]) -> String {
    let code = notification(octets).code;
    format!("{}/{}", code.code(), code.subcode())
}

fn route(nlri: &Nlri) -> String {
    match nlri.path_id {
        0 => nlri.prefix.to_string(),
        id => format!("{}#{id}", nlri.prefix),
    }
}

fn hop(attributes: &PathAttributes) -> String {
    match attributes.next_hop {
        Some(NextHop::V6 { global, link_local: Some(link_local) }) => format!("{global} {link_local}"),
        Some(hop) => hop.to_string(),
        None => "nothing".to_owned(),
    }
}

/// Every attribute that is there but the next hop, which is shown with the routes.
fn shown(attributes: &PathAttributes) -> BTreeMap<String, String> {
    let list = |items: Vec<String>| (!items.is_empty()).then(|| items.join(" "));
    let hexadecimal = |octets: &[u8]| octets.iter().map(|octet| format!("{octet:02x}")).collect::<String>();
    let unknown = |code: u8, value: &[u8]| match value.len() {
        0..=32 => format!("{code}:{}", hexadecimal(value)),
        many => format!("{code}:{many}-octets"),
    };
    let all = [
        ("origin", Some(attributes.origin.to_string())),
        ("as_path", Some(attributes.as_path.to_string()).filter(|path| !path.is_empty())),
        ("med", attributes.multi_exit_disc.map(|metric| metric.to_string())),
        ("local_pref", attributes.local_pref.map(|preference| preference.to_string())),
        ("atomic_aggregate", attributes.atomic_aggregate.then(|| "present".to_owned())),
        ("aggregator", attributes.aggregator.map(|found| format!("{} {}", found.asn, found.address))),
        ("communities", list(attributes.communities.iter().map(ToString::to_string).collect())),
        ("extended_communities", list(attributes.extended_communities.iter().map(ToString::to_string).collect())),
        (
            "ipv6_extended_communities",
            list(attributes.ipv6_extended_communities.iter().map(ToString::to_string).collect()),
        ),
        ("large_communities", list(attributes.large_communities.iter().map(ToString::to_string).collect())),
        ("originator_id", attributes.originator_id.map(|identifier| identifier.to_string())),
        ("cluster_list", list(attributes.cluster_list.iter().map(ToString::to_string).collect())),
        ("only_to_customer", attributes.only_to_customer.map(|asn| asn.to_string())),
        ("partial", list(attributes.partial.codes().map(|code| code.to_string()).collect())),
        ("unknown", list(attributes.unknown.iter().map(|found| unknown(found.code, &found.value)).collect())),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

fn negotiated(doings: &Doings) -> BTreeMap<String, String> {
    let Some(agreed) = &doings.negotiated else { return BTreeMap::new() };
    let families: Vec<String> = agreed.families.iter().map(|family| family.to_string()).collect();
    let all = [
        ("peer_asn", agreed.peer_asn.to_string()),
        ("peer_identifier", agreed.peer_identifier.to_string()),
        ("hold_time", agreed.hold_time.as_secs().to_string()),
        ("families", families.join(" ")),
        ("as4", agreed.decode.four_octet_asn.to_string()),
        ("route_refresh", agreed.route_refresh.to_string()),
        (
            "capabilities",
            agreed.peer_capabilities.iter().map(|one| one.code().to_string()).collect::<Vec<_>>().join(" "),
        ),
    ];
    all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
