//! The answer's form: one [`Report`] for each thing found. Names are those of the RFCs in camelCase; a field that does not
//! apply is absent, and a list that applies is there even when it is empty.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bgp_core::attribute::Origin;
use bgp_core::types::{AfiSafi, Community, Ipv6ExtendedCommunity, LargeCommunity, Prefix};
use serde::{Serialize, Serializer};

use super::timestamp::Timestamp;

/// Writes a value as the text it is shown as.
fn shown<T: fmt::Display, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(value)
}

fn shown_if_any<T: fmt::Display, S: Serializer>(value: &Option<T>, to: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => to.collect_str(value),
        None => to.serialize_none(),
    }
}

fn all_shown<T: fmt::Display, S: Serializer>(values: &Option<Vec<T>>, to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(values.iter().flatten().map(T::to_string))
}

/// Octets as hexadecimal digits.
#[derive(Clone, Debug)]
pub(super) struct Hex(pub Vec<u8>);

impl Hex {
    pub fn of(octets: &[u8]) -> Self {
        Self(octets.to_vec())
    }
}

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// One message, or what stands in the place of one.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    /// Counts the reports from 0.
    pub index: u64,
    /// Where it begins: the octet of the input, from 0.
    pub offset: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mrt: Option<Mrt>,
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The type octet of a message whose type is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub type_code: Option<u8>,
    /// Octets of the whole message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<usize>,
    #[serde(flatten)]
    pub body: Body,
    /// What the message would cost a session: absent for one that costs nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notification: Option<Answer>,
    /// The whole message, where it could not be read whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hex: Option<Hex>,
}

/// What an MRT record says of its message.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Mrt {
    #[serde(serialize_with = "shown")]
    pub timestamp: Timestamp,
    #[serde(rename = "type")]
    pub kind: Cow<'static, str>,
    pub subtype: Cow<'static, str>,
    #[serde(flatten)]
    pub peers: Option<MrtEnds>,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MrtEnds {
    pub peer_asn: u32,
    pub local_asn: u32,
    pub interface_index: u16,
    pub peer_address: IpAddr,
    pub local_address: IpAddr,
}

/// What depends on the type.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Body {
    Open(Open),
    Update(Box<Update>),
    Notification(Notification),
    RouteRefresh(RouteRefresh),
    StateChange(StateChange),
    Reason(Reason),
    Nothing {},
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Open {
    pub version: u8,
    pub asn: u32,
    /// In seconds.
    pub hold_time: u16,
    pub identifier: Ipv4Addr,
    pub capabilities: Vec<super::capability::Capability>,
}

#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Update {
    pub withdrawn: Vec<Route>,
    pub attributes: Attributes,
    pub nlri: Vec<Route>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_of_rib: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
    /// What is left of the routes, where that is not what the message says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<Outcome>,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Route {
    #[serde(serialize_with = "shown")]
    pub prefix: Prefix,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_id: Option<u32>,
}

/// The attributes whose value has the right form, and the octets of the others.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Attributes {
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "shown_if_any")]
    pub origin: Option<Origin>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_path: Option<AsPath>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_hop: Option<Ipv4Addr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multi_exit_disc: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local_pref: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub atomic_aggregate: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aggregator: Option<Aggregator>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "all_shown")]
    pub communities: Option<Vec<Community>>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "shown_if_any")]
    pub originator_id: Option<bgp_core::types::BgpIdentifier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_list: Option<Vec<Ipv4Addr>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mp_reach_nlri: Option<MpReach>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mp_unreach_nlri: Option<MpUnreach>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extended_communities: Option<Vec<ExtendedCommunity>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as4_path: Option<AsPath>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as4_aggregator: Option<Aggregator>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "all_shown")]
    pub ipv6_extended_communities: Option<Vec<Ipv6ExtendedCommunity>>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "all_shown")]
    pub large_community: Option<Vec<LargeCommunity>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only_to_customer: Option<u32>,
    /// Names of the attributes above whose Partial bit is set.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub partial: Vec<&'static str>,
    /// Those that we do not know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<Raw>,
    /// Those that we know and cannot read, and those that stand a second time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub malformed: Vec<Raw>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct AsPath {
    pub text: String,
    pub segments: Vec<Segment>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Segment {
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub asns: Vec<u32>,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Aggregator {
    pub asn: u32,
    pub address: Ipv4Addr,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct ExtendedCommunity {
    pub hex: Hex,
    /// As in `rt:65001:100`, where the kind is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A family by name where we carry it, and always by its numbers.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Family {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    pub afi: u16,
    pub safi: u8,
}

impl From<AfiSafi> for Family {
    fn from(pair: AfiSafi) -> Self {
        let known = bgp_core::types::AddressFamily::try_from(pair).ok();
        Self { family: known.map(|family| family.to_string()), afi: pair.afi.0, safi: pair.safi.0 }
    }
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MpReach {
    #[serde(flatten)]
    pub family: Family,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_hop: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link_local_next_hop: Option<Ipv6Addr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nlri: Option<Vec<Route>>,
    /// The value as it came, of a family that we do not carry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hex: Option<Hex>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MpUnreach {
    #[serde(flatten)]
    pub family: Family,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<Vec<Route>>,
    /// The value as it came, of a family that we do not carry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hex: Option<Hex>,
}

/// An attribute in octets.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Raw {
    pub code: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'static str>,
    /// As in `0xc0`.
    pub flags: String,
    pub hex: Hex,
}

/// A fault of an attribute (RFC 7606).
#[derive(Clone, Debug, Serialize)]
pub(super) struct Fault {
    /// The attribute's name; absent where the fault lies in the framing of them all, or we do not know it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribute: Option<&'static str>,
    /// Its code; absent where the fault lies in the framing of them all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<u8>,
    pub reason: String,
    pub disposition: String,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Outcome {
    pub reachable: Vec<Reachable>,
    pub withdrawn: Vec<Route>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reachable {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_hop: Option<IpAddr>,
    /// After AS4_PATH (RFC 6793).
    pub as_path: String,
    pub nlri: Vec<Route>,
}

/// The fields of a NOTIFICATION.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Notification {
    pub code: u8,
    pub name: &'static str,
    pub subcode: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subcode_name: Option<&'static str>,
    pub data: Hex,
    /// The text of a shutdown or reset (RFC 9003).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shutdown_communication: Option<String>,
}

/// The NOTIFICATION that a message would be answered with, and why.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Answer {
    #[serde(flatten)]
    pub notification: Notification,
    pub reason: String,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RouteRefresh {
    #[serde(flatten)]
    pub family: Family,
    pub subtype: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subtype_name: Option<&'static str>,
    /// Outbound route filters (RFC 5291), not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outbound_route_filters: Option<Hex>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StateChange {
    pub old_state: Cow<'static, str>,
    pub new_state: Cow<'static, str>,
}

/// Why it is not a message.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Reason {
    pub reason: String,
}
