//! The words of BGP as values. This layer knows no octets on the wire.

mod asn;
mod community;
mod family;
mod hold_time;
mod identifier;
mod next_hop;
mod peer;
mod prefix;

pub use asn::{AS_TRANS, Asn, AsnParseError};
pub use community::{Community, CommunityParseError, ExtendedCommunity, Ipv6ExtendedCommunity, LargeCommunity};
pub use family::{AddressFamily, Afi, AfiSafi, FamilySet, Safi};
pub use hold_time::{HoldTime, InvalidHoldTime};
pub use identifier::{BgpIdentifier, InvalidBgpIdentifier};
pub use next_hop::NextHop;
pub use peer::{PeerId, PeerKind};
pub use prefix::{Prefix, PrefixError};
