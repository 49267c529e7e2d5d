//! The table against a naive model: any sequence of changes, decided and pulled in any slices, leaves each peer with exactly
//! what the model says it should have, and leaves nothing behind when all is taken back.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::attribute::Origin;
use crate::capability::Role;
use crate::policy::{Action, Match, PrefixRange, SourceMatch, Term, Verdict};
use crate::types::Community;

const PEERS: u32 = 3;
const PREFIXES: [&str; 7] =
    ["10.0.0.0/8", "10.0.0.0/16", "10.0.0.0/24", "10.1.0.0/16", "192.168.0.0/16", "fd00::/8", "fd00::/48"];
const OWN_RANGES: [&[&str]; 3] = [&[], &["10.0.0.0/16"], &["10.0.0.0/8", "fd00::/32"]];

#[derive(Clone, Debug)]
enum Step {
    Up(u32),
    Down(u32),
    Announce(u32, usize, usize),
    Withdraw(u32, usize),
    Originate(usize, u32),
    Unoriginate(usize),
    OwnRanges(usize),
    Change(u32, usize, usize, u32),
    Refresh(u32, bool),
    Decide(usize),
    Pull(u32, usize),
}

fn step() -> impl Strategy<Value = Step> {
    let peer = || 1..=PEERS;
    let net = || 0..PREFIXES.len();
    prop_oneof![
        2 => peer().prop_map(Step::Up),
        1 => peer().prop_map(Step::Down),
        8 => (peer(), net(), 0..11_usize).prop_map(|(peer, net, set)| Step::Announce(peer, net, set)),
        3 => (peer(), net()).prop_map(|(peer, net)| Step::Withdraw(peer, net)),
        4 => (net(), 0..3_u32).prop_map(|(net, med)| Step::Originate(net, med)),
        2 => net().prop_map(Step::Unoriginate),
        1 => (0..OWN_RANGES.len()).prop_map(Step::OwnRanges),
        1 => (peer(), 0..3_usize, 0..4_usize, 0..2_u32).prop_map(|(peer, i, e, med)| Step::Change(peer, i, e, med)),
        1 => (peer(), any::<bool>()).prop_map(|(peer, v6)| Step::Refresh(peer, v6)),
        4 => (1..6_usize).prop_map(Step::Decide),
        6 => (peer(), 1..4_usize).prop_map(|(peer, routes)| Step::Pull(peer, routes)),
    ]
}

/// Attribute sets of a peer: differing in everything the decision process and the export look at.
fn received(peer: u32, set: usize, v6: bool) -> Arc<PathAttributes> {
    let own = Asn(65000 + peer);
    let asns = match set {
        0 | 5 | 6 | 8.. => vec![own],
        1 => vec![own, Asn(65100)],
        2 => vec![Asn(65200), Asn(65100)],
        3 => vec![own, Asn(64512)],
        _ => vec![Asn(65200)],
    };
    let community = |set| match set {
        5 => vec![Community::NO_EXPORT],
        6 => vec![Community(0xFC00_0001)],
        8 => vec![Community::GRACEFUL_SHUTDOWN],
        _ => Vec::new(),
    };
    let far = std::net::Ipv6Addr::from_bits(0xfd99_0000_0000_0000_0000_0000_0000_0000 + u128::from(peer));
    Arc::new(PathAttributes {
        origin: if set == 4 { Origin::Incomplete } else { Origin::Igp },
        as_path: AsPath { segments: vec![AsPathSegment { kind: SegmentKind::Sequence, asns }] },
        next_hop: Some(match v6 {
            true => NextHop::V6 { global: far, link_local: None },
            false => NextHop::V4(Ipv4Addr::from_bits(0xC000_0200 + peer)),
        }),
        multi_exit_disc: (set == 7 || set == 2).then_some(10 * peer),
        communities: community(set),
        only_to_customer: match set {
            9 => Some(own),
            10 => Some(Asn(65200)),
            _ => None,
        },
        ..PathAttributes::default()
    })
}

fn import(number: usize) -> Arc<Policy> {
    let within = |text: &str| Some(vec![text.parse::<PrefixRange>().unwrap()]);
    let terms = match number {
        0 => vec![Term::accept("all", Match::default())],
        1 => vec![
            Term::reject("ten", Match { prefixes: within("10.0.0.0/8 le 32"), ..Match::default() }),
            Term::accept("rest", Match::default()),
        ],
        _ => vec![
            Term {
                name: "preferred".to_owned(),
                matches: Match { communities: Some(vec![Community(0xFC00_0001)]), ..Match::default() },
                actions: vec![Action::SetLocalPref(200)],
                verdict: Verdict::Accept,
            },
            Term::accept("rest", Match::default()),
        ],
    };
    Arc::new(Policy { name: "import".to_owned(), terms })
}

fn export(number: usize) -> Arc<Policy> {
    let ours = Match { sources: Some(vec![SourceMatch::AnyOriginated]), ..Match::default() };
    let terms = match number {
        0 => vec![Term::accept("all", Match::default())],
        1 => vec![Term::accept("ours", ours)],
        2 => vec![Term {
            name: "marked".to_owned(),
            matches: Match::default(),
            actions: vec![Action::AddCommunity(Community(0xFC00_0009)), Action::SetMed(77)],
            verdict: Verdict::Accept,
        }],
        _ => Vec::new(),
    };
    Arc::new(Policy { name: "export".to_owned(), terms })
}

fn net(number: usize) -> Prefix {
    prefix(PREFIXES[number])
}

fn dual(number: u32, med: u32) -> PeerFacts {
    let global = std::net::Ipv6Addr::from_bits(0xfd98_0000_0000_0000_0000_0000_0000_0001);
    PeerFacts {
        next_hop_self_v6: Some(NextHop::V6 { global, link_local: None }),
        max_prefixes: None,
        med: Some(med),
        local_role: role(number),
        ..facts(number)
    }
}

/// Peer 1 is our provider, peer 2 a lateral peer, peer 3 says nothing.
fn role(peer: u32) -> Option<Role> {
    match peer {
        1 => Some(Role::Customer),
        2 => Some(Role::Peer),
        _ => None,
    }
}

/// A peer as the model sees it, with what it was told so far.
struct Session {
    facts: PeerFacts,
    import: Arc<Policy>,
    export: Arc<Policy>,
    received: BTreeMap<Prefix, Arc<PathAttributes>>,
    told: BTreeMap<Prefix, Arc<PathAttributes>>,
    ended: Vec<AddressFamily>,
}

#[derive(Default)]
struct Model {
    sessions: BTreeMap<u32, Session>,
    originated: BTreeMap<Prefix, Arc<PathAttributes>>,
    own_ranges: Vec<Prefix>,
}

type Best = (Option<u32>, Arc<PathAttributes>);

impl Model {
    fn best(&self, prefix: &Prefix) -> Option<Best> {
        if let Some(own) = self.originated.get(prefix) {
            return Some((None, Arc::clone(own)));
        }
        let mut paths: Vec<(u32, Arc<PathAttributes>)> = Vec::new();
        for (peer, session) in &self.sessions {
            let Some(attributes) = session.received.get(prefix) else { continue };
            let looped = attributes.as_path.segments[0].asns.contains(&Asn(64512));
            let ours = self.own_ranges.iter().any(|range| range.covers(prefix));
            let judged = session.import.evaluate(prefix, &RouteSource::Peer(PeerId(*peer)), attributes);
            let marked = attributes.only_to_customer;
            let leaked = *peer == 2 && marked.is_some_and(|by| by != session.facts.asn);
            if !looped && !leaked && !ours && judged.verdict == Verdict::Accept {
                let mut taken = PathAttributes::clone(&judged.attributes);
                if *peer != 3 {
                    taken.only_to_customer = marked.or(Some(session.facts.asn));
                }
                if taken.communities.contains(&Community::GRACEFUL_SHUTDOWN) {
                    taken.local_pref = Some(0);
                }
                paths.push((*peer, Arc::new(taken)));
            }
        }
        let keep = |paths: &mut Vec<(u32, Arc<PathAttributes>)>, key: &dyn Fn(&PathAttributes) -> i64| {
            let least = paths.iter().map(|(_, path)| key(path)).min();
            paths.retain(|(_, path)| Some(key(path)) == least);
        };
        keep(&mut paths, &|path| -i64::from(path.local_pref.unwrap_or(100)));
        keep(&mut paths, &|path| path.as_path.segments[0].asns.len().try_into().unwrap());
        keep(&mut paths, &|path| i64::from(path.origin == Origin::Incomplete));
        let all = paths.clone();
        let med = |path: &PathAttributes| path.multi_exit_disc.unwrap_or(0);
        paths.retain(|(_, path)| {
            let rivals = all.iter().filter(|(_, rival)| rival.as_path.first_asn() == path.as_path.first_asn());
            rivals.map(|(_, rival)| med(rival)).min() == Some(med(path))
        });
        // Identifiers and addresses ascend with the number.
        paths.into_iter().next().map(|(peer, path)| (Some(peer), path))
    }

    fn due(&self, peer: u32, prefix: &Prefix) -> Option<Arc<PathAttributes>> {
        let session = self.sessions.get(&peer)?;
        let (from, best) = self.best(prefix)?;
        let source = match from {
            Some(from) => RouteSource::Peer(PeerId(from)),
            None => RouteSource::Originated { tag: Arc::from("pod") },
        };
        let kept_in = from.is_some() && best.communities.contains(&Community::NO_EXPORT);
        let for_customers = best.only_to_customer.is_some() && peer != 3;
        if from == Some(peer) || kept_in || for_customers {
            return None;
        }
        let mut clean = PathAttributes::clone(&best);
        if from.is_some() {
            clean.multi_exit_disc = None;
        }
        let judged = session.export.evaluate(prefix, &source, &Arc::new(clean));
        if judged.verdict == Verdict::Reject {
            return None;
        }
        let mut sent = PathAttributes::clone(&judged.attributes);
        sent.local_pref = None;
        sent.as_path.prepend(Asn(64512), 1);
        if from.is_none() {
            sent.multi_exit_disc = sent.multi_exit_disc.or(session.facts.med);
        }
        if peer == 2 {
            sent.only_to_customer = Some(Asn(64512));
        }
        sent.next_hop = match prefix.family() {
            AddressFamily::Ipv4Unicast => session.facts.next_hop_self_v4.map(NextHop::V4),
            AddressFamily::Ipv6Unicast => session.facts.next_hop_self_v6,
        };
        Some(Arc::new(sent))
    }
}

struct Bench {
    rib: Rib,
    model: Model,
}

impl Bench {
    fn take(&mut self, step: &Step) {
        let Self { rib, model } = self;
        match step {
            Step::Up(peer) => {
                let facts = dual(*peer, 100);
                rib.peer_up(facts.clone(), import(0), export(0));
                let (received, told) = (BTreeMap::new(), BTreeMap::new());
                let session =
                    Session { facts, import: import(0), export: export(0), received, told, ended: Vec::new() };
                model.sessions.insert(*peer, session);
            }
            Step::Down(peer) => {
                rib.peer_down(PeerId(*peer));
                model.sessions.remove(peer);
            }
            Step::Announce(peer, number, set) => {
                let attributes = received(*peer, *set, net(*number).family() == AddressFamily::Ipv6Unicast);
                let route = Reachable { attributes: Arc::clone(&attributes), nlri: vec![net(*number).into()] };
                rib.apply(PeerId(*peer), &[route], &[]);
                if let Some(session) = model.sessions.get_mut(peer) {
                    session.received.insert(net(*number), attributes);
                }
            }
            Step::Withdraw(peer, number) => {
                rib.apply(PeerId(*peer), &[], &[net(*number).into()]);
                if let Some(session) = model.sessions.get_mut(peer) {
                    session.received.remove(&net(*number));
                }
            }
            Step::Originate(number, med) => {
                let attributes =
                    Arc::new(PathAttributes { multi_exit_disc: med.checked_sub(1), ..PathAttributes::default() });
                rib.originate(net(*number), Arc::clone(&attributes), Arc::from("pod"));
                model.originated.insert(net(*number), attributes);
            }
            Step::Unoriginate(number) => {
                let was = rib.withdraw_origination(&net(*number));
                assert_eq!(was, model.originated.remove(&net(*number)).is_some());
            }
            Step::OwnRanges(number) => {
                let ranges: Vec<Prefix> = OWN_RANGES[*number].iter().map(|text| prefix(text)).collect();
                rib.replace_own_ranges(ranges.clone());
                model.own_ranges = ranges;
            }
            Step::Change(peer, in_number, out_number, med) => {
                let facts = dual(*peer, 100 + med);
                rib.change_peer(facts.clone(), import(*in_number), export(*out_number));
                if let Some(session) = model.sessions.get_mut(peer) {
                    (session.facts, session.import, session.export) = (facts, import(*in_number), export(*out_number));
                }
            }
            Step::Refresh(peer, v6) => {
                let family = if *v6 { AddressFamily::Ipv6Unicast } else { AddressFamily::Ipv4Unicast };
                rib.refresh(PeerId(*peer), family);
            }
            Step::Decide(budget) => {
                rib.decide(*budget);
            }
            Step::Pull(peer, routes) => {
                self.pull(*peer, *routes);
            }
        }
    }

    /// Tells the peer what the table has for it; whether there was anything.
    fn pull(&mut self, peer: u32, routes: usize) -> bool {
        let Some(batch) = self.rib.pull(PeerId(peer), routes) else { return false };
        let session = self.model.sessions.get_mut(&peer).expect("a peer that is down is told nothing");
        for (attributes, nlri) in &batch.announce {
            session.told.extend(nlri.iter().map(|nlri| (nlri.prefix, Arc::clone(attributes))));
        }
        for nlri in &batch.withdraw {
            assert!(session.told.remove(&nlri.prefix).is_some(), "{} was withdrawn and never announced", nlri.prefix);
        }
        session.ended.extend(&batch.end_of_rib);
        true
    }

    fn finish(&mut self) {
        settle(&mut self.rib);
        let peers: Vec<u32> = self.model.sessions.keys().copied().collect();
        for peer in &peers {
            while self.pull(*peer, 2) {}
        }
        let all: BTreeSet<Prefix> = (0..PREFIXES.len()).map(net).collect();
        for peer in peers {
            let due: BTreeMap<Prefix, Arc<PathAttributes>> =
                all.iter().filter_map(|prefix| Some((*prefix, self.model.due(peer, prefix)?))).collect();
            let session = &self.model.sessions[&peer];
            assert_eq!(session.told, due, "peer {peer} was told something else");
            assert_eq!(session.ended.len(), 2, "peer {peer}: {:?}", session.ended);
            let advertised = self.rib.advertised(PeerId(peer), None, 100).items;
            let shown: BTreeMap<_, _> = advertised.into_iter().map(|route| (route.prefix, route.attributes)).collect();
            assert_eq!(shown, due, "peer {peer}: the answer differs from what was told");
            let learned = self.rib.learned(PeerId(peer), None, 100).items;
            let kept: BTreeMap<_, _> = learned.into_iter().map(|route| (route.prefix, route.attributes)).collect();
            assert_eq!(kept, session.received, "peer {peer}: the Adj-RIB-In differs from what it sent");
        }
        let best: BTreeSet<Prefix> = self.rib.best(None, 100).items.into_iter().map(|route| route.prefix).collect();
        assert_eq!(best, all.into_iter().filter(|prefix| self.model.best(prefix).is_some()).collect());
    }

    fn take_all_back(&mut self) {
        (1..=PEERS).for_each(|peer| self.take(&Step::Down(peer)));
        (0..PREFIXES.len()).for_each(|number| self.take(&Step::Unoriginate(number)));
        settle(&mut self.rib);
        assert_eq!(self.rib.counters(), RibCounters::default(), "something was left behind");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn every_peer_ends_with_exactly_what_the_model_says(steps in prop::collection::vec(step(), 1..80)) {
        let mut bench = Bench { rib: rib(), model: Model::default() };
        steps.iter().for_each(|step| bench.take(step));
        bench.finish();
        bench.take_all_back();
    }
}
