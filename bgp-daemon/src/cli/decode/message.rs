//! From an item of the input to its report.

use std::borrow::Cow;
use std::net::Ipv4Addr;

use bgp_core::attribute::DecodeContext;
use bgp_core::message::{self, Message, MessageError};
use bgp_core::session;
use bgp_core::types::{AddressFamily, Asn, FamilySet, PeerKind};
use bgp_core::wire::{Frame, HeaderFault};

use super::item::{Content, Item, MrtHead};
use super::mrt::{subtype_name, type_name};
use super::shape::{Answer, Body, Hex, Mrt, MrtEnds, Notification, Open, Reason, Report, RouteRefresh, StateChange};
use super::update;

/// How messages are read; what is `None` is up to the MRT record, or else the default.
#[derive(Clone, Debug, Default)]
pub(super) struct Reading {
    pub four_octet_asn: Option<bool>,
    pub peer_kind: Option<PeerKind>,
    pub add_path: FamilySet,
    pub first_asn: Option<Asn>,
    pub extended_next_hop: bool,
}

impl Reading {
    fn context(&self, mrt: Option<&MrtHead>) -> DecodeContext {
        let every: FamilySet = AddressFamily::ALL.into_iter().collect();
        let four_octet_asn = self.four_octet_asn.or(mrt.map(|head| head.four_octet_asn)).unwrap_or(true);
        let internal = |head: &MrtHead| head.peers.is_some_and(|ends| ends.peer_asn == ends.local_asn);
        let peer_kind = match (self.peer_kind, mrt.is_some_and(internal)) {
            (Some(kind), _) => kind,
            (None, true) => PeerKind::Internal,
            (None, false) => PeerKind::External,
        };
        let add_path = if mrt.is_some_and(|head| head.add_path) { every } else { self.add_path };
        DecodeContext {
            peer_kind,
            four_octet_asn,
            add_path,
            families: every,
            first_asn: self.first_asn,
            extended_next_hop: self.extended_next_hop,
            ..DecodeContext::default()
        }
    }
}

/// The report of one item.
pub(super) fn report(item: Item, index: u64, reading: &Reading) -> Report {
    let context = reading.context(item.mrt.as_ref());
    let mut report = Report {
        index,
        offset: item.place.offset,
        line: item.place.line,
        mrt: item.mrt.as_ref().map(mrt),
        kind: "",
        type_code: None,
        length: None,
        body: Body::Nothing {},
        notification: None,
        hex: None,
    };
    match item.content {
        Content::Message(frame) => message(&frame, &context, &mut report),
        Content::BadHeader(fault, octets) => {
            report.kind = "UNKNOWN";
            if let HeaderFault::Length { length, .. } = fault {
                report.type_code = octets.last().copied();
                report.length = Some(usize::from(length));
            }
            report.notification = Some(answer(&fault.into()));
            report.hex = Some(Hex::of(&octets));
        }
        Content::StateChange(old, new) => {
            report.kind = "STATE_CHANGE";
            report.body = Body::StateChange(StateChange { old_state: state(old), new_state: state(new) });
        }
        Content::Skipped(reason) => {
            report.kind = "SKIPPED";
            report.body = Body::Reason(Reason { reason });
        }
        Content::Unreadable(reason) => {
            report.kind = "UNREADABLE";
            report.body = Body::Reason(Reason { reason });
        }
    }
    report
}

fn message(frame: &Frame, context: &DecodeContext, report: &mut Report) {
    report.kind = match frame.kind {
        1 => "OPEN",
        2 => "UPDATE",
        3 => "NOTIFICATION",
        4 => "KEEPALIVE",
        5 => "ROUTE-REFRESH",
        _ => "UNKNOWN",
    };
    report.type_code = (report.kind == "UNKNOWN").then_some(frame.kind);
    report.length = Some(frame.octets.len());
    let mut whole = true;
    match Message::decode(frame) {
        Ok(Message::Open(open)) => {
            report.notification =
                session::legal(&open).err().map(|(send, reason)| Answer { notification: notification(&send), reason });
            report.body = Body::Open(open_shape(&open));
        }
        Ok(Message::Update(body)) => {
            let (update, error) = update::update(&body, context);
            whole = update::is_whole(&update);
            report.body = Body::Update(Box::new(update));
            report.notification = error.as_ref().map(answer);
        }
        Ok(Message::Notification(received)) => report.body = Body::Notification(notification(&received)),
        Ok(Message::Keepalive) => {}
        Ok(Message::RouteRefresh(refresh)) => report.body = Body::RouteRefresh(route_refresh(&refresh, frame)),
        Err(error) => report.notification = Some(answer(&error)),
    }
    if !whole || report.notification.is_some() {
        report.hex = Some(Hex::of(&frame.octets));
    }
}

fn answer(error: &MessageError) -> Answer {
    Answer { notification: notification(&error.to_notification()), reason: error.to_string() }
}

fn notification(of: &message::Notification) -> Notification {
    Notification {
        code: of.code.code(),
        name: of.code.name(),
        subcode: of.code.subcode(),
        subcode_name: of.code.subcode_name(),
        data: Hex::of(&of.data),
        shutdown_communication: of.shutdown_communication(),
    }
}

fn open_shape(open: &message::Open) -> Open {
    Open {
        version: 4,
        asn: open.asn.0,
        hold_time: open.hold_time_secs,
        identifier: Ipv4Addr::from_bits(open.identifier),
        capabilities: open.capabilities.iter().map(Into::into).collect(),
    }
}

fn route_refresh(refresh: &message::RouteRefresh, frame: &Frame) -> RouteRefresh {
    let subtype_name = match refresh.subtype {
        0 => Some("Request"),
        1 => Some("BoRR"),
        2 => Some("EoRR"),
        _ => None,
    };
    let filters = frame.body.get(4..).filter(|octets| !octets.is_empty());
    RouteRefresh {
        family: refresh.afi_safi.into(),
        subtype: refresh.subtype,
        subtype_name,
        outbound_route_filters: filters.map(Hex::of),
    }
}

fn mrt(head: &MrtHead) -> Mrt {
    let name = |known: Option<&'static str>, number: u16| known.map_or(Cow::Owned(number.to_string()), Cow::Borrowed);
    Mrt {
        timestamp: head.timestamp,
        kind: name(type_name(head.kind), head.kind),
        subtype: name(subtype_name(head.kind, head.subtype), head.subtype),
        peers: head.peers.map(|ends| MrtEnds {
            peer_asn: ends.peer_asn.0,
            local_asn: ends.local_asn.0,
            interface_index: ends.interface_index,
            peer_address: ends.peer_address,
            local_address: ends.local_address,
        }),
    }
}

/// The state's name (RFC 6396 section 4.4.1); its number when it has none.
fn state(number: u16) -> Cow<'static, str> {
    Cow::Borrowed(match number {
        1 => "Idle",
        2 => "Connect",
        3 => "Active",
        4 => "OpenSent",
        5 => "OpenConfirm",
        6 => "Established",
        other => return Cow::Owned(other.to_string()),
    })
}
