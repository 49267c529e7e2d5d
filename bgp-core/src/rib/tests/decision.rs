//! The decision process (RFC 4271 section 9.1.2.2), step by step and in any order of arrival.

use proptest::prelude::*;

use super::*;
use crate::attribute::Origin;

const ROUTE: &str = "172.16.0.0/16";

/// One path and the peer that sends it.
#[derive(Clone, Debug)]
struct Sent {
    local_pref: Option<u32>,
    as_path: AsPath,
    origin: Origin,
    med: Option<u32>,
    kind: PeerKind,
    identifier: u32,
    originator_id: Option<u32>,
    clusters: usize,
    /// The last octet of the peer's address.
    address: u8,
}

impl Default for Sent {
    fn default() -> Self {
        Self {
            local_pref: None,
            as_path: AsPath::sequence([Asn(65001)]),
            origin: Origin::Igp,
            med: None,
            kind: PeerKind::External,
            identifier: 100,
            originator_id: None,
            clusters: 0,
            address: 1,
        }
    }
}

fn path(asns: &[u32]) -> AsPath {
    AsPath::sequence(asns.iter().copied().map(Asn))
}

/// The table with these paths, which arrive in this order; peer numbers are their places in `paths`.
fn table(paths: &[Sent], order: &[usize], always_compare_med: bool) -> Rib {
    let local_identifier = BgpIdentifier::from_bits(1).unwrap();
    let mut rib = Rib::new(RibConfig { local_asn: Asn(64512), local_identifier, always_compare_med });
    for index in order {
        peer_up(&mut rib, *index, &paths[*index]);
        send(&mut rib, *index, &paths[*index]);
    }
    rib
}

fn peer_up(rib: &mut Rib, index: usize, sent: &Sent) {
    let peer = PeerFacts {
        kind: sent.kind,
        identifier: BgpIdentifier::from_bits(sent.identifier).unwrap(),
        address: Ipv4Addr::new(192, 0, 2, sent.address).into(),
        ..facts(u32::try_from(index).unwrap())
    };
    rib.peer_up(peer, Arc::new(Policy::accept_all("in")), Arc::new(Policy::accept_all("out")));
}

fn send(rib: &mut Rib, index: usize, sent: &Sent) {
    let attributes = PathAttributes {
        local_pref: sent.local_pref,
        as_path: sent.as_path.clone(),
        origin: sent.origin,
        multi_exit_disc: sent.med,
        originator_id: sent.originator_id.map(|bits| BgpIdentifier::from_bits(bits).unwrap()),
        cluster_list: vec![7; sent.clusters],
        next_hop: Some(NextHop::V4(Ipv4Addr::new(192, 0, 2, 1))),
        ..PathAttributes::default()
    };
    let reachable = Reachable { attributes: Arc::new(attributes), nlri: vec![prefix(ROUTE).into()] };
    rib.apply(PeerId(u32::try_from(index).unwrap()), &[reachable], &[]);
    settle(rib);
}

/// The place of the best path, and the step that set it apart from the last other one.
fn best(rib: &Rib) -> (usize, Reason) {
    let found = rib.paths(&prefix(ROUTE)).into_iter().find_map(|path| match (path.source, path.standing) {
        (RouteSource::Peer(PeerId(number)), Standing::Best(reason)) => Some((usize::try_from(number).unwrap(), reason)),
        _ => None,
    });
    found.expect("a best path")
}

/// Asserts that the first path wins at this step in either order.
fn wins(better: Sent, worse: Sent, reason: Reason) {
    let paths = [better, worse];
    for order in [[0, 1], [1, 0]] {
        assert_eq!(best(&table(&paths, &order, false)), (0, reason), "{paths:?} in {order:?}");
    }
}

/// Each step alone decides, though every later one is for the other path.
#[test]
fn check_70_the_steps_come_in_the_order_of_the_rfc() {
    let worst = || Sent {
        local_pref: Some(100),
        as_path: path(&[65001, 65002, 65003]),
        origin: Origin::Incomplete,
        med: Some(90),
        kind: PeerKind::Internal,
        identifier: 200,
        originator_id: None,
        clusters: 0,
        address: 9,
    };
    let best_of_rest = || Sent {
        local_pref: Some(100),
        as_path: path(&[65001]),
        origin: Origin::Igp,
        med: Some(0),
        kind: PeerKind::External,
        identifier: 50,
        originator_id: None,
        clusters: 0,
        address: 1,
    };
    wins(Sent { local_pref: Some(101), ..worst() }, best_of_rest(), Reason::LocalPref);
    let long = path(&[65001, 65002]);
    wins(
        Sent { as_path: path(&[65001]), ..worst() },
        Sent { as_path: long.clone(), ..best_of_rest() },
        Reason::AsPathLength,
    );
    let as_long = |sent: Sent| Sent { as_path: long.clone(), ..sent };
    let incomplete = Sent { origin: Origin::Incomplete, ..as_long(best_of_rest()) };
    wins(Sent { origin: Origin::Egp, ..as_long(worst()) }, incomplete, Reason::Origin);
    let as_original = |sent: Sent| Sent { origin: Origin::Egp, ..as_long(sent) };
    let dearer = Sent { med: Some(91), ..as_original(best_of_rest()) };
    wins(as_original(worst()), dearer, Reason::MultiExitDisc);
    let as_dear = |sent: Sent| Sent { med: Some(5), ..as_original(sent) };
    let external = Sent { kind: PeerKind::External, ..as_dear(worst()) };
    let internal = Sent { kind: PeerKind::Internal, ..as_dear(best_of_rest()) };
    wins(external, internal, Reason::ExternalOverInternal);
    let as_near = |sent: Sent| Sent { kind: PeerKind::Internal, ..as_dear(sent) };
    let lower = Sent { identifier: 40, clusters: 3, ..as_near(worst()) };
    wins(lower, as_near(best_of_rest()), Reason::Identifier);
    let reflected = Sent { originator_id: Some(40), clusters: 3, ..as_near(worst()) };
    wins(reflected, as_near(best_of_rest()), Reason::Identifier);
    let same = |sent: Sent| Sent { identifier: 60, ..as_near(sent) };
    let longer_cluster_list = Sent { clusters: 1, ..same(best_of_rest()) };
    wins(same(worst()), longer_cluster_list, Reason::ClusterListLength);
    wins(same(best_of_rest()), same(worst()), Reason::PeerAddress);
}

#[test]
fn check_70_an_as_set_counts_one_and_a_confederation_nothing() {
    let segment = |kind, asns: &[u32]| AsPathSegment { kind, asns: asns.iter().copied().map(Asn).collect() };
    let set =
        AsPath { segments: vec![segment(SegmentKind::Sequence, &[65001]), segment(SegmentKind::Set, &[1, 2, 3, 4])] };
    let three = path(&[65001, 65002, 65003]);
    wins(
        Sent { as_path: set, ..Sent::default() },
        Sent { as_path: three.clone(), ..Sent::default() },
        Reason::AsPathLength,
    );
    let confederation = AsPath {
        segments: vec![segment(SegmentKind::ConfedSequence, &[1, 2, 3, 4]), segment(SegmentKind::Sequence, &[65001])],
    };
    wins(
        Sent { as_path: confederation, ..Sent::default() },
        Sent { as_path: three, ..Sent::default() },
        Reason::AsPathLength,
    );
}

#[test]
fn check_70_a_missing_med_is_0_and_wins() {
    wins(Sent { identifier: 200, ..Sent::default() }, Sent { med: Some(1), ..Sent::default() }, Reason::MultiExitDisc);
    wins(Sent::default(), Sent { med: Some(0), identifier: 200, ..Sent::default() }, Reason::Identifier);
}

#[test]
fn check_70_meds_of_different_neighbours_are_compared_only_where_configured() {
    let cheap = Sent { as_path: path(&[65002]), med: Some(1), identifier: 200, address: 2, ..Sent::default() };
    let paths = [Sent { med: Some(100), ..Sent::default() }, cheap];
    assert_eq!(best(&table(&paths, &[0, 1], false)), (0, Reason::Identifier));
    assert_eq!(best(&table(&paths, &[0, 1], true)), (1, Reason::MultiExitDisc));
}

/// Compared in pairs, these would beat each other in a circle: a by identifier over b, b by identifier over c, c by MED
/// over a.
#[test]
fn check_70_a_circle_of_meds_has_one_best_path_in_any_order() {
    let a = Sent { as_path: path(&[65001]), med: Some(20), identifier: 10, address: 1, ..Sent::default() };
    let b = Sent { as_path: path(&[65002]), med: Some(0), identifier: 20, address: 2, ..Sent::default() };
    let c = Sent { as_path: path(&[65001]), med: Some(10), identifier: 30, address: 3, ..Sent::default() };
    let paths = [a, b, c];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        assert_eq!(best(&table(&paths, &order, false)).0, 1, "{order:?}");
    }
}

fn sent() -> impl Strategy<Value = Sent> {
    let few = |values: &[Option<u32>]| prop::sample::select(values.to_vec());
    let paths = [&[65001][..], &[65002], &[65001, 65009], &[65002, 65009]].map(path);
    (
        few(&[None, None, Some(200)]),
        prop::sample::select(paths.to_vec()),
        prop::sample::select(vec![Origin::Igp, Origin::Igp, Origin::Egp]),
        few(&[None, Some(0), Some(10), Some(20)]),
        prop::sample::select(vec![PeerKind::External, PeerKind::Internal]),
        10u32..13,
    )
        .prop_map(|(local_pref, as_path, origin, med, kind, identifier)| Sent {
            local_pref,
            as_path,
            origin,
            med,
            kind,
            identifier,
            ..Sent::default()
        })
}

/// A path that comes, changes or goes, by the number of its peer.
fn changes() -> impl Strategy<Value = Vec<(usize, Option<Sent>)>> {
    prop::collection::vec((0usize..5, prop::option::weighted(0.8, sent())), 2..14)
}

proptest! {
    #[test]
    fn check_70_the_order_of_arrival_decides_nothing(
        mut paths in prop::collection::vec(sent(), 2..6),
        shuffled in any::<u64>(),
        always_compare_med in any::<bool>(),
    ) {
        paths.iter_mut().zip(1..).for_each(|(sent, address)| sent.address = address);
        let order: Vec<usize> = (0..paths.len()).collect();
        let mut other = order.clone();
        other.sort_by_key(|place| (shuffled >> (8 * place)) & 0xFF);
        let (first, second) = (table(&paths, &order, always_compare_med), table(&paths, &other, always_compare_med));
        prop_assert_eq!(best(&first), best(&second));
    }

    #[test]
    fn check_70_what_came_before_decides_nothing(changes in changes(), always_compare_med in any::<bool>()) {
        let mut rib = table(&[], &[], always_compare_med);
        let mut left: [Option<Sent>; 5] = Default::default();
        for (number, sent) in changes {
            let address = u8::try_from(number).unwrap() + 1;
            let sent = sent.map(|sent| Sent { address, ..sent });
            match &sent {
                // The session tells kind and identifier: another one takes the place of the first.
                Some(sent) if left[number].as_ref().is_none_or(|old| (old.kind, old.identifier) != (sent.kind, sent.identifier)) => {
                    if left[number].is_some() {
                        rib.peer_down(PeerId(u32::try_from(number).unwrap()));
                        settle(&mut rib);
                    }
                    peer_up(&mut rib, number, sent);
                    send(&mut rib, number, sent);
                }
                Some(sent) => send(&mut rib, number, sent),
                None if left[number].is_some() => {
                    rib.peer_down(PeerId(u32::try_from(number).unwrap()));
                    settle(&mut rib);
                }
                None => {}
            }
            left[number] = sent;
            let (order, paths): (Vec<usize>, Vec<Sent>) =
                left.iter().enumerate().map(|(place, sent)| (place, sent.clone().unwrap_or_default())).unzip();
            let there: Vec<usize> = order.into_iter().filter(|place| left[*place].is_some()).collect();
            let fresh = table(&paths, &there, always_compare_med);
            let of = |rib: &Rib| (!there.is_empty()).then(|| best(rib));
            prop_assert_eq!(of(&rib), of(&fresh));
            let in_table = |rib: &Rib| rib.best(None, 1).items.into_iter().map(|best| best.source).collect::<Vec<_>>();
            let decided = of(&fresh).map(|(place, _)| RouteSource::Peer(PeerId(u32::try_from(place).unwrap())));
            prop_assert_eq!(in_table(&rib), decided.into_iter().collect::<Vec<_>>());
        }
    }
}
