//! Routes to feed a speaker with: generated from a seed, like the table of the Internet in what costs a speaker time.
//!
//! A feed is a list of attribute sets, each with the prefixes that carry it; the same seed and size give the same feed on
//! every machine. What it imitates:
//! - lengths of prefixes: the table of AS131072 in 2024 and 2025, <https://bgp.potaroo.net/as2.0/bgp-active.html> (a million
//!   entries, average length 22.93; 62 % are a /24), see `prefixes.rs`;
//! - more than half of the entries are more specific than another one (same page), which is why prefixes come in runs of
//!   neighbours;
//! - lengths of AS paths: mean 4.4 without the prepending of our own side, as collectors see it
//!   (G. Huston, "BGP in 2024", <https://blog.apnic.net/2025/01/06/bgp-in-2024/>), see `attributes.rs`;
//! - communities on 60 % of the sets (T. Krenc, R. Beverly, G. Smaragdakis, "Keep your communities close", IMC 2020, find most
//!   announcements to carry some).

mod attributes;
mod octets;
mod prefixes;

use std::net::Ipv4Addr;
use std::sync::Arc;

use fastrand::Rng;

pub use attributes::AttributeSet;
pub use octets::Announcer;
pub use prefixes::Ipv4Prefix;

/// Prefixes that share an attribute set.
pub const PREFIXES_A_SET: usize = 8;

/// Attribute sets with their prefixes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    sets: Vec<(AttributeSet, Vec<Ipv4Prefix>)>,
}

impl Feed {
    /// A feed of `routes` prefixes, all different.
    pub fn generate(routes: usize, seed: u64) -> Self {
        let mut dice = Rng::with_seed(seed);
        let prefixes = prefixes::generate(routes, &mut dice);
        let world = attributes::World::generate(&mut dice);
        let sets =
            prefixes.chunks(PREFIXES_A_SET).map(|chunk| (world.attribute_set(&mut dice), chunk.to_vec())).collect();
        Self { sets }
    }

    /// How many routes it has.
    pub fn len(&self) -> usize {
        self.sets.iter().map(|(_, prefixes)| prefixes.len()).sum()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.sets.is_empty()
    }

    /// The sets with their prefixes.
    pub fn sets(&self) -> &[(AttributeSet, Vec<Ipv4Prefix>)] {
        &self.sets
    }

    /// The same routes in `count` feeds of about the same size.
    pub fn split(&self, count: usize) -> Vec<Self> {
        let size = self.sets.len().div_ceil(count.max(1)).max(1);
        self.sets.chunks(size).map(|sets| Self { sets: sets.to_vec() }).collect()
    }

    /// The UPDATEs of a speaker that announces it all, one for each set.
    pub fn announcement(&self, announcer: &Announcer) -> Arc<[u8]> {
        let mut octets = Vec::new();
        self.sets.iter().for_each(|(set, prefixes)| announcer.announce(set, prefixes, &mut octets));
        octets.into()
    }

    /// The UPDATEs that withdraw it all.
    pub fn withdrawal(&self) -> Arc<[u8]> {
        let mut octets = Vec::new();
        self.sets.iter().for_each(|(_, prefixes)| octets::withdraw(prefixes, &mut octets));
        octets.into()
    }
}

impl FromIterator<(AttributeSet, Vec<Ipv4Prefix>)> for Feed {
    fn from_iter<I: IntoIterator<Item = (AttributeSet, Vec<Ipv4Prefix>)>>(sets: I) -> Self {
        Self { sets: sets.into_iter().collect() }
    }
}

/// Where a speaker says that its routes lead: no network of a feed holds it.
pub fn next_hop(speaker: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 255, 0, speaker)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::prefixes::RESERVED;
    use super::*;

    const ROUTES: usize = 50_000;

    fn mean(values: impl Iterator<Item = usize>) -> f64 {
        let values: Vec<f64> = values.map(|value| u32::try_from(value).unwrap().into()).collect();
        values.iter().sum::<f64>() / f64::from(u32::try_from(values.len()).unwrap())
    }

    #[test]
    fn the_same_seed_gives_the_same_feed_and_another_one_another() {
        assert_eq!(Feed::generate(1000, 1), Feed::generate(1000, 1));
        assert_ne!(Feed::generate(1000, 1), Feed::generate(1000, 2));
    }

    #[test]
    fn no_prefix_is_announced_twice_and_none_is_reserved() {
        let feed = Feed::generate(ROUTES, 1);
        let prefixes: HashSet<_> = feed.sets().iter().flat_map(|(_, prefixes)| prefixes).collect();
        assert_eq!((feed.len(), prefixes.len()), (ROUTES, ROUTES));
        assert!(prefixes.iter().all(|prefix| RESERVED.iter().all(|reserved| !reserved.covers(**prefix))));
    }

    #[test]
    fn it_is_like_the_table_of_the_internet() {
        let feed = Feed::generate(ROUTES, 1);
        let lengths = feed.sets().iter().flat_map(|(_, prefixes)| prefixes).map(|prefix| usize::from(prefix.len()));
        let average = mean(lengths.clone());
        assert!((22.8..23.1).contains(&average), "average prefix length {average}");
        let slash_24 = mean(lengths.map(|length| usize::from(length == 24)));
        assert!((0.61..0.63).contains(&slash_24), "{slash_24} are a /24");
        let path = mean(feed.sets().iter().map(|(set, _)| set.path_len()));
        assert!((4.3..4.5).contains(&path), "average AS path length {path}");
        let with_communities = mean(feed.sets().iter().map(|(set, _)| usize::from(!set.communities.is_empty())));
        assert!((0.58..0.62).contains(&with_communities), "{with_communities} of the sets have communities");
        let different: HashSet<_> = feed.sets().iter().map(|(set, _)| set).collect();
        assert!(different.len() * 100 > feed.sets().len() * 99, "{} different sets", different.len());
    }

    #[test]
    fn parts_of_a_feed_are_the_feed() {
        let feed = Feed::generate(10_000, 1);
        let parts = feed.split(4);
        assert_eq!(parts.len(), 4);
        assert_eq!(parts.iter().flat_map(|part| part.sets().to_vec()).collect::<Vec<_>>(), feed.sets());
    }
}
