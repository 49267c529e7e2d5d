//! The truth, and the files that tell of it, rightly or not.

use std::collections::BTreeMap;

use bgp_core::types::Prefix;
use serde_json::{Value, json};

use super::chance::Chance;
use super::space::Addresses;

const SUBNETWORK: &str = "projects/host/regions/us-central1/subnetworks/gke";
const NETWORK: &str = "projects/host/global/networks/vpc";

/// Blocks of eight pods that a node may have. There is room for more, which is nobody's.
const BLOCKS: usize = 24;

/// Another network, whose addresses are the same.
const STRANGERS: &str = "projects/host/regions/us-central1/subnetworks/strangers";
const OTHER_NETWORK: &str = "projects/host/global/networks/other";

/// What is there: each node with its block of 10.4.0.0/24.
#[derive(Clone)]
pub struct Cloud {
    nodes: BTreeMap<usize, usize>,
    next: usize,
}

/// The files: instances of ours beside the nodes, and nodes by their numbers.
pub const FILES: [&str; 5] = ["subnetworks.json", "beside.json", "nodes-0.json", "nodes-1.json", "nodes-2.json"];
const FILES_OF_NODES: usize = 3;

/// Files, and what would be right.
pub struct Report {
    pub how: Written,
    /// The octets of each of `FILES`; none for one that is not there.
    pub files: [Option<Vec<u8>>; FILES.len()],
    /// What each instance has that may be announced, by the number of the node.
    pub truth: BTreeMap<usize, Addresses>,
    /// What of it the files say beyond doubt.
    pub said: Addresses,
    /// The node of which the files say something wrong.
    pub faulty: Option<usize>,
}

/// How it is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// As it is.
    Whole,
    /// A file is cut short.
    Cut,
    /// A file is without an octet.
    Empty,
    /// A file is not there.
    Gone,
    /// A file is one page of several.
    OnePage,
    /// A zone could not be asked.
    Unreachable,
    /// A node stands twice, in one file or in two.
    Twice,
    /// A node's block lies outside its range.
    Astray,
    /// No subnetwork.
    Nothing,
    /// Nobody of ours, though the subnetworks are there.
    Nobody,
}

impl Written {
    pub fn fault(chance: &mut Chance) -> Self {
        let faults = [
            Self::Cut,
            Self::Empty,
            Self::Gone,
            Self::OnePage,
            Self::Unreachable,
            Self::Twice,
            Self::Astray,
            Self::Nothing,
            Self::Nobody,
        ];
        faults[chance.below(faults.len())]
    }
}

impl Cloud {
    pub fn new(chance: &mut Chance) -> Self {
        let mut cloud = Self { nodes: BTreeMap::new(), next: 0 };
        (0..3 + chance.below(12)).for_each(|_| drop(cloud.comes(chance)));
        cloud
    }

    fn comes(&mut self, chance: &mut Chance) -> String {
        let block = chance.below(BLOCKS);
        if self.nodes.values().any(|taken| *taken == block) {
            return "a node finds no place".to_owned();
        }
        self.next += 1;
        self.nodes.insert(self.next, block);
        format!("node {} comes with block {block}", self.next)
    }

    /// One stays: that nobody is left is believed of no file.
    fn goes(&mut self, chance: &mut Chance) -> String {
        if self.nodes.len() < 2 {
            return "the last node stays".to_owned();
        }
        let Some(node) = self.nodes.keys().nth(chance.below(self.nodes.len().max(1))).copied() else {
            return "nobody is left to go".to_owned();
        };
        self.nodes.remove(&node);
        format!("node {node} goes")
    }

    /// A node gets another block, or that of another one, which goes.
    fn moves(&mut self, chance: &mut Chance) -> String {
        let Some(node) = self.nodes.keys().nth(chance.below(self.nodes.len().max(1))).copied() else {
            return "nobody is there to move".to_owned();
        };
        let block = chance.below(BLOCKS);
        self.nodes.retain(|other, taken| *other == node || *taken != block);
        self.nodes.insert(node, block);
        format!("node {node} moves to block {block}")
    }

    /// Something happens to it.
    pub fn change(&mut self, chance: &mut Chance) -> String {
        match chance.below(14) {
            0..5 => self.comes(chance),
            5..9 => self.goes(chance),
            12.. => self.moves(chance),
            9 => (0..4).map(|_| self.comes(chance)).collect::<Vec<_>>().join(", "),
            10 => (0..1 + chance.below(8)).map(|_| self.goes(chance)).collect::<Vec<_>>().join(", "),
            _ => {
                let kept = 1 + chance.below(3);
                let gone: Vec<usize> = self.nodes.keys().skip(kept).copied().collect();
                self.nodes.retain(|node, _| !gone.contains(node));
                format!("all but {kept} nodes go")
            }
        }
    }

    /// The files, some of them with a fault.
    pub fn written(&self, how: Written, chance: &mut Chance) -> Report {
        let subnetwork = json!({
            "selfLink": SUBNETWORK, "name": "gke", "network": NETWORK, "region": "projects/host/regions/us-central1",
            "ipCidrRange": "10.0.0.0/24",
            "secondaryIpRanges": [
                {"rangeName": "pods", "ipCidrRange": "10.4.0.0/24"},
                // Never to be announced, whatever a glob says.
                {"rangeName": "services", "ipCidrRange": "10.4.1.0/24"},
            ],
        });
        let strangers = json!({
            "selfLink": STRANGERS, "name": "strangers", "network": OTHER_NETWORK,
            "region": "projects/host/regions/us-central1", "ipCidrRange": "10.0.0.0/23",
            "secondaryIpRanges": [{"rangeName": "pods", "ipCidrRange": "10.4.0.0/23"}],
        });
        let mut nodes: [Vec<Value>; FILES_OF_NODES] = Default::default();
        for (number, block) in &self.nodes {
            nodes[number % FILES_OF_NODES].push(node(*number, &format!("10.4.0.{}/29", block * 8)));
        }
        let first = self.nodes.keys().next().copied().filter(|_| matches!(how, Written::Twice | Written::Astray));
        if let Some(first) = first {
            let own = &mut nodes[first % FILES_OF_NODES];
            match how {
                Written::Twice => {
                    let twin = own[0].clone();
                    nodes[chance.below(FILES_OF_NODES)].push(twin);
                }
                _ => own[0] = node(first, "10.9.0.0/29"),
            }
        }
        let is_nobody = matches!(how, Written::Nothing | Written::Nobody);
        if is_nobody {
            nodes = Default::default();
        }
        let subnetworks = if how == Written::Nothing { vec![strangers] } else { vec![subnetwork, strangers] };
        let others = if is_nobody { vec![stranger()] } else { vec![beside(), stranger()] };
        // Of those that hold nodes, and of all.
        let (place, of_all) = (2 + chance.below(FILES_OF_NODES), chance.below(FILES.len()));
        let of_nodes = nodes.into_iter().enumerate().map(|(file, nodes)| match how {
            Written::OnePage if file + 2 == place => json!({
                "kind": "compute#instanceList", "nextPageToken": "more",
                "items": nodes.iter().take(1).collect::<Vec<_>>(),
            }),
            Written::Unreachable if file + 2 == place => json!({
                "kind": "compute#instanceAggregatedList", "unreachables": ["zones/us-central1-b"],
                "items": {"zones/us-central1-a": {"instances": nodes.iter().take(1).collect::<Vec<_>>()}},
            }),
            _ => json!({"instances": nodes}),
        });
        let bundles = [json!({"subnetworks": subnetworks}), json!({"instances": others})].into_iter().chain(of_nodes);
        let mut files: Vec<_> = bundles.map(|bundle| Some(serde_json::to_vec(&bundle).unwrap())).collect();
        let file = &mut files[of_all];
        match (how, file.as_mut()) {
            (Written::Cut, Some(text)) => text.truncate(text.len() / 2),
            (Written::Empty, Some(text)) => text.clear(),
            (Written::Gone, _) => *file = None,
            _ => {}
        }
        let truth = self.truth();
        let damaged = match how {
            Written::Cut | Written::Empty | Written::Gone => Some(of_all),
            Written::OnePage | Written::Unreachable => Some(place),
            _ => None,
        };
        // Without subnetworks nothing has a place.
        let is_nothing = is_nobody || damaged == Some(0);
        let is_said = |node: usize| {
            let file = if node == 0 { 1 } else { 2 + node % FILES_OF_NODES };
            !is_nothing && damaged != Some(file) && first != Some(node)
        };
        let said = truth.iter().filter(|(node, _)| is_said(**node));
        let said = said.fold(Addresses::default(), |all, (_, one)| all.or(*one));
        Report { how, files: files.try_into().unwrap(), truth, said, faulty: first }
    }

    /// What each has; the one beside is number 0.
    fn truth(&self) -> BTreeMap<usize, Addresses> {
        let of = |texts: [String; 2]| Addresses::all(&texts.map(|text| text.parse::<Prefix>().unwrap()));
        let nodes = self.nodes.iter().map(|(number, block)| {
            (*number, of([format!("10.4.0.{}/29", block * 8), format!("{}/32", primary(*number))]))
        });
        let beside = "10.0.0.254/32".to_owned();
        std::iter::once((0, of([beside.clone(), beside]))).chain(nodes).collect()
    }
}

/// An instance with addresses that lead nowhere from outside.
fn beside() -> Value {
    let services = json!([{"ipCidrRange": "10.4.1.0/29", "subnetworkRangeName": "services"}]);
    instance("beside", (NETWORK, SUBNETWORK, "10.0.0.254"), &services)
}

/// An instance of the other network, beside our pods and among them.
fn stranger() -> Value {
    let pods = json!([
        {"ipCidrRange": "10.4.0.192/29", "subnetworkRangeName": "pods"},
        {"ipCidrRange": "10.4.1.0/29", "subnetworkRangeName": "pods"},
    ]);
    instance("stranger", (OTHER_NETWORK, STRANGERS, "10.0.1.2"), &pods)
}

fn instance(name: &str, (network, subnetwork, address): (&str, &str, &str), alias_ranges: &Value) -> Value {
    json!({
        "selfLink": format!("projects/svc/zones/us-central1-a/instances/{name}"), "name": name,
        "zone": "projects/svc/zones/us-central1-a", "status": "RUNNING",
        "networkInterfaces": [{
            "name": "nic0", "network": network, "subnetwork": subnetwork, "networkIP": address,
            "aliasIpRanges": alias_ranges,
        }],
    })
}

/// A node of ours with a block of pods.
fn node(number: usize, block: &str) -> Value {
    let pods = json!([{"ipCidrRange": block, "subnetworkRangeName": "pods"}]);
    instance(&format!("node-{number}"), (NETWORK, SUBNETWORK, &primary(number)), &pods)
}

fn primary(number: usize) -> String {
    format!("10.0.0.{}", number % 250 + 2)
}
