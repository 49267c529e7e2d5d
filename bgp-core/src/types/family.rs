//! Address families (RFC 4760): the ones we carry, and the raw pairs that arrive on the wire.

use std::fmt;
use std::str::FromStr;

/// Address Family Identifier, as in the IANA registry; any value may arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Afi(pub u16);

/// Subsequent Address Family Identifier; any value may arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Safi(pub u8);

/// An (AFI, SAFI) pair as it stands on the wire, known to us or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AfiSafi {
    /// Address Family Identifier.
    pub afi: Afi,
    /// Subsequent Address Family Identifier.
    pub safi: Safi,
}

/// A family whose routes we carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressFamily {
    /// AFI 1, SAFI 1.
    Ipv4Unicast,
    /// AFI 2, SAFI 1.
    Ipv6Unicast,
}

impl AddressFamily {
    /// Every family that we carry, in wire order.
    pub const ALL: [Self; 2] = [Self::Ipv4Unicast, Self::Ipv6Unicast];

    /// The pair on the wire.
    #[must_use]
    pub const fn afi_safi(self) -> AfiSafi {
        let afi = match self {
            Self::Ipv4Unicast => Afi(1),
            Self::Ipv6Unicast => Afi(2),
        };
        AfiSafi { afi, safi: Safi(1) }
    }

    /// The longest prefix length in bits: 32 or 128.
    #[must_use]
    pub const fn max_prefix_len(self) -> u8 {
        match self {
            Self::Ipv4Unicast => 32,
            Self::Ipv6Unicast => 128,
        }
    }
}

impl From<AddressFamily> for AfiSafi {
    fn from(family: AddressFamily) -> Self {
        family.afi_safi()
    }
}

impl TryFrom<AfiSafi> for AddressFamily {
    type Error = AfiSafi;

    fn try_from(pair: AfiSafi) -> Result<Self, AfiSafi> {
        Self::ALL.into_iter().find(|family| family.afi_safi() == pair).ok_or(pair)
    }
}

impl fmt::Display for AddressFamily {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ipv4Unicast => "ipv4-unicast",
            Self::Ipv6Unicast => "ipv6-unicast",
        })
    }
}

impl FromStr for AddressFamily {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|family| family.to_string() == text)
            .ok_or_else(|| format!("{text:?} is not a family (expected ipv4-unicast or ipv6-unicast)"))
    }
}

impl fmt::Display for AfiSafi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match AddressFamily::try_from(*self) {
            Ok(family) => family.fmt(f),
            Err(_) => write!(f, "afi {} safi {}", self.afi.0, self.safi.0),
        }
    }
}

/// A set of families that we carry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct FamilySet(u8);

impl FamilySet {
    /// No family.
    pub const EMPTY: Self = Self(0);

    const fn bit(family: AddressFamily) -> u8 {
        match family {
            AddressFamily::Ipv4Unicast => 1,
            AddressFamily::Ipv6Unicast => 2,
        }
    }

    /// Adds one family.
    pub fn insert(&mut self, family: AddressFamily) {
        self.0 |= Self::bit(family);
    }

    /// Whether the family is in the set.
    #[must_use]
    pub const fn contains(self, family: AddressFamily) -> bool {
        self.0 & Self::bit(family) != 0
    }

    /// The families in both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The families in either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The families in this set and not in the other.
    #[must_use]
    pub const fn difference(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether no family is in the set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The families in the set, in wire order.
    pub fn iter(self) -> impl Iterator<Item = AddressFamily> {
        AddressFamily::ALL.into_iter().filter(move |family| self.contains(*family))
    }
}

/// As in `ipv4-unicast, ipv6-unicast`; `none` for the empty set.
impl fmt::Display for FamilySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("none");
        }
        for (place, family) in self.iter().enumerate() {
            write!(f, "{}{family}", if place == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl FromIterator<AddressFamily> for FamilySet {
    fn from_iter<I: IntoIterator<Item = AddressFamily>>(families: I) -> Self {
        let mut set = Self::EMPTY;
        families.into_iter().for_each(|family| set.insert(family));
        set
    }
}
