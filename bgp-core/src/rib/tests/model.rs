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
    Away(u32, usize, usize),
    Returned(u32, usize),
    Expire(u32, usize),
    LongLived(u32, usize),
    EndOfRib(u32, bool),
    RefreshBegan(u32, bool),
    RefreshEnded(u32, bool),
    Decide(usize),
    Pull(u32, usize),
}

fn step() -> impl Strategy<Value = Step> {
    let peer = || 1..=PEERS;
    let net = || 0..PREFIXES.len();
    prop_oneof![
        2 => peer().prop_map(Step::Up),
        1 => peer().prop_map(Step::Down),
        8 => (peer(), net(), 0..13_usize).prop_map(|(peer, net, set)| Step::Announce(peer, net, set)),
        3 => (peer(), net()).prop_map(|(peer, net)| Step::Withdraw(peer, net)),
        4 => (net(), 0..3_u32).prop_map(|(net, med)| Step::Originate(net, med)),
        2 => net().prop_map(Step::Unoriginate),
        1 => (0..OWN_RANGES.len()).prop_map(Step::OwnRanges),
        1 => (peer(), 0..3_usize, 0..4_usize, 0..2_u32).prop_map(|(peer, i, e, med)| Step::Change(peer, i, e, med)),
        1 => (peer(), any::<bool>()).prop_map(|(peer, v6)| Step::Refresh(peer, v6)),
        2 => (peer(), 0..4_usize, 0..4_usize).prop_map(|(peer, keep, stale)| Step::Away(peer, keep, stale)),
        2 => (peer(), 0..4_usize).prop_map(|(peer, kept)| Step::Returned(peer, kept)),
        1 => (peer(), 0..4_usize).prop_map(|(peer, families)| Step::Expire(peer, families)),
        1 => (peer(), 0..4_usize).prop_map(|(peer, families)| Step::LongLived(peer, families)),
        1 => (peer(), any::<bool>()).prop_map(|(peer, v6)| Step::EndOfRib(peer, v6)),
        1 => (peer(), any::<bool>()).prop_map(|(peer, v6)| Step::RefreshBegan(peer, v6)),
        1 => (peer(), any::<bool>()).prop_map(|(peer, v6)| Step::RefreshEnded(peer, v6)),
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
        11 => vec![Community::NO_LLGR],
        12 => vec![Community::LLGR_STALE],
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
        // More than there are, for one of them, which is told in steps then.
        max_prefixes_out: (number == 3).then_some(8),
        med: Some(med),
        local_role: role(number),
        enhanced_route_refresh: number != 2,
        long_lived_graceful_restart: number == 1,
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

fn family(v6: bool) -> AddressFamily {
    if v6 { AddressFamily::Ipv6Unicast } else { AddressFamily::Ipv4Unicast }
}

fn families(number: usize) -> FamilySet {
    AddressFamily::ALL.into_iter().enumerate().filter(|(bit, _)| (number >> bit) & 1 == 1).map(|(_, one)| one).collect()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Age {
    Fresh,
    Refreshing,
    Stale,
    LongLived,
}

/// A route that a peer sent.
#[derive(Clone, Debug)]
struct Received {
    attributes: Arc<PathAttributes>,
    age: Age,
    /// Counts how often the peer went away or began a refresh before it came.
    generation: usize,
}

/// A peer as the model sees it, with what it was told so far.
struct Session {
    facts: PeerFacts,
    import: Arc<Policy>,
    export: Arc<Policy>,
    received: BTreeMap<Prefix, Received>,
    generation: usize,
    away: bool,
    told: BTreeMap<Prefix, Arc<PathAttributes>>,
    ended: Vec<AddressFamily>,
    /// Of each family in a refresh: what the peer would drop if it ended now.
    unconfirmed: BTreeMap<AddressFamily, BTreeSet<Prefix>>,
}

impl Session {
    fn new(peer: u32) -> Self {
        Self {
            facts: dual(peer, 100),
            import: import(0),
            export: export(0),
            received: BTreeMap::new(),
            generation: 0,
            away: false,
            told: BTreeMap::new(),
            ended: Vec::new(),
            unconfirmed: BTreeMap::new(),
        }
    }

    /// Removes what is of these families and ages.
    fn purge(&mut self, families: FamilySet, of: impl Fn(Age) -> bool) {
        self.received.retain(|prefix, route| !(families.contains(prefix.family()) && of(route.age)));
    }

    fn outdate(&mut self, families: FamilySet, age: Age) {
        self.generation += 1;
        let fresh = self.received.iter_mut().filter(|(prefix, _)| families.contains(prefix.family()));
        fresh.filter(|(_, route)| route.age == Age::Fresh).for_each(|(_, route)| route.age = age);
    }

    fn prolong(&mut self, families: FamilySet) {
        let stale = |prefix: &Prefix, route: &Received| families.contains(prefix.family()) && route.age == Age::Stale;
        let forbidden = |route: &Received| route.attributes.communities.contains(&Community::NO_LLGR);
        self.received.retain(|prefix, route| !(stale(prefix, route) && forbidden(route)));
        let stale = self.received.iter_mut().filter(|(prefix, route)| stale(prefix, route));
        stale.for_each(|(_, route)| route.age = Age::LongLived);
    }

    /// How many earlier generations still hold routes of a family.
    fn stale_generations(&self, family: AddressFamily) -> usize {
        let stale = self.received.iter().filter(|(prefix, route)| prefix.family() == family && route.age != Age::Fresh);
        stale.map(|(_, route)| route.generation).collect::<BTreeSet<_>>().len()
    }

    fn hear(&mut self, batch: &UpdateBatch) {
        for family in &batch.refresh_begins {
            assert!(self.ended.contains(family), "a refresh begins before the End-of-RIB");
            let told = self.told.keys().filter(|prefix| prefix.family() == *family).copied().collect();
            assert!(self.unconfirmed.insert(*family, told).is_none(), "a refresh begins in another");
        }
        for (attributes, nlri) in batch.announced() {
            let attributes = Arc::new(attributes);
            self.told.extend(nlri.iter().map(|nlri| (nlri.prefix, Arc::clone(&attributes))));
        }
        for nlri in &batch.withdraw {
            assert!(self.told.remove(&nlri.prefix).is_some(), "{} was withdrawn and never announced", nlri.prefix);
        }
        let heard = batch.announced().flat_map(|(_, nlri)| nlri).chain(batch.withdraw.iter().copied());
        for nlri in heard {
            self.unconfirmed.values_mut().for_each(|prefixes| {
                prefixes.remove(&nlri.prefix);
            });
        }
        self.ended.extend(&batch.end_of_rib);
        for family in &batch.refresh_ends {
            let dropped = self.unconfirmed.remove(family).expect("a refresh ends that began");
            assert!(dropped.is_empty(), "a refresh ends without {dropped:?}, and the peer drops them");
        }
    }
}

#[derive(Default)]
struct Model {
    sessions: BTreeMap<u32, Session>,
    originated: BTreeMap<Prefix, Arc<PathAttributes>>,
    own_ranges: Vec<Prefix>,
}

fn one(v6: bool) -> FamilySet {
    FamilySet::from_iter([family(v6)])
}

type Best = (Option<u32>, Arc<PathAttributes>);

impl Model {
    fn up(&mut self, peer: u32) -> Option<&mut Session> {
        self.sessions.get_mut(&peer).filter(|session| !session.away)
    }

    fn go_away(&mut self, rib: &mut Rib, peer: u32, keep: FamilySet, keep_stale: FamilySet) {
        if keep.is_empty() {
            self.sessions.remove(&peer);
        }
        let Some(session) = self.up(peer) else { return rib.peer_away(PeerId(peer), keep, keep_stale) };
        let all: FamilySet = AddressFamily::ALL.into_iter().collect();
        // Where there are no generations left the table drops what is oldest; the model knows nothing of that.
        let keep_stale = keep_stale.iter().filter(|family| session.stale_generations(*family) < 3).collect();
        rib.peer_away(PeerId(peer), keep, keep_stale);
        session.purge(all.difference(keep_stale), |age| age != Age::Fresh);
        session.outdate(all, Age::Stale);
        session.purge(all.difference(keep), |_| true);
        (session.away, session.told) = (true, BTreeMap::new());
        self.forget_unless_kept(peer);
    }

    fn return_to(&mut self, rib: &mut Rib, peer: u32, kept: FamilySet) {
        rib.peer_returned(dual(peer, 100), import(0), export(0), kept);
        let all: FamilySet = AddressFamily::ALL.into_iter().collect();
        let old = self.sessions.remove(&peer).filter(|old| old.away);
        let mut session = Session::new(peer);
        if let Some(mut old) = old {
            old.purge(all.difference(kept), |_| true);
            (session.received, session.generation) = (old.received, old.generation);
        }
        self.sessions.insert(peer, session);
    }

    fn forget_unless_kept(&mut self, peer: u32) {
        if self.sessions.get(&peer).is_some_and(|session| session.away && session.received.is_empty()) {
            self.sessions.remove(&peer);
        }
    }

    fn best(&self, prefix: &Prefix) -> Option<Best> {
        if let Some(own) = self.originated.get(prefix) {
            return Some((None, Arc::clone(own)));
        }
        let mut paths: Vec<(u32, Arc<PathAttributes>)> = Vec::new();
        for (peer, session) in &self.sessions {
            let Some(Received { attributes, age, .. }) = session.received.get(prefix) else { continue };
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
                if *age == Age::LongLived && !taken.communities.contains(&Community::LLGR_STALE) {
                    taken.communities.push(Community::LLGR_STALE);
                }
                paths.push((*peer, Arc::new(taken)));
            }
        }
        let keep = |paths: &mut Vec<(u32, Arc<PathAttributes>)>, key: &dyn Fn(&PathAttributes) -> i64| {
            let least = paths.iter().map(|(_, path)| key(path)).min();
            paths.retain(|(_, path)| Some(key(path)) == least);
        };
        keep(&mut paths, &|path| i64::from(path.communities.contains(&Community::LLGR_STALE)));
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
        let session = self.sessions.get(&peer).filter(|session| !session.away)?;
        let (from, best) = self.best(prefix)?;
        let source = match from {
            Some(from) => RouteSource::Peer(PeerId(from)),
            None => RouteSource::Originated { tag: Arc::from("pod"), cost: 0 },
        };
        let kept_in = from.is_some() && best.communities.contains(&Community::NO_EXPORT);
        let for_customers = best.only_to_customer.is_some() && peer != 3;
        let unknown = best.communities.contains(&Community::LLGR_STALE) && !session.facts.long_lived_graceful_restart;
        if from == Some(peer) || kept_in || for_customers || unknown {
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
                rib.peer_up(dual(*peer, 100), import(0), export(0));
                model.sessions.insert(*peer, Session::new(*peer));
            }
            Step::Down(peer) => {
                rib.peer_down(PeerId(*peer));
                model.sessions.remove(peer);
            }
            Step::Announce(peer, number, set) => {
                let attributes = received(*peer, *set, net(*number).family() == AddressFamily::Ipv6Unicast);
                let route = Reachable { attributes: Arc::clone(&attributes), nlri: vec![net(*number).into()] };
                rib.apply(PeerId(*peer), &[route], &[]);
                if let Some(session) = model.up(*peer) {
                    let route = Received { attributes, age: Age::Fresh, generation: session.generation };
                    session.received.insert(net(*number), route);
                }
            }
            Step::Withdraw(peer, number) => {
                rib.apply(PeerId(*peer), &[], &[net(*number).into()]);
                if let Some(session) = model.up(*peer) {
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
                if let Some(session) = model.up(*peer) {
                    (session.facts, session.import, session.export) = (facts, import(*in_number), export(*out_number));
                }
            }
            Step::Refresh(peer, v6) => {
                rib.refresh(PeerId(*peer), family(*v6));
            }
            Step::Decide(budget) => {
                rib.decide(*budget);
            }
            Step::Pull(peer, routes) => {
                self.pull(*peer, *routes);
            }
            _ => self.take_restart(step),
        }
    }

    fn take_restart(&mut self, step: &Step) {
        let Self { rib, model } = self;
        match step {
            Step::Away(peer, keep, stale) => model.go_away(rib, *peer, families(*keep), families(*stale)),
            Step::Returned(peer, kept) => model.return_to(rib, *peer, families(*kept)),
            Step::Expire(peer, number) => {
                rib.stale_expired(PeerId(*peer), families(*number));
                if let Some(session) = model.sessions.get_mut(peer) {
                    session.purge(families(*number), |age| age != Age::Fresh);
                }
                model.forget_unless_kept(*peer);
            }
            Step::LongLived(peer, number) => {
                rib.long_lived_stale(PeerId(*peer), families(*number));
                if let Some(session) = model.sessions.get_mut(peer) {
                    session.prolong(families(*number));
                }
            }
            Step::EndOfRib(peer, v6) => {
                rib.end_of_rib_received(PeerId(*peer), family(*v6));
                if let Some(session) = model.up(*peer) {
                    session.purge(one(*v6), |age| matches!(age, Age::Stale | Age::LongLived));
                }
            }
            Step::RefreshBegan(peer, v6) => {
                let Some(session) = model.up(*peer) else { return rib.refresh_began(PeerId(*peer), family(*v6)) };
                // Where it cannot be noted the table may do without; the model knows nothing of that.
                settle(rib);
                if session.stale_generations(family(*v6)) < 3 {
                    rib.refresh_began(PeerId(*peer), family(*v6));
                    session.outdate(one(*v6), Age::Refreshing);
                }
            }
            Step::RefreshEnded(peer, v6) => {
                if let Some(session) = model.up(*peer) {
                    rib.refresh_ended(PeerId(*peer), family(*v6));
                    session.purge(one(*v6), |age| age != Age::Fresh);
                }
            }
            _ => {}
        }
    }

    /// Tells the peer what the table has for it; whether there was anything.
    fn pull(&mut self, peer: u32, routes: usize) -> bool {
        let Some(batch) = self.rib.pull(PeerId(peer), routes) else { return false };
        let session = self.model.sessions.get_mut(&peer).expect("a peer that is down is told nothing");
        session.hear(&batch);
        true
    }

    fn finish(&mut self) {
        let peers: Vec<u32> = self.model.sessions.keys().copied().collect();
        while self.rib.undecided() > 0 || peers.iter().any(|peer| self.rib.has_pending(PeerId(*peer))) {
            settle(&mut self.rib);
            for peer in &peers {
                while self.pull(*peer, 2) {}
            }
        }
        let all: BTreeSet<Prefix> = (0..PREFIXES.len()).map(net).collect();
        for peer in peers {
            let learned = self.rib.learned(PeerId(peer), None, 100).items;
            let session = &self.model.sessions[&peer];
            let stale = learned.iter().filter(|route| route.stale).count();
            let counted: usize = self.rib.peer_counters(PeerId(peer)).iter().map(|family| family.import.stale).sum();
            assert_eq!(counted, stale, "peer {peer}: the counter of stale routes");
            let kept: BTreeMap<_, _> =
                learned.into_iter().map(|route| (route.prefix, (route.attributes, route.stale))).collect();
            let sent: BTreeMap<_, _> = session
                .received
                .iter()
                .map(|(prefix, route)| (*prefix, (Arc::clone(&route.attributes), route.age != Age::Fresh)))
                .collect();
            assert_eq!(kept, sent, "peer {peer}: the Adj-RIB-In differs from what it sent");
            if session.away {
                continue;
            }
            let due: BTreeMap<Prefix, Arc<PathAttributes>> =
                all.iter().filter_map(|prefix| Some((*prefix, self.model.due(peer, prefix)?))).collect();
            assert_eq!(session.told, due, "peer {peer} was told something else");
            assert_eq!(session.ended.len(), 2, "peer {peer}: {:?}", session.ended);
            assert!(session.unconfirmed.is_empty(), "peer {peer}: a refresh did not end");
            let advertised = self.rib.advertised(PeerId(peer), None, 100).items;
            let shown: BTreeMap<_, _> = advertised.into_iter().map(|route| (route.prefix, route.attributes)).collect();
            assert_eq!(shown, due, "peer {peer}: the answer differs from what was told");
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
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn every_peer_ends_with_exactly_what_the_model_says(steps in prop::collection::vec(step(), 1..80)) {
        let mut bench = Bench { rib: rib(), model: Model::default() };
        steps.iter().for_each(|step| bench.take(step));
        bench.finish();
        bench.take_all_back();
    }
}
