//! Who is connected with whom, and, by a naive model, which routes everybody must end up with.

use std::collections::{BTreeMap, BTreeSet};

use bgp_core::types::Prefix;

/// Routers by number, and which are peers.
#[derive(Clone, Debug)]
pub struct Topology {
    pub name: &'static str,
    /// The AS of each router.
    pub asns: Vec<u32>,
    /// Pairs of routers, the lower number first.
    pub adjacencies: Vec<(usize, usize)>,
}

/// A route as the Loc-RIB must hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The AS_PATH.
    pub path: Vec<u32>,
    /// The router it was learned from; `None` for one of our own.
    pub from: Option<usize>,
}

/// The routes of one router.
pub type Table = BTreeMap<Prefix, Route>;

impl Topology {
    pub fn neighbours(&self, of: usize) -> Vec<usize> {
        let other = |&(a, b): &(usize, usize)| match of {
            _ if of == a => Some(b),
            _ if of == b => Some(a),
            _ => None,
        };
        self.adjacencies.iter().filter_map(other).collect()
    }

    pub fn is_internal(&self, a: usize, b: usize) -> bool {
        self.asns[a] == self.asns[b]
    }

    /// The Loc-RIBs when everything has been said: all routers tell all neighbours again and again until nothing changes.
    /// `identifiers` break ties; `own` is what each originates.
    pub fn settled(&self, identifiers: &[u32], own: &[BTreeSet<Prefix>]) -> Vec<Table> {
        let routers = 0..self.asns.len();
        let mut tables: Vec<Table> = vec![Table::new(); self.asns.len()];
        for _ in 0..50 {
            let next = routers.clone().map(|router| self.table(router, identifiers, &own[router], &tables)).collect();
            if next == tables {
                return tables;
            }
            tables = next;
        }
        panic!("{} never settles", self.name)
    }

    fn table(&self, router: usize, identifiers: &[u32], own: &BTreeSet<Prefix>, before: &[Table]) -> Table {
        let mut table: Table = own.iter().map(|prefix| (*prefix, Route { path: Vec::new(), from: None })).collect();
        let rank = |route: &Route| {
            let from = route.from.map(|from| (self.is_internal(router, from), identifiers[from]));
            (from.is_some(), route.path.len(), from)
        };
        for from in self.neighbours(router) {
            for (prefix, route) in &before[from] {
                let Some(route) = self.told(from, router, route) else { continue };
                if table.get(prefix).is_none_or(|best| rank(&route) < rank(best)) {
                    table.insert(*prefix, route);
                }
            }
        }
        table
    }

    /// What `to` makes of a route that `from` uses: split horizon, internal routes stay within one hop, no AS twice.
    fn told(&self, from: usize, to: usize, route: &Route) -> Option<Route> {
        let internal = self.is_internal(from, to);
        let learned_internally = route.from.is_some_and(|before| self.is_internal(from, before));
        if route.from == Some(to) || (internal && learned_internally) {
            return None;
        }
        let mut path = route.path.clone();
        if !internal {
            path.insert(0, self.asns[from]);
        }
        (!path.contains(&self.asns[to])).then_some(Route { path, from: Some(from) })
    }
}

pub fn topologies() -> [Topology; 6] {
    let of = |name, asns: &[u32], adjacencies: &[(usize, usize)]| Topology {
        name,
        asns: asns.to_vec(),
        adjacencies: adjacencies.to_vec(),
    };
    [
        of("pair", &[64512, 65001], &[(0, 1)]),
        of("internal pair", &[64512, 64512], &[(0, 1)]),
        of("line", &[65001, 64512, 65002], &[(0, 1), (1, 2)]),
        of("triangle", &[65001, 4_200_000_001, 65003], &[(0, 1), (0, 2), (1, 2)]),
        of("ring", &[65001, 65002, 65003, 65004], &[(0, 1), (1, 2), (2, 3), (0, 3)]),
        of("two gateways", &[64512, 64512, 65001, 65002], &[(0, 1), (0, 2), (1, 3), (2, 3)]),
    ]
}
