//! What a peer sees of us, and what our table sees of it.

use bgp_core::attribute::PathAttributes;
use bgp_core::message::{CeaseSubcode, Message, Notification, NotificationCode, OpenSubcode, keepalive};
use bgp_core::session::{ConnectMode, State, StopReason};
use bgp_core::types::{Community, PeerId, Prefix};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::remote::Remote;
use super::*;
use crate::peer::listener;
use crate::peer::roster::Roster;
use crate::peer::{PeerStatus, PeerTask};
use crate::rib_owner::OriginationChange;

fn originations(originate: &[&str], withdraw: &[&str]) -> OriginationChange {
    let route = |text: &&str| (text.parse().unwrap(), Arc::new(PathAttributes::default()), Arc::from("pod"), 0);
    OriginationChange {
        originate: originate.iter().map(route).collect(),
        withdraw: withdraw.iter().map(|text| text.parse().unwrap()).collect(),
        own_ranges: None,
    }
}

fn accepted(peer: u32) -> impl Fn(&Rib) -> usize + Clone + Send + 'static {
    move |rib| rib.peer_counters(PeerId(peer)).iter().map(|family| family.import.accepted).sum()
}

async fn state(task: &PeerTask) -> State {
    task.status().await.unwrap().state
}

async fn comes_to(task: &PeerTask, expected: impl Fn(&PeerStatus) -> bool) {
    let until = tokio::time::Instant::now() + DEADLINE;
    loop {
        let status = task.status().await.unwrap();
        if expected(&status) {
            return;
        }
        assert!(tokio::time::Instant::now() < until, "the session stays at {status:?}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_peer_is_told_what_is_originated_then_the_end_of_rib_then_every_change() {
    let (listener, address) = far_side().await;
    let rib = table();
    rib.change_originations(originations(&["10.4.0.0/24"], &[])).unwrap();
    let task = PeerTask::start(settings(1, address), rib.clone(), 1);
    let mut remote = Remote::establish(&listener).await;
    let first = remote.update().await;
    assert_eq!(first.reachable[0].nlri[0].prefix.to_string(), "10.4.0.0/24");
    assert_eq!(first.reachable[0].attributes.multi_exit_disc, Some(100));
    assert_eq!(first.reachable[0].attributes.as_path.to_string(), "64512");
    assert_eq!(remote.update().await.end_of_rib, Some(AddressFamily::Ipv4Unicast));
    rib.change_originations(originations(&["10.4.1.0/24"], &["10.4.0.0/24"])).unwrap();
    assert_eq!(remote.update().await.reachable[0].nlri[0].prefix.to_string(), "10.4.1.0/24");
    assert_eq!(remote.update().await.withdrawn[0].prefix.to_string(), "10.4.0.0/24");
    assert_eq!(state(&task).await, State::Established);
}

#[tokio::test]
async fn what_a_peer_announces_is_learned_until_its_session_ends() {
    let (listener, address) = far_side().await;
    let rib = table();
    let _task = PeerTask::start(settings(1, address), rib.clone(), 1);
    let mut remote = Remote::establish(&listener).await;
    remote.announce(&["172.16.0.0/16", "172.17.0.0/16"]).await;
    table_comes_to(&rib, 2, accepted(1)).await;
    drop(remote);
    table_comes_to(&rib, 0, |rib| rib.counters().paths).await;
}

#[tokio::test]
async fn a_task_that_fails_leaves_no_routes_and_is_started_again_with_what_was_wanted_last() {
    let (listener, address) = far_side().await;
    let rib = table();
    let task = PeerTask::start(settings(1, address), rib.clone(), 1);
    let mut remote = Remote::establish(&listener).await;
    remote.announce(&["172.16.0.0/16"]).await;
    table_comes_to(&rib, 1, accepted(1)).await;
    task.change(PeerSettings { max_prefixes: Some(1), ..settings(1, address) }).await.unwrap();
    task.fails();
    table_comes_to(&rib, 0, |rib| rib.counters().paths).await;
    let failed = task.status().await.unwrap();
    let told = failed.last_error.map(|(_, text)| text).unwrap_or_default();
    assert!(told.contains("a defect for a test"), "{told}");
    assert_eq!(failed.task_failures, 1);

    let mut remote = Remote::establish(&listener).await;
    remote.announce(&["172.17.0.0/16"]).await;
    table_comes_to(&rib, 1, accepted(1)).await;
    assert_eq!(task.status().await.unwrap().task_failures, 1);
    remote.announce(&["172.18.0.0/16"]).await;
    let word = remote.last_word().await;
    assert_eq!((word.code.code(), word.code.subcode()), (6, 1), "the limit of 1 was forgotten");
}

#[tokio::test]
async fn a_peer_whose_keepalive_is_there_is_not_taken_for_silent_by_a_task_that_was_held_up() {
    let (listener, address) = far_side().await;
    let mut hurried = settings(1, address);
    hurried.session.hold_time = HoldTime::from_secs(3).unwrap();
    let task = PeerTask::start(hurried, table(), 1);
    let mut remote = Remote::establish(&listener).await;
    assert!(remote.update().await.end_of_rib.is_some());
    tokio::time::pause();
    // The timer and the KEEPALIVE wake the task together; by which it goes is a matter of chance.
    for _ in 0..16 {
        assert_eq!(remote.stream.try_write(&keepalive()).unwrap(), keepalive().len());
        tokio::time::advance(Duration::from_secs(4)).await;
        assert_eq!(state(&task).await, State::Established);
    }
}

#[tokio::test]
async fn check_66_a_faulty_update_costs_its_routes_and_is_kept_and_the_session_goes_on() {
    let (listener, address) = far_side().await;
    let rib = table();
    let task = PeerTask::start(settings(1, address), rib.clone(), 1);
    let mut remote = Remote::establish(&listener).await;
    remote.announce(&["172.16.0.0/16"]).await;
    table_comes_to(&rib, 1, accepted(1)).await;
    // ORIGIN of two octets, an empty AS_PATH attribute missing: treat-as-withdraw (RFC 7606 section 7.1).
    let mut faulty = vec![0xFF; 16];
    faulty.extend([0, 31, 2, 0, 0, 0, 5, 0x40, 1, 2, 0, 0, 16, 172, 16]);
    faulty[17] = u8::try_from(faulty.len()).unwrap();
    remote.send(&faulty).await;
    table_comes_to(&rib, 0, accepted(1)).await;
    remote.announce(&["172.18.0.0/16"]).await;
    table_comes_to(&rib, 1, accepted(1)).await;
    let status = task.status().await.unwrap();
    assert_eq!((status.state, status.statistics.faulty_updates.count()), (State::Established, 1));
    let (came, kept) = &status.faulty_updates[0];
    assert_eq!(kept.octets, faulty);
    assert!(came.elapsed().unwrap() < DEADLINE);
}

#[tokio::test]
async fn a_stopped_peer_is_told_why_in_words() {
    let (listener, address) = far_side().await;
    let task = PeerTask::start(settings(1, address), table(), 1);
    let mut remote = Remote::establish(&listener).await;
    let told = tokio::spawn(async move { remote.last_word().await });
    task.stop(StopReason::AdministrativeShutdown("maintenance".to_owned())).await;
    let notification = told.await.unwrap();
    assert_eq!(notification.code, NotificationCode::Cease(CeaseSubcode::AdministrativeShutdown));
    assert_eq!(notification.shutdown_communication().as_deref(), Some("maintenance"));
}

#[tokio::test]
async fn the_last_word_of_a_peer_is_heard_when_it_goes_while_we_write() {
    let (listener, address) = far_side().await;
    let rib = table();
    let route = |number: u32| {
        let communities = (0..250).map(|low| Community((number << 8) + low)).collect();
        let attributes = PathAttributes { communities, ..PathAttributes::default() };
        let prefix = Prefix::host(Ipv4Addr::from_bits(0x0A00_0000 + number).into());
        (prefix, Arc::new(attributes), Arc::from("pod"), 0)
    };
    // More than what the two kernels take.
    socket2::SockRef::from(&listener).set_recv_buffer_size(4096).unwrap();
    let originate = (0..6000).map(route).collect();
    rib.change_originations(OriginationChange { originate, ..OriginationChange::default() }).unwrap();
    let task = PeerTask::start(settings(1, address), rib, 1);
    let mut remote = Remote::establish(&listener).await;
    comes_to(&task, |status| status.queued_updates > 0).await;
    let cease = Notification::new(NotificationCode::Cease(CeaseSubcode::PeerDeconfigured));
    remote.send(&cease.encode()).await;
    // With octets unread: its TCP answers whatever we write with a reset.
    drop(remote);
    comes_to(&task, |status| status.state != State::Established).await;
    let (_, told) = task.status().await.unwrap().last_error.unwrap();
    assert!(told.contains("received") && told.contains("Peer De-configured"), "{told}");
}

#[tokio::test]
async fn a_wrong_as_and_an_illegal_hold_time_are_refused_by_name() {
    for (asn, hold_time_secs, subcode) in [
        (Asn(65009), 90, OpenSubcode::BadPeerAs),
        (REMOTE_ASN, 1, OpenSubcode::UnacceptableHoldTime),
        (REMOTE_ASN, 2, OpenSubcode::UnacceptableHoldTime),
    ] {
        let (listener, address) = far_side().await;
        let _task = PeerTask::start(settings(1, address), table(), 1);
        let mut remote = Remote::accept(&listener).await;
        let mut open = remote.open();
        open.asn = asn;
        open.hold_time_secs = hold_time_secs;
        open.capabilities.retain(|capability| capability.code() != 65);
        remote.send(&open.encode().unwrap()).await;
        assert_eq!(remote.last_word().await.code, NotificationCode::Open(subcode), "AS {asn}, hold {hold_time_secs}");
    }
}

#[tokio::test]
async fn garbage_is_answered_at_once_and_other_peers_go_on() {
    let (good, good_address) = far_side().await;
    let (bad, bad_address) = far_side().await;
    let rib = table();
    let good_task = PeerTask::start(settings(1, good_address), rib.clone(), 1);
    let _bad_task = PeerTask::start(settings(2, bad_address), rib.clone(), 2);
    let mut good = Remote::establish(&good).await;
    good.announce(&["172.16.0.0/16"]).await;
    let mut bad = Remote::accept(&bad).await;
    bad.send(b"GET / HTTP/1.1\r\nHost: example\r\n\r\n").await;
    let code = bad.last_word().await.code;
    assert_eq!((code.code(), code.subcode()), (1, 1), "Connection Not Synchronized");
    table_comes_to(&rib, 1, accepted(1)).await;
    assert_eq!(state(&good_task).await, State::Established);
    assert_eq!(good_task.status().await.unwrap().statistics.established, 1);
}

#[tokio::test]
async fn one_route_over_the_limit_ends_the_session_with_the_limit_in_the_data() {
    let (listener, address) = far_side().await;
    let mut limited = settings(1, address);
    limited.max_prefixes = Some(2);
    let _task = PeerTask::start(limited, table(), 1);
    let mut remote = Remote::establish(&listener).await;
    remote.announce(&["172.16.0.0/16", "172.17.0.0/16", "172.18.0.0/16"]).await;
    let notification = remote.last_word().await;
    assert_eq!(notification.code, NotificationCode::Cease(CeaseSubcode::MaximumPrefixesReached));
    assert_eq!(&notification.data[..], [0, 1, 1, 0, 0, 0, 2], "IPv4 unicast, 2 routes (RFC 4486 section 4)");
}

#[tokio::test]
async fn check_90_a_raised_limit_brings_the_session_back_at_once() {
    let (listener, address) = far_side().await;
    let rib = table();
    let limited = |limit| PeerSettings { max_prefixes: Some(limit), ..settings(1, address) };
    let task = PeerTask::start(limited(2), rib.clone(), 1);
    let mut remote = Remote::establish(&listener).await;
    remote.announce(&["172.16.0.0/16", "172.17.0.0/16", "172.18.0.0/16"]).await;
    remote.last_word().await;
    task.change(limited(3));
    let mut remote = Remote::establish(&listener).await;
    remote.announce(&["172.16.0.0/16", "172.17.0.0/16", "172.18.0.0/16"]).await;
    table_comes_to(&rib, 3, accepted(1)).await;
    task.change(limited(1));
    assert_eq!(remote.last_word().await.code, NotificationCode::Cease(CeaseSubcode::MaximumPrefixesReached));
}

#[tokio::test]
async fn a_new_priority_reaches_the_peer_without_a_new_session() {
    let (listener, address) = far_side().await;
    let rib = table();
    rib.change_originations(originations(&["10.4.0.0/24"], &[])).unwrap();
    let task = PeerTask::start(settings(1, address), rib, 1);
    let mut remote = Remote::establish(&listener).await;
    assert_eq!(remote.update().await.reachable[0].attributes.multi_exit_disc, Some(100));
    assert!(remote.update().await.end_of_rib.is_some());
    task.change(PeerSettings { med: 200, ..settings(1, address) });
    assert_eq!(remote.update().await.reachable[0].attributes.multi_exit_disc, Some(200));
    assert_eq!(task.status().await.unwrap().statistics.established, 1);
}

#[tokio::test]
async fn only_configured_peers_get_past_the_listener() {
    let (_unused, nowhere) = far_side().await;
    let roster = Roster::new();
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = socket.local_addr().unwrap();
    let stop = CancellationToken::new();
    let accepting = tokio::spawn(listener::accept(socket, roster.clone(), stop.clone()));
    let mut stranger = Remote::new(TcpStream::connect(address).await.unwrap());
    assert_eq!(stranger.message().await, None, "a stranger gets no octet");

    let mut awaited = settings(1, nowhere);
    awaited.session.connect = ConnectMode::Passive;
    let task = PeerTask::start(awaited, table(), 1);
    roster.admit(Ipv4Addr::LOCALHOST.into(), task.door());
    let mut peer = Remote::new(TcpStream::connect(address).await.unwrap());
    assert!(matches!(peer.message().await, Some(Message::Open(_))));
    stop.cancel();
    accepting.await.unwrap();
}
