//! A session made up once and for all: its UPDATEs, and what they come to.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};

use bgp_core::capability::{AddPath, Capability};
use bgp_core::message::{Open, keepalive};
use bgp_core::types::{AddressFamily, Asn, BgpIdentifier, HoldTime};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use socket2::{Domain, Socket, Type};

use crate::differential::generate::{self, Routes};
use crate::differential::reading::{Attributes, How, Key, Outcome};
use crate::differential::{ours, settled, theirs};

/// The last route of each session: where it is, all before it is.
pub const MARK: &str = "99.0.0.0/8";

/// The UPDATE that announces it, of AS 65001, with AS numbers of four octets and of two, with the path identifier 1 or
/// without.
fn mark(how: How) -> Vec<u8> {
    let path: &[u8] = if how.four_octet_asn { &[6, 2, 1, 0, 0, 0xFD, 0xE9] } else { &[4, 2, 1, 0xFD, 0xE9] };
    let attributes = [&[0x40, 1, 1, 0, 0x40, 2][..], path, &[0x40, 3, 4, 192, 0, 2, 1]].concat();
    let path_id: &[u8] = if how.add_path { &[0, 0, 0, 1] } else { &[] };
    let length = u16::try_from(attributes.len()).unwrap().to_be_bytes();
    [&[0, 0][..], &length, &attributes, path_id, &[8, 99]].concat()
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(19 + body.len()).unwrap().to_be_bytes();
    [&[0xFF; 16][..], &length, &[kind], body].concat()
}

pub struct Session {
    how: How,
    updates: Vec<Vec<u8>>,
    /// What there is at its end.
    pub table: BTreeMap<Key, Attributes>,
}

impl Session {
    /// The same one every time. What both decoders are known to read differently is left out: it is settled elsewhere.
    pub fn generate(how: How, count: usize) -> Self {
        let mut runner = TestRunner::deterministic();
        let update = generate::good(how, Routes::Few);
        let mut session = Self { how, updates: Vec::new(), table: BTreeMap::new() };
        while session.updates.len() < count {
            let body = update.new_tree(&mut runner).unwrap().current();
            session.take(body);
        }
        session.take(mark(how));
        session
    }

    fn take(&mut self, body: Vec<u8>) {
        let (ours, theirs) = (ours::read(&body, self.how), theirs::read(&body, self.how));
        let is_settled = settled::explains(&body, self.how, &ours, &theirs).is_some();
        let Outcome::Good(reading) = theirs else { return };
        if is_settled {
            return;
        }
        for gone in &reading.withdrawn {
            self.table.remove(gone);
        }
        self.table.extend(reading.reachable);
        self.updates.push(message(2, &body));
    }

    /// Plays it from `peer`, which is of our AS; the session is up as long as the connection is kept.
    pub fn play(&self, peer: &str, to: SocketAddr, asn: u32) -> TcpStream {
        let mut stream = connect(peer.parse().unwrap(), to);
        let asn = Asn(asn);
        let families = [AddressFamily::Ipv4Unicast, AddressFamily::Ipv6Unicast];
        let mut capabilities: Vec<Capability> =
            families.iter().map(|family| Capability::MultiProtocol(family.afi_safi())).collect();
        if self.how.four_octet_asn {
            capabilities.push(Capability::FourOctetAsn(asn));
        }
        if self.how.add_path {
            let sends = |family: AddressFamily| AddPath { afi_safi: family.afi_safi(), send_receive: 2 };
            capabilities.push(Capability::AddPath(families.map(sends).to_vec()));
        }
        let identifier = BgpIdentifier::from_bits(0x0AFF_0001).unwrap();
        let open = Open::new(asn, HoldTime::from_secs(0).unwrap(), identifier, capabilities);
        stream.write_all(&[&open.encode().unwrap()[..], &keepalive()].concat()).unwrap();
        let mut header = [0; 19];
        stream.read_exact(&mut header).unwrap();
        assert_eq!(header[18], 1, "an OPEN is expected");
        stream.write_all(&self.updates.concat()).unwrap();
        stream
    }
}

fn connect(from: IpAddr, to: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::new(from, 0).into()).unwrap();
    socket.connect(&to.into()).unwrap();
    socket.into()
}
