//! Attribute sets: AS paths through a world of few transit and many origin ASes, and what else real sets carry.

use fastrand::Rng;

/// The attributes of a route but for the next hop and the AS of who announces it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AttributeSet {
    /// ORIGIN: 0 is IGP, 2 is incomplete.
    pub origin: u8,
    /// The AS path behind the announcer, nearest first.
    pub path: Vec<u32>,
    /// MULTI_EXIT_DISC.
    pub med: Option<u32>,
    /// LOCAL_PREF, which goes to peers in our AS only.
    pub local_pref: Option<u32>,
    /// AGGREGATOR: its AS and address; ATOMIC_AGGREGATE goes with it.
    pub aggregator: Option<(u32, [u8; 4])>,
    /// COMMUNITIES, ascending.
    pub communities: Vec<u32>,
}

impl AttributeSet {
    /// A route of the announcer's own, without anything that it could be without.
    pub const fn bare() -> Self {
        Self { origin: 0, path: Vec::new(), med: None, local_pref: None, aggregator: None, communities: Vec::new() }
    }

    /// Length of the path with the announcer in it.
    pub fn path_len(&self) -> usize {
        self.path.len() + 1
    }
}

/// Of 100 sets, how many have a path of which length, the announcer included: 4.42 on average.
const PATH_LENGTHS: [(usize, usize); 7] = [(2, 7), (3, 21), (4, 28), (5, 23), (6, 12), (7, 6), (8, 3)];

/// ASes that carry others' routes.
const TRANSIT_ASES: usize = 2_000;
/// ASes that announce routes of their own.
const ORIGIN_ASES: usize = 75_000;
/// Of 100 ASes, how many have a number of four octets.
const FOUR_OCTETS: u32 = 45;
/// Different communities that an AS attaches.
const COMMUNITIES_OF_AN_AS: u32 = 40;

/// The ASes that paths are made of.
#[derive(Clone, Debug)]
pub struct World {
    transit: Vec<u32>,
    origins: Vec<u32>,
}

impl World {
    /// As many ASes as the Internet has.
    pub fn generate(dice: &mut Rng) -> Self {
        let mut ases = |count: usize| (0..count).map(|_| asn(dice)).collect::<Vec<u32>>();
        Self { transit: ases(TRANSIT_ASES), origins: ases(ORIGIN_ASES) }
    }

    /// One attribute set.
    pub fn attribute_set(&self, dice: &mut Rng) -> AttributeSet {
        let path = self.path(dice);
        let communities = if dice.u32(0..100) < 60 { communities(&path, dice) } else { Vec::new() };
        let aggregator = (dice.u32(0..100) < 4).then(|| {
            let [a, b, c, d] = dice.u32(0x0B00_0000..0x6400_0000).to_be_bytes();
            (path.last().copied().unwrap_or(1), [a, b, c, d])
        });
        AttributeSet {
            origin: if dice.u32(0..100) < 10 { 2 } else { 0 },
            med: (dice.u32(0..100) < 25).then(|| dice.u32(0..200)),
            local_pref: None,
            aggregator,
            communities,
            path,
        }
    }

    fn path(&self, dice: &mut Rng) -> Vec<u32> {
        let mut left = dice.usize(0..100);
        let mut length = 4;
        for (of_length, share) in PATH_LENGTHS {
            if left < share {
                length = of_length;
                break;
            }
            left -= share;
        }
        // Without the announcer; the last one is the origin, which may be there several times.
        let origin = dice.choice(&self.origins).copied().unwrap_or(1);
        let prepended = if dice.u32(0..100) < 15 { dice.usize(1..=2) } else { 0 };
        let transit = (length - 2).saturating_sub(prepended);
        let mut path: Vec<u32> = (0..transit).map(|_| self.transit(dice)).collect();
        path.dedup();
        path.resize(length - 1, origin);
        path
    }

    /// The greater ones are on more paths: the square of an even draw.
    fn transit(&self, dice: &mut Rng) -> u32 {
        let place = dice.usize(0..TRANSIT_ASES);
        self.transit.get(place * place / TRANSIT_ASES).copied().unwrap_or(1)
    }
}

/// A public AS number; those below 1000 and those kept for documents and private use are none.
fn asn(dice: &mut Rng) -> u32 {
    if dice.u32(0..100) < FOUR_OCTETS { dice.u32(131_072..401_309) } else { 1_000 + dice.u32(0..22_000) }
}

/// One to eleven communities, four on average, of the ASes on the path.
fn communities(path: &[u32], dice: &mut Rng) -> Vec<u32> {
    let count = 1 + dice.usize(0..=4) + if dice.u32(0..100) < 25 { dice.usize(1..=6) } else { 0 };
    let mut found: Vec<u32> = (0..count)
        .map(|_| {
            let asn = dice.choice(path).copied().unwrap_or(1) & 0xFFFF;
            // Those from 65535 on mean something to every speaker, as in NO_EXPORT.
            let high = if asn == 0xFFFF || asn == 0 { 1 } else { asn };
            high << 16 | (dice.u32(0..COMMUNITIES_OF_AN_AS) * 50 + 100)
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}
