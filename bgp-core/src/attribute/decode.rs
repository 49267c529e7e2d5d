//! From the attributes of one UPDATE to one [`PathAttributes`] and the faults on the way (RFC 7606).
//!
//! Where the RFCs leave a choice we do as BIRD: the Partial bit of a well-known attribute is ignored, and an attribute
//! that claims to be well-known and that nobody knows makes its routes withdrawn rather than costing the session.

use bytes::Bytes;

use super::spec::{self, OPTIONAL, Spec, TRANSITIVE, code};
use super::walk::{RawAttribute, Walk};
use super::{
    Aggregator, AsPath, AttributeFault, AttributeValue, Carried, Disposition, FaultKind, PathAttributes,
    UnknownAttribute,
};
use crate::nlri::Nlri;
use crate::types::{AS_TRANS, AddressFamily, Asn, FamilySet, NextHop, PeerKind};

/// What decides how octets are read: what was negotiated, and who the peer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeContext {
    /// Whether the peer is in our AS.
    pub peer_kind: PeerKind,
    /// AS numbers have four octets (RFC 6793).
    pub four_octet_asn: bool,
    /// Families in which the peer sends path identifiers (RFC 7911).
    pub add_path: FamilySet,
    /// The families negotiated; others are ignored.
    pub families: FamilySet,
    /// The AS that must come first in the path of an external peer; `None` to let any pass.
    pub first_asn: Option<Asn>,
    /// AS_SET costs its routes nothing, as RFC 9774 would have it.
    pub accept_as_set: bool,
    /// IPv4 routes may have an IPv6 next hop (RFC 8950).
    pub extended_next_hop: bool,
}

impl Default for DecodeContext {
    /// An external peer with four-octet AS numbers and both families.
    fn default() -> Self {
        Self {
            peer_kind: PeerKind::External,
            four_octet_asn: true,
            add_path: FamilySet::EMPTY,
            families: AddressFamily::ALL.into_iter().collect(),
            first_asn: None,
            accept_as_set: false,
            extended_next_hop: false,
        }
    }
}

/// What the attributes of one UPDATE say.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    pub attributes: PathAttributes,
    pub faults: Vec<AttributeFault>,
    /// Next hop and routes of MP_REACH_NLRI.
    pub reach: Option<(AddressFamily, (NextHop, Vec<Nlri>))>,
    /// MP_REACH_NLRI was there, of a family that was not negotiated.
    pub reaches_elsewhere: bool,
    /// Routes of MP_UNREACH_NLRI.
    pub unreach: Option<(AddressFamily, Vec<Nlri>)>,
    /// Codes seen, so that a second one of a kind is known.
    seen: Codes,
    /// With the attribute as it came.
    as4_path: Option<(AsPath, Bytes)>,
    as4_aggregator: Option<Aggregator>,
}

/// A set of type codes: a bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Codes([u64; 4]);

impl Codes {
    fn holds(self, code: u8) -> bool {
        self.0.get(usize::from(code >> 6)).is_some_and(|word| word & Self::bit(code) != 0)
    }

    fn add(&mut self, code: u8) {
        if let Some(word) = self.0.get_mut(usize::from(code >> 6)) {
            *word |= Self::bit(code);
        }
    }

    fn without(mut self, code: u8) -> Self {
        if let Some(word) = self.0.get_mut(usize::from(code >> 6)) {
            *word &= !Self::bit(code);
        }
        self
    }

    const fn bit(code: u8) -> u64 {
        1 << (code & 63)
    }
}

impl Collected {
    /// Reads all attributes.
    pub fn read(octets: &[u8], context: &DecodeContext) -> Self {
        let mut collected = Self::default();
        for step in Walk::new(octets) {
            match step {
                Ok(attribute) => collected.take(attribute, context),
                Err(_) => collected.faults.push(AttributeFault::of_framing(
                    "an attribute overruns the total length",
                    Disposition::TreatAsWithdraw,
                )),
            }
        }
        collected.merge_as4(context);
        collected
    }

    /// Whether an attribute of this code was there.
    pub fn saw(&self, code: u8) -> bool {
        self.seen.holds(code)
    }

    /// Whether any attribute but MP_UNREACH_NLRI was there; one that overruns may be any.
    pub fn saw_more_than_unreach(&self) -> bool {
        self.seen.without(code::MP_UNREACH_NLRI) != Codes::default() || self.faults.iter().any(|fault| fault.code == 0)
    }

    /// Whether no attribute was there at all.
    pub fn is_empty(&self) -> bool {
        self.seen == Codes::default() && self.faults.is_empty()
    }

    fn fault(
        &mut self,
        attribute: RawAttribute<'_>,
        kind: FaultKind,
        reason: impl Into<String>,
        disposition: Disposition,
    ) {
        self.faults.push(AttributeFault::of(attribute, kind, reason, disposition));
    }

    fn take(&mut self, attribute: RawAttribute<'_>, context: &DecodeContext) {
        if self.saw(attribute.code) {
            let disposition = match attribute.code {
                code::MP_REACH_NLRI | code::MP_UNREACH_NLRI => Disposition::SessionReset,
                _ => Disposition::AttributeDiscard,
            };
            self.fault(attribute, FaultKind::AttributeList, "stands twice (expected once)", disposition);
            return;
        }
        self.seen.add(attribute.code);
        match spec::of(attribute.code) {
            Some(spec) => self.take_known(spec, attribute, context),
            None => self.take_unknown(attribute),
        }
    }

    fn take_known(&mut self, spec: &Spec, attribute: RawAttribute<'_>, context: &DecodeContext) {
        let internal_only = matches!(attribute.code, code::LOCAL_PREF | code::ORIGINATOR_ID | code::CLUSTER_LIST);
        if internal_only && context.peer_kind == PeerKind::External {
            let reason = format!("{} from an external peer", spec.name);
            self.fault(attribute, FaultKind::AttributeList, reason, Disposition::AttributeDiscard);
            return;
        }
        let flags = attribute.flags & (OPTIONAL | TRANSITIVE);
        if flags != spec.flags {
            let reason = format!("{} has flags {:#04x} (expected {:#04x})", spec.name, flags, spec.flags);
            self.fault(attribute, FaultKind::Flags, reason, spec.wrong_flags());
            // What these two carry is withdrawn too: its routes must be known (RFC 7606 section 3 c).
            if !matches!(spec.code, code::MP_REACH_NLRI | code::MP_UNREACH_NLRI) {
                return;
            }
        }
        match self.store(attribute, context) {
            Ok(()) => self.attributes.partial.note(spec, attribute),
            Err(reason) => {
                let kind = FaultKind::of_value(attribute);
                self.fault(attribute, kind, format!("{}: {reason}", spec.name), spec.malformed);
            }
        }
    }

    fn store(&mut self, attribute: RawAttribute<'_>, context: &DecodeContext) -> Result<(), String> {
        // Between two speakers of four octets these two mean nothing (RFC 6793 section 4.1).
        if context.four_octet_asn && matches!(attribute.code, code::AS4_PATH | code::AS4_AGGREGATOR) {
            return Ok(());
        }
        let Some(value) = AttributeValue::read(attribute, context)? else {
            return Err(format!("attribute {} has a row in the table and no reader", attribute.code));
        };
        let to = &mut self.attributes;
        match value {
            AttributeValue::Origin(origin) => to.origin = origin,
            AttributeValue::AsPath(path) => {
                path.permitted_from(context.peer_kind, context.accept_as_set)?;
                first_as(&path, context)?;
                to.as_path = path;
            }
            AttributeValue::NextHop(address) => to.next_hop = Some(NextHop::V4(address)),
            AttributeValue::MultiExitDisc(metric) => to.multi_exit_disc = Some(metric),
            AttributeValue::LocalPref(preference) => to.local_pref = Some(preference),
            AttributeValue::AtomicAggregate => to.atomic_aggregate = true,
            AttributeValue::Aggregator(aggregator) => to.aggregator = Some(with_an_as(aggregator)?),
            AttributeValue::Communities(communities) => to.communities = ascending(communities),
            AttributeValue::OriginatorId(identifier) => to.originator_id = Some(identifier),
            AttributeValue::ClusterList(clusters) => to.cluster_list = clusters,
            AttributeValue::MpReachNlri(carried) => {
                self.reaches_elsewhere = matches!(carried, Carried::Ignored(_));
                self.reach = carried.negotiated();
            }
            AttributeValue::MpUnreachNlri(carried) => self.unreach = carried.negotiated(),
            AttributeValue::ExtendedCommunities(communities) => to.extended_communities = ascending(communities),
            AttributeValue::Ipv6ExtendedCommunities(communities) => {
                to.ipv6_extended_communities = ascending(communities);
            }
            AttributeValue::LargeCommunities(communities) => to.large_communities = ascending(communities),
            AttributeValue::OnlyToCustomer(asn) => to.only_to_customer = Some(asn),
            AttributeValue::As4Path(path) => self.take_as4_path(path, attribute, context)?,
            AttributeValue::As4Aggregator(aggregator) => self.as4_aggregator = Some(with_an_as(aggregator)?),
        }
        Ok(())
    }

    /// What is wrong in AS4_PATH costs itself alone (RFC 6793 section 6), but for AS_SET (RFC 9774 section 3).
    fn take_as4_path(
        &mut self,
        mut path: AsPath,
        attribute: RawAttribute<'_>,
        context: &DecodeContext,
    ) -> Result<(), String> {
        if path.has_set() && !context.accept_as_set {
            let reason = "AS4_PATH: AS_SET or AS_CONFED_SET (expected none, RFC 9774)";
            self.fault(attribute, FaultKind::OptionalAttribute, reason, Disposition::TreatAsWithdraw);
            return Ok(());
        }
        path.drop_confederation();
        path.permitted_from(context.peer_kind, true)?;
        self.as4_path = Some((path, attribute.to_octets()));
        Ok(())
    }

    fn take_unknown(&mut self, attribute: RawAttribute<'_>) {
        match (attribute.flags & OPTIONAL, attribute.flags & TRANSITIVE) {
            (0, _) => {
                let reason = "well-known attribute that is not known";
                self.fault(attribute, FaultKind::UnrecognizedWellKnown, reason, Disposition::TreatAsWithdraw);
            }
            // Unknown and non-transitive: ignored quietly (RFC 4271 section 5).
            (_, 0) => {}
            (..) => {
                let unknown = UnknownAttribute { code: attribute.code, value: Bytes::copy_from_slice(attribute.value) };
                let list = &mut self.attributes.unknown;
                list.insert(list.partition_point(|other| other.code < unknown.code), unknown);
            }
        }
    }

    /// RFC 6793 section 4.2.3: what an OLD speaker could not say in AS_PATH and AGGREGATOR.
    fn merge_as4(&mut self, context: &DecodeContext) {
        if context.four_octet_asn {
            return;
        }
        let aggregator = self.attributes.aggregator;
        let as4_aggregator = self.as4_aggregator.take();
        if as4_aggregator.is_some() && aggregator.is_some_and(|aggregator| aggregator.asn != AS_TRANS) {
            return;
        }
        if aggregator.is_some() && as4_aggregator.is_some() {
            self.attributes.aggregator = as4_aggregator;
        }
        if let Some((as4_path, octets)) = self.as4_path.take() {
            self.put_back(as4_path, octets, context);
        }
    }

    /// An OLD peer puts itself into AS_PATH alone: an AS4_PATH that takes it away again was made up, and is ignored.
    fn put_back(&mut self, as4_path: AsPath, octets: Bytes, context: &DecodeContext) {
        let mut merged = self.attributes.as_path.clone();
        merged.merge_as4(as4_path);
        match first_as(&merged, context) {
            Err(reason) if merged != self.attributes.as_path => self.faults.push(AttributeFault {
                code: code::AS4_PATH,
                kind: FaultKind::OptionalAttribute,
                reason: format!("AS4_PATH: {reason}"),
                disposition: Disposition::AttributeDiscard,
                octets,
            }),
            _ => self.attributes.as_path = merged,
        }
    }
}

fn with_an_as(aggregator: Aggregator) -> Result<Aggregator, String> {
    if aggregator.asn.is_zero() { Err("AS 0 (RFC 7607)".to_owned()) } else { Ok(aggregator) }
}

fn ascending<T: Ord>(mut values: Vec<T>) -> Vec<T> {
    values.sort_unstable();
    values.dedup();
    values
}

fn first_as(path: &AsPath, context: &DecodeContext) -> Result<(), String> {
    match (context.peer_kind, context.first_asn) {
        (PeerKind::External, Some(expected)) if path.first_asn() != Some(expected) => {
            let found = path.first_asn().map_or_else(|| "none".to_owned(), |asn| asn.to_string());
            Err(format!("first AS {found} (expected {expected}, the peer's)"))
        }
        _ => Ok(()),
    }
}
