//! Withdrawals that wait for a person's word.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::SystemTime;

use bgp_core::types::Prefix;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::budget::Reason;
use crate::origination::coverage::Addresses;
use crate::origination::losses::{Loss, Losses};
use crate::origination::{Owners, written};

/// Octets of the hash that are shown and asked for.
const HASH_OCTETS: usize = 8;

/// Withdrawals that are held back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hold {
    /// Names exactly these withdrawals: 16 hexadecimal digits, the first of a SHA-256 over prefixes, roles and who would
    /// lose them. The same withdrawals have the same hash in every process and version.
    pub hash: String,
    /// Since when something is held without a break.
    #[serde(with = "written::time")]
    pub since: SystemTime,
    /// The limits that they went beyond, when they did.
    pub reasons: Vec<Reason>,
    /// What is held.
    #[serde(with = "as_list")]
    pub routes: BTreeMap<Prefix, HeldRoute>,
}

/// One withdrawal that is held back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeldRoute {
    /// The role of the origination that stays.
    pub role: String,
    /// Whether it would not be originated any more; else only these peers would not be told of it.
    pub everywhere: bool,
    /// The peers that would lose it.
    pub peers: Vec<Arc<str>>,
    /// Addresses that would lose their route, where most of them would.
    pub lost: Addresses,
    /// Whether it is held because it is protected.
    pub protected: bool,
    /// Whose its addresses were when they were last in use.
    pub owners: Owners,
}

impl HeldRoute {
    pub(super) fn new(loss: &Loss, losses: &Losses, protected: bool, owners: Owners) -> Self {
        let (mut peers, mut lost) = (Vec::new(), Addresses::NONE);
        for (index, here) in &loss.scopes {
            peers.extend(losses.scopes.get(*index).into_iter().flat_map(|scope| scope.peers.iter().cloned()));
            lost.ipv4 = lost.ipv4.max(here.ipv4);
            lost.ipv6 = lost.ipv6.max(here.ipv6);
        }
        peers.sort();
        let everywhere = loss.scopes.iter().any(|(index, _)| *index == 0);
        Self { role: loss.role.to_string(), everywhere, peers, lost, protected, owners }
    }

    /// Whether nobody loses by `self` who would not by `other`.
    pub(super) fn is_within(&self, other: &Self) -> bool {
        self.everywhere <= other.everywhere && self.peers.iter().all(|peer| other.peers.contains(peer))
    }
}

impl HeldRoute {
    /// Both held as one prefix that lies over the prefixes of both.
    fn beside(self, other: Self) -> Self {
        let Self { role, everywhere, mut peers, mut lost, protected, mut owners } = self;
        peers.extend(other.peers);
        peers.sort();
        peers.dedup();
        lost += other.lost;
        owners.shown.extend(other.owners.shown);
        owners.shown.truncate(Owners::SHOWN);
        owners.total += other.owners.total;
        Self {
            role,
            everywhere: everywhere || other.everywhere,
            peers,
            lost,
            protected: protected || other.protected,
            owners,
        }
    }
}

impl Hold {
    /// The same, with `over` in the place of each prefix that is held.
    pub(in crate::origination) fn moved(&self, over: impl Fn(&Prefix, &HeldRoute) -> Prefix) -> Self {
        let mut routes: BTreeMap<Prefix, HeldRoute> = BTreeMap::new();
        for (prefix, route) in &self.routes {
            let place = over(prefix, route);
            let route = match routes.remove(&place) {
                Some(there) => there.beside(route.clone()),
                None => route.clone(),
            };
            routes.insert(place, route);
        }
        Self::new(self.since, self.reasons.clone(), routes)
    }

    pub(super) fn new(since: SystemTime, mut reasons: Vec<Reason>, routes: BTreeMap<Prefix, HeldRoute>) -> Self {
        reasons.sort();
        reasons.dedup();
        Self { hash: hash(&routes), since, reasons, routes }
    }
}

fn hash(routes: &BTreeMap<Prefix, HeldRoute>) -> String {
    let of_route = |(prefix, route): (&Prefix, &HeldRoute)| {
        let reach = if route.everywhere { "everywhere" } else { "told" };
        let fixed = [prefix.to_string(), route.role.clone(), reach.to_owned(), route.peers.len().to_string()];
        fixed.into_iter().chain(route.peers.iter().map(ToString::to_string)).collect::<Vec<_>>()
    };
    digest(routes.iter().flat_map(of_route))
}

/// The first 16 hexadecimal digits of a SHA-256 over these texts.
pub(in crate::origination) fn digest(texts: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        let text = text.as_ref();
        // With its length before it, so that no text can end in what another begins with.
        hash.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(text);
    }
    let digest = hash.finalize();
    digest.iter().take(HASH_OCTETS).fold(String::new(), |mut hex, octet| {
        // Writing to a text does not fail.
        let _written = write!(hex, "{octet:02x}");
        hex
    })
}

/// A map as a list of pairs, since prefixes are no keys in every format.
mod as_list {
    use std::collections::BTreeMap;

    use bgp_core::types::Prefix;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::HeldRoute;
    use crate::origination::written;

    #[derive(Serialize)]
    struct Given<'a> {
        #[serde(with = "written::prefix")]
        prefix: Prefix,
        #[serde(flatten)]
        route: &'a HeldRoute,
    }

    #[derive(Deserialize)]
    struct Taken {
        #[serde(with = "written::prefix")]
        prefix: Prefix,
        #[serde(flatten)]
        route: HeldRoute,
    }

    pub fn serialize<S: Serializer>(routes: &BTreeMap<Prefix, HeldRoute>, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(routes.iter().map(|(prefix, route)| Given { prefix: *prefix, route }))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<Prefix, HeldRoute>, D::Error> {
        let list = Vec::<Taken>::deserialize(from)?;
        Ok(list.into_iter().map(|Taken { prefix, route }| (prefix, route)).collect())
    }
}
