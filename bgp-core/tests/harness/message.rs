//! Every message is read or refused with a NOTIFICATION, and what is read survives the wire.

use std::collections::BTreeMap;
use std::sync::Arc;

use bgp_core::attribute::spec::code;
use bgp_core::attribute::{DecodeContext, Disposition, EncodeContext, PathAttributes, Reachable};
use bgp_core::message::{Message, Notification, Update, packing};
use bgp_core::nlri::Nlri;
use bgp_core::wire::{Frame, Framer};
use bytes::Bytes;

use super::script::Script;
use super::{decode_context, encode_context, frame, open};

/// The first octet says how UPDATEs are read, the second which type the message is of, the rest is its body.
pub fn holds(octets: &[u8]) {
    let mut script = Script::new(octets);
    let context = decode_context(script.octet());
    let kind = script.octet();
    let frame = frame(kind, script.rest());
    match Message::decode(&frame) {
        Ok(Message::Open(found)) => open::survives_the_wire(&found),
        Ok(Message::Update(body)) => update(&body, &context),
        Ok(Message::Notification(found)) => {
            // Its words are for people; they only have to exist.
            let _shown = (found.to_string(), found.shutdown_communication());
            let sent = found.encode();
            assert!(sent.len() <= 4096, "ours is never an extended message");
            if frame.octets.len() <= 4096 {
                assert_eq!(again(&sent), Ok(Message::Notification(found)));
            }
        }
        Ok(Message::Keepalive) => assert_eq!(frame.octets.len(), 19),
        Ok(Message::RouteRefresh(found)) => {
            assert_eq!(again(&found.encode()), Ok(Message::RouteRefresh(found)));
        }
        Err(error) => refused(&error.to_notification()),
    }
}

fn again(octets: &[u8]) -> Result<Message, String> {
    Message::decode(&one(octets)).map_err(|error| error.to_string())
}

fn one(octets: &[u8]) -> Frame {
    let mut framer = Framer::new();
    framer.push(octets);
    let frame = framer.next_frame(u16::MAX).unwrap().unwrap();
    assert_eq!(framer.buffered(), 0);
    frame
}

/// What refuses a message is itself a message that can be sent and read.
fn refused(notification: &Notification) {
    let sent = notification.encode();
    assert!(sent.len() <= 4096, "a NOTIFICATION of {} octets", sent.len());
    let Ok(Message::Notification(read)) = Message::decode(&one(&sent)) else { panic!("no NOTIFICATION") };
    assert_eq!(read.code, notification.code);
}

/// An UPDATE is read or costs the session; what is read without a fault survives the wire.
pub fn update(body: &[u8], context: &DecodeContext) {
    let update = match Update::decode(body, context) {
        Ok(update) => update,
        Err(error) => return refused(&error.to_notification()),
    };
    assert!(update.reachable.len() <= 2);
    let routes = update.withdrawn.len() + update.reachable.iter().map(|group| group.nlri.len()).sum::<usize>();
    assert!(routes <= body.len(), "{routes} routes of {} octets", body.len());
    let costs = update.faults.iter().map(|fault| fault.disposition).max();
    assert_ne!(costs, Some(Disposition::SessionReset), "a fault that costs the session was survived");
    if costs == Some(Disposition::TreatAsWithdraw) {
        assert_eq!(update.reachable, []);
    }
    for nlri in update.withdrawn.iter().chain(update.reachable.iter().flat_map(|group| &group.nlri)) {
        assert!(context.families.contains(nlri.prefix.family()), "{nlri:?} is of no negotiated family");
    }
    for Reachable { attributes, nlri } in &update.reachable {
        well_formed(attributes, context);
        assert!(!nlri.is_empty());
    }
    survives_the_wire(&update, context);
}

/// What a table may rely on.
fn well_formed(attributes: &PathAttributes, context: &DecodeContext) {
    fn ascending<T: Ord>(values: &[T]) -> bool {
        values.is_sorted_by(|a, b| a < b)
    }
    assert!(attributes.next_hop.is_some());
    assert!(ascending(&attributes.communities) && ascending(&attributes.extended_communities));
    assert!(ascending(&attributes.large_communities) && ascending(&attributes.ipv6_extended_communities));
    for partial in attributes.partial.codes() {
        let is_there = match partial {
            code::AGGREGATOR => attributes.aggregator.is_some(),
            code::COMMUNITIES => !attributes.communities.is_empty(),
            code::EXTENDED_COMMUNITIES => !attributes.extended_communities.is_empty(),
            code::IPV6_EXTENDED_COMMUNITIES => !attributes.ipv6_extended_communities.is_empty(),
            code::LARGE_COMMUNITY => !attributes.large_communities.is_empty(),
            code::ONLY_TO_CUSTOMER => attributes.only_to_customer.is_some(),
            _ => false,
        };
        assert!(is_there, "attribute {partial} is not there and has the Partial bit");
    }
    let codes: Vec<u8> = attributes.unknown.iter().map(|unknown| unknown.code).collect();
    assert!(ascending(&codes), "{codes:?}");
    assert!(attributes.as_path.segments.iter().all(|segment| (1..=255).contains(&segment.asns.len())));
    if context.first_asn.is_some() && context.peer_kind == bgp_core::types::PeerKind::External {
        assert_eq!(attributes.as_path.first_asn(), context.first_asn);
    }
}

/// Every route with its attributes, and every route that goes.
type Told = (BTreeMap<Nlri, Arc<PathAttributes>>, Vec<Nlri>);

fn told<'a>(updates: impl IntoIterator<Item = &'a Update>) -> Told {
    let (mut reachable, mut withdrawn) = (BTreeMap::new(), Vec::new());
    for update in updates {
        withdrawn.extend(update.withdrawn.iter().copied());
        for group in &update.reachable {
            reachable.extend(group.nlri.iter().map(|nlri| (*nlri, Arc::clone(&group.attributes))));
        }
    }
    withdrawn.sort();
    withdrawn.dedup();
    (reachable, withdrawn)
}

fn survives_the_wire(update: &Update, context: &DecodeContext) {
    let announce: Vec<_> =
        update.reachable.iter().map(|group| (Arc::clone(&group.attributes), group.nlri.clone())).collect();
    // Two places of one message may name one route; the later one counts, as it does for a table.
    let expected = told([update]);
    let pack = |encode: &EncodeContext| packing::pack(&announce, &expected.1, &[], encode);
    let packed = pack(&encode_context(context));
    // What came in a message of the longest kind may need a few octets more in our form.
    if packed.unsendable.is_empty() {
        assert_eq!(read_back(&packed.messages, context), expected);
    }
    // A peer of short messages gets the same routes in more of them, or has those that do not fit withdrawn.
    let short = pack(&EncodeContext { max_message_len: 4096, ..encode_context(context) });
    assert!(short.messages.iter().all(|message| message.len() <= 4096));
    if short.unsendable.is_empty() {
        assert_eq!(read_back(&short.messages, context), expected);
    }
}

fn read_back(messages: &[Bytes], context: &DecodeContext) -> Told {
    let read = |octets: &Bytes| {
        let Ok(Message::Update(body)) = Message::decode(&one(octets)) else { panic!("no UPDATE") };
        let update = Update::decode(&body, context).expect("our own UPDATE is read");
        assert_eq!(update.faults, [], "our own UPDATE is faulty");
        update
    };
    told(&messages.iter().map(read).collect::<Vec<_>>())
}
