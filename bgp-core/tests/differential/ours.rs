//! bgp-core's reading. The peer is internal, so that no rule about who may send what comes between.

use bgp_core::attribute::{DecodeContext, PathAttributes};
use bgp_core::message::Update;
use bgp_core::nlri::Nlri;
use bgp_core::types::{AddressFamily, FamilySet, NextHop, PeerKind};

use super::reading::{Attributes, How, Key, Outcome, Reading, hex};

pub fn read(body: &[u8], how: How) -> Outcome {
    let context = DecodeContext {
        peer_kind: PeerKind::Internal,
        four_octet_asn: how.four_octet_asn,
        add_path: if how.add_path { FamilySet::from_iter(AddressFamily::ALL) } else { FamilySet::EMPTY },
        accept_as_set: true,
        extended_next_hop: true,
        ..DecodeContext::default()
    };
    let update = match Update::decode(body, &context) {
        Err(error) => return Outcome::Faulty(error.to_string()),
        Ok(update) => update,
    };
    if !update.faults.is_empty() {
        return Outcome::Faulty(update.faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "));
    }
    let mut reading = Reading::default();
    reading.withdrawn.extend(update.withdrawn.iter().map(key));
    for group in &update.reachable {
        let attributes = attributes(&group.attributes);
        reading.reachable.extend(group.nlri.iter().map(|nlri| (key(nlri), attributes.clone())));
    }
    Outcome::Good(reading)
}

fn key(nlri: &Nlri) -> Key {
    (nlri.prefix, nlri.path_id)
}

fn attributes(attributes: &PathAttributes) -> Attributes {
    let mut named = Attributes::new();
    let mut put = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            named.insert(name.to_owned(), value);
        }
    };
    put("origin", Some(attributes.origin.to_string()));
    put("as path", Some(attributes.as_path.to_string()));
    let next_hop = attributes.next_hop.map(|next_hop| match next_hop {
        NextHop::V4(address) => address.to_string(),
        NextHop::V6 { global, link_local: None } => global.to_string(),
        NextHop::V6 { global, link_local: Some(link_local) } => format!("{global} {link_local}"),
    });
    put("next hop", next_hop);
    put("med", attributes.multi_exit_disc.map(|med| med.to_string()));
    put("local pref", attributes.local_pref.map(|preference| preference.to_string()));
    put("atomic aggregate", attributes.atomic_aggregate.then(String::new));
    put("aggregator", attributes.aggregator.map(|aggregator| format!("{} {}", aggregator.asn, aggregator.address)));
    put("communities", list(attributes.communities.iter().map(|community| format!("{:08x}", community.0))));
    put("extended communities", list(attributes.extended_communities.iter().map(|community| hex(&community.0))));
    let ipv6_extended = attributes.ipv6_extended_communities.iter().map(|community| hex(&community.0));
    put("ipv6 extended communities", list(ipv6_extended));
    put("large communities", list(attributes.large_communities.iter().map(ToString::to_string)));
    put("originator id", attributes.originator_id.map(|identifier| identifier.to_string()));
    put("cluster list", list(attributes.cluster_list.iter().map(ToString::to_string)));
    put("only to customer", attributes.only_to_customer.map(|asn| asn.to_string()));
    put("partial", list(attributes.partial.codes().map(|code| code.to_string())));
    for unknown in &attributes.unknown {
        put(&format!("attribute {}", unknown.code), Some(hex(&unknown.value)));
    }
    named
}

fn list(values: impl Iterator<Item = String>) -> Option<String> {
    let values: Vec<String> = values.collect();
    (!values.is_empty()).then(|| values.join(" "))
}
