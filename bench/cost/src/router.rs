//! A router without sockets: octets in, octets out.

use std::net::Ipv4Addr;
use std::sync::Arc;

use anyhow::{Context, Result};
use bgp_core::attribute::{DecodeContext, EncodeContext, PathAttributes};
use bgp_core::message::{Update, packing};
use bgp_core::policy::Policy;
use bgp_core::rib::{Announcements, Incoming, PeerFacts, Rib, RibConfig};
use bgp_core::types::{AddressFamily, Asn, BgpIdentifier, FamilySet, PeerId, PeerKind, Prefix};
use bgp_core::wire::framer::{HEADER_LEN, first_message_len};

/// Routes decided between two looks at what peers can take, and pulled at a time, as the daemon does.
const SLICE: usize = 2048;

/// A table and its peers.
pub struct Router {
    rib: Rib,
    peers: Vec<PeerId>,
    decode: DecodeContext,
    encode: EncodeContext,
    /// Octets that went out.
    pub sent: usize,
}

impl Router {
    /// A router with so many peers that feed it, numbered from 0, and so many more.
    pub fn new(feeders: u32, receivers: u32) -> Result<Self> {
        let local_identifier = BgpIdentifier::from_bits(1).context("an identifier")?;
        let config = RibConfig { local_asn: Asn(65000), local_identifier, always_compare_med: false };
        let mut router = Self {
            rib: Rib::new(config),
            peers: Vec::new(),
            decode: DecodeContext::default(),
            encode: EncodeContext::default(),
            sent: 0,
        };
        (0..feeders + receivers).try_for_each(|number| router.add_peer(number))?;
        Ok(router)
    }

    /// One more peer, from which everything passes in, and to which everything passes out.
    pub fn add_peer(&mut self, number: u32) -> Result<()> {
        let address = Ipv4Addr::from_bits(0x0AFF_0001 + number);
        let facts = PeerFacts {
            id: PeerId(number),
            name: Arc::from("peer"),
            asn: Asn(64512 + number),
            kind: PeerKind::External,
            identifier: BgpIdentifier::from_bits(100 + number).context("an identifier")?,
            address: address.into(),
            families: FamilySet::from_iter([AddressFamily::Ipv4Unicast]),
            next_hop_self_v4: Some(Ipv4Addr::new(10, 254, 0, 1)),
            next_hop_self_v6: None,
            encode_context: self.encode,
            med: Some(100),
            max_prefixes: None,
            max_prefixes_out: None,
            local_role: None,
            graceful_shutdown: true,
            enhanced_route_refresh: false,
            long_lived_graceful_restart: false,
        };
        self.rib.peer_up(facts, Arc::new(Policy::accept_all("in")), Arc::new(Policy::accept_all("out")));
        self.peers.push(PeerId(number));
        Ok(())
    }

    /// Takes whole messages from a peer; how many octets are left when it has had so many routes.
    pub fn take<'a>(&mut self, feeder: u32, mut octets: &'a [u8], mut routes: usize) -> Result<&'a [u8]> {
        let mut incoming = Incoming::default();
        while routes > 0
            && let Some(length) = first_message_len(octets)
        {
            let (message, rest) = octets.split_at_checked(length).context("a message that is cut short")?;
            let update = Update::decode(message.get(HEADER_LEN..).context("a header")?, &self.decode)?;
            incoming.push(&update.reachable, &update.withdrawn, update.end_of_rib);
            routes = routes.saturating_sub(update.route_count());
            octets = rest;
        }
        self.rib.take_in(PeerId(feeder), &incoming);
        Ok(octets)
    }

    /// Originates a prefix.
    pub fn originate(&mut self, prefix: Prefix, attributes: &Arc<PathAttributes>, tag: &Arc<str>) {
        self.rib.originate(prefix, Arc::clone(attributes), Arc::clone(tag));
    }

    /// Decides for a slice, and hands out what peers can take; false when nothing is left to be done.
    pub fn work(&mut self) -> bool {
        let undecided = self.rib.decide(SLICE * 4);
        let mut sent = false;
        for peer in &self.peers {
            let Some(batch) = self.rib.pull(*peer, SLICE) else { continue };
            for shared in &batch.announce {
                let pack = |shared: &Announcements| {
                    packing::pack_announcements(shared.routes(), shared.route_count(), &self.encode)
                };
                let encoded = shared.encoded(pack);
                self.sent += encoded.messages.len();
            }
            self.sent += packing::pack_withdrawals(&batch.withdraw, &batch.end_of_rib, &self.encode).len();
            sent = true;
        }
        sent || undecided > 0
    }

    /// Works until nothing is left.
    pub fn settle(&mut self) {
        while self.work() {}
    }
}
