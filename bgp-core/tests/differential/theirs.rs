//! bgpkit-parser's reading, in our words. It reads what collectors have recorded: it knows no session, keeps what it can
//! and warns of the rest, so that every warning counts as a fault here.

use std::net::IpAddr;
use std::panic::catch_unwind;

use bgp_core::types::Prefix;
use bgpkit_parser::models::{
    Afi, AsPath, AsPathSegment, AsnLength, AttrFlags, AttrType, Attribute, AttributeValue, BgpUpdateMessage, Community,
    NetworkPrefix, NextHopAddress, Nlri, Origin, Safi,
};
use bgpkit_parser::parser::bgp::messages::parse_bgp_update_message;
use bytes::Bytes;

use super::reading::{Attributes, How, Key, Outcome, Reading, hex};

pub fn read(body: &[u8], how: How) -> Outcome {
    let asn_len = if how.four_octet_asn { AsnLength::Bits32 } else { AsnLength::Bits16 };
    let body = Bytes::copy_from_slice(body);
    let Ok(read) = catch_unwind(|| parse_bgp_update_message(body, how.add_path, &asn_len)) else {
        return Outcome::Faulty("panicked".to_owned());
    };
    match read {
        Err(error) => Outcome::Faulty(error.to_string()),
        Ok(update) if update.attributes.has_validation_warnings() => {
            let warnings = update.attributes.validation_warnings().iter();
            Outcome::Faulty(warnings.map(ToString::to_string).collect::<Vec<_>>().join("; "))
        }
        Ok(update) => Outcome::Good(routes(&update, how)),
    }
}

fn routes(update: &BgpUpdateMessage, how: How) -> Reading {
    let mut reading = Reading::default();
    let shared = attributes(update, how);
    let mut reach = |prefixes: &[NetworkPrefix], next_hop: Option<String>| {
        let mut attributes = shared.clone();
        attributes.extend(next_hop.map(|next_hop| ("next hop".to_owned(), next_hop)));
        reading.reachable.extend(prefixes.iter().map(|prefix| (key(prefix), attributes.clone())));
    };
    reach(&update.announced_prefixes, update.attributes.next_hop().map(|address: IpAddr| address.to_string()));
    if let Some(nlri) = update.attributes.get_reachable_nlri().filter(|nlri| is_unicast(nlri)) {
        reach(&nlri.prefixes, nlri.next_hop.map(next_hop));
    }
    let unreachable = update.attributes.get_unreachable_nlri().filter(|nlri| is_unicast(nlri));
    let withdrawn = update.withdrawn_prefixes.iter().chain(unreachable.iter().flat_map(|nlri| &nlri.prefixes));
    reading.withdrawn.extend(withdrawn.map(key));
    reading
}

fn is_unicast(nlri: &Nlri) -> bool {
    matches!(nlri.afi, Afi::Ipv4 | Afi::Ipv6) && nlri.safi == Safi::Unicast
}

fn key(prefix: &NetworkPrefix) -> Key {
    (Prefix::from(prefix.prefix), prefix.path_id.unwrap_or(0))
}

fn next_hop(next_hop: NextHopAddress) -> String {
    match next_hop {
        NextHopAddress::Ipv4(address) => address.to_string(),
        NextHopAddress::Ipv6(global) => global.to_string(),
        NextHopAddress::Ipv6LinkLocal(global, link_local) if link_local.is_unicast_link_local() => {
            format!("{global} {link_local}")
        }
        // A second address that is not link-local is no next hop (RFC 2545 section 3).
        NextHopAddress::Ipv6LinkLocal(global, _) => global.to_string(),
        other => format!("{other:?}"),
    }
}

/// All but next hops and routes, with what an OLD speaker could not say put in its place (RFC 6793 section 4.2.3); of that
/// bgpkit-parser does the paths and leaves the rest to its user.
fn attributes(update: &BgpUpdateMessage, how: How) -> Attributes {
    let mut named = Attributes::new();
    let mut partial = Vec::new();
    for attribute in update.attributes.clone().into_attributes_iter() {
        named.extend(attribute_of(&attribute));
        let code = attribute.value.attr_code();
        if attribute.flag.contains(AttrFlags::PARTIAL) && KEEP_PARTIAL.contains(&code) {
            partial.push(code);
        }
    }
    if !partial.is_empty() {
        partial.sort_unstable();
        named.insert("partial".to_owned(), partial.iter().map(u8::to_string).collect::<Vec<_>>().join(" "));
    }
    let as4_aggregator = named.remove("as4 aggregator").filter(|_| !how.four_octet_asn);
    let aggregator = named.get("aggregator").cloned();
    let was_replaced = aggregator.as_ref().is_some_and(|aggregator| aggregator.starts_with("23456 "));
    let merges = !how.four_octet_asn && (as4_aggregator.is_none() || aggregator.is_none() || was_replaced);
    if let Some(as4_aggregator) = as4_aggregator.filter(|_| was_replaced) {
        named.insert("aggregator".to_owned(), as4_aggregator);
    }
    let path = if merges { update.attributes.effective_as_path() } else { update.attributes.as_path().cloned() };
    if let Some(path) = path {
        named.insert("as path".to_owned(), as_path(&path));
    }
    named
}

/// The optional transitive attributes that both take apart and pass on.
const KEEP_PARTIAL: [u8; 6] = [7, 8, 16, 25, 32, 35];

fn attribute_of(attribute: &Attribute) -> Option<(String, String)> {
    let (name, value) = match &attribute.value {
        AttributeValue::Origin(origin) => ("origin", origin_name(*origin).to_owned()),
        AttributeValue::MultiExitDiscriminator(med) => ("med", med.to_string()),
        AttributeValue::LocalPreference(preference) => ("local pref", preference.to_string()),
        AttributeValue::AtomicAggregate => ("atomic aggregate", String::new()),
        AttributeValue::Aggregator { asn, id } => ("aggregator", format!("{} {id}", asn.to_u32())),
        AttributeValue::As4Aggregator { asn, id } => ("as4 aggregator", format!("{} {id}", asn.to_u32())),
        AttributeValue::Communities(communities) => ("communities", sorted(communities.iter().map(community))),
        AttributeValue::ExtendedCommunities(_) => {
            ("extended communities", sorted(value_of(attribute).chunks(8).map(hex)))
        }
        AttributeValue::Ipv6AddressSpecificExtendedCommunities(_) => {
            ("ipv6 extended communities", sorted(value_of(attribute).chunks(20).map(hex)))
        }
        AttributeValue::LargeCommunities(communities) => (
            "large communities",
            // Compared as numbers, not as text.
            {
                let mut all: Vec<_> = communities.iter().map(|one| (one.global_admin, one.local_data)).collect();
                all.sort_unstable();
                all.dedup();
                let shown = all.iter().map(|(global, [one, two])| format!("{global}:{one}:{two}"));
                shown.collect::<Vec<_>>().join(" ")
            },
        ),
        AttributeValue::OriginatorId(identifier) => ("originator id", identifier.to_string()),
        AttributeValue::Clusters(clusters) => {
            ("cluster list", clusters.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
        }
        AttributeValue::OnlyToCustomer(asn) => ("only to customer", asn.to_u32().to_string()),
        AttributeValue::AsPath(_)
        | AttributeValue::As4Path(_)
        | AttributeValue::NextHop(_)
        | AttributeValue::MpReachNlri(_)
        | AttributeValue::MpUnreachNlri(_) => return None,
        // What we do not know goes on where it is transitive, and is dropped elsewhere (RFC 4271 section 5).
        _ if attribute.flag.contains(AttrFlags::OPTIONAL | AttrFlags::TRANSITIVE) => {
            return Some((format!("attribute {}", attribute.value.attr_code()), hex(&value_of(attribute))));
        }
        _ => return None,
    };
    Some((name.to_owned(), value))
}

/// The value as it is written.
fn value_of(attribute: &Attribute) -> Vec<u8> {
    let written = attribute.encode(AsnLength::Bits32).expect("what was read can be written");
    let header = if attribute.flag.contains(AttrFlags::EXTENDED) { 4 } else { 3 };
    written[header..].to_vec()
}

fn sorted(values: impl Iterator<Item = String>) -> String {
    let mut values: Vec<String> = values.collect();
    values.sort_unstable();
    values.dedup();
    values.join(" ")
}

fn community(community: &Community) -> String {
    let bits = match community {
        Community::NoExport => 0xFFFF_FF01,
        Community::NoAdvertise => 0xFFFF_FF02,
        Community::NoExportSubConfed => 0xFFFF_FF03,
        Community::Custom(asn, value) => asn.to_u32() << 16 | u32::from(*value),
    };
    format!("{bits:08x}")
}

fn origin_name(origin: Origin) -> &'static str {
    match origin {
        Origin::IGP => "IGP",
        Origin::EGP => "EGP",
        Origin::INCOMPLETE => "INCOMPLETE",
    }
}

fn as_path(path: &AsPath) -> String {
    let segment = |segment: &AsPathSegment| {
        let (open, asns, close) = match segment {
            AsPathSegment::AsSequence(asns) => ("", asns, ""),
            AsPathSegment::AsSet(asns) => ("{", asns, "}"),
            AsPathSegment::ConfedSequence(asns) => ("(", asns, ")"),
            AsPathSegment::ConfedSet(asns) => ("[", asns, "]"),
        };
        let asns: Vec<String> = asns.iter().map(|asn| asn.to_u32().to_string()).collect();
        format!("{open}{}{close}", asns.join(" "))
    };
    path.segments.iter().map(segment).collect::<Vec<_>>().join(" ")
}

/// Whether bgpkit-parser knows what an attribute of that code holds.
pub fn takes_apart(code: u8) -> bool {
    !matches!(AttrType::from(code), AttrType::Unknown(_))
}
