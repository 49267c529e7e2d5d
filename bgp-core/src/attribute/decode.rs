//! From the attributes of one UPDATE to one [`PathAttributes`] and the faults on the way (RFC 7606).
//!
//! Where the RFCs leave a choice we do as BIRD: the Partial bit of a well-known attribute is ignored, and an attribute
//! that claims to be well-known and that nobody knows makes its routes withdrawn rather than costing the session.

use bytes::Bytes;

use super::spec::{self, OPTIONAL, Spec, TRANSITIVE, code};
use super::walk::{RawAttribute, Walk};
use super::{AsPath, AttributeFault, Disposition, PathAttributes, UnknownAttribute, mp, value};
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
        }
    }
}

/// What the attributes of one UPDATE say.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    pub attributes: PathAttributes,
    pub faults: Vec<AttributeFault>,
    /// Next hop and routes of MP_REACH_NLRI.
    pub reach: mp::Carried<(NextHop, Vec<Nlri>)>,
    /// Routes of MP_UNREACH_NLRI.
    pub unreach: mp::Carried<Vec<Nlri>>,
    /// Codes seen, so that a second one of a kind is known.
    seen: Vec<u8>,
    as4_path: Option<AsPath>,
    as4_aggregator: Option<super::Aggregator>,
}

impl Collected {
    /// Reads all attributes.
    pub fn read(octets: &[u8], context: &DecodeContext) -> Self {
        let mut collected = Self::default();
        for step in Walk::new(octets) {
            match step {
                Ok(attribute) => collected.take(attribute, context),
                Err(_) => collected.fault(0, "an attribute overruns the total length", Disposition::TreatAsWithdraw),
            }
        }
        collected.merge_as4(context);
        collected
    }

    /// Whether an attribute of this code was there.
    pub fn saw(&self, code: u8) -> bool {
        self.seen.contains(&code)
    }

    /// Whether any attribute but MP_UNREACH_NLRI was there.
    pub fn saw_more_than_unreach(&self) -> bool {
        self.seen.iter().any(|code| *code != code::MP_UNREACH_NLRI)
    }

    /// Whether no attribute was there at all.
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty() && self.faults.is_empty()
    }

    pub fn fault(&mut self, code: u8, reason: impl Into<String>, disposition: Disposition) {
        self.faults.push(AttributeFault { code, reason: reason.into(), disposition });
    }

    fn take(&mut self, attribute: RawAttribute<'_>, context: &DecodeContext) {
        if self.saw(attribute.code) {
            let disposition = match attribute.code {
                code::MP_REACH_NLRI | code::MP_UNREACH_NLRI => Disposition::SessionReset,
                _ => Disposition::AttributeDiscard,
            };
            self.fault(attribute.code, "stands twice (expected once)", disposition);
            return;
        }
        self.seen.push(attribute.code);
        match spec::of(attribute.code) {
            Some(spec) => self.take_known(spec, attribute, context),
            None => self.take_unknown(attribute),
        }
    }

    fn take_known(&mut self, spec: &Spec, attribute: RawAttribute<'_>, context: &DecodeContext) {
        let internal_only = matches!(attribute.code, code::LOCAL_PREF | code::ORIGINATOR_ID | code::CLUSTER_LIST);
        if internal_only && context.peer_kind == PeerKind::External {
            self.fault(spec.code, format!("{} from an external peer", spec.name), Disposition::AttributeDiscard);
            return;
        }
        let flags = attribute.flags & (OPTIONAL | TRANSITIVE);
        if flags != spec.flags {
            let reason = format!("{} has flags {:#04x} (expected {:#04x})", spec.name, flags, spec.flags);
            self.fault(spec.code, reason, spec.malformed);
            return;
        }
        if let Err(reason) = self.store(attribute, context) {
            self.fault(spec.code, format!("{}: {reason}", spec.name), spec.malformed);
        }
    }

    fn store(&mut self, attribute: RawAttribute<'_>, context: &DecodeContext) -> Result<(), String> {
        let octets = attribute.value;
        let to = &mut self.attributes;
        match attribute.code {
            code::ORIGIN => to.origin = value::origin(octets)?,
            code::AS_PATH => {
                to.as_path = AsPath::decode(octets, context.four_octet_asn, context.peer_kind)?;
                first_as(&to.as_path, context)?;
            }
            code::NEXT_HOP => to.next_hop = Some(NextHop::V4(value::ipv4_address(octets)?)),
            code::MULTI_EXIT_DISC => to.multi_exit_disc = Some(value::number(octets)?),
            code::LOCAL_PREF => to.local_pref = Some(value::number(octets)?),
            code::ATOMIC_AGGREGATE => {
                value::nothing(octets)?;
                to.atomic_aggregate = true;
            }
            code::AGGREGATOR => to.aggregator = Some(value::aggregator(octets, context.four_octet_asn)?),
            code::COMMUNITIES => to.communities = value::communities(octets)?,
            code::ORIGINATOR_ID => to.originator_id = Some(value::originator_id(octets)?),
            code::CLUSTER_LIST => to.cluster_list = value::cluster_list(octets)?,
            code::MP_REACH_NLRI => self.reach = mp::reach(octets, context.families, context.add_path)?,
            code::MP_UNREACH_NLRI => self.unreach = mp::unreach(octets, context.families, context.add_path)?,
            code::EXTENDED_COMMUNITIES => to.extended_communities = value::extended_communities(octets)?,
            code::LARGE_COMMUNITY => to.large_communities = value::large_communities(octets)?,
            // Between two speakers of four octets these two mean nothing (RFC 6793 section 4.1).
            code::AS4_PATH | code::AS4_AGGREGATOR if context.four_octet_asn => {}
            code::AS4_PATH => self.as4_path = Some(AsPath::decode(octets, true, context.peer_kind)?),
            code::AS4_AGGREGATOR => self.as4_aggregator = Some(value::aggregator(octets, true)?),
            other => return Err(format!("attribute {other} has a row in the table and no reader")),
        }
        Ok(())
    }

    fn take_unknown(&mut self, attribute: RawAttribute<'_>) {
        match (attribute.flags & OPTIONAL, attribute.flags & TRANSITIVE) {
            (0, _) => {
                self.fault(attribute.code, "well-known attribute that is not known", Disposition::TreatAsWithdraw);
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
        if let Some(as4_path) = self.as4_path.take() {
            self.attributes.as_path.merge_as4(as4_path);
        }
    }
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
