//! What is wrong with an attribute, and what it costs (RFC 7606 section 2).

use std::fmt;

use bytes::Bytes;

use super::spec::{self, code};
use super::walk::RawAttribute;

/// What a fault does to the UPDATE that carries it. Ordered: the strongest of several wins (RFC 7606 section 3 h).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Disposition {
    /// The attribute is dropped and the route kept.
    AttributeDiscard,
    /// The routes of this UPDATE are handled as if withdrawn.
    TreatAsWithdraw,
    /// The session is closed with an UPDATE Message Error.
    SessionReset,
}

impl fmt::Display for Disposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AttributeDiscard => "attribute-discard",
            Self::TreatAsWithdraw => "treat-as-withdraw",
            Self::SessionReset => "session-reset",
        })
    }
}

/// Which error of RFC 4271 section 6.3 a fault is: what a NOTIFICATION says where the fault costs the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// The attributes as a whole: lengths that do not fit, one that stands twice, one that does not belong here.
    AttributeList,
    /// An attribute that says it is well-known and that we do not know.
    UnrecognizedWellKnown,
    /// An attribute that an announcement must have is not there.
    MissingWellKnown,
    /// The Optional or Transitive bit is not that of the attribute.
    Flags,
    /// The length is not the one that the attribute always has.
    Length,
    /// ORIGIN with a value that is not defined.
    InvalidOrigin,
    /// AS_PATH that cannot be read or may not be sent.
    AsPath,
    /// The value of an optional attribute.
    OptionalAttribute,
}

impl FaultKind {
    /// The error of an attribute whose value is wrong.
    pub(super) fn of_value(attribute: RawAttribute<'_>) -> Self {
        match attribute.code {
            known if spec::fixed_len(known).is_some_and(|length| length != attribute.value.len()) => Self::Length,
            code::ORIGIN => Self::InvalidOrigin,
            code::AS_PATH => Self::AsPath,
            _ => Self::OptionalAttribute,
        }
    }
}

/// One fault of one attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeFault {
    /// Attribute type code; 0 when the fault lies in the framing of the attributes.
    pub code: u8,
    /// Which error it is.
    pub kind: FaultKind,
    /// What is wrong, with the value found and the one expected.
    pub reason: String,
    /// What it costs.
    pub disposition: Disposition,
    /// The attribute as it came: flags, code, length and value. Empty where there is none to show.
    pub octets: Bytes,
}

impl AttributeFault {
    /// A fault of an attribute that is there.
    pub(crate) fn of(
        attribute: RawAttribute<'_>,
        kind: FaultKind,
        reason: impl Into<String>,
        disposition: Disposition,
    ) -> Self {
        Self { code: attribute.code, kind, reason: reason.into(), disposition, octets: attribute.to_octets() }
    }

    /// A fault in the framing of the attributes.
    pub(crate) fn of_framing(reason: impl Into<String>, disposition: Disposition) -> Self {
        Self { code: 0, kind: FaultKind::AttributeList, reason: reason.into(), disposition, octets: Bytes::new() }
    }

    /// An announcement lacks this attribute (RFC 7606 section 3 d).
    pub(crate) fn of_missing(code: u8, name: &str) -> Self {
        let (reason, disposition) = (format!("{name} is missing"), Disposition::TreatAsWithdraw);
        Self { code, kind: FaultKind::MissingWellKnown, reason, disposition, octets: Bytes::new() }
    }
}

impl fmt::Display for AttributeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            0 => f.write_str(&self.reason),
            code => write!(f, "attribute {code}: {}", self.reason),
        }
    }
}
