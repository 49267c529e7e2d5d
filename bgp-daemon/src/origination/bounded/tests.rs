//! The aggregator against a model that tries every prefix over every address.

use std::collections::BTreeSet;
use std::net::IpAddr;

use bgp_core::types::{AddressFamily, Prefix};
use proptest::prelude::*;

use super::{Aggregator, Lengths, Limits, Territory};

/// Sixty-four addresses of each family.
const SPACES: [&str; 2] = ["10.0.0.0/26", "fd00::/122"];

fn prefix(text: &str) -> Prefix {
    Prefix::parse_exact(text).unwrap()
}

/// The block of `space` that lies `offset` addresses after its begin and is `bits` longer.
fn block(space: &str, offset: u128, bits: u8) -> Prefix {
    let space = prefix(space);
    let first = match space.network() {
        IpAddr::V4(address) => IpAddr::V4((u32::from(address) + u32::try_from(offset).unwrap()).into()),
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) + offset).into()),
    };
    Prefix::new(first, space.len() + bits).unwrap()
}

/// What a cover is made of and what it must keep to.
#[derive(Clone, Debug)]
struct World {
    owned: Vec<Vec<Prefix>>,
    forbidden: Vec<Prefix>,
    limits: Limits,
}

impl World {
    fn territory(&self) -> Territory {
        Territory::join(self.owned.iter().map(|owned| Territory::new(owned, &self.forbidden)))
    }

    fn aggregator(&self) -> Aggregator {
        Aggregator::new(self.territory(), self.limits)
    }
}

/// Every address of some spaces, by its place among them, and every prefix over them.
struct Model<'a> {
    spaces: &'a [&'a str],
    /// Each space has two to the power of so many addresses.
    bits: u8,
    /// By how many bits a prefix is longer than its space, and its place among those: what it weighs, when it may be
    /// announced.
    allowed: Vec<Vec<Option<u128>>>,
    max_prefixes: Option<u32>,
}

impl<'a> Model<'a> {
    fn new(world: &World, spaces: &'a [&'a str], bits: u8) -> Self {
        let mut model = Self { spaces, bits, allowed: Vec::new(), max_prefixes: world.limits.max_prefixes };
        let mut owners = vec![None; spaces.len() << bits];
        for (owner, owned) in world.owned.iter().enumerate() {
            owned.iter().flat_map(|prefix| model.places(prefix)).for_each(|place| owners[place] = Some(owner));
        }
        world.forbidden.iter().flat_map(|prefix| model.places(prefix)).for_each(|place| owners[place] = None);
        let ipv4_weight = world.territory().ipv4_weight_bits();
        let mut wider = vec![None; spaces.len()];
        for len in 0..=bits {
            let of_one = |part: &[Option<usize>]| part[0].filter(|_| part.iter().all(|owner| *owner == part[0]));
            let ours: Vec<_> = owners.chunks(1 << (bits - len)).map(of_one).collect();
            let weight = |(index, owner): (usize, &Option<usize>)| {
                owner.as_ref()?;
                let space = prefix(spaces[index >> len]);
                let (lengths, weight) = match space.family() {
                    AddressFamily::Ipv4Unicast => (world.limits.ipv4, ipv4_weight),
                    AddressFamily::Ipv6Unicast => (world.limits.ipv6, 0),
                };
                // What is owned may be smaller than the longest prefix.
                let widest = len == 0 || wider[index / 2].is_none();
                let longest = space.len() + len <= lengths.longest || widest;
                (space.len() + len >= lengths.shortest && longest).then_some(1 << (bits - len) << weight)
            };
            model.allowed.push(ours.iter().enumerate().map(weight).collect());
            wider = ours;
        }
        model
    }

    fn place(&self, address: IpAddr) -> usize {
        let space = self.spaces.iter().position(|space| prefix(space).contains(address)).unwrap();
        let low = match address {
            IpAddr::V4(address) => u128::from(u32::from(address)),
            IpAddr::V6(address) => address.into(),
        };
        (space << self.bits) + usize::try_from(low % (1 << self.bits)).unwrap()
    }

    fn places(&self, prefix: &Prefix) -> std::ops::Range<usize> {
        let first = self.place(prefix.network());
        first..first + (1 << (prefix.family().max_prefix_len() - prefix.len()))
    }

    fn weight(&self, cover: &[Prefix]) -> u128 {
        let weight = |prefix: &Prefix| {
            let places = self.places(prefix);
            let len = self.bits - u8::try_from(places.len().ilog2()).unwrap();
            self.allowed[usize::from(len)][places.start / places.len()]
                .unwrap_or_else(|| panic!("{prefix} may not be announced"))
        };
        cover.iter().map(weight).sum()
    }

    /// The places of what is in use and ours, ascending.
    fn hosts(&self, used: &[Prefix]) -> Vec<usize> {
        let ours = |place: &usize| {
            (0..=self.bits).any(|len| self.allowed[usize::from(len)][place >> (self.bits - len)].is_some())
        };
        let places: BTreeSet<usize> = used.iter().flat_map(|prefix| self.places(prefix)).collect();
        places.into_iter().filter(ours).collect()
    }

    /// The least sum of costs that cover all of `hosts` with disjoint prefixes, where `cost` gives what a prefix of some
    /// weight costs, and `most` of them may be used.
    fn least(&self, hosts: &[usize], most: usize, cost: impl Fn(u128) -> (u128, u128)) -> Option<(u128, u128)> {
        // By the number of prefixes that are left, what all hosts from an index on cost.
        let mut costs = vec![vec![None; hosts.len() + 1]; most + 1];
        for left in 0..=most {
            costs[left][hosts.len()] = Some((0, 0));
            for at in (0..hosts.len()).rev().filter(|_| left > 0) {
                let way = |len: u8| {
                    let shift = self.bits - len;
                    let index = hosts[at] >> shift;
                    let (one, other) = cost(self.allowed[usize::from(len)][index]?);
                    if at > 0 && hosts[at - 1] >> shift == index {
                        return None;
                    }
                    let after = at + hosts[at..].partition_point(|host| host >> shift == index);
                    costs[left - 1][after].map(|(rest_one, rest_other)| (rest_one + one, rest_other + other))
                };
                costs[left][at] = (0..=self.bits).filter_map(way).min();
            }
        }
        costs[most][0]
    }

    /// The best there is under the bound, or where it cannot be kept, with the fewest: its weight, of several the least
    /// number of prefixes, and how many may be used.
    fn best(&self, hosts: &[usize]) -> (u128, usize, usize) {
        let (fewest, _) = self.least(hosts, hosts.len(), |weight| (1, weight)).unwrap();
        let fewest = usize::try_from(fewest).unwrap();
        let most = self.max_prefixes.map_or(hosts.len(), |most| fewest.max(most as usize));
        let (weight, count) = self.least(hosts, most, |weight| (weight, 1)).unwrap();
        (weight, usize::try_from(count).unwrap(), most)
    }

    /// What holds of every cover, whatever was kept: it covers what is in use, and it is allowed.
    fn check(&self, aggregator: &Aggregator, hosts: &[usize]) {
        let cover: Vec<_> = aggregator.cover().map(|one| (self.places(&one.prefix), one.used)).collect();
        for host in hosts {
            assert_eq!(cover.iter().filter(|(places, _)| places.contains(host)).count(), 1, "{host} in {cover:?}");
        }
        for (places, used) in &cover {
            assert_eq!(hosts.iter().filter(|host| places.contains(host)).count() as u128, *used, "in {places:?}");
            assert!(*used > 0, "{places:?} has nothing in use");
        }
        assert!(cover.is_sorted_by(|(left, _), (right, _)| left.end <= right.start), "{cover:?}");
    }
}

fn blocks(count: std::ops::Range<usize>, bits: std::ops::RangeInclusive<u8>) -> impl Strategy<Value = Vec<Prefix>> {
    let one = (prop::sample::select(SPACES.to_vec()), 0_u128..64, bits);
    prop::collection::vec(one.prop_map(|(space, offset, bits)| block(space, offset, bits)), count)
}

fn lengths(shortest: u8) -> impl Strategy<Value = Lengths> {
    let random = (0_u8..=6, 0_u8..=6).prop_map(move |(one, other)| Lengths {
        shortest: shortest + one.min(other),
        longest: shortest + one.max(other),
    });
    prop_oneof![Just(Lengths { shortest: 0, longest: shortest + 6 }), random]
}

fn worlds(keep_permille: u32) -> impl Strategy<Value = World> {
    let owned = (blocks(0..5, 0..=4), blocks(0..3, 1..=4));
    (owned, blocks(0..3, 2..=6), prop::option::weighted(0.9, 1_u32..8), lengths(26), lengths(122)).prop_map(
        move |((first, second), forbidden, max_prefixes, ipv4, ipv6)| {
            // What two own at once belongs to the first.
            let apart = |one: &Prefix| !first.iter().any(|other| other.overlaps(one));
            let second = second.into_iter().filter(apart).collect();
            let limits = Limits { max_prefixes, ipv4, ipv6, keep_permille };
            World { owned: vec![first, second], forbidden, limits }
        },
    )
}

/// A use that begins or ends.
#[derive(Clone, Copy, Debug)]
enum Change {
    Add(Prefix),
    /// The one of those in use that this falls on.
    Remove(usize),
    Settle,
}

fn changes(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Change>> {
    let add = blocks(1..2, 1..=6).prop_map(|blocks| Change::Add(blocks[0]));
    let one = prop_oneof![4 => add, 2 => (0_usize..64).prop_map(Change::Remove), 1 => Just(Change::Settle)];
    prop::collection::vec(one, count)
}

fn apply(change: Change, aggregator: &mut Aggregator, used: &mut Vec<Prefix>) {
    match change {
        Change::Add(prefix) => {
            aggregator.add(&prefix);
            used.push(prefix);
        }
        Change::Remove(index) if !used.is_empty() => {
            let gone = used.swap_remove(index % used.len());
            aggregator.remove(&gone);
        }
        Change::Remove(_) => {}
        Change::Settle => aggregator.settle(),
    }
}

fn cover(aggregator: &Aggregator) -> Vec<Prefix> {
    aggregator.cover().map(|covered| covered.prefix).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn is_the_best_there_is_and_of_that_the_fewest_prefixes(
        world in worlds(1000), used in blocks(0..14, 1..=6)
    ) {
        let model = Model::new(&world, &SPACES, 6);
        let hosts = model.hosts(&used);
        let mut aggregator = world.aggregator();
        used.iter().for_each(|prefix| aggregator.add(prefix));
        aggregator.settle();
        model.check(&aggregator, &hosts);
        let (weight, count, most) = model.best(&hosts);
        prop_assert_eq!((model.weight(&cover(&aggregator)), aggregator.len()), (weight, count), "{:?}", cover(&aggregator));
        if let Some(bound) = world.limits.max_prefixes {
            let fewest = aggregator.fewest();
            prop_assert_eq!(fewest > bound, most > bound as usize);
            prop_assert!(fewest <= bound || fewest as usize == most);
        }
    }

    #[test]
    fn is_the_same_whatever_the_order_and_the_way(world in worlds(1000), changes in changes(0..40)) {
        let (mut aggregator, mut used) = (world.aggregator(), Vec::new());
        changes.into_iter().for_each(|change| apply(change, &mut aggregator, &mut used));
        aggregator.settle();
        for order in [used.clone(), used.iter().rev().copied().collect()] {
            let mut anew = world.aggregator();
            order.iter().for_each(|prefix| anew.add(prefix));
            anew.settle();
            prop_assert_eq!(cover(&aggregator), cover(&anew));
            prop_assert_eq!((aggregator.fewest(), aggregator.exact()), (anew.fewest(), anew.exact()));
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn keeps_a_cover_while_it_is_good_enough_and_never_beyond(
        world in (1001_u32..1600).prop_flat_map(worlds), changes in changes(0..20)
    ) {
        let model = Model::new(&world, &SPACES, 6);
        let (mut aggregator, mut used, mut before) = (world.aggregator(), Vec::new(), Vec::new());
        for change in changes {
            apply(change, &mut aggregator, &mut used);
            aggregator.settle();
            let hosts = model.hosts(&used);
            model.check(&aggregator, &hosts);
            let (weight, _, most) = model.best(&hosts);
            let most_weight = weight + weight * u128::from(world.limits.keep_permille - 1000) / 1000;
            let after = cover(&aggregator);
            prop_assert!(model.weight(&after) <= most_weight, "{:?}, the best weighs {}", after, weight);
            prop_assert!(world.limits.max_prefixes.is_none() || after.len() <= most);
            let places: Vec<_> = before.iter().map(|prefix| model.places(prefix)).collect();
            let was_good = before.len() <= most
                && model.weight(&before) <= most_weight
                && places.iter().all(|places| hosts.iter().any(|host| places.contains(host)))
                && hosts.iter().all(|host| places.iter().any(|places| places.contains(host)));
            if was_good {
                prop_assert_eq!(&after, &before, "moved without need");
            }
            before = after;
        }
    }

    #[test]
    fn takes_up_a_cover_where_another_left_it(
        world in worlds(1300), changes in changes(0..30), further in changes(0..6)
    ) {
        let (mut aggregator, mut used) = (world.aggregator(), Vec::new());
        changes.into_iter().for_each(|change| apply(change, &mut aggregator, &mut used));
        aggregator.settle();
        let mut other = world.aggregator();
        used.iter().for_each(|prefix| other.add(prefix));
        let announced = cover(&aggregator);
        other.resume(&announced);
        other.settle();
        prop_assert_eq!(cover(&other), announced);
        // From here on the two may choose otherwise, for one knows of earlier costs; either choice is a good one.
        let model = Model::new(&world, &SPACES, 6);
        for change in further {
            apply(change, &mut other, &mut used);
            other.settle();
            let hosts = model.hosts(&used);
            model.check(&other, &hosts);
            let (weight, _, most) = model.best(&hosts);
            let most_weight = weight + weight * u128::from(world.limits.keep_permille - 1000) / 1000;
            prop_assert!(model.weight(&cover(&other)) <= most_weight);
            prop_assert!(world.limits.max_prefixes.is_none() || other.len() <= most);
        }
    }

    #[test]
    fn takes_up_no_more_of_a_foreign_cover_than_may_be(
        world in worlds(1300), used in blocks(0..14, 1..=6), foreign in blocks(0..14, 0..=6)
    ) {
        let mut aggregator = world.aggregator();
        used.iter().for_each(|prefix| aggregator.add(prefix));
        aggregator.resume(&foreign);
        aggregator.settle();
        let model = Model::new(&world, &SPACES, 6);
        let hosts = model.hosts(&used);
        model.check(&aggregator, &hosts);
        let (weight, _, _) = model.best(&hosts);
        prop_assert!(model.weight(&cover(&aggregator)) * 1000 <= weight * 1300, "the best weighs {}", weight);
    }
}

/// A thousand addresses, so many that costs are kept in the trie and bounded in between.
const WIDE: &str = "10.0.0.0/22";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn is_the_best_there_is_after_many_changes_too(
        first in prop::collection::btree_set(0_u128..1024, 60..200),
        changes in prop::collection::vec((any::<bool>(), 0_u128..1024), 0..60),
        most in 1_u32..70,
        keep_permille in prop::sample::select(vec![1000, 1001, 1050, 1200]),
    ) {
        let any_length = |longest| Lengths { shortest: 0, longest };
        let limits = Limits { max_prefixes: Some(most), ipv4: any_length(32), ipv6: any_length(128), keep_permille };
        let world = World { owned: vec![vec![prefix(WIDE)]], forbidden: Vec::new(), limits };
        let host = |offset: u128| block(WIDE, offset, 10);
        let mut aggregator = world.aggregator();
        let mut used = first;
        used.iter().for_each(|offset| aggregator.add(&host(*offset)));
        for (add, offset) in changes {
            match (add, used.range(offset..).next().copied()) {
                (true, _) if used.insert(offset) => aggregator.add(&host(offset)),
                (false, Some(next)) => {
                    used.remove(&next);
                    aggregator.remove(&host(next));
                }
                _ => {}
            }
            aggregator.settle();
        }
        aggregator.settle();
        let model = Model::new(&world, &[WIDE], 10);
        let hosts: Vec<usize> = used.iter().map(|offset| usize::try_from(*offset).unwrap()).collect();
        model.check(&aggregator, &hosts);
        let (weight, _, _) = model.best(&hosts);
        let found = model.weight(&cover(&aggregator));
        prop_assert!(found <= weight + weight * u128::from(keep_permille - 1000) / 1000, "{} against {}", found, weight);
        prop_assert_eq!(aggregator.costs().1, weight - hosts.len() as u128);
        prop_assert!(aggregator.len() <= most as usize);
    }
}

fn limits(max_prefixes: Option<u32>) -> Limits {
    let any_length = |longest| Lengths { shortest: 0, longest };
    Limits { max_prefixes, ipv4: any_length(32), ipv6: any_length(128), keep_permille: 1000 }
}

fn settled(territory: Territory, limits: Limits, used: &[&str]) -> Vec<String> {
    let mut aggregator = Aggregator::new(territory, limits);
    used.iter().for_each(|text| aggregator.add(&prefix(text)));
    aggregator.settle();
    aggregator.cover().map(|covered| covered.prefix.to_string()).collect()
}

fn owned(texts: &[&str]) -> Territory {
    let owned: Vec<Prefix> = texts.iter().map(|text| prefix(text)).collect();
    Territory::new(&owned, &[])
}

#[test]
fn counts_whole_families_without_overflow_and_makes_no_default_route_of_them() {
    let all = || owned(&["0.0.0.0/0", "::/0"]);
    let halves = ["0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1"];
    assert_eq!(all().prefixes().map(|prefix| prefix.to_string()).collect::<Vec<_>>(), halves);
    assert_eq!(settled(all(), limits(Some(1)), &["0.0.0.0/0", "::/0"]), halves);
    let hosts = ["0.0.0.0/32", "255.255.255.255/32", "::/128", "7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"];
    assert_eq!(settled(all(), limits(Some(3)), &hosts), ["0.0.0.0/32", "255.255.255.255/32", "::/1"]);
}

#[test]
fn weighs_both_families_alike() {
    let both = || owned(&["10.0.0.0/16", "fd00::/64"]);
    // A gap of one part in 256 of the IPv4 range, and one of one in 2^16 of the IPv6 range, which has far more addresses.
    let used = ["10.0.0.0/24", "10.0.2.0/24", "fd00::/80", "fd00:0:0:0:2::/80"];
    assert_eq!(settled(both(), limits(Some(3)), &used), ["10.0.0.0/24", "10.0.2.0/24", "fd00::/78"]);
}

#[test]
fn splits_what_is_larger_than_allowed_unless_it_takes_too_many() {
    let lengths = |shortest| Limits { ipv4: Lengths { shortest, longest: 32 }, ..limits(None) };
    let eight = || owned(&["10.0.0.0/8"]);
    assert_eq!(settled(eight(), lengths(9), &["10.0.0.0/8"]), ["10.0.0.0/9", "10.128.0.0/9"]);
    assert_eq!(settled(eight(), lengths(16), &["10.0.0.0/8"]).len(), 256);
    assert_eq!(settled(eight(), lengths(17), &["10.0.0.0/8"]), ["10.0.0.0/8"]);
}
