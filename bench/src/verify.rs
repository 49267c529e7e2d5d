//! Whether a receiver got what was announced: every route, with the attributes that a speaker between ASes must leave it.
//! This reads with our own decoder, after the clock has stopped.

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use bgp_core::attribute::{DecodeContext, Origin, PathAttributes};
use bgp_core::message::{Message, Update};
use bgp_core::types::{Asn, Prefix};
use bgp_core::wire::framer::{Framer, MAX_MESSAGE_LEN};

use crate::daemon::ASN;
use crate::scenario::feeder_asn;
use feed::{AttributeSet, Feed};

/// What must be the same on both sides of a speaker: the AS path behind it, ORIGIN, COMMUNITIES, and AGGREGATOR with its
/// mark. MULTI_EXIT_DISC and NEXT_HOP are not passed on.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Essence {
    path: Vec<u32>,
    origin: u8,
    communities: Vec<u32>,
    aggregator: Option<(u32, [u8; 4])>,
}

/// Fails with the first route that differs. `same`: all feeds announce the same prefixes, any of them will do, and each has a
/// route of its own besides.
pub fn is_what_was_announced(feeds: &[Feed], same: bool, octets: &[u8]) -> Result<()> {
    let received = routes(octets)?;
    let own = if same { feeds.len() } else { 0 };
    let expected: usize = feeds.iter().take(if same { 1 } else { feeds.len() }).map(Feed::len).sum();
    ensure!(received.len() == expected + own, "{} routes are there, not {}", received.len(), expected + own);
    for (number, feed) in (1..).zip(feeds) {
        let announcer = feeder_asn(number)?;
        for (set, prefixes) in feed.sets() {
            for prefix in prefixes {
                let prefix = Prefix::new(prefix.network().into(), prefix.len())?;
                let route = received.get(&prefix).with_context(|| format!("no route to {prefix}"))?;
                let from = if same { route.path.get(1).copied().unwrap_or_default() } else { announcer };
                let expected = essence_of(set, from);
                ensure!(*route == expected, "{prefix}: {route:?}, not {expected:?}");
            }
        }
    }
    Ok(())
}

fn essence_of(set: &AttributeSet, announcer: u32) -> Essence {
    Essence {
        path: [&[ASN, announcer], set.path.as_slice()].concat(),
        origin: set.origin,
        communities: set.communities.clone(),
        aggregator: set.aggregator,
    }
}

/// What is reachable after these UPDATEs.
fn routes(octets: &[u8]) -> Result<HashMap<Prefix, Essence>> {
    let mut framer = Framer::new();
    framer.push(octets);
    let mut reachable = HashMap::new();
    while let Some(frame) = framer.next_frame(MAX_MESSAGE_LEN)? {
        let Message::Update(body) = Message::decode(&frame)? else { continue };
        let context = DecodeContext { first_asn: Some(Asn(ASN)), ..DecodeContext::default() };
        let update = Update::decode(&body, &context)?;
        ensure!(update.faults.is_empty(), "an UPDATE with faults: {:?}", update.faults);
        for nlri in update.withdrawn {
            reachable.remove(&nlri.prefix);
        }
        for group in update.reachable {
            for nlri in group.nlri {
                reachable.insert(nlri.prefix, received(&group.attributes));
            }
        }
    }
    Ok(reachable)
}

fn received(attributes: &PathAttributes) -> Essence {
    let path = &attributes.as_path;
    Essence {
        path: path.segments.iter().flat_map(|segment| segment.asns.iter().map(|asn| asn.0)).collect(),
        origin: match attributes.origin {
            Origin::Igp => 0,
            Origin::Egp => 1,
            Origin::Incomplete => 2,
        },
        communities: attributes.communities.iter().map(|community| community.0).collect(),
        aggregator: attributes.aggregator.map(|aggregator| (aggregator.asn.0, aggregator.address.octets())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use feed::{Announcer, next_hop};

    /// What a speaker that passes everything on would send.
    fn passed_on(feed: &Feed) -> Vec<u8> {
        let mut octets = Vec::new();
        let announcer = Announcer { asn: ASN, next_hop: next_hop(1) };
        for (set, prefixes) in feed.sets() {
            let path = [&[feeder_asn(1).unwrap()], set.path.as_slice()].concat();
            announcer.announce(&AttributeSet { path, ..set.clone() }, prefixes, &mut octets);
        }
        octets
    }

    #[test]
    fn what_was_passed_on_whole_is_right_and_one_missing_route_is_not() {
        let feed = Feed::generate(2000, 3);
        assert!(is_what_was_announced(std::slice::from_ref(&feed), false, &passed_on(&feed)).is_ok());
        let others = feed.split(2);
        let error = is_what_was_announced(&[feed], false, &passed_on(&others[0])).unwrap_err();
        assert_eq!(error.to_string(), "1000 routes are there, not 2000");
    }

    #[test]
    fn another_attribute_is_noticed() {
        let feed = Feed::generate(8, 3);
        let other = Feed::generate(8, 4);
        let mut octets = Vec::new();
        let (set, _) = &other.sets()[0];
        let path = [&[feeder_asn(1).unwrap()], set.path.as_slice()].concat();
        let set = AttributeSet { path, ..set.clone() };
        Announcer { asn: ASN, next_hop: next_hop(1) }.announce(&set, &feed.sets()[0].1, &mut octets);
        let error = is_what_was_announced(&[feed], false, &octets).unwrap_err().to_string();
        assert!(error.contains(", not Essence"), "{error}");
    }
}
