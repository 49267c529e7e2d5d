//! The configurations that a gateway is given, and what each means, said a second time.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use bgp_core::types::Prefix;
use bgp_daemon::config::Config;

use super::chance::Chance;
use super::ledger::{BUDGET, PERCENT, PROTECTED, WINDOW};
use super::space::Addresses;

/// The ranges of ours that may be announced: of the nodes and of their pods.
pub const PRIMARY: &str = "10.0.0.0/24";
pub const PODS: &str = "10.4.0.0/24";

/// What becomes of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    No,
    /// Just what is in use.
    Exact,
    Whole,
    /// What is in use, by so many prefixes.
    Bounded(usize),
}

/// `[[advertise]]` and `[[range_role]]`.
pub struct Rules {
    text: &'static str,
    pods: How,
    primary: How,
    pod_role: &'static str,
    primary_role: &'static str,
    /// How long what is gone is announced, in seconds.
    hold_down: u64,
}

const fn rules(text: &'static str, pods: How, primary: How) -> Rules {
    Rules { text, pods, primary, pod_role: "pod", primary_role: "vm", hold_down: 0 }
}

/// Over both ranges.
const fn of_both(text: &'static str, how: How) -> Rules {
    Rules { primary_role: "pod", ..rules(text, how, how) }
}

macro_rules! both {
    ($text:literal) => {
        concat!("[[range_role]]\nrange = \"primary\"\nrole = \"pod\"\n[[advertise]]\nrole = \"pod\"\n", $text)
    };
}

macro_rules! with_whole {
    ($text:literal) => {
        concat!($text, "[[advertise]]\nrange = \"primary\"\naggregation = { mode = \"subnet-ranges\" }\n")
    };
}

static RULES: [Rules; 12] = [
    rules(
        with_whole!("[[advertise]]\nrange = \"pods\"\naggregation = { mode = \"in-use\" }\n"),
        How::Exact,
        How::Whole,
    ),
    of_both(both!("aggregation = { mode = \"in-use\" }\nmed = 7\n"), How::Exact),
    rules("[[advertise]]\nrange = \"pods\"\naggregation = { mode = \"in-use\" }\n", How::Exact, How::No),
    rules(
        with_whole!("[[advertise]]\nrange = \"pods\"\naggregation = { mode = \"subnet-ranges\" }\n"),
        How::Whole,
        How::Whole,
    ),
    Rules {
        pod_role: "edge",
        ..rules(
            with_whole!(
                "[[range_role]]\nrange = \"pods\"\nrole = \"edge\"\n\
                 [[advertise]]\nrange = \"pods\"\naggregation = { mode = \"in-use\" }\n"
            ),
            How::Exact,
            How::Whole,
        )
    },
    rules(
        with_whole!("[[advertise]]\nrange = \"pods\"\naggregation = { mode = \"in-use\", max_prefixes = 2 }\n"),
        How::Bounded(2),
        How::Whole,
    ),
    Rules {
        hold_down: 300,
        ..rules(
            with_whole!(
                "[[advertise]]\nrange = \"pods\"\n\
                 aggregation = { mode = \"in-use\", max_prefixes = 3, hold_down_secs = 300 }\n"
            ),
            How::Bounded(3),
            How::Whole,
        )
    },
    of_both(both!("aggregation = { mode = \"in-use\", max_prefixes = 5, keep_percent = 0 }\n"), How::Bounded(5)),
    Rules {
        hold_down: 120,
        ..rules(
            with_whole!("[[advertise]]\nrange = \"pods\"\naggregation = { mode = \"in-use\", hold_down_secs = 120 }\n"),
            How::Exact,
            How::Whole,
        )
    },
    rules(
        // No range that is not named otherwise is meant by a glob: neither the primary one nor that of services.
        "[[advertise]]\nrange = \"*\"\naggregation = { mode = \"subnet-ranges\", while_allocated = true }\n",
        How::Whole,
        How::No,
    ),
    rules(
        "[[advertise]]\nrange = \"pods\"\naggregation = { mode = \"in-use\", max_prefixes = 2, min_length = 26 }\n",
        How::Bounded(2),
        How::No,
    ),
    rules(with_whole!(""), How::No, How::Whole),
];

/// `[[peer]]`: name, last octet of the address, roles, and whether it is enabled.
type Peers = &'static [(&'static str, u8, &'static str, bool)];

const DC1: (&str, u8, &str, bool) = ("dc1", 2, "*", true);

const PEERS: [Peers; 9] = [
    &[DC1, ("dc2", 3, "pod", true)],
    &[DC1, ("dc2", 3, "vm", true)],
    &[DC1, ("edge2", 3, "pod", true)],
    &[DC1, ("dc2", 4, "pod", true)],
    &[("dc1", 5, "*", true), ("dc2", 3, "pod", true)],
    &[DC1],
    &[],
    &[("dc1", 2, "*", false), ("dc2", 3, "pod", true)],
    &[DC1, ("dc2", 3, "pod", true)],
];

/// The peers that take so many prefixes, and how many.
const LIMITED: usize = 8;
const TAKEN: usize = 6;

fn read(rules: &Rules, peers: usize) -> Arc<Config> {
    let window = WINDOW.as_secs();
    let mut text = format!(
        "[router]\nasn = 64512\nrouter_id = \"10.255.0.1\"\n\
         [inventory]\npath = \"inventory\"\nnetwork = \"projects/host/global/networks/vpc\"\n\
         [guard]\nmax_withdraw_prefixes = {BUDGET}\nmax_withdraw_percent = {PERCENT}\n\
         max_withdraw_addresses_percent = {PERCENT}\nwindow_secs = {window}\nprotected = [\"{PROTECTED} le 32\"]\n{}",
        rules.text
    );
    let limit = if peers == LIMITED { format!("max_prefixes_out = {TAKEN}\n") } else { String::new() };
    for (name, octet, role, is_enabled) in PEERS[peers] {
        text += &format!(
            "[[peer]]\nname = \"{name}\"\naddress = \"10.255.0.{octet}\"\nasn = 65001\nenabled = {is_enabled}\n\
             {limit}export = {{ roles = [\"{role}\"] }}\n"
        );
    }
    Arc::new(Config::from_text(Path::new("aliasd.toml"), &text).unwrap())
}

static CONFIGS: LazyLock<Vec<Vec<Arc<Config>>>> =
    LazyLock::new(|| RULES.iter().map(|rules| (0..PEERS.len()).map(|peers| read(rules, peers)).collect()).collect());

/// One configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    pub rules: usize,
    pub peers: usize,
    /// Whether the rules are coarsened for peers that take so many prefixes.
    pub limited: bool,
}

impl Setting {
    pub fn first(chance: &mut Chance) -> Self {
        Self::new(chance.below(RULES.len()), chance.below(2))
    }

    /// With other rules, other peers, or both.
    pub fn another(self, chance: &mut Chance) -> Self {
        let which = chance.below(4);
        let rules = if which == 0 { self.rules } else { chance.below(RULES.len()) };
        let peers = if which > 1 { self.peers } else { chance.below(PEERS.len()) };
        Self::new(rules, peers)
    }

    const fn new(rules: usize, peers: usize) -> Self {
        Self { rules, peers, limited: peers == LIMITED }
    }

    pub fn config(self) -> Arc<Config> {
        Arc::clone(&CONFIGS[self.rules][self.peers])
    }

    pub fn hold_down(self) -> u64 {
        RULES[self.rules].hold_down
    }

    /// What is held down where anything is.
    pub fn held_down() -> Addresses {
        range(PODS)
    }

    /// Each range with what becomes of it.
    pub fn ranges(self) -> [(Addresses, How); 2] {
        let Rules { pods, primary, .. } = RULES[self.rules];
        let how = |how| if self.limited && how == How::Exact { How::Bounded(TAKEN - 1) } else { how };
        [(range(PODS), how(pods)), (range(PRIMARY), how(primary))]
    }

    /// What is announced beyond what is in use, at most.
    pub fn beyond(self) -> Addresses {
        self.of(|how| matches!(how, How::Whole | How::Bounded(_)))
    }

    /// What a bound is over.
    pub fn bounded(self) -> Addresses {
        self.of(|how| matches!(how, How::Bounded(_)))
    }

    /// What is announced at all.
    pub fn announced(self) -> Addresses {
        self.of(|how| how != How::No)
    }

    /// Most prefixes of what a bound is over.
    pub fn most(self) -> usize {
        let most = |how| if let How::Bounded(most) = how { most } else { 0 };
        self.ranges().into_iter().map(|(_, how)| most(how)).max().unwrap()
    }

    fn of(self, is_meant: impl Fn(How) -> bool) -> Addresses {
        let meant = self.ranges().into_iter().filter(|(_, how)| is_meant(*how));
        meant.fold(Addresses::default(), |all, (range, _)| all.or(range))
    }

    /// How many prefixes this peer takes.
    pub fn taken(self, name: &str) -> usize {
        let config = self.config();
        config.peer(name).and_then(|peer| peer.max_prefixes_out).unwrap_or(usize::MAX)
    }

    /// The ranges of which this peer is told.
    pub fn told_to(self, name: &str) -> Addresses {
        let peer = PEERS[self.peers].iter().find(|(peer, ..)| *peer == name);
        let role = peer.map_or("", |(_, _, role, _)| role);
        let is_told = |of_range: &str| role == "*" || role == of_range;
        let part = |of_range, text| if is_told(of_range) { range(text) } else { Addresses::default() };
        part(RULES[self.rules].pod_role, PODS).or(part(RULES[self.rules].primary_role, PRIMARY))
    }
}

fn range(text: &str) -> Addresses {
    Addresses::of(&text.parse::<Prefix>().unwrap())
}
