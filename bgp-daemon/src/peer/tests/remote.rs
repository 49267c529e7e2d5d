//! The far side of a session, played by the test.

use std::sync::Arc;

use bgp_core::attribute::{AsPath, AsPathSegment, DecodeContext, EncodeContext, PathAttributes, SegmentKind};
use bgp_core::capability::Capability;
use bgp_core::message::{Message, Notification, Open, Update, keepalive, packing};
use bgp_core::nlri::Nlri;
use bgp_core::types::{AddressFamily, NextHop, Prefix};
use bgp_core::wire::Framer;
use bgp_core::wire::framer::MAX_EXTENDED_MESSAGE_LEN;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::{DEADLINE, REMOTE_ASN};

/// A connection, as the peer sees it.
pub struct Remote {
    pub stream: TcpStream,
    framer: Framer,
}

impl Remote {
    pub fn new(stream: TcpStream) -> Self {
        // What is sent is there at once: Nagle's delay would go by a clock that no test can stop.
        stream.set_nodelay(true).unwrap();
        Self { stream, framer: Framer::new() }
    }

    pub async fn accept(listener: &TcpListener) -> Self {
        Self::new(timeout(DEADLINE, listener.accept()).await.unwrap().unwrap().0)
    }

    /// Accepts and goes on to Established.
    pub async fn establish(listener: &TcpListener) -> Self {
        Self::establish_with(listener, &[]).await
    }

    /// The same with more capabilities.
    pub async fn establish_with(listener: &TcpListener, more: &[Capability]) -> Self {
        let mut remote = Self::accept(listener).await;
        let mut open = remote.open();
        open.capabilities.extend_from_slice(more);
        remote.send(&open.encode().unwrap()).await;
        remote.send(&keepalive()).await;
        assert!(matches!(remote.message().await, Some(Message::Open(_))));
        assert_eq!(remote.message().await, Some(Message::Keepalive));
        remote
    }

    pub fn open(&self) -> Open {
        Open {
            asn: REMOTE_ASN,
            hold_time_secs: 90,
            identifier: 0x0A00_0002,
            capabilities: vec![
                Capability::MultiProtocol(AddressFamily::Ipv4Unicast.afi_safi()),
                Capability::FourOctetAsn(REMOTE_ASN),
                Capability::RouteRefresh,
            ],
        }
    }

    pub async fn send(&mut self, octets: &[u8]) {
        self.stream.write_all(octets).await.unwrap();
    }

    /// The next message; `None` when the connection has ended.
    pub async fn message(&mut self) -> Option<Message> {
        loop {
            if let Some(frame) = self.framer.next_frame(MAX_EXTENDED_MESSAGE_LEN).unwrap() {
                return Some(Message::decode(&frame).unwrap());
            }
            let mut octets = [0; 4096];
            match timeout(DEADLINE, self.stream.read(&mut octets)).await.expect("no message in time") {
                Ok(0) => return None,
                Ok(count) => self.framer.push(&octets[..count]),
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// The next UPDATE; keepalives do not count.
    pub async fn update(&mut self) -> Update {
        self.update_read(&DecodeContext::default()).await
    }

    /// The same where more was agreed.
    pub async fn update_read(&mut self, context: &DecodeContext) -> Update {
        loop {
            match self.message().await {
                Some(Message::Update(body)) => return Update::decode(&body, context).unwrap(),
                Some(Message::Keepalive) => {}
                other => panic!("expected an UPDATE, got {other:?}"),
            }
        }
    }

    /// What ends the session: the NOTIFICATION, and nothing after it.
    pub async fn last_word(&mut self) -> Notification {
        loop {
            match self.message().await {
                Some(Message::Notification(notification)) => {
                    assert_eq!(self.message().await, None, "the connection goes on");
                    return notification;
                }
                Some(_) => {}
                None => panic!("the connection ended without a word"),
            }
        }
    }

    /// Announces prefixes.
    pub async fn announce(&mut self, prefixes: &[&str]) {
        let routes = prefixes.iter().map(|text| Nlri { prefix: text.parse::<Prefix>().unwrap(), path_id: 0 });
        let attributes = PathAttributes {
            as_path: AsPath { segments: vec![AsPathSegment { kind: SegmentKind::Sequence, asns: vec![REMOTE_ASN] }] },
            next_hop: Some(NextHop::V4("192.0.2.7".parse().unwrap())),
            ..PathAttributes::default()
        };
        let packed = packing::pack(&[(Arc::new(attributes), routes.collect())], &[], &[], &EncodeContext::default());
        for message in packed.messages {
            self.send(&message).await;
        }
    }
}
