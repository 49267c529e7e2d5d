//! The shape of the data files. A vector is octets, what was agreed before they came, and what a speaker makes of them.

use std::collections::BTreeMap;

use bgp_core::capability::Role;
use bgp_core::types::AddressFamily;
use serde::Deserialize;

use super::octets::{field, message, octets};

const FILES: [(&str, &str); 7] = [
    ("framing.toml", include_str!("framing.toml")),
    ("open.toml", include_str!("open.toml")),
    ("update.toml", include_str!("update.toml")),
    ("attributes.toml", include_str!("attributes.toml")),
    ("as_path.toml", include_str!("as_path.toml")),
    ("communities.toml", include_str!("communities.toml")),
    ("multiprotocol.toml", include_str!("multiprotocol.toml")),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// Names for octets that come often.
    #[serde(default)]
    words: BTreeMap<String, String>,
    /// What holds for every vector of the file that does not say otherwise.
    #[serde(default)]
    context: Context,
    vector: Vec<Written>,
}

/// What was agreed before the octets came. What is not written is as in the file's own context, and then as
/// [`Context::or`] has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Context {
    /// Where the session stands.
    stands: Option<Stands>,
    /// Whether the peer is in our AS.
    internal: Option<bool>,
    /// Whether the peer said that it has four-octet AS numbers.
    as4: Option<bool>,
    /// The families that both offered.
    families: Option<Vec<String>>,
    /// Families in which the peer sends path identifiers.
    add_path: Option<Vec<String>>,
    /// Whether both offer messages of up to 65535 octets.
    extended_messages: Option<bool>,
    /// Whether IPv4 routes may have an IPv6 next hop.
    extended_next_hop: Option<bool>,
    /// Whether both mark the begin and the end of a refresh.
    marked_refresh: Option<bool>,
    /// What we are to the peer.
    local_role: Option<String>,
    /// Whether the peer must say its role.
    strict_role: Option<bool>,
    /// Whether a path may hold an AS_SET.
    accept_as_set: Option<bool>,
    /// The hold time that we offer, in seconds.
    hold_time: Option<u16>,
    /// The shortest hold time that we agree to, in seconds.
    minimum_hold_time: Option<u16>,
    /// Our BGP Identifier.
    identifier: Option<u32>,
    /// The AS that the peer is configured with.
    peer_asn: Option<u32>,
}

/// Where a session stands when the octets come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stands {
    /// Our OPEN is sent.
    OpenSent,
    /// The peer's OPEN was good; its KEEPALIVE has not come.
    OpenConfirm,
    /// Routes may come.
    #[default]
    Established,
}

impl Context {
    fn or(self, other: &Self) -> Self {
        Self {
            stands: self.stands.or(other.stands),
            internal: self.internal.or(other.internal),
            as4: self.as4.or(other.as4),
            families: self.families.or_else(|| other.families.clone()),
            add_path: self.add_path.or_else(|| other.add_path.clone()),
            extended_messages: self.extended_messages.or(other.extended_messages),
            extended_next_hop: self.extended_next_hop.or(other.extended_next_hop),
            marked_refresh: self.marked_refresh.or(other.marked_refresh),
            local_role: self.local_role.or_else(|| other.local_role.clone()),
            strict_role: self.strict_role.or(other.strict_role),
            accept_as_set: self.accept_as_set.or(other.accept_as_set),
            hold_time: self.hold_time.or(other.hold_time),
            minimum_hold_time: self.minimum_hold_time.or(other.minimum_hold_time),
            identifier: self.identifier.or(other.identifier),
            peer_asn: self.peer_asn.or(other.peer_asn),
        }
    }

    pub fn stands(&self) -> Stands {
        self.stands.unwrap_or_default()
    }

    pub fn internal(&self) -> bool {
        self.internal.unwrap_or(false)
    }

    pub fn as4(&self) -> bool {
        self.as4.unwrap_or(true)
    }

    pub fn families(&self) -> Vec<AddressFamily> {
        match &self.families {
            Some(names) => names.iter().map(|name| name.parse().unwrap()).collect(),
            None => AddressFamily::ALL.to_vec(),
        }
    }

    pub fn add_path(&self) -> Vec<AddressFamily> {
        self.add_path.iter().flatten().map(|name| name.parse().unwrap()).collect()
    }

    pub fn extended_messages(&self) -> bool {
        self.extended_messages.unwrap_or(false)
    }

    pub fn extended_next_hop(&self) -> bool {
        self.extended_next_hop.unwrap_or(false)
    }

    pub fn marked_refresh(&self) -> bool {
        self.marked_refresh.unwrap_or(false)
    }

    pub fn local_role(&self) -> Option<Role> {
        let name = self.local_role.as_ref()?;
        let roles = [Role::Provider, Role::RouteServer, Role::RouteServerClient, Role::Customer, Role::Peer];
        let role = roles.into_iter().find(|role| role.to_string() == *name);
        Some(role.unwrap_or_else(|| panic!("{name:?} is no role")))
    }

    pub fn strict_role(&self) -> bool {
        self.strict_role.unwrap_or(false)
    }

    pub fn accept_as_set(&self) -> bool {
        self.accept_as_set.unwrap_or(false)
    }

    pub fn hold_time(&self) -> u16 {
        self.hold_time.unwrap_or(90)
    }

    pub fn minimum_hold_time(&self) -> u16 {
        self.minimum_hold_time.unwrap_or(3)
    }

    pub fn identifier(&self) -> u32 {
        self.identifier.unwrap_or(0x0A00_0001)
    }

    pub fn peer_asn(&self) -> u32 {
        self.peer_asn.unwrap_or(65001)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    /// The number in `checks.toml`.
    check: u16,
    /// What is special about the octets.
    name: String,
    #[serde(default)]
    context: Context,
    /// The octets as they are.
    octets: Option<String>,
    /// Or a message whose marker and length are right.
    message: Option<WrittenMessage>,
    /// Or an UPDATE whose lengths are right.
    update: Option<WrittenUpdate>,
    #[serde(default)]
    expect: Expected,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenMessage {
    #[serde(rename = "type")]
    kind: u8,
    body: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenUpdate {
    #[serde(default)]
    withdrawn: String,
    #[serde(default)]
    attributes: String,
    #[serde(default)]
    announced: String,
}

/// What a speaker makes of the octets. What is not written is not there: no route, no fault, no NOTIFICATION.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// Code and subcode of the NOTIFICATION before the connection is closed, as in `3/1`.
    pub notification: Option<String>,
    /// Its data; any where it is not written.
    pub data: Option<String>,
    /// Announced routes, as in `10.0.0.0/8 via 192.0.2.1`; a path identifier follows the prefix after `#`.
    #[serde(default)]
    pub announced: Vec<String>,
    /// Withdrawn routes.
    #[serde(default)]
    pub withdrawn: Vec<String>,
    /// What their attributes hold beside ORIGIN `IGP` and AS_PATH `65001`; "absent" for one of these two that is not.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    /// Faults in order, as in `1 treat-as-withdraw`.
    #[serde(default)]
    pub faults: Vec<String>,
    /// The family whose first announcement ends.
    pub end_of_rib: Option<String>,
    /// The family that the peer wants again; after `begin of` or `end of` the one whose routes it announces again.
    pub refresh: Option<String>,
    /// What an OPEN that is accepted leads to.
    pub negotiated: Option<BTreeMap<String, String>>,
}

/// One vector, ready to be sent.
#[derive(Clone, Debug)]
pub struct Vector {
    pub check: u16,
    pub name: String,
    pub context: Context,
    pub octets: Vec<u8>,
    pub expected: Expected,
    pub expected_data: Option<Vec<u8>>,
}

impl Vector {
    fn of(written: Written, file: &str, shared: &Context, words: &BTreeMap<String, String>) -> Self {
        let name = format!("{file}, check {}: {}", written.check, written.name);
        let read = |text: &str| octets(text, words);
        let octets = match (written.octets, written.message, written.update) {
            (Some(text), None, None) => read(&text),
            (None, Some(whole), None) => message(whole.kind, &read(&whole.body)),
            (None, None, Some(update)) => {
                let parts =
                    [field(&read(&update.withdrawn)), field(&read(&update.attributes)), read(&update.announced)];
                message(2, &parts.concat())
            }
            _ => panic!("{name}: expected one of octets, message and update"),
        };
        let expected_data = written.expect.data.as_deref().map(read);
        let context = written.context.or(shared);
        Self { check: written.check, name, context, octets, expected: written.expect, expected_data }
    }

    /// Whether the session goes on afterwards.
    pub fn leaves_the_session(&self) -> bool {
        self.expected.notification.is_none()
    }
}

/// Every vector of every file.
pub fn all() -> Vec<Vector> {
    let read = |(name, text): (&'static str, &str)| {
        let File { words, context, vector } = toml::from_str(text).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        vector.into_iter().map(move |written| Vector::of(written, name, &context, &words)).collect::<Vec<_>>()
    };
    FILES.into_iter().flat_map(read).collect()
}
