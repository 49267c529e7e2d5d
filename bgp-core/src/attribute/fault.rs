//! What is wrong with an attribute, and what it costs (RFC 7606 section 2).

use std::fmt;

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

/// One fault of one attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeFault {
    /// Attribute type code; 0 when the fault lies in the framing of the attributes.
    pub code: u8,
    /// What is wrong, with the value found and the one expected.
    pub reason: String,
    /// What it costs.
    pub disposition: Disposition,
}

impl fmt::Display for AttributeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            0 => f.write_str(&self.reason),
            code => write!(f, "attribute {code}: {}", self.reason),
        }
    }
}
