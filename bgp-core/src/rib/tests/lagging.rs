//! Peers of few groups that come, lag, leave and come back while routes flap: whatever each of them has taken when, it hears
//! what it must and nothing twice, and everything that is counted is so.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::policy::{Action, Match, PrefixRange, SourceMatch, Term, Verdict};

const PEERS: u32 = 6;
const NETS: usize = 32;
const ORIGINATORS: usize = 5;

/// Half of it is all that some policies reject.
const LOWER: &str = "10.0.0.0/9";

#[derive(Clone, Debug)]
enum Step {
    Up(u32),
    Down(u32),
    Away(u32),
    Returned(u32),
    /// One UPDATE: what is withdrawn, and what is announced with which attributes and path identifier.
    Update(u32, (usize, usize), (usize, usize), u32, u32),
    Originate(usize, usize, u32),
    Unoriginate(usize, usize),
    Change(u32, usize, bool),
    Refresh(u32, bool),
    Decide(usize),
    Settle,
    Pull(u32, usize),
    PullAll(u32, usize),
    Finish,
}

fn step() -> impl Strategy<Value = Step> {
    let peer = || 1..=PEERS;
    let some = || (0..NETS, 0..10_usize);
    let pull = || prop_oneof![1..5_usize, Just(9), Just(30)];
    prop_oneof![
        5 => peer().prop_map(Step::Up),
        2 => peer().prop_map(Step::Down),
        1 => peer().prop_map(Step::Away),
        1 => peer().prop_map(Step::Returned),
        8 => (peer(), some(), some(), 0..4_u32, prop_oneof![5 => Just(0), 1 => 1..3_u32])
            .prop_map(|(peer, gone, come, set, path_id)| Step::Update(peer, gone, come, set, path_id)),
        6 => (some(), 0..3_u32).prop_map(|((from, count), med)| Step::Originate(from, count, med)),
        5 => some().prop_map(|(from, count)| Step::Unoriginate(from, count)),
        3 => (peer(), 0..ORIGINATORS, prop::bool::weighted(0.2)).prop_map(|(peer, out, limited)| Step::Change(peer, out, limited)),
        1 => (peer(), any::<bool>()).prop_map(|(peer, v6)| Step::Refresh(peer, v6)),
        6 => (1..20_usize).prop_map(Step::Decide),
        2 => Just(Step::Settle),
        14 => (peer(), pull()).prop_map(|(peer, routes)| Step::Pull(peer, routes)),
        2 => (peer(), pull()).prop_map(|(peer, routes)| Step::PullAll(peer, routes)),
        1 => Just(Step::Finish),
    ]
}

/// Prefixes of one address and three lengths each, and of IPv6 with two.
fn net(number: usize) -> Prefix {
    let at = number / 4;
    match number % 4 {
        0 => prefix(&format!("10.{}.0.0/11", at * 32)),
        1 => prefix(&format!("10.{}.0.0/16", at * 32)),
        2 => prefix(&format!("10.{}.0.0/24", at * 32)),
        _ => prefix(&format!("fd{:02x}::/{}", at / 2, 32 + 16 * (at % 2))),
    }
}

fn nets((from, count): (usize, usize)) -> impl Iterator<Item = Prefix> {
    (from..from + count).map(|number| net(number % NETS))
}

fn of_peer(peer: u32, number: u32, limited: bool) -> PeerFacts {
    let global = std::net::Ipv6Addr::from_bits(0xfd98_0000_0000_0000_0000_0000_0000_0001);
    PeerFacts {
        next_hop_self_v6: Some(NextHop::V6 { global, link_local: None }),
        max_prefixes: None,
        max_prefixes_out: limited.then_some(100),
        enhanced_route_refresh: number.is_multiple_of(2),
        ..facts(peer)
    }
}

/// The first three say the same of what they accept.
fn export(number: usize) -> Arc<Policy> {
    let lower =
        Match { prefixes: Some(vec![format!("{LOWER} le 32").parse::<PrefixRange>().unwrap()]), ..Match::default() };
    let first = Match { sources: Some(vec![SourceMatch::Peer(PeerId(1))]), ..Match::default() };
    let rest = || Term::accept("rest", Match::default());
    let terms = match number {
        0 => vec![rest()],
        1 => vec![Term::accept("lower", lower), rest()],
        2 => vec![Term::reject("lower", lower), rest()],
        3 => vec![Term { actions: vec![Action::SetMed(77)], verdict: Verdict::Accept, ..rest() }],
        _ => vec![Term::reject("first", first), rest()],
    };
    Arc::new(Policy { name: "export".to_owned(), terms })
}

/// A peer, with what it was told.
struct Session {
    export: usize,
    told: BTreeMap<Prefix, PathAttributes>,
    /// May be told again: it has changed since, or the peer asked.
    touched: BTreeSet<Prefix>,
    /// Nothing of these has changed since the peer came up.
    steady: BTreeSet<Prefix>,
    refreshing: bool,
    ended: Vec<AddressFamily>,
    /// Of each family in a refresh: what the peer would drop if it ended now.
    unconfirmed: BTreeMap<AddressFamily, BTreeSet<Prefix>>,
}

struct Bench {
    rib: Rib,
    sessions: BTreeMap<u32, Session>,
    away: BTreeSet<u32>,
}

fn all() -> BTreeSet<Prefix> {
    (0..NETS).map(net).collect()
}

impl Bench {
    fn new() -> Self {
        Self { rib: rib(), sessions: BTreeMap::new(), away: BTreeSet::new() }
    }

    fn touch(&mut self, prefixes: impl IntoIterator<Item = Prefix>) {
        for prefix in prefixes {
            for session in self.sessions.values_mut() {
                session.touched.insert(prefix);
                session.steady.remove(&prefix);
            }
        }
    }

    fn up(&mut self, peer: u32, kept: FamilySet) {
        if self.sessions.remove(&peer).is_some() || self.away.remove(&peer) {
            self.touch(all());
        }
        let accept = Arc::new(Policy::accept_all("in"));
        self.rib.peer_returned(of_peer(peer, peer, false), accept, export(0), kept);
        let session = Session {
            export: 0,
            told: BTreeMap::new(),
            touched: BTreeSet::new(),
            steady: all(),
            refreshing: false,
            ended: Vec::new(),
            unconfirmed: BTreeMap::new(),
        };
        self.sessions.insert(peer, session);
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Up(peer) => self.up(*peer, FamilySet::EMPTY),
            Step::Returned(peer) => self.up(*peer, AddressFamily::ALL.into_iter().collect()),
            Step::Down(peer) => {
                self.rib.peer_down(PeerId(*peer));
                self.sessions.remove(peer);
                self.away.remove(peer);
                self.touch(all());
            }
            Step::Away(peer) => {
                let families: FamilySet = AddressFamily::ALL.into_iter().collect();
                self.rib.peer_away(PeerId(*peer), families, families);
                if self.sessions.remove(peer).is_some() {
                    self.away.insert(*peer);
                }
                self.touch(all());
            }
            Step::Update(peer, gone, come, set, path_id) => {
                let numbered = |prefix| Nlri { prefix, path_id: *path_id };
                let withdrawn: Vec<Nlri> = nets(*gone).map(numbered).collect();
                let reachable: Vec<Reachable> = AddressFamily::ALL
                    .into_iter()
                    .map(|family| received(*peer, *set, nets(*come).filter(|net| net.family() == family).map(numbered)))
                    .collect();
                self.rib.apply(PeerId(*peer), &reachable, &withdrawn);
                self.touch(nets(*gone).chain(nets(*come)));
            }
            Step::Originate(from, count, med) => {
                for net in nets((*from, *count)) {
                    let attributes =
                        PathAttributes { multi_exit_disc: med.checked_sub(1), ..PathAttributes::default() };
                    self.rib.originate(net, Arc::new(attributes), Arc::from("pod"));
                }
                self.touch(nets((*from, *count)));
            }
            Step::Unoriginate(from, count) => {
                nets((*from, *count)).for_each(|net| {
                    self.rib.withdraw_origination(&net);
                });
                self.touch(nets((*from, *count)));
            }
            Step::Change(peer, number, limited) => self.change(*peer, *number, *limited),
            Step::Refresh(peer, v6) => {
                let family = if *v6 { AddressFamily::Ipv6Unicast } else { AddressFamily::Ipv4Unicast };
                self.rib.refresh(PeerId(*peer), family);
                if let Some(session) = self.sessions.get_mut(peer) {
                    session.refreshing = true;
                }
            }
            Step::Decide(budget) => {
                self.rib.decide(*budget);
            }
            Step::Settle => settle(&mut self.rib),
            Step::Pull(peer, routes) => {
                self.pull(*peer, *routes);
            }
            Step::PullAll(peer, routes) => while self.pull(*peer, *routes).is_some() {},
            Step::Finish => self.finish(),
        }
        self.check();
    }

    fn change(&mut self, peer: u32, number: usize, limited: bool) {
        let accept = Arc::new(Policy::accept_all("in"));
        self.rib.change_peer(of_peer(peer, peer, limited), accept, export(number));
        let Some(session) = self.sessions.get_mut(&peer) else { return };
        let lower = prefix(LOWER);
        let differs = |net: &Prefix| match (session.export.max(number), session.export == number) {
            (_, true) | (0 | 1, _) => false,
            (2, _) => lower.covers(net),
            _ => true,
        };
        let touched: Vec<Prefix> = all().into_iter().filter(differs).collect();
        session.touched.extend(touched);
        session.steady.clear();
        session.export = number;
    }

    fn pull(&mut self, peer: u32, routes: usize) -> Option<usize> {
        // What has changed may bring about more than one thing to be told.
        let over = self.rib.undecided() == 0;
        let batch = self.rib.pull(PeerId(peer), routes)?;
        let session = self.sessions.get_mut(&peer).expect("a peer that is down is told nothing");
        for family in &batch.refresh_begins {
            assert!(session.ended.contains(family), "a refresh begins before the End-of-RIB");
            let told = session.told.keys().filter(|prefix| prefix.family() == *family).copied().collect();
            assert!(session.unconfirmed.insert(*family, told).is_none(), "a refresh begins in another");
        }
        let mut heard = BTreeSet::new();
        for (attributes, nlri) in batch.announced() {
            for Nlri { prefix, .. } in nlri {
                let touched = session.touched.contains(&prefix);
                if over {
                    session.touched.remove(&prefix);
                }
                let old = session.told.insert(prefix, attributes.clone());
                let again = old.as_ref() == Some(&attributes);
                assert!(!again || touched || session.refreshing, "peer {peer} was told of {prefix} again");
                assert!(heard.insert(prefix), "{prefix} twice in a batch");
            }
        }
        for nlri in &batch.withdraw {
            assert!(session.told.remove(&nlri.prefix).is_some(), "{} was withdrawn and never announced", nlri.prefix);
            heard.insert(nlri.prefix);
        }
        for prefixes in session.unconfirmed.values_mut() {
            prefixes.retain(|prefix| !heard.contains(prefix));
        }
        for family in &batch.end_of_rib {
            assert!(!session.ended.contains(family), "an End-of-RIB twice");
            session.ended.push(*family);
            for net in session.steady.iter().filter(|net| net.family() == *family) {
                let is_due = matches!(self.rib.export_verdict(PeerId(peer), net), ExportVerdict::Advertised { .. });
                assert!(!is_due || session.told.contains_key(net), "peer {peer}: the first dump ends without {net}");
            }
        }
        for family in &batch.refresh_ends {
            let dropped = session.unconfirmed.remove(family).expect("a refresh ends that began");
            assert!(dropped.is_empty(), "a refresh ends without {dropped:?}, and the peer drops them");
        }
        Some(batch.route_count())
    }

    fn finish(&mut self) {
        settle(&mut self.rib);
        let peers: Vec<u32> = self.sessions.keys().copied().collect();
        for peer in &peers {
            let pending: usize = self.rib.peer_counters(PeerId(*peer)).iter().map(|family| family.pending).sum();
            let mut pulled = 0;
            while self.rib.has_pending(PeerId(*peer)) {
                pulled += self.pull(*peer, 1 + usize::try_from(*peer).unwrap() * 2).unwrap_or(0);
            }
            assert!(self.sessions[peer].refreshing || pulled == pending, "peer {peer}: {pulled} of {pending}");
        }
        while self.rib.undecided() > 0 || peers.iter().any(|peer| self.rib.has_pending(PeerId(*peer))) {
            settle(&mut self.rib);
            peers.iter().for_each(|peer| while self.pull(*peer, 3).is_some() {});
        }
        for peer in &peers {
            assert_eq!(self.pull(*peer, 1), None);
            let session = self.sessions.get_mut(peer).unwrap();
            session.refreshing = false;
            assert!(session.unconfirmed.is_empty(), "peer {peer}: a refresh did not end");
            assert_eq!(session.ended.len(), 2, "peer {peer}: {:?}", session.ended);
            let due: BTreeMap<Prefix, PathAttributes> = all()
                .into_iter()
                .filter_map(|net| match self.rib.export_verdict(PeerId(*peer), &net) {
                    ExportVerdict::Advertised { attributes, .. } => Some((net, PathAttributes::clone(&attributes))),
                    _ => None,
                })
                .collect();
            assert_eq!(session.told, due, "peer {peer} was told something else");
            for family in self.rib.peer_counters(PeerId(*peer)) {
                let told = due.keys().filter(|net| net.family() == family.family).count();
                assert_eq!((family.advertised, family.told, family.pending), (told, told, 0), "peer {peer}");
            }
        }
        let sets: BTreeSet<String> = all()
            .iter()
            .flat_map(|net| self.rib.paths(net))
            .flat_map(|path| [format!("{:?}", path.received), format!("{:?}", path.attributes)])
            .collect();
        assert_eq!(self.rib.counters().attribute_sets, sets.len(), "attribute sets");
        for group in self.rib.v4.groups.iter().chain(&self.rib.v6.groups).flatten() {
            assert_eq!(group.remembered(), 0, "routes that nobody waits for");
        }
    }

    fn check(&self) {
        let Rib { v4, v6, context } = &self.rib;
        v4.groups.iter().flatten().filter(|group| !group.abandoned).for_each(|group| group.check(v4.clock));
        v6.groups.iter().flatten().filter(|group| !group.abandoned).for_each(|group| group.check(v6.clock));
        for index in self.sessions.keys().filter_map(|peer| context.up(PeerId(*peer))) {
            let place = |membership: &super::outbound::Membership| membership.place;
            let (in_v4, in_v6) = (v4.membership(index).map(place), v6.membership(index).map(place));
            in_v4.iter().for_each(|at| v4.group(at.group).unwrap().check_seat(at.slot, v4.clock));
            in_v6.iter().for_each(|at| v6.group(at.group).unwrap().check_seat(at.slot, v6.clock));
        }
    }
}

fn received(peer: u32, set: u32, nlri: impl Iterator<Item = Nlri>) -> Reachable {
    let nlri: Vec<Nlri> = nlri.collect();
    let v6 = nlri.first().is_some_and(|nlri| nlri.prefix.family() == AddressFamily::Ipv6Unicast);
    let far = std::net::Ipv6Addr::from_bits(0xfd99_0000_0000_0000_0000_0000_0000_0000 + u128::from(peer));
    // One set is a loop, one is the same from everybody.
    let asns = match set {
        0 => vec![Asn(65000 + peer)],
        1 => vec![Asn(65000 + peer), Asn(65100)],
        2 => vec![Asn(65200)],
        _ => vec![Asn(65000 + peer), Asn(64512)],
    };
    let attributes = PathAttributes {
        as_path: AsPath { segments: vec![AsPathSegment { kind: SegmentKind::Sequence, asns }] },
        next_hop: Some(match v6 {
            true => NextHop::V6 { global: far, link_local: None },
            false => NextHop::V4(Ipv4Addr::from_bits(0xC000_0200 + if set == 2 { 77 } else { peer })),
        }),
        ..PathAttributes::default()
    };
    Reachable { attributes: Arc::new(attributes), nlri }
}

proptest! {
    #[test]
    fn who_lags_comes_and_goes_hears_what_it_must_and_nothing_twice(
        steps in prop::collection::vec(step(), 1..120),
        clock in prop_oneof![Just(0), (0..200_u64).prop_map(|left| u64::from(u32::MAX) - left)],
    ) {
        let mut bench = Bench::new();
        // Where the lower half of it overflows, too.
        (bench.rib.v4.clock, bench.rib.v6.clock) = (clock, clock);
        (1..=3).for_each(|peer| bench.up(peer, FamilySet::EMPTY));
        steps.iter().for_each(|step| bench.take(step));
        bench.take(&Step::Finish);
        (1..=PEERS).for_each(|peer| bench.take(&Step::Down(peer)));
        bench.take(&Step::Unoriginate(0, NETS));
        settle(&mut bench.rib);
        assert_eq!(bench.rib.counters(), RibCounters::default(), "something was left behind");
    }
}
