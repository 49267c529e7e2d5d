//! A peer that restarts and one that refreshes: what the table keeps, and what the peer is told.

use bgp_core::capability::{Capability, GracefulRestart, RestartFamily};
use bgp_core::message::{Message, RouteRefresh, packing};
use bgp_core::session::StopReason;
use bgp_core::types::{PeerId, Prefix};

use super::remote::Remote;
use super::*;
use crate::peer::PeerTask;

const V4: AddressFamily = AddressFamily::Ipv4Unicast;

/// It keeps forwarding over its restarts.
fn restarts() -> [Capability; 1] {
    let family = RestartFamily { afi_safi: V4.afi_safi(), forwarding_state: true };
    [Capability::GracefulRestart(GracefulRestart {
        restart_state: false,
        notification: false,
        restart_time_secs: 120,
        families: vec![family],
    })]
}

/// Prefixes of the peer in the table, and which of them are stale.
fn learned(rib: &Rib) -> Vec<(Prefix, bool)> {
    rib.learned(PeerId(1), None, 100).items.into_iter().map(|route| (route.prefix, route.stale)).collect()
}

fn routes(routes: &[(&str, bool)]) -> Vec<(Prefix, bool)> {
    routes.iter().map(|(text, stale)| (text.parse().unwrap(), *stale)).collect()
}

#[tokio::test]
async fn check_82_the_routes_of_a_peer_that_restarts_stay_until_its_end_of_rib() {
    let (listener, address) = far_side().await;
    let rib = table();
    let _task = PeerTask::start(settings(1, address), rib.clone(), 1);
    let mut remote = Remote::establish_with(&listener, &restarts()).await;
    remote.announce(&["172.16.0.0/16", "172.17.0.0/16"]).await;
    remote.send(&packing::end_of_rib_marker(V4)).await;
    table_comes_to(&rib, routes(&[("172.16.0.0/16", false), ("172.17.0.0/16", false)]), learned).await;
    drop(remote);
    table_comes_to(&rib, routes(&[("172.16.0.0/16", true), ("172.17.0.0/16", true)]), learned).await;
    let mut remote = Remote::establish_with(&listener, &restarts()).await;
    remote.announce(&["172.17.0.0/16"]).await;
    table_comes_to(&rib, routes(&[("172.16.0.0/16", true), ("172.17.0.0/16", false)]), learned).await;
    remote.send(&packing::end_of_rib_marker(V4)).await;
    table_comes_to(&rib, routes(&[("172.17.0.0/16", false)]), learned).await;
}

#[tokio::test]
async fn a_task_that_is_stopped_while_its_peer_is_away_leaves_no_route() {
    let (listener, address) = far_side().await;
    let rib = table();
    let task = PeerTask::start(settings(1, address), rib.clone(), 1);
    let mut remote = Remote::establish_with(&listener, &restarts()).await;
    remote.announce(&["172.16.0.0/16"]).await;
    table_comes_to(&rib, routes(&[("172.16.0.0/16", false)]), learned).await;
    drop(remote);
    table_comes_to(&rib, routes(&[("172.16.0.0/16", true)]), learned).await;
    task.stop(StopReason::PeerDeconfigured).await;
    table_comes_to(&rib, 0, |rib| rib.counters().paths).await;
}

#[tokio::test]
async fn check_76_what_a_peer_does_not_confirm_in_its_refresh_goes() {
    let (listener, address) = far_side().await;
    let rib = table();
    let _task = PeerTask::start(settings(1, address), rib.clone(), 1);
    let mut remote = Remote::establish_with(&listener, &[Capability::EnhancedRouteRefresh]).await;
    remote.announce(&["172.16.0.0/16", "172.17.0.0/16"]).await;
    let mark = |subtype| RouteRefresh { afi_safi: V4.afi_safi(), subtype }.encode();
    remote.send(&mark(RouteRefresh::BEGIN)).await;
    remote.announce(&["172.17.0.0/16"]).await;
    remote.send(&mark(RouteRefresh::END)).await;
    table_comes_to(&rib, routes(&[("172.17.0.0/16", false)]), learned).await;
}

#[tokio::test]
async fn check_76_our_refresh_is_sent_between_its_marks() {
    let (listener, address) = far_side().await;
    let rib = table();
    let _task = PeerTask::start(settings(1, address), rib.clone(), 1);
    let mut remote = Remote::establish_with(&listener, &[Capability::EnhancedRouteRefresh]).await;
    // Asked before the End-of-RIB, so that it has to wait.
    let mark = |subtype| RouteRefresh { afi_safi: V4.afi_safi(), subtype };
    remote.send(&mark(RouteRefresh::REQUEST).encode()).await;
    assert_eq!(remote.update().await.end_of_rib, Some(V4));
    for subtype in [RouteRefresh::BEGIN, RouteRefresh::END] {
        assert_eq!(remote.message().await, Some(Message::RouteRefresh(mark(subtype))));
    }
}
