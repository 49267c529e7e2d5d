//! No address that is ours before and after a change is without a route at the peer at any instant between.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// Prefixes of 10.0.0.0/28, by number: 16 of /32, then 8 of /31, and so on up to the /28 itself.
pub fn within(mut number: u32) -> Prefix {
    let mut length = 32;
    let mut count = 16;
    while number >= count {
        number -= count;
        count /= 2;
        length -= 1;
    }
    Prefix::new(Ipv4Addr::from_bits(0x0A00_0000 + (number << (32 - length))).into(), length.try_into().unwrap())
        .unwrap()
}

fn addresses(prefixes: &BTreeSet<Prefix>) -> BTreeSet<u32> {
    (0..16)
        .filter(|host| prefixes.iter().any(|prefix| prefix.contains(Ipv4Addr::from_bits(0x0A00_0000 + host).into())))
        .collect()
}

/// A peer, as it hears one route after the other.
struct Hearer {
    /// Prefixes that it takes.
    most: usize,
    has: BTreeSet<Prefix>,
}

impl Hearer {
    /// What must be covered stays so, and no more is told than the peer takes, after each single route.
    fn hear(&mut self, batch: &UpdateBatch, always: &BTreeSet<u32>) -> Result<(), TestCaseError> {
        for nlri in batch.announced().flat_map(|(_, nlri)| nlri) {
            self.has.insert(nlri.prefix);
            prop_assert!(self.has.len() <= self.most, "{:?}", self.has);
        }
        for nlri in &batch.withdraw {
            prop_assert!(self.has.remove(&nlri.prefix), "{} was not announced", nlri.prefix);
            let covered = addresses(&self.has);
            prop_assert!(always.is_subset(&covered), "without {}: {always:?} of {covered:?}", nlri.prefix);
        }
        Ok(())
    }
}

/// Originates one shape after the other, each with its MULTI_EXIT_DISC, toward peer 1, which takes `most` prefixes and is
/// told of so many routes a pull, in so many pulls before the next shape: it has the last one in the end, and what it must
/// be told of meanwhile.
pub fn reshape(
    rib: &mut Rib,
    most: usize,
    shapes: &[(BTreeSet<Prefix>, Option<u32>)],
    (pull, pulls_between): (usize, usize),
) -> Result<(), TestCaseError> {
    let mut peer = Hearer { most, has: BTreeSet::new() };
    let mut ours: BTreeSet<Prefix> = BTreeSet::new();
    let mut always: BTreeSet<u32> = BTreeSet::new();
    for (round, (new, med)) in shapes.iter().enumerate() {
        let attributes = PathAttributes { multi_exit_disc: *med, ..PathAttributes::default() };
        new.iter().for_each(|prefix| rib.originate(*prefix, Arc::new(attributes.clone()), Arc::from("pod")));
        ours.difference(new).for_each(|prefix| assert!(rib.withdraw_origination(prefix)));
        settle(rib);
        // What is ours since the peer was last up to date, and what it has a route to by now.
        always = match round {
            0 => BTreeSet::new(),
            _ => always.intersection(&addresses(new)).copied().collect(),
        };
        ours.clone_from(new);
        let last = round + 1 == shapes.len();
        let mut steps = 0;
        while (last || steps < pulls_between) && rib.has_pending(PeerId(1)) {
            let Some(batch) = rib.pull(PeerId(1), pull) else { continue };
            steps += 1;
            peer.hear(&batch, &always)?;
            always.extend(addresses(&peer.has).intersection(&addresses(&ours)));
        }
    }
    prop_assert_eq!(peer.has, ours);
    Ok(())
}

/// Peer 2 announces one shape after the other, each by one UPDATE, toward peer 1, which is told of so many routes a pull
/// while no more than so many prefixes are decided: as [`reshape`]. For some prefixes peer 3 has paths that are not eligible,
/// so that they cannot be decided at once.
fn relay(
    shapes: &[BTreeSet<Prefix>],
    undecided: &BTreeSet<Prefix>,
    (pull, decided): (usize, usize),
) -> Result<(), TestCaseError> {
    let mut rib = rib();
    for number in 1..=3 {
        let all = || Arc::new(Policy::accept_all("all"));
        rib.peer_up(PeerFacts { max_prefixes: None, ..facts(number) }, all(), all());
    }
    let of = |peer: u32, asns: &[u32], prefixes: &BTreeSet<Prefix>| {
        let nlri = prefixes.iter().map(|prefix| (*prefix).into()).collect();
        Reachable { nlri, ..learned(peer, asns, &[]) }
    };
    rib.apply(PeerId(3), &[of(3, &[65003, 64512], undecided)], &[]);
    settle(&mut rib);
    let mut peer = Hearer { most: usize::MAX, has: BTreeSet::new() };
    for new in shapes {
        let always = addresses(&peer.has).intersection(&addresses(new)).copied().collect();
        let gone: Vec<_> = peer.has.difference(new).map(|prefix| (*prefix).into()).collect();
        rib.apply(PeerId(2), &[of(2, &[65002], &new.difference(&peer.has).copied().collect())], &gone);
        while rib.undecided() > 0 || rib.has_pending(PeerId(1)) {
            if let Some(batch) = rib.pull(PeerId(1), pull) {
                peer.hear(&batch, &always)?;
            }
            rib.decide(decided);
        }
        prop_assert_eq!(&peer.has, new);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn coverage_never_drops_while_a_peer_changes_its_shape_by_one_update(
        shapes in prop::collection::vec(prop::collection::btree_set(0..31_u32, 0..12), 1..8),
        undecided in prop::collection::btree_set(0..31_u32, 0..31),
        steps in (1..4_usize, 1..6_usize),
    ) {
        let shape = |shape: &BTreeSet<u32>| shape.iter().copied().map(within).collect();
        let shapes: Vec<_> = shapes.iter().map(shape).collect();
        relay(&shapes, &shape(&undecided), steps)?;
    }

    #[test]
    fn coverage_never_drops_while_aggregates_change_shape(
        shapes in prop::collection::vec(prop::collection::btree_set(0..31_u32, 0..12), 1..8),
        pull in 1..4_usize,
        pulls_between in 0..6_usize,
    ) {
        let mut rib = with_peers(1);
        settle(&mut rib);
        let shapes: Vec<_> = shapes.iter().map(|shape| (shape.iter().copied().map(within).collect(), None)).collect();
        reshape(&mut rib, usize::MAX, &shapes, (pull, pulls_between))?;
    }
}
