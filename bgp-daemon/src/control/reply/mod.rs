//! What the socket answers, as JSON.
//!
//! Fields that the Compute API has too bear its names and forms (`getRouterStatus`, `listBgpRoutes`): `uptimeSeconds` is a
//! string there, and so here. Times are RFC 3339 in UTC, with the seconds since beside them. A reader must tolerate fields
//! that it does not know: they may be added within one version.

mod aggregation;
mod agreement;
mod error;
mod explain;
mod faults;
mod guard;
mod inventory;
mod lookup;
mod originations;
mod peer;
mod route;
mod status;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use aggregation::{AggregateEntry, AggregationReply, RuleEntry};
pub use agreement::{AddPathFamily, Agreement, Directions, LongLivedFamily, RestartAgreement};
pub use error::{ErrorBody, ErrorReply, ParameterFault};
pub use explain::{ChainStep, ExplainReply, Outcome, Step};
pub use faults::{FaultEntry, FaultyUpdateEntry, PeerFaultsReply};
pub use guard::{Budgets, GuardReply, GuardStanding, HeldEntry, HoldSummary, ReleaseReply, Withdrawn};
pub use inventory::{
    Counts, Fault, FaultEffect, InventoryReply, InventoryState, InventorySummary, RangeEntry, RangeTreatment,
};
pub use lookup::LookupReply;
pub use originations::{ConfigReply, OriginationEntry, OriginationsReply, Stand};
pub use peer::{
    AdvertisedRoute, BgpPeerStatus, FamilyStatus, ImportCounts, LastError, Messages, PeerKindName, PeersReply, UpDown,
};
pub use route::{
    AsPathSegment, Destination, ImportVerdictEntry, Origin, Place, Route, RouteSourceEntry, RoutesReply, SegmentType,
    SourceType, Standing, UnknownAttribute, View,
};
pub use status::{ConfigWarning, Health, JournalSummary, Reload, ReloadResult, RouteCounts, StatusReply};

/// The version of all replies: "v1". Reading another one fails, so that no client takes one thing for another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ApiVersion;

impl ApiVersion {
    /// As it is written.
    pub const TEXT: &'static str = "v1";
}

impl Serialize for ApiVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(Self::TEXT)
    }
}

impl<'de> Deserialize<'de> for ApiVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text == Self::TEXT {
            true => Ok(Self),
            false => Err(D::Error::custom(format!("apiVersion is {text:?} (expected {:?})", Self::TEXT))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tolerates_fields_it_does_not_know_but_no_other_version() {
        let known: LookupReply =
            serde_json::from_str(r#"{"apiVersion":"v1","address":"a","prefix":"p","paths":[],"new":{"x":1}}"#).unwrap();
        assert_eq!(known.prefix, "p");
        let other = serde_json::from_str::<LookupReply>(r#"{"apiVersion":"v2","address":"a","prefix":"p","paths":[]}"#);
        assert!(other.unwrap_err().to_string().contains(r#"apiVersion is "v2" (expected "v1")"#));
    }
}
