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

pub fn addresses(prefixes: &BTreeSet<Prefix>) -> BTreeSet<u32> {
    (0..16)
        .filter(|host| prefixes.iter().any(|prefix| prefix.contains(Ipv4Addr::from_bits(0x0A00_0000 + host).into())))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn coverage_never_drops_while_aggregates_change_shape(
        shapes in prop::collection::vec(prop::collection::btree_set(0..31_u32, 0..12), 1..8),
        pull in 1..4_usize,
        pulls_between in 0..6_usize,
    ) {
        let mut rib = with_peers(1);
        settle(&mut rib);
        let mut told: BTreeSet<Prefix> = BTreeSet::new();
        let mut ours: BTreeSet<Prefix> = BTreeSet::new();
        let mut always: BTreeSet<u32> = BTreeSet::new();
        for (round, shape) in shapes.iter().enumerate() {
            let new: BTreeSet<Prefix> = shape.iter().map(|number| within(*number)).collect();
            new.difference(&ours).for_each(|prefix| rib.originate(*prefix, Arc::new(PathAttributes::default()), Arc::from("pod")));
            ours.difference(&new).for_each(|prefix| { rib.withdraw_origination(prefix); });
            settle(&mut rib);
            // What is ours since the peer was last up to date, and what it has a route to by now.
            always = match round { 0 => BTreeSet::new(), _ => always.intersection(&addresses(&new)).copied().collect() };
            ours = new;
            let last = round + 1 == shapes.len();
            let mut steps = 0;
            while last || steps < pulls_between {
                let Some(batch) = rib.pull(PeerId(1), pull) else { break };
                steps += 1;
                for nlri in batch.announced().flat_map(|(_, nlri)| nlri) {
                    told.insert(nlri.prefix);
                    prop_assert!(always.is_subset(&addresses(&told)));
                }
                for nlri in &batch.withdraw {
                    told.remove(&nlri.prefix);
                    let covered = addresses(&told);
                    prop_assert!(always.is_subset(&covered), "withdrawing {} leaves {always:?} with {covered:?}", nlri.prefix);
                }
                always.extend(addresses(&told).intersection(&addresses(&ours)));
            }
        }
        prop_assert_eq!(told, ours);
    }
}
