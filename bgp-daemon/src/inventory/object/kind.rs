//! The kinds of objects that are read, and how each is told from the others.

use std::fmt;

use super::Object;
use crate::inventory::Owner;

/// A kind of object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::inventory) enum Kind {
    Subnetwork,
    Instance,
    Address,
    ForwardingRule,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Subnetwork, Self::Instance, Self::Address, Self::ForwardingRule];

    /// What stands after `compute#` in `kind`.
    pub const fn api_name(self) -> &'static str {
        match self {
            Self::Subnetwork => "subnetwork",
            Self::Instance => "instance",
            Self::Address => "address",
            Self::ForwardingRule => "forwardingRule",
        }
    }

    /// What holds resources of this kind in a path, in a bundle and in a scope of an aggregated list.
    pub const fn collection(self) -> &'static str {
        match self {
            Self::Subnetwork => "subnetworks",
            Self::Instance => "instances",
            Self::Address => "addresses",
            Self::ForwardingRule => "forwardingRules",
        }
    }

    /// The kind of the object that addresses are given to.
    pub const fn of_owner(owner: &Owner) -> Self {
        match owner {
            Owner::Interface { .. } | Owner::AliasRange { .. } => Self::Instance,
            Owner::Address(_) => Self::Address,
            Owner::ForwardingRule(_) => Self::ForwardingRule,
        }
    }

    /// The kind of that collection.
    pub fn of_collection(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.collection() == name)
    }

    /// The kind of an object by its `kind`, as `compute#instance`.
    pub fn of_object(kind: &str) -> Option<Self> {
        let name = kind.strip_prefix("compute#")?;
        Self::ALL.into_iter().find(|kind| kind.api_name() == name)
    }

    /// Whether `kind` is that of a list of objects that are read, as `compute#instanceAggregatedList`.
    pub fn is_list(kind: &str) -> bool {
        let element = kind.strip_suffix("AggregatedList").or_else(|| kind.strip_suffix("List"));
        element.and_then(Self::of_object).is_some()
    }

    /// The kind of an object that does not say it: by its path, else by the fields that only one kind has.
    pub fn guess(object: &Object) -> Option<Self> {
        let collection = object.self_link.given().and_then(|link| link.rsplit('/').nth(1));
        collection.and_then(Self::of_collection).or_else(|| {
            if object.network_interfaces.is_written() {
                Some(Self::Instance)
            } else if object.ip_address.is_written() {
                Some(Self::ForwardingRule)
            } else if object.address.is_written() {
                Some(Self::Address)
            } else if object.ip_cidr_range.is_written() || object.internal_ipv6_prefix.is_written() {
                Some(Self::Subnetwork)
            } else {
                None
            }
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ForwardingRule => "forwarding rule",
            other => other.api_name(),
        })
    }
}
