//! An UPDATE in the answer's form: what it says, and beside it what a speaker makes of it (RFC 7606).

use std::net::{IpAddr, Ipv4Addr};

use bgp_core::attribute::spec::{self, PARTIAL};
use bgp_core::attribute::walk::{RawAttribute, Walk};
use bgp_core::attribute::{self, AttributeFault, AttributeValue, Carried, DecodeContext};
use bgp_core::message::{self, MessageError, UpdateSections};
use bgp_core::nlri::{Nlri, codec};
use bgp_core::types::{self, AddressFamily, NextHop};

use super::shape::{
    Aggregator, AsPath, Attributes, ExtendedCommunity, Fault, Hex, MpReach, MpUnreach, Outcome, Raw, Reachable, Route,
    Segment, Update,
};

/// Reads what follows the header. The error is what ends the session; what could be read is there all the same.
pub(super) fn update(body: &[u8], context: &DecodeContext) -> (Update, Option<MessageError>) {
    let mut shown = UpdateSections::split(body).map_or_else(|_| Update::default(), |sections| said(sections, context));
    match message::Update::decode(body, context) {
        Ok(update) => {
            shown.faults = update.faults.iter().map(fault).collect();
            shown.end_of_rib = update.end_of_rib.map(|family| family.to_string());
            let merged = !context.four_octet_asn
                && (shown.attributes.as4_path.is_some() || shown.attributes.as4_aggregator.is_some());
            if merged || !shown.faults.is_empty() {
                shown.result = Some(outcome(&update, context));
            }
            (shown, None)
        }
        Err(error) => {
            if let MessageError::MalformedUpdate { faults, .. } = &error {
                shown.faults = faults.iter().map(fault).collect();
            }
            (shown, Some(error))
        }
    }
}

/// Whether every octet of it stands in the answer.
pub(super) fn is_whole(update: &Update) -> bool {
    update.attributes.malformed.is_empty() && update.faults.iter().all(|fault| fault.code.is_some())
}

fn said(sections: UpdateSections<'_>, context: &DecodeContext) -> Update {
    let family = AddressFamily::Ipv4Unicast;
    // A field that cannot be read ends the session: the error says so.
    let read = |octets| codec::decode(octets, family, context.add_path.contains(family)).unwrap_or_default();
    Update {
        withdrawn: routes(&read(sections.withdrawn), context),
        attributes: attributes(sections.attributes, context),
        nlri: routes(&read(sections.announced), context),
        ..Update::default()
    }
}

fn attributes(octets: &[u8], context: &DecodeContext) -> Attributes {
    let mut shown = Attributes::default();
    let mut seen = Vec::new();
    // An attribute that overruns the others is among the faults.
    for raw in Walk::new(octets).flatten() {
        let again = seen.contains(&raw.code);
        seen.push(raw.code);
        match AttributeValue::read(raw, context) {
            Ok(Some(value)) if !again => {
                if raw.flags & PARTIAL != 0 {
                    shown.partial.extend(spec::of(raw.code).map(|spec| spec.name));
                }
                put(value, raw, context, &mut shown);
            }
            Ok(None) if !again => shown.unknown.push(in_octets(raw)),
            _ => shown.malformed.push(in_octets(raw)),
        }
    }
    shown
}

fn put(value: AttributeValue, raw: RawAttribute<'_>, context: &DecodeContext, to: &mut Attributes) {
    match value {
        AttributeValue::Origin(origin) => to.origin = Some(origin),
        AttributeValue::AsPath(path) => to.as_path = Some(as_path(&path)),
        AttributeValue::NextHop(address) => to.next_hop = Some(address),
        AttributeValue::MultiExitDisc(metric) => to.multi_exit_disc = Some(metric),
        AttributeValue::LocalPref(preference) => to.local_pref = Some(preference),
        AttributeValue::AtomicAggregate => to.atomic_aggregate = Some(true),
        AttributeValue::Aggregator(value) => to.aggregator = Some(aggregator(value)),
        AttributeValue::Communities(communities) => to.communities = Some(communities),
        AttributeValue::OriginatorId(identifier) => to.originator_id = Some(identifier),
        AttributeValue::ClusterList(clusters) => {
            to.cluster_list = Some(clusters.into_iter().map(Ipv4Addr::from_bits).collect());
        }
        AttributeValue::MpReachNlri(carried) => to.mp_reach_nlri = Some(mp_reach(carried, raw, context)),
        AttributeValue::MpUnreachNlri(carried) => to.mp_unreach_nlri = Some(mp_unreach(carried, raw, context)),
        AttributeValue::ExtendedCommunities(communities) => {
            to.extended_communities = Some(communities.into_iter().map(extended_community).collect());
        }
        AttributeValue::As4Path(path) => to.as4_path = Some(as_path(&path)),
        AttributeValue::As4Aggregator(value) => to.as4_aggregator = Some(aggregator(value)),
        AttributeValue::Ipv6ExtendedCommunities(communities) => to.ipv6_extended_communities = Some(communities),
        AttributeValue::LargeCommunities(communities) => to.large_community = Some(communities),
        AttributeValue::OnlyToCustomer(asn) => to.only_to_customer = Some(asn.0),
    }
}

fn in_octets(raw: RawAttribute<'_>) -> Raw {
    Raw {
        code: raw.code,
        name: spec::of(raw.code).map(|spec| spec.name),
        flags: format!("{:#04x}", raw.flags),
        hex: Hex::of(raw.value),
    }
}

fn as_path(path: &attribute::AsPath) -> AsPath {
    let segment = |segment: &attribute::AsPathSegment| Segment {
        kind: segment.kind.name(),
        asns: segment.asns.iter().map(|asn| asn.0).collect(),
    };
    AsPath { text: path.to_string(), segments: path.segments.iter().map(segment).collect() }
}

const fn aggregator(value: attribute::Aggregator) -> Aggregator {
    Aggregator { asn: value.asn.0, address: value.address }
}

fn extended_community(community: types::ExtendedCommunity) -> ExtendedCommunity {
    let text = Some(community.to_string()).filter(|text| !text.starts_with("0x"));
    ExtendedCommunity { hex: Hex::of(&community.0), text }
}

fn mp_reach(carried: Carried<(NextHop, Vec<Nlri>)>, raw: RawAttribute<'_>, context: &DecodeContext) -> MpReach {
    match carried {
        Carried::Negotiated(family, (next_hop, nlri)) => {
            let link_local_next_hop = match next_hop {
                NextHop::V6 { link_local, .. } => link_local,
                NextHop::V4(_) => None,
            };
            MpReach {
                family: family.afi_safi().into(),
                next_hop: Some(next_hop.address()),
                link_local_next_hop,
                nlri: Some(routes(&nlri, context)),
                hex: None,
            }
        }
        Carried::Ignored(pair) => MpReach {
            family: pair.into(),
            next_hop: None,
            link_local_next_hop: None,
            nlri: None,
            hex: Some(Hex::of(raw.value)),
        },
    }
}

fn mp_unreach(carried: Carried<Vec<Nlri>>, raw: RawAttribute<'_>, context: &DecodeContext) -> MpUnreach {
    match carried {
        Carried::Negotiated(family, nlri) => {
            MpUnreach { family: family.afi_safi().into(), withdrawn: Some(routes(&nlri, context)), hex: None }
        }
        Carried::Ignored(pair) => MpUnreach { family: pair.into(), withdrawn: None, hex: Some(Hex::of(raw.value)) },
    }
}

fn routes(nlri: &[Nlri], context: &DecodeContext) -> Vec<Route> {
    let route = |nlri: &Nlri| Route {
        prefix: nlri.prefix,
        path_id: context.add_path.contains(nlri.prefix.family()).then_some(nlri.path_id),
    };
    nlri.iter().map(route).collect()
}

fn fault(fault: &AttributeFault) -> Fault {
    Fault {
        attribute: spec::of(fault.code).map(|spec| spec.name),
        code: (fault.code != 0).then_some(fault.code),
        reason: fault.reason.clone(),
        disposition: fault.disposition.to_string(),
    }
}

fn outcome(update: &message::Update, context: &DecodeContext) -> Outcome {
    let reachable = |group: &attribute::Reachable| Reachable {
        next_hop: group.attributes.next_hop.map(|hop| hop.address()),
        as_path: group.attributes.as_path.to_string(),
        nlri: routes(&group.nlri, context),
    };
    Outcome {
        reachable: update.reachable.iter().map(reachable).collect(),
        withdrawn: routes(&update.withdrawn, context),
    }
}

/// The next hop of the routes of the message's end, else that of MP_REACH_NLRI.
pub(super) fn next_hop(attributes: &Attributes) -> Option<IpAddr> {
    attributes.next_hop.map(IpAddr::V4).or_else(|| attributes.mp_reach_nlri.as_ref()?.next_hop)
}
