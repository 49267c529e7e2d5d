use std::net::Ipv4Addr;
use std::sync::Arc;

use bgp_core::attribute::{AsPath, EncodeContext, PathAttributes, Reachable};
use bgp_core::nlri::Nlri;
use bgp_core::policy::{Match, Policy, SourceMatch, Term};
use bgp_core::rib::{Incoming, PeerFacts, RibConfig};
use bgp_core::types::{AddressFamily, Asn, BgpIdentifier, FamilySet, NextHop, PeerId, PeerKind, Prefix};
use tokio::sync::{Semaphore, mpsc};

use super::handle::Command;
use super::*;

const PEER: PeerId = PeerId(1);

fn config() -> RibConfig {
    let local_identifier = BgpIdentifier::from_bits(1).unwrap();
    RibConfig { local_asn: Asn(64512), local_identifier, always_compare_med: false }
}

fn facts() -> PeerFacts {
    PeerFacts {
        id: PEER,
        name: Arc::from("dc1"),
        asn: Asn(65001),
        kind: PeerKind::External,
        identifier: BgpIdentifier::from_bits(2).unwrap(),
        address: Ipv4Addr::new(192, 0, 2, 2).into(),
        families: FamilySet::from_iter([AddressFamily::Ipv4Unicast]),
        next_hop_self_v4: Some(Ipv4Addr::new(192, 0, 2, 1)),
        next_hop_self_v6: None,
        encode_context: EncodeContext::default(),
        med: None,
        max_prefixes: None,
        max_prefixes_out: None,
        local_role: None,
        graceful_shutdown: true,
        enhanced_route_refresh: false,
        long_lived_graceful_restart: false,
    }
}

fn originations(originate: &[&str], withdraw: &[&str]) -> OriginationChange {
    let prefix = |text: &&str| text.parse::<Prefix>().unwrap();
    let route = |text| (prefix(text), Arc::new(PathAttributes::default()), Arc::from("pod"), 0);
    OriginationChange {
        originate: originate.iter().map(route).collect(),
        withdraw: withdraw.iter().map(prefix).collect(),
        own_ranges: None,
    }
}

#[tokio::test]
async fn a_peer_gets_one_batch_for_each_it_asked_for() {
    let (rib, thread) = start(config()).unwrap();
    let all = || Arc::new(Policy::accept_all("all"));
    rib.change_originations(originations(&["10.4.0.0/24"], &[])).unwrap();
    let (intake, mut events) = rib.peer_up(facts(), all(), all(), FamilySet::EMPTY).unwrap();
    assert!(rib.ask(|rib| rib.counters().originated).await.unwrap() == 1);
    assert!(events.try_recv().is_err(), "nothing was asked for");
    let mut announced = Vec::new();
    let mut ended = false;
    while !ended {
        rib.grant(PEER).unwrap();
        let Some(RibEvent::Batch(batch)) = events.recv().await else { panic!("the owner went away") };
        announced.extend(batch.announced().flat_map(|(_, nlri)| nlri));
        ended = !batch.end_of_rib.is_empty();
    }
    assert_eq!(announced.iter().map(|nlri| nlri.prefix.to_string()).collect::<Vec<_>>(), ["10.4.0.0/24"]);
    drop((rib, intake));
    thread.join().unwrap();
}

/// What exports the originations of one role.
fn role(role: &str) -> Arc<Policy> {
    let matches = Match { sources: Some(vec![SourceMatch::Originated(Arc::from(role))]), ..Match::default() };
    Arc::new(Policy { name: "export".to_owned(), terms: vec![Term::accept(role, matches)] })
}

/// Whether what the peer is sent ever takes a route away, while a role gets another name in the rules and in the export.
async fn a_renamed_role_withdraws(hold: impl FnOnce(&RibHandle) -> Option<Hold>) -> bool {
    let (rib, _thread) = start(config()).unwrap();
    let all = || Arc::new(Policy::accept_all("all"));
    rib.change_originations(originations(&["10.4.0.0/24"], &[])).unwrap();
    let (_intake, mut events) = rib.peer_up(facts(), all(), role("pod"), FamilySet::EMPTY).unwrap();
    rib.grant(PEER).unwrap();
    assert!(matches!(events.recv().await, Some(RibEvent::Batch(_))));
    (0..4).for_each(|_| rib.grant(PEER).unwrap());
    let held = hold(&rib);
    rib.change_peer(facts(), all(), role("pods")).unwrap();
    // The owner has time to act on one change alone.
    while !rib.ask(|rib| rib.is_settled()).await.unwrap() {}
    rib.ask(|_| ()).await.unwrap();
    let mut change = originations(&["10.4.0.0/24"], &[]);
    change.originate =
        change.originate.map(|(prefix, attributes, _, cost)| (prefix, attributes, Arc::from("pods"), cost)).collect();
    rib.change_originations(change).unwrap();
    drop(held);
    let announced = loop {
        let Some(RibEvent::Batch(batch)) = events.recv().await else { panic!("the owner went away") };
        if batch.route_count() > 0 {
            break batch.withdraw.is_empty();
        }
    };
    !announced
}

#[tokio::test]
async fn changes_that_are_held_together_are_told_as_one() {
    assert!(!a_renamed_role_withdraws(|rib| Some(rib.hold().unwrap())).await);
    assert!(a_renamed_role_withdraws(|_| None).await, "without the hold there would be nothing to see");
}

#[tokio::test]
async fn the_end_of_the_owner_is_noticed() {
    let (rib, thread) = start(config()).unwrap();
    rib.commands.send(Command::Ask(Box::new(|_| panic!("a defect")))).unwrap();
    assert_eq!(rib.gone().await, Gone);
    assert!(thread.join().is_err());
}

#[tokio::test]
async fn the_owner_ends_when_nobody_can_reach_it() {
    let (rib, thread) = start(config()).unwrap();
    drop(rib);
    thread.join().unwrap();
}

/// Keeps the owner busy until the returned sender is dropped, so that what is sent meanwhile waits in its queue.
fn occupied(rib: &RibHandle) -> std::sync::mpsc::Sender<()> {
    let (release, released) = std::sync::mpsc::channel();
    let wait = move |_: &bgp_core::rib::Rib| {
        let _dropped = released.recv();
    };
    rib.commands.send(Command::Ask(Box::new(wait))).unwrap();
    release
}

/// What a peer was told at the point of the queue where this question stands.
async fn told_so_far(rib: &RibHandle, mut events: mpsc::UnboundedReceiver<RibEvent>) -> Vec<RibEvent> {
    rib.ask(move |_| std::iter::from_fn(|| events.try_recv().ok()).collect()).await.unwrap()
}

fn announced(attributes: PathAttributes, nlri: Vec<Nlri>) -> FromPeer {
    let mut incoming = Incoming::default();
    incoming.push(&[Reachable { attributes: Arc::new(attributes), nlri }], &[], None);
    FromPeer::Routes(incoming)
}

fn flood(number: u32) -> Command {
    const ROUTES: u32 = 64;
    let attributes = PathAttributes {
        as_path: AsPath::sequence([Asn(65002)]),
        next_hop: Some(NextHop::V4(Ipv4Addr::new(192, 0, 2, 9))),
        ..PathAttributes::default()
    };
    let address = |route: u32| Ipv4Addr::from_bits(0xAC10_0000 + ((number * ROUTES + route) << 3));
    let nlri =
        (0..ROUTES).map(|route| Nlri { prefix: Prefix::new(address(route).into(), 29).unwrap(), path_id: 0 }).collect();
    let permit = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
    Command::FromPeer { peer: PeerId(2), news: vec![announced(attributes, nlri)], permit: Some(permit) }
}

#[tokio::test]
async fn a_flood_of_one_peer_does_not_keep_another_from_being_told_of_a_change() {
    let (rib, _thread) = start(config()).unwrap();
    let all = || Arc::new(Policy::accept_all("all"));
    let own = Match { sources: Some(vec![SourceMatch::AnyOriginated]), ..Match::default() };
    let own = Policy { name: "own".to_owned(), terms: vec![Term::accept("own", own)] };
    let (_intake, events) = rib.peer_up(facts(), all(), Arc::new(own), FamilySet::EMPTY).unwrap();
    let flooder = PeerFacts { id: PeerId(2), asn: Asn(65002), ..facts() };
    let (_flooding, _unheard) = rib.peer_up(flooder, all(), all(), FamilySet::EMPTY).unwrap();
    let release = occupied(&rib);
    rib.grant(PEER).unwrap();
    rib.change_originations(originations(&["10.4.0.0/24"], &[])).unwrap();
    for number in 0..600 {
        rib.commands.send(flood(number)).unwrap();
    }
    drop(release);
    let told = told_so_far(&rib, events).await;
    assert!(matches!(told.as_slice(), [RibEvent::Batch(batch)] if batch.route_count() == 1), "{told:?}");
}

#[tokio::test]
async fn an_urgent_question_sees_what_was_ordered_before_it_and_many_at_once_are_all_answered() {
    let (rib, _thread) = start(config()).unwrap();
    for count in 1..50_usize {
        rib.change_originations(originations(&[&format!("10.{count}.0.0/16")], &[])).unwrap();
        let mut asked = tokio::task::JoinSet::new();
        for _ in 0..40 {
            let rib = rib.clone();
            asked.spawn(async move { rib.ask_now(|rib| rib.counters().originated).await });
        }
        for answer in asked.join_all().await {
            assert_eq!(answer, Ok(count));
        }
    }
}

#[tokio::test]
async fn an_urgent_question_does_not_wait_for_all_that_a_peer_has_sent() {
    let (rib, _thread) = start(config()).unwrap();
    let all = || Arc::new(Policy::accept_all("all"));
    let (_intake, _events) = rib.peer_up(facts(), all(), all(), FamilySet::EMPTY).unwrap();
    // The owner is held up until everything is on its way.
    let (go, gate) = std::sync::mpsc::channel::<()>();
    rib.send(Command::Ask(Box::new(move |_| gate.recv().unwrap()))).unwrap();
    for prefix in ["10.0.0.0/8", "11.0.0.0/8"] {
        let nlri = vec![Nlri::from(prefix.parse::<Prefix>().unwrap()); 10_000];
        let news = vec![announced(PathAttributes::default(), nlri)];
        rib.send(Command::FromPeer { peer: PEER, news, permit: None }).unwrap();
    }
    let mut asking = std::pin::pin!(rib.ask_now(|rib| rib.counters().prefixes));
    tokio::select! {
        biased;
        _ = &mut asking => panic!("the owner is held up"),
        () = std::future::ready(()) => go.send(()).unwrap(),
    }
    assert_eq!(asking.await, Ok(1), "between the first message of the peer and the second");
}
