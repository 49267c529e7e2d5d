//! Capabilities of an OPEN in the answer's form.

use bgp_core::capability::{self, Capability as Core};
use serde::Serialize;

use super::shape::{Family, Hex};

/// One capability: its code, its name where we know it, and what it says.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Capability {
    pub code: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'static str>,
    #[serde(flatten)]
    pub value: Value,
}

#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Value {
    MultiProtocol(Family),
    FourOctetAsn { asn: u32 },
    ExtendedNextHop { families: Vec<ExtendedNextHop> },
    Role { role: String },
    GracefulRestart(GracefulRestart),
    LongLived { families: Vec<LongLivedFamily> },
    AddPath { families: Vec<AddPath> },
    Unknown { hex: Hex },
    Nothing {},
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExtendedNextHop {
    #[serde(flatten)]
    family: Family,
    next_hop_afi: u16,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GracefulRestart {
    restart_state: bool,
    notification: bool,
    /// In seconds.
    restart_time: u16,
    families: Vec<RestartFamily>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RestartFamily {
    #[serde(flatten)]
    family: Family,
    forwarding_state: bool,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LongLivedFamily {
    #[serde(flatten)]
    family: Family,
    forwarding_state: bool,
    /// In seconds.
    stale_time: u32,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct AddPath {
    #[serde(flatten)]
    family: Family,
    send: bool,
    receive: bool,
}

impl From<&Core> for Capability {
    fn from(capability: &Core) -> Self {
        let (name, value) = match capability {
            Core::MultiProtocol(pair) => ("Multiprotocol Extensions", Value::MultiProtocol((*pair).into())),
            Core::RouteRefresh => ("Route Refresh", Value::Nothing {}),
            Core::ExtendedNextHop(families) => (
                "Extended Next Hop Encoding",
                Value::ExtendedNextHop { families: families.iter().map(ExtendedNextHop::from).collect() },
            ),
            Core::ExtendedMessage => ("BGP Extended Message", Value::Nothing {}),
            Core::Role(role) => ("BGP Role", Value::Role { role: role.to_string() }),
            Core::GracefulRestart(restart) => ("Graceful Restart", Value::GracefulRestart(restart.into())),
            Core::FourOctetAsn(asn) => ("Four-octet AS Number", Value::FourOctetAsn { asn: asn.0 }),
            Core::AddPath(families) => {
                ("ADD-PATH", Value::AddPath { families: families.iter().map(AddPath::from).collect() })
            }
            Core::EnhancedRouteRefresh => ("Enhanced Route Refresh", Value::Nothing {}),
            Core::LongLivedGracefulRestart(families) => (
                "Long-Lived Graceful Restart",
                Value::LongLived { families: families.iter().map(LongLivedFamily::from).collect() },
            ),
            Core::Unknown { code, value } => {
                return Self { code: *code, name: None, value: Value::Unknown { hex: Hex::of(value) } };
            }
        };
        Self { code: capability.code(), name: Some(name), value }
    }
}

impl From<&capability::ExtendedNextHop> for ExtendedNextHop {
    fn from(one: &capability::ExtendedNextHop) -> Self {
        Self { family: one.afi_safi.into(), next_hop_afi: one.next_hop_afi.0 }
    }
}

impl From<&capability::GracefulRestart> for GracefulRestart {
    fn from(restart: &capability::GracefulRestart) -> Self {
        let family = |one: &capability::RestartFamily| RestartFamily {
            family: one.afi_safi.into(),
            forwarding_state: one.forwarding_state,
        };
        Self {
            restart_state: restart.restart_state,
            notification: restart.notification,
            restart_time: restart.restart_time_secs,
            families: restart.families.iter().map(family).collect(),
        }
    }
}

impl From<&capability::LongLivedFamily> for LongLivedFamily {
    fn from(one: &capability::LongLivedFamily) -> Self {
        Self { family: one.afi_safi.into(), forwarding_state: one.forwarding_state, stale_time: one.stale_time_secs }
    }
}

impl From<&capability::AddPath> for AddPath {
    fn from(one: &capability::AddPath) -> Self {
        Self { family: one.afi_safi.into(), send: one.sends(), receive: one.receives() }
    }
}
