//! The decoders, each asked for the same: all routes and all attributes of one UPDATE, owned and validated.

use std::hint::black_box;
use std::net::Ipv4Addr;

use anyhow::{Result, anyhow, ensure};
use bgp_core::attribute::DecodeContext;
use bgp_core::message::Update;
use bgpkit_parser::models::AsnLength;
use bgpkit_parser::parser::bgp::messages::parse_bgp_update_message;
use bytes::Bytes;
use routecore::bgp::message::update::{SessionConfig, UpdateMessage};
use zettabgp::prelude::{BgpAddrs, BgpCapability, BgpMessage, BgpSessionParams, BgpTransportMode, BgpUpdateMessage};

/// Who decodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoder {
    /// Ours.
    BgpCore,
    Zettabgp,
    Bgpkit,
    /// routecore with every attribute taken out of the message.
    RoutecoreOwned,
    /// routecore as it is meant to be used: attributes are looked at, not kept.
    RoutecoreLazy,
}

impl Decoder {
    pub const ALL: [Self; 5] = [Self::BgpCore, Self::Zettabgp, Self::Bgpkit, Self::RoutecoreOwned, Self::RoutecoreLazy];

    pub const fn name(self) -> &'static str {
        match self {
            Self::BgpCore => "bgp-core",
            Self::Zettabgp => "zettabgp",
            Self::Bgpkit => "bgpkit-parser",
            Self::RoutecoreOwned => "routecore-owned",
            Self::RoutecoreLazy => "routecore-lazy",
        }
    }

    /// The one of that name.
    pub fn called(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name).ok_or_else(|| anyhow!("no decoder {name}"))
    }

    /// Decodes all of them; how many routes they announce.
    pub fn decode_all(self, messages: &[Bytes]) -> Result<usize> {
        match self {
            Self::BgpCore => bgp_core(messages),
            Self::Zettabgp => zettabgp(messages),
            Self::Bgpkit => bgpkit(messages),
            Self::RoutecoreOwned => routecore_owned(messages),
            Self::RoutecoreLazy => routecore_lazy(messages),
        }
    }
}

/// What follows the header.
fn body(message: &Bytes) -> Bytes {
    message.slice(19..)
}

fn bgp_core(messages: &[Bytes]) -> Result<usize> {
    let context = DecodeContext::default();
    let mut routes = 0;
    for message in messages {
        let update = black_box(Update::decode(&body(message), &context)?);
        ensure!(update.faults.is_empty(), "faults: {:?}", update.faults);
        routes += update.reachable.iter().map(|group| group.nlri.len()).sum::<usize>();
    }
    Ok(routes)
}

fn zettabgp(messages: &[Bytes]) -> Result<usize> {
    let capabilities = vec![BgpCapability::SafiIPv4u, BgpCapability::CapASN32(65001)];
    let address = Ipv4Addr::new(192, 0, 2, 1);
    let mut params = BgpSessionParams::new(65001, 90, BgpTransportMode::IPv4, address, capabilities);
    // It would look for path identifiers where none were agreed.
    params.fuzzy_pathid = false;
    let mut routes = 0;
    for message in messages {
        let mut update = BgpUpdateMessage::new();
        update.decode_from(&params, &body(message)).map_err(|error| anyhow!("zettabgp: {error}"))?;
        if let BgpAddrs::IPV4U(prefixes) = &black_box(update).updates {
            routes += prefixes.len();
        }
    }
    Ok(routes)
}

fn bgpkit(messages: &[Bytes]) -> Result<usize> {
    let mut routes = 0;
    for message in messages {
        let update = parse_bgp_update_message(body(message), false, &AsnLength::Bits32)?;
        ensure!(!update.attributes.has_validation_warnings(), "warnings of bgpkit-parser");
        routes += black_box(update).announced_prefixes.len();
    }
    Ok(routes)
}

fn routecore_owned(messages: &[Bytes]) -> Result<usize> {
    let config = SessionConfig::modern();
    let fault = |error| anyhow!("routecore: {error}");
    let mut routes = 0;
    for message in messages {
        let update = UpdateMessage::from_octets(message, &config).map_err(fault)?;
        let mut attributes = Vec::new();
        for attribute in update.path_attributes().map_err(fault)? {
            attributes.push(attribute.map_err(fault)?.to_owned().map_err(fault)?);
        }
        let announced = update.announcements_vec().map_err(fault)?;
        black_box(attributes);
        routes += black_box(announced).len();
    }
    Ok(routes)
}

fn routecore_lazy(messages: &[Bytes]) -> Result<usize> {
    let config = SessionConfig::modern();
    let fault = |error| anyhow!("routecore: {error}");
    let mut routes = 0;
    for message in messages {
        let update = UpdateMessage::from_octets(message, &config).map_err(fault)?;
        for attribute in update.path_attributes().map_err(fault)? {
            black_box(attribute.map_err(fault)?);
        }
        for route in update.announcements().map_err(fault)? {
            black_box(route.map_err(fault)?);
            routes += 1;
        }
    }
    Ok(routes)
}
