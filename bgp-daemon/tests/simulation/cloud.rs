//! The truth, and the files that tell of it, rightly or not.

use std::collections::BTreeMap;

use bgp_core::types::Prefix;
use serde_json::{Value, json};

use super::chance::Chance;

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

/// A file, and what would be right.
pub struct Report {
    pub how: Written,
    pub octets: Vec<u8>,
    /// The block that each node has.
    pub truth: BTreeMap<usize, Prefix>,
    /// The node of which the file says something wrong.
    pub faulty: Option<usize>,
}

/// How it is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// As it is.
    Whole,
    /// Cut short.
    Cut,
    /// Without an octet.
    Empty,
    /// One page of several.
    OnePage,
    /// A zone could not be asked.
    Unreachable,
    /// A node stands twice.
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

    /// The file.
    pub fn written(&self, how: Written) -> Report {
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
        let mut instances: Vec<Value> =
            self.nodes.iter().map(|(number, block)| node(*number, &format!("10.4.0.{}/29", block * 8))).collect();
        instances.extend([beside(), stranger()]);
        match how {
            Written::Twice => instances.extend(instances.first().cloned()),
            Written::Astray => {
                if let Some(first) = self.nodes.keys().next() {
                    instances[0] = node(*first, "10.9.0.0/29");
                } else {
                    instances.push(node(0, "10.9.0.0/29"));
                }
            }
            _ => {}
        }
        if how == Written::Nobody {
            instances = vec![stranger()];
        }
        let bundle = match how {
            Written::Nothing => json!({"subnetworks": [strangers], "instances": [stranger()]}),
            Written::OnePage => json!({
                "kind": "compute#instanceList", "nextPageToken": "more",
                "items": instances.iter().take(1).collect::<Vec<_>>(),
            }),
            Written::Unreachable => json!({
                "kind": "compute#instanceAggregatedList", "unreachables": ["zones/us-central1-b"],
                "items": {"zones/us-central1-a": {"instances": instances.iter().take(1).collect::<Vec<_>>()}},
            }),
            _ => json!({"subnetworks": [subnetwork, strangers], "instances": instances}),
        };
        let mut text = serde_json::to_vec(&bundle).unwrap();
        match how {
            Written::Cut => text.truncate(text.len() / 2),
            Written::Empty => text.clear(),
            _ => {}
        }
        let block = |(node, block): (&usize, &usize)| (*node, format!("10.4.0.{}/29", block * 8).parse().unwrap());
        let is_of_a_node = matches!(how, Written::Twice | Written::Astray);
        let faulty = self.nodes.keys().next().copied().filter(|_| is_of_a_node);
        Report { how, octets: text, truth: self.nodes.iter().map(block).collect(), faulty }
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
    let address = format!("10.0.0.{}", number % 250 + 2);
    instance(&format!("node-{number}"), (NETWORK, SUBNETWORK, &address), &pods)
}
