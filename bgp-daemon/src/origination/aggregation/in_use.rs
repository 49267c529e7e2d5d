//! `in-use`: the exact minimal cover of what is allocated, not one address more and not one less.

use bgp_core::types::Prefix;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::{Aggregate, Member};

pub(super) fn aggregate(members: &[Member<'_>]) -> Vec<Aggregate> {
    let (mut v4, mut v6) = (Vec::new(), Vec::new());
    for (_, range) in members {
        // A snapshot has no allocation outside its range; were there one, it would not be ours to announce.
        for allocation in range.allocations.iter().filter(|allocation| range.prefix.covers(&allocation.prefix)) {
            match allocation.prefix.net() {
                IpNet::V4(net) => v4.push(net),
                IpNet::V6(net) => v6.push(net),
            }
        }
    }
    let v4 = Ipv4Net::aggregate(&v4).into_iter().map(Prefix::from);
    let v6 = Ipv6Net::aggregate(&v6).into_iter().map(Prefix::from);
    with_ranges(v4.chain(v6), members)
}

/// Every address of a prefix is allocated in one of the members, and they are disjoint: a member that overlaps a prefix
/// is one that it was made of. Both are ascending, so one walk along both finds them.
fn with_ranges(prefixes: impl Iterator<Item = Prefix>, members: &[Member<'_>]) -> Vec<Aggregate> {
    let mut rest = members;
    let aggregate = |prefix: Prefix| {
        while let [(_, range), later @ ..] = rest {
            if range.prefix.overlaps(&prefix) || range.prefix > prefix {
                break;
            }
            rest = later;
        }
        let made_of = rest.iter().take_while(|(_, range)| range.prefix.overlaps(&prefix));
        Aggregate { prefix, ranges: made_of.map(|(index, _)| *index).collect() }
    };
    prefixes.map(aggregate).collect()
}
