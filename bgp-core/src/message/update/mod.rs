//! UPDATE (RFC 4271 section 4.3), read as RFC 7606 wants it: a fault costs its routes, not the session, wherever the
//! routes can still be told.

use std::sync::Arc;

use bytes::Bytes;

use super::{MessageError, UpdateSubcode};
use crate::attribute::decode::Collected;
use crate::attribute::spec::code;
use crate::attribute::{AttributeFault, DecodeContext, Disposition, FaultKind, PathAttributes, Reachable};
use crate::nlri::{Nlri, codec};
use crate::types::AddressFamily;
use crate::wire::reader;

/// The routes of one UPDATE.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Update {
    /// Routes announced, at most two groups: the IPv4 ones of the message's end, and those of MP_REACH_NLRI.
    pub reachable: Vec<Reachable>,
    /// Routes withdrawn, of both places, and those treated as withdrawn (RFC 7606). A route in both lists is announced
    /// (RFC 4271 section 4.3).
    pub withdrawn: Vec<Nlri>,
    /// The family whose first announcement ends here (RFC 4724 section 2).
    pub end_of_rib: Option<AddressFamily>,
    /// What was wrong and did not cost the session.
    pub faults: Vec<AttributeFault>,
}

/// The three fields of variable length of an UPDATE, not yet read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpdateSections<'a> {
    /// Withdrawn Routes, of IPv4.
    pub withdrawn: &'a [u8],
    /// Path Attributes; [`crate::attribute::walk::Walk`] takes them apart.
    pub attributes: &'a [u8],
    /// Network Layer Reachability Information, of IPv4.
    pub announced: &'a [u8],
}

impl<'a> UpdateSections<'a> {
    /// Takes apart what follows the header.
    ///
    /// # Errors
    /// [`MessageError::MalformedUpdate`] when the lengths overrun the message (RFC 7606 section 3 b).
    pub fn split(body: &'a [u8]) -> Result<Self, MessageError> {
        let overrun =
            |_| malformed(UpdateSubcode::MalformedAttributeList, "lengths overrun the message".to_owned(), Vec::new());
        let (rest, withdrawn) = reader::two_octet_length_value(body).map_err(overrun)?;
        let (announced, attributes) = reader::two_octet_length_value(rest).map_err(overrun)?;
        Ok(Self { withdrawn, attributes, announced })
    }
}

fn malformed(subcode: UpdateSubcode, reason: String, faults: Vec<AttributeFault>) -> MessageError {
    MessageError::MalformedUpdate { subcode, reason, data: Bytes::new(), faults }
}

/// Subcode, data and text of a fault that costs the session (RFC 4271 section 6.3 says which subcodes show the attribute).
fn error(fault: &AttributeFault) -> (UpdateSubcode, Bytes, String) {
    let (subcode, data) = match fault.kind {
        FaultKind::AttributeList => (UpdateSubcode::MalformedAttributeList, Bytes::new()),
        FaultKind::UnrecognizedWellKnown => (UpdateSubcode::UnrecognizedWellKnownAttribute, fault.octets.clone()),
        FaultKind::MissingWellKnown => {
            (UpdateSubcode::MissingWellKnownAttribute, Bytes::copy_from_slice(&[fault.code]))
        }
        FaultKind::Flags => (UpdateSubcode::AttributeFlagsError, fault.octets.clone()),
        FaultKind::Length => (UpdateSubcode::AttributeLengthError, fault.octets.clone()),
        FaultKind::InvalidOrigin => (UpdateSubcode::InvalidOriginAttribute, fault.octets.clone()),
        FaultKind::AsPath => (UpdateSubcode::MalformedAsPath, Bytes::new()),
        FaultKind::OptionalAttribute => (UpdateSubcode::OptionalAttributeError, fault.octets.clone()),
    };
    (subcode, data, fault.to_string())
}

impl Update {
    /// How many routes it announces and withdraws.
    #[must_use]
    pub fn route_count(&self) -> usize {
        self.reachable.iter().map(|group| group.nlri.len()).sum::<usize>() + self.withdrawn.len()
    }

    /// Reads what follows the header.
    ///
    /// # Errors
    /// [`MessageError::MalformedUpdate`] when the routes cannot be told: its NOTIFICATION is to be sent and the connection
    /// closed.
    pub fn decode(body: &[u8], context: &DecodeContext) -> Result<Self, MessageError> {
        let UpdateSections { withdrawn, attributes, announced } = UpdateSections::split(body)?;
        let routes = |octets| {
            let family = AddressFamily::Ipv4Unicast;
            codec::decode(octets, family, context.add_path.contains(family))
                .map_err(|reason| malformed(UpdateSubcode::InvalidNetworkField, reason, Vec::new()))
        };
        let (withdrawn, announced) = (routes(withdrawn)?, routes(announced)?);
        let mut collected = Collected::read(attributes, context);
        let end_of_rib = end_of_rib(&collected, &withdrawn, &announced);
        require(&mut collected, &announced);
        let fault = collected.faults.iter().find(|fault| fault.disposition == Disposition::SessionReset);
        if let Some((subcode, data, reason)) = fault.map(error) {
            return Err(MessageError::MalformedUpdate { subcode, reason, data, faults: collected.faults });
        }
        let carries = context.families.contains(AddressFamily::Ipv4Unicast);
        let (withdrawn, announced) = if carries { (withdrawn, announced) } else { (Vec::new(), Vec::new()) };
        Ok(Self::assemble(collected, withdrawn, announced, end_of_rib))
    }

    fn assemble(
        collected: Collected,
        mut withdrawn: Vec<Nlri>,
        announced: Vec<Nlri>,
        end_of_rib: Option<AddressFamily>,
    ) -> Self {
        let Collected { attributes, faults, reach, unreach, .. } = collected;
        if let Some((_, routes)) = unreach {
            withdrawn.extend(routes);
        }
        let (hop, mp_announced) = match reach {
            Some((_, (hop, routes))) => (Some(hop), routes),
            None => (None, Vec::new()),
        };
        let mut reachable = Vec::new();
        if faults.iter().any(|fault| fault.disposition == Disposition::TreatAsWithdraw) {
            withdrawn.extend(announced);
            withdrawn.extend(mp_announced);
            return Self { reachable, withdrawn, end_of_rib, faults };
        }
        // Mostly there is one group, which takes the attributes and copies nothing.
        if mp_announced.is_empty() {
            if !announced.is_empty() {
                reachable.push(Reachable { attributes: Arc::new(attributes), nlri: announced });
            }
        } else {
            if !announced.is_empty() {
                reachable.push(Reachable { attributes: Arc::new(attributes.clone()), nlri: announced });
            }
            let attributes = Arc::new(PathAttributes { next_hop: hop, ..attributes });
            reachable.push(Reachable { attributes, nlri: mp_announced });
        }
        Self { reachable, withdrawn, end_of_rib, faults }
    }
}

/// An UPDATE of nothing at all ends IPv4, one of nothing but an empty MP_UNREACH_NLRI ends that family.
fn end_of_rib(collected: &Collected, withdrawn: &[Nlri], announced: &[Nlri]) -> Option<AddressFamily> {
    match &collected.unreach {
        _ if !(withdrawn.is_empty() && announced.is_empty()) => None,
        None if collected.is_empty() => Some(AddressFamily::Ipv4Unicast),
        Some((family, routes)) if routes.is_empty() && !collected.saw_more_than_unreach() => Some(*family),
        _ => None,
    }
}

/// What an announcement must have (RFC 7606 section 3 d), and when a fault leaves its routes unknown (section 5.2).
fn require(collected: &mut Collected, announced: &[Nlri]) {
    let announces_mp = collected.reach.as_ref().is_some_and(|(_, (_, routes))| !routes.is_empty());
    if !announced.is_empty() || announces_mp {
        let next_hop = (!announced.is_empty()).then_some((code::NEXT_HOP, "NEXT_HOP"));
        let required = [(code::ORIGIN, "ORIGIN"), (code::AS_PATH, "AS_PATH")].into_iter().chain(next_hop);
        for (code, name) in required {
            if !collected.saw(code) {
                collected.faults.push(AttributeFault::of_missing(code, name));
            }
        }
        return;
    }
    // A route of a family that was not negotiated is one too, and nothing of it is here to be withdrawn.
    if collected.reaches_elsewhere {
        return;
    }
    let withdraws = |fault: &&AttributeFault| fault.disposition == Disposition::TreatAsWithdraw;
    let faulty = collected.faults.iter().find(withdraws).filter(|_| collected.saw_more_than_unreach()).cloned();
    if let Some(fault) = faulty {
        let reason = format!("{fault}; no route that it belongs to can be told");
        collected.faults.push(AttributeFault { code: 0, reason, disposition: Disposition::SessionReset, ..fault });
    }
}

#[cfg(test)]
mod tests;
